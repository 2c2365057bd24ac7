"""Compiled expressions have the results of JMESPath's own interpreter."""

import re
from itertools import product

import jmespath
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.mapping import expressions
from streams.mapping.expressions import compilable, compiled, parse, paths
from streams.mapping.record_access import Rows, Shape

NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["", "x", "xy", "1"]), st.just(1.5)
)
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=3)

PATHS = ["a", "a.b", "a.b.c", "a[0]", "a[1].b", "a.b[0].c", "@.a", "b.c"]
#: Of two values, whatever they are.
OF_TWO = ["a == b", "a < b", "a >= b", "contains(a, b)", "starts_with(a, b)", "ends_with(a, b)"]
KINDS = [None, True, 0, 1.5, "", "x", "xy", [], ["x", 1.5], {}]
CONDITIONS = [
    *OF_TWO,
    "a != b.c",
    "a == `true`",
    "a == `1`",
    "a == 'x'",
    "a > `0`",
    "a.b <= `1`",
    "a && b",
    "a || b",
    "!a",
    "a && !b || c == 'x'",
    "contains(a, 'x')",
    'contains(`[1, "x"]`, a)',
    "starts_with(a, 'x')",
    "ends_with(a.b, 'y')",
    "not_null(a, b.c)",
]
INTERPRETED = ["a[].b", "a[?b == 'x'].c | [0]", "length(a)", "to_string(a)", "keys(@)"]


def interpreted(text, record):
    """JMESPath's own result; None where it raises (a function of a missing field, text > 1)."""
    try:
        return jmespath.search(text, record)
    except (jmespath.exceptions.JMESPathError, TypeError):
        return None


def shape_of(text):
    return Shape(paths(parse(text)))


@pytest.mark.slow
@given(st.sampled_from(PATHS + CONDITIONS), RECORDS)
@settings(max_examples=250, deadline=None)
@example("a == `true`", {"a": 1})
@example("a != `1`", {"a": True})
@example("a > `0`", {"a": True})
def test_compiled_expression_equals_the_interpreted_one(text, record):
    hold_to_the_interpreter(text, record)


@pytest.mark.parametrize("text", OF_TWO)
def test_comparison_of_any_two_values_equals_jmespath(text):
    for one, other in product(KINDS, repeat=2):
        hold_to_the_interpreter(text, {"a": one, "b": other})


def hold_to_the_interpreter(text, record):
    expression = parse(text)
    assert compilable(expression)
    expected = interpreted(text, record)
    of_rows = compiled(expression, Rows())(record)
    shape = shape_of(text)
    of_shape = compiled(expression, shape)(msgspec.json.decode(msgspec.json.encode(record), type=shape.row))
    assert repr(of_rows) == repr(expected)
    assert repr(of_shape) == repr(expected)


@pytest.mark.parametrize("text", INTERPRETED)
def test_rare_expressions_are_left_to_the_interpreter(text):
    expression = parse(text)
    assert not compilable(expression)
    record = {"a": [{"b": "x", "c": 1}, {"b": "y"}]}
    assert compiled(expression, Rows())(record) == jmespath.search(text, record)


def test_function_of_a_missing_value_is_null():
    assert compiled(parse("length(a)"), Rows())({}) is None


@pytest.mark.parametrize("value", [0, 0.0, "x", [0], {"a": None}, True])
def test_truth_of_a_value_equals_jmespath(value):
    assert expressions.truthy(value) is jmespath.search("!!a", {"a": value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "an empty path names nothing"),
        (" ", "an empty path names nothing"),
        ("a.", "something is missing at its end"),
        ("a[", "something is missing at its end"),
        ("a ==", "something is missing at its end"),
        ("contains(tags, 'B2B'", "something is missing at its end"),
        ("a.b c", "c at character 5 does not belong there"),
        ("a..b", ". at character 3 does not belong there"),
        ("a = b", "= at character 3 does not belong there; what is equal is written =="),
        (
            "$.a",
            "$ at character 1 does not belong there; a name with more than letters, digits and _ in it is",
        ),
        ("order-id", "- at character 6 does not belong there; a name with more than letters"),
        ("name == 'x", "the ' at character 9 is not closed"),
        ('"x', 'the " at character 1 is not closed'),
        ("a && containz(b, 'x')", "there is no function containz; did you mean contains?"),
        ("[?f(a)]", "there is no function f"),
        ("contains(a)", "contains takes 2 in its brackets, not 1"),
        ("not_null()", "not_null takes 1 or more in its brackets, not 0"),
    ],
)
def test_invalid_expression_is_reported_with_its_position(text, expected):
    with pytest.raises(ValueError, match=re.escape(expected)) as error:
        parse(text)
    if text.strip():
        assert str(error.value).startswith(f"{text!r} is no JMESPath expression: {expected}")


def test_known_functions_equal_those_of_jmespath():
    for text in ("not_null(a)", "not_null(a, b, c)", "merge(a, b)", "sort_by(a, &b)", "length(keys(@))"):
        assert parse(text).text == text


def test_fields_of_any_name_are_read():
    record = {"order-id": 1, "7": {"größe": 2}, "a\\b": 3}
    for text, value in (('"order-id"', 1), ('"7"."größe"', 2)):
        shape = shape_of(text)
        found = msgspec.json.decode(msgspec.json.encode(record), type=shape.row)
        assert compiled(parse(text), shape)(found) == value
    with pytest.raises(ValueError, match="field names"):  # for this one, all of a record is read
        shape_of('"a\\\\b"')
