"""The trainer's config class has no argument of this name.

The class rejects what it does not know, so the job fails at its start, after it has waited in the queue. TRL's own
scripts silently ignore unknown keys in `arguments`, so those are checked too. What a class of your own has besides
TrainingArguments is unknown and not checked.

For a release that is newer than configlint's data, the class is read where that release is installed: in
configlint's own environment or in the project's `.venv`. Where it is not, this is a warning.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rat: 2.0e-5}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2.0e-5}

Source: schemas/training_arguments.json, read from the wheels; transformers 5.23 hf_argparser.py, parse_dict;
trl 1.16 scripts/utils.py, parse_args_and_config
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan, Use
from configlint.core.release import Argument, Constructor, written
from configlint.core.remedy import Drop, Meant, Move, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.core.wording import listing, misspelt
from configlint.knowledge import find_release, trainers, trl_trainers
from configlint.knowledge.naming import owners, paths
from configlint.rules._scripts import other_trainer
from configlint.rules.argument import (
    has_strangers,
    is_deprecated,
    is_of_trainer,
    is_scripts,
    layer_of,
    passed_to_config,
)

# What the words of other programs for a precision are for the Trainer.
_PRECISIONS = {"bf16": ("bf16", "bfloat16"), "fp16": ("fp16", "float16", "16")}
# Keys of a file that are looked at for their spelling.
_MOST_KEYS = 200


@rule(Severity.ERROR, fixes=True, when=lambda plan: has_strangers(plan) or plan.spec.reader.unknown == "kept")
def check(plan: Plan) -> Iterator[Finding]:
    if plan.spec.reader.unknown == "kept":
        yield from _misspelt(plan)
        return
    if other_trainer(plan):
        return  # launch/unnamed-trainer: these may be the arguments of the one that is built
    release = plan.release
    script = release.others.get(plan.launch.module or "")
    known = (script.held() if script else {}) | release.arguments
    for use in plan.uses:
        if use.argument is not None or layer_of(plan, use) is not None:
            continue
        if is_of_trainer(use) and plan.constructor:
            yield _of_trainer(plan, use, plan.constructor)
        elif is_scripts(use):
            yield _dropped(plan, use, known)
        elif release.config_class and not plan.spec.in_newer(use.name):
            yield _unknown(plan, use)


def _unknown(plan: Plan, use: Use) -> Finding:
    release = plan.release
    layer = release.layers[-1]
    remedies = (
        _of_seq2seq(plan, use)
        or _of_precision(plan, use)
        or _of_script(plan, use)
        or _meant(plan, use, release.arguments)
        or _of_trl(plan, use)
        or _own(plan, use)
    )
    # Of a release that is newer than the data and was read, that one is named.
    named = getattr(plan, layer.package) if plan.spec.newer.get(layer.package) else written(layer.version)
    message = f"`{plan.name(use.path)}` is not an argument of {release.config_class} in {layer.package} {named}"
    unread = [each for each in release.layers if plan.spec.newer.get(each.package, ()) is None]
    if unread:
        message += f"; this job runs {unread[0].package} {getattr(plan, unread[0].package)}"
    return Finding(use.path, message, remedies, Severity.WARNING if unread else None, on_key=True)


def _of_trainer(plan: Plan, use: Use, constructor: Constructor) -> Finding:
    keywords = constructor.keywords
    elsewhere = passed_to_config(plan, use)
    close = None if elsewhere else plan.nearest(use.name, keywords.held())
    meant = Meant(use.path, f"constructor.{close}") if close else Drop(use.path)
    return Finding(
        use.path,
        f"`{plan.name(use.path)}` is not an argument of {constructor.trainer} in {keywords.package}"
        f" {written(keywords.version)}",
        [elsewhere or meant],
        Severity.WARNING if keywords.package in plan.spec.newer else None,
        on_key=True,
    )


def _misspelt(plan: Plan) -> Iterator[Finding]:
    """Of a file whose other keys are the script's, what is hyphens or a letter away from an argument of
    TrainingArguments. No argument of TRL's scripts and classes is."""
    # In a file with more of them something else is wrong than their spelling.
    for name in islice(plan.arguments, _MOST_KEYS):
        path, known = f"arguments.{name}", plan.release.layers[0].arguments
        meant = misspelt(name, known)
        if meant and not plan.writes(meant):
            message = f"`{plan.name(path)}` is not an argument of TrainingArguments in any release"
            yield Finding(path, message, [Meant(path, f"training.{meant}")], Severity.WARNING, on_key=True)


def _dropped(plan: Plan, use: Use, known: dict[str, Argument]) -> Finding:
    layer = plan.release.others[plan.launch.module or ""]
    return Finding(
        use.path,
        f"{plan.launch.module} silently ignores `{plan.name(use.path)}` in trl {written(layer.version)}",
        _meant(plan, use, known) or [Drop(use.path)],
        Severity.WARNING if "trl" in plan.spec.newer else None,
        on_key=True,
    )


def _of_seq2seq(plan: Plan, use: Use) -> list[Remedy]:
    known = plan.release.others["Seq2SeqTrainingArguments"]
    if plan.release.config_class != "TrainingArguments" or known.get(use.name) is None:
        return []
    return [Drop(use.path), Put("trainer", "Seq2SeqTrainer", why="Seq2SeqTrainingArguments has it")]


def _of_precision(plan: Plan, use: Use) -> list[Remedy]:
    """One word for the precision, as Accelerate and others have it, is a flag of the Trainer."""
    if use.name not in ("mixed_precision", "precision"):
        return []
    value = str(plan.spec.settings[use.path].value).removesuffix("-mixed")
    flags = [flag for flag, words in _PRECISIONS.items() if value in words and not plan.writes(flag)]
    return [Move(use.path, f"training.{flag}", True) for flag in flags] or [Drop(use.path)]


def _of_trl(plan: Plan, use: Use) -> list[Remedy]:
    """The trainers of TRL whose class has it, where none is named."""
    if plan.given("trainer"):
        return []
    having = [name for name in trl_trainers() if use.name in find_release(None, plan.trl, name).arguments]
    if not having:
        return []
    only = Put("trainer", having[0], why=f"{trainers()[having[0]]} has it")
    some = Say(f"name the script's trainer (`trainer: {having[0]}` has it)", needs=("trainer",))
    return [only if len(having) == 1 else some, *_own(plan, use)[-1:]]


def _of_script(plan: Plan, use: Use) -> list[Remedy]:
    path = paths("script").get(use.name)
    if path is None:
        return []
    why = "only the script reads it"
    if path != "arguments" and plan.can_say(path) and plan.script is None:
        why += f"; set it for configlint with `{plan.name(path)}`"
    return [_moved(plan, use, _to_script(plan, use), why, safe=True)]


def _own(plan: Plan, use: Use) -> list[Remedy]:
    """What to do about an argument that only the script can know."""
    to = _to_script(plan, use)
    moved = _moved(plan, use, to, "script-only settings belong there")
    return [moved] if to is None or plan.given(to) else [Drop(use.path), moved]


def _to_script(plan: Plan, use: Use) -> str | None:
    """Where an argument of the script belongs; None where the script cannot read it."""
    script = plan.release.others.get(plan.launch.module or "")
    is_known = bool(use.name) and (script is None or script.get(use.name) is not None)
    return f"arguments.{use.name}" if is_known else None


def _moved(plan: Plan, use: Use, to: str | None, why: str = "", safe: bool = False) -> Remedy:
    if to is None:
        return Drop(use.path)
    if plan.given(to):
        return Drop(use.path, f"`{plan.name(to)}` is set too")
    return Move(use.path, to, why=why, safe=safe)


def _meant(plan: Plan, use: Use, known: dict[str, Argument]) -> list[Remedy]:
    name, section = use.name, use.path.partition(".")[0]
    path = paths("elsewhere").get(name, "")
    meant = path.removeprefix("training.").removeprefix("arguments.")
    close = meant if meant in known else plan.nearest(name, known)
    if close and is_deprecated(known[close]):
        close = known[close].facts.get("by")
    if path and meant == path and not (close and close.startswith(name)):
        return [_moved(plan, use, path, safe=path.startswith("batch.") and positive(use.value) is not None)]
    if close in owners():
        says = (plan.name(owner) for owner in owners()[close] if plan.can_say(owner))
        # A file that is not compiled has the argument itself.
        settings = [f"`{name}`" for name in says if name != close]
        sets = f" configlint sets it from {listing(settings, 'or')}" if settings else ""
        return [Meant(use.path, f"{section}.{close}", more=sets)]
    return [Meant(use.path, f"{section}.{close}")] if close else []
