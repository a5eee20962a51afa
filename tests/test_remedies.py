"""A remedy works when it is followed to the letter: the finding is gone, and there is no new error.

Each remedy that is data (Put, Drop, Move, or several of them) of each finding in the rules' fixtures and in the bad
examples of their pages is applied to the spec itself, and what comes out is checked with all rules.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from typing import Any, NamedTuple

import pytest
from conftest import name_of, parsed
from test_rules import ALL, cases, example

from configlint import lint, rules
from configlint.core.diagnostic import Severity
from configlint.core.document import plain
from configlint.core.edit import KEPT
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Meant, Move, Put, Remedy, Say
from configlint.core.rule import Finding, Rule
from configlint.core.writing import written
from configlint.frontends import spec as spec_yaml
from configlint.session import Session

# Other mistakes of a spec that only come to light once a remedy is followed: the rule of the finding, that of the
# new error (or `*`), and why it is not the remedy that is wrong.
_READ = "the value is judged once it can be read"
_NAMED = "the argument is judged once it has the name and the place that count"
_EFFECT = "the setting is judged once it has an effect"
_RELEASE = "the spec is judged anew for another release"
_SPLIT = "the batch, the mesh and the optimizer are judged once the devices are known that share them"
_BATCH = "what depends on the batch is judged once it is known"
_REST = "the rest of `hardware` was missing before, said of `batch`"
_OTHER = "the other factor was missing before, said of the argument"
_DEFAULT = "the default is wrong beside another setting, too"
_MORE = "a warning of batched_mm was there before: it takes more with more samples"
_SCRIPT = "a script is judged once it is known which trainer it builds"
_METHOD = "the step is known once it is known what is trained"
REVEALED = [
    ("launch/missing-module", "*", _RELEASE),
    ("launch/script-and-module", "trl/missing-model", _SCRIPT),
    ("launch/unnamed-trainer", "*", _SCRIPT),
    ("trl/quantized-without-adapters", "memory/does-not-fit", _METHOD),
    ("trl/unread-setting", "trl/quantized-without-adapters", _RELEASE),
    ("argument/boolean-as-text", "*", _READ),
    ("argument/boolean-for-word", "*", _READ),
    ("argument/number-as-text", "*", _READ),
    ("argument/unknown-choice", "*", _READ),
    ("argument/wrong-type", "*", _READ),
    ("argument/deprecated", "*", _NAMED),
    ("argument/misplaced", "*", _NAMED),
    ("argument/removed", "*", _NAMED),
    ("argument/no-effect", "*", _EFFECT),
    ("deepspeed/refused-value", "deepspeed/refused-combination", _READ),
    ("deepspeed/shadowed-schedule", "schedule/scheduler-kwargs", _EFFECT),
    ("schedule/ignored-warmup", "schedule/warmup-beyond-run", _EFFECT),
    ("schedule/scheduler-kwargs", "argument/misplaced", _EFFECT),
    ("argument/not-yet", "*", _RELEASE),
    ("parallel/too-old-release", "*", _RELEASE),
    ("argument/unknown", "hardware/missing", _REST),
    ("batch/derived-argument", "hardware/missing", _REST),
    ("batch/derived-argument", "batch/missing", _OTHER),
    ("batch/derived-argument", "batch/indivisible", _BATCH),
    ("batch/derived-argument", "parallel/full-checkpoint", _EFFECT),
    ("batch/derived-argument", "parallel/unlaunched-mesh", _EFFECT),
    ("hardware/missing", "*", _SPLIT),
    ("hardware/none-left", "*", _SPLIT),
    ("hardware/too-many-devices", "*", _SPLIT),
    ("hardware/uneven-nodes", "batch/*", _SPLIT),
    ("hardware/uneven-nodes", "parallel/full-checkpoint", _SPLIT),
    ("parallel/indivisible-heads", "batch/indivisible", _SPLIT),
    ("parallel/indivisible-world", "*", _SPLIT),
    ("parallel/tensor-across-nodes", "batch/indivisible", _SPLIT),
    ("parallel/unbuilt-mesh", "batch/indivisible", _SPLIT),
    ("parallel/unbuilt-mesh", "parallel/mesh-without-fsdp2", _SPLIT),
    ("batch/indivisible", "batch/accumulation-beyond-epoch", _BATCH),
    ("batch/indivisible", "memory/does-not-fit", _BATCH),
    ("batch/indivisible", "schedule/warmup-beyond-run", _BATCH),
    ("batch/missing", "*", _BATCH),
    ("batch/too-large", "batch/indivisible", _BATCH),
    ("memory/does-not-fit", "memory/gathered-experts", _MORE),
    ("memory/needless-accumulation", "memory/gathered-experts", _MORE),
    ("argument/not-finite", "checkpoint/best-steps-mismatch", _DEFAULT),
    ("argument/out-of-range", "batch/indivisible-generations", _DEFAULT),
    ("trainer/unknown", "trl/incompatible-arguments", "the arguments are judged once their class is known"),
    ("trl/incompatible-arguments", "batch/indivisible-generations", "each of the two alone is wrong, too"),
]

# Findings that stay, and why.
STAYING = {"argument/not-yet": "the same argument stands above the target, too"}

# What is found: by rule and path, how often.
Found = Counter[tuple[str, str | None]]


class Checked(NamedTuple):
    """The findings of a spec in each of its plans; by target, what was found and what of it is an error; and
    what is wrong with its form."""

    findings: list[tuple[Plan, Rule, Finding]]
    by_target: dict[str | None, Found]
    errors: dict[str | None, Found]
    form: Found


@cache
def check(text: str) -> Checked:
    loaded = Session().load(parsed(text), spec_yaml)
    form = Counter((found.rule, found.path) for found in loaded.diagnostics if found.severity is Severity.ERROR)
    checked = Checked([], {}, {}, form)
    for plan in loaded.plans:
        target = plan.spec.target
        by_target = checked.by_target.setdefault(target, Counter())
        errors = checked.errors.setdefault(target, Counter())
        for rule in rules.for_plan(plan):
            for finding in rule.check(plan):
                checked.findings.append((plan, rule, finding))
                by_target[rule.name, finding.path] += 1
                if (finding.severity or rule.severity) is Severity.ERROR:
                    errors[rule.name, finding.path] += 1
    return checked


def followed(data: Any, plan: Plan, at: str, remedy: Remedy) -> Any:
    """The spec as it is after the acts of a remedy."""
    after = copy.deepcopy(data)
    for act in remedy if isinstance(remedy, tuple) and not isinstance(remedy, Put | Drop | Move) else (remedy,):
        if isinstance(act, Put):
            put(after, plan, at, act.path, act.value)
        else:
            *section, key = keys(plan, at, act.path)
            held = mapping(after, section).pop(key)
            if isinstance(act, Drop) and lint._is_removed_by_null(plan, act):
                mapping(after, section)[key] = None
            if isinstance(act, Move):
                put(after, plan, at, act.to, held if act.value is KEPT else act.value)
    return after


def put(data: Any, plan: Plan, at: str, path: str, value: object) -> None:
    *section, key = keys(plan, at, path)
    mapping(data, section)[key] = list(value) if isinstance(value, tuple) else value


def keys(plan: Plan, at: str, path: str) -> list[str]:
    """The keys down to where `lint` says that a path is written: as it stands, beside the finding, or in the
    section that is there."""
    route = lint._route(plan, path)
    assert route is not None
    here = lint._shown_at(plan, at)
    setting = plan.spec.place(path)
    if path not in plan.spec.settings and here and here.keys[:-1] == route[:-1]:
        setting = here
    return [*(("targets", setting.target) if setting and setting.target else ()), *route]


def mapping(data: Any, section: list[str]) -> dict[str, Any]:
    for key in section:
        if not isinstance(data.get(key), dict):
            data[key] = {}
        data = data[key]
    return data


class Followed(NamedTuple):
    """A remedy of a rule's finding, in words, and what comes of it: whether the finding is still there, and the
    rules of the errors that were not there before."""

    rule: str
    said: str
    stays: bool
    new: frozenset[str]


@cache
def every_remedy(text: str) -> list[Followed]:
    """The remedies of all findings of a spec, each followed by itself."""
    before, document = check(text), parsed(text).document
    assert document is not None
    every = []
    for plan, rule, finding in before.findings:
        for remedy in finding.remedies:
            # A question is no instruction.
            if isinstance(remedy, Say | Meant) or lint._spelled(plan, finding.path, remedy) is None:
                continue
            after = written(followed(plain(document), plan, finding.path, remedy))
            found, target, where = check(after), plan.spec.target, (rule.name, finding.path)
            # What is right for one target can be wrong for another that shares the setting.
            new = found.errors.get(target, Counter()) + found.form - before.errors[target] - before.form
            stays = found.by_target.get(target, Counter())[where] >= before.by_target[target][where]
            said = f"{rule.name} at {finding.path}: {finding.message}\n{remedy}\n{after}"
            every.append(Followed(rule.name, said, stays, frozenset(name for name, _ in new)))
    return every


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_a_remedy_that_is_followed_ends_the_finding_and_makes_no_error(rule: Rule) -> None:
    wrong = []
    for each in (each for text in specs(rule) for each in every_remedy(text)):
        if each.stays and each.rule not in STAYING:
            wrong.append(f"leaves the finding: {each.said}")
        if new := {name for name in each.new if not any(is_revealed(line, each, name) for line in REVEALED)}:
            wrong.append(f"makes the errors {new}: {each.said}")
    assert not wrong, "\n\n".join(wrong)


def test_every_exception_is_needed() -> None:
    every = [each for rule in ALL for text in specs(rule) for each in every_remedy(text)]
    needed = {line for line in REVEALED for each in every if any(is_revealed(line, each, new) for new in each.new)}
    assert needed == {*REVEALED}
    assert {each.rule for each in every if each.stays} == {*STAYING}


def is_revealed(line: tuple[str, str, str], followed: Followed, new: str) -> bool:
    rule, error, _ = line
    return followed.rule == rule and fnmatch(new, error)


def specs(rule: Rule) -> Iterator[str]:
    """The cases of a rule's fixture that are specs, and the bad example of its page."""
    yield from (text for text in (example(rule, "Bad"), *cases(rule)) if name_of(text) == "train.yaml")


def test_what_a_target_sets_anew_is_removed_by_null_because_it_would_be_inherited() -> None:
    deepspeed = "parallel: {data: zero3, deepspeed: {zero_optimization: {sub_group_size: %s}}}"
    shared, own = deepspeed % 1000, deepspeed % "auto"
    text = f"batch: {{effective: 64}}\n{shared}\ntargets:\n  small:\n    {own}\n"
    *_, plan = Session().load(parsed(text), spec_yaml).plans
    found, _ = lint.lint(plan, [rule for rule in ALL if rule.name == "deepspeed/unfilled-auto"])
    assert [each.help for each in found] == ["write `sub_group_size: null`: DeepSpeed then uses its own default"]
    assert [each.fix.value if each.fix else each for each in found] == [None]
