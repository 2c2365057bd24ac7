"""Test the sentences about why a ratio moved."""

from datetime import UTC, datetime

import pytest

from models.query.movement_responses import ExposureLimit, Largest, Movement, Side, Term
from streams.report.explanation import explanations_of

AT = datetime(2026, 3, 5, 10, tzinfo=UTC)
CAUTION = "The two windows overlap, so all these intervals are wider than they have to be."


def side(value):
    return Side(at=AT, value=value, numerator=100 * value, denominator=100, low=0.0, high=1.0)


def exposure(name, most, number=100):
    return ExposureLimit(
        exposure=name, before=0.5, before_number=90, before_most=-0.01, after=0.4, after_number=number,
        after_most=most,
    )  # fmt: skip


def movement(effect="rate", exposures=(), *, overlap=False, distinguishable=True, **changed):
    term = Term(
        stratum="2-3", before=0.4, before_number=50, before_weight=0.5, after=0.6, after_number=50,
        after_weight=0.5, rate_effect=0.1, mix_effect=0.0, list=None,
    )  # fmt: skip
    values = {
        "metric": "retention_rate_ratio", "window": "30d", "against": "4w", "by": "tenure", "sla": None,
        "basis": None, "before": side(0.4), "after": side(0.5), "change": 0.1, "low": 0.02, "high": 0.18,
        "caution": None, "restated": None,
    }  # fmt: skip
    return Movement(
        **(values | changed),
        distinguishable=distinguishable,
        overlap=overlap,
        largest=Largest("2-3", effect, 0.1) if distinguishable else None,
        terms=[term],
        exposures=list(exposures),
    )


def sentences(*movements):
    return [list(one.sentences) for one in explanations_of(movements)]


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ("rate", "whose own share changed (rate effect)"),
        ("mix", "whose weight in the total changed (mix effect)"),
    ],
)
def test_largest_part_is_named_in_words(effect, words):
    [[_, largest]] = sentences(movement(effect))
    assert largest == f"The largest part comes from customers with 2-3 orders so far, {words}: +10.0 points."


def test_change_that_may_be_chance_has_no_parts():
    [explanation] = explanations_of([movement(distinguishable=False)])
    assert explanation.sentences[1] == "This may be chance, so no part of it is ranked."
    assert explanation.terms == ()


def test_worst_experience_is_named_with_its_limit():
    found = [exposure("refund", -0.01), exposure("late_delivery", -0.04), exposure("stockout", 0.02)]
    assert sentences(movement(exposures=found))[0][-1] == (
        "Of all bad experiences, a late delivery explains most, at most \N{MINUS SIGN}4.0 points, "
        "\N{MINUS SIGN}1.0 points before."
    )


def test_experience_of_few_customers_is_not_named():
    assert len(sentences(movement(exposures=[exposure("refund", -0.3, number=29)]))[0]) == 2


def test_overlap_of_windows_is_named_once():
    refunds = movement(overlap=True, metric="retention_refund_ratio")
    found = sentences(movement(overlap=True), refunds, movement())
    assert [CAUTION in one for one in found] == [False, True, False]


def test_ratio_that_did_not_change_is_left_out():
    assert explanations_of([movement(change=0.0), movement(change=None)]) == []
