"""Training arguments: whether the release has them, which section they belong in, and which values they accept."""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.plan import Plan, Use
from configlint.core.release import UNKNOWN, Argument, Layer, Version, is_required
from configlint.core.remedy import Drop, Remedy, Say
from configlint.core.wording import code


def applies(plan: Plan) -> bool:
    return bool(
        plan.training
        or plan.arguments
        or plan.constructor
        or plan.given("parallel")
        or plan.given("transformers")
        or plan.given("trl")
    )


def has_misfits(plan: Plan) -> bool:
    return not all(use.fits for use in plan.uses)


def has_floats(plan: Plan) -> bool:
    return any(isinstance(value, float) and value >= 1 for value in plan.training.values())


def has_strangers(plan: Plan) -> bool:
    return any(use.argument is None for use in plan.uses)


def known(plan: Plan) -> Iterator[tuple[Use, Argument]]:
    """Those that the release has, by their name or one that means the same, and what it knows of them."""
    return ((use, argument) for use in plan.uses if (argument := _meant(plan, use)) is not None)


def _meant(plan: Plan, use: Use) -> Argument | None:
    if use.argument is not None or not use.path.startswith("training."):
        return use.argument
    layer = layer_of(plan, use)
    if layer is None or is_over(layer, use.name):
        return None  # what was removed has no right value
    return plan.release.arguments.get(plan.release.spelling(use.name) or "")


def misfits(plan: Plan) -> Iterator[tuple[Use, Argument]]:
    """Those of them whose value is of another type."""
    return ((use, argument) for use, argument in known(plan) if not use.fits)


def elsewhere(plan: Plan) -> Iterator[tuple[Use, Layer]]:
    """Arguments that only other releases have, and the layer that knows them."""
    for use in plan.uses:
        if use.argument is None and (layer := layer_of(plan, use)) and not plan.spec.in_newer(use.name):
            yield use, layer


def layer_of(plan: Plan, use: Use) -> Layer | None:
    """What has an argument in any release: the trainer's class, for `arguments` the script's parser, or the trainer
    itself."""
    if is_of_trainer(use):
        keywords = plan.constructor.keywords if plan.constructor else None
        return keywords if keywords and use.name in keywords.arguments else None
    if not is_scripts(use):
        # Some that TRL's classes give another default come with TrainingArguments, not with TRL.
        return plan.release.lives(use.name)[-1] if plan.release.lives(use.name) else None
    script = plan.release.others[plan.launch.module or ""]
    return script if use.name in script.arguments else None


def is_scripts(use: Use) -> bool:
    """Whether an argument belongs to the script's parser, not to the trainer's class."""
    return use.path.startswith("arguments.")


def is_of_trainer(use: Use) -> bool:
    """Whether an argument is one that the trainer itself is constructed with."""
    return use.path.startswith("constructor.")


def passed_to_config(plan: Plan, use: Use) -> Remedy | None:
    """What to do with a trainer's argument that its config class has; None where that has no such one."""
    constructor = plan.constructor
    name = constructor.release.spelling(use.name) if constructor and is_of_trainer(use) else None
    if constructor is None or name is None:
        return None
    config = constructor.release.config_class
    if f"training.{name}" in plan.spec.settings:
        return Drop(use.path, f"`{config}` gets `{name}` already")
    return Say(f"pass it to `{config}`" + (f" as `{name}`" if name != use.name else ""))


def is_compiled(plan: Plan) -> bool:
    """Whether `compile` writes files of such a spec; otherwise the job reads the user's own file."""
    return plan.can_say("launch.script")


def is_over(layer: Layer, name: str) -> bool:
    """Whether an argument that this release lacks existed in an earlier one."""
    came: Version = layer.arguments[name]["life"][0][0]
    return came <= layer.version


def owner(plan: Plan, use: Use, argument: Argument) -> str:
    """Whose default an argument has, in a sentence."""
    if is_scripts(use):
        return plan.launch.module or "the script"
    if is_of_trainer(use) and plan.constructor:
        return plan.constructor.trainer
    return plan.trainer or "the trainer" if argument.layer.package == "trl" else "the Trainer"


def removal(plan: Plan, use: Use, argument: Argument) -> list[Drop]:
    """The remedy of removing an argument, with the default that applies then; none where it is required."""
    if is_required(argument):
        return []
    default = argument.default
    is_said = default is not UNKNOWN and default is not None
    return [Drop(use.path, f"{owner(plan, use, argument)}'s default is {code(default)}" if is_said else "")]


def is_deprecated(argument: Argument) -> bool:
    since: Version | None = argument.facts.get("deprecated")
    return since is not None and since <= argument.layer.version
