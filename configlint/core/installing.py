"""How to install what is missing, as a command."""

from __future__ import annotations

from collections.abc import Mapping

# PyPI's torch brings CUDA's libraries, some GB that nothing here uses. This index has torch and what that requires,
# so that the other packages take a command of their own.
_TORCH = "pip install torch --index-url https://download.pytorch.org/whl/cpu"


def command(packages: Mapping[str, str | None]) -> str:
    """The command for some packages, with the releases that are wanted, such as 5.23; torch is built for CPUs."""
    others = [
        f"'{name}=={release}.*'" if release else name for name, release in packages.items() if name != "torch"
    ]
    commands = [_TORCH] if "torch" in packages else []
    return " && ".join([*commands, *([f"pip install {' '.join(others)}"] if others else [])])
