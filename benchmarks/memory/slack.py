"""How much more than its tensors' peak a training needs: traced steps, replayed by PyTorch's caching allocator.

    python benchmarks/memory/slack.py            # prints the table that is in slack.md, and writes it

Each job is some steps of a model, of one length or of many, and the last column is what the closed form has for it.
Every tensor that comes and goes is given to a model of the allocator; the least capacity with which that gets
through all steps is compared with the peak of the tensors.

Source: torch 2.13 c10/cuda/CUDACachingAllocator.cpp (two pools, blocks of 512 bytes, the sizes of segments, best
fit, what is split and joined, and that cached segments are given back before it gives up).
"""

from __future__ import annotations

import argparse
import gc
import random
from bisect import bisect_left, insort
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import comparing
import torch
import validate
from torch._subclasses.fake_tensor import FakeTensorMode

from configlint.core.workload import Workload
from configlint.memory.closed_form import simulated
from configlint.memory.closed_form.slack import slack
from configlint.memory.trace import as_cuda, built, optimizer, steering
from configlint.memory.trace.tracker import Tracker

TABLE = Path(__file__).with_name("slack.md")
MIB = 2**20
# Of the allocator: what counts as small, and the segments that are asked of the driver.
SMALL, SMALL_SEGMENT, MIDDLE, MIDDLE_SEGMENT, ROUND = MIB, 2 * MIB, 10 * MIB, 20 * MIB, 2 * MIB
STEPS = 6
PLAIN: dict[str, Any] = {"batch": 4, "length": 2048}
CHECKPOINTED: dict[str, Any] = {**PLAIN, "checkpointing": True}
AMP = {"dtype": "float32", "autocast": "bfloat16"}
LORA = {"method": "lora", "rank": 16, "targets": ("all-linear",)}
QLORA: dict[str, Any] = {**LORA, "method": "qlora", "upcast": True, "autocast": "bfloat16"}
# Model, layers of it (None: all), and what is trained.
JOBS: tuple[tuple[str, int | None, str, dict[str, Any]], ...] = (
    ("llama-3.2-1b", 4, "bf16", PLAIN),
    ("llama-3.2-1b", 4, "bf16, packed", PLAIN),
    ("llama-3.2-1b", 4, "bf16, checkpointing", CHECKPOINTED),
    ("llama-3.2-1b", 4, "bf16, packed, checkpointing", CHECKPOINTED),
    ("llama-3.2-1b", 4, "autocast over fp32", {**PLAIN, **AMP}),
    ("llama-3.2-1b", 4, "autocast over fp32, checkpointing", {**CHECKPOINTED, **AMP}),
    ("llama-3.2-1b", 4, "Liger", {**PLAIN, "fused_loss": True}),
    ("llama-3.2-1b", 4, "Liger, checkpointing", {**CHECKPOINTED, "fused_loss": True}),
    ("llama-3.2-1b", 4, "LoRA", {**PLAIN, **LORA}),
    ("llama-3.2-1b", 4, "LoRA, checkpointing", {**CHECKPOINTED, **LORA}),
    ("llama-3.2-1b", 4, "LoRA, autocast", {**PLAIN, **LORA, "autocast": "bfloat16"}),
    ("llama-3.2-1b", 4, "LoRA, autocast, checkpointing", {**CHECKPOINTED, **LORA, "autocast": "bfloat16"}),
    ("llama-3.2-1b", 4, "LoRA and lm_head, checkpointing", {**CHECKPOINTED, **LORA, "saved_modules": ("lm_head",)}),
    ("llama-3.2-1b", 4, "QLoRA", {**PLAIN, **QLORA}),
    ("llama-3.2-1b", 4, "QLoRA, checkpointing", {**CHECKPOINTED, **QLORA}),
    ("llama-3.2-1b", None, "whole, one sample", {"batch": 1, "length": 1024}),
    ("llama-3.2-1b", None, "whole, one sample, checkpointing", {"batch": 1, "length": 1024, "checkpointing": True}),
    ("llama-3.2-1b", None, "whole, bf16", PLAIN),
    ("llama-3.2-1b", None, "whole, bf16, checkpointing", CHECKPOINTED),
    ("qwen2.5-0.5b", 4, "bf16", PLAIN),
    ("qwen2.5-0.5b", 4, "bf16, packed", PLAIN),
    ("qwen2.5-0.5b", 4, "bf16, checkpointing", CHECKPOINTED),
    ("qwen2.5-0.5b", 4, "bf16, packed, checkpointing", CHECKPOINTED),
    ("qwen2.5-0.5b", None, "whole, LoRA", {**PLAIN, **LORA}),
    ("qwen2.5-0.5b", None, "whole, LoRA, checkpointing", {**CHECKPOINTED, **LORA}),
    ("qwen2.5-0.5b", None, "whole, packed", PLAIN),
    ("gpt2", None, "whole, bf16", {**PLAIN, "length": 1024}),
    ("gpt2", None, "whole, bf16, checkpointing", {**CHECKPOINTED, "length": 1024}),
    ("bert-base-uncased", None, "whole, classification", {"batch": 32, "length": 512,
                                                          "task": "sequence-classification"}),
    ("mistral-7b-v0.3", 8, "bf16", {**PLAIN, "batch": 2}),
    ("mistral-7b-v0.3", 8, "bf16, checkpointing", {**CHECKPOINTED, "batch": 2}),
    ("llama-3.1-8b", None, "whole, LoRA, autocast, checkpointing", {**CHECKPOINTED, "batch": 2, **LORA,
                                                                    "autocast": "bfloat16"}),
    ("llama-3.1-8b", None, "whole, QLoRA, checkpointing", {**CHECKPOINTED, "batch": 2, **QLORA}),
)  # fmt: skip
DPO = {"pairs": True, "scores": True, "reference": "bfloat16", "autocast": "bfloat16"}
IN_TILES = {**DPO, "chunked_loss": True}
OF_ADAPTERS = {**LORA, "reference": "adapters"}
_WHOLE, _TILES = ("whole logits", DPO), ("tiles", IN_TILES)
_FOUR = tuple(
    (f"{words}{more}", {**fields, **also})
    for words, fields in (_WHOLE, _TILES)
    for more, also in (("", {}), (", checkpointing", {"checkpointing": True}))
)
# Trainers that compare: jobs by which the constants were chosen, and jobs that were looked at afterwards.
COMPARING: tuple[tuple[str, int | None, str, dict[str, Any]], ...] = (
    *(
        (model, 4, f"DPO, {words}", {"batch": batch, "length": length, **fields})
        for model, batch, length, some in (
            ("qwen2.5-0.5b", 1, 2048, _FOUR),
            ("llama-3.2-1b", 2, 2048, _FOUR),
            ("qwen2.5-7b", 1, 4096, (_FOUR[0], _FOUR[3])),
            ("mistral-7b-v0.3", 2, 1024, (_FOUR[0], _FOUR[3])),
        )
        for words, fields in some
    ),
    ("qwen2.5-0.5b", None, "DPO, LoRA, whole logits", {"batch": 2, "length": 1024, **DPO, **OF_ADAPTERS}),
    ("llama-3.2-1b", 8, "DPO, LoRA, tiles, checkpointing", {**CHECKPOINTED, **IN_TILES, **OF_ADAPTERS}),
)
HELD = "held out"
HELD_OUT: tuple[tuple[str, int | None, str, dict[str, Any]], ...] = (
    *(
        (model, 4, f"DPO, {HELD}, {words}", {"batch": batch, "length": length, **fields})
        for model, batch, length, some in (
            ("smollm3-3b", 1, 3072, (_FOUR[1], _FOUR[2])),
            ("llama-3.1-8b", 1, 2048, (_FOUR[0], _FOUR[3])),
            ("olmo-2-1b", 4, 1024, (_FOUR[1], _FOUR[2])),
        )
        for words, fields in some
    ),
    ("llama-3.2-1b", 4, f"DPO, {HELD}, LoRA, whole logits", {"batch": 2, "length": 1536, **DPO, **OF_ADAPTERS}),
)
Event = tuple[int, int]


class Recorder(Tracker):
    """Writes down what is allocated and freed: the number of a tensor, and its bytes; 0 where it goes."""

    def __init__(self, *given: Any) -> None:
        self.events: list[Event] = []
        super().__init__(*given)

    def count(self, tensor: torch.Tensor, func: Any = None, args: Any = ()) -> None:
        before = self.births
        super().count(tensor, func, args)
        if self.births > before:
            record = self.records[tensor.untyped_storage()._cdata]
            self.events.append((record.birth, record.size))

    def _forget(self, key: int) -> None:
        if key in self.records:
            self.events.append((self.records[key].birth, 0))
        super()._forget(key)

    def _mark(self, scratch: int) -> None:
        super()._mark(scratch)
        if scratch:
            self.events += [(-len(self.events) - 1, scratch), (-len(self.events) - 1, 0)]


class Full(Exception):
    """The capacity is not enough."""


class Block:
    __slots__ = ("after", "before", "free", "size", "small", "start")

    def __init__(self, start: int, size: int, small: bool) -> None:
        self.start, self.size, self.small, self.free = start, size, small, False
        self.before: Block | None = None
        self.after: Block | None = None


class Allocator:
    """The caching allocator with so much memory; `reserved` is what it holds of the driver."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.reserved, self.next = capacity, 0, 0
        self.free: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        self.blocks: dict[int, Block] = {}
        self.held: dict[int, Block] = {}

    def take(self, name: int, wanted: int) -> None:
        size = max(512, -(-wanted // 512) * 512)
        small = size <= SMALL
        block = self._found(size, small) or self._segment(size, small)
        left = block.size - size
        if left >= 512 if small else left > SMALL:
            rest = Block(block.start + size, left, small)
            rest.before, rest.after, block.size = block, block.after, size
            if block.after:
                block.after.before = rest
            block.after = rest
            self._offer(rest)
        self.held[name] = block

    def give(self, name: int) -> None:
        block = self.held.pop(name)
        if (after := block.after) and after.free:
            self._withdraw(after)
            block.size, block.after = block.size + after.size, after.after
            if after.after:
                after.after.before = block
        if (before := block.before) and before.free:
            self._withdraw(before)
            before.size, before.after = before.size + block.size, block.after
            if block.after:
                block.after.before = before
            block = before
        self._offer(block)

    def _found(self, size: int, small: bool) -> Block | None:
        pool = self.free[small]
        place = bisect_left(pool, (size, -1))
        if place == len(pool):
            return None
        block = self.blocks[pool[place][1]]
        self._withdraw(block)
        return block

    def _segment(self, size: int, small: bool) -> Block:
        wanted = SMALL_SEGMENT if small else MIDDLE_SEGMENT if size < MIDDLE else -(-size // ROUND) * ROUND
        if self.reserved + wanted > self.capacity:
            self._give_back()
        if self.reserved + wanted > self.capacity:
            raise Full
        self.reserved += wanted
        self.next += wanted + ROUND  # segments never join
        return Block(self.next - wanted, wanted, small)

    def _give_back(self) -> None:
        for block in [self.blocks[start] for pool in self.free.values() for _, start in pool]:
            if block.before is None and block.after is None:
                self._withdraw(block)
                self.reserved -= block.size

    def _offer(self, block: Block) -> None:
        block.free = True
        self.blocks[block.start] = block
        insort(self.free[block.small], (block.size, block.start))

    def _withdraw(self, block: Block) -> None:
        block.free = False
        pool = self.free[block.small]
        del pool[bisect_left(pool, (block.size, block.start))]


class Job(NamedTuple):
    model: str
    setting: str
    workload: Workload


def jobs() -> Iterator[Job]:
    for model, layers, setting, fields in (*COMPARING, *HELD_OUT, *JOBS):
        config = validate.config_of(model, layers)
        for many in (False, True):
            if many and "packed" in setting:
                continue
            workload = Workload(config, padded="packed" not in setting, release=validate._installed(), **fields)
            yield Job(model, setting, workload._replace(many_lengths=many))


def recorded(workload: Workload) -> tuple[list[Event], int]:
    """What comes and goes in some steps, and the peak of the tensors; of what compares, with a second copy of the
    model that is asked in each step."""
    chance = random.Random(0)
    lengths = [workload.length] * STEPS
    if workload.many_lengths:
        lengths = [chance.randrange(workload.length // 8, workload.length) for _ in range(STEPS)]
        lengths[STEPS // 2] = workload.length
    choice = built.chosen(workload)
    autocast = getattr(torch, workload.autocast) if workload.autocast else None
    device = as_cuda.Device((8, 0), autocast)
    with as_cuda.as_cuda(device), steering.steered(workload), FakeTensorMode(allow_non_fake_inputs=True):
        networks = [built.built(workload, choice, device.capability)]
        if workload.reference not in ("", "adapters"):
            alone = workload._replace(checkpointing=False)
            networks.append(built.built(alone, choice, device.capability))
        network, *others = networks
        with Recorder(0, 0, autocast, as_cuda.SCRATCH) as tracker:
            for tensor in [each for one in networks for each in (*one.parameters(), *one.buffers())]:
                tracker.count(tensor)
            updater = optimizer.built(workload, network, tracker)
            tracker.reset()
            for length in lengths:
                _step(workload._replace(length=length), network, others, tracker, updater)
            return tracker.events, max(tracker.phases.values())


def _step(workload: Workload, network: Any, others: list[Any], tracker: Recorder, updater: Any) -> None:
    if workload.scores:
        loss = comparing.loss(workload, network, others, tracker.autocast)
    else:
        loss = built.loss(network, built.inputs(workload, network), tracker)
    loss.backward()
    updater.step()
    updater.zero_grad()
    gc.collect()


def least(events: list[Event], peak: int) -> int:
    """The least capacity with which the allocator gets through, to 0.1 % of the peak."""
    low, high = peak, 2 * peak
    while high - low > peak / 1000:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(events, middle) else (middle, high)
    return high


def fits(events: list[Event], capacity: int) -> bool:
    allocator = Allocator(capacity)
    try:
        for name, size in events:
            if size:
                allocator.take(name, size)
            elif name in allocator.held:
                allocator.give(name)
    except Full:
        return False
    return True


class Row(NamedTuple):
    """Bytes: the peak of the tensors, and what the allocator needs beyond it."""

    job: Job
    peak: int
    lost: int

    @property
    def slack(self) -> int:
        return slack(self.job.workload, self.peak)


def line(row: Row) -> str:
    job = row.job
    step = simulated(job.workload)
    closed = f"{step.peak / MIB:.0f}" if step else "none"
    figures = f"{row.peak / MIB:.0f} | {closed} | {row.lost / MIB:.0f} | {row.slack / MIB:.0f}"
    return f"| {job.model} | {job.setting} | {'many' if job.workload.many_lengths else 'one'} | {figures} |"


def table(rows: list[Row]) -> Iterator[str]:
    yield "# What the allocator needs beyond the tensors' peak"
    yield ""
    yield "Made by `python benchmarks/memory/slack.py`. Held out are jobs that no constant was chosen by."
    yield ""
    for word in ("", HELD):
        those = [row for row in rows if word in row.job.setting]
        covered = sum(row.slack >= row.lost for row in those)
        yield f"- {word or 'all'}: the closed form's slack covers {covered} of {len(those)} jobs"
    yield ""
    yield "| model | setting | lengths | peak MiB | its closed form | slack MiB | its closed form |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from map(line, rows)


def measured(job: Job) -> Row:
    events, peak = recorded(job.workload)
    return Row(job, peak, least(events, peak) - peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="WORD", help="the jobs of one model or setting; nothing is written")
    only = parser.parse_args().only
    gc.disable()
    rows = []
    for job in (job for job in jobs() if only in (None, job.model) or only in job.setting):
        rows.append(measured(job))
        print(line(rows[-1]), flush=True)
    if only is None:
        TABLE.write_text("\n".join(table(rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
