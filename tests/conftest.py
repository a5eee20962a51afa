"""What several test files need."""

from __future__ import annotations

import re

import pytest

from configlint import knowledge
from configlint.core.document import Mapping
from configlint.core.plan import Plan
from configlint.frontends import FRONT_ENDS
from configlint.frontends import spec as spec_yaml
from configlint.session import Parsed, Session
from configlint.solver import solve


def parsed(text: str, name: str = "train.yaml") -> Parsed:
    """A text as the file of that name."""
    return Session().parse(name, text.encode())


def plans(text: str, name: str | None = None) -> list[Plan]:
    """The plans of a spec, or of the calls in a script."""
    name = name or name_of(text)
    front_end = FRONT_ENDS["training_arguments"] if name.endswith(".py") else spec_yaml
    return Session().load(parsed(text, name), front_end).plans


def name_of(text: str) -> str:
    """What a case of a fixture is: a script or a spec."""
    return "train.py" if re.search(r"^(?:import|from) ", text, re.MULTILINE) else "train.yaml"


def plan(text: str) -> Plan:
    """The plan of a spec without targets, batch or none."""
    document = parsed(text).document
    assert isinstance(document, Mapping)
    return solve(spec_yaml.lower([document]).shared, knowledge)


# As long as those with heavy tests.
LONG = ("test_kill.py", "test_linear.py", "test_recipes.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that none of them is left to a single worker at the end."""
    long = {item.path for item in items if item.get_closest_marker("heavy") or item.path.name in LONG}
    items.sort(key=lambda item: item.path not in long)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write what is compiled now to tests/golden")
