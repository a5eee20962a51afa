"""Whether there can be a secret in a text, and where one was in a spec; what is one, `masking` knows."""

from __future__ import annotations

from configlint.core.spec import Spec

# What stands in the place of a secret, a character for each of its own.
MASK = "\N{BULLET}"
# Without one of these there is nothing to look for.
_SIGNS = (
    "token", "key", "secret", "passw", "passphrase", "credential", "hf_", "api_org_", "sk-", "akia", "asia", "ghp_",
    "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "aiza", "nvapi-", "dapi", "r8_", "wandb_v1_",
    "npm_", "pypi-", "eyj", "://",
)  # fmt: skip


def could_hold(text: str) -> bool:
    """Whether it is worth looking for secrets in a text; cheap."""
    lower = text.lower()
    return any(sign in lower for sign in _SIGNS)


def paths(spec: Spec) -> list[str]:
    """The settings that hold a secret, as value or as name."""
    sources = {setting.key.source for setting in spec.settings.values()}
    if not any(MASK in source.text for source in sources):
        return []
    return [path for path, setting in spec.settings.items() if MASK in path or MASK in str(setting.value)]
