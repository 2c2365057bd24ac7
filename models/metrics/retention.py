"""Metrics of retention, customer value and refunds (docs/metrics.md, "Retention" and "Refunds")."""

from collections.abc import Iterator
from typing import Final

from models.aggregation.aggregates import channels_of, long_windows
from models.definitions.windows import Window
from models.entities.exposures import ANY, EXPOSURES
from models.metrics.samples import CatalogueEntry, Sample, divide, ratio
from models.metrics.totals import Totals

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_customers": CatalogueEntry("Customers by set in the window.", ("window", "set")),
    "retention_rate_ratio": CatalogueEntry(
        "Customers who stayed, of those active a window ago.", ("window", "method")
    ),
    "retention_churn_ratio": CatalogueEntry("Customers lost, of those active a window ago.", ("window",)),
    "retention_channel_rate_ratio": CatalogueEntry(
        "Customers who stayed, of those active a window ago, by the channel they first came by.",
        ("window", "channel"),
    ),
    "retention_experiment_rate_ratio": CatalogueEntry(
        "Customers who stayed, of those active a window ago, by the variant that they had seen by then.",
        ("window", "experiment", "variant"),
    ),
    "retention_churn_by_exposure_ratio": CatalogueEntry(
        "Customers lost, of those active a window ago who had this exposure in the window before.",
        ("window", "exposure"),
    ),
    "retention_returning_customer_ratio": CatalogueEntry(
        "Active customers with two orders or more.", ("window", "method")
    ),
    "retention_orders": CatalogueEntry("Orders neither cancelled nor fully refunded.", ("window",)),
    "retention_purchase_frequency": CatalogueEntry("Orders for each active customer.", ("window",)),
    "retention_referred_orders": CatalogueEntry(
        "Orders that name another customer as referrer.", ("window",)
    ),
    "retention_net_revenue": CatalogueEntry("Order amounts less refunds.", ("window", "currency")),
    "retention_referred_revenue": CatalogueEntry("Net revenue of referred orders.", ("window", "currency")),
    "retention_average_order_value": CatalogueEntry(
        "Net revenue for each order.", ("window", "currency", "orders")
    ),
    "retention_customer_lifetime_value": CatalogueEntry(
        "Order value x purchase frequency x retention rate, of a year.",
        ("currency", "method"),
    ),
    "retention_realised_value": CatalogueEntry(
        "Net revenue for each customer who ever ordered.", ("currency",)
    ),
    "retention_refund_ratio": CatalogueEntry("Orders, or their value, refunded.", ("window", "basis")),
}


class Cohorts:
    """The sizes of the sets of customers of one window.

    Args:
        totals: the totals.
        window: the window, of W hours.
        channels: channels of the first orders to count.

    Attributes:
        start: customers active in the W hours before the window.
        end: customers active in the window.
        new: customers whose first order is in the window.
        retained: customers in both `start` and `end`.
        lost: customers in `start` but not in `end`.
        reactivated: customers in `end` who are neither in `start` nor new.
        orders: orders in the window.
    """

    def __init__(self, totals: Totals, window: Window, channels: tuple[str, ...]) -> None:
        once, twice = window.hours, 2 * window.hours
        classes = [
            index for index, other in enumerate(long_windows(totals.definitions)) if other.hours <= once
        ]

        def count(hours: int, name: str, *rest: str) -> int:
            return sum(totals.sum(hours, name, channel, *rest) for channel in channels)

        pairs = sum(count(twice, "opened", str(i)) - count(once, "closed", str(i)) for i in classes)
        self.end = count(once, "last")
        self.start = count(twice, "orders") - count(once, "orders") - pairs
        self.new = count(once, "first")
        # Active in either window, less those active only in one of them.
        self.retained = self.start + self.end - count(twice, "last")
        self.lost = self.start - self.retained
        self.reactivated = self.end - self.retained - self.new
        self.orders = count(once, "orders")

    def rate(self, method: str) -> tuple[int, int]:
        """Return the numerator and the denominator of the retention rate."""
        return (self.retained if method == "cohort" else self.end - self.new), self.start


METHODS: Final = ("cohort", "textbook")
SETS: Final = ("start", "end", "new", "retained", "lost", "reactivated")


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of every window, and those without a window."""
    channels = channels_of(totals.definitions)
    for window in totals.windows:
        cohorts = Cohorts(totals, window, channels)
        yield from _customers(cohorts, window.name)
        for channel in channels:
            yield ratio(
                "retention_channel_rate_ratio",
                {"window": window.name, "channel": channel},
                *Cohorts(totals, window, (channel,)).rate("cohort"),
            )
        yield from _variants(totals, window)
        yield from _exposures(totals, cohorts, window)
        yield from _returning(totals, cohorts, window)
        yield from _orders(totals, cohorts, window)
        yield from _refunds(totals, window)
    yield from _value(totals, Cohorts(totals, totals.year, channels), channels)


def _customers(cohorts: Cohorts, window: str) -> Iterator[Sample]:
    for name in SETS:
        yield Sample("retention_customers", {"window": window, "set": name}, getattr(cohorts, name))
    for method in METHODS:
        yield ratio("retention_rate_ratio", {"window": window, "method": method}, *cohorts.rate(method))
    yield ratio("retention_churn_ratio", {"window": window}, cohorts.lost, cohorts.start)


def _exposed(totals: Totals, window: Window, exposure: str) -> tuple[int, int]:
    """Return the exposed customers in `start`, and the retained ones: sums up to the hour H - W."""

    def until_then(series: str) -> int:
        full = (f"exposed_{series}", exposure, str(window.hours))
        return totals.all_time(*full) - totals.sum(window.hours, *full)

    return until_then("start"), until_then("stayed")


def _variants(totals: Totals, window: Window) -> Iterator[Sample]:
    for experiment, variant in totals.variants.names():
        start, stayed = totals.variants.customers(experiment, variant, window)
        if start:
            labels = {"window": window.name, "experiment": experiment, "variant": variant}
            yield ratio("retention_experiment_rate_ratio", labels, stayed, start)


def _exposures(totals: Totals, cohorts: Cohorts, window: Window) -> Iterator[Sample]:
    for exposure in EXPOSURES:
        start, stayed = _exposed(totals, window, exposure)
        labels = {"window": window.name, "exposure": exposure}
        yield ratio("retention_churn_by_exposure_ratio", labels, start - stayed, start)
    start, stayed = _exposed(totals, window, ANY)
    labels = {"window": window.name, "exposure": "none"}
    lost = cohorts.lost - (start - stayed)
    yield ratio("retention_churn_by_exposure_ratio", labels, lost, cohorts.start - start)


def _returning(totals: Totals, cohorts: Cohorts, window: Window) -> Iterator[Sample]:
    # Customers in `end` without any other order are those whose only order is in the window.
    twice_ever = cohorts.end - totals.sum(window.hours, "only")
    for method, returning in (("window", totals.sum(window.hours, "second")), ("lifetime", twice_ever)):
        labels = {"window": window.name, "method": method}
        yield ratio("retention_returning_customer_ratio", labels, returning, cohorts.end)


def net_revenue(totals: Totals, hours: int) -> float:
    """Return the net of the qualifying orders of the last event hours, major units of the base currency."""
    # Both sums cover all orders that are not cancelled. Fully refunded orders add nothing.
    return totals.money(hours, "amount") - totals.money(hours, "taken")


def _orders(totals: Totals, cohorts: Cohorts, window: Window) -> Iterator[Sample]:
    only = {"window": window.name}
    money = only | {"currency": totals.definitions.base_currency}
    hours, orders = window.hours, cohorts.orders
    net, first_net = net_revenue(totals, hours), totals.money(hours, "first_net")
    yield Sample("retention_orders", only, orders)
    yield ratio("retention_purchase_frequency", only, orders, cohorts.end)
    yield Sample("retention_referred_orders", only, totals.sum(hours, "referred"))
    yield Sample("retention_net_revenue", money, net)
    yield Sample("retention_referred_revenue", money, totals.money(hours, "referred_net"))
    for name, value, number in (
        ("all", net, orders),
        ("first", first_net, cohorts.new),
        ("repeat", net - first_net, orders - cohorts.new),
    ):
        yield ratio("retention_average_order_value", money | {"orders": name}, value, number)


def _refunds(totals: Totals, window: Window) -> Iterator[Sample]:
    hours = window.hours
    placed = totals.sum(hours, "placed")
    for basis, part, whole in (
        ("orders", totals.sum(hours, "refunded_any"), placed),
        ("full", totals.sum(hours, "refunded_full"), placed),
        ("value", totals.money(hours, "taken"), totals.money(hours, "amount")),
    ):
        yield ratio("retention_refund_ratio", {"window": window.name, "basis": basis}, part, whole)


def _value(totals: Totals, year: Cohorts, channels: tuple[str, ...]) -> Iterator[Sample]:
    currency = {"currency": totals.definitions.base_currency}
    net = net_revenue(totals, totals.year.hours)
    for method in METHODS:
        value = divide(net, year.orders) * divide(year.orders, year.end) * divide(*year.rate(method))
        yield Sample("retention_customer_lifetime_value", currency | {"method": method}, value)
    realised = totals.all_time_money("amount") - totals.all_time_money("taken")
    customers = sum(totals.all_time("last", channel) for channel in channels)
    yield ratio("retention_realised_value", currency, realised, customers)
