"""Figures of traces that `fit --save` put into a model's file, beside its config: read without torch.

A figure is of one batch. Between two batches the need is at most the straight line between them, as it is convex in
the batch; beyond the largest nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from configlint.core.record import NamedTuple
from configlint.core.typing import Any
from configlint.core.workload import CATEGORIES, PHASES, Workload, in_rows

# The key of a model's file that holds them.
KEY = "configlint"
_AMPERE = (8, 0)
# What a figure has of its own, or has no part in what was traced.
_APART = (
    "config", "batch", "accumulation", "padded", "many_lengths", "generated", "release", "capability", "world",
)  # fmt: skip


class SavedStep(NamedTuple):
    """What a trace counted, in bytes; see `memory.trace.TracedStep`."""

    peak: int
    phase: str
    breakdown: dict[str, int]
    phases: dict[str, int]


def setting(workload: Workload) -> dict[str, object]:
    """What a figure is of, but for the batch, as JSON has it: what is not as usual."""
    usual = Workload({}, 1, 1)
    given = in_rows(workload)._asdict()
    found = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if name not in _APART and value != getattr(usual, name)
    }
    if workload.capability is not None and workload.capability < _AMPERE:
        found["ampere"] = False
    return found


def as_figure(workload: Workload, step: Mapping[str, Any]) -> dict[str, object]:
    """One figure, as a file holds it."""
    rows = in_rows(workload)
    return {
        "setting": setting(workload),
        "batch": rows.batch,
        "accumulation": rows.accumulation,
        "padded": rows.padded,
        "trained_bytes": step["trained_bytes"],
        "allocated": step["allocated"],
        "phase": step["phase"],
        "breakdown": {name: size for name, size in step["breakdown"].items() if size},
        "phases": {name: size for name, size in step["phases"].items() if size},
    }


def is_saved(workload: Workload) -> bool:
    """Whether there is a figure of some batch."""
    return any(_figures(workload))


def saved(workload: Workload) -> SavedStep | None:
    """What the model's file says of a workload, if it does."""
    if workload.evaluates:
        return None
    rows = in_rows(workload)
    points = {
        figure["batch"]: figure
        for figure in _figures(workload)
        if (figure["accumulation"], figure["padded"]) == (rows.accumulation, rows.padded)
    }
    below = max((size for size in points if size <= rows.batch), default=None)
    above = min((size for size in points if size >= rows.batch), default=None)
    if below is None or above is None:
        return None
    return of_several(_between(points[below], points[above], rows.batch), points[below]["trained_bytes"], workload)


def _figures(workload: Workload) -> Iterator[dict[str, Any]]:
    held = workload.config.get(KEY)
    figures = held.get("memory") if isinstance(held, dict) else None
    if isinstance(figures, list):
        wanted = setting(workload)
        yield from (figure for figure in figures if _is_sound(figure) and figure["setting"] == wanted)


def _is_sound(figure: object) -> bool:
    if not isinstance(figure, dict):
        return False
    sizes = [figure.get(name) for name in ("batch", "accumulation", "trained_bytes", "allocated")]
    parts = [figure.get(name) for name in ("breakdown", "phases")]
    counts = [*sizes, *(size for part in parts if isinstance(part, dict) for size in part.values())]
    is_whole = all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts)
    kinds = isinstance(figure.get("setting"), dict) and isinstance(figure.get("padded"), bool)
    return is_whole and kinds and figure.get("phase") in PHASES and all(isinstance(part, dict) for part in parts)


def of_several(step: SavedStep, trained_bytes: int, workload: Workload) -> SavedStep:
    """A step that was traced on one device, with what each of several takes for the gradients that are exchanged.

    Source: torch 2.13, nn/parallel/distributed.py: a bucket for each gradient.
    """
    if workload.world == 1:
        return step
    return step._replace(
        peak=step.peak + trained_bytes,
        breakdown={**step.breakdown, "communication": step.breakdown.get("communication", 0) + trained_bytes},
        phases={phase: size + trained_bytes for phase, size in step.phases.items() if size},
    )


def _between(first: dict[str, Any], second: dict[str, Any], batch: int) -> SavedStep:
    width = second["batch"] - first["batch"]

    def at(a: int, b: int) -> int:
        return a + (b - a) * (batch - first["batch"]) // width if width else a

    def all_of(part: str, names: Iterable[str]) -> dict[str, int]:
        return {name: at(first[part].get(name, 0), second[part].get(name, 0)) for name in names}

    peak = at(first["allocated"], second["allocated"])
    return SavedStep(peak, second["phase"], all_of("breakdown", CATEGORIES), all_of("phases", PHASES))
