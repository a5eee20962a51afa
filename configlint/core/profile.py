"""What is known of an accelerator, a model or a trainer."""

from __future__ import annotations

from configlint.core.record import NamedTuple


class Accelerator(NamedTuple):
    """One device as PyTorch sees it; None is not known.

    `memory_gib` is what the driver reports; `compute_capability` NVIDIA's (major, minor);
    `dtypes` what training can use in hardware, empty where that is not known. `context_mib` is the least
    and the most that a process takes beside PyTorch's allocator; `workspace_mib` what the allocator holds
    for cuBLAS, for each of the two threads of a training step. `communication_mib` is the least and the most
    that the maker's collective library takes of it, where several devices train.
    """

    name: str
    vendor: str | None = None
    memory_gib: float | None = None
    compute_capability: tuple[int, int] | None = None
    dtypes: frozenset[str] = frozenset()
    devices_per_node: int | None = None
    context_mib: tuple[float, float] | None = None
    workspace_mib: float | None = None
    communication_mib: tuple[float, float] | None = None


class Instance(NamedTuple):
    """A cloud's machine by the name of its type: which accelerators it has, and how many."""

    name: str
    accelerator: Accelerator
    devices: int


# What drivers, shops and people put before a device's name, or leave out.
_MAKERS = ("nvidia", "tesla", "geforce", "amd", "instinct", "intel")


def bare(name: str) -> str:
    """A device's name in lower case, without the makers' words before it: `rtx 4090`."""
    words = name.lower().split()
    while len(words) > 1 and words[0] in _MAKERS:
        del words[0]
    return " ".join(words)


def lacks(accelerator: Accelerator, dtype: str) -> bool:
    """Whether an accelerator is known to be without bfloat16 or tf32, which NVIDIA has since Ampere."""
    if accelerator.compute_capability is not None:
        return accelerator.compute_capability < (8, 0)
    return bool(accelerator.dtypes) and dtype not in accelerator.dtypes


# What a class in a config.json is for, by the end of its name. ForConditionalGeneration is whatever generates from
# something else: text, images or speech.
_TASKS = {
    "ForCausalLM": "causal-lm",
    "LMHeadModel": "causal-lm",
    "ForMaskedLM": "masked-lm",
    "ForSequenceClassification": "sequence-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
    "ForImageClassification": "image-classification",
}


class Model(NamedTuple):
    """A model by its `config.json`, and the classes of its `layers` in Transformers; one that is read from a path
    has no `parameters`, no `layers` and no `hub_ids`."""

    name: str
    config: dict[str, object]
    parameters: int | None = None
    layers: tuple[str, ...] = ()
    hub_ids: tuple[str, ...] = ()

    @property
    def predicts_tokens(self) -> bool:
        """Whether it has a logit for each word at each token; an encoder's head is the script's."""
        return self.task == "causal-lm"

    @property
    def task(self) -> str | None:
        """What the first of its architectures that says so is for."""
        names = self.config.get("architectures")
        for name in names if isinstance(names, list) else ():
            if found := next((task for end, task in _TASKS.items() if str(name).endswith(end)), None):
                return found
            if str(name).endswith("ForConditionalGeneration"):
                return self._generates_from()
        return None

    def _generates_from(self) -> str | None:
        if "vision_config" in self.config:
            return "image-text-to-text"
        return "seq2seq" if "vocab_size" in self.config and "num_mel_bins" not in self.config else None


class Trainer(NamedTuple):
    """What a trainer does differently; what each trait means stands in knowledge/trainers.yaml."""

    script: str | None = None
    fine_tunes: bool = False
    pretrains: bool = False
    modelled: bool = False
    pairs: bool = False
    reference_unless: str | None = None
    reference_with: str | None = None
    scores: bool = False
    null_length: tuple[int, tuple[int, int] | None] | None = None
    whole_logits: tuple[tuple[tuple[int, int], float, float, float], ...] = ()
    nll_unless: dict[str, object] | None = None
    prepares_quantized: tuple[tuple[int, int], tuple[int, int] | None] | None = None
    generates: bool = False
    completions: tuple[int, int] | None = None
    task: str | None = None
    unlabelled: bool = False
    pads_to: str | None = None
    chunked_loss: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None = None
    undivided_losses: tuple[str, ...] = ()
    undispatched: tuple[int, int] | None = None
    refused_streams: tuple[tuple[int, int], tuple[int, int]] | None = None
    reentrant_until: tuple[int, int] | None = None
