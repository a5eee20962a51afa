"""Two settings exclude each other under one of TRL's trainers.

The config class refuses them when the script starts, or the trainer when it is built: after the queue, and
often after the model was loaded. Which of them do so depends on TRL's release.

Bad:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {padding_free: true}

Good:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {padding_free: true, max_length: null}

Source: trl 1.16 trainer/*_config.py, __post_init__, and trainer/*_trainer.py, __init__; the same files of 0.9 to
1.15; run: trl 1.16.0 refuses each that the config class refuses
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Version
from configlint.core.rule import Finding, rule
from configlint.core.values import mapping, positive, real
from configlint.core.wording import code
from configlint.rules.trl import concerns, has, is_on, is_word, losses


class _Conflict(NamedTuple):
    """`since` has the first release of each trainer that refuses it, `until` the first that does not any more;
    `names` are the settings, the one to blame first, as message and help may name their values."""

    since: Mapping[str, Version]
    names: tuple[str, ...]
    holds: Callable[[Plan], object]
    message: str
    help: str
    until: Version | None = None


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for row in _CONFLICTS:
        if concerns(plan, row.since, row.until) and row.holds(plan):
            places = {name: name if "." in name else plan.path(name) for name in row.names}
            values = {name.rpartition(".")[2]: code(_value(plan, path)) for name, path in places.items()}
            given = [path for path in places.values() if plan.given(path)] or [*places.values()][:1]
            yield Finding(
                given[0],
                row.message.format(trainer=plan.trainer, world=plan.parallel.world, **values),
                row.help.format(**values),
                related=tuple((path, f"{path} {code(_value(plan, path))}") for path in given[1:]),
            )


def _value(plan: Plan, path: str) -> object:
    if path.startswith("training."):
        return plan.argument(path.removeprefix("training."))
    return plan.origins[path].value if path in plan.origins else plan.spec.settings[path].value


def _is_adapted(plan: Plan) -> bool:
    method = plan.spec.settings.get("tuning.method")
    return method is not None and method.value in ("lora", "qlora")


def _is_zero(plan: Plan, name: str) -> bool:
    return has(plan, name) and real(plan.argument(name)) == 0


def _is_unprepared(plan: Plan) -> bool:
    """Whether the data comes as it is trained on, so that nothing packs it."""
    return bool((mapping(plan.argument("dataset_kwargs")) or {}).get("skip_prepare_dataset"))


def _weights_differ(plan: Plan) -> bool:
    weights, types = plan.argument("loss_weights"), losses(plan)
    return isinstance(weights, list) and bool(types) and len(weights) != len(types)


def _bounds_cross(plan: Plan) -> bool:
    least, most = (real(plan.argument(f"vllm_importance_sampling_clip_{end}")) for end in ("min", "max"))
    return least is not None and most is not None and least >= most


def _has_no_bounds(plan: Plan) -> bool:
    ends = [plan.argument(f"vllm_importance_sampling_clip_{end}") for end in ("min", "max")]
    truncates = is_word(plan, "vllm_importance_sampling_mode", "token_truncate", "sequence_truncate")
    return bool(is_on(plan, "vllm_importance_sampling_correction") and truncates) and ends == [None, None]


def _is_uneven(plan: Plan) -> bool:
    size, world = positive(plan.argument("vllm_tensor_parallel_size")), plan.parallel.world
    is_inside = is_on(plan, "use_vllm") and is_word(plan, "vllm_mode", "colocate")
    return bool(is_inside and size and world and world % size)


def _vespo_by_sequence(plan: Plan) -> bool:
    corrects = is_on(plan, "use_vllm") and is_on(plan, "vllm_importance_sampling_correction")
    by_token = is_word(plan, "vllm_importance_sampling_mode", "token_truncate", "token_mask")
    return bool(is_word(plan, "loss_type", "vespo") and corrects and by_token is False)


# Losses that are built on the margin between the two answers.
_MARGIN = {"sigmoid", "sigmoid_norm", "hinge", "ipo", "exo_pair", "robust", "discopop", "sft"}

_CONFLICTS = (
    _Conflict(
        {"SFTTrainer": (1, 0)},
        ("padding_free", "max_length"),
        lambda plan: (
            is_on(plan, "padding_free")
            and is_on(plan, "packing") is False
            and positive(plan.argument("max_length"))
        ),
        "padding_free cannot keep to max_length {max_length} without packing",
        "write packing: true, or max_length: null for data that is short enough",
    ),
    _Conflict(
        {"SFTTrainer": (0, 15)},
        ("max_length", "packing"),
        lambda plan: is_on(plan, "packing") and plan.argument("max_length") is None and not _is_unprepared(plan),
        "packing fills blocks of max_length tokens, and that is null",
        "write max_length: 4096, or whatever the model takes",
    ),
    _Conflict(
        {"SFTTrainer": (1, 11)},
        ("packing", "eval_packing", "parallel.context"),
        lambda plan: (plan.parallel.context or 1) > 1 and (is_on(plan, "packing") or is_on(plan, "eval_packing")),
        "packed samples would see each other under context parallelism ({context}), which drops their mask",
        "write packing: false and eval_packing: false, or parallel.context: 1",
    ),
    _Conflict(
        {"GRPOTrainer": (1, 4), "RLOOTrainer": (1, 4)},
        ("parallel.context", "parallel.sequence"),
        lambda plan: (plan.parallel.context or 1) > 1 or (plan.parallel.sequence or 1) > 1,
        "{trainer} cannot share a sequence out over devices (context {context}, sequence {sequence})",
        "write 1 for both, and parallel.data: zero3 or fsdp where memory is short",
    ),
    _Conflict(
        {"GRPOTrainer": (0, 18), "RLOOTrainer": (0, 22)},
        ("generation_batch_size", "steps_per_generation"),
        lambda plan: (
            plan.argument("generation_batch_size") is not None and plan.argument("steps_per_generation") is not None
        ),
        "generation_batch_size {generation_batch_size} and steps_per_generation {steps_per_generation}"
        " both say how much is generated at a time",
        "keep one of them: the other follows from per_device x processes",
    ),
    _Conflict(
        {"GRPOTrainer": (0, 28), "RLOOTrainer": (0, 28)},
        ("sync_ref_model", "beta"),
        lambda plan: is_on(plan, "sync_ref_model") and _is_zero(plan, "beta"),
        "sync_ref_model has no reference model to sync: beta is 0, and {trainer} loads none",
        "write a beta above 0, or leave sync_ref_model out",
    ),
    _Conflict(
        {"GRPOTrainer": (0, 28), "RLOOTrainer": (0, 28), "DPOTrainer": (0, 29), "KTOTrainer": (1, 7)},
        ("sync_ref_model", "tuning.method"),
        lambda plan: is_on(plan, "sync_ref_model") and _is_adapted(plan),
        "sync_ref_model has no reference model to sync: with {method} it is the base model without its adapter",
        "leave sync_ref_model out, or train all weights",
    ),
    _Conflict(
        {"DPOTrainer": (0, 9), "KTOTrainer": (1, 7)},
        ("sync_ref_model", "precompute_ref_log_probs"),
        lambda plan: is_on(plan, "sync_ref_model") and is_on(plan, "precompute_ref_log_probs"),
        "what precompute_ref_log_probs reckons ahead is outdated at the first sync of sync_ref_model",
        "leave one of them out",
    ),
    _Conflict(
        {"DPOTrainer": (0, 9)},
        ("precompute_ref_log_probs", "parallel.data"),
        lambda plan: is_on(plan, "precompute_ref_log_probs") and plan.parallel.data == "zero3",
        "{trainer} cannot precompute the reference under ZeRO-3 before trl 0.29",
        "write parallel.data: zero2 or fsdp, or leave precompute_ref_log_probs out",
        until=(0, 29),
    ),
    _Conflict(
        {"KTOTrainer": (0, 9)},
        ("precompute_ref_log_probs", "parallel.data"),
        lambda plan: is_on(plan, "precompute_ref_log_probs") and plan.parallel.data == "zero3",
        "{trainer} cannot precompute the reference under ZeRO-3 before trl 1.3",
        "write parallel.data: zero2 or fsdp, or leave precompute_ref_log_probs out",
        until=(1, 3),
    ),
    _Conflict(
        {"DPOTrainer": (0, 20)},
        ("loss_weights", "loss_type"),
        _weights_differ,
        "loss_weights {loss_weights} are not one for each of loss_type {loss_type}",
        "write one weight for each loss",
    ),
    _Conflict(
        {"DPOTrainer": (0, 29)},
        ("loss_type", "label_smoothing"),
        lambda plan: "exo_pair" in losses(plan) and _is_zero(plan, "label_smoothing"),
        "the loss exo_pair takes the logarithm of label_smoothing, which is 0",
        "write label_smoothing: 0.001",
    ),
    _Conflict(
        {"DPOTrainer": (1, 10)},
        ("f_divergence_type", "loss_type"),
        lambda plan: is_word(plan, "f_divergence_type", "reverse_kl") is False and {*losses(plan)} - _MARGIN,
        "f_divergence_type {f_divergence_type} is not defined for loss_type {loss_type}",
        "leave f_divergence_type out, or choose a loss on the margin, such as sigmoid",
    ),
    _Conflict(
        {"DPOTrainer": (0, 29)},
        ("use_weighting", "loss_type"),
        lambda plan: is_on(plan, "use_weighting") and {*losses(plan)} & {"aot", "aot_unpaired"},
        "use_weighting weights pairs, and loss_type {loss_type} tears them apart",
        "leave use_weighting out, or choose another loss",
    ),
    _Conflict(
        {"KTOTrainer": (0, 12)},
        ("batch.per_device", "loss_type"),
        lambda plan: plan.batch.per_device == 1 and is_word(plan, "loss_type", "apo_zero_unpaired") is False,
        "KTO estimates its KL term from the other samples of a micro-batch, and per_device is 1",
        "pin batch.per_device: 2 or more",
    ),
    _Conflict(
        {"KTOTrainer": (1, 6)},
        ("train_sampling_strategy", "loss_type"),
        lambda plan: (
            is_word(plan, "train_sampling_strategy", "sequential") is False
            and is_word(plan, "loss_type", "apo_zero_unpaired") is False
        ),
        "train_sampling_strategy {train_sampling_strategy} breaks the pairs that KTO estimates its KL term from",
        "leave it out: sequential is KTO's default",
    ),
    _Conflict(
        {"GRPOTrainer": (0, 28)},
        ("log_completions_hub_repo", "log_completions"),
        lambda plan: plan.argument("log_completions_hub_repo") and is_on(plan, "log_completions") is False,
        "log_completions_hub_repo asks for completions, and log_completions is false",
        "write log_completions: true",
    ),
    _Conflict(
        {"GRPOTrainer": (1, 6)},
        ("vllm_importance_sampling_clip_min", "vllm_importance_sampling_clip_max"),
        _bounds_cross,
        "vllm_importance_sampling_clip_min {vllm_importance_sampling_clip_min} is not below"
        " vllm_importance_sampling_clip_max {vllm_importance_sampling_clip_max}",
        "write a smaller one",
    ),
    _Conflict(
        {"GRPOTrainer": (1, 6)},
        ("vllm_importance_sampling_mode", "vllm_importance_sampling_clip_max"),
        _has_no_bounds,
        "vllm_importance_sampling_mode {vllm_importance_sampling_mode} clips, and both bounds are null",
        "give vllm_importance_sampling_clip_max or vllm_importance_sampling_clip_min",
    ),
    _Conflict(
        {"GRPOTrainer": (1, 0)},
        ("vllm_importance_sampling_mode", "loss_type"),
        _vespo_by_sequence,
        "the loss vespo takes corrections for tokens, and vllm_importance_sampling_mode is"
        " {vllm_importance_sampling_mode}",
        "write vllm_importance_sampling_mode: token_truncate or token_mask",
    ),
    _Conflict(
        {"GRPOTrainer": (0, 18), "RLOOTrainer": (0, 22)},
        ("vllm_tensor_parallel_size",),
        _is_uneven,
        "vllm_tensor_parallel_size {vllm_tensor_parallel_size} does not divide the {world} processes",
        "write a divisor of that",
    ),
    _Conflict(
        {"GRPOTrainer": (1, 7), "RLOOTrainer": (1, 7)},
        ("use_transformers_continuous_batching",),
        lambda plan: (
            is_on(plan, "use_transformers_continuous_batching")
            and plan.given("transformers")
            and plan.release.transformers < (5, 8)
        ),
        "use_transformers_continuous_batching asks for transformers 5.8 or newer",
        "name a newer release, or write use_vllm: true",
    ),
)
