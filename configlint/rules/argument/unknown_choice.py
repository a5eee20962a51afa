"""A value is not one of the choices that the argument has in the release.

The config class rejects it, or whatever reads it first: `adamw_hf` was removed in 4.50, and `save_strategy: best`
was added in 4.47.

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
from configlint.core.plan import Plan, Use
from configlint.core.release import Argument, Version, written
from configlint.core.remedy import Meant, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.knowledge.naming import ALIASES
from configlint.rules.argument import known
from configlint.rules.argument._kinds import choose, one_of


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in known(plan):
        choices = [choice for choice in argument.choices if isinstance(choice, str)]
        for word in _words(use.value, argument) if choices and use.fits else ():
            if word in choices:
                continue
            yield Finding(
                use.path,
                _message(plan, use, word, argument),
                _remedies(plan, use, argument, word, choices),
                severity=Severity.WARNING if argument.facts.get("open") else None,
            )


def _words(value: object, argument: Argument) -> list[str]:
    """The words of a value; an argument that also accepts a list as a string has them separated by blanks."""
    if isinstance(value, str):
        return value.split() if "array" in argument.kinds and argument.name == "debug" else [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _came(word: str, argument: Argument) -> Version | None:
    """The later release in which a word was added."""
    later = (each for each in argument.facts["choices"][::-1] if each[0] > argument.layer.version)
    return next((release for release, words in later if word in words), None)


def _message(plan: Plan, use: Use, word: str, argument: Argument) -> str:
    name = plan.name(use.path)
    layer, changes = argument.layer, argument.facts["choices"][::-1]  # the oldest first
    at_release = f"{layer.package} {written(layer.version)}"
    if came := _came(word, argument):
        runs = plan.runs(layer.package, layer.version)
        return f"{name} `{word}` was added in {layer.package} {written(came)}; this job runs {runs}"
    had = [release for release, words in changes if word in words]
    if had:
        went = next(release for release, words in changes if release > had[-1])
        return f"{name} `{word}` was removed in {layer.package} {written(went)}"
    return f"{name} `{word}` is unknown in {at_release}"


def _remedies(plan: Plan, use: Use, argument: Argument, word: str, choices: list[str]) -> list[Remedy]:
    better = argument.facts.get("words", {}).get(word)
    if better and word == use.value:
        return [Put(use.path, better, safe=True)]
    others: list[Remedy] = choose(use.path, choices) if word == use.value else [one_of(choices)]
    if came := _came(word, argument):
        upgrade = Put(argument.layer.package, written(came), why="the job must then run that release")
        return [*others, upgrade][:2]
    alias = ALIASES.get(f"training.{argument.name}", {}).get(word.lower().replace("-", "_"))
    close = better or (alias if alias in choices else plan.nearest(word, choices))
    if close is None:
        return others
    return [Meant(use.path, use.path, close)] if word == use.value else [Say(f"did you mean `{close}`?")]
