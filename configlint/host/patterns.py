"""gitignore's patterns, matched in a time that no pattern can make long."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from configlint.core.typing import Literal

_STAR = "[^/]*"


class _Pattern(GitIgnoreSpecPattern):
    """Each star takes as little as it can, for good: all else in a pattern has a fixed length, so that more would
    not help, and trying it takes time that grows with each star."""

    @staticmethod
    def _translate_segment_glob(pattern: str, range_error: Literal["literal", "raise"]) -> str:
        regex = GitIgnoreSpecPattern._translate_segment_glob(pattern, range_error)
        # In git, no class of characters matches the slash at the end of a folder.
        regex = re.sub(r"\[\^(?!/)", "[^/", regex)
        first, *others = regex.split(_STAR)
        if not others:
            return first
        *middle, last = others
        return first + "".join(f"(?>[^/]*?{part})" for part in middle if part) + _STAR + last


def compiled(lines: Iterable[str]) -> GitIgnoreSpec:
    """The patterns of some lines; those that are not valid match nothing, as in git."""
    return GitIgnoreSpec([pattern for line in lines for pattern in _pattern(line)])


def _pattern(line: str) -> list[_Pattern]:
    try:
        return [_Pattern(line.removesuffix("\r"))]
    except (ValueError, re.error):
        return []
