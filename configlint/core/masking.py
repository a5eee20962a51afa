"""Secrets: known by their form or by the name of their key, and masked in a text before anything else sees it.

What is masked here no message, diff or emitted file can show: the program never holds it.

Source: the prefixes that the services document for their tokens: huggingface.co/docs/hub/security-tokens,
docs.github.com "About authentication to GitHub", docs.gitlab.com "Token overview", AWS IAM "IAM identifiers",
docs.wandb.ai, platform.openai.com and docs.anthropic.com API references, docs.databricks.com; RFC 7519, RFC 7468
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from configlint.core.document import Mapping, Node, Scalar, Sequence
from configlint.core.regex import regex
from configlint.core.secrets import MASK, could_hold
from configlint.core.source import Source

# A run of letters that is not the middle of a longer one: else a text of one long run is looked at once for each.
_START = r"(?<![A-Za-z0-9_-])"
_FORM = regex(
    _START
    + r"""(?:
      (?:hf|api_org)_(?=[a-z0-9]*[A-Z]|[A-Za-z]*[0-9])[A-Za-z0-9]{20,}
    | sk-(?=[\w-]*[0-9])[\w-]{20,}
    | (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])
    | gh[oprsu]_[A-Za-z0-9]{36,}
    | github_pat_\w{22,}
    | glpat-[\w-]{20,}
    | xox[abeoprs]-[\w-]{10,}
    | AIza[\w-]{35}
    | nvapi-[\w-]{40,}
    | dapi[0-9a-f]{32}
    | r8_[A-Za-z0-9]{37}
    | wandb_v1_\w{20,}
    | npm_[A-Za-z0-9]{36}
    | pypi-[\w-]{50,}
    | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}
    )
    | -----BEGIN[ ][A-Z ]{0,30}PRIVATE[ ]KEY-----[\sA-Za-z0-9+/=]*
    | (?<=://)(?![$<{])[^\s/@:"'$<{]{1,100}:(?![$<{])[^\s/@"'$<{]{3,200}(?=@)
    """,
    re.VERBOSE,
)
# Of a token the tokenizer's are none: `eos_token`, `max_tokens`.
_NAME = regex(
    r"""(?:.*_)?(?:
      (?:hub|hf|hugging_?face|auth|api|access|bearer|refresh|session|github|gh|gitlab|git|wandb|neptune|slack|bot)_?token
    | (?:api|access|secret|private|auth|account|license|wandb|comet|openai|anthropic|swanlab|neptune)_?key
    | secret | password | passwd | passphrase | credentials?
    )""",
    re.VERBOSE,
)
# One that is called so is a secret where its value looks like one.
_BARE_NAMES = ("token", "key")
_RANDOM = regex(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_+/=.-]{24,}")
# What stands in the place of a secret, or says where it is.
_STAND_IN = regex(
    r"""[$<{(%`*] | .*\$\{ | .*\.\.\. | .*… | [~/\\] | \.{1,2}/ | [A-Za-z]:[\\/]
    | \S+\.(?:json|txt|ya?ml|env|key|pem|toml|cfg)$
    | (?:\w{1,8}[_-])?(.)\1{5,}$
    | (?:(?:hf|sk|ghp)[_-])?
      (?:your|my|the|insert|replace|change|example|dummy|placeholder|fake|todo|password|secret|token|api|none|null|true
      |false|auto)(?!.*[0-9])
    | (?=[a-z]+(?:[_-][a-z]+)+$) (?:.*[_-])?
      (?:token|key|secret|password|here|real|placeholder|redacted|example|dummy|fake) (?:[_-]|$)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SHORTEST = 8
# `name: value` and `name=value` on a line, and an option and its value.
_ASSIGNMENT = regex(
    _START
    + r"""(?P<option>--)?(?P<name>[\w-]{0,60}?(?:token|key|secret|password|passwd|passphrase|credentials?))["']?
    (?:\s{0,4}[:=][ \t]{0,4} | (?(option)[ \t]{1,4}|(?!)))
    (?:"(?P<double>[^"\n]+)" | '(?P<single>[^'\n]+)' | (?P<bare>[^\s,;}\]"']+))""",
    re.VERBOSE | re.IGNORECASE,
)


def masked(text: str) -> str:
    """A text without the secrets that are known by their form, or by a name in front of them."""
    if not could_hold(text):
        return text
    text = _FORM.sub(lambda match: _mask(match[0]) if _is_real(match[0]) else match[0], text)
    return _ASSIGNMENT.sub(_without_value, text)


def without_secrets(source: Source, document: Node | None) -> Source:
    """A source as it may be shown: the same lines and columns, and in the place of each secret the mask."""
    text = masked(source.text)
    scalars = list(_secrets(document, "")) if document is not None else []
    if scalars:
        starts = source.line_starts()
        places = {(_offset(starts, *scalar.span[1:3]), _offset(starts, *scalar.span[3:])) for scalar in scalars}
        text = _replaced(text, sorted(places))
    return source._replace(text=text)


def is_secret(name: str, value: str) -> bool:
    """Whether a value is one by its form or by the name of its key."""
    if any(_is_real(match[0]) for match in _FORM.finditer(value)):
        return True
    value = value.strip()
    if len(value) < _SHORTEST or any(each.isspace() for each in value) or _STAND_IN.match(value):
        return False
    name = name.lower().replace("-", "_")
    if name in _BARE_NAMES:
        return _RANDOM.fullmatch(value) is not None
    return _NAME.fullmatch(name) is not None


def _is_real(found: str) -> bool:
    """Whether what has the form of a secret is one; of a user and a password it is the password that counts."""
    return _STAND_IN.match(found.rpartition(":")[2]) is None


def _secrets(node: Node, name: str) -> Iterator[Scalar]:
    """The scalars that are secrets; `name` is the key that they stand under."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield from _secrets(entry.value, key)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _secrets(item, name)
    elif not isinstance(node.value, bool | float | None) and is_secret(name, node.raw):
        yield node


def _without_value(match: re.Match[str]) -> str:
    group = next(group for group in ("double", "single", "bare") if match[group])
    if not is_secret(match["name"], match[group]):
        return match[0]
    start, end = (place - match.start() for place in match.span(group))
    return match[0][:start] + _mask(match[group]) + match[0][end:]


def _replaced(text: str, places: Iterable[tuple[int, int]]) -> str:
    """A text with each of these scalars masked."""
    pieces: list[str] = []
    done = 0
    for start, end in places:
        pieces += [text[done:start], _mask_scalar(text[start:end])]
        done = end
    return "".join(pieces) + text[done:]


def _mask(text: str) -> str:
    return re.sub(r"\S", MASK, text)


# What stands before a scalar's text: an anchor or a tag, and the sign of a block.
_BEFORE = regex(r"""(?:[&!]\S*\s+)*(?:[|>][^\n]*\n|["'])?""")


def _mask_scalar(text: str) -> str:
    """The text of a scalar, of which nothing is left but what makes it one."""
    before = _BEFORE.match(text)
    start = before.end() if before else 0
    end = len(text) - (text[start - 1 : start] in ("'", '"') and text.endswith(text[start - 1]))
    return text[:start] + _mask(text[start:end]) + text[end:]


def _offset(starts: list[int], line: int, column: int) -> int:
    return starts[line - 1] + column - 1
