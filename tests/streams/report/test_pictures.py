"""Test the pictures of a report: scales, and that everything lies inside."""

from math import nan

import pytest

from streams.report import pictures
from streams.report.trend import Share, TrendRow

UNKNOWN = Share(nan, None, None)


def row(stayed=UNKNOWN, net=100.0, lost=3.0, label="1 Jan", *, is_subject=False):
    return TrendRow(
        label=label, stayed=stayed, retained=5.0, new=2.0, reactivated=1.0, lost=lost, net=net, late=UNKNOWN,
        is_subject=is_subject,
    )  # fmt: skip


ROWS = [row(Share(0.2, 0.1, 0.3)), row(), row(Share(0.4, 0.3, 0.55), net=-20, is_subject=True)]


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [
        (0.32, 0.55, [0.3, 0.4, 0.5, 0.6]),
        (0, 0, [0, 0.5]),
        (-344, 713, [-500, 0, 500, 1000]),
        (0, 11_429, [0, 5000, 10_000, 15_000]),
        (0.5, 0.5, [0.4, 0.6]),
    ],
)
def test_steps_are_round_and_enclose_the_values(low, high, steps):
    found = pictures._steps(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert len(found) <= 6
    assert found == pytest.approx(steps)


@pytest.mark.parametrize("over_time", [True, False])
def test_shares_are_drawn_inside_the_picture(over_time):
    picture = pictures.shares(ROWS, "Stayed", of="stayed", over_time=over_time)
    assert len(picture.findall("circle")) == 2
    assert len(picture.findall("polyline")) == over_time
    for circle in picture.findall("circle"):
        assert 0 < float(circle.get("cx")) < 308
        assert 0 < float(circle.get("cy")) < 158


def test_picture_without_any_share_is_none():
    assert pictures.shares([row(), row()], "Stayed", of="stayed", over_time=True) is None


def test_bars_have_no_negative_height():
    for picture in (pictures.customers(ROWS, "Customers"), pictures.money(ROWS, "Net", "USD")):
        assert picture.findall("rect")
        assert all(float(bar.get("height")) >= 0 for bar in picture.findall("rect"))


def test_empty_shop_has_pictures():
    rows = [row(net=0.0, lost=0.0)]
    assert pictures.money(rows, "Net", "USD") is not None
    assert pictures.customers(rows, "Customers") is not None


def test_long_trend_labels_some_periods_and_the_subject():
    rows = [*(row(label=f"{number} Jan") for number in range(12)), row(label="last", is_subject=True)]
    labels = [text.text for text in pictures.money(rows, "Net", "USD").findall("text")]
    assert "last" in labels
    assert sum(label.endswith("Jan") for label in labels) == 6
