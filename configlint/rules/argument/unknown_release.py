"""There is no data of the release that is named.

What it takes is then judged by the last one before it that is known: an argument that came or went since is
judged wrongly. A release that was never made is most likely a slip.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    transformers: "4.60"

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    transformers: "4.57"

Source: https://pypi.org/project/transformers/#history; https://pypi.org/project/trl/#history
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.rule import Finding, rule
from configlint.core.values import decimal


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    for package, versions in plan.release.known.items():
        named = getattr(plan, package) if plan.given(package) else None
        meant = _version(named)
        if meant is None or meant in versions:
            continue
        first, last = versions[0], versions[-1]
        judged = max((version for version in versions if version < meant), default=first)
        if meant > last:
            # It may have come out since.
            message, severity = f"{package} {named} is newer than what configlint knows", Severity.INFO
            help = f"update configlint; judged as {written(judged)}"
        else:
            message, severity = f"there is no data of {package} {named}", None
            help = f"name a release from {written(first)} to {written(last)}; judged as {written(judged)}"
        yield Finding(package, message, help, severity)


def _version(text: str | None) -> tuple[int, int] | None:
    parts = (text or "").split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        return None
    return decimal(parts[0]), decimal(parts[1])
