"""DeepSpeed rejects a value, or reads it as another one.

In most sections it converts strings in plain notation to numbers and booleans. It rejects all others, and values
that are out of range or not among the choices, when the engine is built: after the job has queued and loaded the
model. A section must be a mapping. At the top level DeepSpeed only tests whether a flag is truthy, so every
non-empty string turns it on: "false", and `no`, which YAML 1.2 reads as a string.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {reduce_bucket_size: "5e8"}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {reduce_bucket_size: 5e8}}}

Source: deepspeed 0.19.8, the models of its config (what pydantic makes of each value was run), of which
schemas/deepspeed_config.yaml names the files; runtime/config_utils.py, DeepSpeedConfigModel (`auto` is left out),
get_scalar_param (nothing is converted)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.knowledge._generated.deepspeed import SECTIONS
from configlint.knowledge.naming import paths
from configlint.rules.argument._kinds import as_boolean, described
from configlint.rules.deepspeed import OFFLOADS, SECTION, got, is_configured, settings, stage, value
from configlint.rules.deepspeed._values import BOUNDS, Facts, is_read_as_number, remedies, said, wanted

# What is derived, in its section or in the place of it, and a device are other rules'.
_OTHERS = {
    *paths("deepspeed"),
    *(name.partition(".")[0] for name in paths("deepspeed")),
    *(f"{section}.device" for section in OFFLOADS),
}


@rule(Severity.ERROR, fixes=True, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    number = stage(plan)
    if number is None:
        return
    for key, setting in settings(plan):
        written: object = {} if setting.mapping else setting.value
        # `auto` is no matter of types.
        if key in _OTHERS or (written == "auto" and key not in OFFLOADS):
            continue
        facts = _facts(plan, key)
        if facts.get("truth"):
            yield from _truth(key, written)
        elif must := wanted(facts, written):
            yield _refused(key, must, written, facts, number)
        elif is_read_as_number(facts, written):
            yield _converted(key, written, facts)


def _facts(plan: Plan, key: str) -> Facts:
    """What is known of a key, as far as it holds for this plan."""
    section, _, name = key.rpartition(".")
    facts = SECTIONS.get(section, {}).get(name, {})
    # The scale is dynamic unless a number is given for it; of one that is not used no range is asked.
    is_dynamic = plan.argument("fp16") is True and value(plan, "fp16.loss_scale") in (None, 0, "auto")
    if facts.get("dynamic") and not is_dynamic:
        return {name: fact for name, fact in facts.items() if name not in BOUNDS}
    return facts


def _refused(key: str, must: str, written: object, facts: Facts, number: int) -> Finding:
    path, name = SECTION + key, key.rpartition(".")[2]
    if not facts["type"]:
        message = f"`{name}` cannot be set in DeepSpeed's config, which rejects every value"
        return Finding(path, message, [Drop(path)], on_key=True)
    message = f"`{name}` must be {must}, got {said(facts, written)}; DeepSpeed rejects it"
    if key in OFFLOADS:
        return Finding(path, message, [_mapping(path, key, written, number)])
    if isinstance(written, bool) and "enabled" in SECTIONS.get(key, {}):
        return Finding(path, message, [Put(path, {"enabled": written})])
    if (since := facts.get("whole_since")) and isinstance(written, float) and must == described(facts["type"]):
        message = f"`{name}` must be {must} since DeepSpeed {since}, got {code(written)}; older releases accept it"
        return Finding(path, message, remedies(path, facts, written), Severity.WARNING)
    return Finding(path, message, remedies(path, facts, written))


def _converted(key: str, written: object, facts: Facts) -> Finding:
    """That true is read as 1, which works."""
    path, name, number = SECTION + key, key.rpartition(".")[2], int(written is True)
    message = f"`{name}` must be {described(facts['type'])}, got {code(written)}; DeepSpeed reads it as {number}"
    return Finding(path, message, remedies(path, facts, written), Severity.WARNING)


def _mapping(path: str, key: str, value: object, number: int) -> Remedy:
    """What was meant, as far as the stage can do it."""
    if value in (False, "none", "auto"):
        return Drop(path, "nothing is offloaded then", safe=True)
    if key == OFFLOADS[1] and number < 3:
        return Drop(path, "only ZeRO-3 offloads parameters")
    if number == 0:
        return Drop(path, "an offloaded optimizer fails under ZeRO-0")
    if value == "nvme" and number == 3:
        return Put(path, {"device": "nvme", "nvme_path": "/path/to/nvme"})
    return Put(path, {"device": "cpu"})


def _truth(key: str, written: object) -> Iterator[Finding]:
    """Of a key that DeepSpeed only asks whether it counts as true."""
    meant = as_boolean(written, ("boolean",))
    if not isinstance(written, str) or not written or meant is True:
        return
    path = SECTION + key
    message = f"`{key}` must be true or false; {got(written)} is non-empty, so it counts as true"
    choices: Sequence[Remedy] = [Put(path, flag) for flag in (True, False)]
    yield Finding(path, message, choices if meant is None else [Put(path, False, safe=True)])
