"""Which known name a word is taken for."""

from __future__ import annotations

import re

import pytest
from conftest import plan
from hypothesis import given
from hypothesis import strategies as some

from configlint.core.wording import misspelt, nearest, one_off
from configlint.knowledge import names as profiles
from configlint.knowledge.naming import ALIASES

ACCELERATORS = profiles("hardware")
ARGUMENTS = plan('batch: {effective: 64}\ntransformers: "5.23"\n').release.arguments
OPTIMIZERS = tuple(choice for choice in ARGUMENTS["optim"].choices if isinstance(choice, str))
MODELS = ("gpt2", "llama-3.1-8b", "phi-4", "phi-4-mini", "qwen2.5-7b", "qwen3-8b")
STAGES = ("ddp", "fsdp", "zero0", "zero1", "zero2", "zero3")
LISTS = (ACCELERATORS, OPTIMIZERS, MODELS, STAGES, tuple(ARGUMENTS))

lists = some.sampled_from(LISTS)
names = lists.flatmap(lambda known: some.tuples(some.just(known), some.sampled_from(known)))
words = some.text("abcdefghijklmnopqrstuvwxyz0123456789_-. ", max_size=20)


def numbers(name: str) -> set[str]:
    return set(re.findall(r"\d+", name))


def bare(name: str) -> str:
    return re.sub(r"[-_. ]", "", name.lower())


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("rtx4090", ACCELERATORS, "rtx-4090"),
        ("A100_80GB", ACCELERATORS, "a100-80gb"),
        ("qwen25-7b", MODELS, "qwen2.5-7b"),
        ("lama-3.1-8b", MODELS, "llama-3.1-8b"),
        ("zero_3", STAGES, "zero3"),
        ("adamw_toch", OPTIMIZERS, "adamw_torch"),
        ("adamw", ("grokadamw", "adamw_torch"), "adamw_torch"),
        ("learning_rat", tuple(ARGUMENTS), "learning_rate"),
    ],
)
def test_a_misspelt_name_is_the_one_that_was_meant(word: str, known: tuple[str, ...], meant: str) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("rtx-1080", ACCELERATORS),
        ("rtx-4085", ACCELERATORS),
        ("phi-2", MODELS),
        ("llama-3.2-8b", MODELS),
        ("zero4", STAGES),
        ("adam_beta3", tuple(ARGUMENTS)),
        ("", tuple(ARGUMENTS)),
    ],
)
def test_another_number_is_no_misspelling(word: str, known: tuple[str, ...]) -> None:
    assert nearest(word, known) is None
    assert one_off(word, known) is None


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("trian.py", "train.py"),
        ("trainsft.py", "train-sft.py"),
        ("train-stf.py", "train-sft.py"),
        ("evl_v1.py", None),
    ],
)
def test_a_file_is_misspelt_by_a_letter_or_in_case_and_hyphens(word: str, meant: str | None) -> None:
    assert misspelt(word, ("eval_v2.py", "train-sft.py", "train.py")) == meant


@pytest.mark.parametrize("word", ["train_dpo.py", "pretrain.py", "train_utils.py", "run.py", ""])
def test_a_longer_name_is_that_of_another_file(word: str) -> None:
    assert misspelt(word, ("train-sft.py", "train.py")) is None


@given(lists, words)
def test_what_is_suggested_has_no_number_that_was_not_written(known: tuple[str, ...], word: str) -> None:
    meant = nearest(word, known)
    assert meant is None or (meant in known and (numbers(meant) <= numbers(word) or bare(meant) == bare(word)))


@given(names, some.sampled_from(["", "-", "_"]))
def test_case_and_separators_do_not_count(name: tuple[tuple[str, ...], str], separator: str) -> None:
    known, meant = name
    assert nearest(re.sub("[-_.]", separator, meant).upper(), known) == meant


@given(names, some.data())
def test_a_name_without_one_of_its_letters_is_known_again(
    name: tuple[tuple[str, ...], str], data: some.DataObject
) -> None:
    known, meant = name
    letters = [index for index, letter in enumerate(meant) if letter.isalpha()]
    index = data.draw(some.sampled_from(letters))
    word = meant[:index] + meant[index + 1 :]
    found = nearest(word, known)
    assert found is not None or len(meant) < 5
    assert found is None or numbers(found) <= numbers(word) or bare(found) == bare(word)


@given(some.from_regex(r"[a-z]{3,8}", fullmatch=True), words, words)
def test_a_name_that_begins_with_the_word_wins_over_one_that_contains_it(
    word: str, before: str, after: str
) -> None:
    longer, stranger = f"{word}_torch", f"x{re.sub('[0-9]', '', before)}{word}{re.sub('[0-9]', '', after)}"
    assert (
        nearest(word, [stranger, longer]) != stranger or stranger.startswith(word) or bare(stranger) == bare(word)
    )


@pytest.mark.parametrize("path", ALIASES)
def test_an_alias_stands_for_a_choice_and_is_none_itself(path: str) -> None:
    choices = ARGUMENTS[path.removeprefix("training.")].choices
    for word, meant in ALIASES[path].items():
        assert word not in choices, word
        assert meant in choices, word
