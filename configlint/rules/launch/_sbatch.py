"""The options of sbatch, and which one a name was meant for."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.knowledge._generated.sbatch import ALSO, OF_SRUN, OPTIONS, PYXIS, SHORT

__all__ = ["ALSO", "OF_SRUN", "OPTIONS", "PYXIS", "begun", "meant"]


def begun(name: str) -> str | None:
    """The option of sbatch that a name is short for: it takes the beginning of one, where no other begins so."""
    options = [option for option in (*OPTIONS, *PYXIS) if len(name) > 1 and option.startswith(name)]
    return options[0] if len(options) == 1 and options[0] in OPTIONS else None


def meant(plan: Plan, name: str) -> str | None:
    """The option that a name which is none most likely stands for."""
    if name in SHORT:
        return SHORT[name]
    folded = name.lower().replace("-", "").replace("_", "")
    return ALSO.get(folded) or plan.nearest(name, (*OPTIONS, *PYXIS))
