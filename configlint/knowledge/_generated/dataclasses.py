"""Made from schemas/training_arguments.json by schemas/generate.py: do not edit.

The dataclasses of trl that scripts parse beside a config class: the releases that have each field, as
configlint/core/release.py reads them.
"""

from __future__ import annotations

from configlint.core.typing import Any

CLASSES: dict[str, dict[str, dict[str, Any]]] = {
    'ModelConfig': {
        'attn_implementation': {'life': (((0, 9), None),)},
        'bnb_4bit_quant_storage': {'life': (((0, 26), None),)},
        'bnb_4bit_quant_type': {'life': (((0, 9), None),)},
        'dtype': {'life': (((0, 23), None),)},
        'load_in_4bit': {'life': (((0, 9), None),)},
        'load_in_8bit': {'life': (((0, 9), None),)},
        'lora_alpha': {'life': (((0, 9), None),)},
        'lora_dropout': {'life': (((0, 9), None),)},
        'lora_modules_to_save': {'life': (((0, 9), None),)},
        'lora_r': {'life': (((0, 9), None),)},
        'lora_target_modules': {'life': (((0, 9), None),)},
        'lora_target_parameters': {'life': (((0, 21), None),)},
        'lora_task_type': {'life': (((0, 9), None),)},
        'model_name_or_path': {'life': (((0, 9), None),)},
        'model_revision': {'life': (((0, 9), None),)},
        'torch_dtype': {'life': (((0, 9), (0, 27)),)},
        'trust_remote_code': {'life': (((0, 9), (1, 7)),)},
        'use_bnb_nested_quant': {'life': (((0, 9), None),)},
        'use_dora': {'life': (((0, 16), None),)},
        'use_peft': {'life': (((0, 9), None),)},
        'use_rslora': {'life': (((0, 10), None),)},
    },
    'ScriptArguments': {
        'config': {'life': (((0, 12), (0, 13)),)},
        'dataset_config': {'life': (((0, 13), None),)},
        'dataset_name': {'life': (((0, 12), None),)},
        'dataset_streaming': {'life': (((0, 19), None),)},
        'dataset_test_split': {'life': (((0, 12), None),)},
        'dataset_train_split': {'life': (((0, 12), None),)},
        'gradient_checkpointing_use_reentrant': {'life': (((0, 12), (0, 27)),)},
        'ignore_bias_buffers': {'life': (((0, 12), None),)},
    },
    'DatasetMixtureConfig': {
        'datasets': {'life': (((0, 22), None),)},
        'streaming': {'life': (((0, 22), None),)},
        'test_split_size': {'life': (((0, 22), None),)},
    },
    'GRPOScriptArguments': {
        'dataset_config': {'life': (((0, 14), None),)},
        'dataset_name': {'life': (((0, 14), None),)},
        'dataset_streaming': {'life': (((0, 19), None),)},
        'dataset_test_split': {'life': (((0, 14), None),)},
        'dataset_train_split': {'life': (((0, 14), None),)},
        'gradient_checkpointing_use_reentrant': {'life': (((0, 14), (0, 27)),)},
        'ignore_bias_buffers': {'life': (((0, 14), None),)},
        'reward_funcs': {'life': (((0, 18), None),)},
        'reward_model_name_or_path': {'life': (((0, 14), None),)},
    },
    'RLOOScriptArguments': {
        'dataset_config': {'life': (((0, 22), None),)},
        'dataset_name': {'life': (((0, 22), None),)},
        'dataset_streaming': {'life': (((0, 22), None),)},
        'dataset_test_split': {'life': (((0, 22), None),)},
        'dataset_train_split': {'life': (((0, 22), None),)},
        'gradient_checkpointing_use_reentrant': {'life': (((0, 22), (0, 27)),)},
        'ignore_bias_buffers': {'life': (((0, 22), None),)},
        'reward_funcs': {'life': (((0, 22), None),)},
        'reward_model_name_or_path': {'life': (((0, 22), None),)},
    },
    'SFTScriptArguments': {
        'config': {'life': (((0, 9), (0, 13)),)},
        'dataset_name': {'life': (((0, 9), (0, 13)),)},
        'dataset_test_split': {'life': (((0, 9), (0, 13)),)},
        'dataset_train_split': {'life': (((0, 9), (0, 13)),)},
        'gradient_checkpointing_use_reentrant': {'life': (((0, 9), (0, 13)),)},
        'ignore_bias_buffers': {'life': (((0, 12), (0, 13)),)},
    },
    'DPOScriptArguments': {
        'config': {'life': (((0, 9), (0, 13)),)},
        'dataset_name': {'life': (((0, 9), (0, 13)),)},
        'dataset_test_split': {'life': (((0, 9), (0, 13)),)},
        'dataset_train_split': {'life': (((0, 9), (0, 13)),)},
        'gradient_checkpointing_use_reentrant': {'life': (((0, 9), (0, 13)),)},
        'ignore_bias_buffers': {'life': (((0, 9), (0, 13)),)},
        'sanity_check': {'life': (((0, 9), (0, 11)),)},
    },
    'RewardScriptArguments': {
        'config': {'life': (((0, 11), (0, 13)),)},
        'dataset_name': {'life': (((0, 11), (0, 13)),)},
        'dataset_test_split': {'life': (((0, 11), (0, 13)),)},
        'dataset_train_split': {'life': (((0, 11), (0, 13)),)},
        'gradient_checkpointing_use_reentrant': {'life': (((0, 11), (0, 13)),)},
        'ignore_bias_buffers': {'life': (((0, 12), (0, 13)),)},
    },
}
