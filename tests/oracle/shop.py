"""Retention, orders, refunds, carts and deliveries, computed naively."""

from tests.oracle.customer import Customer, Order
from tests.oracle.values import HOUR, YEAR, Event, Expected, Paragraph, elapsed, once, quantiles, ratio
from tests.oracle.world import World


@once
def active(world: World, end: int, window: int) -> set[Customer]:
    """Return the customers in Active(h): "has a Q order in the event hours h-W+1 ... h"."""
    return {
        customer
        for customer in world.customers
        if any(world.within(order.at, window, end) for order in customer.qualifying)
    }


def retention(world: World) -> Paragraph:
    """Yield the sets and rates of retention for each window W.

    "`end` = Active(H); `start` = Active(H-W); `new` = the customer's first order is in the window;
    `retained` = start and end; `lost` = start - end; `reactivated` = end - start - new. rate,
    `method="cohort"` = retained / start; `method="textbook"` = (end - new) / start. churn = lost / start. By
    channel: the cohort rate of those whose first order came by it. returning, `method="window"` = customers
    with >= 2 Q orders in the window / end; `method="lifetime"` = has a qualifying order other than the first
    / end."

    Decided: the lifetime numerator counts customers in `end`, as a share of `end` must.
    """
    for name, window in world.windows.items():
        end = active(world, world.hour, window)
        start = active(world, world.hour - window, window)
        new = new_customers(world, window)
        sets = {
            "start": start,
            "end": end,
            "new": new,
            "retained": start & end,
            "lost": start - end,
            "reactivated": end - start - new,
        }
        for which, members in sets.items():
            yield "retention_customers", {"window": name, "set": which}, Expected(len(members))
        retained, lost = len(start & end), len(start - end)
        yield "retention_rate_ratio", {"window": name, "method": "cohort"}, ratio(retained, len(start))
        textbook = ratio(len(end) - len(new), len(start))
        yield "retention_rate_ratio", {"window": name, "method": "textbook"}, textbook
        yield "retention_churn_ratio", {"window": name}, ratio(lost, len(start))
        for channel in world.channels:
            cohort = {c for c in start if world.channel(c.first_order) == channel}
            rate = ratio(len(cohort & end), len(cohort))
            yield "retention_channel_rate_ratio", {"window": name, "channel": channel}, rate
        within = {c for c in end if len(in_window(world, c.qualifying, window)) >= 2}
        ever = {c for c in end if c.repeats}
        for method, members in (("window", within), ("lifetime", ever)):
            share = ratio(len(members), len(end))
            yield "retention_returning_customer_ratio", {"window": name, "method": method}, share


@once
def new_customers(world: World, window: int) -> set[Customer]:
    """Return the customers whose first order is in the window."""
    return {c for c in world.customers if c.first_order and world.within(c.first_order["at"], window)}


def in_window(world: World, orders: list[Order], window: int) -> list[Order]:
    """Return the orders placed in the last `window` event hours."""
    return [order for order in orders if world.within(order.at, window)]


def average(world: World, orders: list[Order]) -> Expected:
    """Return the average order value: "their net / their number"."""
    return Expected(ratio(world.net(orders), len(orders)).value)


def orders(world: World) -> Paragraph:
    """Yield numbers of orders and sums of money by window.

    "purchase frequency = Q orders in the window / end. Average order value = their net / their number:
    `orders="all"`, `"first"` (the customer's first order), `"repeat"` (all others). referred orders
    and revenue: Q orders in the window with a `referred_by` other than the customer."

    Decided: `referred_by` another identity of the same customer is the customer; `referred_by` an erased or
    never seen customer is still a referral, as the order says so.
    """
    currency = world.definitions.base_currency
    repeated = {id(order) for c in world.customers for order in c.repeats}
    for name, window in world.windows.items():
        placed = [(c, order) for c in world.customers for order in in_window(world, c.qualifying, window)]
        ends = active(world, world.hour, window)
        every = [order for _, order in placed]
        repeats = [order for _, order in placed if id(order) in repeated]
        firsts = [order for _, order in placed if id(order) not in repeated]
        referred = [order for c, order in placed if is_referred(world, c, order)]
        yield "retention_orders", {"window": name}, Expected(len(every))
        frequency = Expected(ratio(len(every), len(ends)).value)
        yield "retention_purchase_frequency", {"window": name}, frequency
        yield "retention_referred_orders", {"window": name}, Expected(len(referred))
        money = {"window": name, "currency": currency}
        yield "retention_net_revenue", money, Expected(float(world.net(every)))
        yield "retention_referred_revenue", money, Expected(float(world.net(referred)))
        for which, chosen in (("all", every), ("first", firsts), ("repeat", repeats)):
            labels = {**money, "orders": which}
            yield "retention_average_order_value", labels, average(world, chosen)


def is_referred(world: World, customer: Customer, order: Order) -> bool:
    """Return whether `referred_by` names a person other than the customer."""
    referrer = order.placed.get("referred_by")
    return referrer is not None and world.one(referrer) != customer.name


def lifetime_value(world: World) -> Paragraph:
    """Yield the lifetime value and the realised value of a customer.

    "lifetime value, `method="cohort"|"textbook"` = average order value x purchase frequency x rate, all of
    365d. realised value = net of all known Q orders / customers with one."
    """
    currency = world.definitions.base_currency
    end, start = active(world, world.hour, YEAR), active(world, world.hour - YEAR, YEAR)
    new = new_customers(world, YEAR)
    year = [order for c in world.customers for order in in_window(world, c.qualifying, YEAR)]
    worth = average(world, year).value * ratio(len(year), len(end)).value
    rates = {
        "cohort": ratio(len(start & end), len(start)),
        "textbook": ratio(len(end) - len(new), len(start)),
    }
    for method, rate in rates.items():
        labels = {"currency": currency, "method": method}
        yield "retention_customer_lifetime_value", labels, Expected(worth * rate.value)
    buyers = [c for c in world.customers if c.qualifying]
    total = world.net(order for c in buyers for order in c.qualifying)
    realised = Expected(ratio(total, len(buyers)).value)
    yield "retention_realised_value", {"currency": currency}, realised


def refunds(world: World) -> Paragraph:
    """Yield ratios, times and the number of open refunds.

    "Of orders placed in the window and not cancelled: `basis="orders"` those with any completed refund /
    all; `"full"` fully refunded / all; `"value"` refunded (at most the amount) / amount. Of refunds of known
    orders: time = completed - requested, by the hour of completion; rejected (a rejection and no completion)
    / (rejected + completed), by the hour of the decision; open = requested, undecided." Reversed: "gives back
    no money, is neither open nor rejected, and counts in `retention_refunds_reversed{window}`".

    Decided: a reversed refund counts in the hour of the reversal that holds.
    """
    every = [refund for c in world.customers for refund in c.refunds]
    for name, window in world.windows.items():
        placed = [
            order
            for c in world.customers
            for order in in_window(world, c.orders, window)
            if not order.cancelled
        ]
        some = [order for order in placed if order.refunds]
        full = [order for order in placed if order.fully_refunded]
        back = world.money((order.currency, min(order.refunded, order.amount)) for order in placed)
        total = world.money((order.currency, order.amount) for order in placed)
        bases = {
            "orders": ratio(len(some), len(placed)),
            "full": ratio(len(full), len(placed)),
            "value": ratio(back, total),
        }
        for basis, share in bases.items():
            yield "retention_refund_ratio", {"window": name, "basis": basis}, share

        completed = [r for r in every if r.completed and world.within(r.completed["at"], window)]
        rejected = [r for r in every if r.is_rejected and world.within(r.rejected["at"], window)]
        share = ratio(len(rejected), len(rejected) + len(completed))
        yield "retention_refund_rejected_ratio", {"window": name}, share
        times = [elapsed(r.requested["at"], r.completed["at"]) for r in completed if r.requested]
        for q, value in quantiles(times):
            yield "retention_refund_seconds", {"window": name, "quantile": q}, value
        taken_back = [r for r in every if r.reversed and world.within(r.reversed["at"], window)]
        yield "retention_refunds_reversed", {"window": name}, Expected(len(taken_back))
    yield "retention_refunds_open", {}, Expected(sum(refund.is_open for refund in every))


def carts(world: World) -> Paragraph:
    """Yield abandonment, recovery and checkout time of carts.

    "Last activity: the latest `checkout.started`. Converted: any `order.placed` names it, even one outdone by
    another claim. Abandoned: last activity + 1 h <= now and not converted. Recovered: converted, the earliest
    such order 1 h or more after the last activity. Over carts with last activity in the window: abandonment =
    abandoned / (abandoned + converted); recovery = recovered / (recovered + abandoned). Checkout time:
    earliest such order - earliest `checkout.started`, of carts converted, not below zero."

    Decided: as every duration, checkout time counts in the hour in which it ended, the hour of that order.
    """
    every = [
        (started, customer.conversions.get(cart, []))
        for customer in world.customers
        for cart, started in customer.about("cart_id", "checkout.started").items()
    ]
    for name, window in world.windows.items():
        abandoned = converted = recovered = 0
        times = []
        for started, placed in every:
            activity = max(event["at"] for event in started)
            ordered = min((event["at"] for event in placed), default=None)
            if ordered is not None and world.within(ordered, window):
                times.append(elapsed(min(event["at"] for event in started), ordered))
            if not world.within(activity, window):
                continue
            converted += ordered is not None
            abandoned += ordered is None and activity + HOUR <= world.now
            recovered += ordered is not None and ordered >= activity + HOUR
        labels = {"window": name}
        yield "retention_cart_abandonment_ratio", labels, ratio(abandoned, abandoned + converted)
        yield "retention_cart_recovery_ratio", labels, ratio(recovered, recovered + abandoned)
        for q, value in quantiles(times):
            yield "retention_checkout_seconds", {"window": name, "quantile": q}, value


def deliveries(world: World) -> Paragraph:
    """Yield punctuality and time of deliveries, and the number of overdue ones.

    "Cancelled orders too. Delivered: the earliest `order.delivered`. On time: <= promised_at; over promised
    orders delivered in the window. Delivery time = delivered - placed. Overdue now: promised_at < now, not
    delivered, qualifying."
    """
    every = [order for c in world.customers for order in c.orders]
    for name, window in world.windows.items():
        arrived = [o for o in every if o.delivered_at is not None and world.within(o.delivered_at, window)]
        promised = [order for order in arrived if order.promised_at is not None]
        punctual = [order for order in promised if order.delivered_at <= order.promised_at]
        labels = {"window": name}
        yield "retention_on_time_delivery_ratio", labels, ratio(len(punctual), len(promised))
        for q, value in quantiles([elapsed(order.at, order.delivered_at) for order in arrived]):
            yield "retention_delivery_seconds", {"window": name, "quantile": q}, value
    overdue = [order for order in every if is_overdue(world, order)]
    yield "retention_deliveries_overdue", {}, Expected(len(overdue))


def is_overdue(world: World, order: Order) -> bool:
    """Return whether the order is overdue: "promised_at < now, not delivered, qualifying"."""
    promised = order.promised_at
    return promised is not None and promised < world.now and order.delivered_at is None and order.qualifies


def misfortunes(world: World) -> Paragraph:
    """Yield the numbers of `payment.failed` and `stock.missed` events by window.

    A payment method that is not configured counts as `other`.
    """
    methods = list(dict.fromkeys([*world.definitions.payment_methods, "other"]))
    for name, window in world.windows.items():

        def count(kind: str, window: int = window) -> list[Event]:
            return [e for c in world.customers for e in c.of(kind) if world.within(e["at"], window)]

        failures = [e["payment_method"] for e in count("payment.failed")]
        failures = [method if method in methods else "other" for method in failures]
        for method in methods:
            labels = {"window": name, "payment_method": method}
            yield "retention_payment_failures", labels, Expected(failures.count(method))
        yield "retention_stockouts", {"window": name}, Expected(len(count("stock.missed")))
