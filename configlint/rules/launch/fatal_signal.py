"""The signal that Slurm sends before the time limit ends the job before the script can save.

The launcher passes TERM, INT, HUP and QUIT on to the script, which then has 30 s; any other signal kills the
launcher, and the job fails. With `B:` only the batch script gets the signal: at TERM its srun kills all processes
at once. From Transformers 5.0 on, the Trainer saves a checkpoint at TERM if `enable_jit_checkpoint` is true.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, signal: USR1@120}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, signal: TERM@120}}

Source: torch 2.13 distributed/elastic/multiprocessing/api.py, PContext.start and close;
https://github.com/pytorch/pytorch/issues/154849 (the same four before) and
https://github.com/pytorch/pytorch/pull/160690 (since then --signals-to-handle can name more); Slurm 22.05
sbatch(1), --signal, and srun(1), SIGNALS; transformers 5.23 trainer_jit_checkpoint.py; run: tests/test_slurm.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.regex import regex
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.rules.launch import asks_for_slurm

_PATH, _SETUP, _MORE = "launch.slurm.signal", "launch.setup", "launch.env.PET_SIGNALS_TO_HANDLE"
_FORM = regex(r"(?:([br]+):)?(?:sig)?([a-z]+\d?|\d+)(@\d*)?", re.IGNORECASE | re.ASCII)
# Other signals do no harm, or are meant to.
_PASSED_ON, _FATAL = ("HUP", "INT", "QUIT", "TERM"), ("ABRT", "ALRM", "USR1", "USR2")
# Linux's.
_NUMBERS = {
    "1": "HUP", "2": "INT", "3": "QUIT", "6": "ABRT", "10": "USR1", "12": "USR2", "14": "ALRM", "15": "TERM",
}  # fmt: skip


@rule(Severity.WARNING, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    match = _FORM.fullmatch(str(setting.value)) if setting else None
    if match is None:
        return
    flags, name, time = (match[1] or "").upper(), _NUMBERS.get(match[2], match[2].upper()), match[3] or ""
    term = Put(_PATH, f"{'R:' if 'R' in flags else ''}TERM{time}")
    if name in _FATAL and not _is_handled(plan, name):
        message = f"`signal` sends {name}, which kills the launcher: it passes on TERM, INT, HUP and QUIT only"
        ignored = Say(f"add `trap '' {name}` to `{plan.name(_SETUP)}` if the script handles it", needs=(_SETUP,))
        yield Finding(_PATH, message, [term, ignored])
    elif name in _PASSED_ON and "B" in flags:
        message = f"`signal` sends {name} to the batch script only: the training processes never get it"
        yield Finding(_PATH, message, [term])


def _is_handled(plan: Plan, name: str) -> bool:
    """Whether the spec keeps the launcher from dying of a signal: with a trap, or by telling it of the signal."""
    setup, more = plan.launch.setup, plan.spec.settings.get(_MORE)
    return bool((setup and "trap" in setup) or (more and f"SIG{name}" in str(more.value)))
