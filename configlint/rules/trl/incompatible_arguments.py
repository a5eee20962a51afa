"""Two settings exclude each other under one of TRL's trainers.

The config class raises an error when the script starts, or the trainer does so later, often once the model is
loaded. Which combinations are rejected depends on the release of TRL.

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
1.15; run: trl 1.16.0 rejects each that the config class rejects
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import gcd

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.release import Version, written
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, Row, rule
from configlint.core.values import mapping, positive, real
from configlint.core.wording import code, count
from configlint.rules.trl import concerns, has, is_adapted, is_on, is_word, losses, valued


class _Conflict(NamedTuple):
    """`row` is its name, and `page` the sentence of its page. `since` has the first release of each trainer that
    rejects it, `until` the first that no longer does; `names` are the settings, the one to blame first. In the
    message stands `{packing}` for a name with its value, `{packing.name}` and `{packing.value}` for one of them."""

    row: str
    page: str
    since: Mapping[str, Version]
    names: tuple[str, ...]
    holds: Callable[[Plan], object]
    message: str
    remedies: Callable[[Plan], list[Remedy]]
    until: Mapping[str, Version] = {}


class _Named(NamedTuple):
    """A setting in a message."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


def _path(plan: Plan, name: str) -> str:
    return name if "." in name else plan.path(name)


def _named(plan: Plan, name: str) -> _Named:
    path = _path(plan, name)
    if "." not in name:
        value = valued(plan, name)
    else:
        value = code(plan.origins[path].value if path in plan.origins else plan.spec.settings[path].value)
    return _Named(f"`{plan.name(path)}`", value)


def _put(name: str, value: object, why: str = "") -> Callable[[Plan], Remedy]:
    return lambda plan: Put(_path(plan, name), value, why=why)


def _drop(name: str, why: str = "") -> Callable[[Plan], Remedy]:
    return lambda plan: Drop(_path(plan, name), why=why)


def _either(*remedies: Callable[[Plan], Remedy]) -> Callable[[Plan], list[Remedy]]:
    return lambda plan: [remedy(plan) for remedy in remedies]


def _is_zero(plan: Plan, name: str) -> bool:
    return has(plan, name) and real(plan.argument(name)) == 0


def _is_unprepared(plan: Plan) -> bool:
    """Whether the data is used as it is, so that nothing packs it."""
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


def _unpacked(plan: Plan) -> list[Remedy]:
    """For context parallelism: nothing packed, or one device for a sequence."""
    acts = [Put(plan.path(name), False) for name in ("packing", "eval_packing") if is_on(plan, name)]
    multiple, padding = 2 * (plan.parallel.context or 1), positive(plan.argument("pad_to_multiple_of"))
    if is_on(plan, "packing") and (padding or 1) % multiple:
        # Else parallel/ragged-sequences would be next.
        acts.append(Put(plan.path("pad_to_multiple_of"), multiple))
    return [tuple(acts), Put("parallel.context", 1)]


def _weighted(plan: Plan) -> list[Remedy]:
    number = count(len(losses(plan)), "weight")
    return [Say(f"write {number}"), Drop(plan.path("loss_weights"), why="every weight is then 1.0")]


def _paired(plan: Plan) -> list[Remedy]:
    """The smallest micro-batch above 1 that keeps the effective batch."""
    effective, replicas, accumulation = plan.batch.effective, plan.parallel.replicas, plan.batch.pinned_accumulation
    each = effective // replicas if effective and replicas else max(accumulation or 0, 2)
    if replicas and each < 2:
        return [(Put("batch.effective", 2 * replicas), Put("batch.per_device", 2))]
    size = next((size for size in range(2, min(each, 64) + 1) if each % size == 0), None)
    if size is None:
        return []
    to_pin = Put("batch.per_device", size)
    return [(to_pin, Put("batch.accumulation", each // size)) if accumulation else to_pin]


def _below(plan: Plan) -> list[Remedy]:
    most = code(plan.argument("vllm_importance_sampling_clip_max"))
    return [Say(f"write a value below {most}"), Drop(plan.path("vllm_importance_sampling_clip_min"))]


def _dividing(plan: Plan) -> list[Remedy]:
    size, world = positive(plan.argument("vllm_tensor_parallel_size")), plan.parallel.world
    return [Put(plan.path("vllm_tensor_parallel_size"), gcd(size or 1, world or 1))]


def _targets(plan: Plan) -> list[object]:
    setting = plan.spec.settings.get("tuning.target_modules")
    value = setting.value if setting else None
    return value if isinstance(value, list) else [value]


def _adapts_head(plan: Plan) -> bool:
    """Whether there is an adapter on the output layer: all-linear leaves it out."""
    return is_adapted(plan) and "lm_head" in _targets(plan)


def _is_chunked(plan: Plan) -> bool:
    """As written, else by SFTTrainer's default since 1.7."""
    if is_on(plan, "use_liger_kernel") is not False:
        return False
    by_default = plan.argument("loss_type") is None and (plan.release.trl or (0, 0)) >= (1, 7)
    return by_default or bool(is_word(plan, "loss_type", "chunked_nll"))


def _without_head(plan: Plan) -> list[Remedy]:
    path, left = "tuning.target_modules", [name for name in _targets(plan) if name != "lm_head"]
    return [Put(path, left or "all-linear")]


def _without_head_or(name: str, value: object) -> Callable[[Plan], list[Remedy]]:
    return lambda plan: [*_without_head(plan), Put(_path(plan, name), value)]


def is_dense(config: dict[str, object]) -> bool:
    """Whether a model is no mixture of experts."""
    config = mapping(config.get("text_config")) or config
    return not any(word in key for key in config for word in ("expert", "moe", "router"))


def _is_routed(plan: Plan) -> bool:
    """Whether it is a mixture that returns what its router gave each token."""
    return plan.model is not None and plan.model.config.get("model_type") in ROUTED


# Mixtures whose config has `output_router_logits`. Source: transformers 5.23 models/*/configuration_*.py.
ROUTED = ("gpt_oss", "mixtral", "olmoe", "qwen2_moe", "qwen3_moe")
# Losses that are built on the margin between the two answers.
_MARGIN = {"sigmoid", "sigmoid_norm", "hinge", "ipo", "exo_pair", "robust", "discopop", "sft"}

_CONFLICTS = (
    _Conflict(
        "padding-free-with-max-length",
        "`padding_free` without packing cannot truncate examples to `max_length`.",
        {"SFTTrainer": (1, 0)},
        ("padding_free", "max_length"),
        lambda plan: (
            is_on(plan, "padding_free")
            and is_on(plan, "packing") is False
            and positive(plan.argument("max_length"))
        ),
        "{padding_free.name} without packing cannot truncate to {max_length}",
        _either(_put("packing", True), _put("max_length", None, why="if all examples are short enough")),
    ),
    _Conflict(
        "packing-without-max-length",
        "`packing` requires a `max_length`, the length of a packed row.",
        {"SFTTrainer": (0, 15)},
        ("max_length", "packing"),
        lambda plan: is_on(plan, "packing") and plan.argument("max_length") is None and not _is_unprepared(plan),
        "{packing.name} requires {max_length.name}, got null",
        lambda plan: [
            Put(plan.path("max_length"), plan.sequence_length or 1024, why="the length of a packed row"),
            Put(plan.path("packing"), False),
        ],
    ),
    _Conflict(
        "precomputing-with-stream",
        "`precompute_ref_log_probs` does not work with a streaming data set.",
        {"DPOTrainer": (0, 29), "KTOTrainer": (1, 8)},
        ("precompute_ref_log_probs",),
        lambda plan: plan.data.streaming and is_on(plan, "precompute_ref_log_probs"),
        "{precompute_ref_log_probs.name} does not work with a streaming data set",
        _either(_drop("precompute_ref_log_probs", why="they are then computed in each step")),
    ),
    _Conflict(
        "packing-with-context",
        "Packed samples attend to each other under context parallelism, because it drops the attention mask.",
        {"SFTTrainer": (1, 11)},
        ("packing", "eval_packing", "parallel.context"),
        lambda plan: (plan.parallel.context or 1) > 1 and (is_on(plan, "packing") or is_on(plan, "eval_packing")),
        "packed samples attend to each other because {context} drops the attention mask",
        _unpacked,
    ),
    _Conflict(
        "generation-batch-size-beside-steps",
        "At most one of `generation_batch_size` and `steps_per_generation` may be set.",
        {"GRPOTrainer": (0, 18), "RLOOTrainer": (0, 22)},
        ("generation_batch_size", "steps_per_generation"),
        lambda plan: (
            plan.argument("generation_batch_size") is not None and plan.argument("steps_per_generation") is not None
        ),
        "at most one of {generation_batch_size.name} and {steps_per_generation.name} may be set, got"
        " {generation_batch_size.value} and {steps_per_generation.value}",
        _either(_drop("generation_batch_size"), _drop("steps_per_generation")),
    ),
    _Conflict(
        "sync-without-reference",
        "`sync_ref_model` requires a reference model, which `beta: 0` does not load.",
        {"GRPOTrainer": (0, 28), "RLOOTrainer": (0, 28)},
        ("sync_ref_model", "beta"),
        lambda plan: is_on(plan, "sync_ref_model") and _is_zero(plan, "beta"),
        "{sync_ref_model.name} requires a reference model, but {beta} loads none",
        _either(_put("beta", 0.04), _drop("sync_ref_model")),
    ),
    _Conflict(
        "sync-with-adapter",
        "`sync_ref_model` requires a separate reference model, but an adapter shares its base model.",
        {"GRPOTrainer": (0, 28), "RLOOTrainer": (0, 28), "DPOTrainer": (0, 29), "KTOTrainer": (1, 7)},
        ("sync_ref_model", "tuning.method"),
        lambda plan: is_on(plan, "sync_ref_model") and is_adapted(plan),
        "{sync_ref_model.name} requires a separate reference model, but {method} shares the base model",
        _either(_drop("sync_ref_model")),
    ),
    _Conflict(
        "sync-with-precomputed-reference",
        "`sync_ref_model` changes the model whose outputs `precompute_ref_log_probs` computes only once.",
        {"DPOTrainer": (0, 9), "KTOTrainer": (1, 7)},
        ("sync_ref_model", "precompute_ref_log_probs"),
        lambda plan: is_on(plan, "sync_ref_model") and is_on(plan, "precompute_ref_log_probs"),
        "{sync_ref_model.name} changes the model whose outputs {precompute_ref_log_probs.name} computes once",
        _either(_drop("sync_ref_model"), _drop("precompute_ref_log_probs")),
    ),
    _Conflict(
        "precomputed-reference-with-zero3",
        "`precompute_ref_log_probs` requires a newer release of TRL under ZeRO-3.",
        {"DPOTrainer": (0, 9), "KTOTrainer": (0, 9)},
        ("precompute_ref_log_probs", "parallel.data"),
        lambda plan: is_on(plan, "precompute_ref_log_probs") and plan.parallel.data == "zero3",
        "{precompute_ref_log_probs.name} under {data.value} requires trl {until} for {plan.trainer}, got"
        " {plan.trl}",
        _either(_put("parallel.data", "zero2"), _drop("precompute_ref_log_probs")),
        until={"DPOTrainer": (0, 29), "KTOTrainer": (1, 3)},
    ),
    _Conflict(
        "loss-weights-mismatch",
        "`loss_weights` must have one weight for each `loss_type`.",
        {"DPOTrainer": (0, 20)},
        ("loss_weights", "loss_type"),
        _weights_differ,
        "{loss_weights.name} must have one weight for each {loss_type}, got {loss_weights.value}",
        _weighted,
    ),
    _Conflict(
        "exo-pair-without-smoothing",
        "`loss_type: exo_pair` requires a `label_smoothing` above 0.",
        {"DPOTrainer": (0, 29)},
        ("loss_type", "label_smoothing"),
        lambda plan: "exo_pair" in losses(plan) and _is_zero(plan, "label_smoothing"),
        "{loss_type.name} exo_pair requires {label_smoothing.name} above 0, got {label_smoothing.value}",
        _either(_put("label_smoothing", 0.001)),
    ),
    _Conflict(
        "divergence-with-unsupported-loss",
        "Only losses on the margin between the two answers support an `f_divergence_type` other than reverse_kl.",
        {"DPOTrainer": (1, 10)},
        ("f_divergence_type", "loss_type"),
        lambda plan: is_word(plan, "f_divergence_type", "reverse_kl") is False and {*losses(plan)} - _MARGIN,
        "{f_divergence_type} is not supported for {loss_type}",
        _either(_put("loss_type", "sigmoid"), _drop("f_divergence_type")),
    ),
    _Conflict(
        "weighting-with-aot",
        "`use_weighting` weights pairs, which the aot losses split up.",
        {"DPOTrainer": (0, 29)},
        ("use_weighting", "loss_type"),
        lambda plan: is_on(plan, "use_weighting") and {*losses(plan)} & {"aot", "aot_unpaired"},
        "{use_weighting.name} weights pairs, but {loss_type} splits them up",
        _either(_put("loss_type", "sigmoid"), _drop("use_weighting")),
    ),
    _Conflict(
        "kto-batch-of-one",
        "KTO requires 2 or more samples per device to estimate its KL term.",
        {"KTOTrainer": (0, 12)},
        ("batch.per_device", "loss_type"),
        lambda plan: plan.batch.per_device == 1 and is_word(plan, "loss_type", "apo_zero_unpaired") is False,
        "{per_device.name} must be 2 or more for KTO to estimate its KL term, got 1",
        _paired,
    ),
    _Conflict(
        "kto-without-sequential-sampling",
        "KTO requires `train_sampling_strategy: sequential` to estimate its KL term.",
        {"KTOTrainer": (1, 6)},
        ("train_sampling_strategy", "loss_type"),
        lambda plan: (
            is_word(plan, "train_sampling_strategy", "sequential") is False
            and is_word(plan, "loss_type", "apo_zero_unpaired") is False
        ),
        "{train_sampling_strategy.name} must be sequential for KTO to estimate its KL term, got"
        " {train_sampling_strategy.value}",
        _either(_drop("train_sampling_strategy", why="KTOConfig's default is sequential")),
    ),
    _Conflict(
        "completions-repo-without-logging",
        "`log_completions_hub_repo` requires `log_completions`.",
        {"GRPOTrainer": (0, 28)},
        ("log_completions_hub_repo", "log_completions"),
        lambda plan: plan.argument("log_completions_hub_repo") and is_on(plan, "log_completions") is False,
        "{log_completions_hub_repo.name} requires {log_completions.name}, got {log_completions.value}",
        _either(_put("log_completions", True), _drop("log_completions_hub_repo")),
    ),
    _Conflict(
        "crossed-clip-bounds",
        "`vllm_importance_sampling_clip_min` must be below `vllm_importance_sampling_clip_max`.",
        {"GRPOTrainer": (1, 6)},
        ("vllm_importance_sampling_clip_min", "vllm_importance_sampling_clip_max"),
        _bounds_cross,
        "{vllm_importance_sampling_clip_min.name} must be below {vllm_importance_sampling_clip_max}, got"
        " {vllm_importance_sampling_clip_min.value}",
        _below,
    ),
    _Conflict(
        "truncation-without-clip-bounds",
        "A truncating `vllm_importance_sampling_mode` requires a lower or an upper bound.",
        {"GRPOTrainer": (1, 6)},
        ("vllm_importance_sampling_mode", "vllm_importance_sampling_clip_max"),
        _has_no_bounds,
        "{vllm_importance_sampling_mode} requires {vllm_importance_sampling_clip_max.name} or"
        " `vllm_importance_sampling_clip_min`, got null for both",
        _either(_put("vllm_importance_sampling_clip_max", 3.0)),
    ),
    _Conflict(
        "vespo-with-sequence-correction",
        "`loss_type: vespo` requires a `vllm_importance_sampling_mode` that works token by token.",
        {"GRPOTrainer": (1, 0)},
        ("vllm_importance_sampling_mode", "loss_type"),
        _vespo_by_sequence,
        "{loss_type} requires {vllm_importance_sampling_mode.name} token_truncate or token_mask, got"
        " {vllm_importance_sampling_mode.value}",
        _either(*(_put("vllm_importance_sampling_mode", mode) for mode in ("token_truncate", "token_mask"))),
    ),
    _Conflict(
        "indivisible-vllm-tensor-parallel",
        "`vllm_tensor_parallel_size` must divide the number of processes that train.",
        {"GRPOTrainer": (0, 18), "RLOOTrainer": (0, 22)},
        ("vllm_tensor_parallel_size",),
        _is_uneven,
        "{vllm_tensor_parallel_size.name} must divide the {plan.parallel.world} processes, got"
        " {vllm_tensor_parallel_size.value}",
        _dividing,
    ),
    _Conflict(
        "continuous-batching-on-old-transformers",
        "`use_transformers_continuous_batching` requires Transformers 5.8 or newer.",
        {"GRPOTrainer": (1, 7), "RLOOTrainer": (1, 7)},
        ("use_transformers_continuous_batching",),
        lambda plan: (
            is_on(plan, "use_transformers_continuous_batching")
            and plan.given("transformers")
            and plan.release.transformers < (5, 8)
        ),
        "{use_transformers_continuous_batching.name} requires transformers 5.8 or newer, got {plan.transformers}",
        lambda plan: [Put("transformers", "5.8"), Drop(plan.path("use_transformers_continuous_batching"))],
    ),
    _Conflict(
        "router-loss-on-dense-model",
        "`router_aux_loss_coef` requires a mixture of experts.",
        dict.fromkeys(("SFTTrainer", "DPOTrainer", "GRPOTrainer", "KTOTrainer", "RLOOTrainer"), (1, 14)),
        ("router_aux_loss_coef", "model.config"),
        lambda plan: (
            has(plan, "router_aux_loss_coef")
            and real(plan.argument("router_aux_loss_coef"))
            and plan.model is not None
            and is_dense(plan.model.config)
        ),
        "{router_aux_loss_coef} requires a mixture of experts, but {plan.model.name} has no router",
        _either(_drop("router_aux_loss_coef")),
    ),
    _Conflict(
        "liger-on-mixture",
        "Liger's preference losses do not return what the router of a mixture gave each token.",
        dict.fromkeys(("DPOTrainer", "KTOTrainer"), (1, 8)),
        ("use_liger_kernel", "router_aux_loss_coef", "model.config"),
        lambda plan: (
            is_on(plan, "use_liger_kernel") and real(plan.argument("router_aux_loss_coef")) and _is_routed(plan)
        ),
        "{use_liger_kernel.name} cannot compute {router_aux_loss_coef} of {plan.model.name} before trl {until}",
        _either(_put("router_aux_loss_coef", 0.0), _put("use_liger_kernel", False)),
        until=dict.fromkeys(("DPOTrainer", "KTOTrainer"), (1, 15)),
    ),
    _Conflict(
        "adapter-on-output-layer",
        "An adapter on `lm_head` would not be trained, because the loss reads the layer's own weights.",
        {
            **dict.fromkeys(("SFTTrainer", "DPOTrainer", "GRPOTrainer", "KTOTrainer", "RLOOTrainer"), (1, 15)),
            "DistillationTrainer": (1, 10),
        },
        ("tuning.target_modules",),
        _adapts_head,
        "an adapter on lm_head is rejected by {plan.trainer}: its loss reads the layer's own weights",
        _without_head,
    ),
    _Conflict(
        "chunked-loss-with-adapter-on-output-layer",
        "`loss_type: chunked_nll` reads the weights of `lm_head`, and would not train an adapter on it.",
        {"SFTTrainer": (1, 4)},
        ("tuning.target_modules", "loss_type"),
        lambda plan: _adapts_head(plan) and _is_chunked(plan),
        "an adapter on lm_head cannot be trained with the chunked_nll loss",
        _without_head_or("loss_type", "nll"),
        until={"SFTTrainer": (1, 15)},
    ),
    _Conflict(
        "liger-with-adapter-on-output-layer",
        "Liger's losses read the weights of `lm_head`, and would not train an adapter on it.",
        {"DPOTrainer": (1, 8), "KTOTrainer": (1, 8), "GRPOTrainer": (1, 7)},
        ("tuning.target_modules", "use_liger_kernel"),
        lambda plan: _adapts_head(plan) and is_on(plan, "use_liger_kernel"),
        "an adapter on lm_head cannot be trained with {use_liger_kernel.name}",
        _without_head_or("use_liger_kernel", False),
        until=dict.fromkeys(("DPOTrainer", "KTOTrainer", "GRPOTrainer"), (1, 15)),
    ),
)


@rule(Severity.ERROR, rows={each.row: Row(each.page) for each in _CONFLICTS})
def check(plan: Plan) -> Iterator[Finding]:
    for each in _CONFLICTS:
        until = each.until.get(plan.trainer or "")
        if concerns(plan, each.since, until) and each.holds(plan):
            paths = [_path(plan, name) for name in each.names]
            named = {name.rpartition(".")[2]: _named(plan, name) for name in each.names}
            given = [path for path in paths if plan.given(path)] or paths[:1]
            others = [name for name, path in zip(each.names, paths, strict=True) if path in given[1:]]
            yield Finding(
                given[0],
                each.message.format(plan=plan, until=until and written(until), **named),
                each.remedies(plan),
                related=tuple(
                    (_path(plan, name), "{0.name} is {0.value}".format(_named(plan, name))) for name in others
                ),
                row=each.row,
            )
