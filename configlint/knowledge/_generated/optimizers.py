"""Made from configlint/knowledge/optimizers.yaml by schemas/generate.py: do not edit."""

from __future__ import annotations

from configlint.core.typing import Any

ROWS: dict[str, dict[str, Any]] = {
    'adamw_torch': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True, 'fused': 'adamw_torch_fused', 'in_8_bits': 'adamw_bnb_8bit', 'memory': {'states': 2, 'foreach': 1}},
    'adamw_torch_fused': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True, 'in_8_bits': 'adamw_bnb_8bit', 'memory': {'states': 2}},
    'adamw_torch_xla': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True},
    'adamw_torch_npu_fused': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True},
    'adamw_apex_fused': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'cpu_adam': True, 'memory': {'states': 2, 'bits': 32}},
    'adamw_hf': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'deepspeed': ('adam', 'adamw'), 'memory': {'states': 2, 'largest': 4}},
    'adamw_anyprecision': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'memory': {'states': 2, 'bits': 32, 'largest': 8, 'unsettled': ('momentum_dtype', 'variance_dtype', 'use_kahan_summation')}},
    'adamw_torch_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'memory': {'states': 2, 'bits': 8, 'unsettled': ('block_size',)}},
    'adamw_torch_4bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'memory': {'states': 2, 'bits': 4, 'unsettled': ('block_size',)}},
    'stable_adamw': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'memory': {'states': 2, 'foreach': 1, 'compensated': True, 'unsettled': ('kahan_sum',)}},
    'grokadamw': {'reads': ('weight_decay', 'optim_args')},
    'adafactor': {'reads': ('weight_decay',), 'memory': {'states': 0, 'largest': 16}},
    'sgd': {'reads': ('weight_decay', 'optim_args'), 'since': {'optim_args': (5, 3)}, 'deepspeed': ('sgd',), 'proportional': True, 'memory': {'states': 0, 'further': ('momentum',)}},
    'adagrad': {'reads': ('weight_decay', 'optim_args'), 'since': {'optim_args': (5, 3)}, 'deepspeed': ('adagrad',), 'memory': {'states': 1, 'foreach': 2}},
    'rmsprop': {'reads': ('weight_decay', 'optim_args'), 'since': {'optim_args': (5, 3)}, 'deepspeed': ('rmsprop',), 'memory': {'states': 1, 'foreach': 1, 'further': ('momentum', 'centered')}},
    'adamw_bnb_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch_8bit', 'memory': {'states': 2, 'bits': 8}},
    'adamw_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch_8bit', 'memory': {'states': 2, 'bits': 8}},
    'paged_adamw_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'cpu_adam': True, 'in_8_bits': 'adamw_bnb_8bit', 'memory': {'states': 0}},
    'paged_adamw_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch_8bit', 'memory': {'states': 0}},
    'ademamix': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 3, 'bits': 32}},
    'ademamix_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 3, 'bits': 8}},
    'paged_ademamix_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 0}},
    'paged_ademamix_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 0}},
    'lion_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'deepspeed': ('lion',), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 32}},
    'lion_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 8}},
    'paged_lion_32bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 0}},
    'paged_lion_8bit': {'reads': ('adam_beta1', 'adam_beta2', 'weight_decay'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 0}},
    'rmsprop_bnb': {'reads': ('weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 32}},
    'rmsprop_bnb_32bit': {'reads': ('weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 32}},
    'rmsprop_bnb_8bit': {'reads': ('weight_decay', 'optim_args'), 'bitsandbytes': True, 'under_fsdp': 'adamw_torch', 'memory': {'states': 1, 'bits': 8}},
    'galore_adamw': {'reads': ('optim_args', 'optim_target_modules'), 'needs_matrices': True, 'memory': {'states': 2, 'low_rank': 128, 'decomposes': True, 'largest': 8}},
    'galore_adamw_8bit': {'reads': ('optim_args', 'optim_target_modules'), 'needs_matrices': True, 'memory': {'states': 2, 'bits': 8, 'low_rank': 128, 'decomposes': True}},
    'galore_adafactor': {'reads': ('optim_args', 'optim_target_modules'), 'needs_matrices': True, 'memory': {'states': 0, 'bits': 32, 'low_rank': 128, 'decomposes': True, 'largest': 16}},
    'galore_adamw_layerwise': {'reads': ('optim_args', 'optim_target_modules'), 'layerwise_of': 'galore_adamw', 'needs_matrices': True, 'in_backward': True, 'memory': {'states': 2, 'low_rank': 128, 'decomposes': True, 'largest': 8}},
    'galore_adamw_8bit_layerwise': {'reads': ('optim_args', 'optim_target_modules'), 'layerwise_of': 'galore_adamw_8bit', 'needs_matrices': True, 'in_backward': True, 'memory': {'states': 2, 'bits': 8, 'low_rank': 128, 'decomposes': True}},
    'galore_adafactor_layerwise': {'reads': ('optim_args', 'optim_target_modules'), 'layerwise_of': 'galore_adafactor', 'needs_matrices': True, 'in_backward': True, 'memory': {'states': 0, 'bits': 32, 'low_rank': 128, 'decomposes': True, 'largest': 16}},
    'apollo_adamw': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'optim_args', 'optim_target_modules'), 'memory': {'states': 2, 'low_rank': 128, 'largest': 8}},
    'apollo_adamw_layerwise': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'optim_args', 'optim_target_modules'), 'layerwise_of': 'apollo_adamw', 'in_backward': True, 'memory': {'states': 2, 'low_rank': 128, 'largest': 8}},
    'lomo': {'reads': (), 'in_backward': True, 'memory': {'states': 0, 'largest': 8}},
    'adalomo': {'reads': (), 'in_backward': True, 'memory': {'states': 0, 'largest': 12}},
    'schedule_free_adamw': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args', 'warmup_steps'), 'memory': {'states': 2, 'foreach': 1}},
    'schedule_free_radam': {'reads': ('adam_beta1', 'adam_beta2', 'adam_epsilon', 'weight_decay', 'optim_args'), 'memory': {'states': 2, 'foreach': 1}},
    'schedule_free_sgd': {'reads': ('weight_decay', 'optim_args', 'warmup_steps'), 'proportional': True, 'memory': {'states': 1}},
}
DEEPSPEED_KNOWN: tuple[str, ...] = ('Adam', 'AdamW', 'Adagrad', 'Lamb', 'Lion', 'Muon', 'MuAdam', 'MuAdamW', 'MuSGD')
DEEPSPEED_ADAM: tuple[str, ...] = ('Adam', 'AdamW')
DEEPSPEED_OLDER: tuple[str, ...] = ('OneBitAdam', 'OneBitLamb', 'ZeroOneAdam')
DEEPSPEED_PYTORCH: tuple[str, ...] = ('SGD', 'NAdam', 'RAdam', 'ASGD', 'Adamax', 'Adadelta', 'Adafactor')
DEEPSPEED_MEMORY: dict[str, Any] = {'adam': {'states': 2}, 'adamw': {'states': 2}, 'adagrad': {'states': 1}, 'lamb': {'states': 2}, 'lion': {'states': 1}, 'muon': {'states': 1, 'outside': 2}}
