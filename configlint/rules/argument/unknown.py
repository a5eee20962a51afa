"""A key of `training` is no argument of the trainer's class.

The class refuses what it does not know: the job dies at its start, after the queue. TRL's own scripts drop
what they do not know in `arguments` without a word, so for them that is looked at too. What a class of your
own has beside TrainingArguments is not known, and not judged.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rat: 2.0e-5}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2.0e-5}

Source: schemas/training_arguments.json, read from the wheels; transformers 5.23 hf_argparser.py, parse_dict;
trl 1.16 scripts/utils.py, parse_args_and_config
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan, Use
from configlint.core.release import Argument, written
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.knowledge.naming import owners, paths
from configlint.rules.argument import is_deprecated, is_scripts, layer_of

_SCRIPTS_OWN = "what only the script reads belongs in arguments"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    release = plan.release
    script = release.others.get(plan.launch.module or "")
    known = (script.held() if script else {}) | release.arguments
    for use in plan.uses:
        if use.argument is not None or layer_of(plan, use) is not None:
            continue
        if is_scripts(use):
            yield _dropped(plan, use, known)
        elif release.config_class:
            layer = release.layers[-1]
            where = f"{release.config_class} in {layer.package} {written(layer.version)}"
            yield Finding(
                use.path,
                f"`{use.name}` is no argument of {where}",
                _of_seq2seq(plan, use.name)
                or _of_script(use.name)
                or _meant(plan, use.name, release.arguments)
                or _SCRIPTS_OWN,
                on_key=True,
            )


def _dropped(plan: Plan, use: Use, known: dict[str, Argument]) -> Finding:
    layer = plan.release.others[plan.launch.module or ""]
    return Finding(
        use.path,
        f"{plan.launch.module} reads no `{use.name}` in trl {written(layer.version)}, and drops it without a word",
        _meant(plan, use.name, known),
        on_key=True,
    )


def _of_seq2seq(plan: Plan, name: str) -> str | None:
    known = plan.release.others["Seq2SeqTrainingArguments"]
    if plan.release.config_class != "TrainingArguments" or known.get(name) is None:
        return None
    return "Seq2SeqTrainingArguments has it: write `trainer: Seq2SeqTrainer`, if the script builds that"


def _of_script(name: str) -> str | None:
    path = paths("script").get(name)
    if path is None:
        return None
    return _SCRIPTS_OWN if path == "arguments" else f"{_SCRIPTS_OWN}; {path} tells configlint of it"


def _meant(plan: Plan, name: str, known: dict[str, Argument]) -> str | None:
    path = paths("elsewhere").get(name, "")
    meant = path.removeprefix("training.")
    close = meant if meant in known else plan.nearest(name, known)
    if close and is_deprecated(known[close]):
        close = known[close].facts.get("by")
    if path and meant == path and not (close and close.startswith(name)):
        return f"it belongs in {path}"
    if close in owners():
        return f"did you mean `{close}`? That is derived: it comes from {listing(owners()[close], 'or')}"
    return f"did you mean `{close}`?" if close else None
