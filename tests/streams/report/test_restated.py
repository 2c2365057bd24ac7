"""Test what a report says of a period that has changed since its close."""

import pytest
from msgspec.structs import replace

from models.metrics.samples import Sample
from streams.report import html_form, markdown_form, text_form
from streams.report.numbers import Numbers
from streams.report.periods import PeriodName
from streams.report.restated import restatement_of
from streams.report.sections import Source
from tests.support.reports import WEEK, filled_numbers, report_of


@pytest.fixture(scope="module")
def known():
    return filled_numbers().metrics()


def frozen(metric, less=0.0):
    """Return a record of the week as it was at the close, smaller by a number."""
    value = None if metric.value is None else metric.value - less
    return replace(metric, labels=metric.labels | {"basis": "as_closed"}, value=value)


def closed(known, less=0.0, **reasons):
    """Return the numbers of a source that has frozen the week."""
    week = [metric for metric in known if metric.labels.get("period") == WEEK]
    labels = {"kind": "week", "period": WEEK}
    changes = [Sample("retention_period_changes", labels | {"cause": name}, n) for name, n in reasons.items()]
    counted = Numbers.of_samples(changes, 0).metrics()
    return Numbers([*counted, *known, *(frozen(metric, less) for metric in week)])


def reported(numbers):
    return report_of(source=Source(now=numbers, before=Numbers(())))


def test_changed_values_are_named_with_their_reasons(known):
    [notice] = reported(closed(known, less=1, refunded=3, merged=1)).notices
    assert notice == (
        "Week of 23 February 2026 was closed with other values: retained 11 (now 12), orders 11 (now 12), "
        "net revenue 359.00 USD (now 360.00 USD). Since then: 3 refunds, 1 change by a merge."
    )


def test_changed_definitions_are_a_cause(known):
    restatement = reported(closed(known, less=1, configuration=1, late=2)).restated
    assert restatement.reasons == ("2 late events", "a change of the definitions")


def test_counts_cleared_by_a_reset_leave_no_reasons(known):
    assert reported(closed(known, less=1)).notices[0].endswith("(now 360.00 USD).")


@pytest.mark.parametrize("form", [text_form, markdown_form, html_form], ids=lambda form: form.__name__)
def test_every_form_has_the_changed_values(known, form):
    text = form.write(reported(closed(known, less=1, refunded=3)))
    for part in ("Changed since the close", "as closed", "359.00 USD", "+1.00 USD", "3 refunds"):
        assert part in text


def test_unchanged_values_are_not_named(known):
    report = reported(closed(known, refunded=2))
    assert (report.restated, report.notices) == (None, [])


def test_difference_that_rounds_to_nothing_is_not_named(known):
    assert reported(closed(known, less=-1e-9)).restated is None


def test_period_that_is_not_closed_yet_is_marked(known):
    later = replace(known[0], metric="retention_period_orders", value=1.0, labels={
        "kind": "week", "period": "2026-02-16", "basis": "as_closed"})  # fmt: skip
    assert reported(Numbers([*known, later])).subtitle.endswith("not closed yet")
    assert "closed" not in reported(Numbers(known)).subtitle
    assert "closed" not in reported(closed(known)).subtitle


def test_running_period_has_no_restatement(known):
    assert restatement_of(closed(known, less=1), PeriodName("week", WEEK, "running")) is None
