"""A file to write."""

from __future__ import annotations

from configlint.core.record import NamedTuple

# All that is ever written into an output folder, or removed from it.
NAMES = frozenset((
    "accelerate.yaml", "distributed_config.json", "job.sbatch", "launch.sh", "plan.json", "training_args.json",
))  # fmt: skip


class Artifact(NamedTuple):
    """Its name inside the output folder, its text, whether it is to be run, and what a user must
    do with it that nothing here does."""

    name: str
    text: str
    executable: bool = False
    note: str | None = None

    @property
    def data(self) -> bytes:
        """What is written: UTF-8, and the bytes of names that are not."""
        return self.text.encode("utf-8", errors="surrogateescape")
