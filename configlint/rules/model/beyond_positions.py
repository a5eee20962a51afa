"""The sequences are longer than the model has positions for.

Models with learned positions (BERT, RoBERTa, GPT-2, OPT …) have a table with one row for each: the first longer
sequence fails, often in the middle of the run. Rotary positions go on without an error, but the model has never
seen them, so it predicts badly there unless its config scales them (`rope_scaling`).

Bad:

    model: {config: bert-base-uncased, sequence_length: 1024}
    batch: {effective: 32}
    hardware: {accelerator: t4, devices_per_node: 1}

Good:

    model: {config: bert-base-uncased, sequence_length: 512}
    batch: {effective: 32}
    hardware: {accelerator: t4, devices_per_node: 1}

Source: transformers 5.23 models/*/modeling_*.py and configuration_*.py; run: of each type below a model takes the
longest sequence and fails with one token more, and rotary ones do not
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import mapping, natural, positive, text

# By `model_type`: a row for each position; and those where padding takes the first rows.
LEARNED = (
    *("albert", "bert", "big_bird", "biogpt", "convbert", "ctrl", "deberta", "deberta-v2", "distilbert"),
    *("electra", "ernie", "gpt2", "gpt_bigcode", "gpt_neo", "layoutlm", "mobilebert", "openai-gpt", "opt"),
    *("rembert", "roformer", "squeezebert"),
)
AFTER_PADDING = (
    *("camembert", "data2vec-text", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl"),
)
ROTARY = (
    *("gemma", "gemma2", "gemma3_text", "gpt_neox", "llama", "mistral", "mixtral", "olmo", "olmo2", "phi", "phi3"),
    *("qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3"),
)


@rule(Severity.ERROR, when=lambda plan: plan.model is not None)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.model is None or (found := _length(plan)) is None:
        return
    config = mapping(plan.model.config.get("text_config")) or plan.model.config
    positions, (path, length) = longest(config), found
    if positions is None or length <= positions:
        return
    is_learned = config.get("model_type") not in ROTARY
    said, name = f"`{plan.name(path)}` {length:,} exceeds the {positions:,} positions", plan.model.name
    yield Finding(
        path,
        f"{said} of {name}: a longer sequence fails" if is_learned else f"{said} that {name} was trained on",
        [Put(path, positions)]
        if is_learned
        else [Put(path, positions), Say("scale the rotary positions in its config")],
        # A script's samples need not be as long as what they are cut to.
        None if is_learned and plan.spec.call is None else Severity.WARNING,
        related=(("model.config", f"`{plan.name('model.config')}` is {name}"),),
    )


def longest(config: dict[str, object]) -> int | None:
    """The longest sequence in tokens that a model has positions for; None where that is not known, or scaled."""
    kind = text(config.get("model_type"))
    positions = positive(config.get("max_position_embeddings")) or positive(config.get("n_positions"))
    if positions is None or (kind in ROTARY and _is_scaled(config)):
        return None
    # DeBERTa may have none of these, but relative ones.
    if kind in LEARNED or kind in ROTARY:
        return positions if config.get("position_biased_input") is not False else None
    if kind in AFTER_PADDING:
        padding = natural(config.get("pad_token_id", 1))
        return None if padding is None else positions - padding - 1
    return None


def _is_scaled(config: dict[str, object]) -> bool:
    """Whether RoPE is of another kind than the plain one, for all layers or for some."""
    ropes = [mapping(config.get(name)) or {} for name in ("rope_scaling", "rope_parameters")]
    ropes += [part for rope in ropes for part in rope.values() if isinstance(part, dict)]
    return any(rope.get(name, "default") != "default" for rope in ropes for name in ("rope_type", "type"))


def _length(plan: Plan) -> tuple[str, int] | None:
    """Where the length of a sequence is written, and what it is; TRL cuts to `max_length`."""
    if plan.sequence_length is not None:
        return "model.sequence_length", plan.sequence_length
    path = plan.path("max_length")
    length = positive(plan.argument("max_length")) if plan.release.trl is not None and plan.given(path) else None
    return None if length is None else (path, length)
