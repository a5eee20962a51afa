"""The files of schemas/."""

from __future__ import annotations

import os


def schema_text(name: str = "spec", suffix: str = ".schema.json") -> str:
    """The text of a file of schemas/, which is inside the wheel, or at the top of a checkout."""
    package = os.path.dirname(os.path.dirname(__file__))
    path = os.path.join("schemas", name + suffix)
    inside = os.path.join(package, path)
    with open(
        inside if os.path.exists(inside) else os.path.join(package, os.pardir, path), encoding="utf-8"
    ) as file:
        return file.read()
