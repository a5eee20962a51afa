"""configlint has no data for the release that is set.

The config is then checked against the latest known release before it. Of a release that is newer than the data, the
arguments are read from its source where it is installed, in configlint's own environment or in the project's
`.venv`; elsewhere, an argument that configlint does not know is a warning. A release that was never published is
most likely a typo.

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
from configlint.core.release import version_of, written
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule


@rule(Severity.WARNING, when=lambda plan: plan.given("transformers") or plan.given("trl"))
def check(plan: Plan) -> Iterator[Finding]:
    for package, versions in plan.release.known.items():
        named = getattr(plan, package) if plan.given(package) else None
        meant = version_of(named)
        if meant is None or meant in versions:
            continue
        first, last = versions[0], versions[-1]
        judged = max((version for version in versions if version < meant), default=first)
        as_what = f"it is checked as {written(judged)}"
        if meant > last:
            # It may have come out since.
            message = f"{package} {named} is newer than this configlint; {as_what}"
            if plan.spec.newer.get(package):
                message += ", with the arguments of the release that is installed"
            yield Finding(package, message, [Say("update configlint")], Severity.INFO)
        else:
            message = f"configlint has no data for {package} {named}; {as_what}"
            if meant < first:
                message = f"configlint knows no {package} older than {written(first)}, got {named}; {as_what}"
            yield Finding(package, message, [Say(f"write a release from {written(first)} to {written(last)}")])
