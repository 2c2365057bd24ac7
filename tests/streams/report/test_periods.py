"""Test the choice of a report's period."""

import pytest
from msgspec.structs import replace

from models.definitions.definitions import Definitions
from streams.errors import RetentionError
from streams.report.explanation import queries
from streams.report.numbers import Numbers
from streams.report.periods import PeriodName, choose, days_of, kind_of, short_of
from tests.support.partitions import Shop
from tests.support.reports import PERIODS, WEEK, numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of(Shop(PERIODS))


def test_kind_is_the_latest_period_that_is_over(numbers):
    subject = choose(numbers, "week")
    assert (subject.period.label, subject.period.basis) == (WEEK, "as_now")
    assert subject.before.label == "2026-02-16"
    assert (subject.window, subject.against) == ("7d", "1w")


def test_label_is_its_period_even_while_it_runs(numbers):
    subject = choose(numbers, "2026-03")
    assert (subject.kind, subject.period.basis, subject.before.label) == ("month", "running", "2026-02")
    assert (subject.window, subject.against) == ("30d", "4w")


def test_window_takes_the_place_of_a_kind_without_periods():
    subject = choose(numbers_of(Shop()), "month")
    assert (subject.period, subject.before, subject.window) == (None, None, "30d")


@pytest.mark.parametrize("text", ["quarter", "2026-Q1", "2026", "2020-01", "2026-03-03"])
def test_period_without_series_is_an_error(numbers, text):
    with pytest.raises(RetentionError):
        choose(numbers, text)


def test_label_without_configured_periods_is_an_error():
    with pytest.raises(RetentionError, match="no month is computed"):
        choose(numbers_of(Shop(Definitions())), "2026-02")


def test_kind_without_periods_and_window_is_an_error():
    with pytest.raises(RetentionError, match="neither a calendar week nor the window 7d is computed"):
        choose(numbers_of(Shop(Definitions(windows=("30d",)))), "week")


@pytest.mark.parametrize("text", ["", "fortnight", "2026-W10", "26-10", "2026-Q5"])
def test_text_that_names_no_period_is_invalid(text):
    with pytest.raises(ValueError, match="neither a kind"):
        kind_of(text)


def test_days_of_a_week_may_span_two_months():
    assert days_of(PeriodName("week", "2026-02-23", "as_now")) == "23 February to 1 March 2026"
    assert days_of(PeriodName("week", "2026-03-02", "as_now")) == "2 to 8 March 2026"
    assert days_of(PeriodName("month", "2026-03", "as_now")) == ""


def test_short_labels_fit_an_axis():
    labels = {"week": "2026-03-02", "month": "2026-03", "quarter": "2026-Q1", "year": "2026"}
    short = [short_of(PeriodName(kind, label, "as_now")) for kind, label in labels.items()]
    assert short == ["2 Mar", "Mar", "Q1", "2026"]


def test_numbers_without_any_series_have_no_instant():
    assert Numbers(()).as_of is None
    assert Numbers(()).currency == ""


@pytest.mark.parametrize("window", ["7d", "14d"])
def test_period_is_explained_if_its_window_is_computed(window):
    shop = Shop(replace(PERIODS, windows=(window,)))
    assert choose(numbers_of(shop), "week").is_explained == (window == "7d")


@pytest.mark.parametrize(("text", "latest"), [("month", True), ("2026-03", True), ("2026-01", False)])
def test_only_the_latest_period_is_explained(numbers, text, latest):
    subject = choose(numbers, text)
    assert subject.is_latest == latest
    assert bool(queries(subject)) == latest
