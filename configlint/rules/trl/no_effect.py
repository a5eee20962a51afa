"""An argument has no effect without another one.

TRL's classes silently accept arguments of a feature that is switched off. The job then runs as if they were not
set: with `generate()` instead of vLLM, without the requested smoothing, with a reference model that is never
updated.

Bad:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    training: {vllm_mode: server, vllm_server_host: 10.0.0.2}

Good:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    training: {use_vllm: true, vllm_mode: server, vllm_server_host: 10.0.0.2}

Source: trl 1.16 trainer/*_trainer.py, generation/vllm_generation.py and scripts/; the same files of 0.9 to 1.15
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan, Use
from configlint.core.record import NamedTuple
from configlint.core.release import Version
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, Row, rule
from configlint.core.values import real
from configlint.core.wording import listing
from configlint.rules.trl import changed, concerns, has, is_adapted, is_on, is_word, losses, valued


class _Need(NamedTuple):
    """What some arguments require: `is_met` is None where it is not known. `row` is its name, also that of
    another where only the releases differ, and `page` the sentence of its page. `since` has the first release of
    each trainer that it holds for, `until` the first that it no longer holds for; `why` follows "have no effect",
    with the names and values of arguments in it. `write` is what gives them an effect, beside which stands to
    remove them, unless that would be the next mistake; `note` is why to remove them."""

    row: str
    page: str
    since: Mapping[str, Version]
    names: tuple[str, ...]
    is_met: Callable[[Plan], bool | None]
    why: str
    write: tuple[str, object] | Say | None = None
    unless: Callable[[Plan], object] = lambda plan: False
    note: str = ""
    until: Version | None = None


def _filled(plan: Plan, text: str) -> str:
    """A text with `{name}` as an argument's name, `{=name}` with its value too."""

    def fill(match: re.Match[str]) -> str:
        value = f" {valued(plan, match[2])}" if match[1] else ""
        return f"`{plan.name(plan.path(match[2]))}`{value}"

    return re.sub(r"\{(=?)(\w+)\}", fill, text)


def _remedies(plan: Plan, need: _Need, uses: list[Use]) -> list[Remedy]:
    *others, last = uses
    drop = (*(Drop(use.path) for use in others), Drop(last.path, why=need.note))
    if isinstance(need.write, Say):
        return [need.write]
    if need.write is None or need.unless(plan):
        return [drop]
    return [Put(plan.path(need.write[0]), need.write[1]), drop]


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _uses_reference(plan: Plan) -> bool | None:
    beta = real(plan.argument("beta"))
    return None if beta is None else beta != 0


def _runs_in(plan: Plan, mode: str) -> bool | None:
    """Whether vLLM is in a mode; None without vLLM."""
    return is_word(plan, "vllm_mode", mode) if is_on(plan, "use_vllm") else None


def _has_no_url(plan: Plan) -> bool | None:
    return plan.argument("vllm_server_base_url") is None if _runs_in(plan, "server") else None


def _packs(plan: Plan) -> bool | None:
    packs, packs_evaluation = is_on(plan, "packing"), plan.argument("eval_packing")
    return True if packs_evaluation is True else packs


def _has_loss(plan: Plan, *words: str) -> bool | None:
    found = losses(plan)
    return bool({*found} & {*words}) if found else None


def _lacks_loss(plan: Plan, *words: str) -> bool | None:
    """Whether there is a loss beside some."""
    found = losses(plan)
    return bool({*found} - {*words}) if found else None


def _runs_own_script(plan: Plan) -> bool:
    return not (plan.launch.module or "").startswith("trl.scripts.")


_GENERATING = {"GRPOTrainer": (0, 14), "RLOOTrainer": (0, 22)}
_SINCE_MODES = {"GRPOTrainer": (0, 18), "RLOOTrainer": (0, 22)}
_DPO, _GRPO, _SFT = ({f"{name}Trainer": (0, 9)} for name in ("DPO", "GRPO", "SFT"))

_NEEDS = (
    _Need(
        "vllm-settings-without-vllm",
        "The vLLM settings have no effect without `use_vllm: true`.",
        _GENERATING,
        ("vllm_*",),
        lambda plan: is_on(plan, "use_vllm"),
        "without `use_vllm: true`",
        ("use_vllm", True),
    ),
    _Need(
        "server-settings-without-server",
        "The settings of the vLLM server have no effect unless `vllm_mode` is server.",
        _SINCE_MODES,
        ("vllm_server_*", "vllm_group_port"),
        lambda plan: _runs_in(plan, "server"),
        "with {=vllm_mode}",
        ("vllm_mode", "server"),
    ),
    _Need(
        "colocated-settings-with-server",
        "The settings of a colocated vLLM have no effect with `vllm_mode: server`.",
        _SINCE_MODES,
        (
            "vllm_enable_sleep_mode",
            "vllm_gpu_memory_utilization",
            "vllm_max_model_length",
            "vllm_model_impl",
            "vllm_tensor_parallel_size",
        ),
        lambda plan: _runs_in(plan, "colocate"),
        "with {=vllm_mode}",
        note="the server has its own options",
    ),
    _Need(
        "server-host-beside-url",
        "`vllm_server_host` and `vllm_server_port` have no effect beside `vllm_server_base_url`.",
        _SINCE_MODES,
        ("vllm_server_host", "vllm_server_port"),
        _has_no_url,
        "when {vllm_server_base_url} is set",
    ),
    _Need(
        "cache-implementation-with-vllm",
        "`cache_implementation` has no effect with `use_vllm: true`.",
        {"GRPOTrainer": (0, 16), "RLOOTrainer": (0, 22)},
        ("cache_implementation",),
        lambda plan: _not(is_on(plan, "use_vllm")),
        "with `use_vllm: true`",
    ),
    _Need(
        "continuous-batching-with-vllm",
        "`use_transformers_continuous_batching` has no effect with `use_vllm: true`.",
        {"GRPOTrainer": (1, 7), "RLOOTrainer": (1, 7)},
        ("use_transformers_continuous_batching",),
        lambda plan: _not(is_on(plan, "use_vllm")),
        "with `use_vllm: true`",
    ),
    _Need(
        "batching-config-without-batching",
        "`transformers_continuous_batching_config` has no effect without"
        " `use_transformers_continuous_batching: true`.",
        {"GRPOTrainer": (1, 7), "RLOOTrainer": (1, 7)},
        ("transformers_continuous_batching_config",),
        lambda plan: is_on(plan, "use_transformers_continuous_batching"),
        "without `use_transformers_continuous_batching: true`",
        ("use_transformers_continuous_batching", True),
        unless=lambda plan: is_on(plan, "use_vllm"),
    ),
    _Need(
        "sync-settings-without-sync",
        "`ref_model_mixup_alpha` and `ref_model_sync_steps` have no effect without `sync_ref_model: true`.",
        {"GRPOTrainer": (0, 15), "RLOOTrainer": (0, 22), "DPOTrainer": (0, 9), "KTOTrainer": (1, 7)},
        ("ref_model_mixup_alpha", "ref_model_sync_steps"),
        lambda plan: is_on(plan, "sync_ref_model"),
        "without `sync_ref_model: true`",
        ("sync_ref_model", True),
        unless=lambda plan: is_adapted(plan) or (has(plan, "beta") and _uses_reference(plan) is False),
    ),
    _Need(
        "unused-sync",
        "`sync_ref_model` has no effect where `beta: 0` loads no reference model.",
        {"GRPOTrainer": (0, 15), "RLOOTrainer": (0, 22)},
        ("sync_ref_model",),
        _uses_reference,
        "because {=beta} loads no reference model",
        ("beta", 0.04),
        until=(0, 28),
    ),
    _Need(
        "bias-correction-without-kl",
        "`use_bias_correction_kl` has no effect where `beta: 0` removes the KL term.",
        {"GRPOTrainer": (0, 26)},
        ("use_bias_correction_kl",),
        _uses_reference,
        "because {=beta} removes the KL term",
        ("beta", 0.04),
    ),
    _Need(
        "completion-settings-without-logging",
        "The settings of the log of completions have no effect without `log_completions: true`.",
        {"GRPOTrainer": (0, 15), "RLOOTrainer": (0, 22)},
        ("log_multimodal", "log_unique_prompts", "num_completions_to_print"),
        lambda plan: is_on(plan, "log_completions"),
        "without `log_completions: true`",
        ("log_completions", True),
    ),
    _Need(
        "eval-generations-without-evaluation",
        "`num_generations_eval` has no effect without evaluation.",
        {"GRPOTrainer": (0, 26), "RLOOTrainer": (0, 26)},
        ("num_generations_eval",),
        lambda plan: _not(is_word(plan, "eval_strategy", "no")),
        "with {=eval_strategy}",
        ("eval_strategy", "steps"),
    ),
    _Need(
        "sapo-settings-without-sapo",
        "The `sapo_` settings have no effect unless `loss_type` is sapo.",
        _GRPO,
        ("sapo_*",),
        lambda plan: _has_loss(plan, "sapo"),
        "without `loss_type: sapo`",
        ("loss_type", "sapo"),
    ),
    _Need(
        "vespo-settings-without-vespo",
        "The `vespo_` settings have no effect unless `loss_type` is vespo.",
        _GRPO,
        ("vespo_*",),
        lambda plan: _has_loss(plan, "vespo"),
        "without `loss_type: vespo`",
        ("loss_type", "vespo"),
    ),
    _Need(
        "delta-with-one-sided-clipping",
        "`delta` has no effect on a loss without two-sided clipping.",
        _GRPO,
        ("delta",),
        lambda plan: _lacks_loss(plan, "cispo", "sapo", "vespo"),
        "with {=loss_type}: it has no two-sided clipping",
        ("loss_type", "dapo"),
    ),
    _Need(
        "entropy-settings-without-adaptive-entropy",
        "The settings of adaptive entropy have no effect without `use_adaptive_entropy: true`.",
        _GRPO,
        ("entropy_coef_*", "entropy_target"),
        lambda plan: is_on(plan, "use_adaptive_entropy"),
        "without `use_adaptive_entropy: true`",
        ("use_adaptive_entropy", True),
    ),
    _Need(
        "reference-batch-size-without-precomputing",
        "`precompute_ref_batch_size` has no effect without `precompute_ref_log_probs: true`.",
        {"DPOTrainer": (0, 13), "KTOTrainer": (1, 2)},
        ("precompute_ref_batch_size",),
        lambda plan: is_on(plan, "precompute_ref_log_probs"),
        "without `precompute_ref_log_probs: true`",
        ("precompute_ref_log_probs", True),
        unless=lambda plan: is_on(plan, "sync_ref_model"),
    ),
    _Need(
        "alpha-coefficient-without-alpha-divergence",
        "`f_alpha_divergence_coef` has no effect unless `f_divergence_type` is alpha_divergence.",
        _DPO,
        ("f_alpha_divergence_coef",),
        lambda plan: is_word(plan, "f_divergence_type", "alpha_divergence"),
        "without `f_divergence_type: alpha_divergence`",
        ("f_divergence_type", "alpha_divergence"),
    ),
    _Need(
        "discopop-tau-without-discopop",
        "`discopop_tau` has no effect unless `loss_type` is discopop.",
        _DPO,
        ("discopop_tau",),
        lambda plan: _has_loss(plan, "discopop"),
        "without `loss_type: discopop`",
        ("loss_type", "discopop"),
    ),
    _Need(
        "label-smoothing-with-unsmoothed-loss",
        "`label_smoothing` has no effect on a loss that does not smooth labels.",
        _DPO,
        ("label_smoothing",),
        lambda plan: _lacks_loss(plan, "hinge", "ipo", "bco_pair", "sppo_hard", "nca_pair", "apo_zero", "apo_down"),
        "with {=loss_type}",
        ("loss_type", "sigmoid"),
        until=(0, 29),
    ),
    _Need(
        "label-smoothing-with-unsmoothed-loss",
        "`label_smoothing` has no effect on a loss that does not smooth labels.",
        {"DPOTrainer": (0, 29)},
        ("label_smoothing",),
        lambda plan: _has_loss(plan, "robust", "exo_pair", "aot", "aot_unpaired"),
        "with {=loss_type} since trl 0.29",
        ("loss_type", "robust"),
    ),
    _Need(
        "padding-free-dpo",
        "`padding_free` has no effect on DPOTrainer since TRL 0.29, because it always pads.",
        {"DPOTrainer": (0, 29)},
        ("padding_free",),
        lambda plan: False,
        "since trl 0.29: DPOTrainer always pads",
    ),
    _Need(
        "packing-strategy-without-packing",
        "`packing_strategy` has no effect without `packing: true`.",
        _SFT,
        ("packing_strategy",),
        _packs,
        "without `packing: true`",
        ("packing", True),
    ),
    _Need(
        "overwritten-model-init-kwargs",
        "`model_init_kwargs` has no effect because TRL's own script overwrites it before TRL 1.14.",
        {"SFTTrainer": (0, 13), "DPOTrainer": (0, 13), "KTOTrainer": (0, 13), "GRPOTrainer": (0, 26)},
        ("model_init_kwargs",),
        _runs_own_script,
        "because TRL's own script overwrites it before trl 1.14",
        Say(
            "move its keys to `arguments`: the script reads attn_implementation, dtype and model_revision",
            needs=("arguments.attn_implementation",),
        ),
        until=(1, 14),
    ),
)


@rule(Severity.WARNING, rows={need.row: Row(need.page) for need in _NEEDS})
def check(plan: Plan) -> Iterator[Finding]:
    for need in _NEEDS:
        if concerns(plan, need.since, need.until) and need.is_met(plan) is False:
            uses = [*changed(plan, need.names)]
            if uses:
                names = listing(f"`{use.name}`" for use in uses)
                message = f"{names} {'has' if len(uses) == 1 else 'have'} no effect {_filled(plan, need.why)}"
                yield Finding(uses[0].path, message, _remedies(plan, need, uses), on_key=True, row=need.row)
