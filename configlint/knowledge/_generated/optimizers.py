"""Made from configlint/knowledge/optimizers.yaml by schemas/generate.py: do not edit."""

from __future__ import annotations

from typing import Any

ROWS: dict[str, dict[str, Any]] = {
    'adamw_torch': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True, 'fused': 'adamw_torch_fused', 'in_8_bits': 'adamw_bnb_8bit', 'memory': {'states': 2, 'foreach': 1}},
    'adamw_torch_fused': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True, 'in_8_bits': 'adamw_bnb_8bit', 'memory': {'states': 2}},
    'adamw_torch_xla': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True},
    'adamw_torch_npu_fused': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True},
    'adamw_apex_fused': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True},
    'adamw_hf': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw')},
    'adamw_anyprecision': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args')},
    'adamw_torch_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args')},
    'adamw_torch_4bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args')},
    'stable_adamw': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args')},
    'grokadamw': {'reads': ('weight_decay', 'optim_args')},
    'adafactor': {'reads': ('weight_decay',), 'memory': {'states': 0, 'largest': 16}},
    'sgd': {'reads': ('weight_decay', 'optim_args'), 'since': {'optim_args': (5, 3)}, 'deepspeed': ('sgd',), 'proportional': True, 'memory': {'states': 0}},
    'adagrad': {'reads': ('weight_decay', 'optim_args'), 'since': {'optim_args': (5, 3)}, 'deepspeed': ('adagrad',), 'memory': {'states': 1, 'foreach': 2}},
    'rmsprop': {'reads': ('weight_decay', 'optim_args'), 'since': {'optim_args': (5, 3)}, 'deepspeed': ('rmsprop',), 'memory': {'states': 1, 'foreach': 1}},
    'adamw_bnb_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch_8bit', 'memory': {'states': 2, 'bits': 8}},
    'adamw_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch_8bit', 'memory': {'states': 2, 'bits': 8}},
    'paged_adamw_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'cpu_adam': True, 'in_8_bits': 'adamw_bnb_8bit', 'memory': {'states': 0}},
    'paged_adamw_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch_8bit', 'memory': {'states': 0}},
    'ademamix': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch'},
    'ademamix_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch'},
    'paged_ademamix_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch'},
    'paged_ademamix_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch'},
    'lion_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'deepspeed': ('lion',), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 32}},
    'lion_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 8}},
    'paged_lion_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 0}},
    'paged_lion_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 0}},
    'rmsprop_bnb': {'reads': ('weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 32}},
    'rmsprop_bnb_32bit': {'reads': ('weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 32}},
    'rmsprop_bnb_8bit': {'reads': ('weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 8}},
    'galore_adamw': {'reads': ('optim_args', 'optim_target_modules'), 'needs_matrices': True},
    'galore_adamw_8bit': {'reads': ('optim_args', 'optim_target_modules'), 'needs_matrices': True},
    'galore_adafactor': {'reads': ('optim_args', 'optim_target_modules'), 'needs_matrices': True},
    'galore_adamw_layerwise': {'reads': ('optim_args', 'optim_target_modules'), 'layerwise_of': 'galore_adamw', 'needs_matrices': True},
    'galore_adamw_8bit_layerwise': {'reads': ('optim_args', 'optim_target_modules'), 'layerwise_of': 'galore_adamw_8bit', 'needs_matrices': True},
    'galore_adafactor_layerwise': {'reads': ('optim_args', 'optim_target_modules'), 'layerwise_of': 'galore_adafactor', 'needs_matrices': True},
    'apollo_adamw': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'optim_args', 'optim_target_modules')},
    'apollo_adamw_layerwise': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'optim_args', 'optim_target_modules'), 'layerwise_of': 'apollo_adamw'},
    'lomo': {'reads': ()},
    'adalomo': {'reads': ()},
    'schedule_free_adamw': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args', 'warmup_steps')},
    'schedule_free_radam': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args')},
    'schedule_free_sgd': {'reads': ('weight_decay', 'optim_args', 'warmup_steps'), 'proportional': True},
}
DEEPSPEED_KNOWN: tuple[str, ...] = ('Adam', 'AdamW', 'Adagrad', 'Lamb', 'Lion', 'Muon', 'MuAdam', 'MuAdamW', 'MuSGD')
DEEPSPEED_ADAM: tuple[str, ...] = ('Adam', 'AdamW')
DEEPSPEED_OLDER: tuple[str, ...] = ('OneBitAdam', 'OneBitLamb', 'ZeroOneAdam')
DEEPSPEED_PYTORCH: tuple[str, ...] = ('SGD', 'NAdam', 'RAdam', 'ASGD', 'Adamax', 'Adadelta', 'Adafactor')
