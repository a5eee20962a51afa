"""The accelerator is unknown: no bundled profile has its name.

Its memory, precision and speed are unknown then. Nothing that depends on them is checked, and the per-device batch
is chosen without them.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: rtx4090-24gb, devices_per_node: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: rtx-4090, devices_per_node: 8}

Source: configlint 0.1 knowledge/hardware, the profiles
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.rules.hardware import alike

_PATH = "hardware.accelerator"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name, known = plan.hardware.accelerator_name, plan.hardware.known
    if name is not None and known:
        yield Finding(_PATH, f"`{plan.name(_PATH)}` {name} is unknown", _remedies(plan, name))


def _remedies(plan: Plan, name: str) -> list[Remedy]:
    lower, known = name.lower(), plan.hardware.known
    # Without its memory, `h100`, a name is too short to be near any; with one that goes without saying, too long.
    sizes = [profile for profile in known if profile.startswith(f"{lower}-")]
    if sizes and lower not in known:
        return _chosen(sizes)
    whole = [profile for profile in known if lower == profile or lower.startswith(f"{profile}-")]
    if close := max(whole, key=len, default=None) or plan.nearest(name, alike(name, known)):
        return [Put(_PATH, close)]
    return [
        Put(_PATH, {"name": name, "memory": 80}, f"with its memory in GiB; bundled profiles are {listing(known)}")
    ]


def _chosen(sizes: list[str]) -> list[Remedy]:
    if len(sizes) > 2:
        return [Say(f"write one of {listing(f'`{size}`' for size in sizes)}", needs=(_PATH,))]
    return [Put(_PATH, size) for size in sizes]
