"""The rule on meshes and the last guard of `compile` are of one mind."""

from __future__ import annotations

import itertools

import pytest
from conftest import plans

from configlint.backends import unreadable
from configlint.lint import lint
from configlint.rules import for_plan

SIZES = [
    dict(zip(("tensor", "context", "sequence"), sizes, strict=True))
    for sizes in itertools.product((1, 2), repeat=3)
]


@pytest.mark.parametrize("data", ["ddp", "fsdp", "zero0", "zero3"])
@pytest.mark.parametrize("shard", [None, 1, 2, 3, 8, 16])
def test_a_mesh_that_is_not_compiled_is_found_by_the_rule_and_no_other(data: str, shard: int | None) -> None:
    for sizes in SIZES:
        parallel = {"data": data, **({"shard": shard} if shard else {}), **sizes}
        text = (
            f"batch: {{effective: 64}}\nhardware: {{accelerator: t4, devices_per_node: 8}}\nparallel: {parallel}\n"
        )
        (plan,) = plans(text)
        found, crashes = lint(plan, for_plan(plan))
        assert not crashes
        said = any(diagnostic.rule == "parallel/unbuilt-mesh" for diagnostic in found)
        assert said == (unreadable(plan) is not None), text
