"""What rules say of the real libraries is what these do, as far as a CPU can tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.heavy

HERE = Path(__file__).parent


@pytest.mark.parametrize("clips", [False, True])
@pytest.mark.parametrize(("dtype", "refused"), [("float16", True), ("float32", False)])
def test_the_scaler_of_fp16_refuses_the_gradients_of_float16_weights(
    dtype: str, refused: bool, clips: bool
) -> None:
    import torch

    layer = torch.nn.Linear(2, 2, dtype=getattr(torch, dtype))
    optimizer, scaler = torch.optim.AdamW(layer.parameters()), torch.amp.GradScaler("cpu")
    scaler.scale(layer(torch.ones(1, 2, dtype=layer.weight.dtype)).float().sum()).backward()

    def step() -> None:
        if clips:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)

    if refused:
        with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
            step()
    else:
        step()


CHECKPOINTING = {"gradient_checkpointing": True}
REENTRANT: dict[str, Any] = CHECKPOINTING | {"gradient_checkpointing_kwargs": {"use_reentrant": True}}


@pytest.mark.parametrize(
    ("arguments", "fails"),
    [
        (REENTRANT, True),
        (REENTRANT | {"ddp_find_unused_parameters": False}, False),
        (CHECKPOINTING | {"gradient_checkpointing_kwargs": {"use_reentrant": False}}, False),
    ],
    ids=["reentrant", "without the search", "not reentrant"],
)
def test_adapters_under_ddp_fail_with_reentrant_checkpointing(arguments: dict[str, Any], fails: bool) -> None:
    command = [sys.executable, str(HERE / "two_ranks.py"), json.dumps(arguments)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    answer = json.loads(run.stdout.rstrip().rpartition("\n")[2])
    if fails:
        assert "Expected to mark a variable ready only once" in answer["error"]
    else:
        assert answer == {"steps": 1}


@pytest.mark.parametrize(
    ("steps", "answer"), [(500, "warmup_num_steps=500 vs hf warmup_steps=1"), (1, ""), ("auto", "")]
)
def test_a_warmup_that_only_deepspeed_has_is_refused(steps: object, answer: str, tmp_path: Path) -> None:
    from transformers import TrainingArguments
    from transformers.integrations.deepspeed import HfTrainerDeepSpeedConfig

    params = {"warmup_max_lr": 5e-5, "warmup_num_steps": steps}
    config = HfTrainerDeepSpeedConfig({"scheduler": {"type": "WarmupLR", "params": params}})
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, learning_rate=5e-5)
    config.trainer_config_process(arguments)
    if answer:
        with pytest.raises(ValueError, match=answer):
            config.trainer_config_finalize(arguments, model=None, num_training_steps=1000)
    else:
        config.trainer_config_finalize(arguments, model=None, num_training_steps=1000)


def sft_trainer(folder: Path, arguments: dict[str, Any], targets: list[str]) -> Any:
    """TRL's SFTTrainer of a tiny dense model; with targets, of a LoRA adapter on them."""
    from datasets import Dataset
    from peft import LoraConfig
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    from trl import SFTConfig, SFTTrainer

    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=2, **sizes))
    words = Tokenizer(models.WordLevel({"<eos>": 0, "a": 1}, unk_token="a"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<eos>", pad_token="<eos>")
    config = SFTConfig(output_dir=str(folder), use_cpu=True, bf16=False, report_to="none", **arguments)
    adapter = LoraConfig(target_modules=targets, task_type="CAUSAL_LM") if targets else None
    data = Dataset.from_dict({"text": ["a", "a"]})
    return SFTTrainer(model, config, train_dataset=data, processing_class=tokenizer, peft_config=adapter)


@pytest.mark.parametrize(
    ("arguments", "targets", "answer"),
    [
        ({"router_aux_loss_coef": 0.01}, [], "is not a Mixture-of-Experts model"),
        ({"router_aux_loss_coef": 0.0}, [], ""),
        ({}, ["q_proj", "lm_head"], "Applying a PEFT adapter to `lm_head` is not supported"),
        ({}, ["q_proj"], ""),
    ],
    ids=["router's loss", "none", "adapter on lm_head", "elsewhere"],
)
def test_trl_refuses_what_the_rules_say(
    tmp_path: Path, arguments: dict[str, Any], targets: list[str], answer: str
) -> None:
    if not answer:
        sft_trainer(tmp_path, arguments, targets)
        return
    with pytest.raises(Exception, match=answer):
        sft_trainer(tmp_path, arguments, targets)
