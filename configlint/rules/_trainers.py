"""What somebody most likely meant by the name of a trainer that there is no data of."""

from __future__ import annotations

from configlint import knowledge
from configlint.core.plan import Plan
from configlint.core.wording import one_off

_SUFFIX = "trainer"
# Letters from which a stem is a word, not an acronym: Reward.
_LONG = 6
_PACKAGES = ("transformers", "trl")


def meant(plan: Plan) -> str | None:
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
