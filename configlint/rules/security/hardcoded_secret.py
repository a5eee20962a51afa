"""A token, key or password is written in the file.

Anyone who can read the file or the history of its repository can use the secret, and compiling it would copy it to
training_args.json, launch.sh and the logs of the job. configlint masks secrets in its output and does not compile
them, even where this finding is ignored.

Revoke a token that was committed and create a new one.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, env: {WANDB_API_KEY: 0123456789abcdef0123456789abcdef01234567}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, env: {WANDB_PROJECT: llama}}

Source: huggingface_hub 2.4 utils/_auth.py, get_token (HF_TOKEN); docs.wandb.ai/guides/track/environment-variables
(WANDB_API_KEY); sbatch(1) of Slurm 22.05, --export: by default the job has the environment that submits it
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.secrets import MASK, paths

# The Hub's client looks there by itself.
_OF_THE_HUB = ("hub_token", "push_to_hub_token", "token", "use_auth_token", "hf_token")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for path in paths(plan.spec):
        name = plan.spec.settings[path].keys[-1]
        message = f"`{name}` contains a secret that anyone who can read this file can use"
        yield Finding(path, message, [_instead(path, name)], on_key=MASK in path)


def _instead(path: str, name: str) -> Remedy:
    if name in _OF_THE_HUB:
        return Drop(path, why="set HF_TOKEN where the job is started, or run `hf auth login` there")
    if path.startswith("launch.env."):
        return Drop(path, why=f"set {name} where the job is started; launch.sh passes it on")
    if path == "launch.setup":
        return Say("read it from a file that only you can read: `export NAME=$(cat ~/.name)`")
    return Drop(path, why="the script can read it from the environment")
