"""A spec: what was written, merged, each value still at its place."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from typing import NamedTuple

from configlint.core.source import Source, Span

# Arguments of the trainer's class that the spec's own sections decide on, and where.
DERIVED = {
    "per_device_train_batch_size": "batch.per_device",
    "per_gpu_train_batch_size": "batch.per_device",
    "gradient_accumulation_steps": "batch.accumulation",
    "fsdp": "parallel.data: fsdp",
    "fsdp_config": "parallel.fsdp",
    "deepspeed": "parallel.data and parallel.deepspeed",
    "parallelism_config": "parallel.tensor, parallel.context or parallel.sequence",
    "use_cpu": "hardware.accelerator: cpu",
    "no_cuda": "hardware.accelerator: cpu",
    "fsdp_min_num_params": "parallel.fsdp",
    "fsdp_transformer_layer_cls_to_wrap": "parallel.fsdp",
    "sharded_ddp": "parallel.data",
    "tp_size": "parallel.tensor",
    "local_rank": "the launcher",
}

# Keys of DeepSpeed's config that the compiler writes itself, and what decides on them.
DERIVED_DEEPSPEED = {
    "train_batch_size": "batch.effective",
    "train_micro_batch_size_per_gpu": "batch.per_device",
    "gradient_accumulation_steps": "batch.accumulation",
    "gradient_clipping": "training.max_grad_norm",
    "bf16.enabled": "training.bf16",
    "fp16.enabled": "training.fp16",
    "zero_optimization.stage": "parallel.data",
    "tensor_parallel.autotp_size": "parallel.tensor",
}


class Setting(NamedTuple):
    """A value that somebody wrote, and the keys down to it. `mapping` says that its keys are settings of
    their own."""

    value: object
    keys: tuple[str, ...]
    key: Span
    span: Span
    target: str | None = None
    mapping: bool = False


class Sections:
    """Some paths, that another path can be in: `training` holds `training.seed`. To ask takes no longer where there
    are thousands of either."""

    def __init__(self, paths: Iterable[str]) -> None:
        # Of two of which one is in the other, the outer one: so what holds a path is next to it in order.
        self._starts: list[str] = []
        for start in sorted(f"{path}." for path in paths):
            if not self._starts or not start.startswith(self._starts[-1]):
                self._starts.append(start)

    def __contains__(self, path: str) -> bool:
        """Whether it is one of them or below one."""
        place = f"{path}."
        index = bisect(self._starts, place)
        return index > 0 and place.startswith(self._starts[index - 1])


class Spec(NamedTuple):
    """What was written under canonical dotted paths, for one target or, with None, for none.

    `targets` are the names of all targets that the file has.
    """

    source: Source
    settings: dict[str, Setting]
    target: str | None = None
    targets: tuple[str, ...] = ()

    def section(self, name: str) -> dict[str, object]:
        """The values directly below `name`, in the order written: `training`, `launch.env`."""
        start = name + "."
        return {
            path[len(start) :]: setting.value
            for path, setting in self.settings.items()
            if path.startswith(start) and not setting.mapping
        }

    def tree(self, name: str) -> dict[str, object]:
        """What is below `name` as nested mappings again: `parallel.deepspeed`."""
        root: dict[str, object] = {}
        start = name + "."
        for path, setting in self.settings.items():
            if path.startswith(start):
                *parents, last = setting.keys[name.count(".") + 1 :]
                node = root
                for parent in parents:
                    node = node.setdefault(parent, {})  # type: ignore[assignment]
                node.setdefault(last, {} if setting.mapping else setting.value)
        return root

    def is_shared(self, setting: Setting) -> bool:
        """Whether a setting may be meant for another plan: that of a target, or of another file that extends the
        one it stands in."""
        return setting.target is None and (bool(self.targets) or setting.key.source.name != self.source.name)

    def place(self, path: str) -> Setting | None:
        """The setting at `path`, or that of the nearest section around it."""
        setting, end = self.settings.get(path), path.find(".")
        if setting is None:
            # From the outside in: of a key with thousands of dots no part is a section.
            while end > 0 and (section := self.settings.get(path[:end])):
                setting, end = section, path.find(".", end + 1)
        return setting
