"""The script's parser rejects the command line that `compile` writes.

The launcher starts the script with the path of the JSON, after the option `launch.config_flag` if there is one
(for TRL's trainers `--config` is the default). A parser that has no such option, or no place for the path, or
that requires others, ends the job as soon as it starts. Nothing is reported where the text of the script does not
say for certain what it takes.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: parses.py, config_flag: --config}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: parses.py}

Source: docs.python.org/3.11, library/argparse; transformers 4.30 to 5.24 hf_argparser.py; trl 0.9 to 1.16 TrlParser
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing

_FLAG, _JSON = "launch.config_flag", "training_args.json"
# What scripts call the option for a file of settings.
_FILES = (
    "--config",
    "--config_file",
    "--config-file",
    "--config_path",
    "--config-path",
    "--json_file",
    "--args_file",
)


@rule(
    Severity.WARNING,
    when=lambda plan: plan.spec.script_parser is not None and plan.spec.script_parser.options is not None,
)
def check(plan: Plan) -> Iterator[Finding]:
    parser, script = plan.spec.script_parser, plan.launch.script or plan.launch.module
    if parser is None or parser.options is None:
        return
    flag, options = plan.launch.config_flag, parser.options
    path = f"launch.{'script' if plan.launch.script else 'module'}"
    if flag and plan.given(_FLAG):
        path = _FLAG
    # argparse takes the start of an option for it.
    if flag and not any(option.startswith(flag) for option in options):
        message = f"{script} rejects `{flag} {_JSON}`: its parser has no option `{flag}`"
        yield Finding(path, message, [_remedy(plan, parser.places, options)])
    elif not flag and not parser.places:
        message = f"{script} rejects the argument {_JSON}: its parser takes only options"
        yield Finding(path, message, [_remedy(plan, False, options)])
    elif others := [name for name in parser.required if not flag or not name.startswith(flag)]:
        named = listing([f"`{name}`" for name in others], "and")
        message = f"{script} requires {named}, but it is started with the path of the JSON only"
        yield Finding(path, message, [Say("read them from the JSON in the script")])


def _remedy(plan: Plan, places: bool, options: frozenset[str]) -> Remedy:
    """The option for a file of settings, if there is one; else the script must read the JSON."""
    if places:
        why = "the JSON is the only argument then"
        return Put(_FLAG, "", why=why) if plan.release.trl else Drop(_FLAG, why)
    found = next((option for option in _FILES if option in options), None)
    if found:
        return Put(_FLAG, found, why="the script's parser has it")
    return Say("read the JSON in the script: `HfArgumentParser(…).parse_json_file(sys.argv[1])`")
