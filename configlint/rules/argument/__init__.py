"""Training arguments: whether the release has them, where they stand and what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import NamedTuple

from configlint.edit import KEPT, Change
from configlint.plan import Plan, Use
from configlint.release import Argument, Facts, Layer, Version, is_kind
from configlint.syntax.scalars import resolve
from configlint.values import whole
from configlint.wording import code, listing

_NOUNS = {
    "boolean": ("true", "false"),
    "integer": ("a whole number",),
    "number": ("a number",),
    "string": ("a text",),
    "array": ("a list",),
    "object": ("a mapping",),
}


def applies(plan: Plan) -> bool:
    return bool(
        plan.training or plan.arguments or plan.given("parallel") or plan.given("transformers") or plan.given("trl")
    )


def known(plan: Plan) -> Iterator[tuple[Use, Argument]]:
    """Those that the release has, and what it knows of them."""
    return ((use, use.argument) for use in plan.uses if use.argument is not None)


def misfits(plan: Plan) -> Iterator[tuple[Use, Argument]]:
    """Those of them whose value is of another type."""
    return ((use, use.argument) for use in plan.uses if use.argument is not None and not use.fits)


def elsewhere(plan: Plan) -> Iterator[tuple[Use, Layer]]:
    """Those that other releases have, and the layer that knows of them."""
    for use in plan.uses:
        if use.argument is None and (layer := layer_of(plan, use)):
            yield use, layer


def layer_of(plan: Plan, use: Use) -> Layer | None:
    """What knows of an argument in any release: the trainer's class, or for `arguments` the script's parser."""
    if not is_scripts(use):
        # Some that TRL's classes give another default come with TrainingArguments, not with TRL.
        return plan.release.lives(use.name)[-1] if plan.release.lives(use.name) else None
    script = plan.release.others[plan.launch.module or ""]
    return script if use.name in script.arguments else None


def is_scripts(use: Use) -> bool:
    """Whether an argument is not the trainer's, but of the script's parser."""
    return use.path.startswith("arguments.")


def is_over(layer: Layer, name: str) -> bool:
    """Whether an argument that the release does not have was there before it."""
    came: Version = layer.arguments[name]["life"][0][0]
    return came <= layer.version


def is_deprecated(argument: Argument) -> bool:
    since: Version | None = argument.facts.get("deprecated")
    return since is not None and since <= argument.layer.version


def _has_misfits(plan: Plan) -> bool:
    return not all(use.fits for use in plan.uses)


def _has_strangers(plan: Plan) -> bool:
    return any(use.argument is None for use in plan.uses)


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "boolean_as_text": _has_misfits,
    "boolean_for_word": _has_misfits,
    "number_as_text": _has_misfits,
    "wrong_type": _has_misfits,
    "not_yet": _has_strangers,
    "removed": _has_strangers,
    "unknown": _has_strangers,
    "compiled_anyway": lambda plan: plan.writes("torch_compile"),
    "configured_state": lambda plan: plan.writes("accelerator_config"),
    "context_without_workers": lambda plan: plan.writes("dataloader_multiprocessing_context"),
    "distributed_layerwise": lambda plan: plan.writes("optim"),
    "misplaced": lambda plan: bool(plan.arguments),
    "missing_target_modules": lambda plan: plan.writes("optim"),
    "non_blocking_without_pinning": lambda plan: plan.writes("accelerator_config"),
    "persistent_workers_without_workers": lambda plan: plan.writes("dataloader_persistent_workers"),
    "prefetch_without_workers": lambda plan: plan.writes("dataloader_prefetch_factor"),
    "reentrant_checkpointing": lambda plan: plan.writes("ddp_find_unused_parameters"),
    "unknown_key": lambda plan: plan.writes("accelerator_config") or plan.given("parallel.fsdp"),
    "unknown_release": lambda plan: plan.given("transformers") or plan.given("trl"),
    "zero_interval": lambda plan: plan.intervals.logging_steps == 0,
}


class Replacement(NamedTuple):
    """What to write in an argument's place: in words, as a change where that loses nothing, and whether
    `compile` does it by itself."""

    help: str
    fix: Change | None = None
    compiled: bool = False


def replacement(plan: Plan, use: Use, layer: Layer) -> Replacement:
    """What takes the place of an argument in the release, by its life in a layer."""
    facts = layer.arguments[use.name]
    target = layer.get(new := facts.get("by", "")) or plan.release.arguments.get(new)
    if target and layer.version < facts["from"]:
        target = None
    change = _change(use, facts, target)
    if change is None:
        help = facts.get("help", "delete it")
        if target and facts.get("same_value") and use.value is not None:
            help = f"write `{new}`: {help}" if "help" in facts else f"write `{new}`"
        return Replacement(help)
    if change.key in (plan.arguments if is_scripts(use) else plan.training):
        return Replacement(f"delete it: `{change.key}` is given too")
    if change.delete:
        return Replacement(facts.get("help", "delete it") if facts.get("no_effect") else "delete it", change)
    renamed = change.value is KEPT
    value = use.value if renamed else change.value
    write = (
        f"write `{change.key}`"
        if renamed and isinstance(value, list | dict)
        else f"write `{change.key}: {code(value)}`"
    )
    help = f"{write}: {facts['help']}" if renamed and "help" in facts else write
    return Replacement(help, change, compiled=renamed and not is_scripts(use))


def _change(use: Use, facts: Facts, target: Argument | None) -> Change | None:
    if use.value is None and facts.get("default") and facts["default"][0][1] is None:
        return Change(use.path, delete=True)  # as if it were not given
    for value, others in facts.get("values", {}).items():
        if value == use.value and type(value) is type(use.value) and len(others) < 2:
            if not others:
                return Change(use.path, delete=True)
            [(name, new)] = others.items()
            return Change(use.path, key=name, value=new) if target else None
    if target and facts.get("same_value") and is_kind(use.value, target.kinds) and not _is_beyond(use.value, facts):
        return Change(use.path, key=target.name)
    return Change(use.path, delete=True) if facts.get("no_effect") else None


def _is_beyond(value: object, facts: Facts) -> bool:
    """Whether a value is so large that it would mean something else: a ratio of 1."""
    return "below" in facts and isinstance(value, int | float) and value >= facts["below"]


def described(kinds: tuple[str, ...]) -> str:
    """`a number`, `true or false`, `a text or a list`; that null is taken too need not be said."""
    skipped = {"null", "integer"} if "number" in kinds else {"null"}
    nouns = [noun for kind in sorted(kinds, key="boolean".__ne__) if kind not in skipped for noun in _NOUNS[kind]]
    return listing(dict.fromkeys(nouns), "or")


def as_number(value: object, kinds: tuple[str, ...]) -> int | float | None:
    """The number that a text is, where a number is meant and no text is taken."""
    if not isinstance(value, str) or "string" in kinds or not {"integer", "number"} & {*kinds}:
        return None
    try:
        number = resolve(value.strip()) if value.strip() else None
    except ValueError:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
        return None
    return number if is_kind(number, kinds) else whole(number)


def is_converted(plan: Plan) -> bool:
    """Whether the JSON is read by TRL's parser, which makes of a text what the argument is.

    Source: trl 1.16 scripts/utils.py, set_defaults_with_config; argparse converts defaults that are texts.
    """
    return plan.release.trl is not None and plan.launch.config_flag == "--config"


_MEANT = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def as_boolean(value: object, kinds: tuple[str, ...]) -> bool | None:
    """What a text stands for where true or false is meant and no text is taken."""
    if not isinstance(value, str) or "boolean" not in kinds or "string" in kinds:
        return None
    return _MEANT.get(value.strip().lower())


def is_boolean_for_word(value: object, argument: Argument) -> bool:
    return isinstance(value, bool) and bool(argument.choices) and not is_kind(value, argument.kinds)
