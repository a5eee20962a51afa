"""Whether there is data of what an option names."""

from __future__ import annotations

from configlint import knowledge
from configlint.core.errors import UsageError
from configlint.core.release import written
from configlint.core.wording import nearest


def refuse_unknown_releases(transformers: str | None, trl: str | None) -> None:
    """Raises:
    UsageError: there is no data of one of them.
    """
    for package, named in (("transformers", transformers), ("trl", trl)):
        releases = [written(version) for version in knowledge.releases(package)]
        if named is not None and ".".join(named.split(".")[:2]) not in releases:
            known = f"use a release from {releases[0]} to {releases[-1]}"
            raise UsageError(f"configlint has no data for {package} {named}: {known}")


def refuse_unknown_trainer(trainer: str | None) -> None:
    """Raises:
    UsageError: there is no data of it.
    """
    known = knowledge.trainers()
    if trainer is not None and trainer not in known:
        close = nearest(trainer, known)
        hint = f"did you mean {close}?" if close else "see `configlint list trainers`"
        raise UsageError(f"unknown trainer {trainer}: {hint}")
