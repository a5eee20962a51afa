"""TRL's own script does not read what the spec says, in this release.

What the spec says of the model, the tuning and the data is passed to the script as arguments. Where its parser has
no such argument, or where the script ignores it, the job trains something else: a model in another precision, whole
weights instead of quantized ones, samples that are not packed.

Bad:

    trl: "1.7"
    trainer: KTOTrainer
    model: {config: meta-llama/Llama-3.1-8B}
    tuning: {method: qlora}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.kto}

Good:

    trl: "1.8"
    trainer: KTOTrainer
    model: {config: meta-llama/Llama-3.1-8B}
    tuning: {method: qlora}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.kto}

Source: trl 0.13 to 1.16, scripts/*.py, main; trainer/model_config.py and the config classes
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Version, written
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.script import Script
from configlint.core.wording import code
from configlint.knowledge import facts
from configlint.knowledge.facts import METHOD, QUANTIZED

# What a script of TRL's loads a model for, where it loads no classifier.
_GENERATIVE = ("causal-lm", "seq2seq", "image-text-to-text")


@rule(Severity.ERROR, when=lambda plan: plan.script is not None)
def check(plan: Plan) -> Iterator[Finding]:
    script = plan.script
    if script is None:
        return
    yield from _untold(plan, script)
    yield from _unquantized(plan, script)
    yield from _of_task(plan, script)
    yield from _ignored(plan, script)


def _untold(plan: Plan, script: Script) -> Iterator[Finding]:
    settings = plan.spec.settings
    for path in facts.FACTS:
        setting = settings.get(path)
        value = facts.accepted(path, setting.value) if setting and setting.of is None else None
        if not value or _holds_anyway(plan, path, value):  # what is off, or empty, is what is not told
            continue
        names = facts.arguments(path, settings)
        if any(facts.reads(each, plan.release, script) for each in names):
            continue
        if not any(each in settings for each in names):  # else it is said of that
            yield _finding(plan, script, path, names)


def _holds_anyway(plan: Plan, path: str, value: object) -> bool:
    """Whether it is so without being told. Trainers that generate cut prompt and completion apart, if at all."""
    if path == "model.sequence_length":
        return plan.release.trainer.generates
    if path == "model.dtype":
        return value == "float32" and plan.release.transformers < (5, 0)
    return path.startswith("tuning.") and not plan.tuning.adapts


def _unquantized(plan: Plan, script: Script) -> Iterator[Finding]:
    method, bits = plan.spec.settings.get(METHOD), plan.tuning.bits
    if method is None or method.of or method.value != "qlora" or bits is None:
        return
    name = QUANTIZED[bits]
    if not facts.reads(name, plan.release, script) and name not in plan.spec.settings:
        yield _finding(plan, script, METHOD, (name,))


def _of_task(plan: Plan, script: Script) -> Iterator[Finding]:
    setting, task = plan.spec.settings.get("model.task"), plan.release.trainer.task
    if setting is None or not isinstance(setting.value, str) or setting.value in (task or _GENERATIVE):
        return
    message = f"{script.module} cannot train a model for `{plan.name('model.task')}` {setting.value}"
    yield Finding("model.task", message, [Put("model.task", task) if task else Drop("model.task")])


def _ignored(plan: Plan, script: Script) -> Iterator[Finding]:
    """Arguments that are written, and that only the parser knows."""
    for use in plan.uses:
        if not use.path.startswith("arguments.") or use.argument is None or script.reads(use.name):
            continue
        if use.value not in (None, use.argument.default) and use.path not in _told(plan):
            since = _since(plan, script, (use.path,))
            why = f" before trl {written(since)}" if since else ""
            message = f"{script.module} ignores `{plan.name(use.path)}`{why}"
            yield Finding(use.path, message, _remedies(use.path, since), on_key=True)


def _told(plan: Plan) -> set[str]:
    return {path for path, setting in plan.spec.settings.items() if setting.of}


def _finding(plan: Plan, script: Script, path: str, names: tuple[str, ...]) -> Finding:
    since, name = _since(plan, script, names), names[0].partition(".")[2]
    setting = f"`{plan.name(path)}` {code(plan.spec.settings[path].value)}"
    if since:
        why = f"which reads `{name}` since trl {written(since)}; this job runs {written(script.parser.version)}"
    else:
        why = f"because {plan.release.config_class} has no `{name}`"
    return Finding(path, f"{setting} cannot be passed to {script.module}, {why}", _remedies(path, since))


def _remedies(path: str, since: Version | None) -> list[Remedy]:
    drop = Put(path, "lora") if path == METHOD else Drop(path)
    upgrade = [Put("trl", written(since), why="the job must then run that release")] if since else []
    return [drop, *upgrade]


def _since(plan: Plan, script: Script, names: tuple[str, ...]) -> Version | None:
    """The later release in which the script begins to read one of these arguments; None where there is none."""
    found = []
    for path in names:
        section, _, name = path.partition(".")
        layer = script.parser if section == "arguments" else plan.release.layers[-1]
        known = layer.arguments.get(name)
        if known:
            first, last = known["life"][-1]
            since = max(first, known.get("read", first))
            found += [since] if last is None or since < last else []
    return min((since for since in found if since > script.parser.version), default=None)
