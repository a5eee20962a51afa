"""The form of a spec: schemas/spec.schema.json, in sentences a person would say.

A spec of the right form costs microseconds: code made from the schema looks at it. Only for
one of the wrong form is jsonschema imported, which finds every problem; this module words them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Mapping, Node, Scalar, plain
from configlint.core.edit import Edit
from configlint.core.remedy import Meant
from configlint.core.source import Span
from configlint.core.typing import TYPE_CHECKING, Any
from configlint.core.wording import Suggestions, code, in_a_line, listing
from configlint.frontends.spec.guesses import Guess, Vocabulary, of_key, of_value
from configlint.knowledge._generated.spec_form import JsonSchemaValueException
from configlint.knowledge._generated.spec_form import validate as is_valid
from configlint.knowledge.naming import VALUES
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
    trainer = data.get("trainer") if isinstance(data, dict) else None
    words = Vocabulary(schema, trainer if isinstance(trainer, str) else None, Suggestions())
    found = dict.fromkeys(diagnostic for error in errors for diagnostic in _word(document, error, words))
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


def _word(document: Node, error: ValidationError, words: Vocabulary) -> Iterator[Diagnostic]:
    route = [str(step) for step in error.absolute_path]
    path = ".".join(route)
    key, node = _locate(document, route)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error, path, node, words)
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
            yield _choice(error, path, node, words.near)._replace(span=span)
        else:
            defect, message, guess = _value(error, _canonical(path), in_a_line(path) or "spec", node, words)
            yield _diagnostic(defect, message, span, path, guess)


def _unknown_keys(error: ValidationError, path: str, node: Node, words: Vocabulary) -> Iterator[Diagnostic]:
    form: Any = error.schema
    known = list(form["properties"])
    for name, entry in node.entries.items() if isinstance(node, Mapping) else ():
        if name in known:
            continue
        full = f"{path}.{name}" if path else name
        where = f"{f'`{in_a_line(path)}`' if path else 'a spec'} has no key `{_short(name)}`"
        guess = of_key(words, _canonical(path), name, known, entry.value)
        moves = guess.moves and not path
        fix = Edit(entry.key.span, value=guess.value, route=tuple(guess.to[0].split("."))) if moves else None
        yield _diagnostic("unknown-key", where, entry.key.span, full, guess)._replace(fix=fix)


def _canonical(path: str) -> str:
    """A path without the target that it may be in."""
    return ".".join(path.split(".")[2:]) if path.startswith("targets.") else path


def _choice(error: ValidationError, path: str, node: Node, near: Suggestions) -> Diagnostic:
    """A value that is none of those that there are."""
    all_choices: Any = error.validator_value
    raw, choices = _written(node), [code(choice) for choice in all_choices if choice is not None]
    message = f"`{in_a_line(path)}` must be {listing(choices, 'or')}, got {raw}"
    known, close = VALUES.get(_canonical(path), {}).get(raw.lower()), near(raw, choices)
    help = known or (f"did you mean `{close}`?" if close else None)
    found = _diagnostic("wrong-choice", message, node.span, path, help)
    return found._replace(meant=(Meant(_canonical(path), _canonical(path), close),)) if close else found


def _value(
    error: ValidationError, at: str, path: str, node: Node, words: Vocabulary
) -> tuple[str, str, Guess | str | None]:
    """(defect, message, what to write) for a value at a canonical path that the schema refuses."""
    raw = _written(node)
    limit: Any = error.validator_value
    if error.validator == "type":
        if _only_text(limit) and isinstance(node, Scalar) and node.value is not None:
            read = "the boolean" if isinstance(node.value, bool) else "the number"
            return "wrong-type", f"`{path}` must be a string, got {read} {raw}", f'write `"{raw}"`'
        types = [limit] if isinstance(limit, str) else limit
        nouns = listing([_NOUNS[name] for name in types if name != "null"], "or")
        return "wrong-type", f"`{path}` must be {nouns}, got {_kind(node)}", of_value(words, node, at, types)
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


def _diagnostic(defect: str, message: str, span: Span, path: str, help: Guess | str | None = None) -> Diagnostic:
    guess = help if isinstance(help, Guess) else Guess((), help)
    written = _canonical(path)
    meant = tuple(Meant(written, to) for to in guess.to)
    return Diagnostic(f"schema/{defect}", Severity.ERROR, message, span, guess.help, path or None, meant=meant)
