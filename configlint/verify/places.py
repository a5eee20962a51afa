"""Where in a spec a refusal belongs: packages name no place, but mostly the key or the argument."""

from __future__ import annotations

import re

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.source import start_of
from configlint.verify.verdict import DEEPSPEED, JSON


def refusal(
    plan: Plan, what: str, by: str, error: str, path: str | None = None, about: str | None = None
) -> Diagnostic:
    """What `by` says against a file, at the path, or else at the line that it is most likely about; `about` is what
    in the file it was reading."""
    path = path or _named(plan, about or what, error)
    setting = plan.spec.place(path or _section(about or what))
    return Diagnostic(
        f"verify/{DEEPSPEED if what == DEEPSPEED else by.partition(' ')[0]}",
        Severity.ERROR,
        f"{by} {error}",
        setting.key if setting else start_of(plan.spec.source),
        help=_other_release(plan, by),
        path=path,
        targets=(plan.spec.target,) if plan.spec.target else (),
    )


def _other_release(plan: Plan, by: str) -> str | None:
    """What to do where the files are not compiled for the release that rejects them, as no release was stated."""
    package, _, installed = by.partition(" ")
    compiled = {"transformers": plan.release.transformers, "trl": plan.release.trl}.get(package)
    if compiled is None or plan.given(package):
        return None
    major, minor = map(int, installed.split(".")[:2])
    release = (major, minor)
    if release == compiled:
        return None
    for_newest = f"it is compiled for {package} {written(compiled)}, the newest known release"
    if release > compiled:
        return f"{for_newest}: update configlint"
    return f'{for_newest}: write `{package}: "{written(release)}"`'


def _section(what: str) -> str:
    """What a file is made of."""
    return {JSON: "training", DEEPSPEED: "parallel.deepspeed", "distributed_config.json": "parallel"}.get(
        what, "launch"
    )


def _named(plan: Plan, what: str, message: str) -> str | None:
    """The setting that a message is about."""
    if what == JSON:
        return _argument(plan, message)
    return _key(plan, message) if what == DEEPSPEED else None


def _argument(plan: Plan, message: str) -> str | None:
    words = set(re.findall(r"\w+", message))
    paths = [f"training.{name}" for name in plan.training] + [f"arguments.{name}" for name in plan.arguments]
    # A number in a message may be any other.
    texts = {path: plan.spec.settings[path].value for path in paths}
    values = {value: path for path, value in texts.items() if isinstance(value, str)}
    named = [path for path in paths if path.rpartition(".")[2] in words]
    return named[0] if named else next((values[word] for word in values if word in words), None)


def _key(plan: Plan, message: str) -> str | None:
    """The key of DeepSpeed's that a message names: whole, with dots, else by its last name; the deepest of them."""
    start = "parallel.deepspeed."
    keys = [path.removeprefix(start) for path in plan.spec.settings if path.startswith(start)]
    words = set(re.findall(r"\w+", message))
    named = [key for key in keys if "." in key and key in message] or [
        key for key in keys if key.rpartition(".")[2] in words
    ]
    return start + max(named, key=lambda key: key.count(".")) if named else None
