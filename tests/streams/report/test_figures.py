"""Test the texts of numbers in a report, and of their changes."""

import doctest
from math import nan

import pytest
from msgspec.structs import replace

from models.metrics.samples import Sample, ratio
from streams.report import figures, markup, numbers, periods
from streams.report.figures import Figure, written
from streams.report.numbers import Number, Numbers

NOTHING = Number(None)


def share(hits, number):
    return Numbers.of_samples([ratio("retention_churn_ratio", {}, hits, number)], 0).of(
        "retention_churn_ratio"
    )


def plain(value):
    return Numbers.of_samples([Sample("retention_orders", {}, value)], 0).of("retention_orders")


def figure(now, before=NOTHING, unit="share", good="up"):
    return Figure(title="Stayed", unit=unit, good=good, now=now, before=before)


@pytest.mark.parametrize("module", [figures, markup, numbers, periods])
def test_examples_hold(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "duration", "0s"),
        (59, "duration", "59s"),
        (59.6, "duration", "1m"),
        (59 * 60, "duration", "59m"),
        (3600, "duration", "1h 00m"),
        (25 * 3600, "duration", "25h 00m"),
        (400 * 86_400, "duration", "400d 0h"),
        (50 * 3600, "duration", "2d 2h"),
        (1234.5, "money", "1,234 EUR"),
        (-3.5, "money", "\N{MINUS SIGN}3.50 EUR"),
        (-0.001, "money", "0.00 EUR"),
        (12_345, "number", "12,345"),
        (-12.25, "score", "\N{MINUS SIGN}12.2"),
        (1.0, "share", "100.0 %"),
        (nan, "share", "no data yet"),
    ],
)
def test_number_is_written_in_its_unit(value, unit, text):
    assert written(value, unit, "EUR" if unit == "money" else "") == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (34.5, "USD", "34.50 USD"),
        (345, "JPY", "345 JPY"),
        (3.4567, "KWD", "3.457 KWD"),
        (1234.5, "KWD", "1,234 KWD"),
    ],
)
def test_money_has_the_decimals_of_its_currency(value, currency, text):
    assert written(value, "money", currency) == text


def test_share_has_its_bounds():
    assert figure(share(8, 10)).bounds == "49.0\N{EN DASH}94.3 %"
    assert figure(plain(8), unit="number").bounds == ""


def test_change_of_a_share_may_be_chance():
    found = figure(share(52, 100), share(48, 100))
    assert (found.change, found.may_be_chance, found.judgement) == ("+4.0 points", True, "none")


def test_change_of_a_share_beyond_chance_is_judged():
    assert figure(share(700, 1000), share(500, 1000)).judgement == "good"
    assert figure(share(700, 1000), share(500, 1000), good="down").judgement == "bad"
    assert figure(share(500, 1000), share(700, 1000)).judgement == "bad"
    assert figure(share(700, 1000), share(500, 1000), good="either").judgement == "none"


@pytest.mark.parametrize(
    ("now", "before", "change", "judgement"),
    [
        (1100, 1000, "+10 %", "good"),
        (900, 1000, "\N{MINUS SIGN}10 %", "bad"),
        (110, 100, "+10 %", "none"),
        (1500, 100, "\N{MULTIPLICATION SIGN}15", "good"),
        (100, 100, "no change", "none"),
        (5, 0, "from 0", "none"),
        (0, 0, "no change", "none"),
        (5, nan, "no data before", "none"),
    ],
)
def test_change_of_a_number_is_a_share_of_the_one_before(now, before, change, judgement):
    found = figure(plain(now), plain(before), unit="number")
    assert (found.change, found.judgement) == (change, judgement)


def test_change_of_a_small_count_may_be_chance():
    assert figure(plain(7), plain(3), unit="number").may_be_chance
    assert not figure(plain(70), plain(30), unit="number").may_be_chance


def test_money_is_not_judged_if_its_orders_changed_by_chance():
    few, many = (figure(plain(number), plain(3 * number), unit="number") for number in (3, 300))
    net = figure(plain(100), plain(300), unit="money")
    assert replace(net, counted=few).judgement == "none"
    assert replace(net, counted=figure(plain(7), plain(7), unit="number")).judgement == "none"
    assert replace(net, counted=many).judgement == "bad"


def test_score_of_few_answers_is_not_judged():
    few, many = (
        Numbers.of_samples([ratio("retention_nps", {}, 100 * 0.4 * number, number)], 0).of("retention_nps")
        for number in (10, 1000)
    )
    before = plain(20)
    assert figure(few, before, unit="score").judgement == "none"
    assert figure(many, before, unit="score").judgement == "good"
