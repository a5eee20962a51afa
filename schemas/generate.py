"""Make `configlint/syntax/_valid.py`, the fast check of a spec's form, from spec.schema.json.

    python schemas/generate.py            writes it
    python schemas/generate.py --check    says with exit code 1 whether it is stale

A test runs the second.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import fastjsonschema

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "configlint" / "syntax" / "_valid.py"
HEADER = '''"""Made from schemas/spec.schema.json by schemas/generate.py: do not edit.

Says in microseconds whether a spec has the right form; schema.py says what is wrong.
"""

import re


class JsonSchemaValueException(ValueError):
    """The form is wrong. What is said here is not for users."""

    def __init__(self, message, **rest):
        super().__init__(message)


'''
# What the package calls; the rest of the generated code is not typed.
SIGNATURE = "def validate(data: object, custom_formats: object = {}, name_prefix: str | None = None) -> None:"


def generate() -> str:
    """The module's text."""
    schema = json.loads((ROOT / "schemas" / "spec.schema.json").read_text(encoding="utf-8"))
    code = fastjsonschema.compile_to_code(_without_words(schema), use_default=False, detailed_exceptions=False)
    # Its own import of fastjsonschema would make that a dependency, and cost a millisecond.
    body = re.sub(r"^(VERSION|import|from) .*\n", "", code, flags=re.MULTILINE)
    body = body.replace(", Decimal", "")  # no reader of ours makes one
    # The other has many errors, which nobody asks for here.
    body = body.replace("(JsonSchemaValueException, JsonSchemaValuesException)", "JsonSchemaValueException")
    body = body.replace("def validate(data, custom_formats={}, name_prefix=None):", SIGNATURE, 1)
    return HEADER + body.strip().replace("\n\n\n\n", "\n\n\n") + "\n"


def _without_words(schema: object, is_schema: bool = True) -> object:
    """The schema without what only people read. Below `properties`, keys are names."""
    if isinstance(schema, dict):
        return {
            key: _without_words(value, not is_schema or key not in ("properties", "definitions"))
            for key, value in schema.items()
            if not (is_schema and key in ("title", "description", "$id"))
        }
    return schema


def main() -> int:
    text = generate()
    if "--check" in sys.argv:
        return int(not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
