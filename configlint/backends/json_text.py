"""JSON that every reader takes for the same values: sorted, and floats with a point.

PyYAML, which people also read such files with, takes `2e-05` for a text and `2.0e-05` for a number.
"""

from __future__ import annotations

import json


def dump(value: object, indent: str = "") -> str:
    """The value as JSON text, without a final newline."""
    inner = indent + "  "
    if isinstance(value, dict):
        entries = [f"{inner}{json.dumps(key)}: {dump(value[key], inner)}" for key in sorted(value)]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}" if entries else "{}"
    if isinstance(value, list | tuple):
        items = [inner + dump(item, inner) for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]" if items else "[]"
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value, ensure_ascii=False)


def _float(value: float) -> str:
    text = json.dumps(value)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text
