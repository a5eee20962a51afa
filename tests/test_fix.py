"""Fixes: what becomes of a text, what is left alone, and what `check --fix` and `--diff` do with files."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program import CLEAN, ERROR, Result, found, run, write
from test_rules import cases, example

from configlint import rules
from configlint.commands import fix as fixing
from configlint.core.diagnostic import Severity
from configlint.core.document import Mapping, Node, Sequence, plain
from configlint.core.edit import KEPT, Edit
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move, Put
from configlint.core.rule import Finding, Rule
from configlint.core.source import Source, Span
from configlint.fixing import edits
from configlint.fixing.edits import fixed, possible
from configlint.syntax import read

SPEC = "batch: {effective: 64}\nhardware: {accelerator: a100-80gb, devices_per_node: 8}\n"


def parsed(text: str, name: str = "a.yaml") -> Node:
    document, problems = read(Source(name, text))
    assert document is not None
    assert problems == []
    return document


def key_at(document: Node, path: str) -> Span:
    """The place of the key at `section/key`; a number is an index."""
    *above, last = path.split("/")
    for step in above:
        document = (
            document.items[int(step)] if isinstance(document, Sequence) else document.entries[step].value  # type: ignore[union-attr]
        )
    assert isinstance(document, Mapping)
    return document.entries[last].key.span


def edited(text: str, path: str, change: dict[str, Any], name: str = "a.yaml") -> str | None:
    """The text after a change; None where it is given up."""
    document = parsed(text, name)
    edit = Edit(key_at(document, path), **change)
    result = fixed(document, [edit])
    assert bool(result.edits) == bool(possible(document, [edit]))
    assert result.edits or result.text == text
    return result.text if result.edits else None


def key(name: str) -> dict[str, Any]:
    return {"key": name}


def value(new: object) -> dict[str, Any]:
    return {"value": new}


DELETE: dict[str, Any] = {"delete": True}

RENAMED = [
    ("a: 1\n", "a", "b: 1\n"),
    ("X: 1\n", "X", "b: 1\n"),
    ("a: 1", "a", "b: 1"),
    ("a:   1   # c\n", "a", "b:   1   # c\n"),
    ("# above\n\na : 1 # c\n# below\n", "a", "# above\n\nb : 1 # c\n# below\n"),
    ("x: 1\r\na: 2 # c\r\nz: 3\r\n", "a", "x: 1\r\nb: 2 # c\r\nz: 3\r\n"),
    ('"a": 1\n', "a", '"b": 1\n'),
    ("'a': 1\n", "a", "'b': 1\n"),
    ("x: {a: 1, c: 2}\n", "x/a", "x: {b: 1, c: 2}\n"),
    ('x: {"a":1,"c":2}\n', "x/a", 'x: {"b":1,"c":2}\n'),
    ("x: {a, c}\n", "x/a", "x: {b, c}\n"),
    ("{\n\t'a' : [1,\n\t2] }", "a", "{\n\t'b' : [1,\n\t2] }"),
    ("x: {'😀': 1, a: 2} # 😀\n", "x/a", "x: {'😀': 1, b: 2} # 😀\n"),
    ("x: '\\u2028' # \u2028a: 1\n", "a", "x: '\\u2028' # \u2028b: 1\n"),
    ("a:\n  x: 1 # c\n  # d\n", "a", "b:\n  x: 1 # c\n  # d\n"),
    ("a: |\n  # no comment\nz: 1\n", "a", "b: |\n  # no comment\nz: 1\n"),
    ("? a\n: 1\n", "a", "? b\n: 1\n"),
    ("- x: 1\n  a: 2\n", "0/a", "- x: 1\n  b: 2\n"),
    ("- a: 2\n", "0/a", "- b: 2\n"),
    ("targets:\n  t: {training: {a: 1}} # t\n", "targets/t/training/a", "targets:\n  t: {training: {b: 1}} # t\n"),
    ("a: &x 1\ny: *x\n", "a", "b: &x 1\ny: *x\n"),
    ("x: &x 1\na: *x\n", "x", "b: &x 1\na: *x\n"),
    ("%YAML 1.2\n---\na: 1\n...\n", "a", "%YAML 1.2\n---\nb: 1\n...\n"),
]


@pytest.mark.parametrize(("text", "path", "after"), RENAMED)
def test_a_key_is_renamed(text: str, path: str, after: str) -> None:
    assert edited(text, path, key("b")) == after


@pytest.mark.parametrize(
    ("new", "written"),
    [
        ("eval_strategy", "eval_strategy"),
        ("a.b/c-d", "a.b/c-d"),
        ("no", '"no"'),
        ("On", '"On"'),
        ("y", '"y"'),
        ("null", '"null"'),
        ("5", '"5"'),
        ("1e-5", '"1e-5"'),
        ("", '""'),
        ("a b", '"a b"'),
        ("a: b", '"a: b"'),
        ("#a", '"#a"'),
        ("<<", '"<<"'),
        ('"', '"\\""'),
        ("ö", '"ö"'),
        ("\t\x85", '"\\t\\u0085"'),
    ],
)
def test_a_new_key_is_one_for_every_reader(new: str, written: str) -> None:
    assert edited("a: 1\n", "a", key(new)) == f"{written}: 1\n"
    assert edited("{a: 1}\n", "a", key(new)) == f"{{{written}: 1}}\n"


VALUES: list[tuple[str, object, str]] = [
    # A text that becomes what it says keeps the user's spelling.
    ('a: "2e-5"  # c\n', 2e-5, "a: 2e-5  # c\n"),
    ("a: '1_0'\n", 10, "a: 10\n"),
    ("a: '+5'\n", 5, "a: +5\n"),
    ("a: '5.0'\n", 5, "a: 5\n"),
    ("a: 'TRUE'\n", True, "a: TRUE\n"),
    ("a: '~'\n", None, "a: ~\n"),
    ("a: ' 5'\n", 5, "a: 5\n"),
    ("x: {a: '5', b: 1}\n", 5, "x: {a: 5, b: 1}\n"),
    # What is new.
    ("a: no # c\n", False, "a: false # c\n"),
    ("a: 1\n", 1.0, "a: 1.0\n"),
    ("a: 1\n", True, "a: true\n"),
    ("a: 1\n", 2e-5, "a: 2.0e-05\n"),
    ("a: 1\n", 1.5e300, "a: 1.5e+300\n"),
    ("a: 1\n", float("-inf"), "a: -.inf\n"),
    ("a: 1\n", float("nan"), "a: .nan\n"),
    ("a: 1\n", None, "a: null\n"),
    ("a: 1\n", "steps", "a: steps\n"),
    ("a: 1\n", "no", 'a: "no"\n'),
    ("a: 1\n", "Yes", 'a: "Yes"\n'),
    ("a: 1\n", "1e-5", 'a: "1e-5"\n'),
    ("a: 1\n", "2001-01-01", 'a: "2001-01-01"\n'),
    ("a: 1\n", "1:30", 'a: "1:30"\n'),
    ("a: 1\n", "", 'a: ""\n'),
    ("a: x\n", "y z", 'a: "y z"\n'),
    ("a: X\n", "z", "a: z\n"),
    # Quotes stay around a text.
    ("a: 'x'\n", "steps", "a: 'steps'\n"),
    ("a: 'x'\n", "it's", "a: 'it''s'\n"),
    ("a: 'x'\n", "a\nb", 'a: "a\\nb"\n'),
    ('a: "x"\n', "steps", 'a: "steps"\n'),
    ('a: "x"\n', 'a"\\b', 'a: "a\\"\\\\b"\n'),
    # Where nothing was.
    ("a:\n", 5, "a: 5\n"),
    ("a:", 5, "a: 5"),
    ("a:  # c\nb: 1\n", "no", 'a: "no"  # c\nb: 1\n'),
    ("x: {a: , b: 1}\n", 5, "x: {a: 5, b: 1}\n"),
    ("x: {a: }\n", [1], "x: {a: [1]}\n"),
    # Small lists and mappings.
    ("a: 1\n", [0.9, "x", "no", None], 'a: [0.9, x, "no", null]\n'),
    ("a: 1\n", {"max": 4, "no": {}}, 'a: {max: 4, "no": {}}\n'),
    ("a: [1, 2] # c\n", 3, "a: 3 # c\n"),
    ("a: {b: 1}\n", {"b": True}, "a: {b: true}\n"),
    # Line ends, anchors, flow.
    ("a: 1\r\nb: 2\r\n", 3, "a: 3\r\nb: 2\r\n"),
    ("a: &x 1 # c\nb: 2\n", 3, "a: &x 3 # c\nb: 2\n"),
    ("a: &x {b: 1}\n", 3, "a: &x 3\n"),
    ("x: ['😀', {a: 1}]\n", "b", "x: ['😀', {a: b}]\n"),
    ("? a\n: 1\n", 2, "? a\n: 2\n"),
]


@pytest.mark.parametrize(("text", "new", "after"), VALUES)
def test_a_value_is_replaced(text: str, new: object, after: str) -> None:
    path = "x/1/a" if "[{" in text or ", {a" in text else "x/a" if text.startswith("x") else "a"
    assert edited(text, path, value(new)) == after


def test_key_and_value_at_once() -> None:
    change = {"key": "warmup_steps", "value": 0.5}
    assert edited("x:\n  a:  1 # c\n", "x/a", change) == "x:\n  warmup_steps:  0.5 # c\n"
    assert edited("x: {a, b: 1}\n", "x/a", change) is None


DELETED = [
    ("a: 1\nb: 2\n", "a", "b: 2\n"),
    ("a: 1\nb: 2\n", "b", "a: 1\n"),
    ("a: 1\nb: 2", "b", "a: 1"),
    ("a: 1\r\nb: 2\r\nc: 3", "b", "a: 1\r\nc: 3"),
    ("a: 1 # c\r\nb: 2", "b", "a: 1 # c"),
    ("x:\n  a: 1\n  b: 2\ny: 1\n", "x/b", "x:\n  a: 1\ny: 1\n"),
    ("x:\n  a: 1\n\n  b: 2\n\n  c: 3\n", "x/b", "x:\n  a: 1\n\n\n  c: 3\n"),
    ("# a\nx: 1\n# b\nb: 2\n# c\nc: 3\n", "b", "# a\nx: 1\n# b\n# c\nc: 3\n"),
    ("b:\n  x: 1\n  y: [1,\n  2]\nc: 3\n", "b", "c: 3\n"),
    ("b: [1,\n2\n]\nc: 3\n", "b", "c: 3\n"),
    ("b: |\n  text\n\nc: 3\n", "b", "\nc: 3\n"),
    ("b: 'one\n\n  two'\nc: 3\n", "b", "c: 3\n"),
    ("b:\nc: 3\n", "b", "c: 3\n"),
    ("b: '# no comment'\nc: 3\n", "b", "c: 3\n"),
    ("- a: 1\n  b: 2\n- c\n", "0/b", "- a: 1\n- c\n"),
    ("b: &x 1\nc: 3\n", "b", "c: 3\n"),
    ("x: {a: 1, b: 2}\n", "x/a", "x: {b: 2}\n"),
    ("x: {a: 1, b: 2} # c\n", "x/b", "x: {a: 1} # c\n"),
    ("x: {a: 1, b: 2, c: 3}\n", "x/b", "x: {a: 1, c: 3}\n"),
    ("x: { a: 1 , b: 2 , }\n", "x/b", "x: { a: 1 , }\n"),
    ("x: { a: 1 }\n", "x/a", "x: {}\n"),
    ("x: {a: 1,}\n", "x/a", "x: {}\n"),
    ("x: {'#': 1, b: '#'}\n", "x/b", "x: {'#': 1}\n"),
    ("x: {a, b, c: }\n", "x/c", "x: {a, b}\n"),
    ("x: {a: {c: 1,\n  d: 2}, b: 2}\n", "x/a", "x: {b: 2}\n"),
    ("x: {\n  a: 1,\n  # of b\n  b: 2, # of b too\n}\n", "x/a", "x: {\n  # of b\n  b: 2, # of b too\n}\n"),
    ("x: {\n  a: 1,\n  b: 2,\n}\n", "x/b", "x: {\n  a: 1,\n}\n"),
    ("x: {\r\n  a: 1,\r\n  b: 2\r\n}\r\n", "x/b", "x: {\r\n  a: 1\r\n}\r\n"),
    ("x: {a: 1,\n    b: 2, c: 3}\n", "x/b", "x: {a: 1,\n    c: 3}\n"),
    ("{\na: 1,\nb: 2\n}", "a", "{\nb: 2\n}"),
]


@pytest.mark.parametrize(("text", "path", "after"), DELETED)
def test_an_entry_is_deleted(text: str, path: str, after: str) -> None:
    assert edited(text, path, DELETE) == after


GIVEN_UP: list[tuple[str, str, dict[str, Any]]] = [
    # There is such a key already.
    ("a: 1\nb: 2\n", "a", key("b")),
    # What stands in the document twice.
    ("x: &x {a: 1}\ny: *x\n", "x/a", key("b")),
    ("x: &x {a: 1}\ny: {<<: *x}\n", "x/a", value(2)),
    ("x: &x {a: 1, b: 2}\ny: *x\n", "x/a", DELETE),
    # What another entry goes back to.
    ("a: &x 1\nb: *x\n", "a", value(2)),
    ("a: &x 1\nb: *x\n", "a", DELETE),
    ("x: &x {a: 1}\ny: {<<: *x, a: 2}\n", "x/a", key("b")),
    # Aliases, tags and anchors in the way.
    ("b: &x 1\na: *x\n", "a", value(2)),
    ("b: &x 1\na: *x\n", "a", DELETE),
    ("&x a: 1\nb: 2\n", "a", key("c")),
    ("!!str a: 1\nb: 2\n", "a", key("c")),
    ("a: !!int 1\n", "a", value(2)),
    ("a: &x\nb: 1\n", "a", value(2)),
    # Values of several lines.
    ("a: |\n  text\n", "a", value(2)),
    ("a: >-\n  text", "a", value(2)),
    ("a: one\n  two\n", "a", value(2)),
    ("a: [1, # one\n  2]\n", "a", value(2)),
    ("a:\n  b: 1 # c", "a", value(2)),
    ("a:\n- 1", "a", value(2)),
    # Nothing would change, or nothing that a spec can hold.
    ("a: 1\n", "a", key("a")),
    ("a: 1\n", "a", value(1)),
    ("a: 1\n", "a", value("\ud800")),
    # A comment on the lines, or one that would speak of another key.
    ("a: 1 # c\nb: 2\n", "a", DELETE),
    ("a: # c\n  x: 1\nb: 2\n", "a", DELETE),
    ("a:\n  x: 1\n  # c\n  y: 1\nb: 2\n", "a", DELETE),
    ("x: {a: 1, # c\n b: 2}\n", "x/a", DELETE),
    ("x: {a: 1, # c\n b: 2}\n", "x/b", DELETE),
    ("x: {a: 1, b: 2 # c\n}\n", "x/b", DELETE),
    ("x: {\n  # c\n  a: 1\n}\n", "x/a", DELETE),
    ("# configlint: ignore[batch/missing] why\n\na: 1\nb: 2\n", "a", DELETE),
    ("x:\r\n  c: 1\r\n  # configlint: ignore[batch/missing] why\r\n  # more\r\n  a: 1\r\n", "x/a", DELETE),
    # No lines of its own, or none left.
    ("a: 1\n", "a", DELETE),
    ("x:\n  a: 1\n", "x/a", DELETE),
    ("- a: 1\n  b: 2\n", "0/a", DELETE),
    ("? a\n: 1\n? b\n: 2\n", "a", DELETE),
    ("{? a : 1, b: 2}\n", "a", DELETE),
]


@pytest.mark.parametrize(("text", "path", "change"), GIVEN_UP)
def test_what_cannot_be_done_in_a_simple_way_is_given_up(text: str, path: str, change: dict[str, Any]) -> None:
    assert edited(text, path, change) is None


@pytest.mark.parametrize(
    ("text", "change"),
    [("a: 1\n", key("b")), ("a: 1\n", value(2)), ("a: [1]\n", value([2])), ("a: 1\n", value("b"))],
)
def test_what_comes_out_other_than_it_was_meant_is_given_up(
    text: str, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert edited(text, "a", change) is not None
    monkeypatch.setattr(edits, "written", lambda value, quote="": "c")
    assert edited(text, "a", change) is None


class TestJson:
    TEXT = '{\n\t"a": "1e3",\n\t"b": {"c": true},\n\t"d": [1, 2]\n}\n'

    @pytest.mark.parametrize(
        ("path", "change", "before", "after"),
        [
            ("a", key("no"), '"a"', '"no"'),
            ("a", key("é\u2028"), '"a"', '"\\u00e9\\u2028"'),
            ("a", value(1000.0), '"1e3"', "1e3"),
            ("a", value("x"), '"1e3"', '"x"'),
            ("b", value(None), '{"c": true}', "null"),
            ("b/c", value({"x": ["y", 2e-5]}), "true", '{"x": ["y", 2.0e-05]}'),
            ("b/c", DELETE, '"c": true', ""),
            ("d", value("no"), "[1, 2]", '"no"'),
            ("a", DELETE, '\t"a": "1e3",\n', ""),
            ("d", DELETE, ',\n\t"d": [1, 2]', ""),
        ],
    )
    def test_it_stays_json(self, path: str, change: dict[str, Any], before: str, after: str) -> None:
        text = edited(self.TEXT, path, change, "a.json")
        assert text == self.TEXT.replace(before, after, 1)
        json.loads(text)

    @pytest.mark.parametrize("raw", ["+5", "05", ".5", "0x10", "True"])
    def test_a_spelling_that_only_yaml_has_is_not_kept(self, raw: str) -> None:
        new = parsed(f"a: {raw}")
        text = edited(f'{{"a": "{raw}"}}', "a", value(plain(new)["a"]), "a.json")  # type: ignore[call-overload,index]
        assert text is not None
        assert json.loads(text) == plain(new)

    def test_what_json_has_no_word_for_is_given_up(self) -> None:
        assert edited('{"a": 1}', "a", value(float("inf")), "a.json") is None

    def test_a_flow_mapping_in_the_style_of_json_keeps_it(self) -> None:
        assert edited('x: {"a": 1, b: c}\n', "x/a", value("d")) == 'x: {"a": "d", b: c}\n'
        assert edited('"a": 1\n', "a", value("d")) == '"a": d\n'


def test_nothing_is_fixed_where_that_would_change_what_no_fix_is_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"{SPEC}training: {{bf16: 'no', seed: 1}}\n"
    write("a.yaml", text)
    fix = fixing.fixed

    def more(document: Node, wanted: list[Edit]) -> edits.Fixed:
        result = fix(document, wanted)
        return result._replace(text=result.text.replace("seed: 1", "seed: 2"))

    monkeypatch.setattr(fixing, "fixed", more)
    assert "a.yaml:3:18 argument/boolean-as-text" in found(run("check", "a.yaml", "--fix"))
    assert Path("a.yaml").read_text(encoding="utf-8") == text


def test_a_key_of_several_lines_is_left_as_it_is() -> None:
    for change in (key("c"), value(2), DELETE):
        assert edited('? "a\n  b"\n: 1\nd: 2\n', "a b", change) is None


class TestSeveral:
    def fixed(self, text: str, **changes: dict[str, Any]) -> tuple[str, list[str]]:
        """The text after changes of root keys, and the keys of those that were made."""
        document = parsed(text)
        spans = {key_at(document, name): name for name in changes}
        edits = [Edit(span, **changes[name]) for span, name in spans.items()]
        result = fixed(document, edits)
        return result.text, [spans[edit.entry] for edit in result.edits]

    def test_all_at_once(self) -> None:
        text = "a: 1 # a\nb: 2\nc: '3' # c\nd: 4\n"
        after = self.fixed(text, d=key("e"), c=value(3), b=DELETE, a={"key": "x", "value": [1]})
        assert after == ("x: [1] # a\nc: 3 # c\ne: 4\n", ["d", "c", "b", "a"])

    def test_what_cannot_be_done_stops_no_other(self) -> None:
        text = "a: 1\nb: 2 # b\nc: 3\nd: 4\ne: 5\n"
        after = self.fixed(text, a=key("x"), b=DELETE, c=key("d"), d=value(5), e=key("z"))
        assert after == ("x: 1\nb: 2 # b\nc: 3\nd: 5\nz: 5\n", ["a", "d", "e"])

    def test_what_is_possible_only_alone_is_done_alone(self) -> None:
        text = "{a: 1, b: 2, c: 3}"
        assert self.fixed(text, a=key("x"), b=key("x")) == ("{x: 1, b: 2, c: 3}", ["a"])
        assert self.fixed(text, b=DELETE, c=DELETE) == ("{a: 1, c: 3}", ["b"])
        assert self.fixed("a: 1\nb: 2\n", a=DELETE, b=DELETE) == ("b: 2\n", ["a"])
        document = parsed(text)
        both = [Edit(key_at(document, name), key="x") for name in "ab"]
        assert [edit.entry for edit in possible(document, both)] == [edit.entry for edit in both]

    def test_two_keys_change_places(self) -> None:
        assert self.fixed("a: 1\nb: 2\n", a=key("b"), b=key("a"))[0] == "b: 1\na: 2\n"

    def test_the_same_edit_twice_is_one_and_another_of_the_same_entry_is_none(self) -> None:
        document = parsed("a: 0\n")
        edits = [Edit(key_at(document, "a"), value=new) for new in (1, 1, True, 1.0)]
        result = fixed(document, edits)
        assert result.text == "a: 1\n"
        assert len(result.edits) == 1
        assert [edit.value for edit in possible(document, edits)] == [1, True, 1.0]

    def test_of_an_edit_of_another_text_nothing_is_made(self) -> None:
        edit = Edit(key_at(parsed("a: 1\n", "b.yaml"), "a"), key="b")
        assert fixed(parsed("a: 1\n"), [edit]) == ("a: 1\n", [])

    def test_a_thousand_are_quick_even_if_some_fail(self) -> None:
        text = "".join(f"a{number}: 1\n" for number in range(1000))
        document = parsed(text)
        edits = [
            Edit(key_at(document, f"a{number}"), key="a1" if number % 333 == 0 else f"b{number}")
            for number in range(1000)
        ]
        assert len(fixed(document, edits).edits) == 997


# What random documents and changes are made of. The comments are numbered afterwards, so that each is its own.

NAMES = ["a", "b", "c", "no", "5", "é", "😀", "a b", "on:", "#x", "'", "x.y"]
LEAVES: list[object] = [
    0,
    1,
    1.0,
    True,
    False,
    None,
    2e-5,
    "",
    "x",
    "no",
    "1",
    "1e-5",
    "a b",
    "# x",
    "it's",
    "é😀",
    "a\nb",
]
CHANGES = st.one_of(
    st.just(DELETE),
    st.builds(key, st.sampled_from(NAMES)),
    st.builds(value, st.sampled_from([*LEAVES, [1, "no"], {"x": 1.0}])),
    st.builds(lambda name, new: {"key": name, "value": new}, st.sampled_from(NAMES), st.sampled_from(LEAVES)),
)


def quoted(text: str, style: str) -> str:
    """A text in single or double quotes, or plain where it can be."""
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style == "" and re.fullmatch(r"[a-zé😀][\wé😀. ]*", text):
        return text
    return json.dumps(text, ensure_ascii=False)


@st.composite
def scalars(draw: st.DrawFn) -> str:
    leaf = draw(st.sampled_from(LEAVES))
    if isinstance(leaf, str):
        return quoted(leaf, draw(st.sampled_from(["", "'", '"'])))
    return "" if leaf is None and draw(st.booleans()) else json.dumps(leaf)


def blanks(draw: st.DrawFn, indent: str) -> str:
    """What may stand between the parts of a flow collection."""
    return draw(
        st.sampled_from(["", "", "", " ", " ", f"\n{indent}", f" # C\n{indent}", f"\n{indent}# C\n{indent}"])
    )


@st.composite
def flows(draw: st.DrawFn, indent: str, depth: int) -> str:
    kind = draw(st.sampled_from(["scalar", "scalar", "list", "mapping"])) if depth < 3 else "scalar"
    if kind == "scalar":
        return draw(scalars())
    items = []
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    for name in names:
        item = draw(flows(indent + "  ", depth + 1)) or "x"
        if kind == "mapping":
            item = f"{quoted(name, draw(st.sampled_from(['', chr(39), chr(34)])))}: {item}"
        items.append(blanks(draw, indent + "  ") + item + blanks(draw, indent + "  "))
    comma = "," if items and draw(st.booleans()) else ""
    inside = ",".join(items) + comma + blanks(draw, indent + "  ")
    return f"[{inside}]" if kind == "list" else f"{{{inside}}}"


@st.composite
def blocks(draw: st.DrawFn, indent: str = "", depth: int = 0) -> str:
    """The lines of a block mapping."""
    lines = ""
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=5)):
        lines += draw(st.sampled_from(["", "", "", "\n", f"{indent}# C\n", "# C\n"]))
        start = f"{indent}{quoted(name, draw(st.sampled_from(['', chr(39), chr(34)])))}:"
        comment = draw(st.sampled_from(["", "", "  # C"]))
        kind = draw(st.sampled_from(["flow", "flow", "flow", "block", "list", "literal"])) if depth < 3 else "flow"
        if kind == "flow":
            anchor = draw(st.sampled_from(["", "", "", "&x "]))
            lines += f"{start} {anchor}{draw(flows(indent + ' ', depth))}{comment}\n"
        elif kind == "block":
            lines += f"{start}{comment}\n{draw(blocks(indent + '  ', depth + 1))}"
        elif kind == "list":
            lines += f"{start}{comment}\n" + "".join(
                f"{indent}- {draw(scalars()) or 'x'}{comment}\n" for _ in range(2)
            )
        else:
            lines += f"{start} |{comment}\n{indent}  text\n\n{indent}  # no comment\n"
    return lines


@st.composite
def documents(draw: st.DrawFn) -> str:
    text = draw(st.one_of(blocks(), blocks(), flows("", 0).filter(lambda text: text.startswith("{"))))
    for number in range(text.count("# C")):
        text = text.replace("# C", f"# comment {number};", 1)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


Shape = Any  # mappings as lists of pairs, and each scalar with its type


def shape(node: object, path: tuple[object, ...], changes: dict[tuple[object, ...], dict[str, Any]]) -> Shape:
    """What a document is after changes of the entries at some paths, worked out without a text."""
    if isinstance(node, dict):
        pairs = []
        for name, below in node.items():
            change = changes.get((*path, name), {})
            if not change.get("delete"):
                new = change.get("value", KEPT)
                after = shape(below, (*path, name), changes) if new is KEPT else shape(new, (), {})
                pairs.append((change.get("key", name), after))
        return pairs
    if isinstance(node, list):
        return [[shape(item, (*path, index), changes) for index, item in enumerate(node)]]
    return type(node), repr(node)


def places(node: Node, path: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], Span]]:
    if isinstance(node, Mapping):
        for name, entry in node.entries.items():
            yield (*path, name), entry.key.span
            yield from places(entry.value, (*path, name))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from places(item, (*path, index))


class TestAnyDocument:
    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_it_is_what_was_meant_with_every_comment_or_as_it_was(self, data: st.DataObject) -> None:
        text = data.draw(documents())
        document, problems = read(Source("a.yaml", text))
        assert document is not None
        assert problems == [], text
        by_path = dict(places(document))
        chosen = (
            data.draw(st.lists(st.sampled_from(sorted(by_path, key=repr)), max_size=4, unique=True))
            if by_path
            else []
        )
        changes = {path: data.draw(CHANGES) for path in chosen}
        result = fixed(document, [Edit(by_path[path], **change) for path, change in changes.items()])
        made = {edit.entry for edit in result.edits}
        if not made:
            assert result.text == text
        after, problems = read(Source("a.yaml", result.text))
        assert problems == []
        meant = {path: change for path, change in changes.items() if by_path[path] in made}
        assert shape(plain(after), (), {}) == shape(plain(document), (), meant)  # type: ignore[arg-type]
        comments = re.findall(r"# comment \d+;", text)
        assert re.findall(r"# comment \d+;", result.text) == comments
        assert result.text.count("\r") == result.text.count("\n") * ("\r" in text)
        assert result.text.endswith("\n") or not text.endswith("\n") or not result.text

    @settings(max_examples=100, deadline=None)
    @given(st.data())
    def test_json_stays_json(self, data: st.DataObject) -> None:
        leaves = st.sampled_from(LEAVES)
        trees = st.recursive(
            leaves,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        )
        tree = data.draw(st.dictionaries(st.sampled_from(NAMES), trees, min_size=1, max_size=4))
        text = json.dumps(
            tree,
            indent=data.draw(st.sampled_from([None, 2, "\t"])),
            separators=data.draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
            ensure_ascii=False,
        )
        document = parsed(text, "a.json")
        by_path = dict(places(document))
        chosen = data.draw(st.lists(st.sampled_from(sorted(by_path, key=repr)), max_size=4, unique=True))
        changes = {path: data.draw(CHANGES) for path in chosen}
        result = fixed(document, [Edit(by_path[path], **change) for path, change in changes.items()])
        made = {edit.entry for edit in result.edits}
        meant = {path: change for path, change in changes.items() if by_path[path] in made}
        assert shape(json.loads(result.text), (), {}) == shape(tree, (), meant)


# Fixes of files, with rules of the tests' own: what the package's rules say may change.

SPELLED = {"old": "new", "oldest": "old", "ping": "pong", "pong": "ping"}


def judged(plan: Plan) -> Iterator[Finding]:
    """`old` is gone where no release is given, and right in one that is; `rate` is a number; the others go."""
    for name, old in plan.training.items():
        path = f"training.{name}"
        if name in SPELLED and not plan.given("transformers"):
            new = SPELLED[name]
            yield Finding(path, f"`{name}` is gone", [Move(path, f"training.{new}", safe=True)], on_key=True)
        elif name == "rate" and isinstance(old, str):
            yield Finding(path, "`rate` is a number", [Put(path, float(old), safe=True)])
        elif name == "gone":
            yield Finding(path, "`gone` is gone", [Drop(path, safe=True)], on_key=True)
        elif name == "both":
            yield Finding(path, "`both` is gone", [Move(path, "training.steps", 0.5, safe=True)], on_key=True)
        elif name == "bad":
            yield Finding(path, "`bad` is bad")


RULE = Rule("batch/missing", Severity.ERROR, judged, fixes=True)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rules, "for_plan", lambda plan: [RULE])


def raw(name: str, data: str | bytes) -> Path:
    """A file with exactly these bytes."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def texts() -> dict[str, bytes]:
    """All files below the current folder."""
    return {
        str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and ".git" not in path.parts
    }


@pytest.mark.usefixtures("files")
class TestFix:
    def test_it_fixes_what_it_can_and_reports_what_is_left(self) -> None:
        write("a.yaml", SPEC + "training: {old: 1, bad: 2}  # c\n")
        result = run("check", "a.yaml", "--fix")
        assert result.code == 1
        assert found(result) == ["a.yaml:3:25 batch/missing"]
        assert result.out.endswith("\n1 error in 1 spec; 1 fixed\n")
        assert Path("a.yaml").read_text() == SPEC + "training: {new: 1, bad: 2}  # c\n"

    def test_where_nothing_is_left_it_is_0(self) -> None:
        write("a.yaml", SPEC + "training:\n  old: 1\n  rate: '2e-5'\n  gone: 1\n  both: 1\n")
        assert run("check", "--fix") == (0, "1 spec clean; 4 fixed\n", "")
        assert Path("a.yaml").read_text() == SPEC + "training:\n  new: 1\n  rate: 2e-5\n  steps: 0.5\n"
        assert run("check", "--fix") == (0, "1 spec clean\n", "")

    def test_a_clean_file_is_not_written(self) -> None:
        path = write("a.yaml", SPEC + "training: {bad: 1}\n")
        before = path.stat()
        assert run("check", "--fix").code == 1
        assert path.stat() == before

    def test_check_alone_says_what_fix_would_do_and_does_not(self) -> None:
        path = write("a.yaml", SPEC + "training: {old: 1, rate: '1', bad: 1}\n")
        before = path.read_bytes()
        result = run("check", "a.yaml")
        assert result.code == 1
        assert "^^^ write `new: 1` (--fix does it)\n" in result.out
        assert "^^^ write `rate: 1.0` (--fix does it)\n" in result.out
        assert result.out.count("(--fix does it)") == 2
        assert result.out.endswith("\n3 errors in 1 spec; 2 fixable\n")
        assert path.read_bytes() == before

    def test_what_cannot_be_fixed_in_the_text_is_not_said_to_be(self) -> None:
        text = SPEC + "training:\n  gone: 1  # why\n  old: 1\n  new: 2\n"
        path = write("a.yaml", text)
        result = run("check", "a.yaml", "--fix")
        assert result.code == 1
        assert "--fix" not in result.out
        assert result.out.endswith("\n2 errors in 1 spec\n")
        assert path.read_text() == text

    def test_other_commands_do_not_speak_of_it(self) -> None:
        write("a.yaml", SPEC + "training: {old: 1}\n")
        for command in ("compile", "explain"):
            assert "write `new: 1`" in (err := run(command, "a.yaml").err)
            assert "--fix" not in err

    def test_a_fix_that_makes_the_next_possible(self) -> None:
        write("a.yaml", SPEC + "training: {oldest: 1}\n")
        assert run("check", "--fix") == (0, "1 spec clean; 2 fixed\n", "")
        assert Path("a.yaml").read_text() == SPEC + "training: {new: 1}\n"

    def test_fixes_that_undo_each_other_end(self) -> None:
        text = SPEC + "training: {ping: 1, old: 1}\n"
        write("a.yaml", text)
        result = run("check", "--fix")
        assert result.code == 1
        assert Path("a.yaml").read_text() == text.replace("old", "new")

    def test_a_finding_that_is_ignored_is_not_fixed(self) -> None:
        text = SPEC + "training:\n  old: 1  # configlint: ignore[batch/missing] on purpose\n"
        write("a.yaml", text)
        assert run("check", "--fix") == (0, "1 spec clean; 1 ignored\n", "")
        assert Path("a.yaml").read_text() == text

    def test_what_is_set_on_the_command_line_has_no_text(self) -> None:
        write("a.yaml", SPEC)
        result = run("check", "--fix", "--set", "training.old=1")
        assert result.code == 1
        assert result.out.endswith("\n1 error in 1 spec\n")
        assert Path("a.yaml").read_text() == SPEC

    def test_a_file_with_a_fault_of_form_is_left_alone(self) -> None:
        text = SPEC + "training: {old: 1, twice: 1, twice: 2}\n"
        write("a.yaml", text)
        result = run("check", "--fix")
        assert found(result) == ["a.yaml:3:12 batch/missing", "a.yaml:3:30 syntax/duplicate-key"]
        assert "--fix" not in result.out
        assert Path("a.yaml").read_text() == text

    def test_other_files_that_cannot_be_read_are_still_said(self) -> None:
        write("a.yaml", SPEC + "training: {old: 1}\n")
        result = run("check", "a.yaml", "nope.yaml", "--fix")
        assert result == (2, "1 spec clean; 1 fixed\n", "configlint: nope.yaml: no such file or directory\n")

    def test_the_bytes_around_it_stay(self) -> None:
        text = f"\ufeff# 😀 Größe\r\n{SPEC.replace(chr(10), chr(13) + chr(10))}training: {{\r\n\told: 1}}"
        text = text.replace("\t", "  ")
        path = raw("a.yaml", text)
        assert run("check", "--fix").code == 0
        assert path.read_bytes() == text.replace("old", "new").encode()

    def test_a_json_spec(self) -> None:
        tree = {"batch": {"effective": 64}, "hardware": {"devices_per_node": 8}, "training": {"both": 1, "gone": 1}}
        path = write("a.json", json.dumps(tree, indent=2))
        assert run("check", "--fix").code == 0
        assert json.loads(path.read_text()) == {**tree, "training": {"steps": 0.5}}
        assert path.read_text().count("\n") == json.dumps(tree, indent=2).count("\n") - 1

    def test_the_report_for_programs(self) -> None:
        write("a.yaml", SPEC + "training:\n  old: 1\n  both: 2\n  gone: 3\n  rate: '4'\n  bad: 5\n")
        document = json.loads(run("check", "--output-format", "json").out)

        def patch(line: int, column: int, end_line: int, end_column: int, text: str) -> dict[str, object]:
            place = {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
            return {"file": "a.yaml", **place, "text": text}

        assert [finding["fix"] for finding in document["findings"]] == [
            {"message": "rename to new", "edits": [patch(4, 3, 4, 6, "new")]},
            {"message": "write steps: 0.5", "edits": [patch(5, 3, 5, 7, "steps"), patch(5, 9, 5, 10, "0.5")]},
            {"message": "remove", "edits": [patch(6, 1, 7, 1, "")]},
            {"message": "write 4.0", "edits": [patch(7, 9, 7, 12, "4.0")]},
            None,
        ]

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["--fix", "--diff"], "--fix and --diff cannot be combined: --fix writes, --diff only shows"),
            (
                ["-", "--fix"],
                "--fix requires files, got stdin; use --diff to see the fixes",
            ),
            (
                ["--diff", "--output-format", "json"],
                "--diff and --output-format cannot be combined: --diff prints no report",
            ),
        ],
    )
    def test_what_does_not_go_together_is_2_in_one_line(self, arguments: list[str], line: str) -> None:
        path = write("a.yaml", SPEC + "training: {old: 1}\n")
        assert run("check", *arguments, stdin=SPEC) == (2, "", f"configlint: {line}\n")
        assert "old" in path.read_text()


@pytest.mark.usefixtures("files")
class TestEveryPlan:
    """A fix is right for every plan, or is not made."""

    def unfixed(self, *arguments: str) -> Result:
        """`check --fix` where nothing is fixed."""
        before = texts()
        result = run("check", *arguments, "--fix")
        assert texts() == before
        assert "--fix" not in result.out
        return result

    def test_a_section_that_targets_share(self) -> None:
        text = SPEC + "training: {old: 1}\ntargets: {x: {}, y: {transformers: '4.40'}}\n"
        write("a.yaml", text)
        assert "--fix" not in run("check").out
        assert self.unfixed().code == 1
        write("a.yaml", text.replace(", y: {transformers: '4.40'}", ", y: {}"))
        assert run("check", "--fix").code == 0

    def test_the_section_of_one_target(self) -> None:
        text = SPEC + "targets:\n  x: {training: {old: 1}}\n  y: {training: {old: 1}, transformers: '4.40'}\n"
        write("a.yaml", text)
        assert run("check", "--fix").code == 0
        assert Path("a.yaml").read_text() == text.replace("old", "new", 1)

    def test_with_a_target_the_others_count(self) -> None:
        write("a.yaml", SPEC + "training: {old: 1}\ntargets: {x: {}, y: {transformers: '4.40'}}\n")
        assert self.unfixed("--target", "x").code == 1
        write("a.yaml", SPEC + "training: {old: 1}\ntargets: {x: {}, y: {}}\n")
        assert run("check", "--fix", "--target", "x").code == 0

    def test_a_base_that_specs_share(self) -> None:
        write("team.yaml", "training: {old: 1, rate: '1.5'}\n")
        write("a.yaml", "extends: team.yaml\n" + SPEC)
        write("b.yaml", "extends: team.yaml\ntransformers: '4.40'\n" + SPEC)
        result = run("check", "--fix")
        assert found(result) == ["team.yaml:1:12 batch/missing"]
        assert result.out.endswith("\n1 error in 1 of 2 specs; 1 fixed\n")
        assert Path("team.yaml").read_text() == "training: {old: 1, rate: 1.5}\n"

    def test_a_spec_with_its_own_under_the_old_name_is_not_given_the_new_one(self) -> None:
        """Only `b` has a finding in the base, and `a` would be given what it had overlaid."""
        write("team.yaml", "training: {old: 1, both: 1}\n")
        write("a.yaml", "extends: team.yaml\ntransformers: '4.40'\n" + SPEC + "training: {old: 2}\n")
        write("b.yaml", "extends: team.yaml\n" + SPEC)
        assert run("check").out.endswith("; 1 fixable\n"), "what --fix would not do is not promised"
        result = run("check", "--fix")
        assert found(result) == ["team.yaml:1:12 batch/missing"]
        assert "--fix" not in result.out
        assert Path("team.yaml").read_text() == "training: {old: 1, steps: 0.5}\n"

    def test_the_old_name_in_a_base_and_in_what_extends_it(self) -> None:
        write("team.yaml", "training: {old: 1}\n")
        write("a.yaml", "extends: team.yaml\n" + SPEC + "training: {old: 2}\n")
        assert run("check", "--fix").code == 0
        assert Path("team.yaml").read_text() == "training: {new: 1}\n"
        assert Path("a.yaml").read_text() == "extends: team.yaml\n" + SPEC + "training: {new: 2}\n"

    def test_a_base_that_was_not_named_stays_as_it_is(self) -> None:
        write("team.yaml", "training: {old: 1}\n")
        write("sub/a.yaml", "extends: ../team.yaml\n" + SPEC)
        for path in ("sub/a.yaml", "sub"):
            result = run("check", path, "--fix")
            assert found(result) == ["team.yaml:1:12 batch/missing"]
            assert "fix" not in result.out
        assert Path("team.yaml").read_text() == "training: {old: 1}\n"

    def test_nothing_is_deleted_below_which_another_comes_to_light(self) -> None:
        """What the base has cannot be deleted, as a comment is there."""
        write("team.yaml", "training:\n  gone: 1  # why\n  x: 1\n")
        write("a.yaml", "extends: team.yaml\n" + SPEC + "training: {gone: 2, old: 1}\n")
        assert run("check", "a.yaml").out.endswith("\n2 errors in 1 spec; 1 fixable\n")
        assert run("check", "a.yaml", "--diff").err == "2 errors in 1 spec; 1 fixable\n"
        result = run("check", "a.yaml", "--fix")
        assert found(result) == ["a.yaml:4:12 batch/missing"]
        assert Path("a.yaml").read_text().endswith("training: {gone: 2, new: 1}\n")

    def test_a_rule_that_crashes_on_one_plan_agrees_to_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def check(plan: Plan) -> Iterator[Finding]:
            if plan.spec.target == "y":
                raise ValueError("broken rule")
            yield from judged(plan)

        monkeypatch.setattr(rules, "for_plan", lambda plan: [RULE._replace(check=check)])
        write("a.yaml", SPEC + "training: {old: 1}\ntargets: {x: {}, y: {}}\n")
        assert self.unfixed().code == 3


@pytest.mark.usefixtures("files")
class TestWriting:
    TEXT = SPEC + "training: {old: 1}\n"
    FIXED = SPEC + "training: {new: 1}\n"

    def left_alone(self, reason: str, code: int = 2) -> None:
        """`check --fix` cannot write `a.yaml`: the file is as it was, and it is said in a line why."""
        before = texts()
        mode = Path("a.yaml").stat().st_mode
        result = run("check", "a.yaml", "--fix")
        assert result.code == code
        assert result.err == (f"configlint: a.yaml was not fixed: {reason}\n" if reason else "")
        assert result.out.endswith("\n1 error in 1 spec; 1 fixable\n") or code == 130
        assert texts() == before
        assert Path("a.yaml").stat().st_mode == mode

    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o664])
    def test_permissions_stay(self, mode: int) -> None:
        path = write("a.yaml", self.TEXT)
        path.chmod(mode)
        assert run("check", "--fix").code == 0
        assert stat.S_IMODE(path.stat().st_mode) == mode

    def test_a_link_stays_one(self) -> None:
        write("sub/real.yaml", self.TEXT)
        Path("a.yaml").symlink_to("b.yaml")
        Path("b.yaml").symlink_to("sub/real.yaml")
        assert run("check", "a.yaml", "--fix").code == 0
        assert Path("a.yaml").is_symlink() and Path("b.yaml").is_symlink()
        assert Path("sub/real.yaml").read_text() == self.FIXED
        assert sorted(texts()) == ["a.yaml", "b.yaml", "sub/real.yaml"]

    def test_a_file_of_several_names_is_written_once(self) -> None:
        write("a.yaml", self.TEXT)
        Path("link.yaml").symlink_to("a.yaml")
        result = run("check", "a.yaml", "link.yaml", Path("a.yaml").absolute(), "--fix")
        assert (result.code, result.err) == (0, "")
        assert Path("a.yaml").read_text() == self.FIXED

    def test_a_file_that_is_another_spec_under_another_name_is_left_alone(self) -> None:
        write("a/base.yaml", "training: {x: 1}\n")
        write("b/base.yaml", "transformers: '4.40'\n")
        write("a/spec.yaml", "extends: base.yaml\n" + self.TEXT)
        Path("b/spec.yaml").symlink_to("../a/spec.yaml")
        before = texts()
        result = run("check", "--fix")
        assert result.code == 2
        assert result.err == (
            "configlint: a/spec.yaml was not fixed: it is the same file as b/spec.yaml, but the fixes differ\n"
        )
        assert texts() == before

    def test_a_file_that_changed_since_it_was_read_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write("a.yaml", self.TEXT)

        def check(plan: Plan) -> Iterator[Finding]:
            path.write_text("# mine\n" + self.TEXT)
            yield from judged(plan)

        monkeypatch.setattr(rules, "for_plan", lambda plan: [RULE._replace(check=check)])
        result = run("check", "a.yaml", "--fix")
        assert result.code == 2
        assert found(result) == ["a.yaml:4:12 batch/missing"], "what is there now"
        assert result.err == "configlint: a.yaml was not fixed: it changed since it was read\n"
        assert texts() == {"a.yaml": b"# mine\n" + self.TEXT.encode()}

    def test_a_file_that_is_gone_since(self, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write("a.yaml", self.TEXT)

        def check(plan: Plan) -> Iterator[Finding]:
            path.unlink(missing_ok=True)
            yield from judged(plan)

        monkeypatch.setattr(rules, "for_plan", lambda plan: [RULE._replace(check=check)])
        result = run("check", "a.yaml", "--fix")
        assert result.code == 2
        assert result.err.startswith(
            "configlint: a.yaml: no such file or directory\nconfiglint: a.yaml was not fixed"
        )
        assert texts() == {}

    def test_the_others_are_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("a.yaml", "b.yaml", "c.yaml"):
            write(name, self.TEXT)
        replace = os.replace

        def failing(source: str, target: str) -> None:
            if target.endswith("b.yaml"):
                raise OSError(5, "Input/output error", source, None, target)
            replace(source, target)

        monkeypatch.setattr(os, "replace", failing)
        result = run("check", "--fix")
        assert result.code == 2
        assert found(result) == ["b.yaml:3:12 batch/missing"]
        assert result.out.endswith("\n1 error in 1 of 3 specs; 2 fixed; 1 fixable\n")
        assert result.err == "configlint: b.yaml was not fixed: input/output error\n"
        expected = {"a.yaml": self.FIXED, "b.yaml": self.TEXT, "c.yaml": self.FIXED}
        assert texts() == {name: text.encode() for name, text in expected.items()}

    @pytest.mark.parametrize("name", ["replace", "chmod", "fsync"])
    def test_a_write_that_fails_leaves_the_old_file(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        write("a.yaml", self.TEXT).chmod(0o640)

        def failing(*arguments: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, name, failing)
        self.left_alone("no space left on device")

    def test_an_interrupt_leaves_the_old_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write("a.yaml", self.TEXT)

        def interrupted(*arguments: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", interrupted)
        self.left_alone("", code=130)

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
    def test_a_file_that_must_not_be_written(self) -> None:
        write("a.yaml", self.TEXT).chmod(0o444)
        self.left_alone("permission denied")

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_must_not_be_written(self) -> None:
        write("a.yaml", self.TEXT)
        Path().absolute().chmod(0o555)
        try:
            self.left_alone("permission denied")
        finally:
            Path().absolute().chmod(0o755)


@pytest.mark.usefixtures("files")
class TestDiff:
    def test_it_shows_what_fix_would_do_and_writes_nothing(self) -> None:
        write("a.yaml", SPEC + "training: {oldest: 1}\n")
        before = texts()
        result = run("check", "--diff")
        assert result == (
            1,
            "--- a.yaml\n+++ a.yaml\n@@ -1,3 +1,3 @@\n batch: {effective: 64}\n"
            " hardware: {accelerator: a100-80gb, devices_per_node: 8}\n"
            "-training: {oldest: 1}\n+training: {new: 1}\n",
            "1 error in 1 spec; 1 fixable\n",
        )
        assert texts() == before

    def test_without_a_difference_what_fails_decides(self) -> None:
        write("a.yaml", SPEC)
        assert run("check", "--diff") == (0, "", "1 spec clean\n")
        write("a.yaml", SPEC + "training: {bad: 1}\n")
        assert run("check", "--diff") == (1, "", "1 error in 1 spec\n")
        write("a.yaml", SPEC)
        assert run("check", ".", "nope.yaml", "--diff").code == 2

    def test_of_stdin(self) -> None:
        result = run("check", "-", "--diff", "--stdin-filename", "x.yaml", stdin=SPEC + "training: {old: 1}\n")
        assert result.code == 1
        assert result.out.startswith("--- x.yaml\n+++ x.yaml\n")
        assert result.out.endswith("\n-training: {old: 1}\n+training: {new: 1}\n")

    @pytest.mark.parametrize("make", [
        lambda text: text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: "\ufeff" + text.replace("\n", "\r\n").rstrip(),
    ])  # fmt: skip
    def test_git_applies_it(self, make: Callable[[str], str]) -> None:
        text = "training:\n  old: 1\n  gone: 1\n" + SPEC + "arguments:\n  x: é😀\n"
        raw("sub/a.yaml", make(text))
        raw("b.yaml", make(SPEC + "training: {both: 1}\n"))
        diff = run("check", "--diff").out
        untouched = texts()
        subprocess.run(["git", "init", "--quiet"], check=True)
        subprocess.run(["git", "apply", "-p0", "--whitespace=nowarn"], input=diff.encode(), check=True)
        applied = texts()
        for name, data in untouched.items():
            raw(name, data)
        assert run("check", "--fix").code == 0
        assert texts() == applied != untouched


# One of several in a line, too.
COMMENT = re.compile(r"#(?:(?!  # ).)*")


@pytest.mark.parametrize("rule", [rule for rule in rules.all_rules() if rule.fixes], ids=lambda rule: rule.name)
def test_what_a_rule_of_the_package_would_fix_is_fixed(
    rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every spec of its fixture with such a finding is one without it, or nothing in it can be done."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rules, "for_plan", lambda plan: [rule])
    done = 0
    for case in [example(rule, "Bad"), *cases(rule)]:
        raw("a.yaml", case)
        fixable = [fix for fix in fixes() if fix]
        result = run("check", "a.yaml", "--fix")
        assert "internal error" not in result.err
        assert not any(fixes()), "what could be fixed is"
        comments = re.findall(r"#.*", case)  # what moves takes its own along, to a line that may have one
        assert sorted(COMMENT.findall(Path("a.yaml").read_text(encoding="utf-8"))) == sorted(comments)
        done += len(fixable)
    assert done, "a rule that fixes has something to fix in its page or its fixture"


def fixes() -> list[dict[str, object] | None]:
    """The fixes in the report of `a.yaml`."""
    document = json.loads(run("check", "a.yaml", "--output-format", "json").out or '{"findings": []}')
    return [finding["fix"] for finding in document["findings"]]


def test_what_check_promises_of_a_spec_with_bases_is_what_fix_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the word is one, its name can be mended too, and then not in the base, which was not named."""
    monkeypatch.chdir(tmp_path)
    training = "trainer: MyTrainer\ntraining: {evaluation_strategy: false}\n"
    write("base.yaml", training)
    write("a.yaml", "extends: base.yaml\n" + SPEC + training)
    before = Path("a.yaml").read_text()
    promised = "--fix does it" in run("check", "a.yaml").out
    run("check", "--fix", "a.yaml")
    assert promised == (Path("a.yaml").read_text() != before)


class TestUnsafe:
    """A fix that may change the meaning is made only where it is asked for."""

    TEXT = CLEAN + "training: {lerning_rate: 2e-5, seed: '1'}\n"

    def test_it_is_hidden_and_said_to_be(self) -> None:
        write("a.yaml", self.TEXT)
        result = run("check", "--fix", "a.yaml")
        assert result.err == "configlint: 1 hidden fix can be enabled with `--unsafe-fixes`\n"
        assert Path("a.yaml").read_text() == CLEAN + "training: {lerning_rate: 2e-5, seed: 1}\n"
        assert run("check", "--diff", "a.yaml").err.endswith(result.err)

    def test_a_check_says_that_there_are_some(self) -> None:
        write("a.yaml", self.TEXT)
        said = "configlint: 1 hidden fix can be enabled with `--fix --unsafe-fixes`\n"
        assert run("check", "a.yaml").err == said
        assert run("check", "--quiet", "a.yaml").err == ""
        assert run("check", "--output-format", "json", "a.yaml").err == ""
        write("a.yaml", ERROR)
        assert run("check", "a.yaml").err == ""

    def test_with_the_option_it_is_made(self) -> None:
        write("a.yaml", self.TEXT)
        shown = run("check", "--diff", "--unsafe-fixes", "a.yaml")
        assert "+training: {learning_rate: 2e-5, seed: 1}\n" in shown.out
        result = run("check", "--quiet", "--fix", "--unsafe-fixes", "a.yaml")
        assert (result.code, result.out, result.err) == (0, "1 spec clean; 2 fixed\n", "")
        assert Path("a.yaml").read_text() == CLEAN + "training: {learning_rate: 2e-5, seed: 1}\n"

    def test_between_several_remedies_the_user_chooses(self) -> None:
        write("a.yaml", ERROR)  # write 63 or 70
        result = run("check", "--fix", "--unsafe-fixes", "a.yaml")
        assert (result.code, Path("a.yaml").read_text()) == (1, ERROR)
        assert run("check", "--fix", "a.yaml").err == ""

    def test_advice_is_not_followed(self) -> None:
        text = CLEAN.replace("64}", "64, per_device: 8, accumulation: 1}")
        write("a.yaml", text)
        run("check", "--fix", "--unsafe-fixes", "a.yaml")
        assert Path("a.yaml").read_text() == text

    def test_what_is_wrong_for_another_target_is_not_made(self) -> None:
        targets = "targets: {old: {transformers: '4.40'}, new: {transformers: '5.20'}}\n"
        text = CLEAN + targets + "training: {evaluation_strategi: epoch}\n"
        write("a.yaml", text)
        run("check", "--fix", "--unsafe-fixes", "a.yaml")
        assert "evaluation_strategi:" in Path("a.yaml").read_text()

    def test_alone_it_is_a_mistake(self) -> None:
        write("a.yaml", CLEAN)
        message = "configlint: --unsafe-fixes requires --fix or --diff: it says which fixes they make\n"
        assert run("check", "--unsafe-fixes", "a.yaml") == (2, "", message)


class TestMoves:
    """Entries that belong in another section."""

    @pytest.mark.parametrize(
        ("text", "path", "route", "meant"),
        [
            ("a: 1  # c\nx:\n  y: 2\n", "a", "x.b", "x:\n  y: 2\n  b: 1  # c\n"),
            ("x:\n  y: 2\na: 1\n", "a", "x.b", "x:\n  y: 2\n  b: 1\n"),
            ("a: 1\nx: {y: 2}\n", "a", "x.a", "x: {y: 2, a: 1}\n"),
            ("a: 1  # c\nx: {y: 2}\n", "a", "x.a", "x: {y: 2, a: 1}  # c\n"),
            ("a: 1  # c\nx: {y: 2}  # d\nz: 3\n", "a", "x.a", "x: {y: 2, a: 1}  # d  # c\nz: 3\n"),
            (
                "a:  # c\n  b: 1\n\n  # d\n  e: {f: 2}\nx:\n    y: 2\n",
                "a",
                "x.a",
                "x:\n    y: 2\n    a:  # c\n      b: 1\n\n      # d\n      e: {f: 2}\n",
            ),
            ("w:\n  a: 1  # c\nz: {y: 2}\n", "w/a", "z.a", "w: {}\nz: {y: 2, a: 1}  # c\n"),
            ("w:\n  a: 1\n\nz:\n  y: 2\n", "w/a", "z.a", "w: {}\n\nz:\n  y: 2\n  a: 1\n"),
            ("w:\n  a:\n    b: 1\n  c: 2\nz: 3\n", "w/a", "a", "w:\n  c: 2\nz: 3\na:\n  b: 1\n"),
            ("a: '1'\nz: 3", "a", "x.a", "z: 3\nx:\n  a: '1'"),
            ("w: {a: 1, b: 2}\nx:\n    y: 2\n", "w/a", "x.a", "w: {b: 2}\nx:\n    y: 2\n    a: 1\n"),
            ('{"a": 1, "z": 3}', "a", "x.a", '{"z": 3, "x": {"a": 1}}'),
        ],
    )
    def test_an_entry_becomes_the_last_of_its_new_section(
        self, text: str, path: str, route: str, meant: str
    ) -> None:
        name = "a.json" if text.startswith("{") else "a.yaml"
        assert edited(text, path, {"route": tuple(route.split("."))}, name) == meant

    @pytest.mark.parametrize(
        ("text", "path", "route"),
        [
            ("a: 1\nx: {a: 2}\n", "a", "x.a"),
            ("a: 1\nx: 2\n", "a", "x.a"),
            ("a: 1  # configlint: ignore[b]\nx: {y: 2}\n", "a", "x.a"),
            ("a:\n  b: 1\nx: {y: 2}\n", "a", "x.a"),
            ("w: &b\n  a: 1\nx: {y: 2}\n", "w/a", "x.a"),
            ("w:  # c\n  a: 1\nx: {y: 2}\n", "w/a", "x.a"),
            ("a: 1, 2\nx: {y: 2}\n", "a", "x.a"),
        ],
    )
    def test_what_cannot_be_moved_in_a_simple_way_stays(self, text: str, path: str, route: str) -> None:
        assert edited(text, path, {"route": tuple(route.split("."))}) is None

    def test_arguments_that_are_pasted_whole_under_training_are_moved_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        pasted = "per_device_train_batch_size: 4\n  gradient_accumulation_steps: 2  # of 64\n  bf16: true\n"
        more = "  fsdp: full_shard auto_wrap\n  fsdp_config:\n    cpu_offload: true\n  model_name_or_path: gpt2\n"
        hardware = "hardware: {accelerator: a100-80gb, devices_per_node: 8}\n"
        raw("a.yaml", f"{hardware}training:\n  {pasted}{more}")
        assert run("check", "a.yaml", "--quiet").code == 1
        assert run("check", "a.yaml", "--quiet", "--fix").code == 0
        assert Path("a.yaml").read_text(encoding="utf-8") == (
            f"{hardware}training:\n  bf16: true\n"
            "batch:\n  per_device: 4\n  accumulation: 2  # of 64\n"
            "parallel:\n  data: fsdp\n  fsdp:\n    cpu_offload: true\n"
            "arguments:\n  model_name_or_path: gpt2\n"
        )

    @pytest.mark.parametrize(
        ("pasted", "below"),
        [
            (
                "fsdp: full_shard auto_wrap  # as before\nfsdp_config: {cpu_offload: true}\n",
                "  data: fsdp  # as before\n  fsdp: {cpu_offload: true}\n",
            ),
            (
                "deepspeed:\n  zero_optimization: {stage: 2, overlap_comm: true}\n",
                "  deepspeed:\n    zero_optimization: {overlap_comm: true}\n  data: zero2\n",
            ),
            (
                "training:\n  deepspeed:\n    zero_optimization: {stage: 2, overlap_comm: true}\n  seed: 1\n",
                "  deepspeed:\n    zero_optimization: {overlap_comm: true}\n  data: zero2\n",
            ),
        ],
    )
    def test_an_engine_that_is_pasted_into_a_spec_is_moved_to_parallel(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pasted: str, below: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        raw("a.yaml", SPEC + pasted)
        assert run("check", "a.yaml", "--fix").code == 0
        left = "training:\n  seed: 1\n" if "seed" in pasted else ""
        assert Path("a.yaml").read_text(encoding="utf-8") == f"{SPEC}{left}parallel:\n{below}"

    @pytest.mark.parametrize("name", ["micro_batch_size", "per_device_train_batch_size", "tp_size"])
    def test_a_size_that_is_no_number_is_not_moved_to_a_section_that_refuses_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        text = f'{SPEC}training: {{{name}: "${{HOME}}", seed: 1}}\n'
        raw("a.yaml", text)
        assert run("check", "a.yaml", "--fix").code == 1
        assert Path("a.yaml").read_text(encoding="utf-8") == text

    @pytest.mark.parametrize(
        "pasted", ["fsdp: hybrid_shard\n", "fsdp: full_shard offload\n", "deepspeed: ds.json\n"]
    )
    def test_an_engine_whose_words_say_more_is_left_to_the_user(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pasted: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        raw("a.yaml", SPEC + pasted)
        assert run("check", "a.yaml", "--fix").code == 1
        assert Path("a.yaml").read_text(encoding="utf-8") == SPEC + pasted

    def test_arguments_that_are_pasted_into_a_spec_are_moved_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        pasted = "per_device_train_batch_size: 4\nlearning_rate: 2.0e-5\nbf16: true\nseed: 1\ndataset_name: imdb\n"
        raw("a.yaml", SPEC + pasted)
        assert run("check", "a.yaml", "--fix").code == 0
        assert Path("a.yaml").read_text(encoding="utf-8") == (
            "batch: {effective: 64, per_device: 4}\n"
            "hardware: {accelerator: a100-80gb, devices_per_node: 8}\n"
            "training:\n  learning_rate: 2.0e-5\n  bf16: true\n  seed: 1\n"
            "arguments:\n  dataset_name: imdb\n"
        )
