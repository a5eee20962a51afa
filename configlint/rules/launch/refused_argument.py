"""The script's parser does not know a setting that the JSON gives it.

HfArgumentParser.parse_json_file, TrlParser from TRL 0.19 on, and a config class that is called with all of the
file raise an error for a name that they do not know, so the job fails as soon as it starts. TrlParser ignores it
without a word in TRL 0.13 to 0.18, and where `fail_with_unknown_args=False` says so. Nothing is reported where
the text of the script does not say for certain what it takes.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name: Qwen/Qwen3-8B}
    launch: {script: parses.py}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name_or_path: Qwen/Qwen3-8B}
    launch: {script: parses.py}

Source: transformers 4.30 to 5.24 hf_argparser.py, parse_dict; trl 0.9 to 1.16 TrlParser.parse_args_and_config
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan, Use
from configlint.core.release import Layer, Version, written
from configlint.core.remedy import Drop, Meant, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.spec import ScriptParser
from configlint.knowledge import trl_dataclasses
from configlint.knowledge.naming import NAMES

_FAILS_FROM, _DROPS_FROM = (0, 19), (0, 13)


@rule(
    Severity.WARNING,
    when=lambda plan: plan.spec.script_parser is not None and plan.spec.script_parser.fields is not None,
)
def check(plan: Plan) -> Iterator[Finding]:
    parser, trl = plan.spec.script_parser, plan.release.trl
    if parser is None or parser.fields is None or (trl is None and (parser.of_trl or parser.reader == "TrlParser")):
        return
    classes = [Layer("trl", trl, trl_dataclasses()[name]) for name in parser.of_trl if trl]
    takes = parser.fields.union(*(layer.held() for layer in classes))
    does = "silently ignores" if _drops(parser, trl) else "rejects"
    for name in plan.arguments:
        if name not in takes:
            yield _finding(plan, f"arguments.{name}", does, _why(parser, classes, name), _remedy(plan, name, takes))
    # Where the script parses another config class than the trainer's, one says it for all.
    for use in [use for use in plan.uses if _is_of_class(plan, use, takes)][:1]:
        remedy = Say(f"use {plan.release.config_class} in the script")
        yield _finding(plan, use.path, does, _why(parser, classes, use.name), remedy)


def _finding(plan: Plan, path: str, does: str, why: str, remedy: Remedy) -> Finding:
    return Finding(
        path, f"{plan.launch.script or plan.launch.module} {does} `{plan.name(path)}`: {why}", [remedy], on_key=True
    )


def _is_of_class(plan: Plan, use: Use, takes: frozenset[str]) -> bool:
    """Whether an argument is one that the script lacks, though it has others of a config class."""
    is_known = use.argument is not None and plan.release.config_class is not None
    return is_known and use.path.startswith("training.") and use.name not in takes and "output_dir" in takes


def _drops(parser: ScriptParser, trl: Version | None) -> bool:
    """Whether an unknown name is passed over."""
    silent = parser.reader == "TrlParser" and trl is not None and _DROPS_FROM <= trl < _FAILS_FROM
    return parser.drops or silent


def _why(parser: ScriptParser, classes: list[Layer], name: str) -> str:
    if not parser.reader.endswith("Parser"):
        return f"{parser.reader} has no such argument"
    other = next((layer for layer in classes if name in layer.arguments), None)
    return f"none of its dataclasses has this field{f' in trl {written(other.version)}' if other else ''}"


def _remedy(plan: Plan, name: str, takes: frozenset[str]) -> Remedy:
    path = f"arguments.{name}"
    own = sorted(each for each in takes if not plan.release.lives(each))
    close = next((each for each in _spellings(name) if each in own), None) or plan.nearest(name, own)
    return Meant(path, f"arguments.{close}") if close and not plan.given(f"arguments.{close}") else Drop(path)


def _spellings(name: str) -> tuple[str, ...]:
    """What TRL's releases call the same setting."""
    return next((names["trl"] for names in NAMES.values() if name in names.get("trl", ())), ())
