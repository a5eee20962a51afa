"""A plan: the spec with everything computed that can be, and where each value came from.

Any value may be None: not given, of the wrong type, or not to be known. A rule that needs
it is silent then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import lcm

from configlint.core.dialect import in_words
from configlint.core.profile import Accelerator, Instance, Model
from configlint.core.record import NamedTuple
from configlint.core.release import UNKNOWN, Argument, Constructor, Release, Version, version_of, written
from configlint.core.script import Script, script_of
from configlint.core.spec import Setting, Spec
from configlint.core.typing import TYPE_CHECKING
from configlint.core.values import AT_RUNTIME, OnlyAtRuntime
from configlint.core.wording import nearest

if TYPE_CHECKING:
    from configlint.core.workload import Estimate, Workload


class Origin(NamedTuple):
    """Where a value came from.

    `how` is `given` (then `setting` has the place, and `why` how it was written where that is another name of the
    value), `default` (then `why` has the reason) or `derived` (then `why` is a formula over the last names of
    `inputs`, which are paths).
    """

    value: object
    how: str
    why: str = ""
    inputs: tuple[str, ...] = ()
    setting: Setting | None = None


class Hardware(NamedTuple):
    """`accelerator` is None where the profile is unknown; then `known` has the names there are, and
    `accelerator_name` what was written. `instance` is the cloud's machine, where the name was that of one."""

    accelerator: Accelerator | None = None
    accelerator_name: str | None = None
    known: tuple[str, ...] = ()
    instance: Instance | None = None
    devices_per_node: int | None = None
    nodes: int | None = None
    reserved: int | None = None
    headroom: float | None = None

    @property
    def is_cpu(self) -> bool:
        return self.accelerator is not None and self.accelerator.vendor == "cpu"


class Parallel(NamedTuple):
    """`world` counts processes, `replicas` is the data-parallel degree. With fsdp, `shard` of the replicas share a
    copy of the model, and `copies` is how many copies there are."""

    data: str | None = None
    shard: int | None = None
    copies: int | None = None
    tensor: int | None = None
    context: int | None = None
    sequence: int | None = None
    world: int | None = None
    replicas: int | None = None

    @property
    def uses_deepspeed(self) -> bool:
        """Whether `data` is a stage of DeepSpeed's ZeRO."""
        return (self.data or "").startswith("zero")


class Batch(NamedTuple):
    """In samples. `effective` is what was asked for, `trained` what comes out:
    per_device x accumulation x replicas, the nearest to `effective` that can be reached.

    `pinned_per_device` and `pinned_accumulation` are what the user fixed,
    `max_per_device` the bound that was given, `fitting` the most that fits into memory, where that is known.
    """

    effective: int | None = None
    per_device: int | None = None
    accumulation: int | None = None
    trained: int | None = None
    pinned_per_device: int | None = None
    pinned_accumulation: int | None = None
    max_per_device: int | None = None
    fitting: int | None = None


class Data(NamedTuple):
    """Examples as the data loader sees them: rows after packing, prompts where the trainer generates. A stream has
    no length and no epochs."""

    train_examples: int | None = None
    eval_examples: int | None = None
    packed: bool | None = None
    streaming: bool | None = None


class Generation(NamedTuple):
    """How a trainer that generates its samples goes through the prompts: `batch` completions at a time, `group` of
    them for each prompt, are trained in `steps` micro-batches, and that `iterations` times. Prompts that do not
    fill a batch are left out of the epoch."""

    group: int
    batch: int
    steps: int
    iterations: int

    @property
    def prompts(self) -> int:
        """The prompts of a generation batch."""
        return self.batch // self.group

    def batches(self, prompts: int) -> int:
        """The micro-batches of completions of so many prompts."""
        return prompts // self.prompts * self.steps * self.iterations

    def cycle(self, accumulation: int) -> int:
        """The optimizer steps after which all completions of the generations that were begun have been trained."""
        return lcm(self.steps * self.iterations, accumulation) // accumulation


# Tasks whose model ends in a head that classifies, and not in words.
CLASSIFYING = ("sequence-classification", "token-classification", "question-answering")


class Loaded(NamedTuple):
    """How the script loads the model: for which task, in which number format and with which attention. None is left
    to Transformers, or not known."""

    task: str | None = None
    dtype: str | None = None
    attention: str | None = None


class Tuning(NamedTuple):
    """What is trained: with `method` full all weights, with lora and qlora adapters, of which the rest says how
    they are. `bits` are those of a weight below the adapters of qlora."""

    method: str | None = None
    rank: int | None = None
    alpha: int | None = None
    dropout: float | None = None
    target_modules: tuple[str, ...] = ()
    modules_to_save: tuple[str, ...] = ()
    dora: bool | None = None
    bits: int | None = None

    @property
    def adapts(self) -> bool:
        return self.method in ("lora", "qlora")


class Schedule(NamedTuple):
    """In optimizer steps, as the Trainer counts them; a batch here is one device's
    micro-batch, so that `batches_per_epoch` is what a rank trains of an epoch. `last_step_samples` are those of the
    last step of each epoch, or of each pass over a stream, where they are fewer than in the others."""

    batches_per_epoch: int | None = None
    steps_per_epoch: int | None = None
    last_step_samples: int | None = None
    epochs: float | None = None
    max_steps: int | None = None
    total_steps: int | None = None
    warmup_steps: int | None = None


class Intervals(NamedTuple):
    """When the Trainer logs, evaluates and saves. Steps are optimizer steps; below 1 they are a
    share of the run."""

    logging_strategy: str | None = None
    logging_steps: float | None = None
    eval_strategy: str | None = None
    eval_steps: float | None = None
    save_strategy: str | None = None
    save_steps: float | None = None


class Precision(NamedTuple):
    """`weights` is the dtype that the weights are loaded in; None where nothing tells."""

    bf16: bool | None = None
    fp16: bool | None = None
    tf32: bool | None = None
    weights: str | None = None


class Launch(NamedTuple):
    """`workdir` is a path from the folder where configlint runs, `output` the folder the
    files are meant for."""

    script: str | None = None
    module: str | None = None
    config_flag: str | None = None
    workdir: str = "."
    launcher: str | None = None
    setup: str | None = None
    output: str = "."


class Memory(NamedTuple):
    """What a device has, and what the training takes of it, in bytes; `budget` is the capacity less the headroom.

    `workload` is that of the plan's per-device batch, None where something that it depends on is not known. Where
    there is no `estimate`, `missing` has the paths of what is not known, or has no closed form. `largest` is the
    largest per-device batch that the effective one can be made of and that fits: 0 where not even one sample does.
    `ask` answers for any other workload: what if there were no padding?
    """

    capacity: int | None = None
    budget: int | None = None
    workload: Workload | None = None
    missing: tuple[str, ...] = ()
    estimate: Estimate | None = None
    largest: int | None = None
    ask: Callable[[Workload], Estimate | None] = lambda workload: None


class Use(NamedTuple):
    """An argument that somebody wrote, and what the release knows of it: None where it has no such one. `fits`
    says that the value is of one of its types. What the spec's own sections decide on is none of these."""

    path: str
    name: str
    value: object
    argument: Argument | None
    fits: bool = True


class Plan(NamedTuple):
    """`release` is what the trainer's class takes in the releases that are named; `reference` the effective
    batch of the spec's first plan, which a target must keep. `weights` is the bundled model whose id on the Hub
    TRL's script is told, where `model` is what the spec says. `nearest` gives the known name that somebody who
    wrote another most likely meant."""

    spec: Spec
    origins: dict[str, Origin]
    release: Release
    transformers: str | None
    trl: str | None
    trainer: str | None
    model: Model | None
    weights: Model | None
    known_models: tuple[str, ...]
    loaded: Loaded
    sequence_length: int | None
    tuning: Tuning
    hardware: Hardware
    parallel: Parallel
    batch: Batch
    data: Data
    schedule: Schedule
    intervals: Intervals
    precision: Precision
    training: dict[str, object]
    arguments: dict[str, object]
    launch: Launch
    uses: tuple[Use, ...]
    generation: Generation | None = None
    memory: Memory = Memory()
    reference: int | None = None
    nearest: Callable[[str, Iterable[str]], str | None] = nearest
    constructor: Constructor | None = None

    @property
    def script(self) -> Script | None:
        """TRL's own script, where that is what the job runs."""
        return script_of(self.spec, self.release)

    def given(self, path: str) -> bool:
        """Whether the user wrote it, right or wrong."""
        return path in self.spec.settings or self._may_have(path)

    def writes(self, *names: str) -> bool:
        """Whether one of these arguments of the trainer's class was written."""
        held = self.training
        return not held.keys().isdisjoint(names) or (self.spec.open and any(name in held for name in names))

    def name(self, path: str) -> str:
        """What the user calls a setting: as it was written, or as the dialect has it."""
        setting = self.spec.settings.get(path)
        keys = setting.keys if setting else self.spec.dialect.route(path)
        return in_words(keys or (path,))

    def runs(self, package: str, judged: Version) -> str:
        """The release that runs the job, in words: the one that judges it, or what is stated where that is older
        than all that there is data of."""
        stated = getattr(self, package)
        meant = version_of(stated) if self.given(package) else None
        return str(stated) if meant and meant < self.release.known[package][0] else written(judged)

    def can_say(self, *paths: str) -> bool:
        """Whether the dialect can say all of these: what it cannot say is not demanded."""
        return all(self.spec.dialect.route(path) is not None for path in paths)

    def _may_have(self, path: str) -> bool:
        """Raises:
        OnlyAtRuntime: the running program can add such an argument.
        """
        if self.spec.open and path.startswith(("training.", "batch.")):
            raise OnlyAtRuntime
        return False

    def path(self, name: str) -> str:
        """Where an argument of the trainer's class stands, or would stand."""
        return argument_path(self.spec, self.release, name)

    def argument(self, name: str) -> object:
        """An argument of the trainer's class as it was written, under this name or one that means the same,
        or the class's default; None where that is not known."""
        path = self.path(name)
        if path in self.spec.settings:
            value = self.spec.settings[path].value
            if value is AT_RUNTIME:
                raise OnlyAtRuntime
            return value
        self._may_have(path)
        default = self.release.default(name)
        return None if default is UNKNOWN else default


def argument_path(spec: Spec, release: Release, name: str) -> str:
    """The path of an argument under the name that was written, else under the release's own."""
    path = f"training.{name}"
    if path in spec.settings or name not in release.same:
        return path
    names = release.aliases(name)
    given = (f"training.{alias}" for alias in names if f"training.{alias}" in spec.settings)
    return next(given, f"training.{release.spelling(name) or name}")


def causes(plan: Plan, path: str) -> list[Setting]:
    """The settings that a value goes back to, through everything it was derived from."""
    origin = plan.origins.get(path)
    if origin is None or origin.setting is not None:
        setting = origin.setting if origin else plan.spec.settings.get(path)
        return [setting] if setting else []
    return [setting for name in origin.inputs for setting in causes(plan, name)]


def with_numbers(plan: Plan, origin: Origin) -> str:
    """A derived value's formula with the numbers in place of the names."""
    values = {path.rpartition(".")[2]: plan.origins[path].value for path in origin.inputs}
    return re.sub(r"[a-z_0-9]+", lambda word: str(values.get(word[0], word[0])), origin.why)
