"""No bundled profile has the accelerator's name.

Memory, precision and speed are then not known, so that everything which depends on them goes
unchecked, and the per-device batch is chosen without them.

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
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name, known = plan.hardware.accelerator_name, plan.hardware.known
    if name is not None and known:
        yield Finding("hardware.accelerator", f"there is no accelerator `{name}`", help=_help(plan, name))


def _help(plan: Plan, name: str) -> str:
    lower, known = name.lower(), plan.hardware.known
    # Without its memory, `h100`, a name is too short to be near any; with one that goes without saying, too long.
    sizes = [f"`{profile}`" for profile in known if profile.startswith(f"{lower}-")]
    if sizes and lower not in known:
        return f"write {listing(sizes, 'or')}"
    whole = [profile for profile in known if lower == profile or lower.startswith(f"{profile}-")]
    if close := max(whole, key=len, default=None) or plan.nearest(name, known):
        return f"did you mean `{close}`?"
    return f"describe it, with its memory in GiB: `{{name: {name}, memory: 80}}`; bundled are {listing(known)}"
