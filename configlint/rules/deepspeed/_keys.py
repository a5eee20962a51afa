"""The keys that DeepSpeed reads, in any of its releases from 0.12 to 0.19.

A spec does not say which release of DeepSpeed it is for: what one of them knows is no mistake.

Source: deepspeed 0.12.6, 0.14.5, 0.16.9, 0.18.9, 0.19.2 to 0.19.8: runtime/config.py, DeepSpeedConfig; what it
hands its mapping to (the keys that it looks up were recorded); runtime/zero/config.py and offload_config.py
"""

from __future__ import annotations

# Those that were taken away, and the release that refuses them: runtime/config.py, _reject_removed_config_keys.
REMOVED = {
    "amp": "0.19.8",
    "compression_training": "0.19.7",
    "curriculum_learning": "0.19.8",
    "eigenvalue": "0.19.8",
    "elasticity": "0.19.8",
    "graph_harvesting": "0.19.8",
    "nebula": "0.19.7",
    "progressive_layer_drop": "0.19.8",
    "quantize_training": "0.19.7",
    "sparse_attention": "0.19.7",
    "sparse_gradients": "0.19.8",
    "zero_optimization.mics_hierarchical_params_gather": "0.19.7",
    "zero_optimization.mics_shard_size": "0.19.7",
    "zero_optimization.zeropp_loco_param": "0.19.8",
}

_TOP = """
activation_checkpointing aio allgather_size autotuning bf16 bfloat16 checkpoint comet comms_logger
communication_data_type compile csv_monitor data_efficiency data_types dataloader_drop_last datastates_ckpt
disable_allgather disable_python_gc dump_state expert_parallel flops_profiler fp16 gradient_accumulation_steps
gradient_allreduce_op gradient_clipping gradient_predivide_factor hybrid_engine log_level
managed_gradient_accumulation memory_breakdown model_info optimizer pipeline prescale_gradients scheduler
seq_parallel_communication_data_type sequence_parallel_size steps_per_print tensor_parallel tensorboard timers
torch_autocast train_batch_size train_micro_batch_size_per_gpu use_data_before_expert_parallelism vocabulary_size
wall_clock_breakdown wandb weight_quantization zero_allow_untested_optimizer zero_force_ds_cpu_optimizer
zero_optimization
"""
# What Accelerate and Transformers look up in the same mapping.
_OTHERS = "inference msamp"

_ZERO = """
allgather_bucket_size allgather_partitions compute_grad_norm contiguous_gradients cpu_offload cpu_offload_param
cpu_offload_use_pin_memory elastic_checkpoint enable_sanity_checks ignore_unused_parameters leaf_module
legacy_stage1 load_from_fp32_weights log_trace_cache_warnings memory_efficient_linear offload_optimizer
offload_param overlap_comm
override_module_apply parameter_alignment pipeline_loading_checkpoint reduce_bucket_size reduce_scatter
round_robin_gradients save_muon_momentum_buffer_in_memory stage stage3_gather_fp16_weights_on_model_save
sub_group_size use_multi_rank_bucket_allreduce zenflow zero_hpz_partition_size zero_quantized_gradients
zero_quantized_nontrainable_weights zero_quantized_weights
"""
# It takes these with `stage3_` in front and without.
_STAGE_3 = """
allgather_sequential gather_16bit_weights_on_model_save max_live_parameters max_reuse_distance
model_persistence_threshold module_granularity_threshold param_persistence_threshold prefetch_bucket_size
use_all_reduce_for_fetch_params
"""

_OPTIMIZER = """
buffer_count cpuadam_cores_perc device fast_init nvme_path pin_memory pipeline_read pipeline_write ratio
super_offload
"""
_PARAM = "buffer_count buffer_size device max_in_cpu nvme_path pin_memory"

STAGE_3 = frozenset(name for key in _STAGE_3.split() for name in (key, f"stage3_{key}"))
# By the mapping that they stand in.
KNOWN: dict[str, frozenset[str]] = {
    "": frozenset((*_TOP.split(), *_OTHERS.split())),
    "zero_optimization": frozenset(_ZERO.split()) | STAGE_3,
    "zero_optimization.offload_optimizer": frozenset(_OPTIMIZER.split()),
    "zero_optimization.offload_param": frozenset(_PARAM.split()),
}

# What pydantic makes of a value there: a whole number, a number, or true or false.
_OFFLOAD_FLAGS = {"fast_init", "pin_memory", "pipeline_read", "pipeline_write", "super_offload"}
_STAGE_3_FLAGS = {"allgather_sequential", "gather_16bit_weights_on_model_save", "use_all_reduce_for_fetch_params"}
_ZERO_WHOLE = {"allgather_bucket_size", "reduce_bucket_size", "sub_group_size", "zero_hpz_partition_size"}
_NO_SCALARS = {"leaf_module", "offload_optimizer", "offload_param", "stage", "zenflow"}
_ZERO_FLAGS = (
    {*_ZERO.split()} - _ZERO_WHOLE - _NO_SCALARS | _STAGE_3_FLAGS | {f"stage3_{name}" for name in _STAGE_3_FLAGS}
)
NUMBERS = frozenset(f"zero_optimization.offload_optimizer.{name}" for name in ("ratio", "cpuadam_cores_perc"))
FLAGS = frozenset(
    f"{section}.{name}"
    for section, keys in KNOWN.items()
    for name in keys
    if section and name in (_ZERO_FLAGS if section == "zero_optimization" else _OFFLOAD_FLAGS)
)
WHOLE = frozenset(
    [
        *(f"zero_optimization.{name}" for name in _ZERO_WHOLE | (STAGE_3 - _ZERO_FLAGS)),
        "zero_optimization.offload_optimizer.buffer_count",
        *(f"zero_optimization.offload_param.{name}" for name in ("buffer_count", "buffer_size", "max_in_cpu")),
    ]
)
# Of these, outside of any section, only truth is asked.
TOP_FLAGS = frozenset(
    ["dump_state", "memory_breakdown", "prescale_gradients", "wall_clock_breakdown", "zero_force_ds_cpu_optimizer"]
)
