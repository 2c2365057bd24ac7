"""Where customers stand, from the merged levels (docs/metrics.md, "Lifecycle" and after)."""

from collections.abc import Iterator
from typing import Final

from models.customers.action_returns import GROUPS
from models.customers.lifecycle import ANSWERS, STATES, tiers_of
from models.definitions.action_policy import ACTIONS, REACHING
from models.definitions.windows import Window
from models.metrics.samples import Sample, ratio
from models.metrics.totals import Totals

CATALOGUE: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "retention_lifecycle_customers": ("Customers by where they are in their life with the shop.", ("state",)),
    "retention_lifecycle_value": (
        "Net revenue of a year by its customers' lifecycle.",
        ("state", "currency"),
    ),
    "retention_loyalty_customers": ("Customers by loyalty tier.", ("tier",)),
    "retention_spender_sender_customers": (
        "Customers by whether they order, and whether they recommend the shop.",
        ("spender", "sender"),
    ),
    "retention_action_return_ratio": (
        "Actions after which the customer ordered within 30 days, beside those held back.",
        ("window", "action", "group"),
    ),
}


def compute(merged: Totals) -> Iterator[Sample]:
    """Give the samples of now."""
    currency = {"currency": merged.definitions.base_currency}
    for state in STATES:
        labels = {"state": state}
        yield Sample("retention_lifecycle_customers", labels, merged.level("lifecycle", state))
        yield Sample(
            "retention_lifecycle_value", labels | currency, merged.level_money("lifecycle_net", state)
        )
    for tier in tiers_of(merged.definitions):
        yield Sample("retention_loyalty_customers", {"tier": tier}, merged.level("tier", tier))
    for spends in ANSWERS:
        for sends in ANSWERS:
            labels = {"spender": spends, "sender": sends}
            yield Sample("retention_spender_sender_customers", labels, merged.level("roles", spends, sends))
    yield from _returns(merged)


def _returns(merged: Totals) -> Iterator[Sample]:
    for name in merged.definitions.windows:
        window = Window.parse(name)
        for action in sorted(REACHING):
            for group in GROUPS:
                labels = {"window": name, "action": ACTIONS[action], "group": group}
                returned = merged.window(window, "returned", ACTIONS[action], group)
                acted = merged.window(window, "acted", ACTIONS[action], group)
                yield ratio("retention_action_return_ratio", labels, returned, acted)
