"""A shell's variable in a text that no shell reads; for rules of several families."""

from __future__ import annotations

from configlint.core.regex import regex

# Without braces only what looks like a variable of the environment, and not in the middle of a word: a password
# may hold a dollar. `$$` is none. The end of one in braces is looked for nearby: a text can have many starts.
_VARIABLE = regex(
    r"(?<![\\$])\$(?:\{[A-Za-z_][^}]{0,200}\}|\([^)]{1,200}\))|(?<![\w\\$])\$[A-Z_][A-Z0-9_]+(?![a-z])"
)
# These are put in by the loader of programs, where they stand.
_LOADER = regex(r"\$\{?(?:ORIGIN|LIB|PLATFORM)\b")


def variable(text: str) -> str | None:
    """The first variable, or command, that a text speaks of: `$HOME`, `${HOME}`, `$(date)`."""
    found = (match[0] for match in _VARIABLE.finditer(text) if not _LOADER.match(match[0]))
    return next(found, None)
