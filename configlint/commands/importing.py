"""What `import` makes of a TrainingArguments file or a call: a spec, and what it could not carry over."""

from __future__ import annotations

import os
from collections.abc import Iterator

from configlint import knowledge
from configlint.backends.training_args import deepspeed
from configlint.commands.named import with_files
from configlint.core.diagnostic import Severity
from configlint.core.edit import KEPT
from configlint.core.errors import UsageError
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.release import written as written_release
from configlint.core.secrets import MASK
from configlint.core.spec import Setting, as_written
from configlint.core.values import AT_RUNTIME, mapping
from configlint.core.writing import written
from configlint.fixing.edits import fixed
from configlint.frontends import FRONT_ENDS, OWN
from configlint.frontends.calls import classes
from configlint.knowledge.naming import NAMES, owners, paths
from configlint.pipeline import check, doubted, judge
from configlint.session import Session, load_one

_HARDWARE = (
    "# hardware: {accelerator: h100-80gb, devices_per_node: 8}  # fill in: the file does not state the machine\n"
)
_RELEASE = "# transformers: {}  # fill in: the release that runs the job; the newest known is assumed\n"
# The sections that are a key a line; of the others, one that is short is a line of its own.
_LONG = ("training", "arguments")
_WIDTH = 100
# One rename can make the next possible.
_ROUNDS = 5
_STAGE = "zero_optimization.stage"
_COUNTS = ("per_device", "accumulation")
_LONGEST_COUNT = 10
# Arguments that other sections than `parallel` have.
_CPU = ("use_cpu", "no_cuda")
_ELSEWHERE = (*_CPU, *(name for count in _COUNTS for name in NAMES[f"batch.{count}"]["training_arguments"]))
# Words of `fsdp` as what fsdp_config has for them; None where a spec does not say it. Source: as in core/fsdp.py
_FSDP: dict[str, dict[str, object] | None] = {
    "full_shard": {}, "auto_wrap": {}, "offload": {"cpu_offload": True},
    "shard_grad_op": {"reshard_after_forward": False},
}  # fmt: skip

# What a spec can say of the model that a script loads and of its adapters, in the order of the examples.
_LOADED = {
    "model": ("config", "dtype", "attention", "task"),
    "tuning": ("method", "bits", "rank", "alpha", "dropout", "target_modules", "modules_to_save", "dora"),
}

# What a machine has, and what goes without saying.
_MACHINE: dict[str, object] = {
    "accelerator": None,
    "devices_per_node": None,
    "nodes": 1,
    "reserved": 0,
    "headroom": None,
}

Sections = dict[str, object]


class Imported(NamedTuple):
    """The text of a spec, and a sentence for each thing that it does not say."""

    text: str
    lost: list[str]


def import_file(path: str, session: Session, call: int | None) -> Imported:
    """Raises:
    UsageError: it cannot be read, is a spec already, or it is not clear which call is meant.
    """
    plans = load_one(path, session).plans
    if plans and plans[0].spec.dialect is OWN.DIALECT:
        raise UsageError(f"{path} is a configlint spec already")
    if plans and plans[0].spec.dialect is not FRONT_ENDS["training_arguments"].DIALECT:
        raise UsageError(f"{path} is a {plans[0].spec.dialect.title}: a spec is for the Trainer")
    return import_plan(with_files(_chosen(path, plans, call), session))


def import_plan(plan: Plan) -> Imported:
    """The spec of a plan that is another dialect's."""
    path = plan.spec.source.name
    lost: list[str] = []
    sections = _sections(plan, lost)
    name = os.path.join(os.path.dirname(path), f"{os.path.basename(path)}.yaml")
    solved = _solved(name, _text(plan, sections))
    if solved is not None:
        _state_effective(solved, sections)
        _compare_deepspeed(plan, solved, lost)
    if not {"effective", "per_device"} & _below(sections, "batch").keys():
        lost.append(f"{path}: the batch is not known: write `batch.effective` or `batch.per_device`")
    if "devices_per_node" not in _below(sections, "hardware"):
        lost.append(f"{path}: the file does not state the machine: fill in `hardware`, or pass --hardware")
    text = _renamed(name, _text(plan, sections))
    doubts = _doubts(name, text) if plan.spec.assumed else []
    if doubts:
        release = written(written_release(plan.release.transformers))
        text = text.replace("\n", f"\n{_RELEASE.format(release)}", 1)
        lost += [f"{path}: {doubt}: write `transformers`, as the file states no release" for doubt in doubts]
    return Imported(text, lost)


def _doubts(name: str, text: str) -> list[str]:
    """What is wrong with a spec for the newest release, which is assumed, and not for each older one."""
    plan = _solved(name, text)
    found = judge([plan])[0] if plan else []
    pairs = zip(found, doubted(plan, found), strict=True) if plan else ()
    return [each.message for each, milder in pairs if each.severity is Severity.ERROR is not milder.severity]


def _chosen(path: str, plans: list[Plan], call: int | None) -> Plan:
    if not plans:
        raise UsageError(f"{path} cannot be read: `configlint check {path}` says why")
    if call is None and len(plans) > 1:
        listed = (
            f"{plan.spec.call}: {plan.spec.settings['trainer'].keys[0]}: --call {number}"
            for number, plan in enumerate(plans, 1)
            if plan.spec.call
        )
        raise UsageError(f"{path} has {len(plans)} calls: choose one with --call", *listed)
    if call is not None and not 1 <= call <= len(plans):
        raise UsageError(f"--call must be 1 to {len(plans)}, got {call}")
    return plans[(call or 1) - 1]


def _sections(plan: Plan, lost: list[str]) -> Sections:
    """The sections of the spec, in the order of the examples."""
    settings = dict(_carried(plan, lost))
    trainer, strangers = _trainer(plan, settings, lost)
    found: Sections = {name: settings[name].value for name in ("transformers", "trl") if name in settings}
    if trainer:
        found["trainer"] = trainer
    found |= _loaded(plan)
    found["batch"] = _batch(plan, settings)
    machine = {name: settings[f"hardware.{name}"].value for name in _MACHINE if f"hardware.{name}" in settings}
    found["hardware"] = {name: value for name, value in machine.items() if value != _MACHINE[name]}
    owned = {path.partition(".")[2]: setting for path, setting in settings.items() if _argument(path) in owners()}
    found["parallel"] = _parallel(owned, lost)
    if any(owned[name].value is True for name in _CPU if name in owned):
        found["hardware"] = {**_below(found, "hardware"), "accelerator": "cpu"}
    training: dict[str, object] = {}
    arguments: dict[str, object] = {}
    for path, setting in settings.items():
        name = _argument(path)
        if name is not None and name not in owners():
            is_scripts = path.startswith("arguments.") or name in plan.spec.reader.redeclared or name in strangers
            (arguments if is_scripts else training)[name] = setting.value
    found |= {"training": training, "arguments": arguments}
    return {name: held for name, held in found.items() if held}


def _below(sections: Sections, name: str) -> dict[str, object]:
    return mapping(sections.get(name)) or {}


def _argument(path: str) -> str | None:
    """The name of an argument, where a path is that of one."""
    section, _, name = path.partition(".")
    return name if section in _LONG else None


def _carried(plan: Plan, lost: list[str]) -> Iterator[tuple[str, Setting]]:
    """The settings whose values can be written; of the others it is said why not."""
    for path, setting in as_written(plan.spec.settings).items():
        if path.startswith(("constructor", "tuning", "model")):
            continue  # what the trainer gets beside its config
        if setting.value is AT_RUNTIME:
            lost.append(f"{setting.key}: `{setting.keys[-1]}` is only known at runtime")
        elif MASK in path or MASK in str(setting.value):
            lost.append(f"{setting.key}: `{setting.keys[-1]}` holds a secret")
        elif not setting.mapping:
            yield path, setting
    if plan.spec.open:
        lost.append(f"{plan.spec.call}: the call takes arguments that are only known at runtime")


def _trainer(plan: Plan, settings: dict[str, Setting], lost: list[str]) -> tuple[object, set[str]]:
    """The trainer of the call, or the only one whose class has what the file says; and, where several have or none
    has, the names that the script reads then, as the Trainer's class does not have them."""
    if "trainer" in settings:
        trainer = settings["trainer"].value
        return (None if trainer == "Trainer" else trainer), set()
    names = {name for path in settings if path.startswith("training.") and (name := path.partition(".")[2])}
    names -= owners().keys()

    def has_all(trainer: str) -> bool:
        release = knowledge.find_release(plan.transformers, plan.trl, trainer)
        return all(release.lives(name) for name in strangers)

    base = knowledge.find_release(plan.transformers, None, "Trainer")
    strangers = {name for name in names if not base.lives(name)}
    fitting = [trainer for trainer in classes().values() if has_all(trainer)] if strangers else []
    if len(fitting) == 1:
        return fitting[0], set()
    if fitting:
        word = f"`{min(strangers)}`"
        lost.append(
            f"{settings[f'training.{min(strangers)}'].key}: {', '.join(fitting)} have {word}: write `trainer` and"
            " move it to `training`, or leave it to the script in `arguments`"
        )
    return None, strangers


def _loaded(plan: Plan) -> Sections:
    """The model that a script loads and its adapters, where all of it can be seen: half of it is the memory of
    something else."""
    found: Sections = {}
    for section, names in _LOADED.items():
        said = plan.spec.section(section)
        if any(value is AT_RUNTIME for value in said.values()):
            return {}
        held = {name: said[name] for name in names if name in said}
        found |= {section: held} if held and held != {"method": "full"} else {}
    return found


def _batch(plan: Plan, settings: dict[str, Setting]) -> dict[str, object]:
    """The counts as they are written, or as the class has them."""
    found: dict[str, object] = {}
    for name in _COUNTS:
        names = NAMES[f"batch.{name}"]["training_arguments"]
        every = [f"batch.{name}", *(f"training.{each}" for each in names)]
        written = [path for path in every if path in plan.spec.settings]
        if not written and not plan.spec.open:
            found[name] = plan.release.default(names[0])
        elif written and written[0] in settings:
            value = settings[written[0]].value
            is_text = isinstance(value, str) and value.isdecimal() and len(value) < _LONGEST_COUNT
            found[name] = int(str(value)) if is_text else value
    if "batch.effective" in settings:
        found = {"effective": settings["batch.effective"].value, **found}
    return {name: value for name, value in found.items() if value is not None}


def _parallel(owned: dict[str, Setting], lost: list[str]) -> dict[str, object]:
    """What `fsdp` and `deepspeed` say, as far as a spec can say it."""
    found: dict[str, object] = {}
    for name, setting in owned.items():
        value = setting.value
        is_off = value in (None, False, "", [], {}) or (name == "local_rank" and value == -1)
        if is_off or name in _ELSEWHERE:
            continue
        if name == "fsdp" and (words := _of_words(value)) is not None:
            config = owned["fsdp_config"].value if "fsdp_config" in owned else {}
            held = {key.removeprefix("fsdp_"): each for key, each in (mapping(config) or {}).items()}
            found |= {"data": "fsdp", **({"fsdp": {**words, **held}} if words or held else {})}
        elif name == "deepspeed" and (config := mapping(value)) is not None:
            found |= _of_deepspeed(config)
        elif name != "fsdp_config" or mapping(value) is None or "fsdp" not in owned:
            said = f" {value}" if isinstance(value, str) else ""
            lost.append(f"{setting.key}: `{name}`{said}: write what it says in `parallel`")
    return found


def _of_words(value: object) -> dict[str, object] | None:
    """What the words of `fsdp` say; None where a spec cannot say one of them."""
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    held = [_FSDP.get(str(word)) for word in words if word not in ("true", "True")]
    return None if None in held else {key: each for part in held for key, each in (part or {}).items()}


def _of_deepspeed(config: dict[str, object]) -> dict[str, object]:
    """The stage, and what `compile` does not derive."""
    rest = _without_derived(config)
    return {"data": f"zero{_at(config, _STAGE) or 0}", **({"deepspeed": rest} if rest else {})}


def _without_derived(config: dict[str, object], above: str = "") -> dict[str, object]:
    kept: dict[str, object] = {}
    for key, value in config.items():
        held = _without_derived(value, f"{above}{key}.") if isinstance(value, dict) else value
        if f"{above}{key}" not in paths("deepspeed") and (held or not isinstance(value, dict)):
            kept[key] = held
    return kept


def _compare_deepspeed(plan: Plan, solved: Plan, lost: list[str]) -> None:
    """Say in what the config that `compile` makes is another than the file's own."""
    setting = plan.spec.settings.get("arguments.deepspeed") or plan.spec.settings.get("training.deepspeed")
    before = mapping(setting.value) if setting and setting.value is not AT_RUNTIME else None
    if setting is None or before is None or not solved.parallel.uses_deepspeed:
        return
    for key, path in paths("deepspeed").items():
        value = _at(before, key)
        if value not in (None, "auto") and key != _STAGE and value != _decided(solved, path):
            lost.append(f"{setting.key}: `{key}` of `deepspeed` is {written(value)}: `{path}` decides on it")
    after = deepspeed(solved)
    added = [key for key in ("bf16", "fp16") if solved.training.get(key) is True]
    for key in (*added, "gradient_clipping", "zero_optimization.stage3_gather_16bit_weights_on_model_save"):
        if _at(before, key) is None and (value := _at(after, key)) is not None:
            lost.append(f"{setting.key}: `deepspeed` has no `{key}`: `compile` adds it as {written(value)}")


def _at(config: dict[str, object], key: str) -> object:
    """The value at a key with dots."""
    first, _, rest = key.partition(".")
    value = config.get(first)
    return _at(mapping(value) or {}, rest) if rest else value


def _decided(solved: Plan, path: str) -> object:
    origin = solved.origins.get(path)
    return origin.value if origin else solved.argument(path.partition(".")[2])


def _solved(name: str, text: str) -> Plan | None:
    session = Session()
    file = session.parse(name, text.encode())
    plans = session.load(file, OWN).plans
    return plans[0] if plans else None


def _state_effective(solved: Plan, sections: Sections) -> None:
    """With the effective batch, the accumulation follows from it."""
    trained, batch = solved.batch.trained, _below(sections, "batch")
    if trained is None or batch.get("effective", trained) != trained or _COUNTS[0] not in batch:
        return
    sections["batch"] = {"effective": trained, "per_device": batch[_COUNTS[0]]}


def _renamed(name: str, text: str) -> str:
    """The text with what the release has no more as it calls it now: with the safe fixes. What is deprecated
    in favour of another value stays, so that the class gets what it got."""
    session = Session()
    session.parse(name, text.encode())
    for _ in range(_ROUNDS):
        report, document = check([name], session), session.parsed[name].document
        fixes = [(found.rule, found.fix) for found in report.diagnostics if found.fix]
        edits = [fix for rule, fix in fixes if rule != "argument/deprecated" or (fix.key and fix.value is KEPT)]
        result = fixed(document, edits) if document and edits else None
        if result is None or not result.edits:
            break
        session = session.edited({name: result.text})
    return session.parsed[name].source.text


def _text(plan: Plan, sections: Sections) -> str:
    """The spec as somebody would write it."""
    source, line = plan.spec.source, plan.spec.call.line if plan.spec.call else 0
    file, number = source._replace(name=os.path.basename(source.name)).shown(line)
    lines = [f"# Imported from {file}{f', line {number}' if line else ''}.\n"]
    if "batch" not in sections:
        lines.append("configlint: 1\n")
    for name, value in sections.items():
        lines.append(_entry(name, value, is_long=name in _LONG))
        if name == "batch" and "hardware" not in sections:
            lines.append(_HARDWARE)
    if not {"batch", "hardware"} & sections.keys():
        lines.append(_HARDWARE)
    return "".join(lines)


def _entry(key: str, value: object, indent: str = "", is_long: bool = False) -> str:
    """A key and its value: on one line, or, where that is long or is to be, each key on its own."""
    line = f"{indent}{written(key)}: {written(value)}\n"
    if not isinstance(value, dict) or not value or (len(line) <= _WIDTH and not is_long):
        return line
    below = "".join(_entry(str(inner), held, indent + "  ") for inner, held in value.items())
    return f"{indent}{written(key)}:\n{below}"
