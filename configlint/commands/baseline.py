"""The findings that there were when a project began to check: kept in a file, and not reported again.

The file has no line numbers, and an entry a line, so that it merges and survives edits elsewhere.
"""

from __future__ import annotations

import json
import os
from collections import Counter

from configlint.core.diagnostic import Diagnostic
from configlint.core.errors import UsageError
from configlint.core.fingerprint import Identity, identity
from configlint.core.typing import Any
from configlint.host.atomic import replace
from configlint.host.read import read_bytes, reason
from configlint.pipeline import Report


def write(path: str, report: Report) -> int:
    """Write a baseline of all findings; how many there are.

    Raises:
        OSError: it cannot be written.
    """
    counts = Counter(_known_as(found, path) for found in report.diagnostics)
    bases = _bases(report, path)
    entries = [
        json.dumps({**own._asdict(), "count": number, **({"base": True} if own.file in bases else {})})
        for own, number in sorted(counts.items())
    ]
    lines = ",\n  ".join(entries)
    replace(path, (f'{{"version": 1, "findings": [\n  {lines}\n]}}\n').encode())
    return counts.total()


def without_known(path: str, report: Report) -> tuple[Report, list[Identity]]:
    """A report without what the baseline has, and the entries for its files that match nothing any more.

    Raises:
        UsageError: there is no reading the baseline.
    """
    left, shared = _read(path)
    kept = []
    for found in report.diagnostics:
        own = _known_as(found, path)
        if left[own] > 0:
            left[own] -= 1
        else:
            kept.append(found)
    known = len(report.diagnostics) - len(kept)
    # Of a base, what is found depends on the specs that extend it, which may not be among the files.
    looked_at = {_from_baseline(plan.spec.source.name, path) for plan in report.loaded}
    bases = _bases(report, path)
    folder = os.path.dirname(path)
    stale = [
        own
        for own, number in left.items()
        if number > 0
        and (
            (own.file in looked_at and (own not in shared or own.file in bases))
            or not os.path.lexists(os.path.join(folder, own.file))
        )
    ]
    return report._replace(diagnostics=kept, known=known), stale


def _bases(report: Report, path: str) -> set[str]:
    """The files that specs of the report extend."""
    files = {
        setting.key.source.name
        for plan in report.loaded
        for setting in plan.spec.settings.values()
        if setting.key.source is not plan.spec.source
    }
    return {_from_baseline(file, path) for file in files}


def _read(path: str) -> tuple[Counter[Identity], set[Identity]]:
    """The entries with their numbers, and those of files that other specs extended."""
    try:
        held: Any = json.loads(read_bytes(path))
        if held["version"] != 1:
            raise ValueError
        entries = [(_entry(each), each) for each in held["findings"]]
        return Counter(dict(entry for entry, _ in entries)), {own for (own, _), each in entries if each.get("base")}
    except OSError as error:
        raise UsageError(f"--baseline {path}: {reason(error)}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UsageError(f"--baseline {path}: not a baseline: write it with --write-baseline") from error


def _entry(each: Any) -> tuple[Identity, int]:
    """Raises:
    TypeError, KeyError: it is not as they are written.
    """
    words = [each[key] for key in Identity._fields]
    if type(each["count"]) is not int or not all(isinstance(word, str) for word in words):
        raise TypeError
    return Identity(*words), each["count"]


def _known_as(found: Diagnostic, path: str) -> Identity:
    own = identity(found)
    return own._replace(file=_from_baseline(own.file, path))


def _from_baseline(name: str, path: str) -> str:
    """The name of a file from the folder of the baseline."""
    return os.path.relpath(name, os.path.dirname(path) or ".").replace(os.sep, "/")
