"""An argument has no effect without another one.

TRL's classes take arguments of a part that is switched off, and say nothing. The run goes on as if they were
not there: with completions of `generate()` where vLLM was meant, without the smoothing that was asked for, with
a reference model that stands still.

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

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Version
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import listing
from configlint.rules.trl import changed, concerns, is_on, is_word, losses


class _Need(NamedTuple):
    """What some arguments need: `is_met` is None where there is no telling. `since` has the first release of
    each trainer that it holds for, `until` the first that it does not hold for any more; `why` is said after
    "have no effect", `help` is what to write, and to delete them is said beside it."""

    since: Mapping[str, Version]
    names: tuple[str, ...]
    is_met: Callable[[Plan], bool | None]
    why: str
    help: str | None = None
    until: Version | None = None


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    for need in _NEEDS:
        if concerns(plan, need.since, need.until) and need.is_met(plan) is False:
            uses = [*changed(plan, need.names)]
            if uses:
                names = listing(f"`{use.name}`" for use in uses)
                yield Finding(
                    uses[0].path,
                    f"{names} {'has' if len(uses) == 1 else 'have'} no effect {need.why}",
                    f"{need.help}, or delete {'it' if len(uses) == 1 else 'them'}" if need.help else "delete it",
                    on_key=True,
                )


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _uses_reference(plan: Plan) -> bool | None:
    beta = real(plan.argument("beta"))
    return None if beta is None else beta != 0


def _runs_in(plan: Plan, mode: str) -> bool | None:
    """Whether vLLM is in a mode; without vLLM that is not the question."""
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
        _GENERATING,
        ("vllm_*",),
        lambda plan: is_on(plan, "use_vllm"),
        "without use_vllm: true",
        "write use_vllm: true",
    ),
    _Need(
        _SINCE_MODES,
        ("vllm_server_*", "vllm_group_port"),
        lambda plan: _runs_in(plan, "server"),
        "with vllm_mode: colocate",
        "write vllm_mode: server",
    ),
    _Need(
        _SINCE_MODES,
        (
            "vllm_enable_sleep_mode",
            "vllm_gpu_memory_utilization",
            "vllm_max_model_length",
            "vllm_model_impl",
            "vllm_tensor_parallel_size",
        ),
        lambda plan: _runs_in(plan, "colocate"),
        "with vllm_mode: server",
        "give the server such flags when you start it",
    ),
    _Need(
        _SINCE_MODES,
        ("vllm_server_host", "vllm_server_port"),
        _has_no_url,
        "beside vllm_server_base_url",
        "put them into that",
    ),
    _Need(
        {"GRPOTrainer": (0, 16), "RLOOTrainer": (0, 22)},
        ("cache_implementation",),
        lambda plan: _not(is_on(plan, "use_vllm")),
        "with use_vllm: true",
    ),
    _Need(
        {"GRPOTrainer": (1, 7), "RLOOTrainer": (1, 7)},
        ("use_transformers_continuous_batching",),
        lambda plan: _not(is_on(plan, "use_vllm")),
        "with use_vllm: true",
    ),
    _Need(
        {"GRPOTrainer": (1, 7), "RLOOTrainer": (1, 7)},
        ("transformers_continuous_batching_config",),
        lambda plan: is_on(plan, "use_transformers_continuous_batching"),
        "without use_transformers_continuous_batching: true",
        "write that",
    ),
    _Need(
        {"GRPOTrainer": (0, 15), "RLOOTrainer": (0, 22), "DPOTrainer": (0, 9), "KTOTrainer": (1, 7)},
        ("ref_model_mixup_alpha", "ref_model_sync_steps"),
        lambda plan: is_on(plan, "sync_ref_model"),
        "without sync_ref_model: true",
        "write sync_ref_model: true",
    ),
    _Need(
        {"GRPOTrainer": (0, 15), "RLOOTrainer": (0, 22)},
        ("sync_ref_model",),
        _uses_reference,
        "while beta is 0, which leaves the reference model out",
        "write a beta above 0",
        until=(0, 28),
    ),
    _Need(
        {"GRPOTrainer": (0, 26)},
        ("use_bias_correction_kl",),
        _uses_reference,
        "while beta is 0, which leaves the KL term out",
        "write a beta above 0",
    ),
    _Need(
        {"GRPOTrainer": (0, 15), "RLOOTrainer": (0, 22)},
        ("log_multimodal", "log_unique_prompts", "num_completions_to_print"),
        lambda plan: is_on(plan, "log_completions"),
        "without log_completions: true",
        "write log_completions: true",
    ),
    _Need(
        {"GRPOTrainer": (0, 26), "RLOOTrainer": (0, 26)},
        ("num_generations_eval",),
        lambda plan: _not(is_word(plan, "eval_strategy", "no")),
        "without evaluation",
        "write an eval_strategy",
    ),
    _Need(
        _GRPO,
        ("sapo_*",),
        lambda plan: _has_loss(plan, "sapo"),
        "without loss_type: sapo",
        "write loss_type: sapo",
    ),
    _Need(
        _GRPO,
        ("vespo_*",),
        lambda plan: _has_loss(plan, "vespo"),
        "without loss_type: vespo",
        "write loss_type: vespo",
    ),
    _Need(
        _GRPO,
        ("delta",),
        lambda plan: _lacks_loss(plan, "cispo", "sapo", "vespo"),
        "with this loss_type, which does not clip on two sides",
        "write loss_type: dapo, say",
    ),
    _Need(
        _GRPO,
        ("entropy_coef_*", "entropy_target"),
        lambda plan: is_on(plan, "use_adaptive_entropy"),
        "without use_adaptive_entropy: true",
        "write use_adaptive_entropy: true",
    ),
    _Need(
        {"DPOTrainer": (0, 13), "KTOTrainer": (1, 2)},
        ("precompute_ref_batch_size",),
        lambda plan: is_on(plan, "precompute_ref_log_probs"),
        "without precompute_ref_log_probs: true",
        "write precompute_ref_log_probs: true",
    ),
    _Need(
        _DPO,
        ("f_alpha_divergence_coef",),
        lambda plan: is_word(plan, "f_divergence_type", "alpha_divergence"),
        "without f_divergence_type: alpha_divergence",
        "write f_divergence_type: alpha_divergence",
    ),
    _Need(
        _DPO,
        ("discopop_tau",),
        lambda plan: _has_loss(plan, "discopop"),
        "without loss_type: discopop",
        "write loss_type: discopop",
    ),
    _Need(
        _DPO,
        ("label_smoothing",),
        lambda plan: _lacks_loss(plan, "hinge", "ipo", "bco_pair", "sppo_hard", "nca_pair", "apo_zero", "apo_down"),
        "with this loss_type",
        "write loss_type: sigmoid, say",
        until=(0, 29),
    ),
    _Need(
        {"DPOTrainer": (0, 29)},
        ("label_smoothing",),
        lambda plan: _has_loss(plan, "robust", "exo_pair", "aot", "aot_unpaired"),
        "with this loss_type: from trl 0.29 not with sigmoid either",
        "write loss_type: robust, or one of exo_pair, aot and aot_unpaired",
    ),
    _Need({"DPOTrainer": (0, 29)}, ("padding_free",), lambda plan: False, "from trl 0.29 on: DPOTrainer pads"),
    _Need(
        _SFT,
        ("packing_strategy",),
        _packs,
        "without packing: true",
        "write packing: true",
    ),
    _Need(
        {"SFTTrainer": (0, 13), "DPOTrainer": (0, 13), "KTOTrainer": (0, 13), "GRPOTrainer": (0, 26)},
        ("model_init_kwargs",),
        _runs_own_script,
        "under TRL's own script, which until trl 1.13 writes or loads over it",
        "write the script's arguments: attn_implementation, dtype, model_revision",
        until=(1, 14),
    ),
)
