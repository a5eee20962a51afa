"""What the programs say of the files that they are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from configlint.core.diagnostic import Diagnostic
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.wording import listing

JSON = "training_args.json"
# The object in that JSON, which another package reads.
DEEPSPEED = "deepspeed"


class Made(NamedTuple):
    """What was made of a plan: the texts of its files by their names, the words of launch.sh's command on each node
    where the files are in a folder, and the variables of the mesh."""

    plan: Plan
    texts: dict[str, str]
    commands: Callable[[str], list[list[str]]]
    mesh: dict[str, str]


class Verdict(NamedTuple):
    """One program's on one file, or on the object in one: `by` names what read it, with its release, and is None
    where nothing did or it was refused; `unverified` says what could not be verified, and why; `diagnostics` is
    what it refused."""

    what: str
    by: str | None
    unverified: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def lines(plans: Sequence[Plan], verdicts: Sequence[Sequence[Verdict]]) -> list[str]:
    """By what the files of some plans were read, and what could not be verified; each is said once."""
    accepted: dict[str, dict[str, None]] = {}
    parsed: dict[str, dict[str, None]] = {}
    for plan, group in zip(plans, verdicts, strict=True):
        for what in dict.fromkeys(verdict.what for verdict in group):
            readers = [verdict.by for verdict in group if verdict.what == what and verdict.by]
            if readers and what == JSON:
                accepted.setdefault(listing(readers), {})[plan.hardware.accelerator_name or ""] = None
            elif readers:
                parsed.setdefault(listing(readers), {})[f"{what} in {JSON}" if what == DEEPSPEED else what] = None
    unverified = dict.fromkeys(reason for group in verdicts for verdict in group for reason in verdict.unverified)
    return [
        *(f"accepted by {name} for {listing(accelerators)}" for name, accelerators in accepted.items()),
        *(f"parsed by {names}: {listing(files)}" for names, files in parsed.items()),
        *(f"not verified: {reason}" for reason in unverified),
    ]
