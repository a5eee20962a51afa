"""A kill at any step leaves nothing that the next run does not put right; see kill.py."""

from __future__ import annotations

from pathlib import Path

import kill
import pytest


def test_after_thirty_kills_all_is_as_if_there_had_been_none() -> None:
    outcomes = kill.attack(10)
    assert len(outcomes) == 30
    assert {outcome.signal for outcome in outcomes} == set(kill.SIGNALS)
    assert {outcome.state for outcome in outcomes} == {"old", "new", "between"}
    assert [outcome for outcome in outcomes if outcome.fault] == []


def test_what_is_left_behind_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if nothing were cleaned up.
    program = kill._PROGRAM.replace(
        "from configlint.__main__ import main\n",
        """
from configlint.__main__ import main
from configlint.host import signals, write as output
output._clear = lambda folders, done: None
""",
    )
    monkeypatch.setattr(kill, "_PROGRAM", program)
    folder = tmp_path / "work"
    compile_, *_ = kill.scenarios(folder)
    kill.lay(folder, compile_.before)
    _, steps = kill.run(folder, *compile_.command)
    outcome = kill.kill(folder, compile_, kill.tree(folder), "SIGTERM", (steps or 0) // 2)
    assert outcome.fault is not None and outcome.fault.startswith("left behind")
