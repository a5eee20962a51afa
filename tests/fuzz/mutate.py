"""Whole inputs: files and a command. What is input NUMBER of SEED is the same on every machine, until the examples,
the fixtures or this file change.

Half of them are near to what people write, as a fault behind the form of a spec is only met by a spec of good form;
the others are of any kind.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from corpus import Corpus
from mutations import Dice, mutate, mutate_numbers, written
from tree import Form, Node, copied, emit, entry, scalar, set_entry


class Command(NamedTuple):
    """`kind` says what is to be seen, `options` and `words` how it is asked: the former are those of every command,
    `--target` and `--set`, the latter those of this kind alone. The path of the spec is not among them."""

    kind: str
    options: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Case(NamedTuple):
    """An input: files by their paths, the one that the command is about, and the command."""

    seed: int
    number: int
    files: dict[str, bytes]
    name: str
    command: Command


# With their weights; what each does is said where it is held to what it promises.
KINDS = {
    "check": 24,
    "formats": 6,
    "fix": 24,
    "compile": 8,
    "compile-dir": 24,
    "explain": 8,
    "fit": 5,
    "stdin": 3,
    "folder": 2,
    "other": 1,
}
_NAMES = ("train.json", "a b.yml", "ü.yaml", "-x.yaml", "sub/train.yaml", "$x.yaml", "'.yaml")
_PATHS = (
    "batch.effective", "batch.per_device", "batch.accumulation", "hardware.nodes", "hardware.devices_per_node",
    "hardware.accelerator", "training.learning_rate", "training.max_steps", "parallel.data", "parallel.tensor",
    "launch.script", "launch.setup", "launch.env.X", "transformers", "model.config", "model.sequence_length",
)  # fmt: skip
_EXPLAINED = (
    "batch", "effective", "per_device_train_batch_size", "gradient_accumulation_steps", "world", "replicas",
    "memory", "nproc_per_node", "total_steps", "warmup_steps", "schedule", "training", "fsdp_config", "deepspeed",
    "launch", "x",
)  # fmt: skip
_PRINTED = ("plan", "launch", "slurm", "accelerate", "deepspeed", "training_args.json", "plan.json", "x", "", ".")


def case(seed: int, number: int, corpus: Corpus) -> Case:
    """An input, by chance that begins anew with each."""
    rng = Random(f"{seed}:{number}")
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    makes = kind in ("compile", "compile-dir")
    # Of what is not of good form, nothing is made.
    dice = Dice(rng, corpus, wild=rng.random() < (0.25 if makes else 0.5))
    documents = corpus.documents if dice.wild else corpus.good
    root = copied(rng.choice(corpus.fixable if kind == "fix" and dice.one_in(2) else documents))
    if makes and dice.one_in(2):
        set_entry(root, "launch", copied(rng.choice(corpus.values["root.launch"])))
    if not dice.one_in(30):
        mutate(root, dice)
    name = rng.choice(_NAMES) if dice.one_in(10) else "train.yaml"
    folder, slash, own = name.rpartition("/")
    beside = {
        **_bases(root, own, dice),
        **(_model(root, dice) if dice.one_in(20) else {}),
        own: written(root, dice),
    }
    files = {f"{folder}{slash}{path}": data for path, data in beside.items()}
    return Case(seed, number, files, name, _command(kind, root, dice))


def _bases(root: Node, own: str, dice: Dice) -> dict[str, bytes]:
    """The files that a spec extends: an example, others with parts of a spec, or what cannot be extended."""
    base = entry(root, "extends")
    files = {}
    if base is not None and base.text in dice.corpus.examples:
        example = copied(dice.corpus.examples[base.text])
        if dice.one_in(2):
            mutate(example, dice)
        files[base.text] = written(example, dice)
    if root.entries and dice.one_in(8):
        files |= _no_base(root, own, dice) if dice.wild and dice.one_in(3) else _chain(root, dice)
    return files


def _no_base(root: Node, own: str, dice: Dice) -> dict[str, bytes]:
    names = [own, f"./{own}", own.upper(), "missing.yaml", ".", "..", "/", "x/../base.yaml", "~/x.yaml", "x" * 5000]
    texts = [b"", b"[]\n", b"x\n", f'extends: "{own}"\n'.encode(), b"\xff", b"a: [\n", b"batch:\n"]
    set_entry(root, "extends", scalar(dice.rng.choice([*names, "base.yaml", "base.yaml", "base.yaml\0"]), '"'))
    return {"base.yaml": dice.rng.choice(texts)}


def _chain(root: Node, dice: Dice) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    path = "base.yaml"
    set_entry(root, "extends", scalar(path))
    for number in range(dice.rng.choice([1, 1, 1, 2, 3])):
        # A base holds a part of what a document does, so that together they are still a spec.
        base = copied(dice.rng.choice([root, dice.rng.choice(dice.corpus.documents)]))
        base.entries = [pair for pair in base.entries if pair[0].text != "extends" and not dice.one_in(3)]
        if base.entries and dice.one_in(2):
            mutate(base, dice)
        further = f"base{number}.yaml"
        if dice.one_in(2):
            set_entry(base, "extends", scalar(further))
        files[path], path = written(base, dice), further
    return {path: b"batch: {effective: 64}\n", **files}


def _model(root: Node, dice: Dice) -> dict[str, bytes]:
    """A config.json of the user's own, in which numbers can be anything."""
    config = copied(dice.rng.choice(dice.corpus.configs))
    mutate_numbers(config, dice)
    model = entry(root, "model")
    if model is None or model.kind != "map":
        model = Node("map")
        set_entry(root, "model", model)
    set_entry(model, "config", scalar(dice.rng.choice(["config.json", "./config.json", "."])))
    return {"config.json": emit(config, dice.rng, Form(json=True)).encode(errors="replace")}


def _command(kind: str, root: Node, dice: Dice) -> Command:
    rng, corpus = dice.rng, dice.corpus
    options: list[str] = []
    targets = entry(root, "targets")
    names = [key.text for key, _ in targets.entries] if targets is not None else []
    if names and dice.one_in(3):
        options += ["--target", rng.choice(names)]
    elif dice.one_in(50):
        options += ["--target", rng.choice(["x", "", "..", "/", "None"])]
    while dice.one_in(10):
        path = rng.choice([*_PATHS, *_PATHS, rng.choice(corpus.nasty), f"training.{rng.choice(corpus.names)}"])
        values = ["4", "8", "64", "true", "null", "x", rng.choice(corpus.nasty), rng.choice(corpus.names), "\udcff"]
        seen = [value.text for value in corpus.values.get(path, ()) if value.text]
        value = rng.choice(values if dice.wild or not seen else seen)
        options += ["--set", path if dice.one_in(30) else f"{path}={value}"]
    # No argument of a process holds a null.
    return Command(kind, tuple(option.replace("\0", "") for option in options), _words(kind, dice))


def _words(kind: str, dice: Dice) -> tuple[str, ...]:
    rng, corpus = dice.rng, dice.corpus
    if kind == "explain" and not dice.one_in(3):
        return (
            rng.choice([*_PATHS, *_EXPLAINED, *_EXPLAINED, rng.choice(corpus.nasty), rng.choice(corpus.names)]),
        )
    if kind == "compile" and not dice.one_in(3):
        return ("--to", rng.choice(_PRINTED))
    if kind == "fit" and dice.one_in(2):
        return ("--per-device", rng.choice(["1", "4", "1000000", "0", "99999999999999999999"]))
    if kind in ("check", "stdin", "folder") and dice.one_in(3):
        return ("--fail-on", rng.choice(["error", "warning"]))
    if kind == "other":
        release = rng.choice(["5.23", "4.30", "9.9", "", "x", "5", "1" * 5000])
        rule = rng.choice([*corpus.rules, "batch", "syntax/tab", "", "x" * 3000])
        words = [("rule",), ("rule", "--output-format", "json"), ("rule", "--", rule), ("schema",), ("--version",)]
        words += [("schema", "--transformers", release), ("schema", "--trl", release), ("check", "--help"), ("x",)]
        return rng.choice(words)
    return ()
