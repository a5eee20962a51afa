"""Findings to diagnostics: the one place that turns a path into file, line and column, and a remedy into what the
user would write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from configlint.core.diagnostic import Diagnostic, Related
from configlint.core.edit import KEPT, Edit
from configlint.core.plan import Plan, causes
from configlint.core.remedy import Drop, Meant, Move, Put, Remedy, Say
from configlint.core.rule import Finding, Rule
from configlint.core.source import Span, start_of
from configlint.core.spec import Setting
from configlint.core.values import AT_RUNTIME, OnlyAtRuntime
from configlint.core.writing import in_python, python, written
from configlint.knowledge.facts import FACTS, arguments

# Characters of a message. The longest of our own have some hundreds.
_LONGEST = 1000


class RuleCrash(Exception):
    """A rule failed on a plan, or what comes before the rules on a file: a fault of ours, the cause
    is chained."""


def crash(what: str, error: Exception) -> RuleCrash:
    """A fault to be told of at the end, while the rest goes on."""
    fault = RuleCrash(f"{what}: {error!r}")
    fault.__cause__ = error
    return fault


def lint(plan: Plan, rules: Iterable[Rule]) -> tuple[list[Diagnostic], list[RuleCrash]]:
    """What the rules find in a plan, each at its place; and the rules that crashed."""
    diagnostics: list[Diagnostic] = []
    crashes: list[RuleCrash] = []
    for rule in rules:
        try:
            diagnostics += _found(plan, rule)
        except Exception as error:
            crashes.append(crash(f"rule {rule.name} failed on {plan.spec.source.name}", error))
    return diagnostics, crashes


def _found(plan: Plan, rule: Rule) -> list[Diagnostic]:
    if plan.spec.call is None:
        return [_locate(plan, rule, finding) for finding in rule.check(plan)]
    try:
        return list(_until_runtime(plan, rule))
    except OnlyAtRuntime:
        # What is computed ends the rule only for itself, where it goes through the arguments one by one.
        seen = tuple(use for use in plan.uses if use.value is not AT_RUNTIME)
        found = []
        with suppress(OnlyAtRuntime):
            for each in _until_runtime(plan._replace(uses=seen), rule):
                found.append(each)
        return found


def _until_runtime(plan: Plan, rule: Rule) -> Iterator[Diagnostic]:
    for finding in rule.check(plan):
        yield _locate(plan, rule, finding)


def _readable(sentence: str) -> str:
    """A sentence as far as somebody would read it: what it repeats of a user's text can have any length."""
    return sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST] + "…"


def _locate(plan: Plan, rule: Rule, finding: Finding) -> Diagnostic:
    span = _span(plan, finding.path, finding.on_key)
    words: Callable[[str], str] = in_python if plan.spec.call else str
    related = [Related(words(message), _span(plan, path)) for path, message in finding.related]
    help = words(_help(plan, finding) or "")
    row = rule.rows[finding.row] if finding.row else None
    return Diagnostic(
        rule.named(finding.row) if finding.row else rule.name,
        finding.severity or (row and row.severity) or rule.severity,
        _readable(words(finding.message)),
        span,
        _readable(help) if help else None,
        finding.path,
        tuple(other for other in related if other.span != span),
        (plan.spec.target or "",),
        fix=_edit(plan, finding),
        compiled=finding.compiled,
        table=rule.name if finding.row else None,
        meant=tuple(_meant(finding)),
        unsafe=_unsafe_edit(plan, finding),
    )


def _meant(finding: Finding) -> Iterator[Meant]:
    for remedy in finding.remedies:
        if isinstance(remedy, Meant):
            yield remedy
        elif isinstance(remedy, Put) and remedy.meant:
            yield Meant(remedy.path, remedy.path, remedy.value)


def _edit(plan: Plan, finding: Finding) -> Edit | None:
    """What the first safe remedy does to an entry that is there; None where there is none such. Of several acts
    that end in a safe move, the others follow from it."""
    for each in finding.remedies:
        remedy = each[-1] if isinstance(each, tuple) and isinstance(each[-1], Move) else each
        if isinstance(remedy, Put | Drop | Move) and remedy.safe:
            return _edit_of(plan, remedy)
    return None


def _unsafe_edit(plan: Plan, finding: Finding) -> Edit | None:
    """What the only remedy does, where it is not safe. Between several, the user has to choose."""
    if len(finding.remedies) != 1:
        return None
    remedy = finding.remedies[0]
    if isinstance(remedy, Meant):
        remedy = Move(remedy.path, remedy.to, remedy.value)
    if not isinstance(remedy, Put | Drop | Move) or remedy.safe or _twins(plan, remedy):
        return None
    return _edit_of(plan, remedy)


def _edit_of(plan: Plan, remedy: Put | Drop | Move) -> Edit | None:
    setting = plan.spec.settings.get(remedy.path)
    if setting is None or (not isinstance(remedy, Drop) and _has_another_form(plan, remedy.path)):
        return None
    if isinstance(remedy, Put):
        return Edit(setting.key, value=remedy.value)
    if isinstance(remedy, Drop):
        is_inherited = _is_removed_by_null(plan, remedy)
        return Edit(setting.key, value=None) if is_inherited else Edit(setting.key, delete=True)
    route = _route(plan, remedy.to)
    if route is None:
        return None
    if route[:-1] != setting.keys[:-1]:
        is_simple = plan.spec.call is None and setting.target is None
        return Edit(setting.key, value=remedy.value, route=route) if is_simple else None
    return Edit(setting.key, route[-1] if route != setting.keys else None, remedy.value)


def _help(plan: Plan, finding: Finding) -> str | None:
    """The remedies as far as they can be said in the dialect of the file; None where there are none."""
    spelled = [words for remedy in finding.remedies if (words := _spelled(plan, finding.path, remedy))]
    # Where one says more than one thing, what belongs to it must be seen.
    has_reason = any(": " in words.rpartition("`")[2] for words in spelled[:-1])
    if has_reason or any(" and " in words for words in spelled):
        return "; or ".join(spelled)
    return _joined(spelled, " or ") or None


def _joined(acts: list[str], between: str) -> str:
    """Several acts; one verb is enough for values to choose from or to write or remove together, and one place."""
    if len(acts) > 1 and all(act.startswith("write `") for act in acts):
        place = acts[-1].rpartition("` ")[2]
        is_common = place.startswith("in `") and all(act.endswith(f"` {place}") for act in acts)
        acts[:-1] = [act.removesuffix(f" {place}") if is_common else act for act in acts[:-1]]
        acts[1:] = [act.removeprefix("write ") for act in acts[1:]]
    elif between == " and " and all(act.startswith("remove ") for act in acts):
        acts[1:] = [act.removeprefix("remove ") for act in acts[1:]]
    return between.join(acts)


def _spelled(plan: Plan, at: str, remedy: Remedy) -> str | None:
    """What to do, where it is said of the setting at a path; None where the dialect cannot say it."""
    if isinstance(remedy, Say):
        return remedy.text if plan.can_say(*remedy.needs) else None
    if isinstance(remedy, Meant):
        word = remedy.to.rpartition(".")[2] if remedy.value is KEPT else remedy.value
        return f"did you mean `{word}`?{remedy.more}"
    if isinstance(remedy, Put | Drop | Move):
        each_act = [_act(plan, at, remedy), *(_act(plan, at, twin) for twin in _twins(plan, remedy))]
        act = _joined([act for act in each_act if act], " and ") if all(each_act) else None
        return f"{act}: {remedy.why}" if act and remedy.why else act
    acts = [act for each in remedy if (act := _spelled(plan, at, each))]
    return _joined(acts, " and ") if len(acts) == len(remedy) else None


def _twins(plan: Plan, remedy: Put | Drop | Move) -> list[Put]:
    """The same for the other name of a fact, where both are written: one would contradict the other otherwise."""
    settings = plan.spec.settings
    here = settings.get(remedy.path)
    if not isinstance(remedy, Put) or here is None or here.of is not None:
        return []
    paths = [(fact, *arguments(fact, settings)) for fact in FACTS]
    others = [path for names in paths if remedy.path in names for path in names if path != remedy.path]
    return [
        Put(path, remedy.value)
        for path in others
        if path in settings and settings[path].of is None and settings[path].value != remedy.value
    ]


def _act(plan: Plan, at: str, remedy: Put | Drop | Move) -> str | None:
    if not isinstance(remedy, Drop) and _has_another_form(plan, remedy.path):
        return None
    if isinstance(remedy, Drop):
        if _is_removed_by_null(plan, remedy):
            return _write(plan, at, remedy.path, "null")
        return "remove it" if remedy.path == at else f"remove `{plan.name(remedy.path)}`"
    if isinstance(remedy, Put) and (machine := _as_machine(plan, remedy)):
        return f"write `{machine}`"
    if isinstance(remedy, Put):
        return _write(plan, at, remedy.path, _in_place(plan, remedy) or _text(plan, remedy.value))
    route, setting = _route(plan, remedy.to), plan.spec.settings.get(remedy.path)
    if route is None or setting is None:
        return None
    text = _as_written(setting) if remedy.value is KEPT else _text(plan, remedy.value)
    is_renamed = route[:-1] == setting.keys[:-1]
    if is_renamed and text:
        return _write(plan, at, remedy.to, text)
    what = "it" if remedy.path == at else f"`{plan.name(remedy.path)}`"
    if remedy.value is not KEPT:
        return f"remove {what} and {_write(plan, at, remedy.to, text)}" if text else None
    return f"rename {what} to `{route[-1]}`" if is_renamed else f"move {what} to `{'.'.join(route)}`"


def _as_machine(plan: Plan, remedy: Put) -> str | None:
    """The whole machine in one word, where that is how it is stated."""
    setting = plan.spec.settings.get(remedy.path)
    if remedy.path != "hardware.accelerator" or setting is None or setting.keys != ("hardware",):
        return None
    nodes, devices = plan.hardware.nodes, plan.hardware.devices_per_node
    return f"{f'{nodes}x' if nodes != 1 else ''}{devices}x{remedy.value}"


def _has_another_form(plan: Plan, path: str) -> bool:
    """Whether a fact is written as something else: that the method is lora as `use_peft: true`, or as a call."""
    setting = plan.spec.settings.get(path)
    if setting is None or not setting.keys:
        return setting is not None
    return setting.of is not None and setting.value != plan.spec.settings[setting.of].value


def _is_removed_by_null(plan: Plan, drop: Drop) -> bool:
    """Whether to remove a setting is to write null: removed, it would be inherited."""
    setting = plan.spec.settings.get(drop.path)
    if setting is None or not setting.overrides:
        return False
    if not drop.path.startswith(("training.", "arguments.")):
        return True
    # For an argument, null is a value, which it must take. One that can go safely has no effect, inherited or not.
    uses = [use for use in plan.uses if use.path == drop.path and not drop.safe and use.value is not None]
    return any(use.argument is not None and "null" in use.argument.kinds for use in uses)


def _write(plan: Plan, at: str, path: str, text: str | None) -> str | None:
    """`write `x: 1``, and in which section where that is not the one of the finding."""
    route, setting = _route(plan, path), _shown_at(plan, at)
    if route is None or text is None:
        return None
    here = setting.keys if setting else ()
    *section, key = route
    entry = f"{key}={text}" if plan.spec.call else f"{_text(plan, key) if _is_json(plan) else key}: {text}"
    if here[:-1] == route[:-1] and (here or not section):
        return f"write `{entry}`"
    if not section:
        return f"write `{entry}` at the root"
    # A section that is not there yet has to be written too.
    for number in range(len(section), 0, -1):
        name = ".".join(section[:number])
        if name in plan.spec.settings:
            target = plan.spec.settings[name].target
            return f"write `{entry}` in `{f'targets.{target}.' if target else ''}{name}`"
        entry = f"{section[number - 1]}: {{{entry}}}"
    return f"write `{entry}`"


def _text(plan: Plan, value: object) -> str | None:
    """A value as it would be written in the file; None where that cannot be done."""
    if plan.spec.call:
        return python(value)
    try:
        return written(value, '"' if _is_json(plan) else "")
    except ValueError:
        return None


def _in_place(plan: Plan, put: Put) -> str | None:
    """`torch.float32` in place of `torch.float16`: an attribute of the same module as it stands there."""
    setting = plan.spec.settings.get(put.path)
    now, value = _as_written(setting) if setting and plan.spec.call else None, setting.value if setting else None
    if now and isinstance(value, str) and isinstance(put.value, str) and now.endswith(f".{value}"):
        return now.removesuffix(value) + put.value
    return None


def _is_json(plan: Plan) -> bool:
    return plan.spec.source.name.endswith(".json")


def _as_written(setting: Setting) -> str | None:
    """A value as it stands in its file, if that is a word or two."""
    span = setting.span
    if setting.mapping or isinstance(setting.value, list | dict) or span.line != span.end_line:
        return None
    lines = span.source.lines()
    return lines[span.line - 1][span.column - 1 : span.end_column - 1] if span.line <= len(lines) else None


def _route(plan: Plan, path: str) -> tuple[str, ...] | None:
    """The keys down to a path: as they are written, or as the dialect has them."""
    setting = plan.spec.settings.get(path)
    return setting.keys if setting else plan.spec.dialect.route(path)


def _span(plan: Plan, path: str, on_key: bool = False) -> Span:
    """Where a value stands; for a derived one, the first line that it goes back to."""
    setting = _shown_at(plan, path)
    if setting is None:
        return plan.spec.call or start_of(plan.spec.source)
    # A section's own span runs to the next token; its key is what a reader looks for.
    return setting.key if on_key or setting.mapping or setting.span.end_line > setting.span.line else setting.span


def _shown_at(plan: Plan, path: str) -> Setting | None:
    """Where a value stands; for a derived one, the first setting that it goes back to; else its section."""
    settings = causes(plan, path)
    return settings[0] if settings else plan.spec.place(path)
