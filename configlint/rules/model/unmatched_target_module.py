"""A name in `tuning.target_modules` matches no module of the model.

PEFT adds adapters where the end of a module's path is one of the names, and ignores a name that matches nothing as
long as another one matches: the run trains fewer adapters than were asked for. Where none matches, the job fails
once the model is loaded. A text instead of a list is a regular expression that a whole path must match.

Bad:

    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    tuning: {method: lora, rank: 16, target_modules: [q_proj, v_porj]}

Good:

    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    tuning: {method: lora, rank: 16, target_modules: [q_proj, v_proj]}

Source: peft 0.21 tuners/tuners_utils.py, check_target_module_exists and inject_adapter; transformers 5.23
models/<family>/modeling_<family>.py, the modules' names
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule

_PATH = "tuning.target_modules"


@rule(Severity.ERROR, when=lambda plan: bool(plan.tuning.target_modules) and plan.model is not None)
def check(plan: Plan) -> Iterator[Finding]:
    setting, targets = plan.spec.settings.get(_PATH), plan.tuning.target_modules
    if setting is None or plan.model is None or not plan.tuning.adapts or targets[0].lower() == "all-linear":
        return
    known = _modules(plan)
    path = setting.of or _PATH
    if known and isinstance(setting.value, str):
        yield from _of_pattern(plan, path, setting.value, known)
    elif known:
        yield from _of_names(plan, path, targets, known)


def _modules(plan: Plan) -> Sequence[str]:
    """The paths of all that can have adapters; none where they are not known."""
    from configlint.memory.closed_form import modules
    from configlint.memory.closed_form.architecture import architecture

    config = plan.model.config if plan.model else {}
    sizes = architecture(config)
    # Those of experts differ between releases, and code of its own may call them anything.
    if sizes is None or sizes.experts or sizes.nested or "auto_map" in config:
        return ()
    return tuple(modules.every(sizes))


def _of_names(plan: Plan, path: str, targets: Sequence[str], known: Sequence[str]) -> Iterator[Finding]:
    ends = sorted({module.rpartition(".")[2] for module in known})
    for target in targets:
        last = target.rpartition(".")[2]
        # Of a longer path or a head the end alone is compared.
        if last in ends or last in _ELSEWHERE:
            continue
        close = None if _is_of_another_family(last) else plan.nearest(last, tuple(ends))
        named = plan.model.name if plan.model else ""
        message = f"`{plan.name(_PATH)}` {target} matches no linear layer or embedding of {named}"
        yield Finding(path, message, _renamed(path, targets, target, close))


def _is_of_another_family(name: str) -> bool:
    from configlint.memory.closed_form.modules import NAMES

    return name in NAMES


def _renamed(path: str, targets: Sequence[str], wrong: str, close: str | None) -> list[Remedy]:
    left = [name for name in targets if name != wrong]
    if close is None:
        return [Put(path, "all-linear"), *([Put(path, left)] if left else [])]
    meant = f"{wrong.rpartition('.')[0]}.{close}".lstrip(".")
    if meant in left:
        return [Put(path, left)]
    return [Put(path, [meant if name == wrong else name for name in targets])]


def _of_pattern(plan: Plan, path: str, pattern: str, known: Sequence[str]) -> Iterator[Finding]:
    """A word alone is meant as a name; whether another pattern matches depends on the layers."""
    if pattern.isidentifier() and pattern not in known:
        message = f"`{plan.name(_PATH)}` {pattern} matches no module: PEFT matches a string against the whole path"
        remedies: list[Remedy] = (
            [Put(path, [pattern])] if any(name.endswith(f".{pattern}") for name in known) else []
        )
        yield Finding(path, message, remedies)


# Layers that some heads or releases have.
_ELSEWHERE = (
    "lm_head", "embed_out", "decoder", "score", "classifier", "qa_outputs", "out_proj", "dense", "pooler",
    "wpe", "position_embeddings", "token_type_embeddings",
)  # fmt: skip
