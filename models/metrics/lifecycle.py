"""Metrics of lifecycle, loyalty, roles and actions (docs/metrics.md, "Lifecycle" and after)."""

from collections.abc import Iterator
from typing import Final

from models.customers.action_returns import GROUPS
from models.customers.lifecycle import NO_YES, STATES
from models.definitions.action_policy import ACTIONS, CUSTOMER_FACING
from models.definitions.definitions import tiers_of
from models.definitions.windows import Window
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_lifecycle_customers": CatalogueEntry("Customers by lifecycle state.", ("state",)),
    "retention_lifecycle_value": CatalogueEntry(
        "Net revenue of a year by its customers' lifecycle.",
        ("state", "currency"),
    ),
    "retention_loyalty_customers": CatalogueEntry("Customers by loyalty tier.", ("tier",)),
    "retention_spender_sender_customers": CatalogueEntry(
        "Customers by whether they order, and whether they recommend the shop.",
        ("spender", "sender"),
    ),
    "retention_action_return_ratio": CatalogueEntry(
        "Actions after which the customer ordered within 30 days, beside those held back.",
        ("window", "action", "group"),
    ),
}


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the gauges of the lifecycle, and the action returns of every window."""
    currency = {"currency": totals.definitions.base_currency}
    for state in STATES:
        labels = {"state": state}
        yield Sample("retention_lifecycle_customers", labels, totals.gauge("lifecycle", state))
        yield Sample(
            "retention_lifecycle_value", labels | currency, totals.gauge_money("lifecycle_net", state)
        )
    for tier in tiers_of(totals.definitions):
        yield Sample("retention_loyalty_customers", {"tier": tier}, totals.gauge("tier", tier))
    for spends in NO_YES:
        for sends in NO_YES:
            labels = {"spender": spends, "sender": sends}
            yield Sample("retention_spender_sender_customers", labels, totals.gauge("roles", spends, sends))
    yield from _action_returns(totals)


def _action_returns(totals: Totals) -> Iterator[Sample]:
    for name in totals.definitions.windows:
        window = Window.parse(name)
        for action in sorted(CUSTOMER_FACING):
            for group in GROUPS:
                labels = {"window": name, "action": ACTIONS[action], "group": group}
                returned = totals.window(window, "returned", ACTIONS[action], group)
                acted = totals.window(window, "acted", ACTIONS[action], group)
                yield ratio("retention_action_return_ratio", labels, returned, acted)
