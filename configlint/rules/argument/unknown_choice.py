"""A word is none of those that the argument takes in the release.

The class, or the first that looks at it, fails: `adamw_hf` is gone since 4.50, and `save_strategy: best`
comes with 4.47.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: adamw_hf}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: adamw_torch}

Source: schemas/training_arguments.json, read from the wheels
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.release import Argument, written
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.rules.argument import known

# Choices that a line can name.
_MOST = 8


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in known(plan):
        choices = [choice for choice in argument.choices if isinstance(choice, str)]
        for word in _words(use.value, argument) if choices and use.fits else ():
            if word in choices:
                continue
            better = argument.facts.get("words", {}).get(word)
            yield Finding(
                use.path,
                _message(word, argument),
                f"write `{use.name}: {better}`" if better else _help(plan, word, choices),
                severity=Severity.WARNING if argument.facts.get("open") else None,
                fix=Change(use.path, value=better) if better and word == use.value else None,
            )


def _words(value: object, argument: Argument) -> list[str]:
    """The words of a value: of one that takes a list as a text too, those between its blanks."""
    if isinstance(value, str):
        return value.split() if "array" in argument.kinds and argument.name == "debug" else [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _message(word: str, argument: Argument) -> str:
    layer, changes = argument.layer, argument.facts["choices"][::-1]  # the oldest first
    at_release = f"{layer.package} {written(layer.version)}"
    came = next((release for release, words in changes if release > layer.version and word in words), None)
    if came:
        return f"`{argument.name}` {word} comes in {layer.package} {written(came)}, and {at_release} runs the job"
    had = [release for release, words in changes if word in words]
    if had:
        went = next(release for release, words in changes if release > had[-1])
        return f"`{argument.name}` {word} is gone since {layer.package} {written(went)}"
    return f'`{argument.name}` has no choice "{word}" in {at_release}'


def _help(plan: Plan, word: str, choices: list[str]) -> str:
    close = plan.nearest(word, choices)
    if close:
        return f"did you mean {close}?"
    if len(choices) > _MOST:
        return f"write {', '.join(choices[:_MOST])} or …"
    return f"write {listing(choices, 'or')}"
