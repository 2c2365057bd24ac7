"""Retention, value and refunds, from the merged sums (docs/metrics.md, "Retention", "Refunds")."""

from collections.abc import Iterator
from typing import Final

from models.aggregation.aggregates import channels_of, long_windows
from models.definitions.windows import Window
from models.entities.exposures import ANY, EXPOSURES
from models.metrics.samples import Sample, divide, ratio
from models.metrics.totals import Totals

CATALOGUE: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "retention_customers": ("Customers by where they stand in the window.", ("window", "set")),
    "retention_rate_ratio": ("Customers who stayed, of those active a window ago.", ("window", "method")),
    "retention_churn_ratio": ("Customers lost, of those active a window ago.", ("window",)),
    "retention_channel_rate_ratio": (
        "Customers who stayed, of those active a window ago, by the channel they first came by.",
        ("window", "channel"),
    ),
    "retention_experiment_rate_ratio": (
        "Customers who stayed, of those active a window ago, by the variant that they had seen by then.",
        ("window", "experiment", "variant"),
    ),
    "retention_churn_by_exposure_ratio": (
        "Customers lost, of those active a window ago who had met this in the window before.",
        ("window", "exposure"),
    ),
    "retention_returning_customer_ratio": ("Active customers with two orders or more.", ("window", "method")),
    "retention_orders": ("Orders neither cancelled nor fully refunded.", ("window",)),
    "retention_purchase_frequency": ("Orders for each active customer.", ("window",)),
    "retention_referred_orders": ("Orders that name another customer as referrer.", ("window",)),
    "retention_net_revenue": ("Order amounts less refunds.", ("window", "currency")),
    "retention_referred_revenue": ("Net revenue of referred orders.", ("window", "currency")),
    "retention_average_order_value": ("Net revenue for each order.", ("window", "currency", "orders")),
    "retention_customer_lifetime_value": (
        "Order value x purchase frequency x retention rate, of a year.",
        ("currency", "method"),
    ),
    "retention_realised_value": ("Net revenue for each customer who ever ordered.", ("currency",)),
    "retention_refund_ratio": ("Orders, or their value, refunded.", ("window", "basis")),
}


class Cohorts:
    """The sets of customers of one window, by the channel of their first order or in all."""

    def __init__(self, merged: Totals, window: Window, channels: tuple[str, ...]) -> None:
        once, twice = window.hours, 2 * window.hours
        classes = [
            index for index, other in enumerate(long_windows(merged.definitions)) if other.hours <= once
        ]

        def over(hours: int, name: str, *rest: str) -> int:
            return sum(merged.sum(hours, name, channel, *rest) for channel in channels)

        pairs = sum(over(twice, "opened", str(i)) - over(once, "closed", str(i)) for i in classes)
        self.end = over(once, "last")
        self.start = over(twice, "orders") - over(once, "orders") - pairs
        self.new = over(once, "first")
        # Active in either window, less those active only in one of them.
        self.retained = self.start + self.end - over(twice, "last")
        self.lost = self.start - self.retained
        self.reactivated = self.end - self.retained - self.new
        self.orders = over(once, "orders")

    def rate(self, method: str) -> tuple[int, int]:
        """Give the retention rate's numerator and denominator."""
        return (self.retained if method == "cohort" else self.end - self.new), self.start


METHODS: Final = ("cohort", "textbook")
SETS: Final = ("start", "end", "new", "retained", "lost", "reactivated")


def compute(merged: Totals) -> Iterator[Sample]:
    """Give the samples of every window, and those that have none."""
    channels = channels_of(merged.definitions)
    for window in merged.windows:
        cohorts = Cohorts(merged, window, channels)
        yield from _customers(cohorts, window.name)
        for channel in channels:
            yield ratio(
                "retention_channel_rate_ratio",
                {"window": window.name, "channel": channel},
                *Cohorts(merged, window, (channel,)).rate("cohort"),
            )
        yield from _variants(merged, window)
        yield from _exposures(merged, cohorts, window)
        yield from _returning(merged, cohorts, window)
        yield from _orders(merged, cohorts, window)
        yield from _refunds(merged, window)
    yield from _value(merged, Cohorts(merged, merged.year, channels), channels)


def _customers(cohorts: Cohorts, window: str) -> Iterator[Sample]:
    for name in SETS:
        yield Sample("retention_customers", {"window": window, "set": name}, getattr(cohorts, name))
    for method in METHODS:
        yield ratio("retention_rate_ratio", {"window": window, "method": method}, *cohorts.rate(method))
    yield ratio("retention_churn_ratio", {"window": window}, cohorts.lost, cohorts.start)


def _group(merged: Totals, window: Window, *name: str) -> tuple[int, int]:
    """Give how many of a group were in `start`, and how many of those stayed: sums up to the hour H - W."""

    def until_then(series: str) -> int:
        full = (f"{name[0]}_{series}", *name[1:], str(window.hours))
        return merged.all(*full) - merged.sum(window.hours, *full)

    return until_then("start"), until_then("stayed")


def _variants(merged: Totals, window: Window) -> Iterator[Sample]:
    shown = {(experiment, variant) for _, experiment, variant, _ in merged.names("shown_start")}
    for experiment, variant in sorted(shown):
        start, stayed = _group(merged, window, "shown", experiment, variant)
        if start:
            labels = {"window": window.name, "experiment": experiment, "variant": variant}
            yield ratio("retention_experiment_rate_ratio", labels, stayed, start)


def _exposures(merged: Totals, cohorts: Cohorts, window: Window) -> Iterator[Sample]:
    for exposure in EXPOSURES:
        start, stayed = _group(merged, window, "exposed", exposure)
        labels = {"window": window.name, "exposure": exposure}
        yield ratio("retention_churn_by_exposure_ratio", labels, start - stayed, start)
    start, stayed = _group(merged, window, "exposed", ANY)
    labels = {"window": window.name, "exposure": "none"}
    lost = cohorts.lost - (start - stayed)
    yield ratio("retention_churn_by_exposure_ratio", labels, lost, cohorts.start - start)


def _returning(merged: Totals, cohorts: Cohorts, window: Window) -> Iterator[Sample]:
    # In `end` with no other order ever: those whose only order is in the window.
    twice_ever = cohorts.end - merged.sum(window.hours, "only")
    for method, returning in (("window", merged.sum(window.hours, "second")), ("lifetime", twice_ever)):
        labels = {"window": window.name, "method": method}
        yield ratio("retention_returning_customer_ratio", labels, returning, cohorts.end)


def _net(merged: Totals, hours: int) -> float:
    # Over orders not cancelled: of those fully refunded, nothing is left.
    return merged.money(hours, "amount") - merged.money(hours, "taken")


def _orders(merged: Totals, cohorts: Cohorts, window: Window) -> Iterator[Sample]:
    only = {"window": window.name}
    money = only | {"currency": merged.definitions.base_currency}
    hours, orders = window.hours, cohorts.orders
    net, first_net = _net(merged, hours), merged.money(hours, "first_net")
    yield Sample("retention_orders", only, orders)
    yield ratio("retention_purchase_frequency", only, orders, cohorts.end)
    yield Sample("retention_referred_orders", only, merged.sum(hours, "referred"))
    yield Sample("retention_net_revenue", money, net)
    yield Sample("retention_referred_revenue", money, merged.money(hours, "referred_net"))
    for name, value, number in (
        ("all", net, orders),
        ("first", first_net, cohorts.new),
        ("repeat", net - first_net, orders - cohorts.new),
    ):
        yield ratio("retention_average_order_value", money | {"orders": name}, value, number)


def _refunds(merged: Totals, window: Window) -> Iterator[Sample]:
    hours = window.hours
    placed = merged.sum(hours, "placed")
    for basis, part, whole in (
        ("orders", merged.sum(hours, "refunded_any"), placed),
        ("full", merged.sum(hours, "refunded_full"), placed),
        ("value", merged.money(hours, "taken"), merged.money(hours, "amount")),
    ):
        yield ratio("retention_refund_ratio", {"window": window.name, "basis": basis}, part, whole)


def _value(merged: Totals, year: Cohorts, channels: tuple[str, ...]) -> Iterator[Sample]:
    currency = {"currency": merged.definitions.base_currency}
    net = _net(merged, merged.year.hours)
    for method in METHODS:
        value = divide(net, year.orders) * divide(year.orders, year.end) * divide(*year.rate(method))
        yield Sample("retention_customer_lifetime_value", currency | {"method": method}, value)
    realised = merged.all_money("amount") - merged.all_money("taken")
    customers = sum(merged.all("first", channel) for channel in channels)
    yield ratio("retention_realised_value", currency, realised, customers)
