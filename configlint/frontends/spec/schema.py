"""The form of a spec: schemas/spec.schema.json, in sentences a person would say.

A spec of the right form costs microseconds: code made from the schema looks at it. Only for
one of the wrong form is jsonschema imported, which finds every problem; this module words them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Mapping, Node, Scalar, plain
from configlint.core.remedy import Meant
from configlint.core.source import Span
from configlint.core.wording import Suggestions, code, in_a_line, listing
from configlint.knowledge._generated.spec_form import JsonSchemaValueException
from configlint.knowledge._generated.spec_form import validate as is_valid
from configlint.knowledge.naming import VALUES, paths
from configlint.knowledge.schemas import schema_text

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_NOUNS = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
# What YAML 1.1 reads as true or false, and 1.2 as a string.
_BOOLEANS = {
    **dict.fromkeys(("y", "yes", "on", "true"), "true"),
    **dict.fromkeys(("n", "no", "off", "false"), "false"),
}
# The key that a section most likely means where a single value stands in its place.
_MAIN = {
    "batch": "effective",
    "hardware": "accelerator",
    "model": "config",
    "parallel": "data",
    "tuning": "method",
}
# Keys that people look for in a section, and what to do instead.
_INSTEAD = {
    "launch.args": "put what the script reads under `arguments`",
    "launch.arguments": "put what the script reads under `arguments`",
}
_WORD = re.compile(r"[A-Za-z0-9_./-]+")
# A number with a unit: `4M`, `80 GB`, `3%`. Of tokens, k and M are powers of two.
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(%|[kKM]|Gi?B?)")
_IN_TOKENS = ("batch.effective_tokens", "model.sequence_length")
# Characters of a user's text that a sentence repeats.
_LONGEST = 60


def validate(document: Node) -> list[Diagnostic]:
    """Everything that is wrong with the form of a document, in the order of the text."""
    data = plain(document)
    try:
        is_valid(data)
    except JsonSchemaValueException:
        return _explain(document, data)
    return []


def _explain(document: Node, data: object) -> list[Diagnostic]:
    import json

    import jsonschema  # 100 ms, and only for a spec that is wrong

    # Python's `$` lets a line break through, which that of editors and of the generated code does not.
    schema = json.loads(schema_text().replace('$"', r'\\Z"'))
    errors = _causes(list(jsonschema.Draft7Validator(schema).iter_errors(data)))
    # What is said once may be several errors: each key that is missing is one.
    near = Suggestions()
    found = dict.fromkeys(diagnostic for error in errors for diagnostic in _word(document, schema, error, near))
    return sorted(found, key=lambda diagnostic: (diagnostic.span.line, diagnostic.span.column))


def _causes(errors: list[ValidationError]) -> Iterator[ValidationError]:
    """The errors without those that another of the same value brings with it: 0.5 is no whole number, and less than
    1 only for that; a section lacks the key that is misspelt in it."""
    kinds: dict[tuple[str | int, ...], set[object]] = {}
    for error in errors:
        kinds.setdefault(tuple(error.absolute_path), set()).add(error.validator)
    for error in errors:
        beside = kinds[tuple(error.absolute_path)]
        cause = "additionalProperties" if error.validator == "required" else "type"
        if error.validator == cause or cause not in beside:
            yield error


def _word(
    document: Node, schema: dict[str, Any], error: ValidationError, near: Suggestions
) -> Iterator[Diagnostic]:
    route = [str(step) for step in error.absolute_path]
    path = ".".join(route)
    key, node = _locate(document, route)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(schema, error, path, node, near)
    elif "propertyNames" in error.schema_path:
        name = str(error.instance)
        message = f"the name `{_short(name)}` must consist of {_names(str(error.validator_value))}"
        bare = name.lstrip("-")
        help = f"write `{bare}`" if bare != name and re.search(str(error.validator_value), bare) else None
        yield _diagnostic("name", message, _key_of(node, name), f"{path}.{name}", help)
    else:
        # Of what runs over several lines, the key is what a reader looks for.
        on_key = isinstance(node, Mapping) or node.span.end_line > node.span.line
        span = key if on_key else node.span
        if error.validator == "enum":
            yield _choice(error, path, node, near)._replace(span=span)
        else:
            defect, message, help = _value(error, _canonical(path), in_a_line(path) or "spec", node)
            yield _diagnostic(defect, message, span, path, help)


def _unknown_keys(
    schema: dict[str, Any], error: ValidationError, path: str, node: Node, near: Suggestions
) -> Iterator[Diagnostic]:
    form: Any = error.schema
    known = list(form["properties"])
    for name in node.entries if isinstance(node, Mapping) else ():
        if name in known:
            continue
        full = f"{path}.{name}" if path else name
        where = f"{f'`{in_a_line(path)}`' if path else 'a spec'} has no key `{_short(name)}`"
        to, help = _guess(schema, path, name, known, near)
        meant = tuple(Meant(_canonical(full), each) for each in to)
        yield _diagnostic("unknown-key", where, _key_of(node, name), full, help)._replace(meant=meant)


def _guess(
    schema: dict[str, Any], path: str, name: str, known: list[str], near: Suggestions
) -> tuple[list[str], str]:
    """The paths that an unknown key of a section can have been meant for, and what to say of them."""
    section = _canonical(path)
    start = f"{section}." if section else ""
    homes = _homes(schema, name)
    there = [f"{home}.{name}" for home in homes]
    if key := _elsewhere(section, name):
        return [start + key], f"did you mean `{key}`?"
    word, brace, _ = name.partition(" {")
    if brace and word in known:
        return [start + word], f"write a colon and a space after `{word}`"
    if close := near(name, known):
        names = [f"`{each}`" for each in (close, *there)]
        return [start + close, *there], f"did you mean {listing(names, 'or')}?"
    if homes:
        return there, f"move it to {listing([f'`{home}`' for home in homes], 'or')}"
    if instead := _INSTEAD.get(f"{start}{name}"):
        return [], instead
    if not path:
        help = "put arguments of the trainer under `training` and those of your script under `arguments`"
    else:
        help = f"expected {listing(known, 'or')}"
    return [start + key for key in known], help


def _elsewhere(section: str, name: str) -> str | None:
    """What a key that another program has is called in this section of a spec, if it is there."""
    home, _, key = paths("elsewhere", "accelerate").get(name.lower(), "").rpartition(".")
    return key if home and home == section else None


def _canonical(path: str) -> str:
    """A path without the target that it may be in."""
    return ".".join(path.split(".")[2:]) if path.startswith("targets.") else path


def _homes(schema: dict[str, Any], name: str) -> list[str]:
    """The sections that have a key of this name."""
    sections: dict[str, Any] = schema["definitions"]
    return [
        section for section, form in sections.items() if section != "target" and name in form.get("properties", ())
    ]


def _choice(error: ValidationError, path: str, node: Node, near: Suggestions) -> Diagnostic:
    """A value that is none of those that there are."""
    all_choices: Any = error.validator_value
    raw, choices = _written(node), [code(choice) for choice in all_choices if choice is not None]
    message = f"`{in_a_line(path)}` must be {listing(choices, 'or')}, got {raw}"
    known, close = VALUES.get(_canonical(path), {}).get(raw.lower()), near(raw, choices)
    help = known or (f"did you mean `{close}`?" if close else None)
    found = _diagnostic("wrong-choice", message, node.span, path, help)
    return found._replace(meant=(Meant(_canonical(path), _canonical(path), close),)) if close else found


def _value(error: ValidationError, at: str, path: str, node: Node) -> tuple[str, str, str | None]:
    """(defect, message, help) for a value at a canonical path that the schema refuses."""
    raw = _written(node)
    limit: Any = error.validator_value
    if error.validator == "type":
        if _only_text(limit) and isinstance(node, Scalar) and node.value is not None:
            read = "the boolean" if isinstance(node.value, bool) else "the number"
            return "wrong-type", f"`{path}` must be a string, got {read} {raw}", f'write `"{raw}"`'
        types = [limit] if isinstance(limit, str) else limit
        nouns = listing([_NOUNS[name] for name in types if name != "null"], "or")
        return "wrong-type", f"`{path}` must be {nouns}, got {_kind(node)}", _converted(node, at, types)
    if error.validator == "required":
        missing = [f"`{name}`" for name in limit if isinstance(node, Mapping) and name not in node.entries]
        return "missing-key", f"`{path}` requires {listing(missing)}", None
    if error.validator == "minLength" or limit == r"\S":
        return "wrong-value", f"`{path}` must not be empty", "remove it"
    if error.validator == "pattern":
        return "wrong-value", f"`{path}` must be {_names(limit)}, got {raw}", None
    bound = {
        "minimum": f"{limit:,} or more",
        "maximum": f"{limit:,} or less",
        "exclusiveMinimum": f"more than {limit:,}",
        "exclusiveMaximum": f"less than {limit:,}",
    }[str(error.validator)]
    return "out-of-range", f"`{path}` must be {bound}, got {raw}", _share(node, limit)


def _only_text(types: object) -> bool:
    return types in ("string", ["string", "null"])


def _share(node: Node, limit: object) -> str | None:
    """What to write for a percentage where a share is expected."""
    value = node.value if isinstance(node, Scalar) else None
    if limit != 1 or not isinstance(value, int | float) or not 1 < value < 100:
        return None
    return f"write `{value / 100:g}`: it is a share, not a percentage"


def _converted(node: Node, at: str, types: list[str]) -> str | None:
    """What to write for a value that stands for one of the types."""
    if not isinstance(node, Scalar) or node.value is None:
        return None
    if "object" in types and (key := _main_key(at, node.value)) and _WORD.fullmatch(node.raw):
        return f"write `{at}: {{{key}: {node.raw}}}`"
    if node.value == "auto" and at in ("batch.per_device", "batch.accumulation"):
        return "remove it: configlint computes it"
    if not isinstance(node.value, str):
        return None
    if node.quoted and node.raw.isdecimal() and {"integer", "number"} & set(types):
        return f"write `{node.raw}` without quotes"
    if {"integer", "number"} & set(types) and (number := _quantity(node.value, at)) is not None:
        return f"write `{number}`"
    meant = _BOOLEANS.get(node.raw.lower()) if "boolean" in types else None
    return f"write `{meant}`" if meant else None


def _main_key(section: str, value: object) -> str | None:
    """The key that a single value in place of a section is most likely meant for."""
    if section == "launch" and isinstance(value, str):
        return "script" if value.endswith(".py") else None
    key = _MAIN.get(section)
    return key if key and isinstance(value, int if key == "effective" else str) else None


def _quantity(written: str, at: str) -> str | None:
    """The bare number that a quantity stands for, in the unit of the setting."""
    found = _QUANTITY.fullmatch(written.strip())
    if not found:
        return None
    number, unit = float(found[1]), found[2]
    if unit == "%":
        return f"{number / 100:g}"
    if unit.startswith("G"):
        return found[1] if at == "hardware.accelerator.memory" else None
    base = 1024 if at in _IN_TOKENS else 1000
    value = number * (base if unit in "kK" else base**2)
    return str(int(value)) if value.is_integer() else None


def _names(pattern: str) -> str:
    """What a pattern of the schema asks for."""
    if "[0-9]+\\." in pattern:
        return 'a version such as "5.23"' if "?" in pattern else 'a version such as "9.0"'
    if "\\." in pattern:
        return "a module name such as `trl.scripts.sft`"
    if "_-]" in pattern:
        first = "a letter or digit" if pattern.startswith("^[A-Za-z0-9]") else "a letter"
        return f"letters, digits, `-` and `_` and start with {first}"
    return "letters, digits and `_` and start with a letter or `_`"


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        if node.value is None:
            return _short(node.raw) or "nothing"
        if isinstance(node.value, str):
            return f'the string "{_short(node.raw)}"'
        return _short(node.raw)
    return "a mapping" if isinstance(node, Mapping) else "a list"


def _written(node: Node) -> str:
    """A value as it stands in the text."""
    if not isinstance(node, Scalar) or node.value is None:
        return _kind(node)
    return _short(node.raw) or '""'


def _short(text: str) -> str:
    """A user's text as part of a sentence."""
    shown = in_a_line(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


def _locate(document: Node, route: list[str]) -> tuple[Span, Node]:
    """The place of the last key on the route, and the node there."""
    key, node = document.span, document
    for step in route:
        if isinstance(node, Mapping):
            key, node = node.entries[step].key.span, node.entries[step].value
        elif not isinstance(node, Scalar):
            node = node.items[int(step)]
            key = node.span
    return key, node


def _key_of(node: Node, name: str) -> Span:
    return node.entries[name].key.span if isinstance(node, Mapping) else node.span


def _diagnostic(defect: str, message: str, span: Span, path: str, help: str | None = None) -> Diagnostic:
    return Diagnostic(f"schema/{defect}", Severity.ERROR, message, span, help, path or None)
