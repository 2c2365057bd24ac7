"""The metrics that the setting `further_metrics` names, computed naively."""

from tests.oracle.customer import Customer, Order
from tests.oracle.feedback import reviews_of
from tests.oracle.shop import in_window
from tests.oracle.support import durations
from tests.oracle.values import HOUR, Event, Expected, Paragraph, elapsed, first, last, ratio
from tests.oracle.world import World

REVIEW_TIME = 720 * HOUR


def further(world: World) -> Paragraph:
    """Yield the metrics of the configured families."""
    families = {"order_kinds": order_kinds, "second_order": second_order, "review_rate": review_rate}
    for name in world.definitions.further_metrics:
        yield from families[name](world)


def order_kinds(world: World) -> Paragraph:
    """Yield orders and their net: "`first`, the customers' first orders, and `repeat`, all others"."""
    repeated = {id(order) for c in world.customers for order in c.repeats}
    for name, window in world.windows.items():
        every = [order for c in world.customers for order in in_window(world, c.qualifying, window)]
        kinds = {
            "first": [order for order in every if id(order) not in repeated],
            "repeat": [order for order in every if id(order) in repeated],
        }
        for kind, orders in kinds.items():
            labels = {"window": name, "orders": kind}
            yield "retention_orders_by_kind", labels, Expected(len(orders))
            money = labels | {"currency": world.definitions.base_currency}
            yield "retention_net_revenue_by_kind", money, Expected(float(world.net(orders)))


def second_order(world: World) -> Paragraph:
    """Yield the time from the customers' first order to the second one, in the window of the second one.

    "A customer whose first order lies beyond the horizon has no second order."
    """
    pairs = [c.qualifying[:2] for c in world.customers if c.kept is None and len(c.qualifying) > 1]
    for name, window in world.windows.items():
        times = [elapsed(one.at, two.at) for one, two in pairs if world.within(two.at, window)]
        yield from durations("retention_second_order", {"window": name}, times)


def review_rate(world: World) -> Paragraph:
    """Yield the share of delivered orders with a review.

    "An order counts in the event hour of its earliest delivery plus 720 hours, if it qualifies." "It has a
    review if a review that is not removed is about the order, and was first submitted at most 30 days after
    the delivery; a review before the delivery counts too."
    """
    delivered = [
        (order.delivered_at + REVIEW_TIME, has_review(customer, order))
        for customer in world.customers
        for order in customer.qualifying
        if order.delivered_at is not None
    ]
    for name, window in world.windows.items():
        reviewed = [has for ended, has in delivered if world.within(ended, window)]
        yield "retention_review_ratio", {"window": name}, ratio(sum(reviewed), len(reviewed))


def has_review(customer: Customer, order: Order) -> bool:
    """Return whether the customer reviewed the order in time."""
    every = customer.about("review_id", "review.submitted")
    kept = [every[review["review_id"]] for review in reviews_of(customer)]
    mine = [versions for versions in kept if order_named(versions) == order.placed["order_id"]]
    return any(first(versions)["at"] <= order.delivered_at + REVIEW_TIME for versions in mine)


def order_named(versions: list[Event]) -> str | None:
    """Return the order that a review is about; None without one."""
    naming = last([version for version in versions if version.get("order_id") is not None])
    return naming["order_id"] if naming else None
