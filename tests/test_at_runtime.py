"""What a file computes is not known before it runs: no rule says anything that depends on it.

Each case of each rule's fixture is taken for a call, and one argument after the other for a value that only the
running program knows. What is found then must be found whatever the value is.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import plans
from test_rules import ALL, cases

from configlint import knowledge, rules
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Rule
from configlint.core.spec import Setting, Spec
from configlint.core.values import AT_RUNTIME
from configlint.lint import lint
from configlint.solver import solve

_FACTORS = ("batch.per_device", "batch.accumulation")
# What else than what was written a value could be.
_OTHERS: tuple[object, ...] = (True, False, None, 0, 1, 7, 1_000_000, 0.05, "no", "steps", "epoch", "auto", {})


def called(spec: Spec, **settings: Setting) -> Spec:
    some = next(iter(spec.settings.values()))
    return spec._replace(call=some.key, settings=spec.settings | settings)


def found(rule: Rule, spec: Spec) -> set[str]:
    plan = solve(spec, knowledge)
    assert rule in rules.for_plan(plan) or not lint(plan, [rule])[0], "what finds something is loaded"
    diagnostics, crashes = lint(plan, [rule])
    if crashes:
        raise crashes[0]
    return {diagnostic.rule for diagnostic in diagnostics}


def called_plans(rule: Rule) -> Iterator[Plan]:
    for case in cases(rule):
        yield from plans(case)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_what_is_found_beside_a_value_only_known_at_runtime_is_found_whatever_it_is(rule: Rule) -> None:
    for plan in called_plans(rule):
        for path, setting in plan.spec.settings.items():
            if setting.of or setting.mapping or not path.startswith(("training.", *_FACTORS)):
                continue
            for found_beside in found(rule, called(plan.spec, **{path: setting._replace(value=AT_RUNTIME)})):
                for value in (setting.value, *_OTHERS):
                    other = called(plan.spec, **{path: setting._replace(value=value)})
                    assert found_beside in found(rule, other) or _is_wrong(other), (path, value)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_what_is_found_in_a_call_with_unknown_further_arguments_is_found_without_them(rule: Rule) -> None:
    for plan in called_plans(rule):
        call = called(plan.spec)
        assert found(rule, call._replace(open=True)) <= found(rule, call) or _is_wrong(call)


def _is_wrong(spec: Spec) -> bool:
    """Whether there is an error, over which a rule may be silent."""
    plan = solve(spec, knowledge)
    diagnostics, _ = lint(plan, rules.for_plan(plan))
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
