"""The model's config is not to be found.

It is neither the name or hub id of a bundled profile nor a readable config.json. The job trains as
written, but memory and whatever else depends on the model's shape go unchecked.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.core.wording import listing


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get("model.config")
    name = text(setting.value) if setting else None
    if name is not None and plan.known_models:
        message = f"`{name}` is neither a bundled profile nor a readable config.json"
        yield Finding("model.config", message, help=_help(plan, name))


def _help(plan: Plan, name: str) -> str:
    if name.endswith(".json"):
        return "a path starts from the folder of this file"
    # Of a hub id, what stands behind the owner.
    if close := plan.nearest(name.rpartition("/")[2], plan.known_models):
        return f"did you mean `{close}`? Or give the path of its config.json"
    families = dict.fromkeys(name.partition("-")[0] for name in plan.known_models)
    return f"give the path of its config.json; bundled are models of {listing(families)}"
