"""The release of TRL has no script of this name.

The launcher fails to import the module, once for each process. TRL's scripts are modules since 0.13, and those for
further trainers came later.

Bad:

    trl: "0.15"
    trainer: RewardTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.reward}

Good:

    trl: "0.24"
    trainer: RewardTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.reward}

Source: trl 0.9 to 1.16, scripts/
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.rules.launch import is_of_trl

_PATH, _SCRIPTS = "launch.module", "trl.scripts."
# Those that train nothing.
_TOOLS = ("chat", "env", "utils", "vllm_serve")


@rule(Severity.ERROR, when=is_of_trl)
def check(plan: Plan) -> Iterator[Finding]:
    module, trl = plan.launch.module or "", plan.release.trl
    if not is_of_trl(plan):
        return
    known = {name: layer for name, layer in plan.release.others.items() if name.startswith(_SCRIPTS)}
    if trl is None or not known or plan.given("launch.script"):
        return
    layer = known.get(module)
    if layer is None:
        if module.removeprefix(_SCRIPTS) not in _TOOLS and _is_known(plan):
            names = [f"`{name}`" for name, each in sorted(known.items()) if each.is_there]
            message = f"trl {written(trl)} has no module {module}"
            yield Finding(_PATH, message, [Say(f"write one of {listing(names)}")] if names else [])
    elif not layer.is_there:
        first = min(facts["life"][0][0] for facts in layer.arguments.values())
        message = f"{module} was added in trl {written(first)}; this job runs {plan.runs('trl', trl)}"
        upgrade = Put("trl", written(first), why="the job must then run that release")
        yield Finding(_PATH, message, [upgrade])


def _is_known(plan: Plan) -> bool:
    """Whether it is the very release that there is data of: a newer one may have further scripts."""
    known = [written(version) for version in plan.release.known["trl"]]
    return plan.trl is None or ".".join(plan.trl.split(".")[:2]) in known
