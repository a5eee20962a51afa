"""What is done to a tree, to a text and to bytes, to make an input that nobody has written yet."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from corpus import Corpus
from tree import RAW, Form, Node, Slot, copied, emit, entry, listed, mapped, scalar, set_entry, slots

LARGEST_BYTES = 1_000_000  # of a file
SECTIONS = ("batch", "hardware", "parallel", "model", "tuning", "data", "training", "arguments", "launch")

_TAGS = (
    "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!set", "!!omap", "!!binary", "!!timestamp",
    "!", "!x", "!!python/object/apply:os.system", "!<tag:yaml.org,2002:str>", "!<x>", "!!",
)  # fmt: skip
_BREAKS = ("\r\n", "\r\n", "\r", "\x85", "\u2028", "\u2029")
_ODD = (
    "\0\a\b\t\n\x0b\x0c\r\x1b\x7f\x80\x85\xa0\xad\u0301\u200b\u200d\u202e\u2028\u2029\ufeff\ufffe\uffff"
    "\U0001f600\U0010ffff"
)
_MARKS = "{}[],:#&*!|>'\"%@`?-=<~ \t\n"


class Dice(NamedTuple):
    """By what an input comes about: chance, what there is to mix, and whether it may be of any kind or is to be
    near to what people write."""

    rng: Random
    corpus: Corpus
    wild: bool

    def slot(self, root: Node) -> Slot:
        return self.rng.choice(list(slots(root)))

    def with_key(self, root: Node) -> tuple[Slot, Node]:
        """A place in a mapping, and its key; a tree that mutates has one at its root."""
        slot = self.rng.choice([slot for slot in slots(root) if slot.key is not None])
        assert slot.key is not None
        return slot, slot.key

    def one_in(self, number: int) -> bool:
        return self.rng.randrange(number) == 0

    def nasty(self) -> Node:
        """A value that nobody thought of, or the name of something else."""
        rng = self.rng
        if self.one_in(5):
            return scalar(rng.choice(self.corpus.names), rng.choice(["", "", '"']))
        text = rng.choice(self.corpus.nasty)
        style = rng.choice([RAW, RAW, RAW, RAW, '"', "'", "|", ">"])
        return scalar(text, RAW if text[0] in "\"'" else style)


Mutation = Callable[[Node, Dice], None]

# Each of these changes a tree in place, or leaves it where there is nothing to change.


def _other_value(root: Node, dice: Dice) -> None:
    """A value that somebody wrote under this key."""
    slot, key = dice.with_key(root)
    if found := dice.corpus.values.get(key.text):
        slot.put(copied(dice.rng.choice(found)))


def _near_number(root: Node, dice: Dice) -> None:
    found = [slot for slot in slots(root) if re.fullmatch(r"[0-9]{1,12}", slot.value.text)]
    if found:
        slot = dice.rng.choice(found)
        old = int(slot.value.text)
        new = dice.rng.choice(
            [old + 1, old - 1, old * 2, old // 2, old * 3, old * 10, 1, dice.rng.randint(1, 1000)]
        )
        slot.put(scalar(str(new), slot.value.style))


def _extreme_value(root: Node, dice: Dice) -> None:
    """A value of the same type, which gets further than one of another, but that nothing expects."""
    slot = dice.slot(root)
    rng, text = dice.rng, slot.value.text
    if slot.value.kind != "scalar":
        return
    if re.fullmatch(r"-?[0-9]+", text) and not slot.value.style:
        near = 2 ** rng.randrange(31) + rng.choice([-1, 0, 0, 1])
        numbers = [near, near, 10 ** rng.randrange(10), 0, 1, 3, 7, 10**9, 10**9 - 1, 10**18, int("9" * 3499), -1]
        slot.put(scalar(str(rng.choice(numbers))))
    elif re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", text) and not slot.value.style:
        slot.put(
            scalar(rng.choice(["0.0", "-0.0", "1e-320", "1e308", "-1e308", "1e16", "0.1", "1.0", ".inf", ".nan"]))
        )
    elif text not in ("true", "false"):
        long = rng.choice([text, "9", "1.", "1-", "a", " ", "é", "x,", "%j", "/", "../", '"', "\n"]) * rng.choice(
            [1, 9, 4500]
        )
        words = [
            long,
            long,
            f"5.{'9' * 4500}",
            f"{text} ",
            f" {text}",
            f"{text}\n",
            text.upper(),
            f"-{text}",
            f"${text}",
        ]
        slot.put(scalar(rng.choice([*words, " ", "\t", "a b", "a'b", 'a"b', "a\\"]), '"'))


def _nasty_value(root: Node, dice: Dice) -> None:
    dice.slot(root).put(dice.nasty())


def _other_type(root: Node, dice: Dice) -> None:
    slot = dice.slot(root)
    value, text = slot.value, slot.value.text
    if value.kind in ("list", "map"):
        below = [*value.items, *(child for _, child in value.entries)]
        kinds = [listed(value), *below[:5], scalar("null"), scalar("x"), listed(), Node("map")]
    else:
        kinds = [
            listed(value),
            mapped(max=value),
            listed(value, value),
            Node("map", entries=[(value, scalar("1"))]),
        ]
        kinds += [scalar(text, style) for style in ("", '"', "'", "|", ">")]
        kinds += [scalar(other) for other in (f"{text}.0", f"{text}e0", f"-{text}", f"{text}x")]
    slot.put(copied(dice.rng.choice(kinds)))


def _swap(root: Node, dice: Dice) -> None:
    one, other = dice.slot(root), dice.slot(root)
    # Neither may hold the other: a tree has no end then.
    below = {id(slot.value) for slot in [*slots(one.value), *slots(other.value)]}
    if id(one.value) not in below and id(other.value) not in below:
        one.put(other.value)
        other.put(one.value)


def _remove(root: Node, dice: Dice) -> None:
    dice.slot(root).remove()


def _rename(root: Node, dice: Dice) -> None:
    """A misspelt key, or another one."""
    rng, corpus = dice.rng, dice.corpus
    slot, key = dice.with_key(root)
    name, at = key.text, rng.randrange(len(key.text) + 1)
    words = [name[:at] + name[at + 1 :], name[:at] + name[at - 1 : at] + name[at:], name.replace("_", "-")]
    words += [name.upper(), f"{name}.{name}", f"_{name}", "", name + rng.choice(_ODD), rng.choice(corpus.names)]
    words += [rng.choice(corpus.nasty), rng.choice(rng.choice(list(corpus.keys.values())))]
    slot.parent.entries[slot.index] = scalar(rng.choice(words), rng.choice(["", "", '"', "'"])), slot.value


def _twice(root: Node, dice: Dice) -> None:
    slot, key = dice.with_key(root)
    value = copied(dice.rng.choice([slot.value, scalar("1"), dice.slot(root).value]))
    at = dice.rng.randrange(len(slot.parent.entries) + 1)
    slot.parent.entries.insert(at, (scalar(key.text, dice.rng.choice(["", '"', "'"])), value))


def _move(root: Node, dice: Dice) -> None:
    slot = dice.slot(root)
    slot.remove()
    home = dice.rng.choice([root, *(each.value for each in slots(root) if each.value.kind == "map")])
    at = dice.rng.randrange(len(home.entries) + 1)
    home.entries.insert(at, (slot.key or scalar("x"), slot.value))


def _home(root: Node, section: str) -> Node:
    """A section, made where there is none."""
    home = entry(root, section)
    if home is None or home.kind != "map":
        home = Node("map")
        set_entry(root, section, home)
    return home


def _known_key(root: Node, dice: Dice) -> None:
    """A key of the format in its section, with a value that somebody wrote there."""
    section = dice.rng.choice(SECTIONS)
    name = dice.rng.choice(dice.corpus.keys[section])
    value = dice.rng.choice(dice.corpus.values.get(f"{section}.{name}") or [scalar("1")])
    set_entry(_home(root, section), name, copied(value))


def _section(root: Node, dice: Dice) -> None:
    """Sections of another document, in the place of these or among their entries."""
    other = dice.rng.choice(dice.corpus.documents)
    for key, value in dice.rng.sample(other.entries, min(len(other.entries), dice.rng.randint(1, 3))):
        if value.kind == "map" and dice.one_in(2):
            home = _home(root, key.text)
            for name, below in value.entries:
                set_entry(home, name.text, copied(below))
        else:
            set_entry(root, key.text, copied(value))


def _argument(root: Node, dice: Dice) -> None:
    """Arguments of some release, most with a value of their type."""
    arguments = dice.corpus.arguments
    names = list(arguments) if dice.wild else dice.corpus.current
    home = _home(root, "arguments" if dice.one_in(7) else "training")
    for name in dice.rng.sample(names, dice.rng.choice([1, 1, 2, 3, 8])):
        value = dice.nasty() if dice.wild and dice.one_in(3) else _of_type(arguments[name], dice.rng)
        set_entry(home, name, value)


def _of_type(argument: dict[str, Any], rng: Random) -> Node:
    choices = [word for words in list(argument.get("choices", {}).values())[-1:] for word in words]
    if choices and rng.random() < 0.9:
        return scalar(str(rng.choice(choices)))
    texts = {
        "integer": ("0", "1", "1", "2", "8", "64", "1000", "-1"),
        "number": ("0", "0.1", "0.5", "1", "1.0", "2e-5", "100"),
        "boolean": ("true", "false"),
        "string": ("x", "auto", '"no"', "steps", "epoch", "cosine", "bfloat16", "$HOME/x", '"1"'),
        "array": ("[]", "[x]", "[1, 2]"),
        "object": ("{}", "{x: 1}", "{min_lr: 1e-5}", "{num_cycles: 2}", "{split_batches: true}"),
    }
    types = list(argument.get("type", {"": texts}).values())
    # Most are of the newest release, and so is most of what is asked of them.
    kind = rng.choice(list(types[-1] if rng.random() < 0.8 else rng.choice(types)))
    return scalar(rng.choice(texts.get(kind, ("null",))), RAW)


def _target(root: Node, dice: Dice) -> None:
    rng, home = dice.rng, _home(root, "targets")
    for _ in range(rng.choice([1, 1, 2, 3, 20])):
        name = rng.choice(["node", "cluster", "laptop", "a", "b", "A", "1", "x_y", f"t{rng.randrange(99)}"])
        if dice.wild and dice.one_in(10):
            name = rng.choice([*dice.corpus.nasty, "a/b", "/x", "plan.json", "training_args.json", "x" * 300])
        pairs = rng.choice(dice.corpus.documents).entries
        if dice.one_in(2):  # so that not all change the batch
            pairs = [pair for pair in pairs if pair[0].text not in ("batch", "targets", "extends")]
        pairs = rng.sample(pairs, min(2, len(pairs)))
        overlay = Node("map", entries=[(copied(key), copied(value)) for key, value in pairs])
        set_entry(home, name, scalar("null") if dice.one_in(10) else overlay)


def _alias(root: Node, dice: Dice) -> None:
    """An anchor, and an alias of it in some place, or of none; or `<<` with one."""
    rng = dice.rng
    one, other = dice.slot(root), dice.slot(root)
    one.value.anchor = rng.choice(["a", "b", "x"])
    alias = Node("alias", "c" if dice.one_in(10) else one.value.anchor)
    if other.key is None or dice.one_in(2):
        other.put(alias)
        return
    both = listed(alias, Node("alias", "b"))
    value = rng.choice([alias, alias, alias, listed(alias), both, Node("map"), scalar("1")])
    at = rng.randrange(len(other.parent.entries) + 1)
    other.parent.entries.insert(at, (scalar("<<", rng.choice(["", "", '"'])), value))


def _tag(root: Node, dice: Dice) -> None:
    slot = dice.slot(root)
    node = slot.key if slot.key is not None and dice.one_in(5) else slot.value
    node.tag = dice.rng.choice(_TAGS)


def _complex_key(root: Node, dice: Dice) -> None:
    slot, key = dice.with_key(root)
    kinds = [listed(key), mapped(x=key), listed(), Node("map"), Node("alias", "a"), scalar("")]
    slot.parent.entries[slot.index] = dice.rng.choice(kinds), slot.value


def _grow(root: Node, dice: Dice) -> None:
    """Something long, wide or deep; hardly ever near the limits, as what is large takes long."""
    rng = dice.rng
    size = int(10 ** rng.uniform(1, rng.choice([2, 2, 3, 3, 3, 3, 4, 4, 5.7])))
    node = scalar(_large(size, dice), RAW)
    slot, key = dice.with_key(root)
    if dice.one_in(5):
        slot.parent.entries[slot.index] = scalar(key.text + "x" * min(size, 900_000)), slot.value
    elif dice.one_in(3):
        set_entry(root, rng.choice([*SECTIONS, "targets", "extends"]), node)
    else:
        slot.put(node)


def _large(size: int, dice: Dice) -> str:
    """A text that is a value of about so many parts."""
    rng, name = dice.rng, dice.rng.choice([*dice.corpus.names, *dice.corpus.rules])
    some, deep = min(size, 30_000), min(size, rng.choice([90, 98, 99, 100, 101, 102, 110, 1000, 50_000]))
    kinds: list[Callable[[], str]] = [
        lambda: "1" * size,
        lambda: f"{rng.choice('-0')}.{'0' * size}1",
        lambda: f"1e{'9' * size}",
        lambda: f"0x{'f' * size}",
        lambda: rng.choice(["a", "x ", "é", name]) * (size // 4),
        lambda: '"' + rng.choice(["a b", "é", "\\u00e9", "\\n", "#"]) * (size // 4) + '"',
        lambda: _joined("[]", ("0" for _ in range(min(size, 99_999)))),
        lambda: _joined("[]", (f"a{i}" for i in range(some))),
        lambda: _joined("{}", (f"a{i}: {i}" for i in range(min(size, 50_100)))),
        lambda: _joined("{}", (f"{name}{i}: 1" for i in range(some))),
        lambda: _joined("{}", (f"{name}: 1" for _ in range(some))),
        lambda: _joined("{}", (f"a{i}: {{batch: {{effective: {i}}}}}" for i in range(some))),
        lambda: _joined("[]", ("&a [0, 0]", *("*a" for _ in range(some)))),
        lambda: _joined("[]", ("&a0 [0]", *(f"&a{i + 1} [*a{i}, *a{i}]" for i in range(min(size, 5000))))),
        lambda: "[" * deep + "]" * deep,
        lambda: "{a: " * deep + "}" * deep,
        lambda: "[" * deep,
        lambda: "{? " * min(deep, 500) + "a" + "}" * min(deep, 500),
    ]
    return rng.choice(kinds)()


def _joined(brackets: str, parts: Any) -> str:
    return brackets[0] + ", ".join(parts) + brackets[1]


# With their weights: what makes another spec of good form, and everything.
_GENTLE: dict[Mutation, int] = {
    _other_value: 6,
    _near_number: 8,
    _known_key: 3,
    _section: 3,
    _argument: 6,
    _extreme_value: 2,
    _target: 2,
    _remove: 1,
}
_WILD: dict[Mutation, int] = {
    **_GENTLE,
    _nasty_value: 14,
    _other_type: 8,
    _swap: 4,
    _rename: 5,
    _twice: 3,
    _move: 3,
    _alias: 4,
    _tag: 2,
    _complex_key: 1,
    _grow: 1,
}
_ON_NUMBERS: tuple[Mutation, ...] = (_near_number, _nasty_value, _remove, _other_type)


def mutate(root: Node, dice: Dice) -> None:
    """One mutation or a few."""
    weights = _WILD if dice.wild else _GENTLE
    count = 1 + min(int(dice.rng.expovariate(0.5 if dice.wild else 1)), 12)
    _all_of(dice.rng.choices(list(weights), list(weights.values()), k=count), root, dice)


def mutate_numbers(root: Node, dice: Dice) -> None:
    """None or a few, of a mapping with other keys than a spec's."""
    _all_of(dice.rng.choices(_ON_NUMBERS, k=dice.rng.choice([0, 1, 2, 5])), root, dice)


def _all_of(mutations: list[Mutation], root: Node, dice: Dice) -> None:
    for mutation in mutations:
        if root.entries:
            mutation(root, dice)


# Each of these makes another text of one.


def _with_comment(text: str, dice: Dice) -> str:
    """A comment for configlint, at the end of a line or alone."""
    rng = dice.rng
    known = [*dice.corpus.rules, "syntax/tab", "ignore/unused", "x", "", "a/b"]
    rules = ", ".join(rng.choices(known, k=rng.choice([1, 1, 2, 5])))
    words = [f"ignore[{rules}]", f"ignore[{rules}] reason", "ignore", "ignore[", "ignore[]", "hardware=8xt4"]
    comment = f"# configlint: {rng.choice(words)}"
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    if dice.one_in(2):
        lines[at] += f"  {comment}"
    else:
        count = int(10 ** rng.uniform(1, 4)) if dice.wild and dice.one_in(50) else 1
        lines[at:at] = [" " * rng.choice([0, 0, 2, 4]) + comment] * count
    return "\n".join(lines)


def _with_character(text: str, dice: Dice) -> str:
    at = dice.rng.randrange(len(text) + 1)
    return text[:at] + dice.rng.choice(_ODD if dice.one_in(2) else _MARKS) + text[at:]


def _cut(text: str, dice: Dice) -> str:
    start = dice.rng.randrange(len(text) + 1)
    return text[:start] + ("" if dice.one_in(3) else text[start + int(dice.rng.expovariate(0.1)) :])


def _with_other_lines(text: str, dice: Dice) -> str:
    rng, lines = dice.rng, text.split("\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(6)
    if how == 0:
        lines[other:other] = [lines[one]] * (int(10 ** rng.uniform(1, 4)) if dice.one_in(50) else 1)
    elif how == 1:
        lines[one], lines[other] = lines[other], lines[one]
    elif how == 2:
        lines[one] = rng.choice([" ", "  ", "\t"]) + lines[one]
    elif how == 3:
        lines[one] = lines[one].lstrip()
    else:
        lines[one:one] = rng.choice([["---"], ["..."], ["%YAML 1.1", "---"], ["", "  # " + rng.choice(_ODD), "  "]])
    return "\n".join(lines)


def _spliced(text: str, dice: Dice) -> str:
    other = dice.rng.choice(dice.corpus.texts)
    return text[: dice.rng.randrange(len(text) + 1)] + other[dice.rng.randrange(len(other) + 1) :]


_ON_TEXT: dict[Callable[[str, Dice], str], int] = {
    _with_comment: 6,
    _with_other_lines: 4,
    _with_character: 3,
    _cut: 2,
    _spliced: 1,
}


def written(root: Node, dice: Dice) -> bytes:
    """A tree as one editor or another would write it, or as none would."""
    rng = dice.rng
    json = dice.one_in(10)
    step = rng.choice(["  ", "  ", " ", "    ", "\t" if json or dice.one_in(20) else "  "])
    form = Form(json=json, flow=rng.choice([0.0, 0.3, 0.6, 1.0]), step=step)
    text = emit(root, rng, form)
    if not form.json and dice.one_in(5):
        text = _with_comment(text, dice)
    if dice.wild and dice.one_in(4):
        for change in rng.choices(list(_ON_TEXT), list(_ON_TEXT.values()), k=rng.choice([1, 1, 2, 4])):
            text = change(text, dice)
    if dice.one_in(12):
        text = text.replace("\n", rng.choice(_BREAKS))
    if dice.one_in(30):
        text = text.rstrip("\n")
    mark = b"\xef\xbb\xbf" if dice.one_in(30) else b""
    data = _odd_bytes(text, rng) if dice.wild and dice.one_in(16) else text.encode(errors="surrogatepass")
    return (mark + data)[:LARGEST_BYTES]


def _odd_bytes(text: str, rng: Random) -> bytes:
    """A text in another encoding, or in none."""
    encoding = rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "", "", ""])
    if encoding == "latin-1":
        return text.replace("e", "é").encode(encoding, errors="replace")
    if encoding:
        return text.encode(encoding, errors="surrogatepass")
    data = text.encode(errors="surrogatepass")
    at = rng.randrange(len(data) + 1)
    surrogate = b"\xed\xa0\x80"
    return (
        data[:at]
        + rng.choice([b"\0", b"\xff", surrogate, bytes([rng.randrange(256)]), b"\xef\xbb\xbf"])
        + data[at:]
    )
