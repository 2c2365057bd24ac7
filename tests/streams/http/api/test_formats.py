"""CSV for spreadsheets: text of producers is not evaluated."""

import csv
import io
import json

import pytest
from msgspec import Struct

from streams.http.api.formats import to_csv


class Row(Struct):
    name: str
    value: float = -1.5
    items: list[str] = []


def cells(name, *, items=(), **options):
    line = json.dumps({"name": name, "value": -1.5, "items": items}).encode()
    [_, found] = csv.reader(io.StringIO(to_csv(Row, [line], **options).decode(), newline=""))
    return found


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t=", "\r=", "\n+", " =", '"=', "\uff1d"])
def test_text_that_is_a_formula_gets_an_apostrophe(first):
    text = f"{first}cmd|' /C calc'!A0"
    assert cells(text)[0].startswith("'")
    assert cells(text)[0].replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    ("text", "shown"), [("a;=1", "a;'=1"), ("a\n=1", "a\n'=1"), ("a\t@b", "a\t'@b"), ("a; =1", "a;' =1")]
)
def test_formula_behind_another_separator_gets_an_apostrophe(text, shown):
    assert cells(text)[0] == shown
    assert cells("x", items=[text.replace("\n", ";").replace("\t", ";")])[2].count("'") == 1


@pytest.mark.parametrize("text", ["c-17", "a=b", "ann@example.com", "a, =b", "", "'=1", "2026-01-01"])
def test_other_text_is_unchanged(text):
    assert cells(text)[0] == text


def test_numbers_stay_numbers():
    assert cells("x", items=["a", "b"]) == ["x", "-1.5", '["a","b"]']


def test_exact_text_is_unchanged():
    assert cells("=1+1", exact=True)[0] == "=1+1"
