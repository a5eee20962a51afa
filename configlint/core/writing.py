"""A value as it is written in a user's file, in YAML, JSON or Python."""

from __future__ import annotations

import re

from configlint.core.regex import regex

# A text that every reader of YAML, also one of 1.1, takes for a text without quotes, unless it is such a word.
_PLAIN = r"(?a:[A-Za-z_][\w./-]*)"
_WORDS = frozenset(["y", "yes", "on", "true", "n", "no", "off", "false", "null"])


def written(value: object, quote: str = "") -> str:
    """A value on one line, its texts in these quotes, or without any in those that they need; `"` asks for JSON.

    Raises:
        ValueError: JSON has no such value.
    """
    if isinstance(value, str):
        return _text(value, quote)
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(item, quote) for item in value)}]"
    if isinstance(value, dict):
        pairs = (f"{_text(str(key), quote)}: {written(item, quote)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, float):
        return _float(value, quote)
    return _json(value)


def _json(value: object, ensure_ascii: bool = True) -> str:
    import json  # a millisecond, for who has something to write

    return json.dumps(value, ensure_ascii=ensure_ascii)


def _text(text: str, quote: str) -> str:
    if not quote and re.fullmatch(_PLAIN, text) and text.lower() not in _WORDS:
        return text
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return _json(text, not text.isprintable())


def _float(value: float, quote: str) -> str:
    if value - value != 0:
        if quote == '"':
            raise ValueError("JSON has no such number")
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    # With a point, without which YAML 1.1 sees a text in `2e-05`.
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else repr(value)


def python(value: object) -> str:
    """A value as an expression of Python."""
    if isinstance(value, str):
        return _json(value, not value.isprintable())
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(python, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{python(key)}: {python(held)}' for key, held in value.items())}}}"
    if isinstance(value, float) and value - value != 0:
        return f'float("{value}")'
    return re.sub(r"e([-+])0+", r"e\1", repr(value))


_WORDS_OF_PYTHON = {"true": "True", "false": "False", "null": "None"}
_ENTRY = regex(r"`([A-Za-z_]\w*): ([^`]+)`")
# What stands in quotes is the user's own text.
_WORD = regex(r"\"[^\"]*\"|\b(?:true|false|null)\b")


def in_python(sentence: str) -> str:
    """A sentence about a spec as one about a call: `x: true` is `x=True`."""
    sentence = _ENTRY.sub(lambda match: f"`{match[1]}={_expression(match[2])}`", sentence)
    return _WORD.sub(lambda match: _WORDS_OF_PYTHON.get(match[0], match[0]), sentence)


def _expression(text: str) -> str:
    """A value of YAML as Python has it: a word needs quotes."""
    is_word = re.fullmatch(_PLAIN, text) and text not in (*_WORDS_OF_PYTHON, *_WORDS_OF_PYTHON.values())
    return _json(text) if is_word else text
