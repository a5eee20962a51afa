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

Source: transformers 5.23 trainer.py and trainer_seq2seq.py; trl 1.16 trainer/, the classes of its own scripts, and
experimental/orpo and cpo
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint import knowledge
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import one_off
from configlint.rules.trainer import is_foreign

_SUFFIX = "trainer"
# Letters from which a stem is a word, not an acronym: Reward.
_LONG = 6
_PACKAGES = ("transformers", "trl")


@rule(Severity.ERROR, when=is_foreign)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.trainer is None or not is_foreign(plan):
        return
    name = f"`{plan.name('trainer')}` {plan.trainer}"
    is_own = "." in plan.trainer
    if trainer := _meant(plan):
        put = Put("trainer", trainer, meant=True)
        what = "is treated as a class of your own, so its arguments are not checked" if is_own else "is unknown"
        yield Finding("trainer", f"{name} {what}", [put], Severity.WARNING if is_own else None)
    elif not is_own:
        message = f"{name} is unknown, so its arguments beyond TrainingArguments are not checked"
        own = Say(f"write the module of your class before it: `my_module.{plan.trainer}`")
        yield Finding("trainer", message, [own], Severity.WARNING)


def _meant(plan: Plan) -> str | None:
    """The known trainer whose name this one misspells; None where it is no misspelling.

    GSPO is another algorithm than GRPO, not a slip: in an acronym only letters that changed places are one.
    """
    if plan.release.config_class is not None or plan.trainer is None:
        return None
    package, _, name = plan.trainer.rpartition(".")
    known = knowledge.trainers()
    if package:
        # `trl.trainer.sft_trainer.SFTTrainer` is TRL's own, and no class of the user's.
        return name if name in known and package.partition(".")[0] in _PACKAGES else None
    word = name.lower().replace("_", "").replace("-", "")
    return next((trainer for trainer, config in known.items() if _is_meant(word, trainer.lower(), config)), None)


def _is_meant(word: str, trainer: str, config: str) -> bool:
    stem = trainer.removesuffix(_SUFFIX)
    if word in (trainer, stem, config.lower()):
        return True
    if word == f"{stem}{_SUFFIX[1:]}" and stem.endswith(_SUFFIX[0]):
        return True  # SFTrainer
    if _are_swapped(word, trainer) or (stem and _are_swapped(word, stem)):
        return True
    # A long word has room for any slip; beside an acronym it must be one in `Trainer`, behind its first letter.
    start = 0 if len(stem) >= _LONG else len(stem) + 1
    return word[:start] == trainer[:start] and one_off(word, [trainer]) is not None


def _are_swapped(word: str, name: str) -> bool:
    """Whether a word is a name in which two letters changed places."""
    wrong = [index for index, pair in enumerate(zip(word, name, strict=False)) if pair[0] != pair[1]]
    if len(word) != len(name) or len(wrong) != 2 or wrong[1] != wrong[0] + 1:
        return False
    return word[wrong[0]] == name[wrong[1]] and word[wrong[1]] == name[wrong[0]]
