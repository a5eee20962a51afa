"""Made from configlint/knowledge/names.yaml by schemas/generate.py: do not edit.

What each program calls a setting, by canonical path.
"""

from __future__ import annotations

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    'batch.effective': {'configlint': ('effective',), 'deepspeed': ('train_batch_size',), 'axolotl': ('batch_size',), 'elsewhere': ('effective_batch_size', 'global_batch_size', 'total_batch_size', 'train_batch_size'), 'within': ('global', 'size', 'total')},
    'batch.per_device': {'configlint': ('per_device',), 'training_arguments': ('per_device_train_batch_size', 'per_gpu_train_batch_size'), 'deepspeed': ('train_micro_batch_size_per_gpu',), 'axolotl': ('micro_batch_size',), 'elsewhere': ('batch_size', 'micro_batch_size', 'micro_train_batch_size', 'per_device_batch_size'), 'within': ('micro', 'per_gpu', 'per_gpu_batch_size')},
    'batch.accumulation': {'configlint': ('accumulation',), 'training_arguments': ('gradient_accumulation_steps',), 'deepspeed': ('gradient_accumulation_steps',), 'accelerate': ('gradient_accumulation_steps',), 'axolotl': ('gradient_accumulation_steps',), 'elsewhere': ('accumulation_steps', 'grad_accum_steps', 'gradient_accumulation'), 'within': ('accumulate', 'accumulate_grad_batches', 'grad_accumulation_steps')},
    'world': {'configlint': ('world_size',), 'accelerate': ('num_processes',)},
    'replicas': {'configlint': ('data_parallel',)},
    'copies': {'accelerate': ('dp_replicate_size',)},
    'nproc_per_node': {'torchrun': ('nproc_per_node',)},
    'data.packed': {'trl': ('packing',)},
    'data.streaming': {'trl': ('dataset_streaming',), 'elsewhere': ('streaming',)},
    'hardware.accelerator': {'derived': ('use_cpu', 'no_cuda'), 'within': ('accelerator_type', 'card', 'device', 'device_type', 'gpu', 'gpu_model', 'gpu_name', 'gpu_type', 'instance', 'instance_type', 'machine', 'name', 'type')},
    'hardware.devices_per_node': {'sbatch': ('gpus-per-node',), 'elsewhere': ('gpus', 'gpus_per_node', 'n_gpu', 'nproc_per_node', 'num_gpus', 'num_processes'), 'within': ('count', 'devices', 'number_of_gpus')},
    'hardware.reserved': {'within': ('reserved_devices', 'reserved_gpus', 'reserve')},
    'hardware.nodes': {'torchrun': ('nnodes',), 'accelerate': ('num_machines',), 'elsewhere': ('num_nodes',), 'within': ('machines', 'node_count', 'number_of_nodes')},
    'launch.env': {'elsewhere': ('env',)},
    'launch.script': {'within': ('cmd', 'command', 'entrypoint', 'entry_point', 'file', 'main', 'program', 'training_script')},
    'launch.launcher': {'derived': ('local_rank',), 'within': ('backend',)},
    'parallel.data': {'derived': ('fsdp', 'deepspeed', 'sharded_ddp'), 'deepspeed': ('zero_optimization.stage',), 'within': ('engine', 'mode', 'sharding', 'sharding_strategy', 'strategy', 'type')},
    'parallel.deepspeed': {'derived': ('deepspeed',)},
    'parallel.fsdp': {'derived': ('fsdp_config', 'fsdp_min_num_params', 'fsdp_transformer_layer_cls_to_wrap')},
    'parallel.shard': {'accelerate': ('dp_shard_size',), 'elsewhere': ('fsdp_size',)},
    'parallel.tensor': {'derived': ('tp_size', 'parallelism_config'), 'deepspeed': ('tensor_parallel.autotp_size',), 'accelerate': ('tp_size',), 'axolotl': ('tensor_parallel_size',), 'elsewhere': ('tensor_parallel', 'tensor_parallel_size', 'autotp_size')},
    'parallel.context': {'derived': ('parallelism_config',), 'accelerate': ('cp_size',), 'axolotl': ('context_parallel_size',), 'elsewhere': ('context_parallel', 'context_parallel_size')},
    'parallel.sequence': {'derived': ('parallelism_config',), 'accelerate': ('sp_size',), 'elsewhere': ('sequence_parallel', 'sequence_parallel_size')},
    'schedule.steps_per_epoch': {'configlint': ('steps_per_epoch',)},
    'schedule.total_steps': {'configlint': ('total_steps',)},
    'schedule.warmup_steps': {'configlint': ('warmup_steps',)},
    'memory.high': {'configlint': ('memory',)},
    'model.attention': {'trl': ('attn_implementation',), 'script': ('attn_implementation', 'flash_attention', 'use_flash_attention_2'), 'within': ('attention_implementation', 'attn')},
    'model.config': {'trl': ('model_name_or_path',), 'script': ('model_name_or_path', 'model', 'model_name'), 'within': ('base_model', 'id', 'name', 'path', 'pretrained', 'pretrained_model_name_or_path')},
    'model.dtype': {'trl': ('dtype', 'torch_dtype'), 'script': ('dtype', 'torch_dtype'), 'within': ('precision',)},
    'model.sequence_length': {'trl': ('max_length', 'max_seq_length'), 'axolotl': ('sequence_len',), 'script': ('max_length', 'max_seq_len', 'max_seq_length', 'sequence_len', 'sequence_length'), 'within': ('block_size', 'context_length', 'length', 'max_tokens', 'model_max_length', 'seq_len', 'seq_length')},
    'tuning': {'script': ('use_peft', 'load_in_4bit', 'load_in_8bit', 'lora_alpha', 'use_lora')},
    'tuning.alpha': {'trl': ('lora_alpha',)},
    'tuning.bits': {'trl': ('load_in_4bit', 'load_in_8bit')},
    'tuning.dora': {'trl': ('use_dora',)},
    'tuning.dropout': {'trl': ('lora_dropout',)},
    'tuning.method': {'trl': ('use_peft',), 'within': ('adapter', 'kind', 'peft', 'peft_type', 'type')},
    'tuning.modules_to_save': {'trl': ('lora_modules_to_save',)},
    'tuning.rank': {'trl': ('lora_r',), 'script': ('lora_r', 'lora_rank'), 'within': ('r',)},
    'tuning.target_modules': {'trl': ('lora_target_modules',), 'script': ('lora_target_modules', 'target_modules')},
    'arguments': {'script': ('dataset', 'dataset_mixer', 'dataset_name', 'datasets')},
    'arguments.dataset_name': {'elsewhere': ('dataset', 'dataset_id', 'dataset_path')},
    'training.bf16': {'deepspeed': ('bf16.enabled',)},
    'training.fp16': {'deepspeed': ('fp16.enabled',)},
    'training.learning_rate': {'elsewhere': ('lr',)},
    'training.lr_scheduler_type': {'axolotl': ('lr_scheduler',), 'elsewhere': ('lr_scheduler', 'scheduler', 'scheduler_type')},
    'training.max_grad_norm': {'deepspeed': ('gradient_clipping',), 'elsewhere': ('clip_grad_norm', 'gradient_clip_val', 'gradient_clipping')},
    'training.max_steps': {'elsewhere': ('num_steps', 'num_training_steps', 'train_iters')},
    'training.num_train_epochs': {'axolotl': ('num_epochs',), 'elsewhere': ('epochs', 'max_epochs', 'num_epochs')},
    'training.optim': {'axolotl': ('optimizer',), 'elsewhere': ('optimizer',)},
    'training.per_device_eval_batch_size': {'axolotl': ('eval_batch_size',), 'elsewhere': ('eval_batch_size', 'eval_micro_batch_size', 'micro_eval_batch_size')},
    'training.warmup_steps': {'elsewhere': ('num_warmup_steps', 'warmup', 'warmup_iters')},
}
VALUES: dict[str, dict[str, str]] = {'model.task': {'causal_lm': 'write `causal-lm`', 'clm': 'write `causal-lm`', 'masked_lm': 'write `masked-lm`', 'mlm': 'write `masked-lm`', 'seq_2_seq_lm': 'write `seq2seq`', 'seq2seq-lm': 'write `seq2seq`', 'seq_cls': 'write `sequence-classification`', 'text-classification': 'write `sequence-classification`', 'text-generation': 'write `causal-lm`', 'token_cls': 'write `token-classification`'}, 'parallel.data': {'deepspeed': 'write `zero2` or `zero3` (the ZeRO stage)', 'zero': 'write `zero2` or `zero3` (the ZeRO stage)', 'full_shard': 'write `fsdp`', 'hybrid_shard': 'write `fsdp` and set `shard` to the number of devices that share one copy', 'no_shard': 'write `ddp`', 'shard_grad_op': 'write `fsdp` and `fsdp: {reshard_after_forward: false}`', 'dp': 'write `ddp`', 'none': 'write `ddp`', 'hsdp': 'write `fsdp` and set `shard` to the number of devices that share one copy'}}
ALIASES: dict[str, dict[str, str]] = {'training.optim': {'adam': 'adamw_torch', 'adamw': 'adamw_torch', 'adamw8bit': 'adamw_bnb_8bit', 'adam8bit': 'adamw_bnb_8bit', 'fused_adamw': 'adamw_torch_fused', 'adamw_fused': 'adamw_torch_fused', 'lion': 'lion_32bit', 'paged_adamw': 'paged_adamw_32bit', 'pagedadamw': 'paged_adamw_32bit', 'pagedadamw8bit': 'paged_adamw_8bit', 'galore': 'galore_adamw', 'apollo': 'apollo_adamw', 'schedule_free': 'schedule_free_adamw', 'schedulefree': 'schedule_free_adamw'}, 'training.lr_scheduler_type': {'cosine_annealing': 'cosine', 'cosineannealinglr': 'cosine', 'cosine_decay': 'cosine', 'cosine_with_warmup': 'cosine', 'linear_decay': 'linear', 'linear_with_warmup': 'linear', 'constantlr': 'constant', 'plateau': 'reduce_lr_on_plateau', 'wsd': 'warmup_stable_decay'}, 'training.report_to': {'tb': 'tensorboard', 'weights_and_biases': 'wandb'}}
FILES: dict[str, str] = {'slurm': 'job', 'sbatch': 'job'}
