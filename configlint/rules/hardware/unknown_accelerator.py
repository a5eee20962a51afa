"""The accelerator is unknown: it is not a bundled profile, a name that drivers print or a cloud's instance type.

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

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import bare
from configlint.core.remedy import Meant, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.knowledge import instances_like
from configlint.knowledge._generated.machines import PRINTED

_PATH = "hardware.accelerator"
# What names of drivers and shops hold beside: makers, series and kinds of memory and module.
_COMMON = r"nvidia|tesla|geforce|amd|instinct|intel|habana|gpu|generation|sxm\d?|hbm\d?e?|oam"


@rule(Severity.ERROR, when=lambda plan: plan.hardware.accelerator is None)
def check(plan: Plan) -> Iterator[Finding]:
    name, known = plan.hardware.accelerator_name, plan.hardware.known
    if name is not None and known:
        yield Finding(_PATH, f"`{plan.name(_PATH)}` {name} is unknown", _remedies(plan, name))


def _remedies(plan: Plan, name: str) -> list[Remedy]:
    known = plan.hardware.known
    words = _words(name)
    if alike := PRINTED.get(bare(name)):  # several devices, which differ in their memory
        return _chosen([*alike])
    # With more than the profile's name says, as the driver has it; or without its memory, `h100`.
    shorter = [profile for profile in known if _is_of(words, _words(profile))]
    longer = [profile for profile in known if words and words < _words(profile)]
    if longer and not shorter:
        return _chosen(longer)
    # A `rtx-4090 laptop` is another device.
    misspelt = [profile for profile in known if not _words(profile) < words]
    machines = instances_like(name)
    if close := max(shorter, key=len, default=None) or plan.nearest(name, [*misspelt, *machines]):
        # Of a cloud's machine the number of devices is known too.
        return [Meant(_PATH, _PATH, close) if close in machines else Put(_PATH, close)]
    families = dict.fromkeys(profile.partition("-")[0] for profile in known)
    why = f"with its memory in GiB; profiles are bundled for {listing(families)}"
    return [Put(_PATH, {"name": name, "memory": 80}, why)]


def _words(name: str) -> frozenset[str]:
    """The words of a name that say which device it is."""
    return frozenset(word for word in re.split(r"[\W_]+", name.lower()) if word and not re.fullmatch(_COMMON, word))


def _is_of(words: frozenset[str], profile: frozenset[str]) -> bool:
    """Whether a name says what that of a profile does, and beside it only what goes without saying: the slot, and
    of what there is in one size only, its memory."""
    has_size = any(word.endswith("gb") for word in profile)
    plain = {word for word in words if word == "pcie" or (word.endswith("gb") and not has_size)}
    return profile <= words <= profile | plain


def _chosen(sizes: list[str]) -> list[Remedy]:
    if len(sizes) > 2:
        return [Say(f"write one of {listing(f'`{size}`' for size in sizes)}", needs=(_PATH,))]
    return [Put(_PATH, size) for size in sizes]
