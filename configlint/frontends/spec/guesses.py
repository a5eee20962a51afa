"""What a key or a value of the wrong form was most likely meant for, and what to write instead."""

from __future__ import annotations

from configlint.core.document import Mapping, Node, Scalar
from configlint.core.edit import KEPT
from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.typing import Any
from configlint.core.wording import Suggestions, listing
from configlint.knowledge import argument_names
from configlint.knowledge.naming import NAMES, VALUES, meanings, owners

# What YAML 1.1 reads as true or false, and 1.2 as a string.
_BOOLEANS = {
    **dict.fromkeys(("y", "yes", "on", "true"), "true"),
    **dict.fromkeys(("n", "no", "off", "false"), "false"),
}
# The key that a section most likely means where a single value stands in its place.
_MAIN = {
    "batch": "effective",
    "hardware": "accelerator",
    "model": "config",
    "parallel": "data",
    "tuning": "method",
}
_SCRIPTS = "put what the script reads under `arguments`"
# Keys that people look for in a section, and what to do instead.
_INSTEAD = {
    **dict.fromkeys(("launch.args", "launch.arguments", "data.config", "data.name", "data.path"), _SCRIPTS),
    **dict.fromkeys((".mixed_precision", ".precision"), "write `bf16: true` or `fp16: true` in `training`"),
    **dict.fromkeys(("parallel.zero", "parallel.zero_stage"), "write `data: zero2` or `data: zero3`"),
}
# Sections in which people look for what only the script reads.
_HALF_THE_SCRIPTS = ("data", "model")
# Arguments that are sections of a spec, and the words of one that say no more than its engine.
_ENGINES = {"deepspeed": "parallel.deepspeed", "fsdp_config": "parallel.fsdp"}
_FULLY_SHARDED = frozenset(("full_shard", "auto_wrap", "true"))
# Names of which the value has another form in a spec.
_OF_OTHER_FORM = frozenset(("load_in_4bit", "load_in_8bit", "use_flash_attention_2", "use_peft", "zero_stage"))

_WORD = regex(r"[A-Za-z0-9_./-]+")
_WORDS = regex(r"[A-Za-z0-9_./ -]+")
# What several devices are called: `8xH100`, `2 x 8 x h100-80gb`.
_DEVICES = regex(r"(?:([0-9]+) ?[x*] ?)?([0-9]+) ?[x*] ?([A-Za-z][A-Za-z0-9_. -]*)")
# A number with a unit: `4M`, `80 GB`, `3%`. Of tokens, k and M are powers of two.
_QUANTITY = regex(r"([0-9]+(?:\.[0-9]+)?) ?(%|[kKM]|Gi?B?)")
_TOKENS = regex(r" ?tok(?:en)?s?$")
_IN_TOKENS = ("batch.effective_tokens", "model.sequence_length")
_STAGE = regex(r"(?:zero|stage)[-_ ]?(?:stage)?[-_ ]?([0-3])")


class Vocabulary(NamedTuple):
    """What a key can be meant for: those of the schema, the arguments of the trainer, and what is near."""

    schema: dict[str, Any]
    trainer: str | None
    near: Suggestions


class Guess(NamedTuple):
    """The canonical paths that something can have been meant for, and what to say of them. `moves` says that it is
    the first for certain, as it stands or with another value."""

    to: tuple[str, ...]
    help: str | None
    moves: bool = False
    value: object = KEPT


def of_key(words: Vocabulary, section: str, name: str, known: list[str], node: Node) -> Guess:
    """What an unknown key of a section can have been meant for; `node` is what stands there."""
    start = f"{section}." if section else ""
    homes = _homes(words.schema, name)
    word, brace, _ = name.partition(" {")
    if brace and word in known:
        return Guess((start + word,), f"write a colon and a space after `{word}`")
    if guess := _by_another_name(section, name, known) or _instead(section, name, node):
        return guess
    if not homes and (guess := _elsewhere(words, name)):
        return guess
    there = tuple(f"{home}.{name}" for home in homes)
    if close := words.near(name, known):
        names = [f"`{each}`" for each in (close, *there)]
        return Guess((start + close, *there), f"did you mean {listing(names, 'or')}?")
    if homes:
        return Guess(there, f"move it to {listing([f'`{home}`' for home in homes], 'or')}")
    return Guess(tuple(start + key for key in known), _expected(section, known))


def _keys(words: Vocabulary, section: str) -> dict[str, Any]:
    """The keys of a section, and what each takes."""
    form: Any = words.schema["definitions"].get(section, {})
    keys: dict[str, Any] = form.get("properties", {})
    return keys


def _expected(section: str, known: list[str]) -> str:
    if "targets" in known:
        return "put arguments of the trainer under `training` and those of your script under `arguments`"
    more = f"; {_SCRIPTS}" if section in _HALF_THE_SCRIPTS else ""
    return f"expected {listing(known, 'or')}{more}"


def _by_another_name(section: str, name: str, known: list[str]) -> Guess | None:
    """What a key that another program has, or that people use, is called in this section of a spec."""
    for path in meanings(name, section, "within") if section else ():
        key = path.rpartition(".")[2]
        if key in known:
            return _set(path, key, name)
    return None


def _instead(section: str, name: str, node: Node) -> Guess | None:
    if not section and name in ("deepspeed", "fsdp") and isinstance(node, Scalar):
        is_whole = name == "fsdp" and _FULLY_SHARDED.issuperset(node.raw.lower().replace(",", " ").split())
        return Guess(("parallel.data",), _engine(name, node.raw), is_whole, "fsdp")
    if not section and name in _ENGINES and isinstance(node, Mapping):
        return Guess((_ENGINES[name],), f"move it to `{_ENGINES[name]}`", moves=True)
    instead = _INSTEAD.get(f"{section}.{name}")
    return Guess((), instead) if instead else None


def _elsewhere(words: Vocabulary, name: str) -> Guess | None:
    """Where in a spec a setting belongs that another program calls so."""
    for path in meanings(name):
        section, _, key = path.partition(".")
        if path == "arguments":
            return Guess((f"arguments.{name}",), "move it to `arguments`", moves=True)
        if section == "training" or key in _keys(words, section):
            return _set(path, path, name)
    argument = name.replace("-", "_")
    if argument in owners():
        path = owners()[argument][0]
        return Guess((), f"set `{path}` instead")
    if argument not in argument_names(words.trainer):
        return None
    path = f"training.{argument}"
    if argument == name:
        return Guess((path,), "move it to `training`", moves=True)
    return Guess((path,), f"did you mean `{path}`?")


def _set(path: str, shown: str, name: str) -> Guess:
    if name in _OF_OTHER_FORM:
        return Guess((), f"set `{shown}` instead")
    # A word that others use too may be meant otherwise.
    is_argument = name in NAMES[path].get("training_arguments", ())
    return Guess(
        (path,),
        f"move it to `{shown}`" if is_argument and "." in shown else f"did you mean `{shown}`?",
        is_argument,
    )


def _homes(schema: dict[str, Any], name: str) -> list[str]:
    """The sections that have a key of this name."""
    sections: dict[str, Any] = schema["definitions"]
    return [
        section for section, form in sections.items() if section != "target" and name in form.get("properties", ())
    ]


def of_value(words: Vocabulary, node: Node, at: str, types: list[str]) -> Guess:
    """What a value stands for where one of the types is expected."""
    if not isinstance(node, Scalar) or node.value is None:
        return Guess((), None)
    if "object" in types and (guess := _of_section(words, node, at)):
        return guess
    if node.value == "auto" and at in ("batch.per_device", "batch.accumulation"):
        return Guess((), "remove it: configlint computes it")
    return Guess((), _converted(node, at, types) if isinstance(node.value, str) else None)


def _of_section(words: Vocabulary, node: Scalar, at: str) -> Guess | None:
    """What to write for a single value that stands in place of a section."""
    raw, value = node.raw, node.value
    if at in ("parallel.deepspeed", "parallel.fsdp"):
        return Guess((), _engine(at.partition(".")[2], raw))
    if at == "data" and isinstance(value, str):
        shown = (
            f": `arguments: {{dataset_name: {raw}}}`, or as your script calls it" if _WORD.fullmatch(raw) else ""
        )
        return Guess((), f"{_SCRIPTS}{shown}")
    if at == "launch.slurm":
        return Guess((), "write `slurm: {}`, with sbatch's options in it")
    if at == "hardware" and (found := _DEVICES.fullmatch(raw)):
        nodes = f", nodes: {found[1]}" if found[1] else ""
        section = f"{{accelerator: {found[3].strip()}, devices_per_node: {found[2]}{nodes}}}"
        return Guess((), f"write `hardware: {section}`")
    if at == "batch" and (tokens := _tokens(value)):
        return Guess((), f"write `batch: {{effective_tokens: {tokens}}}`")
    key = _main_key(at, value)
    if not key or not (_WORDS if at == "hardware" else _WORD).fullmatch(raw):
        return None
    choices = _keys(words, at)[key].get("enum", ())
    if choices and raw not in choices:
        if raw.lower() in VALUES.get(f"{at}.{key}", ()):
            return Guess((), f"in `{at}.{key}`, {VALUES[f'{at}.{key}'][raw.lower()]}")
        close = words.near(raw, [choice for choice in choices if choice])
        return Guess((), f"write `{at}: {{{key}: {close}}}`" if close else None)
    return Guess((f"{at}.{key}",), f"write `{at}: {{{key}: {raw}}}`")


def _engine(engine: str, raw: str) -> str:
    """What to write for a sharding engine that is named with one word."""
    word = raw.lower()
    if engine == "fsdp":
        hybrid = " and set `shard` to the number of devices that share one copy" if "hybrid" in word else ""
        return f"write `data: fsdp` in `parallel`{hybrid}"
    stage = _STAGE.search(word)
    stages = f"`data: zero{stage[1]}`" if stage else "`data: zero2` or `data: zero3` (the ZeRO stage)"
    return f"write {stages} in `parallel`"


def _main_key(section: str, value: object) -> str | None:
    """The key that a single value in place of a section is most likely meant for."""
    if section == "launch" and isinstance(value, str):
        return "script" if value.endswith(".py") else None
    key = _MAIN.get(section)
    return key if key and isinstance(value, int if key == "effective" else str) else None


def _converted(node: Scalar, at: str, types: list[str]) -> str | None:
    """What to write for a text that stands for a number or a truth value."""
    if node.quoted and node.raw.isdecimal() and {"integer", "number"} & set(types):
        return f"write `{node.raw}` without quotes"
    if at == "batch.effective" and (tokens := _tokens(node.value)):
        return f"write `effective_tokens: {tokens}` instead"
    if {"integer", "number"} & set(types) and (number := _quantity(node.raw, at)) is not None:
        return f"write `{number}`"
    meant = _BOOLEANS.get(node.raw.lower()) if "boolean" in types else None
    return f"write `{meant}`" if meant else None


def _tokens(value: object) -> str | None:
    """The number in `4M tokens`."""
    written = value.strip() if isinstance(value, str) else ""
    bare = _TOKENS.sub("", written)
    if bare == written:
        return None
    return bare if bare.isdecimal() else _quantity(bare, "batch.effective_tokens")


def _quantity(written: str, at: str) -> str | None:
    """The bare number that a quantity stands for, in the unit of the setting."""
    found = _QUANTITY.fullmatch(written.strip())
    if not found:
        return None
    number, unit = float(found[1]), found[2]
    if unit == "%":
        return f"{number / 100:g}"
    if unit.startswith("G"):
        return found[1] if at == "hardware.accelerator.memory" else None
    base = 1024 if at in _IN_TOKENS else 1000
    value = number * (base if unit in "kK" else base**2)
    return str(int(value)) if value.is_integer() else None
