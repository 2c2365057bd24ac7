"""The check of the vocabulary: its findings, and the names that it accepts."""

import ast

import pytest

from scripts.check_vocabulary import ROOT, check_docstrings, check_names, check_test_names, snake_case

MODULE = ROOT / "models" / "example.py"
TEST = ROOT / "tests" / "test_example.py"


def names(source):
    return [each.text for each in check_names(MODULE, ast.parse(source))]


def docstrings(docstring, path=MODULE, decorator=""):
    return [
        each.text
        for each in check_docstrings(path, ast.parse(f'{decorator}\ndef f():\n    """{docstring}"""'))
    ]


@pytest.mark.parametrize(
    "source",
    [
        "class Ledger: ...",
        "class OrderPoints: ...",
        "def take_letters(): ...",
        "def f(*, told_of): ...",
        "self._speaker = 1",
        "SAID: int = 1",
        "for letter in x: ...",
        "import x as books",
        "try: ...\nexcept E as said: ...",
    ],
)
def test_retired_word_in_a_name_is_found(source):
    assert len(names(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "class DeadLetterTopic: ...",
        "def f(dead_letters): ...",
        "support_desk = order_gap = 1",
        "mind.said",  # is read, not defined
        "accounted = deskew = 1",  # parts of words
    ],
)
def test_name_without_retired_words_passes(source):
    assert names(source) == []


def test_message_names_the_place_and_the_replacement():
    (found,) = check_names(MODULE, ast.parse("\nvault = 1"))
    assert str(found) == "models/example.py:2: `vault`: not `vault`, but erased_ids"


@pytest.mark.parametrize("text", ["Give the id of it.", "Say it to all.", "Let a fact wait.", "Stop."])
def test_poor_docstring_is_found(text):
    assert len(docstrings(text)) == 1


@pytest.mark.parametrize("text", ["Return the id.", "Letters are not read here.", "Stop and close."])
def test_good_docstring_passes(text):
    assert docstrings(text) == []


def test_override_and_test_may_have_a_short_docstring():
    assert docstrings("Stop.", decorator="@override") == docstrings("Stop.", path=TEST) == []


@pytest.mark.parametrize(("length", "found"), [(60, 0), (61, 1)])
def test_length_of_a_test_name_is_limited(length, found):
    source = f"def test_{'x' * (length - len('test_'))}(): ..."
    assert len([*check_test_names(TEST, ast.parse(source))]) == found


@pytest.mark.parametrize(
    ("name", "expected"),
    [("_OldLetters", "old_letters"), ("SLAKinds", "sla_kinds"), ("MBG_NBD", "mbg_nbd"), ("x2Y", "x2_y")],
)
def test_name_is_split_into_words(name, expected):
    assert snake_case(name) == expected
