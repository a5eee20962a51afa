"""Text to located documents: places, YAML 1.2 scalars, JSON, and what no text may do to the reader."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Mapping, Node, Scalar, Sequence, last_line, plain
from configlint.core.source import Source, Span
from configlint.frontends.spec.schema import validate
from configlint.host.read import decode
from configlint.syntax import read
from configlint.syntax.yaml import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES


def document(text: str, name: str = "train.yaml") -> Node:
    """The document of a text that has nothing wrong."""
    node, diagnostics = read(Source(name, text))
    assert diagnostics == []
    assert node is not None
    return node


def problem(text: str, name: str = "train.yaml") -> Diagnostic:
    """The one thing that is wrong with a text."""
    _, diagnostics = read(Source(name, text))
    assert len(diagnostics) == 1, diagnostics
    assert diagnostics[0].severity is Severity.ERROR
    return diagnostics[0]


def at(node: Node, *route: str | int) -> Node:
    for step in route:
        if isinstance(node, Mapping):
            node = node.entries[str(step)].value
        else:
            assert isinstance(node, Sequence)
            node = node.items[int(step)]
    return node


def scalar(text: str, *route: str | int) -> Scalar:
    node = at(document(text), *route)
    assert isinstance(node, Scalar)
    return node


def place(span: Span) -> tuple[int, int, int, int]:
    return span.line, span.column, span.end_line, span.end_column


def start(diagnostic: Diagnostic) -> tuple[int, int]:
    return diagnostic.span.line, diagnostic.span.column


def cut(span: Span) -> str:
    """The text of a span that stays on its line."""
    assert span.line == span.end_line
    return span.source.lines()[span.line - 1][span.column - 1 : span.end_column - 1]


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            yield entry.key
            yield from nodes(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from nodes(item)


# Places


@pytest.mark.parametrize(
    ("text", "route", "key", "value"),
    [
        ("a: 1\nb:\n  c: two\n", ("b", "c"), (3, 3, 3, 4), (3, 6, 3, 9)),
        ("a: 1\r\nb:\r\n  c: two\r\n", ("b", "c"), (3, 3, 3, 4), (3, 6, 3, 9)),
        ("a: 1\rb: 2\r", ("b",), (2, 1, 2, 2), (2, 4, 2, 5)),
        ("{a: 1, b: {c: 'two'}}", ("b", "c"), (1, 12, 1, 13), (1, 15, 1, 20)),
        ('{"a": 1,\n "b": [1,\n  22]}', ("b",), (2, 2, 2, 5), (2, 7, 3, 6)),
        ("grüße: ü\nnaïve: x\n", ("naïve",), (2, 1, 2, 6), (2, 8, 2, 9)),
        ("{é: 🎉, b: 2}", ("b",), (1, 8, 1, 9), (1, 11, 1, 12)),
        ("# comment\n\n\na:   1   # more\n", ("a",), (4, 1, 4, 2), (4, 6, 4, 7)),
        ("a: |\n  one\n  two\nb: 1\n", ("a",), (1, 1, 1, 2), (1, 4, 4, 1)),
        ("a: >-\n  one\n  two\nb: 1\n", ("b",), (4, 1, 4, 2), (4, 4, 4, 5)),
        ("a: one\n  two\nb: 1\n", ("a",), (1, 1, 1, 2), (1, 4, 2, 6)),
        ('a: "one\n  two"\n', ("a",), (1, 1, 1, 2), (1, 4, 2, 7)),
        ("a:\nb: 1\n", ("a",), (1, 1, 1, 2), (1, 3, 1, 3)),
        ("? a\n: 1\n", ("a",), (1, 3, 1, 4), (2, 3, 2, 4)),
        ("---\na: 1\n", ("a",), (2, 1, 2, 2), (2, 4, 2, 5)),
        ("%YAML 1.2\n---\na: 1\n...\n", ("a",), (3, 1, 3, 2), (3, 4, 3, 5)),
        ("a: !!str 5\n", ("a",), (1, 1, 1, 2), (1, 4, 1, 11)),
        ("a: 1\x85b: 2\u2028c: 3\n", ("c",), (3, 1, 3, 2), (3, 4, 3, 5)),
    ],
)
def test_keys_and_values_have_their_places(
    text: str, route: tuple[str, ...], key: tuple[int, ...], value: tuple[int, ...]
) -> None:
    parent = at(document(text), *route[:-1])
    assert isinstance(parent, Mapping)
    entry = parent.entries[route[-1]]
    assert place(entry.key.span) == key
    assert place(entry.value.span) == value


def test_items_of_a_block_list_have_their_places() -> None:
    text = "a:\n  - one\n  - {b: 2}\n  -\n    c: 3\n"
    assert place(at(document(text), "a", 0).span) == (2, 5, 2, 8)
    assert place(at(document(text), "a", 1).span) == (3, 5, 3, 11)
    assert place(at(document(text), "a", 2, "c").span) == (5, 8, 5, 9)


def test_the_span_of_a_scalar_is_what_was_written() -> None:
    text = "plain: 2e-5\nsingle: 'it''s'\ndouble: \"a\\tb\"\n\"quoted key\": [x, 'y']\n"
    spans = {cut(node.span) for node in nodes(document(text)) if isinstance(node, Scalar)}
    assert {"plain", "2e-5", "'it''s'", '"a\\tb"', '"quoted key"', "x", "'y'"} <= spans


def test_a_byte_order_mark_moves_no_column() -> None:
    source = decode("train.yaml", codecs.BOM_UTF8 + b"a: 1\n")
    assert isinstance(source, Source)
    node, _ = read(source)
    assert isinstance(node, Mapping)
    assert place(node.entries["a"].key.span) == (1, 1, 1, 2)
    assert cut(node.entries["a"].value.span) == "1"


def test_raw_is_the_text_without_quotes() -> None:
    assert scalar("a: 0x1F", "a").raw == "0x1F"
    assert scalar("a: 'it''s'", "a").raw == "it's"
    assert [scalar(f"a: {text}", "a").quoted for text in ("x", "'x'", '"x"', "|\n  x")] == [False, True, True, True]


def test_the_last_line_of_a_value_is_one_that_it_covers() -> None:
    text = "a:\n  b: |\n    one\n    two\n\nc: 1\nd: []\n"
    assert last_line(at(document(text), "a")) in (4, 5)
    assert last_line(at(document(text), "c")) == 6
    assert last_line(at(document(text), "d")) == 7


# Scalars

INFINITY = math.inf

CORE = {
    # null
    "": None, "~": None, "null": None, "Null": None, "NULL": None, "nULL": "nULL", "none": "none",
    # booleans, and what only YAML 1.1 takes for one
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "tRUE": "tRUE",
    "yes": "yes", "Yes": "Yes", "no": "no", "NO": "NO", "on": "on", "off": "off", "y": "y", "n": "n",
    # integers
    "0": 0, "12": 12, "+12": 12, "-12": -12, "017": 17, "0o17": 15, "0x1F": 31, "0xfF": 255, "-0": 0, "00": 0,
    "0o8": "0o8", "0x": "0x", "0xg": "0xg", "-0x1": "-0x1", "+0o7": "+0o7", "0b1": "0b1", "1_000": "1_000",
    "0_": "0_", "1,000": "1,000", "\uff11": "\uff11", "\u0663": "\u0663",
    # floats
    "2e-5": 2e-5, "2E-5": 2e-5, "1e3": 1000.0, "1e+3": 1000.0, "2.0e-05": 2e-5, ".5": 0.5, "5.": 5.0, "-.5": -0.5,
    "+1.5": 1.5, "5.20": 5.2, "1e400": INFINITY, "0.0": 0.0, "3.": 3.0, "1.e1": 10.0,
    ".": ".", "+": "+", "+.": "+.", "e5": "e5", "1e": "1e", "1e-": "1e-", ".e1": ".e1", "1.2.3": "1.2.3",
    "1__0.5": "1__0.5", "0x1.5": "0x1.5",
    # not finite
    ".inf": INFINITY, ".Inf": INFINITY, ".INF": INFINITY, "+.inf": INFINITY, "-.inf": -INFINITY, "-.INF": -INFINITY,
    ".iNF": ".iNF", "inf": "inf", "Infinity": "Infinity", "NaN": "NaN", "nan": "nan", "+.nan": "+.nan",
    # what YAML 1.1 reads as a time or a date, and trips over
    "12:30:45": "12:30:45", "1:30": "1:30", "2020-01-01": "2020-01-01", "2020-13-45": "2020-13-45",
    "24:00:00": "24:00:00", "=": "=", "<<": "<<", "no text": "no text", "a#b": "a#b", "1 2": "1 2",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), CORE.items())
def test_scalars_are_yaml_1_2_core(text: str, value: object) -> None:
    read_value = scalar(f"a: {text}\n", "a").value
    assert read_value == value
    assert type(read_value) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number_is_one(text: str) -> None:
    value = scalar(f"a: {text}", "a").value
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["5", "2e-5", "true", "null", "no", "0x1F", ".inf", ""])
@pytest.mark.parametrize("style", ["'{}'", '"{}"', "!!str {}", "! {}"])
def test_what_is_quoted_or_called_a_text_is_one(text: str, style: str) -> None:
    assert scalar(f"a: {style.format(text)}\n", "a").value == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("!!int 5", 5), ("!!int '5'", 5), ("!!float 5", 5.0), ("!!float 1e3", 1000.0), ("!!bool 'true'", True)],
)
def test_a_core_tag_says_the_type(text: str, value: object) -> None:
    read_value = scalar(f"a: {text}", "a").value
    assert read_value == value
    assert type(read_value) is type(value)


@pytest.mark.parametrize(
    "text", ["!!int abc", "!!int 5.5", "!!float x", "!!bool foo", "!!bool 'no'", "!!null x", "!!int ''"]
)
def test_a_value_that_its_tag_does_not_fit_is_said(text: str) -> None:
    found = problem(f"b: 1\na: {text}\n")
    assert found.rule == "syntax/wrong-tag"
    assert start(found) == (2, 4)


@pytest.mark.parametrize(
    "text",
    [
        "!secret x",
        "!!binary aGk=",
        "!!python/object/apply:os.system [ls]",
        "!!set {a, b}",
        "!!timestamp 2020-01-01",
    ],
)
def test_an_unknown_tag_is_said_and_does_nothing(text: str) -> None:
    found = problem(f"a: {text}\n")
    assert found.rule == "syntax/unknown-tag"
    assert start(found) == (1, 4)


@pytest.mark.parametrize("digits", ["9" * 5000, "-" + "9" * 5000, "0" * 5000, "0x" + "f" * 5000, "0x" + "f" * 4000])
def test_an_integer_of_thousands_of_digits_is_said(digits: str) -> None:
    node, found = read(Source("train.yaml", f"b: 1\na: {digits}\n"))
    assert [(each.rule, *start(each)) for each in found] == [("syntax/too-large", 2, 4)]
    assert node is not None
    assert plain(node) == {"b": 1, "a": digits}


@pytest.mark.parametrize("prefix", ["", "0x", "0o"])
def test_every_integer_that_is_read_can_be_printed(prefix: str) -> None:
    """Python refuses beyond 4,300 decimal digits, of which hexadecimal ones say more."""
    value = scalar(f"a: {prefix}{'7' * 3400}", "a").value
    assert isinstance(value, int)
    assert str(value)


def test_a_float_tag_on_an_integer_beyond_floats_is_said() -> None:
    assert problem(f"a: !!float {'9' * 400}").rule == "syntax/too-large"


# JSON


def test_json_is_read_at_its_places() -> None:
    node = document(
        '{\n  "batch": {"effective": 64, "x": null},\n  "list": [1.5, true, "a\\u00e9\\/"]\n}', "a.json"
    )
    assert plain(node) == {"batch": {"effective": 64, "x": None}, "list": [1.5, True, "aé/"]}
    assert place(at(node, "batch", "effective").span) == (2, 26, 2, 28)


def test_json_may_indent_with_tabs() -> None:
    text = '{\n\t"batch": {\n\t\t"effective":\t64\n\t}\n}\n'
    for name in ("train.json", "train.yaml"):
        node = document(text, name)
        assert plain(node) == {"batch": {"effective": 64}}
        assert place(at(node, "batch", "effective").span) == (3, 16, 3, 18)


def test_a_list_in_a_json_file_may_indent_with_tabs() -> None:
    assert plain(document("[\n\t1,\n\t2\n]", "list.json")) == [1, 2]


def test_an_emoji_escaped_as_two_surrogates_gets_a_remedy() -> None:
    found = problem('{"a": "\\ud83c\\udf89"}', "a.json")
    assert found.rule == "syntax/invalid"
    assert found.help == "write the character itself"


# In a quoted text YAML folds the first three as line breaks and forbids the others; JSON's own
# escapes are the way to write them.
_FOREIGN = "\x85\u2028\u2029\x7f\ufeff\ufffe\uffff" + "".join(map(chr, [*range(0x80, 0x85), *range(0x86, 0xA0)]))


def json_values(characters: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    texts = st.text(characters, max_size=12)
    numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        st.none() | st.booleans() | numbers | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=20,
    )


def holds_json(value: object, dumped: str) -> None:
    node = document(dumped, "value.json")
    # Dumped, so that 1 is no 1.0 and no True.
    assert json.dumps(plain(node)) == json.dumps(json.loads(dumped))
    for each in nodes(node):
        if isinstance(each, Scalar):
            assert json.dumps(json.loads(cut(each.span))) == json.dumps(each.value)


@settings(max_examples=150, deadline=None)
@given(
    value=json_values(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\x7f")),
    indent=st.sampled_from([None, 0, 2, "\t"]),
)
@example(value={"<<": {"a": 1}, "": [], "no": "yes"}, indent=None)
@example(value="", indent=None)
@example(value=-0.0, indent=None)
@example(value={"a": "\x00\x85\u2028"}, indent="\t")
def test_what_json_dumps_is_read_as_json_loads_it(value: object, indent: int | str | None) -> None:
    holds_json(value, json.dumps(value, indent=indent))


@settings(max_examples=150, deadline=None)
@given(
    value=json_values(st.characters(exclude_categories=["Cs"], exclude_characters=_FOREIGN)),
    indent=st.sampled_from([None, 2, "\t"]),
)
@example(value={"🎉é": "日本 🎉"}, indent=2)
def test_what_json_dumps_unescaped_is_read_as_json_loads_it(value: object, indent: int | str | None) -> None:
    holds_json(value, json.dumps(value, indent=indent, ensure_ascii=False))


# What is wrong with a text, each at its place


def test_a_key_given_twice_is_said_at_the_second_and_the_last_counts() -> None:
    text = "a: 1\nb: {c: 1, c: 2}\na: 3\n"
    node, found = read(Source("train.yaml", text))
    assert [(each.rule, *start(each)) for each in found] == [
        ("syntax/duplicate-key", 2, 11),
        ("syntax/duplicate-key", 3, 1),
    ]
    assert found[1].message == "`a` is set twice to different values, first at line 1"
    assert {each.severity for each in found} == {Severity.ERROR}
    assert node is not None
    assert plain(node) == yaml.safe_load(text) == {"a": 3, "b": {"c": 2}}


@pytest.mark.parametrize("value", ["1", "x", "{b: 1, c: [2]}", "[1, {b: 2}]", ".nan", "", "null"])
def test_a_key_given_twice_with_the_same_value_is_a_warning(value: str) -> None:
    _, [found] = read(Source("train.yaml", f"a: {value}\nb: 0\na: {value}  # again\n"))
    assert (found.rule, *start(found)) == ("syntax/duplicate-key", 3, 1)
    assert found.severity is Severity.WARNING
    assert found.message == "`a` is set twice to the same value, first at line 1"


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "true"), ("1", "1.0"), ("1", '"1"'), ("{b: 1}", "{b: 1, c: 2}"), ("[1]", "[2]"), ("", "0")],
)
def test_a_key_given_twice_with_other_values_is_an_error(one: str, other: str) -> None:
    found = problem(f"a: {one}\na: {other}\n")
    assert found.rule == "syntax/duplicate-key"
    assert found.help == "remove one of them: YAML parsers silently use the last"


def test_the_entries_of_a_mapping_are_in_the_order_of_the_text_whatever_is_given_twice() -> None:
    node, _ = read(Source("train.yaml", "a: 1\nb: 2\na: 3\n"))
    assert isinstance(node, Mapping)
    assert [*node.entries] == ["b", "a"]


def test_keys_that_differ_only_as_yaml_1_1_sees_it_are_two() -> None:
    assert plain(document("{1: a, true: b, on: c, '01': d}")) == {"1": "a", "true": "b", "on": "c", "01": "d"}


def test_a_key_is_given_twice_however_it_is_quoted() -> None:
    assert problem("a: 1\n'a': 2\n").rule == "syntax/duplicate-key"


@pytest.mark.parametrize("text", ["[a, b]: 1", "{a: 1}: 2", "? [a]\n: 1", "? - a\n: 1"])
def test_a_key_that_is_no_word_is_said(text: str) -> None:
    assert problem(text).rule == "syntax/key"


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n"])
def test_a_tab_that_indents_is_said_at_its_line(text: str) -> None:
    found = problem(text)
    assert found.rule == "syntax/tab"
    assert "\t" in text.split("\n")[found.span.line - 1]


@pytest.mark.parametrize("text", ["a:\t1", "a: 1\t# comment", "{a:\t1}", "a: x\ty"])
def test_a_tab_that_does_not_indent_is_a_blank(text: str) -> None:
    assert isinstance(document(text), Mapping)


def test_a_second_document_is_said_where_it_starts() -> None:
    node, found = read(Source("train.yaml", "a: 1\n---\nb: 2\n---\nc: 3\n"))
    assert [(each.rule, *start(each)) for each in found] == [("syntax/multiple-documents", 2, 1)]
    assert node is not None
    assert plain(node) == {"a": 1}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", " ", "\r\n"])
def test_a_text_without_a_value_is_no_document_and_no_problem(text: str) -> None:
    assert read(Source("train.yaml", text)) == (None, [])


@pytest.mark.parametrize("text", ["---\n", "---\n...\n"])
def test_an_empty_document_is_null(text: str) -> None:
    assert plain(document(text)) is None


@pytest.mark.parametrize(
    ("text", "place", "help"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", (2, 4), "close the bracket, or write a comma between the items"),
        ("a: 1\nb: {c: 1\n", (2, 4), "close the brace, or write a comma between the entries"),
        ("a: 1\nb: 'text\nc: 3\n", (2, 4), "close the quote"),
        ("a: b: c\n", (1, 5), "quote the text if it contains `: `, or fix the indentation"),
        ("a: 1\nb\nc: 3\n", None, "write a colon and a space after the key"),
        ("a: @x\n", (1, 4), "quote the text that starts here"),
        ("a: `x`\n", (1, 4), "quote the text that starts here"),
        ("a: 1\n  b: 2\n", (2, 4), "quote the text if it contains `: `, or fix the indentation"),
        ("  a: 1\nb: 2\n", None, None),
    ],
)
def test_what_is_no_yaml_is_said_with_a_remedy(text: str, place: tuple[int, int] | None, help: str | None) -> None:
    found = problem(text)
    assert found.rule == "syntax/invalid"
    assert place in (None, start(found))
    if help:
        assert found.help == help


@pytest.mark.parametrize("text", ["a: '\\UFFFFFFFF'", 'a: "\\xzz"', "a: *b", "a: &", "%YAML 9.9.9\n---\n", "]"])
def test_odd_texts_are_answered(text: str) -> None:
    node, found = read(Source("train.yaml", text))
    assert node is not None or found


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("a: \x07", (1, 4), "U+0007"),
        ("ä: ü\nb: x\x00y\n", (2, 5), "U+0000"),
        ("日本: 🎉\r\nb:\x1b[0m", (2, 3), "U+001B"),
        ("a: \x7f", (1, 4), "U+007F"),
        ("a: b\nc: \ud800", (2, 4), "U+D800"),
    ],
)
def test_a_character_that_yaml_forbids_is_said_at_its_place(text: str, place: tuple[int, int], code: str) -> None:
    found = problem(text)
    assert found.rule == "syntax/character"
    assert start(found) == place
    assert code in found.message


def test_messages_stay_on_one_line() -> None:
    found = problem('"a\\nb": 1\n"a\\nb": 2\n')
    assert found.message == "`a\\nb` is set twice to different values, first at line 1"


# Merge keys and aliases


@pytest.mark.parametrize("text", ["<<: *base\n  a: own", "a: own\n  <<: *base", "<<: [*base]\n  a: own"])
def test_what_stands_in_a_mapping_wins_over_what_is_merged_wherever_it_stands(text: str) -> None:
    node = document(f"base: &base {{a: base, b: base}}\nuse:\n  {text}\n")
    assert plain(at(node, "use")) == {"a": "own", "b": "base"}


def test_of_several_merged_mappings_the_first_wins() -> None:
    node = document("x: &x {a: x}\ny: &y {a: y, b: y}\nuse: {<<: [*x, *y], c: 1}\n")
    assert plain(at(node, "use")) == {"a": "x", "b": "y", "c": 1}


def test_a_merged_value_keeps_its_place() -> None:
    node = document("base: &base\n  a: 1\nuse:\n  <<: *base\n")
    assert at(node, "use", "a").span.line == 2


def test_a_quoted_merge_key_is_a_key() -> None:
    assert plain(document("{'<<': {a: 1}}")) == {"<<": {"a": 1}}


@pytest.mark.parametrize("value", ["1", "[1]", "[{a: 1}, x]", "null"])
def test_only_mappings_can_be_merged(value: str) -> None:
    found = problem(f"a: 1\n<<: {value}\n")
    assert found.rule == "syntax/merge"
    assert start(found) == (2, 1)


def test_an_alias_is_what_it_stands_for() -> None:
    node = document("a: &x [1, {b: 2}]\nc: *x\nd: &x 3\ne: *x\n")
    assert plain(node) == {"a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": 3, "e": 3}


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: {c: *x}}", "&x a: &y [*x, *y]"])
def test_an_alias_inside_what_it_stands_for_is_said(text: str) -> None:
    found = problem(text)
    assert found.rule == "syntax/recursive-alias"
    assert cut(found.span).startswith("*")


def test_an_alias_without_an_anchor_is_said() -> None:
    found = problem("a: 1\nb: *x\nc: &x 2\n")
    assert found.rule == "syntax/unknown-alias"
    assert (cut(found.span), start(found)) == ("*x", (2, 4))


# Limits


def bomb(levels: int, width: int) -> str:
    """Lists of lists of aliases: width ** levels values from a few hundred characters."""
    lines = ["a0: &a0 lol"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]" for level in range(1, levels + 1)]
    return "\n".join(lines)


def test_an_alias_bomb_ends_at_once() -> None:
    text = bomb(9, 9)
    assert len(text) < 600
    found = problem(text)
    assert found.rule == "syntax/too-large"
    assert f"{MAX_NODES:,} values" in found.message


def test_a_merge_bomb_ends_at_once() -> None:
    entries = ", ".join(f"k{number}: {number}" for number in range(1000))
    found = problem(f"a: &a {{{entries}}}\nb:\n  <<: [{', '.join(['*a'] * 200)}]\n")
    assert found.rule == "syntax/too-large"


def test_aliases_count_as_what_they_stand_for() -> None:
    a_thousand = f"a: &a [{', '.join('x' * 1000)}]\nb: "
    assert document(f"{a_thousand}[{', '.join(['*a'] * 90)}]")
    assert problem(f"{a_thousand}[{', '.join(['*a'] * 100)}]").rule == "syntax/too-large"


def test_aliases_count_as_the_characters_that_they_repeat() -> None:
    """Otherwise a megabyte of text makes messages of gigabytes."""
    text = f"a: &a {'x' * 10_000}\nb: "
    assert document(f"{text}[{', '.join(['*a'] * 90)}]")
    found = problem(f"{text}[{', '.join(['*a'] * 100)}]")
    assert found.rule == "syntax/too-large"
    assert f"{MAX_CHARACTERS:,} characters" in found.message


def test_aliases_count_as_deep_as_what_they_stand_for() -> None:
    """Otherwise a few kilobytes nest deeper than Python can recurse."""
    lines = ["- &a0 x"] + [f"- &a{n} {'[' * 90}*a{n - 1}{']' * 90}" for n in range(1, 40)]
    assert document("\n".join(lines[:2]))
    found = problem("\n".join(lines))
    assert found.rule == "syntax/too-large"
    assert (found.span.line, cut(found.span)) == (3, "*a1")
    assert f"{MAX_DEPTH} levels" in found.message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_nesting_of_50_000_levels_is_refused_at_once(opening: str) -> None:
    text = opening * 50_000
    found = problem(text)
    assert found.rule == "syntax/too-large"
    assert found.span.column <= 1001  # where libyaml itself stops


def test_nesting_up_to_the_limit_is_read() -> None:
    assert document("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert problem("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)).rule == "syntax/too-large"


def test_a_text_beyond_the_limit_is_refused() -> None:
    assert document("a: " + "x" * (MAX_CHARACTERS - 3))
    found = problem("a: " + "x" * MAX_CHARACTERS)
    assert found.rule == "syntax/too-large"
    assert start(found) == (1, 1)


def test_values_beyond_the_limit_are_refused() -> None:
    assert problem("[" + "x," * MAX_NODES + "x]").rule == "syntax/too-large"


# Bytes


@pytest.mark.parametrize(
    ("data", "place", "byte"),
    [
        (b"a: 1\nb: \xff\n", (2, 4), "0xff"),
        ("ä: ü\nö: ".encode() + b"\xe9t\xe9", (2, 4), "0xe9"),
        ("a: ü".encode("utf-16"), (1, 1), "0xff"),
        (b"a: \xf0\x9f\x8e", (1, 4), "0xf0"),
        (b"a: \xed\xa0\x80", (1, 4), "0xed"),
        (b"a: 1\r\nb: 2\r\n\x80", (3, 1), "0x80"),
    ],
)
def test_a_byte_that_is_no_utf_8_is_said_at_its_place(data: bytes, place: tuple[int, int], byte: str) -> None:
    found = decode("train.yaml", data)
    assert isinstance(found, Diagnostic)
    assert found.rule == "syntax/encoding"
    assert byte in found.message
    assert start(found) == place
    assert found.span.source.name == "train.yaml"


def test_a_byte_that_is_no_utf_8_is_said_at_its_place_behind_a_byte_order_mark() -> None:
    found = decode("train.yaml", codecs.BOM_UTF8 + b"a: \xff")
    assert isinstance(found, Diagnostic)
    assert "0xff" in found.message
    assert start(found) == (1, 4)


# Whatever the text

TOKENS = [
    *"abc019.-+:#,[]{}&*!|>'\"%@`?~= \t\n\\",
    "\r\n", "\r", "\x85", "\u2028", "\ufeff", "\x00", "\x07", "\x7f", "é", "日", "🎉", "\ud800", "\uffff",
    "\\ud83c",
    ": ", "- ", "? ", "\n  ", "\n\t", "\n---\n", "\n...\n", "<<: ", "*a", "&a ", "!!int ", "!!str ", "!x ", "|\n",
    ">-\n", "# c\n", "true", "null", "2e-5", "0x", ".inf", "batch: ", "effective: ", "hardware: ", "{a: 1}",
    "[1, 2]",
]  # fmt: skip


def inside(span: Span) -> bool:
    """Whether a span starts and ends in its text; a finding may point just behind the end of a line."""
    lines = span.source.lines()
    ordered = (span.line, span.column) <= (span.end_line, span.end_column)
    return (
        ordered
        and 1 <= span.line <= span.end_line <= len(lines)
        and 1 <= span.column <= len(lines[span.line - 1]) + 1
        and 1 <= span.end_column <= len(lines[span.end_line - 1]) + 2
    )


@settings(max_examples=1500, deadline=None)
@given(
    text=st.lists(st.sampled_from(TOKENS), max_size=25).map("".join) | st.text(max_size=40),
    name=st.sampled_from(["train.yaml", "train.json"]),
)
@example(text="\ud800", name="train.yaml")
@example(text="\ufeff\ufeffa: 1", name="train.yaml")
@example(text="a: 1\n\x00", name="train.yaml")
@example(text="{" * 200, name="train.json")
@example(text="0x" + "f" * 4000, name="train.yaml")
@example(text="configlint: 0x" + "f" * 4000, name="train.yaml")
def test_no_text_makes_the_reader_fail_and_all_places_lie_in_it(text: str, name: str) -> None:
    source = Source(name, text)
    node, found = read(source)
    if isinstance(node, Mapping):
        found = [*found, *validate(node)]
    for diagnostic in found:
        assert inside(diagnostic.span), diagnostic
        assert diagnostic.message.isprintable()
    if node is not None:
        plain(node)
        assert all(inside(each.span) for each in nodes(node))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=60))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    source = decode("train.yaml", data)
    if isinstance(source, Source):
        read(source)
    else:
        assert inside(source.span)
