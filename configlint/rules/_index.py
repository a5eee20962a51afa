"""Made from the rules of this folder by schemas/generate.py: do not edit.

RULES has the names of each rule's findings, FAMILIES the modules of a family that a plan needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from configlint.core.plan import Plan


def argument(plan: Plan) -> Iterator[str]:
    if not (bool(plan.training or plan.arguments or plan.constructor or plan.given('parallel') or plan.given('transformers') or plan.given('trl'))):
        return
    from configlint.rules.argument import has_floats
    from configlint.rules.argument import has_misfits
    from configlint.rules.argument import has_strangers
    if has_misfits(plan):
        yield "boolean_as_text"
    if has_misfits(plan):
        yield "boolean_for_word"
    if plan.writes('torch_compile'):
        yield "compiled_anyway"
    if plan.writes('accelerator_config'):
        yield "configured_state"
    if plan.writes('dataloader_multiprocessing_context'):
        yield "context_without_workers"
    yield "contradiction"
    yield "deprecated"
    if plan.writes('optim'):
        yield "distributed_layerwise"
    if has_floats(plan):
        yield "fractional_steps"
    yield "given_twice"
    if plan.writes('learning_rate', 'weight_decay', 'max_grad_norm'):
        yield "implausible"
    if bool(plan.arguments):
        yield "misplaced"
    if plan.release.transformers < (4, 49):
        yield "missing"
    if plan.writes('optim'):
        yield "missing_target_modules"
    yield "no_effect"
    if (plan.schedule.max_steps or 0) <= 0 and plan.writes('max_steps', 'num_train_epochs'):
        yield "no_steps"
    if plan.writes('accelerator_config'):
        yield "non_blocking_without_pinning"
    yield "not_finite"
    if has_strangers(plan):
        yield "not_yet"
    if has_misfits(plan):
        yield "number_as_text"
    yield "out_of_range"
    if plan.writes('dataloader_persistent_workers'):
        yield "persistent_workers_without_workers"
    if plan.writes('dataloader_prefetch_factor'):
        yield "prefetch_without_workers"
    if plan.writes('ddp_find_unused_parameters') or plan.given('tuning.method'):
        yield "reentrant_checkpointing"
    if has_strangers(plan):
        yield "removed"
    if any(('$' in str(value) for value in plan.training.values())):
        yield "unexpanded_variable"
    if has_strangers(plan) or plan.spec.reader.unknown == 'kept':
        yield "unknown"
    yield "unknown_choice"
    if plan.writes('accelerator_config'):
        yield "unknown_key"
    if plan.given('transformers') or plan.given('trl'):
        yield "unknown_release"
    if has_floats(plan):
        yield "whole_ratio"
    if has_misfits(plan):
        yield "wrong_type"
    if (plan.intervals.logging_steps or 0) <= 0:
        yield "zero_interval"


def batch(plan: Plan) -> Iterator[str]:
    if (plan.batch.accumulation or 0) > (plan.schedule.batches_per_epoch or 0):
        yield "accumulation_beyond_epoch"
    if plan.writes('accelerator_config'):
        yield "accumulation_set_twice"
    if plan.writes('auto_find_batch_size'):
        yield "auto_find_batch_size"
    if plan.spec.target is not None:
        yield "changed_by_target"
    if bool(plan.spec.claims):
        yield "claimed_otherwise"
    if plan.parallel.world == 1:
        yield "data_parallel"
    yield "dataset_too_small"
    yield "derived_argument"
    if plan.batch.trained != plan.batch.effective:
        yield "indivisible"
    if plan.release.trainer.completions is not None:
        yield "indivisible_generations"
    if (plan.batch.pinned_per_device or 0) > 4:
        yield "large_per_device"
    if plan.writes('optim'):
        yield "layerwise_accumulation"
    if (plan.batch.accumulation or 0) > 32:
        yield "long_accumulation"
    if plan.batch.trained != plan.batch.effective:
        yield "mismatch"
    yield "missing"
    yield "not_power_of_two"
    if plan.given('batch.effective_tokens'):
        yield "partial_sequence"
    yield "partial_window"
    if plan.spec.reader.replaces_batch:
        yield "replaced_per_device"
    if plan.writes('accelerator_config', 'split_batches'):
        yield "split_batches"
    if plan.given('batch.effective_tokens'):
        yield "stated_twice"
    yield "steps_beyond_run"
    if plan.batch.trained is None:
        yield "too_large"
    if plan.writes('accelerator_config'):
        yield "uneven_ranks"
    if not 32 <= (plan.batch.effective or 32) <= 64:
        yield "unusual_effective"


def checkpoint(plan: Plan) -> Iterator[str]:
    if not (any((name.startswith(('save_', 'load_best_', 'metric_for_best_')) for name in plan.training))):
        return
    if plan.writes('load_best_model_at_end'):
        yield "best_steps_mismatch"
    if plan.writes('load_best_model_at_end'):
        yield "best_strategy_mismatch"
    if plan.intervals.eval_strategy == 'no':
        yield "best_without_evaluation"
    if plan.intervals.save_strategy == 'best':
        yield "best_without_metric"
    if plan.writes('save_only_model'):
        yield "sharded_weights_only"
    if plan.writes('metric_for_best_model'):
        yield "unevaluated_metric"
    if plan.writes('load_best_model_at_end'):
        yield "unloadable_best"
    if plan.writes('load_best_model_at_end'):
        yield "unsaved_best"


def data(plan: Plan) -> Iterator[str]:
    if not (plan.data.streaming is True):
        return
    if plan.writes('accelerator_config') and plan.release.trl is not None:
        yield "dispatched_stream"
    if plan.release.trl is not None:
        yield "ragged_stream"
    if plan.release.trl is not None:
        yield "refused_stream"
    if plan.writes('dataloader_num_workers'):
        yield "repeating_workers"
    yield "short_stream"
    yield "stream_below_one_step"
    yield "stream_without_max_steps"


def deepspeed(plan: Plan) -> Iterator[str]:
    from configlint.rules.deepspeed import stage
    if not (stage(plan) is not None or plan.given('parallel.deepspeed')):
        return
    from configlint.rules.deepspeed import OFFLOADS
    from configlint.rules.deepspeed import is_configured
    from configlint.rules.deepspeed import sets
    from configlint.rules.deepspeed import shares_sequences
    if stage(plan) is not None and plan.writes('optim'):
        yield "flattened_low_rank"
    if is_configured(plan):
        yield "mismatch"
    if shares_sequences(plan):
        yield "multiplied_gradients"
    if is_configured(plan):
        yield "no_effect"
    if is_configured(plan):
        yield "refused_combination"
    if sets(plan, 'optimizer'):
        yield "refused_optimizer"
    if sets(plan, 'scheduler'):
        yield "refused_scheduler"
    if is_configured(plan):
        yield "refused_value"
    if is_configured(plan):
        yield "removed_key"
    if sets(plan, OFFLOADS[0]):
        yield "replaced_optimizer"
    if shares_sequences(plan):
        yield "sequence_on_cpu"
    if sets(plan, 'optimizer'):
        yield "shadowed_optimizer"
    if sets(plan, 'scheduler'):
        yield "shadowed_schedule"
    if plan.parallel.data == 'zero3' and plan.parallel.tensor != 1:
        yield "tensor_with_zero3"
    if not plan.given('parallel.data'):
        yield "unchosen"
    if is_configured(plan):
        yield "unfilled_auto"
    if is_configured(plan):
        yield "ungathered_weights"
    if is_configured(plan):
        yield "unknown_key"
    if is_configured(plan):
        yield "unset_parameter"
    if is_configured(plan):
        yield "unusable_offload"


def fsdp(plan: Plan) -> Iterator[str]:
    if not (plan.parallel.data == 'fsdp' or plan.given('parallel.fsdp')):
        return
    from configlint.rules.fsdp import is_configured
    from configlint.rules.fsdp import version
    if plan.parallel.data == 'fsdp':
        yield "double_checkpointing"
    if is_configured(plan):
        yield "no_effect"
    if version(plan) == 1:
        yield "old_version"
    if is_configured(plan):
        yield "refused_value"
    if is_configured(plan):
        yield "two_wrap_policies"
    if not plan.given('parallel.data'):
        yield "unchosen"
    yield "ungathered_weights"
    if plan.given('parallel.fsdp'):
        yield "unknown_key"
    if is_configured(plan):
        yield "unknown_layer"
    if plan.parallel.data == 'fsdp' and plan.writes('optim'):
        yield "unshardable_optimizer"
    if is_configured(plan):
        yield "unsynchronized_weights"


def hardware(plan: Plan) -> Iterator[str]:
    if plan.hardware.instance is not None:
        yield "devices_beyond_instance"
    if not (plan.given('hardware.accelerator') and plan.given('hardware.devices_per_node')):
        yield "missing"
    if plan.parallel.world is None:
        yield "none_left"
    if bool(plan.hardware.reserved):
        yield "reserved_on_each_node"
    if plan.parallel.world is None:
        yield "too_many_devices"
    if bool(plan.hardware.reserved):
        yield "uneven_nodes"
    if plan.hardware.accelerator is None:
        yield "unknown_accelerator"


def launch(plan: Plan) -> Iterator[str]:
    if not (plan.given('launch')):
        return
    from configlint.rules.launch import asks_for_slurm
    from configlint.rules.launch import has_signs
    from configlint.rules.launch import is_of_trl
    yield "command_as_script"
    if plan.given('arguments.device_map'):
        yield "distributed_device_map"
    if asks_for_slurm(plan):
        yield "fatal_signal"
    if plan.given('launch.env'):
        yield "hidden_devices"
    if plan.given('launch.env'):
        yield "launcher_variable"
    if asks_for_slurm(plan):
        yield "minutes_for_hours"
    if is_of_trl(plan):
        yield "missing_module"
    yield "missing_script"
    if plan.spec.meant_script is not None:
        yield "misspelt_script"
    if asks_for_slurm(plan):
        yield "one_cpu"
    if plan.spec.script_parser is not None and plan.spec.script_parser.fields is not None:
        yield "refused_argument"
    if plan.spec.script_parser is not None and plan.spec.script_parser.options is not None:
        yield "refused_config"
    if asks_for_slurm(plan):
        yield "refused_slurm_value"
    yield "script_and_module"
    if asks_for_slurm(plan):
        yield "slurm_mismatch"
    if has_signs(plan):
        yield "unexpanded_variable"
    if asks_for_slurm(plan):
        yield "unfit_slurm_option"
    if asks_for_slurm(plan):
        yield "unknown_slurm_option"
    if asks_for_slurm(plan):
        yield "unmade_log_folder"
    yield "unnamed_trainer"


def memory(plan: Plan) -> Iterator[str]:
    if not (plan.memory.capacity is not None):
        return
    from configlint.rules.memory import WORTH_A_WORD
    from configlint.rules.memory import evaluates
    from configlint.rules.memory import has_adapters_alone
    from configlint.rules.memory import high
    from configlint.rules.memory import is_masked
    from configlint.rules.memory import is_small
    from configlint.rules.memory import is_tight
    from configlint.rules.memory import share
    if is_tight(plan) and plan.batch.accumulation != 1:
        yield "accumulated_gradients"
    if share(plan, 'autocast') >= WORTH_A_WORD:
        yield "autocast_copies"
    if high(plan) > (plan.memory.capacity or 0):
        yield "does_not_fit"
    if is_masked(plan):
        yield "flash_lost_to_padding"
    if has_adapters_alone(plan):
        yield "float32_adapters"
    if plan.writes('model_init_kwargs') or 'experts_implementation' in plan.arguments:
        yield "gathered_experts"
    if plan.model is not None and 'vision_config' in plan.model.config:
        yield "images_not_counted"
    if plan.writes('metric_for_best_model', 'include_for_metrics'):
        yield "kept_eval_logits"
    if evaluates(plan):
        yield "large_eval_batch"
    if is_tight(plan):
        yield "less_headroom"
    if share(plan, 'logits') >= 0.5:
        yield "logits_dominate"
    if is_small(plan):
        yield "needless_accumulation"
    if bool(plan.memory.missing):
        yield "not_known"
    if plan.memory.missing == ('model.sequence_length',):
        yield "unchecked"


def model(plan: Plan) -> Iterator[str]:
    if not (plan.given('model') or plan.given('tuning') or 'attn_implementation' in plan.arguments or plan.writes('model_init_kwargs')):
        return
    if plan.model is not None:
        yield "beyond_positions"
    if bool(plan.known_models):
        yield "unknown_profile"
    if bool(plan.tuning.target_modules) and plan.model is not None:
        yield "unmatched_target_module"
    if plan.hardware.accelerator is not None:
        yield "unsupported_attention"
    if plan.given('tuning'):
        yield "unused_tuning"


def parallel(plan: Plan) -> Iterator[str]:
    if not (plan.given('parallel')):
        return
    from configlint.rules.parallel import is_meshed
    if plan.parallel.context != 1:
        yield "context_without_sdpa"
    if plan.parallel.tensor != 1:
        yield "full_checkpoint"
    if plan.parallel.sequence != 1:
        yield "ignored_loss"
    if is_meshed(plan):
        yield "indivisible_heads"
    if is_meshed(plan):
        yield "indivisible_model"
    if plan.parallel.replicas is None:
        yield "indivisible_world"
    if plan.given('parallel.fsdp'):
        yield "mesh_without_fsdp2"
    if plan.parallel.sequence != 1:
        yield "mismatched_attention"
    if is_meshed(plan):
        yield "ragged_sequences"
    if plan.writes('train_sampling_strategy'):
        yield "rebalanced_batches"
    if plan.parallel.sequence != 1:
        yield "refused_sequence_attention"
    if plan.given('parallel.shard'):
        yield "shard_without_fsdp"
    if plan.hardware.is_cpu:
        yield "sharded_on_cpu"
    if plan.given('parallel.shard'):
        yield "shards_across_nodes"
    if plan.parallel.tensor != 1:
        yield "tensor_across_nodes"
    if is_meshed(plan):
        yield "too_old_release"
    if is_meshed(plan):
        yield "unbuilt_mesh"
    if is_meshed(plan):
        yield "undivided_sequence"
    if is_meshed(plan):
        yield "unlaunched_mesh"


def precision(plan: Plan) -> Iterator[str]:
    from configlint.rules.precision import _KEYS
    if not (plan.precision.bf16 is True or not _KEYS.isdisjoint(plan.training) or plan.precision.weights == 'bfloat16'):
        return
    from configlint.rules.precision import HALF
    if not HALF.isdisjoint(plan.training):
        yield "bf16_and_fp16"
    if plan.writes('half_precision_backend', 'fp16_backend'):
        yield "bf16_with_apex"
    if plan.writes('fp16_full_eval'):
        yield "fp16_evaluation_on_cpu"
    if plan.precision.fp16 is True and plan.precision.weights != 'float32':
        yield "unscalable_gradients"
    yield "unsupported_bf16"
    if plan.precision.fp16 is True:
        yield "unsupported_fp16"
    if plan.precision.tf32 is True:
        yield "unsupported_tf32"


def schedule(plan: Plan) -> Iterator[str]:
    if not (bool(plan.training)):
        return
    from configlint.rules.schedule import is_by_metric
    yield "floor_above_start"
    if plan.writes('warmup_steps', 'warmup_ratio'):
        yield "ignored_warmup"
    if is_by_metric(plan):
        yield "opposite_direction"
    if plan.writes('lr_scheduler_kwargs'):
        yield "refused_value"
    yield "scheduler_kwargs"
    if plan.writes('warmup_steps'):
        yield "single_warmup_step"
    if plan.writes('optim'):
        yield "warmup_below_one_step"
    if bool(plan.schedule.warmup_steps):
        yield "warmup_beyond_run"
    if is_by_metric(plan):
        yield "without_evaluation"


def security(plan: Plan) -> Iterator[str]:
    from configlint.core.secrets import paths
    if not (bool(paths(plan.spec))):
        return
    yield "hardcoded_secret"


def trainer(plan: Plan) -> Iterator[str]:
    if not (plan.given('trainer')):
        return
    from configlint.rules.trainer import is_foreign
    if is_foreign(plan):
        yield "unknown"


def trl(plan: Plan) -> Iterator[str]:
    if not (plan.release.trl is not None):
        return
    if bool(plan.hardware.reserved):
        yield "colocated_by_default"
    yield "incompatible_arguments"
    if plan.writes('loss_type'):
        yield "low_cispo_bound"
    if plan.script is not None:
        yield "missing_model"
    if plan.writes('vllm_mode'):
        yield "no_device_for_server"
    yield "no_effect"
    if 'load_in_4bit' in plan.arguments or 'load_in_8bit' in plan.arguments:
        yield "quantized_without_adapters"
    if 'lora_target_modules' in plan.arguments:
        yield "single_target_module"
    if plan.script is not None:
        yield "unread_setting"
    if plan.given('model.attention'):
        yield "unseparated_samples"
    if plan.given('transformers') and plan.given('trl'):
        yield "unsupported_transformers"


def tuning(plan: Plan) -> Iterator[str]:
    from configlint.knowledge.facts import BITS
    from configlint.knowledge.facts import OF_ADAPTERS
    if not (plan.given(BITS) or any(map(plan.given, OF_ADAPTERS))):
        return
    yield "missing_method"


FAMILIES: dict[str, Callable[[Plan], Iterator[str]]] = {
    "argument": argument,
    "batch": batch,
    "checkpoint": checkpoint,
    "data": data,
    "deepspeed": deepspeed,
    "fsdp": fsdp,
    "hardware": hardware,
    "launch": launch,
    "memory": memory,
    "model": model,
    "parallel": parallel,
    "precision": precision,
    "schedule": schedule,
    "security": security,
    "trainer": trainer,
    "trl": trl,
    "tuning": tuning,
}
RULES: dict[str, tuple[str, ...]] = {
    'argument/boolean-as-text': ('argument/boolean-as-text',),
    'argument/boolean-for-word': ('argument/boolean-for-word',),
    'argument/compiled-anyway': ('argument/compiled-anyway',),
    'argument/configured-state': ('argument/configured-state',),
    'argument/context-without-workers': ('argument/context-without-workers',),
    'argument/contradiction': ('argument/contradiction',),
    'argument/deprecated': ('argument/deprecated',),
    'argument/distributed-layerwise': ('argument/distributed-layerwise',),
    'argument/fractional-steps': ('argument/fractional-steps',),
    'argument/given-twice': ('argument/given-twice',),
    'argument/implausible': ('argument/implausible',),
    'argument/misplaced': ('argument/misplaced',),
    'argument/missing': ('argument/missing',),
    'argument/missing-target-modules': ('argument/missing-target-modules',),
    'argument/no-effect': ('argument/save-steps-without-steps-strategy', 'argument/eval-steps-without-steps-strategy', 'argument/logging-steps-without-steps-strategy', 'argument/eval-delay-without-evaluation', 'argument/save-total-limit-without-saving', 'argument/save-only-model-without-saving', 'argument/metric-without-evaluation', 'argument/greater-is-better-without-metric', 'argument/hub-strategy-without-push', 'argument/hub-always-push-without-push', 'argument/hub-model-id-without-push', 'argument/hub-token-without-push', 'argument/hub-revision-without-push', 'argument/hub-private-repo-without-push', 'argument/checkpointing-kwargs-without-checkpointing', 'argument/liger-config-without-liger', 'argument/logging-dir-without-tensorboard', 'argument/project-without-trackio', 'argument/trackio-space-without-trackio', 'argument/trackio-bucket-without-trackio', 'argument/trackio-static-space-without-trackio', 'argument/length-column-without-grouping', 'argument/order-without-workers', 'argument/epochs-beside-max-steps', 'argument/warmup-ratio-beside-steps', 'argument/warmup-steps-beside-ratio', 'argument/scheduler-kwargs-with-constant-schedule', 'argument/unread-adam-beta1', 'argument/unread-adam-beta2', 'argument/unread-adam-epsilon', 'argument/unread-weight-decay', 'argument/unread-optim-args', 'argument/unread-target-modules'),
    'argument/no-steps': ('argument/no-steps',),
    'argument/non-blocking-without-pinning': ('argument/non-blocking-without-pinning',),
    'argument/not-finite': ('argument/not-finite',),
    'argument/not-yet': ('argument/not-yet',),
    'argument/number-as-text': ('argument/number-as-text',),
    'argument/out-of-range': ('argument/out-of-range',),
    'argument/persistent-workers-without-workers': ('argument/persistent-workers-without-workers',),
    'argument/prefetch-without-workers': ('argument/prefetch-without-workers',),
    'argument/reentrant-checkpointing': ('argument/reentrant-checkpointing',),
    'argument/removed': ('argument/removed',),
    'argument/unexpanded-variable': ('argument/unexpanded-variable',),
    'argument/unknown': ('argument/unknown',),
    'argument/unknown-choice': ('argument/unknown-choice',),
    'argument/unknown-key': ('argument/unknown-key',),
    'argument/unknown-release': ('argument/unknown-release',),
    'argument/whole-ratio': ('argument/whole-ratio',),
    'argument/wrong-type': ('argument/wrong-type',),
    'argument/zero-interval': ('argument/zero-interval',),
    'batch/accumulation-beyond-epoch': ('batch/accumulation-beyond-epoch',),
    'batch/accumulation-set-twice': ('batch/accumulation-set-twice',),
    'batch/auto-find-batch-size': ('batch/auto-find-batch-size',),
    'batch/changed-by-target': ('batch/changed-by-target',),
    'batch/claimed-otherwise': ('batch/claimed-otherwise',),
    'batch/data-parallel': ('batch/data-parallel',),
    'batch/dataset-too-small': ('batch/dataset-too-small',),
    'batch/derived-argument': ('batch/derived-argument',),
    'batch/indivisible': ('batch/indivisible',),
    'batch/indivisible-generations': ('batch/indivisible-generations',),
    'batch/large-per-device': ('batch/large-per-device',),
    'batch/layerwise-accumulation': ('batch/layerwise-accumulation',),
    'batch/long-accumulation': ('batch/long-accumulation',),
    'batch/mismatch': ('batch/mismatch',),
    'batch/missing': ('batch/missing',),
    'batch/not-power-of-two': ('batch/not-power-of-two',),
    'batch/partial-sequence': ('batch/partial-sequence',),
    'batch/partial-window': ('batch/partial-window',),
    'batch/replaced-per-device': ('batch/replaced-per-device',),
    'batch/split-batches': ('batch/split-batches',),
    'batch/stated-twice': ('batch/stated-twice',),
    'batch/steps-beyond-run': ('batch/steps-beyond-run',),
    'batch/too-large': ('batch/too-large',),
    'batch/uneven-ranks': ('batch/uneven-ranks',),
    'batch/unusual-effective': ('batch/unusual-effective',),
    'checkpoint/best-steps-mismatch': ('checkpoint/best-steps-mismatch',),
    'checkpoint/best-strategy-mismatch': ('checkpoint/best-strategy-mismatch',),
    'checkpoint/best-without-evaluation': ('checkpoint/best-without-evaluation',),
    'checkpoint/best-without-metric': ('checkpoint/best-without-metric',),
    'checkpoint/sharded-weights-only': ('checkpoint/sharded-weights-only',),
    'checkpoint/unevaluated-metric': ('checkpoint/unevaluated-metric',),
    'checkpoint/unloadable-best': ('checkpoint/unloadable-best',),
    'checkpoint/unsaved-best': ('checkpoint/unsaved-best',),
    'data/dispatched-stream': ('data/dispatched-stream',),
    'data/ragged-stream': ('data/ragged-stream',),
    'data/refused-stream': ('data/refused-stream',),
    'data/repeating-workers': ('data/repeating-workers',),
    'data/short-stream': ('data/short-stream',),
    'data/stream-below-one-step': ('data/stream-below-one-step',),
    'data/stream-without-max-steps': ('data/stream-without-max-steps',),
    'deepspeed/flattened-low-rank': ('deepspeed/flattened-low-rank',),
    'deepspeed/mismatch': ('deepspeed/mismatch',),
    'deepspeed/multiplied-gradients': ('deepspeed/multiplied-gradients',),
    'deepspeed/no-effect': ('deepspeed/parameter-offload-below-zero3', 'deepspeed/zero3-key-below-zero3', 'deepspeed/zero-key-with-zero0', 'deepspeed/overridden-steps-per-print', 'deepspeed/ignored-drop-last', 'deepspeed/ignored-checkpointing'),
    'deepspeed/refused-combination': ('deepspeed/unsupported-gradient-sum', 'deepspeed/prescaled-scattered-gradients', 'deepspeed/unsupported-master-weights', 'deepspeed/optimizer-states-without-master-weights', 'deepspeed/required-gradient-norm', 'deepspeed/static-loss-scale-with-lamb', 'deepspeed/mismatched-parameter-type', 'deepspeed/mixed-types-without-zero', 'deepspeed/untested-optimizer', 'deepspeed/muon-with-reduce-scatter', 'deepspeed/partial-offload-of-other-optimizer', 'deepspeed/mismatched-zenflow-interval', 'deepspeed/zenflow-without-offload'),
    'deepspeed/refused-optimizer': ('deepspeed/refused-optimizer',),
    'deepspeed/refused-scheduler': ('deepspeed/refused-scheduler',),
    'deepspeed/refused-value': ('deepspeed/refused-value',),
    'deepspeed/removed-key': ('deepspeed/removed-key',),
    'deepspeed/replaced-optimizer': ('deepspeed/replaced-optimizer',),
    'deepspeed/sequence-on-cpu': ('deepspeed/sequence-on-cpu',),
    'deepspeed/shadowed-optimizer': ('deepspeed/shadowed-optimizer',),
    'deepspeed/shadowed-schedule': ('deepspeed/shadowed-schedule',),
    'deepspeed/tensor-with-zero3': ('deepspeed/tensor-with-zero3',),
    'deepspeed/unchosen': ('deepspeed/unchosen',),
    'deepspeed/unfilled-auto': ('deepspeed/unfilled-auto',),
    'deepspeed/ungathered-weights': ('deepspeed/ungathered-weights',),
    'deepspeed/unknown-key': ('deepspeed/unknown-key',),
    'deepspeed/unset-parameter': ('deepspeed/unset-parameter',),
    'deepspeed/unusable-offload': ('deepspeed/unusable-offload',),
    'fsdp/double-checkpointing': ('fsdp/double-checkpointing',),
    'fsdp/no-effect': ('fsdp/setting-with-tensor', 'fsdp/fsdp1-setting-with-fsdp2', 'fsdp/strategy-with-fsdp1', 'fsdp/setting-of-other-policy'),
    'fsdp/old-version': ('fsdp/old-version',),
    'fsdp/refused-value': ('fsdp/refused-value',),
    'fsdp/two-wrap-policies': ('fsdp/two-wrap-policies',),
    'fsdp/unchosen': ('fsdp/unchosen',),
    'fsdp/ungathered-weights': ('fsdp/ungathered-weights',),
    'fsdp/unknown-key': ('fsdp/unknown-key',),
    'fsdp/unknown-layer': ('fsdp/unknown-layer',),
    'fsdp/unshardable-optimizer': ('fsdp/unshardable-optimizer',),
    'fsdp/unsynchronized-weights': ('fsdp/unsynchronized-weights',),
    'hardware/devices-beyond-instance': ('hardware/devices-beyond-instance',),
    'hardware/missing': ('hardware/missing',),
    'hardware/none-left': ('hardware/none-left',),
    'hardware/reserved-on-each-node': ('hardware/reserved-on-each-node',),
    'hardware/too-many-devices': ('hardware/too-many-devices',),
    'hardware/uneven-nodes': ('hardware/uneven-nodes',),
    'hardware/unknown-accelerator': ('hardware/unknown-accelerator',),
    'launch/command-as-script': ('launch/command-as-script',),
    'launch/distributed-device-map': ('launch/distributed-device-map',),
    'launch/fatal-signal': ('launch/fatal-signal',),
    'launch/hidden-devices': ('launch/hidden-devices',),
    'launch/launcher-variable': ('launch/launcher-variable',),
    'launch/minutes-for-hours': ('launch/minutes-for-hours',),
    'launch/missing-module': ('launch/missing-module',),
    'launch/missing-script': ('launch/missing-script',),
    'launch/misspelt-script': ('launch/misspelt-script',),
    'launch/one-cpu': ('launch/one-cpu',),
    'launch/refused-argument': ('launch/refused-argument',),
    'launch/refused-config': ('launch/refused-config',),
    'launch/refused-slurm-value': ('launch/refused-slurm-value',),
    'launch/script-and-module': ('launch/script-and-module',),
    'launch/slurm-mismatch': ('launch/slurm-nodes-mismatch', 'launch/slurm-tasks-mismatch', 'launch/slurm-gpus-mismatch', 'launch/slurm-gpus-for-cpu'),
    'launch/unexpanded-variable': ('launch/unexpanded-variable',),
    'launch/unfit-slurm-option': ('launch/unfit-slurm-option',),
    'launch/unknown-slurm-option': ('launch/unknown-slurm-option',),
    'launch/unmade-log-folder': ('launch/unmade-log-folder',),
    'launch/unnamed-trainer': ('launch/unnamed-trainer',),
    'memory/accumulated-gradients': ('memory/accumulated-gradients',),
    'memory/autocast-copies': ('memory/autocast-copies',),
    'memory/does-not-fit': ('memory/does-not-fit',),
    'memory/flash-lost-to-padding': ('memory/flash-lost-to-padding',),
    'memory/float32-adapters': ('memory/float32-adapters',),
    'memory/gathered-experts': ('memory/gathered-experts',),
    'memory/images-not-counted': ('memory/images-not-counted',),
    'memory/kept-eval-logits': ('memory/kept-eval-logits',),
    'memory/large-eval-batch': ('memory/large-eval-batch',),
    'memory/less-headroom': ('memory/less-headroom',),
    'memory/logits-dominate': ('memory/logits-dominate',),
    'memory/needless-accumulation': ('memory/needless-accumulation',),
    'memory/not-known': ('memory/not-known',),
    'memory/unchecked': ('memory/unchecked',),
    'model/beyond-positions': ('model/beyond-positions',),
    'model/unknown-profile': ('model/unknown-profile',),
    'model/unmatched-target-module': ('model/unmatched-target-module',),
    'model/unsupported-attention': ('model/unsupported-attention',),
    'model/unused-tuning': ('model/unused-tuning',),
    'parallel/context-without-sdpa': ('parallel/context-without-sdpa',),
    'parallel/full-checkpoint': ('parallel/full-checkpoint',),
    'parallel/ignored-loss': ('parallel/ignored-loss',),
    'parallel/indivisible-heads': ('parallel/indivisible-heads',),
    'parallel/indivisible-model': ('parallel/indivisible-model',),
    'parallel/indivisible-world': ('parallel/indivisible-world',),
    'parallel/mesh-without-fsdp2': ('parallel/mesh-without-fsdp2',),
    'parallel/mismatched-attention': ('parallel/mismatched-attention',),
    'parallel/ragged-sequences': ('parallel/ragged-sequences',),
    'parallel/rebalanced-batches': ('parallel/rebalanced-batches',),
    'parallel/refused-sequence-attention': ('parallel/refused-sequence-attention',),
    'parallel/shard-without-fsdp': ('parallel/shard-without-fsdp',),
    'parallel/sharded-on-cpu': ('parallel/sharded-on-cpu',),
    'parallel/shards-across-nodes': ('parallel/shards-across-nodes',),
    'parallel/tensor-across-nodes': ('parallel/tensor-across-nodes',),
    'parallel/too-old-release': ('parallel/too-old-release',),
    'parallel/unbuilt-mesh': ('parallel/unbuilt-mesh',),
    'parallel/undivided-sequence': ('parallel/undivided-sequence',),
    'parallel/unlaunched-mesh': ('parallel/unlaunched-mesh',),
    'precision/bf16-and-fp16': ('precision/bf16-and-fp16',),
    'precision/bf16-with-apex': ('precision/bf16-with-apex',),
    'precision/fp16-evaluation-on-cpu': ('precision/fp16-evaluation-on-cpu',),
    'precision/unscalable-gradients': ('precision/unscalable-gradients',),
    'precision/unsupported-bf16': ('precision/unsupported-bf16',),
    'precision/unsupported-fp16': ('precision/unsupported-fp16',),
    'precision/unsupported-tf32': ('precision/unsupported-tf32',),
    'schedule/floor-above-start': ('schedule/floor-above-start',),
    'schedule/ignored-warmup': ('schedule/ignored-warmup',),
    'schedule/opposite-direction': ('schedule/opposite-direction',),
    'schedule/refused-value': ('schedule/refused-value',),
    'schedule/scheduler-kwargs': ('schedule/unknown-scheduler-argument', 'schedule/missing-scheduler-argument', 'schedule/both-minimum-rates'),
    'schedule/single-warmup-step': ('schedule/single-warmup-step',),
    'schedule/warmup-below-one-step': ('schedule/warmup-below-one-step',),
    'schedule/warmup-beyond-run': ('schedule/warmup-beyond-run',),
    'schedule/without-evaluation': ('schedule/without-evaluation',),
    'security/hardcoded-secret': ('security/hardcoded-secret',),
    'trainer/unknown': ('trainer/unknown',),
    'trl/colocated-by-default': ('trl/colocated-by-default',),
    'trl/incompatible-arguments': ('trl/padding-free-with-max-length', 'trl/packing-without-max-length', 'trl/precomputing-with-stream', 'trl/packing-with-context', 'trl/generation-batch-size-beside-steps', 'trl/sync-without-reference', 'trl/sync-with-adapter', 'trl/sync-with-precomputed-reference', 'trl/precomputed-reference-with-zero3', 'trl/loss-weights-mismatch', 'trl/exo-pair-without-smoothing', 'trl/divergence-with-unsupported-loss', 'trl/weighting-with-aot', 'trl/kto-batch-of-one', 'trl/kto-without-sequential-sampling', 'trl/completions-repo-without-logging', 'trl/crossed-clip-bounds', 'trl/truncation-without-clip-bounds', 'trl/vespo-with-sequence-correction', 'trl/indivisible-vllm-tensor-parallel', 'trl/continuous-batching-on-old-transformers', 'trl/router-loss-on-dense-model', 'trl/liger-on-mixture', 'trl/adapter-on-output-layer', 'trl/chunked-loss-with-adapter-on-output-layer', 'trl/liger-with-adapter-on-output-layer'),
    'trl/low-cispo-bound': ('trl/low-cispo-bound',),
    'trl/missing-model': ('trl/missing-model',),
    'trl/no-device-for-server': ('trl/no-device-for-server',),
    'trl/no-effect': ('trl/vllm-settings-without-vllm', 'trl/server-settings-without-server', 'trl/colocated-settings-with-server', 'trl/server-host-beside-url', 'trl/cache-implementation-with-vllm', 'trl/continuous-batching-with-vllm', 'trl/batching-config-without-batching', 'trl/sync-settings-without-sync', 'trl/unused-sync', 'trl/bias-correction-without-kl', 'trl/completion-settings-without-logging', 'trl/eval-generations-without-evaluation', 'trl/sapo-settings-without-sapo', 'trl/vespo-settings-without-vespo', 'trl/delta-with-one-sided-clipping', 'trl/entropy-settings-without-adaptive-entropy', 'trl/reference-batch-size-without-precomputing', 'trl/alpha-coefficient-without-alpha-divergence', 'trl/discopop-tau-without-discopop', 'trl/label-smoothing-with-unsmoothed-loss', 'trl/padding-free-dpo', 'trl/packing-strategy-without-packing', 'trl/overwritten-model-init-kwargs'),
    'trl/quantized-without-adapters': ('trl/quantized-without-adapters',),
    'trl/single-target-module': ('trl/single-target-module',),
    'trl/unread-setting': ('trl/unread-setting',),
    'trl/unseparated-samples': ('trl/unseparated-samples',),
    'trl/unsupported-transformers': ('trl/unsupported-transformers',),
    'tuning/missing-method': ('tuning/missing-method',),
}
