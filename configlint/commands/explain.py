"""Why a value is what it is: the tree of what it was computed from, down to lines of files."""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.plan import Origin, Plan, with_numbers
from configlint.core.release import UNKNOWN
from configlint.core.wording import code, in_a_line, nearest
from configlint.knowledge.naming import owners, paths
from configlint.knowledge.schemas import schema_text

# What is worth explaining when nothing is asked for.
_LAST_STEP = "schedule.last_step_samples"
MAIN = ("batch.trained", _LAST_STEP, "schedule.total_steps", "schedule.warmup_steps")
# Whose names are understood; of a name that several have, the first's meaning counts.
_PROGRAMS = ("configlint", "training_arguments", "derived", "torchrun", "accelerate", "sbatch", "elsewhere")


def complete(plan: Plan) -> Plan:
    """The plan with what is reckoned for nothing but a command or a question among its origins: the processes of a
    node, and the figures of its memory."""
    world, nodes = plan.parallel.world, plan.hardware.nodes
    if world and nodes and world % nodes == 0:
        origin = Origin(world // nodes, "derived", "world / nodes", ("world", "hardware.nodes"))
        plan = plan._replace(origins={**plan.origins, "nproc_per_node": origin})
    if plan.memory.estimate is None:
        return plan
    from configlint.memory.closed_form.formulas import origins

    return plan._replace(origins={**plan.origins, **origins(plan)})


def asked(plan: Plan, name: str | None) -> list[str]:
    """The paths that a user means by a path, a section, an emitted name or the last part of a path; the main
    ones where nothing is asked for; none where there is no such value."""
    if not name:
        return [path for path in MAIN if path in plan.origins]
    known = _paths(plan)
    named = paths(*_PROGRAMS).get(name, name)
    candidates = (name, named, f"training.{name}", f"arguments.{name}")
    for path in candidates:
        if path in known:
            return [path]
    section = [path for path in known if path.startswith(f"{named}.")]
    found = section or [path for path in known if path.rpartition(".")[2] == name][:1]
    return found or _defaults(plan, name.removeprefix("training."))


def _defaults(plan: Plan, name: str) -> list[str]:
    """The path of an argument that is not written."""
    return [f"training.{name}"] if name in plan.release.arguments and name not in owners() else []


def trees(plan: Plan, paths: list[str]) -> str:
    """The trees below some paths, as lines in columns: name = value, how, why."""
    shown: set[str] = set()
    return "\n".join(_tree(list(_rows(plan, path, "", "", shown))) for path in paths)


def meant(plan: Plan, paths: list[str]) -> str:
    """Of an argument that nobody wrote, what it means and which release added it."""
    if len(paths) != 1 or paths[0] in _paths(plan):
        return ""
    from configlint.commands.meanings import meaning, since

    name = paths[0].partition(".")[2]
    sentences = [meaning(plan.release, plan.release.arguments[name]), since(plan.release, name)]
    return f"  {' '.join(filter(None, sentences))}\n"


def _tree(rows: list[tuple[str, str, str]]) -> str:
    width = max(len(left) for left, _, _ in rows)
    return "".join(f"{left:{width}}  {how:8} {why}".rstrip() + "\n" for left, how, why in rows)


def unknown(plan: Plan, name: str) -> str:
    """Why there is nothing to explain."""
    names = paths(*_PROGRAMS)
    name = {path.rpartition(".")[2]: path for path in MAIN}.get(name, name)
    if name == _LAST_STEP and _is_full(plan):
        return f"{_LAST_STEP} is {plan.batch.trained}, as in all other steps: no step of an epoch has fewer samples"
    if names.get(name, name) in (*names.values(), *MAIN):
        return f"{name} is unknown: the spec does not set what it is computed from"
    if name.partition(".")[2] in _keys(name.partition(".")[0]):
        return f"{name} is not set"
    known = _paths(plan)
    emitted = [name for name, path in names.items() if path in known]
    close = nearest(name, [*known, *(path.rpartition(".")[2] for path in known), *emitted, *plan.release.arguments])
    return f"unknown value {name}" + (f": did you mean {close}?" if close else "")


def _is_full(plan: Plan) -> bool:
    """Whether the last step of an epoch has as many samples as the others; with split_batches a micro-batch of a
    rank has another size."""
    batch, batches, replicas = plan.batch, plan.schedule.batches_per_epoch, plan.parallel.replicas
    if not (batches and batch.per_device and batch.trained and replicas) or _LAST_STEP in plan.origins:
        return False
    splits = any(plan.writes(name) for name in ("accelerator_config", "split_batches"))
    return not splits and batches * batch.per_device * replicas % batch.trained == 0


def _keys(section: str) -> set[str]:
    """The keys of a section of a spec."""
    import json

    form = json.loads(schema_text())["definitions"].get(section, {})
    return set(form.get("properties", ()))


def _paths(plan: Plan) -> list[str]:
    """All that has a value: what was reckoned with, and what was written and is passed on."""
    written = [path for path, setting in plan.spec.settings.items() if not setting.mapping]
    return list(dict.fromkeys([*plan.origins, *written]))


def _rows(plan: Plan, path: str, lead: str, below: str, shown: set[str]) -> Iterator[tuple[str, str, str]]:
    """What a value goes back to is shown where the value first stands, and not again."""
    origin = plan.origins.get(path) or _written(plan, path)
    yield in_a_line(f"{lead}{path} = {_shown(plan, path, origin.value)}"), origin.how, _why(plan, path, origin)
    inputs = () if path in shown else origin.inputs
    shown.add(path)
    for number, name in enumerate(inputs, 1):
        last = number == len(inputs)
        yield from _rows(plan, name, below + ("`- " if last else "|- "), below + ("   " if last else "|  "), shown)


def _written(plan: Plan, path: str) -> Origin:
    """A setting that nothing reckons with is passed on as given, or is the class's default."""
    setting = plan.spec.settings.get(path)
    if setting is None:
        argument = plan.release.arguments[path.partition(".")[2]]
        owner = "TRL" if argument.layer.package == "trl" else "the Trainer"
        return Origin(plan.release.default(argument.name), "default", f"{owner}'s default")
    if setting.of in plan.origins:
        return Origin(setting.value, "derived", setting.of.rpartition(".")[2], (setting.of,))
    return Origin(setting.value, "given", setting=setting)


def _shown(plan: Plan, path: str, value: object) -> str:
    """Bytes in GiB, a default that only the running program knows in words, anything else as it is."""
    if value is UNKNOWN:
        from configlint.commands.meanings import default

        return default(plan.release.arguments[path.partition(".")[2]])
    if path.startswith("memory.") and isinstance(value, int):
        return f"{value / 2**30:.2f} GiB"
    return code(value)


def _why(plan: Plan, path: str, origin: Origin) -> str:
    if origin.setting is not None:
        target = f", target {origin.setting.target}" if origin.setting.target else ""
        written = f", {origin.why}" if origin.why else ""
        return f"{origin.setting.span}{target}{in_a_line(written)}"
    # Of memory the terms stand below, in GiB.
    numbers = with_numbers(plan, origin) if origin.inputs and not path.startswith("memory.") else origin.why
    return origin.why if numbers == origin.why else f"{origin.why} = {numbers}"
