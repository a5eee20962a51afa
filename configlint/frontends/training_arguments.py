"""TrainingArguments and TRL's config classes: as flat YAML or JSON, with what else the script reads mixed in, and
as calls in Python.

HfArgumentParser and TrlParser read such a file. Which of them does cannot be seen, and the file says nothing of the
machine, of how it is launched and of what Accelerate's own config adds: that is unknown.

Source: transformers 5.24 hf_argparser.py, parse_yaml_file and parse_json_file; trl 1.16 scripts/utils.py, TrlParser
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.dialect import Dialect, Marks, Reader, Root
from configlint.core.document import Mapping, Node, Scalar
from configlint.core.source import is_code
from configlint.core.spec import Lowered, Setting, Spec
from configlint.frontends.values import coerced, value_of
from configlint.knowledge._generated import transformers
from configlint.knowledge.naming import spellings

# What no other tool's files have at their root, of those that are read here.
_MARKS = (
    "per_device_train_batch_size", "per_device_eval_batch_size", "num_train_epochs", "gradient_accumulation_steps",
    "lr_scheduler_type", "save_strategy", "eval_strategy", "evaluation_strategy",
)  # fmt: skip
# So many arguments of TrainingArguments make a file one: a few are words that anybody uses.
_LEAST = 3
_BASE = transformers.GROUPS["TrainingArguments"] | transformers.GROUPS["Seq2SeqTrainingArguments"]
# The counts that an effective batch is made of.
_COUNTS = ("batch.per_device", "batch.accumulation")


def fits(root: Root) -> bool:
    """Whether a root is that of such a file, or a script has such a call."""
    if root.calls:
        from configlint.frontends.calls import is_call  # for who has a script

        return any(map(is_call, root.keys))
    # A file about arguments has their names too, and a mapping below each.
    keys = root.keys - root.sections
    return not keys.isdisjoint(_MARKS) and len(keys & _BASE.keys()) >= _LEAST


DIALECT = Dialect(
    name="training_arguments",
    title="TrainingArguments file",
    marks=Marks(_MARKS, fits),
    names={"training.*": "*", "arguments.*": "*", "constructor.*": "*", **spellings("training_arguments")},
    readers={
        # TrlParser makes numbers of texts, HfArgumentParser does not: only what both refuse is wrong.
        "yaml": Reader("yaml-1.1", coerces=True, unknown="kept"),
        "json": Reader("json", coerces=False, unknown="kept"),
        "python": Reader("python", coerces=False, unknown="refused"),
    },
)
_PATHS = {name: path for path, name in DIALECT.names.items() if "*" not in path}


def form(document: Node) -> list[Diagnostic]:
    """What is wrong with the two counts; of all other values, rules know more."""
    found: list[Diagnostic] = []
    entries = _entries(document)
    if is_code(document.span.source):
        from configlint.frontends.calls import counts

        entries = counts(document, _PATHS)
    for path, (key, value) in entries:
        if path in _COUNTS and (problem := _count_problem(value)):
            rule, message = problem
            found.append(
                Diagnostic(f"schema/{rule}", Severity.ERROR, f"`{key.raw}` {message}", value.span, path=path)
            )
    return found


def _count_problem(node: Node) -> tuple[str, str] | None:
    """What is wrong with a count; of a text with a place for a value in it, nothing is known."""
    value = node.value if isinstance(node, Scalar) else ()
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < 10 else value
    if isinstance(value, int) and not isinstance(value, bool):
        return None if value > 0 else ("out-of-range", f"must be 1 or more, got {value}")
    if isinstance(value, str) and any(sign in value for sign in "${<"):
        return None
    got = (
        value
        if isinstance(value, str)
        else node.raw or "nothing"
        if isinstance(node, Scalar)
        else "a list or mapping"
    )
    return "wrong-type", f"must be an integer, got {got}"


def lower(documents: list[Mapping], assignments: Sequence[Mapping] = ()) -> Lowered:
    """One plan: what it says in the names of TrainingArguments goes to `training`, all else to `arguments`; in
    code, a plan for each call."""
    from configlint.frontends.claims import claims  # patterns that specs do not need

    source = documents[-1].span.source
    if is_code(source):
        from configlint.frontends.calls import specs

        each = tuple(specs(documents[-1], DIALECT, _PATHS))
        # Of several calls, each may be what a comment is about.
        configs = [spec for spec in each if not spec.is_of_trainer]
        if len(configs) == 1:
            each = tuple(spec._replace(claims=claims(source)) if spec in configs else spec for spec in each)
        return Lowered(each, each[0])
    reader = DIALECT.readers["json" if source.name.endswith(".json") else "yaml"]
    settings = {}
    for path, (key, node) in _entries(documents[-1]):
        value = value_of(node, reader.scalars)
        name = key.raw
        if reader.coerces and name in _BASE:
            value = coerced(value, _BASE[name])
        settings[path] = Setting(value, (name,), key.span, node.span)
    spec = Spec(source, settings, DIALECT, reader, claims=claims(source))
    return Lowered((spec,), spec)


def _entries(document: Node) -> Iterator[tuple[str, tuple[Scalar, Node]]]:
    for name, entry in document.entries.items() if isinstance(document, Mapping) else ():
        section = "training" if name in _BASE or name in _of_trl() else "arguments"
        yield _PATHS.get(name, f"{section}.{name}"), entry


@cache
def _of_trl() -> frozenset[str]:
    """The arguments of all of TRL's config classes, as of any release."""
    from configlint.knowledge._generated import trl

    return frozenset(name for config in trl.TRAINERS.values() for name in trl.GROUPS[config])
