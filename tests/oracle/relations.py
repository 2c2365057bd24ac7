"""Experiments, lifecycle, loyalty, roles and exposures of customers, computed naively."""

from tests.oracle import targets
from tests.oracle.customer import Customer, Order
from tests.oracle.feedback import answers, reviews_of
from tests.oracle.shop import active, is_overdue
from tests.oracle.tickets import tickets_of
from tests.oracle.values import HOUR, YEAR, Expected, Paragraph, hour, last, once, ratio
from tests.oracle.world import World

#: Prefixes of the event types that do not make a person a customer: the shop's own acts.
OURS = ("customer.", "action.")
CUSTOMER_FACING = ("win_back", "recover_service", "recover_cart", "apologise_late_delivery", "ask_for_review")
CUSTOMER_FACING += ("ask_for_referral", "reward_loyalty")
STATES = ("prospect", "churned", "at_risk", "new", "reactivated", "returning")


def experiments(world: World) -> Paragraph:
    """Yield the cohort rate by experiment variant.

    "The cohort rate of the customers in `start` whose latest event with that experiment, up to hour H-W,
    shows the variant."

    Decided: a variant is a fact about the customer, so an event whose order or ticket is not known shows its
    variant too. Only variants that a customer in `start` has seen are exported. A customer counts under
    `other` once for each experiment that counts there.
    """
    known = variants_shown(world)
    for name, window in world.windows.items():
        end, start = active(world, world.hour, window), active(world, world.hour - window, window)
        cohorts: dict[tuple[str, str], list[Customer]] = {}
        for customer in start:
            seen = {}
            for event in customer.events:
                if hour(event["at"]) <= world.hour - window:
                    seen.update(event.get("experiments") or {})
            for shown in seen.items():
                cohorts.setdefault(counted_as(world, known, *shown), []).append(customer)
        for (experiment, variant), cohort in cohorts.items():
            labels = {"window": name, "experiment": experiment, "variant": variant}
            stayed = [customer for customer in cohort if customer in end]
            yield "retention_experiment_rate_ratio", labels, ratio(len(stayed), len(cohort))


def variants_shown(world: World) -> dict[str, set[str]]:
    """Return experiment -> its variants, of all known events."""
    shown: dict[str, set[str]] = {}
    for customer in world.customers:
        for event in customer.events:
            for experiment, variant in (event.get("experiments") or {}).items():
                shown.setdefault(experiment, set()).add(variant)
    return shown


def counted_as(world: World, known: dict[str, set[str]], experiment: str, variant: str) -> tuple[str, str]:
    """Return the experiment and the variant under which a variant is counted.

    "The experiments that `experiments` names count by name, else the smallest `max_experiments` of those that
    known events show. Of each, the smallest `max_variants` of the variants that known events show count by
    name. Any other counts as `other`."
    """
    limits = world.definitions
    named = limits.experiments or sorted(known.keys() - {"other"})[: limits.max_experiments]
    if experiment not in named:
        return "other", "other"
    smallest = sorted(known[experiment] - {"other"})[: limits.max_variants]
    return experiment, variant if variant in smallest else "other"


@once
def universe(world: World) -> list[Customer]:
    """Return "all customers with a known event other than `customer.*`"."""
    return [c for c in world.customers if any(not e["type"].startswith(OURS) for e in c.events)]


def returns(world: World) -> Paragraph:
    """Yield the share of actions after which the customer ordered within 30 days.

    An action counts in the hour in which its 30 days end. Decided: the inputs do not contain the emitted
    actions; tests pass them as events of type `action.asked`.
    """
    acted = [(customer, event) for customer in world.customers for event in customer.of("action.asked")]
    for name, window in world.windows.items():
        ended = [(c, e) for c, e in acted if world.within(e["at"] + 720 * HOUR, window)]
        for action in CUSTOMER_FACING:
            for group in ("acted", "held_out"):
                chosen = [(c, e) for c, e in ended if (e["action"], e["group"]) == (action, group)]
                back = [
                    event
                    for customer, event in chosen
                    if any(
                        event["at"] < order.at <= event["at"] + 720 * HOUR for order in customer.qualifying
                    )
                ]
                labels = {"window": name, "action": action, "group": group}
                yield "retention_action_return_ratio", labels, ratio(len(back), len(chosen))


def year_of(world: World, customer: Customer) -> list[Order]:
    """Return the customer's Q orders of the last 365 days."""
    return [order for order in customer.qualifying if world.within(order.at, YEAR)]


def state(world: World, customer: Customer) -> str:
    """Return the lifecycle state.

    "The first that holds: `prospect` no Q order; `churned` recency >= L; `at_risk` recency >= L/2; `new`
    one Q order; `reactivated` the gap between the last two Q orders' hours >= L; `returning`." "A customer
    with one known qualifying order is `new` if that is the first order, else `reactivated`."
    """
    limit = 24 * world.definitions.lifecycle_days
    hours = [hour(order.at) for order in customer.qualifying]
    if not hours:
        return "prospect"
    recency = world.hour - hours[-1]
    if recency >= limit:
        return "churned"
    if recency >= limit / 2:
        return "at_risk"
    if len(hours) == 1:
        return "reactivated" if customer.repeats else "new"
    return "reactivated" if hours[-1] - hours[-2] >= limit else "returning"


def lifecycle(world: World) -> Paragraph:
    """Yield customers and value by lifecycle state.

    "Value by state: net of their Q orders of 365 d."
    """
    members: dict[str, list[Customer]] = {name: [] for name in STATES}
    for customer in universe(world):
        members[state(world, customer)].append(customer)
    for name, customers in members.items():
        yield "retention_lifecycle_customers", {"state": name}, Expected(len(customers))
        value = world.net(order for c in customers for order in year_of(world, c))
        labels = {"state": name, "currency": world.definitions.base_currency}
        yield "retention_lifecycle_value", labels, Expected(float(value))


def loyalty(world: World) -> Paragraph:
    """Yield customers by loyalty tier.

    "By net of Q orders in 365 d (>= 200, 500, 1000 in the base currency by default): `member`, `silver`,
    `gold`, `vip`. Over the same customers."
    """
    counts = dict.fromkeys(["member", *world.definitions.tiers], 0)
    for customer in universe(world):
        spent = world.net(year_of(world, customer))
        reached = [tier for tier, least in world.definitions.tiers.items() if spent >= least]
        counts[max(reached, key=world.definitions.tiers.__getitem__, default="member")] += 1
    for tier, count in counts.items():
        yield "retention_loyalty_customers", {"tier": tier}, Expected(count)


def named_by_others(world: World) -> set[str]:
    """Return the customers whom another customer's Q order of the last 365 days names in `referred_by`."""
    return {
        world.one(order.placed["referred_by"])
        for customer in world.customers
        for order in year_of(world, customer)
        if order.placed.get("referred_by") and world.one(order.placed["referred_by"]) != customer.name
    } - world.erased


def spenders_and_senders(world: World) -> Paragraph:
    """Yield customers by the roles spender and sender, of 365 days.

    "Spender: has a Q order; sender: shared an experience, or the latest NPS answer is a promoter's, or
    another customer's Q order names them in `referred_by`. Over the same customers and those so named."

    Decided: each of these counts only within the 365 days (of NPS, the latest answer). Names of erased
    customers do not count.
    """
    named = named_by_others(world)
    members = {c.name: c for c in universe(world)}
    counts = {(spender, sender): 0 for spender in ("yes", "no") for sender in ("yes", "no")}
    for name in members.keys() | named:
        customer = members.get(name, Customer(name, []))
        shared = any(world.within(e["at"], YEAR) for e in customer.of("experience.shared"))
        nps = last(answers(customer, "nps"))
        promoter = nps is not None and nps["score"] >= 9 and world.within(nps["at"], YEAR)
        sender = shared or promoter or name in named
        spender = bool(year_of(world, customer))
        counts["yes" if spender else "no", "yes" if sender else "no"] += 1
    for (spender, sender), count in counts.items():
        labels = {"spender": spender, "sender": sender}
        yield "retention_spender_sender_customers", labels, Expected(count)


def exposures_of(world: World, customer: Customer) -> dict[str, list[int]]:
    """Return exposure -> times at which the customer had it, microseconds since the epoch.

    "`slow_response` (a first_human_response breach, by its instant), `late_delivery` (delivered after
    promised_at, whatever became of the order, or overdue; by promised_at), `refund` (completed),
    `refund_rejected`, `stockout`, `bad_experience` (a review whose latest version, not removed, has rating
    <= 2; any `nps` answer <= 6)."

    Decided: `refund_rejected` is a rejected refund as "Refunds" defines it: a rejection and no completion.
    """
    late = [order.promised_at for order in customer.orders if order.was_late or is_overdue(world, order)]
    decisions = [decision for ticket in tickets_of(customer) for decision in targets.decisions(world, ticket)]
    slow = [at for kind, at, breached in decisions if kind == "first_human_response" and breached]
    bad = [review["at"] for review in reviews_of(customer) if review["rating"] <= 2]
    bad += [answer["at"] for answer in answers(customer, "nps") if answer["score"] <= 6]
    return {
        "slow_response": slow,
        "late_delivery": late,
        "refund": [refund.completed["at"] for refund in customer.refunds if refund.completed],
        "refund_rejected": [refund.rejected["at"] for refund in customer.refunds if refund.is_rejected],
        "stockout": [event["at"] for event in customer.of("stock.missed")],
        "bad_experience": bad,
    }


def exposure(world: World) -> Paragraph:
    """Yield the churn of customers in `start` by exposure.

    "Of the customers in `start`: the share lost, among those who in the hours H-2W+1 ... H-W met" each, "and
    `none` of these".
    """
    kinds = list(exposures_of(world, Customer("", [])))
    history = {customer: exposures_of(world, customer) for customer in world.customers}
    for name, window in world.windows.items():
        end, start = active(world, world.hour, window), active(world, world.hour - window, window)

        def exposed(what: str, customer: Customer, window: int = window) -> bool:
            before = world.hour - window
            return any(world.within(moment, window, before) for moment in history[customer][what])

        groups = {what: {customer for customer in start if exposed(what, customer)} for what in kinds}
        groups["none"] = start - set().union(*groups.values())
        for what, members in groups.items():
            labels = {"window": name, "exposure": what}
            yield "retention_churn_by_exposure_ratio", labels, ratio(len(members - end), len(members))
