"""Training arguments: where they stand and what they are."""

from __future__ import annotations

from configlint.plan import Plan

# The fields that the solver and the rules reckon with, by what they take.
FLAGS = frozenset(
    [
        "activation_checkpointing",
        "auto_find_batch_size",
        "bf16",
        "bf16_full_eval",
        "dataloader_drop_last",
        "fp16",
        "fp16_full_eval",
        "gradient_checkpointing",
        "load_best_model_at_end",
        "save_only_model",
        "tf32",
    ]
)
NUMBERS = frozenset(
    [
        "eval_steps",
        "learning_rate",
        "logging_steps",
        "max_grad_norm",
        "max_steps",
        "num_train_epochs",
        "per_device_eval_batch_size",
        "save_steps",
        "warmup_ratio",
        "warmup_steps",
        "weight_decay",
    ]
)
OTHERS = frozenset(
    [
        "eval_strategy",
        "evaluation_strategy",
        "logging_strategy",
        "lr_scheduler_type",
        "optim",
        "output_dir",
        "save_strategy",
        "accelerator_config",
    ]
)


def applies(plan: Plan) -> bool:
    return bool(plan.training or plan.arguments or plan.given("parallel"))
