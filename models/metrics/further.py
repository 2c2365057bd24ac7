"""Metrics that a shop chooses with the setting `further_metrics` (docs/metrics.md, "Further metrics")."""

from collections.abc import Iterator
from typing import Final

from models.aggregation.aggregates import channels_of
from models.definitions.further_metrics import ORDER_KINDS, REVIEW_RATE, SECOND_ORDER
from models.definitions.windows import Window
from models.metrics.retention import net_revenue
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals, quantiles

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_orders_by_kind": CatalogueEntry(
        "Orders by whether they are the customer's first one.", ("window", "orders")
    ),
    "retention_net_revenue_by_kind": CatalogueEntry(
        "Order amounts less refunds, by whether the order is the customer's first one.",
        ("window", "currency", "orders"),
    ),
    "retention_second_order_seconds": CatalogueEntry(
        "Time from a customer's first order to the second one.", ("window", "quantile")
    ),
    "retention_second_order_mean_seconds": CatalogueEntry(
        "Mean time from a customer's first order to the second one.", ("window",)
    ),
    "retention_review_ratio": CatalogueEntry(
        "Orders with a review, of those delivered 30 days before the window.", ("window",)
    ),
}


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of the chosen families. None unless the configuration names one."""
    chosen = totals.definitions.further_metrics
    for window in totals.windows if chosen else ():
        if ORDER_KINDS in chosen:
            yield from _order_kinds(totals, window)
        if SECOND_ORDER in chosen:
            yield from _second_orders(totals, window)
        if REVIEW_RATE in chosen:
            yield _reviews(totals, window)


def _order_kinds(totals: Totals, window: Window) -> Iterator[Sample]:
    hours, channels = window.hours, channels_of(totals.definitions)
    orders, first = (
        sum(totals.sum(hours, series, channel) for channel in channels) for series in ("orders", "first")
    )
    first_net = totals.money(hours, "first_net")
    labels = {"window": window.name}
    money = labels | {"currency": totals.definitions.base_currency}
    for kind, number, net in (
        ("first", first, first_net),
        ("repeat", orders - first, net_revenue(totals, hours) - first_net),
    ):
        yield Sample("retention_orders_by_kind", labels | {"orders": kind}, number)
        yield Sample("retention_net_revenue_by_kind", money | {"orders": kind}, net)


def _second_orders(totals: Totals, window: Window) -> Iterator[Sample]:
    labels, name = {"window": window.name}, ("second_order",)
    yield from quantiles(totals, window, "retention_second_order_seconds", labels, name)
    durations = totals.durations(window, name)
    yield ratio("retention_second_order_mean_seconds", labels, durations.sum, durations.count)


def _reviews(totals: Totals, window: Window) -> Sample:
    reviewed, delivered = (totals.sum(window.hours, f"review_{name}") for name in ("reviewed", "delivered"))
    return ratio("retention_review_ratio", {"window": window.name}, reviewed, delivered)
