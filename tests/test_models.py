"""The bundled models: that Transformers builds each from its profile, and that the counts are the makers'."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from configlint import knowledge
from configlint.core.document import plain
from configlint.core.profile import Model
from configlint.core.source import Source
from configlint.knowledge.schemas import schema_text
from configlint.memory.closed_form.architecture import architecture
from configlint.rules.model import beyond_positions
from configlint.rules.trl import incompatible_arguments
from configlint.syntax import read

MODELS = knowledge.names("models")


class Stated(NamedTuple):
    """A count of parameters that the makers publish, and what it holds beside the model's own."""

    parameters: int
    source: str
    beside: int = 0
    what: str = ""


def _hub(repository: str, parameters: int, beside: int = 0, what: str = "") -> Stated:
    """What the Hub counts in the repository's safetensors (`safetensors.total`)."""
    return Stated(parameters, f"https://huggingface.co/api/models/{repository}", beside, what)


def _index(repository: str, size: int) -> Stated:
    """The bytes that the index of the repository's safetensors sums up, of two a parameter."""
    return Stated(size // 2, f"https://huggingface.co/{repository}/blob/main/model.safetensors.index.json")


def _pythia(parameters: int, embeddings: int) -> Stated:
    """The parameters "non-embedding" of the table that describes the Pythia suite."""
    source = "https://github.com/EleutherAI/pythia/blob/main/README.md"
    return Stated(parameters, source, -2 * embeddings, "the embedding and the output layer are not counted")


FREQUENCIES = "the rotary frequencies of each layer are stored"
OUTPUT = "the output layer, which is the embedding, is stored once more"
HEAD = "the pooler and the head that tells whether a sentence follows are stored"

# All read in copies of the Hub's answers and files. Of the others no exact count was found.
STATED = {
    "llama-2-7b": _hub("meta-llama/Llama-2-7b-hf", 6738417664, 32 * 64, FREQUENCIES),
    "llama-2-13b": _hub("meta-llama/Llama-2-13b-hf", 13015866880, 40 * 64, FREQUENCIES),
    "llama-2-70b": _hub("meta-llama/Llama-2-70b-hf", 68976653312, 80 * 64, FREQUENCIES),
    "llama-3.1-8b": _hub("meta-llama/Llama-3.1-8B", 8030261248),
    "llama-3.1-70b": _hub("meta-llama/Llama-3.1-70B", 70553706496),
    "llama-3.2-1b": _hub("meta-llama/Llama-3.2-1B-Instruct", 1235814400),
    "llama-3.2-3b": _hub("meta-llama/Llama-3.2-3B-Instruct", 3212749824),
    "llama-3.3-70b": _hub("meta-llama/Llama-3.3-70B-Instruct", 70553706496),
    "qwen2.5-0.5b": _hub("Qwen/Qwen2.5-0.5B-Instruct", 494032768),
    "qwen2.5-1.5b": _hub("Qwen/Qwen2.5-1.5B-Instruct", 1543714304),
    "qwen2.5-3b": _hub("Qwen/Qwen2.5-3B-Instruct", 3085938688),
    "qwen2.5-7b": _hub("Qwen/Qwen2.5-7B-Instruct", 7615616512),
    "qwen2.5-14b": _index("Qwen/Qwen2.5-14B-Instruct", 29540067328),
    "qwen2.5-32b": _index("Qwen/Qwen2.5-32B-Instruct", 65527752704),
    "qwen2.5-72b": _index("Qwen/Qwen2.5-72B-Instruct", 145412407296),
    "deepseek-r1-distill-qwen-1.5b": _hub("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", 1777088000),
    "qwen3-0.6b": _hub("Qwen/Qwen3-0.6B", 751632384, 151936 * 1024, OUTPUT),
    "qwen3-1.7b": _hub("Qwen/Qwen3-1.7B", 2031739904, 151936 * 2048, OUTPUT),
    "qwen3-4b": _hub("Qwen/Qwen3-4B", 4022468096),
    "qwen3-8b": _hub("Qwen/Qwen3-8B", 8190735360),
    "qwen3-14b": _hub("Qwen/Qwen3-14B", 14768307200),
    "qwen3-32b": _hub("Qwen/Qwen3-32B", 32762123264),
    "qwen3-30b-a3b": _hub("Qwen/Qwen3-30B-A3B", 30532122624),
    "mistral-7b-v0.1": _hub("mistralai/Mistral-7B-v0.1", 7241732096),
    "mistral-7b-v0.3": _hub("mistralai/Mistral-7B-v0.3", 7248023552),
    "mixtral-8x7b-v0.1": _index("mistralai/Mixtral-8x7B-v0.1", 93405585408),
    "gemma-2-2b": _hub("google/gemma-2-2b-it", 2614341888),
    "gemma-2-9b": _hub("google/gemma-2-9b-it", 9241705984),
    "gemma-2-27b": _hub("google/gemma-2-27b-it", 27227128320),
    "gemma-3-1b": _hub("google/gemma-3-1b-it", 999885952),
    "gemma-3-4b": _hub("google/gemma-3-4b-it", 4300079472),
    "phi-3-mini": _hub("microsoft/Phi-3-mini-4k-instruct", 3821079552),
    "phi-3.5-mini": _hub("microsoft/Phi-3.5-mini-instruct", 3821079552),
    "phi-4": _hub("microsoft/phi-4", 14659507200),
    "phi-4-mini": _hub("microsoft/Phi-4-mini-instruct", 3836021760),
    "olmo-2-1b": _hub("allenai/OLMo-2-0425-1B-Instruct", 1484916736),
    "olmo-2-7b": _hub("allenai/OLMo-2-1124-7B", 7298617344),
    "olmo-2-13b": _hub("allenai/OLMo-2-1124-13B", 13716198400),
    "smollm2-135m": _hub("HuggingFaceTB/SmolLM2-135M-Instruct", 134515008),
    "smollm2-360m": _hub("HuggingFaceTB/SmolLM2-360M-Instruct", 361821120),
    "smollm2-1.7b": _hub("HuggingFaceTB/SmolLM2-1.7B-Instruct", 1711376384),
    "smollm3-3b": _hub("HuggingFaceTB/SmolLM3-3B", 3075098624),
    "gpt-oss-20b": _hub("openai/gpt-oss-20b", 20914757184),
    "gpt2": _hub("openai-community/gpt2", 137022720, 12 * 1024 * 1024, "the causal mask of each layer is stored"),
    "pythia-70m": _pythia(18915328, 50304 * 512),
    "pythia-160m": _pythia(85056000, 50304 * 768),
    "pythia-410m": _pythia(302311424, 50304 * 1024),
    "pythia-1b": _pythia(805736448, 50304 * 2048),
    "pythia-1.4b": _pythia(1208602624, 50304 * 2048),
    "pythia-2.8b": _pythia(2517652480, 50304 * 2560),
    "pythia-6.9b": _pythia(6444163072, 50432 * 4096),
    "pythia-12b": _pythia(11327027200, 50688 * 5120),
    "bert-base-uncased": _hub("google-bert/bert-base-uncased", 110106428, 768 * 769 + 2 * 769, HEAD),
    "bert-large-uncased": _hub("google-bert/bert-large-uncased", 336226108, 1024 * 1025 + 2 * 1025, HEAD),
    "roberta-base": _hub("FacebookAI/roberta-base", 124697433),
}


def _profile(name: str) -> Any:
    path = Path(knowledge.__file__).parent / "models" / f"{name}.yaml"
    node, found = read(Source(path.name, path.read_text(encoding="utf-8")))
    assert found == []
    assert node is not None
    return plain(node)


@pytest.mark.heavy
@pytest.mark.parametrize("name", MODELS)
def test_transformers_builds_a_model_of_that_many_parameters(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    profile = _profile(name)
    fields = {key: value for key, value in profile["config"].items() if key != "source"}
    (tmp_path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    config = transformers.AutoConfig.from_pretrained(tmp_path)
    builder = getattr(transformers, fields["architectures"][0]) if "architectures" in fields else None
    with torch.device("meta"):
        model = builder(config) if builder else transformers.AutoModel.from_config(config)
    # FSDP wraps what Transformers names; beside layers that may be the embeddings.
    repeated = {type(block[0]).__name__ for block in model.modules() if isinstance(block, torch.nn.ModuleList)}
    assert repeated & {*(model._no_split_modules or ())} <= {*profile["layers"]} <= repeated
    # parameters() gives each once, tied or not.
    assert sum(parameter.numel() for parameter in model.parameters()) == profile["parameters"]["value"]
    tied = config.get_text_config().tie_word_embeddings
    assert _shared(model) == bool(tied and builder)


def _shared(model: Any) -> bool:
    """Whether the output layer is the embedding."""
    output = model.get_output_embeddings()
    return output is not None and output.weight is model.get_input_embeddings().weight


@pytest.mark.heavy
@pytest.mark.parametrize("name", MODELS)
def test_the_class_is_the_one_that_is_loaded_for_training(name: str, tmp_path: Path) -> None:
    """Of what writes text: the other classes have heads that the user chooses."""
    transformers = pytest.importorskip("transformers")
    config = _profile(name)["config"]
    [architecture] = config.get("architectures", ["DebertaV2Model"])
    if not architecture.endswith(("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")):
        pytest.skip("a class without a fixed head")
    mapping = transformers.AutoModelForSeq2SeqLM if "d_model" in config else transformers.AutoModelForCausalLM
    kind = transformers.AutoConfig.for_model(config["model_type"])
    assert mapping._model_mapping[type(kind)].__name__ == architecture


# Sizes under the names that the configs have for them, all of 16 positions.
TINY = {
    **dict.fromkeys(["hidden_size", "n_embd", "dim", "embedding_size", "word_embed_proj_dim"], 8),
    **dict.fromkeys(["intermediate_size", "hidden_dim", "ffn_dim"], 8),
    **dict.fromkeys(["num_hidden_layers", "n_layer", "n_layers", "num_layers"], 1),
    **dict.fromkeys(["num_attention_heads", "n_head", "n_heads", "num_key_value_heads"], 1),
    **dict.fromkeys(["max_position_embeddings", "n_positions"], 16),
    "vocab_size": 32,
    "attention_types": [[["global"], 1]],
    "head_dim": 8,
    "num_experts": 8,
}


def tiny(model_type: str) -> Any:
    """The config of a model of that type."""
    transformers = pytest.importorskip("transformers")
    config = transformers.AutoConfig.for_model(model_type)
    sizes = {name: size for name, size in TINY.items() if hasattr(config, name)}
    return transformers.AutoConfig.for_model(model_type, **sizes, pad_token_id=1)


def runs(config: Any, length: int) -> bool:
    """Whether the model takes a sequence of that many tokens."""
    torch = pytest.importorskip("torch")
    model = pytest.importorskip("transformers").AutoModel.from_config(config).eval()
    try:
        with torch.no_grad():
            model(input_ids=torch.full((1, length), 2))
    except (RuntimeError, IndexError):
        return False
    return True


@pytest.mark.heavy
@pytest.mark.parametrize("model_type", [*beyond_positions.LEARNED, *beyond_positions.AFTER_PADDING])
def test_a_model_with_learned_positions_takes_the_longest_sequence_and_no_longer_one(model_type: str) -> None:
    config = tiny(model_type)
    longest = beyond_positions.longest(config.to_dict())
    assert longest is not None
    assert runs(config, longest)
    assert not runs(config, longest + 1)


@pytest.mark.heavy
@pytest.mark.parametrize("model_type", beyond_positions.ROTARY)
def test_a_model_with_rotary_positions_takes_any_sequence(model_type: str) -> None:
    config = tiny(model_type)
    assert beyond_positions.longest(config.to_dict()) == 16
    assert runs(config, 40)


LEARNED = [
    "albert",
    "bert",
    "big_bird",
    "biogpt",
    "convbert",
    "ctrl",
    "deberta",
    "deberta-v2",
    "distilbert",
    "electra",
    "ernie",
    "gpt2",
    "gpt_bigcode",
    "gpt_neo",
    "layoutlm",
    "mobilebert",
    "openai-gpt",
    "opt",
    "rembert",
    "roformer",
    "squeezebert",
]
AFTER_PADDING = [
    "camembert",
    "data2vec-text",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
]
ROTARY = [
    "gemma",
    "gemma2",
    "gemma3_text",
    "gpt_neox",
    "llama",
    "mistral",
    "mixtral",
    "olmo",
    "olmo2",
    "phi",
    "phi3",
    "qwen2",
    "qwen2_moe",
    "qwen3",
    "qwen3_moe",
    "smollm3",
]


@pytest.mark.parametrize("model_type", [*LEARNED, *AFTER_PADDING, *ROTARY, "t5", "bloom"])
def test_a_family_has_the_positions_that_its_config_says_but_those_of_padding(model_type: str) -> None:
    """Which families these are; that it is so of each is tested with Transformers, above."""
    config = {"model_type": model_type, "max_position_embeddings": 514, "rope_scaling": {"type": "linear"}}
    wanted = 514 if model_type in LEARNED else 512 if model_type in AFTER_PADDING else None
    assert beyond_positions.longest(config) == wanted
    del config["rope_scaling"]
    assert beyond_positions.longest(config) == (514 if model_type in ROTARY else wanted)


@pytest.mark.parametrize(
    "scaling",
    [
        {"rope_scaling": {"type": "linear", "factor": 2.0}},
        {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
        {"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5}},
        {"rope_parameters": {"full_attention": {"rope_type": "linear"}, "sliding_attention": {}}},
    ],
)
def test_of_scaled_positions_no_end_is_known(scaling: dict[str, Any]) -> None:
    llama = {"model_type": "llama", "max_position_embeddings": 4096}
    assert beyond_positions.longest(llama | scaling) is None
    assert beyond_positions.longest(llama | {"rope_scaling": None}) == 4096
    assert (
        beyond_positions.longest(llama | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}}) == 4096
    )


def test_a_mixture_that_leaves_its_numbers_out_has_those_of_mixtral() -> None:
    config = {key: value for key, value in _profile("mixtral-8x7b-v0.1")["config"].items() if key != "source"}
    for left_out in ("num_local_experts", "num_experts_per_tok"):
        sizes = architecture({key: value for key, value in config.items() if key != left_out})
        assert sizes is not None
        assert (sizes.experts, sizes.experts_used) == (8, 2)


@pytest.mark.parametrize("name", STATED)
def test_the_count_is_the_makers(name: str) -> None:
    stated, model = STATED[name], knowledge.find_model(name, ".")
    assert isinstance(model, Model)
    assert model.parameters is not None
    assert bool(stated.beside) == bool(stated.what)
    assert model.parameters + stated.beside == stated.parameters, stated.source


def _keys(config: dict[str, Any], fields: dict[str, Any]) -> Iterator[str]:
    for key, value in config.items():
        if key not in fields:
            yield key
        if key == "text_config":
            yield from _keys(value, fields)


@pytest.mark.parametrize("name", MODELS)
def test_every_field_of_a_config_is_described(name: str) -> None:
    fields = json.loads(schema_text("model"))["definitions"]["fields"]["properties"]
    assert all(field["description"] for field in fields.values())
    assert list(_keys(_profile(name)["config"], fields)) == ["source"]


def test_a_hub_id_is_that_of_one_model() -> None:
    ids = [hub_id for name in MODELS for hub_id in _profile(name)["hub_ids"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", MODELS)
def test_a_models_pages_are_of_its_own_repositories(name: str) -> None:
    profile = _profile(name)
    pages = {f"https://huggingface.co/{hub_id}" for hub_id in profile["hub_ids"]}
    assert profile["parameters"]["source"] in pages
    assert profile["config"]["source"].removesuffix("/blob/main/config.json") in pages


@pytest.mark.heavy
@pytest.mark.parametrize("name", MODELS)
def test_of_a_mixture_the_config_says_whether_its_router_is_heard(name: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    config = {key: value for key, value in _profile(name)["config"].items() if key != "source"}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    real = transformers.AutoConfig.from_pretrained(tmp_path).get_text_config()
    is_routed = hasattr(real, "output_router_logits")
    assert is_routed == (config["model_type"] in incompatible_arguments.ROUTED)
    assert is_routed != incompatible_arguments.is_dense(config)
