"""The closed form against what others published: readings of max_memory_allocated for single modules
(published.yaml), whole jobs (jobs.yaml), and jobs that ran out of memory (out_of_memory.yaml).

    python benchmarks/memory/published.py           # prints jobs.md and out_of_memory.md, and writes them
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from configlint.core.plan import Plan
from configlint.core.workload import Workload
from configlint.frontends import spec as spec_yaml
from configlint.memory.closed_form.architecture import Architecture
from configlint.memory.closed_form.attention import Scope
from configlint.memory.closed_form.blocks import feed_forward
from configlint.memory.closed_form.operations import cross_entropy, linear, rms_norm
from configlint.memory.closed_form.tape import Node, Storage, Tape, Tensor, Weight
from configlint.memory.closed_form.taped import TapedModel, Tuning
from configlint.session import Session

READINGS = Path(__file__).with_name("published.yaml")
MEASURED = Path(__file__).with_name("jobs.yaml")
JOBS = Path(__file__).with_name("out_of_memory.yaml")
MIB, GIB = 2**20, 2**30


def report() -> Iterator[str]:
    """A table of the readings, and the median error."""
    data = yaml.safe_load(READINGS.read_text(encoding="utf-8"))
    rows = [(reading, computed(reading) / MIB) for reading in data["readings"]]
    errors = [abs(ours / reading["mib"] - 1) * 100 for reading, ours in rows]
    yield f"# Against published readings ({data['card']})"
    yield ""
    yield f"- {len(errors)} readings, median error {statistics.median(errors):.3f} %, worst {max(errors):.3f} %"
    yield f"- {data['source']}"
    yield ""
    yield "| module | sizes | read MiB | closed form MiB | error |"
    yield "| --- | --- | --- | --- | --- |"
    for (reading, ours), error in zip(rows, errors, strict=True):
        names = [name for name in ("rows", "hidden", "inner", "vocabulary") if name in reading]
        sizes = ", ".join(f"{name} {reading[name]}" for name in names)
        yield f"| {reading['module']} | {sizes} | {reading['mib']:.1f} | {ours:.1f} | {error:.3f} % |"


def computed(reading: dict[str, Any]) -> float:
    """Bytes at the peak of a module's forward and backward, with the gradients of the time before."""
    module, rows, vocabulary = reading["module"], reading["rows"], reading.get("vocabulary", 0)
    hidden, inner = reading.get("hidden", vocabulary), reading.get("inner", 0)
    tape = Tape(fresh=False)
    item = 4 if module == "cross_entropy" else 2
    output = Weight("output", hidden * vocabulary, 2, True)
    scale = Weight("norm", hidden, reading.get("weight_bytes", 2), True)
    model = _mlp(tape, rows, hidden, inner)
    x = Tensor(Storage(tape, rows * hidden * item), rows * hidden, item, Node(0, (), (), lambda node: ()))
    before = Storage(tape, rows * hidden * item)
    tape.nodes = []
    if module == "cross_entropy":
        out, weights = cross_entropy(tape, x, rows), []
    elif module == "output_layer_and_loss":
        out, weights = _loss(tape, x, output, rows), [output]
    elif module == "rms_norm":
        out, weights = rms_norm(tape, x, scale, rows, "llama"), [scale]
    else:
        out = feed_forward(model, x)
        weights = list(tape.weights.values())
    # The gradient that is handed in has 16 bits, and is cast where the output has more.
    handed = Storage(tape, out.count * 2) if out.item == 4 and module == "rms_norm" else None
    given = Storage(tape, out.count * out.item)
    kept = [node.saved for node in tape.nodes] if reading.get("retained") else []
    assert out.node is not None
    out.node.grad = given
    tape.backward(out.node)
    held = sum(2 * weight.count * weight.item for weight in weights)
    del before, kept, given, handed
    return float(tape.peak + held + reading.get("beside_mib", 0) * MIB)


def _loss(tape: Tape, x: Tensor, output: Weight, rows: int) -> Tensor:
    logits = linear(tape, x, output, rows * (output.count * rows // x.count), "vocabulary")
    return cross_entropy(tape, logits, rows)


def _mlp(tape: Tape, rows: int, hidden: int, inner: int) -> TapedModel:
    sizes = Architecture(family="llama", hidden=hidden, inner=inner)
    workload = Workload(config={}, batch=1, length=rows)
    return TapedModel(tape, sizes, Scope(workload, 2), Tuning(True))


def measured() -> Iterator[str]:
    """A table of whole jobs, and how many readings of each kind are inside of what `fit` says."""
    rows = [(job, *without_context(job["spec"])) for job in yaml.safe_load(MEASURED.read_text(encoding="utf-8"))]
    places = Counter((job["kind"], place(job["gib"], low, high)) for job, low, high in rows)
    yield "# Whole jobs that others measured"
    yield ""
    yield "Made by `python benchmarks/memory/published.py`; `jobs.yaml` says how, and what is left out."
    yield ""
    for kind in dict.fromkeys(job["kind"] for job, *_ in rows):
        counts = ", ".join(f"{places[kind, where]} {where}" for where in ("inside", "below", "above"))
        yield f"- {kind}: {counts}"
    yield ""
    yield "| kind | job | read GiB | closed form GiB | the reading is |"
    yield "| --- | --- | --- | --- | --- |"
    for job, low, high in rows:
        said, where = f"[{job['kind']}]({job['source']}) | {job['says']}", place(job["gib"], low, high)
        yield f"| {said} | {job['gib']:.1f} | {low:.1f} to {high:.1f} | {where} |"


def without_context(spec: str) -> tuple[float, float]:
    """The GiB that a job takes, without the device's context."""
    estimate = plan(spec).memory.estimate
    assert estimate, spec
    context = estimate.breakdown["context"]
    return (estimate.low - context) / GIB, (estimate.high - context) / GIB


def place(read: float, low: float, high: float) -> str:
    """Where a reading lies, to the tenth of a GiB that is printed."""
    return "below" if round(read, 1) < round(low, 1) else "above" if round(read, 1) > round(high, 1) else "inside"


def out_of_memory() -> Iterator[str]:
    """A table of the jobs that ran out of memory, with what `fit` says of each."""
    jobs = yaml.safe_load(JOBS.read_text(encoding="utf-8"))
    rows = [(job, plan(job["spec"])) for job in jobs]
    fitting = sum(verdict(each) == "fits" for _, each in rows)
    yield "# Jobs that ran out of memory"
    yield ""
    yield "Made by `python benchmarks/memory/published.py`; `out_of_memory.yaml` says what was left out, and why."
    yield ""
    yield f"- of {len(rows)} jobs, {fitting} are said to fit"
    yield ""
    yield "| report | job | device GiB | closed form GiB | verdict |"
    yield "| --- | --- | --- | --- | --- |"
    for job, each in rows:
        estimate, capacity = each.memory.estimate, each.memory.capacity
        assert estimate and capacity, job
        low, high = estimate.low / GIB, estimate.high / GIB
        name = job["source"].removeprefix("https://github.com/").replace("/issues/", " ")
        yield (
            f"| [{name}]({job['source']}) | {job['says']} | {capacity / GIB:.1f} |"
            f" {low:.1f} to {high:.1f} | {verdict(each)} |"
        )


def plan(text: str) -> Plan:
    session = Session()
    return session.load(session.parse("train.yaml", text.encode()), spec_yaml).plans[0]


def verdict(plan: Plan) -> str:
    estimate, capacity, budget = plan.memory.estimate, plan.memory.capacity, plan.memory.budget
    assert estimate and capacity and budget
    if estimate.low > capacity:
        return "does not fit"
    if estimate.high > capacity:
        return "may not fit"
    return "fits only without the headroom" if estimate.high > budget else "fits"


def main() -> None:
    for path, lines in (MEASURED, measured()), (JOBS, out_of_memory()):
        text = "\n".join(lines) + "\n"
        print(text)
        path.with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
