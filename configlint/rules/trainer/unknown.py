"""The trainer is unknown, so what its config class takes is not checked.

configlint knows the arguments of Transformers' and TRL's trainers by the name of the class. Under a misspelt name
all of these checks are off, and so is the arithmetic of trainers that count their batch otherwise. A class of your
own is written with its module, `my_module.MyTrainer`: it is never imported, and what it takes beyond
TrainingArguments is not judged.

Bad:

    trainer: GPROTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: transformers 5.23 trainer.py and trainer_seq2seq.py; trl 1.16 trainer/, the classes of its own scripts
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.rules._trainers import meant
from configlint.rules.trainer import is_foreign


@rule(Severity.ERROR, when=is_foreign)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.trainer is None or not is_foreign(plan):
        return
    name = f"`{plan.name('trainer')}` {plan.trainer}"
    is_own = "." in plan.trainer
    if trainer := meant(plan):
        what = "is taken for a class of your own, whose arguments are not checked" if is_own else "is unknown"
        yield Finding("trainer", f"{name} {what}", [Put("trainer", trainer)], Severity.WARNING if is_own else None)
    elif not is_own:
        message = f"{name} is unknown, so its arguments beyond TrainingArguments are not checked"
        own = Say(f"write the module of your class before it: `my_module.{plan.trainer}`")
        yield Finding("trainer", message, [own], Severity.WARNING)
