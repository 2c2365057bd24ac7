"""Patterns of settings: linear time, the classes of Unicode, and errors that name the cause."""

import time

import pytest

from streams.patterns import InvalidPattern, compile_pattern


def test_group_of_a_match_is_read():
    assert compile_pattern("([0-9]+)$").search("gid://shop/Customer/7")[1] == "7"
    assert compile_pattern("a(b)?").search("xa")[1] is None


def test_character_classes_are_those_of_unicode():
    assert compile_pattern(r"\w+").search("Jörg 7")[0] == "Jörg"
    assert compile_pattern("(?i)straße").fullmatch("STRAßE") is not None


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a*)*b", "(.*a){12}b"])
def test_pattern_that_would_backtrack_is_linear(pattern):
    began = time.process_time()
    compile_pattern(pattern).search("a" * 100_000 + "!")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?<!a)b", "(?!retention)shop", "a++"])
def test_pattern_that_needs_backtracking_is_refused(pattern):
    with pytest.raises(InvalidPattern) as refused:
        compile_pattern(pattern)
    assert "needs backtracking" in refused.value.problem
    assert "look-around" in refused.value.hint


def test_text_that_is_no_pattern_names_the_place():
    with pytest.raises(InvalidPattern, match=r"is not a regular expression: missing .* position 0"):
        compile_pattern("(")
