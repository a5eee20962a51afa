"""Answer for the real classes: `python constructor.py construct|train`, a job a line on stdin, an answer a line on
stdout, both JSON; `python constructor.py fields` prints what the classes declare.

What is heavy is imported once; each job has a process of its own, forked, since a construction leaves traces in
modules and environment. It runs under the Python of any environment that has Transformers, and so imports nothing
but that: construct.py, which is the one that `verify` runs, by its path.
"""

import dataclasses
import enum
import gc
import importlib.util
import json
import os
import signal
import sys
import tempfile
import types
import typing
from pathlib import Path

CONSTRUCT = Path(__file__).resolve().parent.parent / "configlint" / "verify" / "construct.py"
KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
EXAMPLES, LENGTH, VOCABULARY = 8, 4, 16


def main():
    # Libraries print; only the answers go to stdout.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if sys.argv[1] == "fields":
        json.dump({name: fields_of(config) for name, config in classes().items()}, answers)
        answers.flush()
        return
    # Before forking, so that it is paid once.
    import transformers.integrations.integration_utils
    from transformers import HfArgumentParser, TrainingArguments  # noqa: F401

    if importlib.util.find_spec("torch"):
        import transformers.trainer  # noqa: F401
    work = train if sys.argv[1] == "train" else construct_with(CONSTRUCT)
    gc.freeze()  # what a child does not touch is not copied
    for line in sys.stdin:
        answers.write(forked(work, json.loads(line)) + "\n")
        answers.flush()


def construct_with(path):
    """The `construct` of a file."""
    spec = importlib.util.spec_from_file_location("construct", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.construct


def forked(work, job):
    """The answer of a process of its own, as JSON; its death is an answer too."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(
            os.open(os.devnull, os.O_RDONLY), 0
        )  # a file may be named by a number, and 0 is what jobs come from
        signal.alarm(120)
        with os.fdopen(writing, "w") as pipe:
            json.dump(work(job), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    status = os.waitpid(child, 0)[1]
    return answer or json.dumps({"died": status})


def classes():
    """The config classes by name, those that there are without torch where it is not installed."""
    import transformers

    found = {name: getattr(transformers, name) for name in ("TrainingArguments", "Seq2SeqTrainingArguments")}
    if importlib.util.find_spec("torch"):
        from transformers.trainer_pt_utils import AcceleratorConfig

        found["AcceleratorConfig"] = AcceleratorConfig
    return found


def fields_of(config):
    """What a constructor takes: {name: {required, default, kinds, choices}}."""
    hints = typing.get_type_hints(config)
    return {
        field.name: {
            "required": field.default is field.default_factory is dataclasses.MISSING,
            "default": default_of(field),
            "kinds": sorted(kinds_of(hints[field.name])),
            "choices": choices_of(field, hints[field.name]),
        }
        for field in dataclasses.fields(config)
        if field.init
    }


def default_of(field):
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else getattr(field.default, "value", field.default)


def parts(hint):
    """The members of a union, or the type alone."""
    is_union = typing.get_origin(hint) in (typing.Union, getattr(types, "UnionType", None))
    return [each for part in typing.get_args(hint) for each in parts(part)] if is_union else [hint]


def kinds_of(hint):
    """The kinds of JSON that a type stands for; none where it can be anything."""
    found = set()
    for part in parts(hint):
        outer = typing.get_origin(part) or part
        if outer is typing.Any:
            return set()
        if outer is typing.Literal:
            found |= {KINDS[type(value)] for value in typing.get_args(part)}
        elif isinstance(outer, type) and issubclass(outer, str):
            found.add("string")
        elif outer in (list, tuple):
            found.add("array")
        else:
            found.add(KINDS.get(outer, "object"))
    return found


def choices_of(field, hint):
    """The values that a field is confined to: by its metadata, or by an Enum, alone or in a list. A Literal beside
    another type confines nothing."""
    if "choices" in field.metadata:
        return list(field.metadata["choices"])
    for part in parts(hint):
        for each in [part, *typing.get_args(part)]:
            if isinstance(each, type) and issubclass(each, enum.Enum):
                return [member.value for member in each]
    literals = [list(typing.get_args(part)) for part in parts(hint) if part is not type(None)]
    return literals[0] if len(literals) == 1 and typing.get_origin(parts(hint)[0]) is typing.Literal else []


def train(job):
    """What comes of training a tiny model with the real Trainer, for a step or two: {error}, or what it did."""
    import torch
    from transformers import HfArgumentParser, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        (arguments,) = HfArgumentParser(TrainingArguments).parse_dict(job["arguments"])
        try:
            torch.manual_seed(0)
            sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
            model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, **sizes))
            tokens = torch.randint(VOCABULARY, (EXAMPLES, LENGTH))
            examples = [{"input_ids": row, "labels": row} for row in tokens]
            trainer = Trainer(model, arguments, train_dataset=examples, eval_dataset=examples[:2])
            trainer.train()
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        logs = trainer.state.log_history
        return {
            "error": None,
            "steps": trainer.state.global_step,
            "samples": round(trainer.state.epoch * EXAMPLES),
            "losses": [entry["loss"] for entry in logs if "loss" in entry],
            "learning_rates": [entry["learning_rate"] for entry in logs if "learning_rate" in entry],
            "mixed_precision": trainer.accelerator.mixed_precision,
            "gradient_checkpointing": model.is_gradient_checkpointing,
            "is_finite": all(bool(weights.isfinite().all()) for weights in model.parameters()),
            "best": trainer.state.best_model_checkpoint and Path(trainer.state.best_model_checkpoint).name,
            "saved": [path.name for path in Path(arguments.output_dir).glob("checkpoint-*")],
        }


if __name__ == "__main__":
    main()
