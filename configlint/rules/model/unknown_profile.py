"""The model's config cannot be found.

It is neither the name or hub id of a bundled profile nor a readable config.json. The job trains as written, but
memory and everything else that depends on the model's shape is not checked.

Bad:

    model: {config: llama3.1-8b-base}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    model: {config: llama-3.1-8b}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: configlint 0.1 knowledge/models, the profiles
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.core.wording import listing

_PATH = "model.config"


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    name = text(setting.value) if setting else None
    if name is not None and plan.known_models:
        message = f"`{plan.name(_PATH)}` {name} is neither a bundled profile nor a readable config.json"
        message += ", so memory is not checked"
        yield Finding(_PATH, message, _remedies(plan, name))


def _remedies(plan: Plan, name: str) -> list[Remedy]:
    if name.endswith(".json"):
        return [Say("write a path that starts from the folder of this file")]
    # Of a hub id, what stands behind the owner.
    name = name.rpartition("/")[2]
    if close := plan.nearest(name, plan.known_models):
        return [Put(_PATH, close), Say("write the path of its config.json")]
    families = dict.fromkeys(name.partition("-")[0] for name in plan.known_models)
    return [Say(f"write the path of its config.json; bundled profiles are of {listing(families)}")]
