"""The JSON files that a config names: in its spec stands what is in them, since the name would be looked up from
another folder."""

from __future__ import annotations

import os

from configlint.core.document import plain
from configlint.core.plan import Plan
from configlint.core.values import mapping
from configlint.session import Session

# Arguments that take the name of such a file.
_ARGUMENTS = ("deepspeed", "fsdp_config", "accelerator_config")


def with_files(plan: Plan, session: Session) -> Plan:
    """A plan with what is in the files in the place of their names, where they can be read."""
    settings = dict(plan.spec.settings)
    for path, setting in settings.items():
        if path.rpartition(".")[2] in _ARGUMENTS and isinstance(setting.value, str):
            held = _content(plan.spec.source.name, setting.value, session)
            settings[path] = setting if held is None else setting._replace(value=held)
    return plan._replace(spec=plan.spec._replace(settings=settings))


def _content(config: str, name: str, session: Session) -> dict[str, object] | None:
    """What is in the file of that name: in the config's folder, or in one above it, where the job may start, not
    beyond the root of the repository."""
    folders = _folders(config)
    root = os.path.join(os.path.realpath(folders[-1]), "")
    for folder in folders:
        path = os.path.realpath(os.path.join(folder, name))
        if path.startswith(root) and path.endswith(".json") and os.path.isfile(path):
            return _read(path, session)
    return None


def _folders(config: str) -> list[str]:
    """The folder of a file and those above it, up to the root of its repository; where there is none, its own."""
    folders = [os.path.dirname(os.path.abspath(config))]
    while not os.path.exists(os.path.join(folders[-1], ".git")):
        above = os.path.dirname(folders[-1])
        if above == folders[-1]:
            return folders[:1]
        folders.append(above)
    return folders


def _read(path: str, session: Session) -> dict[str, object] | None:
    try:
        file = session.parse(path)
    except (OSError, ValueError):
        return None
    return None if file.document is None or file.diagnostics else mapping(plain(file.document))
