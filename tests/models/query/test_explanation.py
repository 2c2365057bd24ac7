"""Explanations are right: events that count for nothing change no number, and named events exist."""

import json

import pytest

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.sla_policy import SlaPolicy
from models.definitions.windows import TIMELESS
from models.facts.claims import (
    STATUSES,
    Amended,
    Answered,
    Cancelled,
    CheckoutStarted,
    Completed,
    MergeVariant,
    Opened,
    Replied,
    StatusChanged,
    TicketRestored,
    TicketUpdated,
    TicketWithdrawn,
)
from models.facts.control import Merge, Redirected
from models.facts.fact import REGISTRY_ADDRESS, Fact
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.partition import Partition
from models.query.explanation import Explainer
from models.query.identities import identities_of
from tests.support.contract_events import COMMON, MOST, read
from tests.support.contract_events import event as event_of
from tests.support.histories import random_history
from tests.support.partitions import DAY, HOUR, NOW, Shop

UNLIMITED = 10**6


def explain(partition, customer, now, after=None, limit=UNLIMITED):
    facts, later = partition.facts(customer.encode())
    return Explainer(partition._definitions).explain(
        customer.encode(), facts, later, now, after=after, limit=limit
    )


def reasons(shop, customer="ada"):
    shop.partition.advance(shop.now)
    found, more = explain(shop.partition, customer, shop.now)
    assert more is None
    return {event.id: event for event in found.events}


def numbers(definitions, facts, now):
    partition = Partition(definitions, {})
    partition.advance(now)
    for customer, fact in facts:
        partition.process_one(customer, fact)
    return repr([(s.metric, s.labels, s.value) for s in compute([partition.evaluate(now)], definitions, now)])


def test_merge_appears_once_and_self_referral_not_at_all(shop):
    shop.process(MergeVariant, "", NOW - DAY, customer="guest", event_id="m", seen={"checkout": "b"})
    shop.order("o1", NOW - DAY, event_id="o", referrer="guest")
    merge = Merge(at=NOW - DAY, event="m", customer="guest", into="ada")
    shop.partition.process_one(REGISTRY_ADDRESS, Fact("", merge))
    while messages := shop.partition.drain_messages():
        for to, fact in messages:
            shop.partition.process_one(to, fact)
    facts = shop.partition.fact_log(b"ada")
    merges = identities_of("guest", shop.partition.cross_partition.registry.component("guest")).merges
    explainer = Explainer(shop.definitions)
    found, _ = explainer.explain(b"ada", facts, (), NOW, merges=merges, after=None, limit=UNLIMITED)
    events = {event.id: event for event in found.events}
    assert len(found.events) == 2
    assert events["m"].counts_for == ["merged", "experiments"]
    assert (events["m"].experiments, events["m"].says["into"]) == ({"checkout": "b"}, "ada")
    assert "referrals" not in events["o"].counts_for


def test_own_merge_with_a_variant_appears_once(shop):
    shop.process(MergeVariant, "", NOW - DAY, event_id="m", seen={"checkout": "b"})
    shop.order("o1", NOW - HOUR)
    for at, customer, into in ((NOW - DAY, "ada", "guest"), (NOW, "guest", "ada")):
        merge = Merge(at=at, event="m", customer=customer, into=into)
        shop.partition.process_one(REGISTRY_ADDRESS, Fact("", merge))
    standalone.deliver_all(shop.partition)
    merges = identities_of("ada", shop.partition.cross_partition.registry.component("ada")).merges
    facts, _ = shop.partition.facts(b"ada")
    control = [fact for fact in shop.partition.fact_log(b"ada") if fact.time == TIMELESS]
    explainer = Explainer(shop.definitions)
    found, _ = explainer.explain(
        b"ada", [*facts, *control], (), NOW, merges=merges, after=None, limit=UNLIMITED
    )
    assert [event.id for event in found.events] == ["m", "e0", "m"]
    assert found.events[0].counts_for == ["merged", "experiments"]


def test_cancelling_event_is_named_without_its_origin(shop):
    shop.order("o1", NOW - DAY, event_id="o")
    shop.process(Cancelled, "o1", NOW, customer="guest", event_id="c")
    shop.partition.process_one("guest", Fact("", Redirected(to="ada")))
    standalone.deliver_all(shop.partition)
    assert reasons(shop)["o"].reason.endswith("because event c cancels it")
    assert reasons(shop)["c"].counts_for == ["retention", "refunds"]


@pytest.mark.slow
def test_events_that_count_for_nothing_can_be_omitted():
    history = random_history(5, customers=4, size=360)
    now = history.steps[7].now
    events = {event["id"]: event for step in history.steps for event in step.events}
    facts = [
        found
        for event in events.values()
        for found in facts_of(decode(KINDS[event["type"]], json.dumps(event).encode()), history.definitions)
    ]
    partition = Partition(history.definitions, {})
    for customer, fact in facts:
        partition.process_one(customer, fact)
    partition.advance(now)
    everything = numbers(history.definitions, facts, now)
    idle, counted, by = set(), set(), {}
    for key in partition.customer_keys():
        for event in explain(partition, key.decode(), now)[0].events:
            (counted if event.counts_for else idle).add(event.id)
            by[event.id] = event.outdone_by
    assert len(idle) > 50
    assert len(counted) > 100
    for event_id in sorted(idle)[::8]:
        left = [found for found in facts if found[1].claim.id != event_id]
        assert numbers(history.definitions, left, now) == everything, event_id
    assert set(filter(None, by.values())) <= events.keys()


def test_order_events_are_explained(shop):
    shop.order("o1", NOW - 40 * DAY, event_id="placed", promised=NOW - 30 * DAY)
    shop.order("o1", NOW - 39 * DAY, event_id="again", cart="k")
    shop.process(CheckoutStarted, "k", NOW - 41 * DAY, event_id="cart")
    shop.process(Amended, "o1", NOW - 38 * DAY, 700, event_id="less")
    shop.process(Amended, "o1", NOW - 39 * DAY, 800, event_id="more")
    shop.order("o2", NOW - 5 * DAY, event_id="gone")
    shop.process(Cancelled, "o2", NOW - 4 * DAY, event_id="cancel")
    found = reasons(shop)
    assert found["placed"].counts_for == ["retention", "refunds", "deliveries", "exposure"]
    assert found["placed"].reason == "places order o1, which qualifies and is the customer's first"
    assert found["placed"].windows == ["90d", "365d"]
    assert found["placed"].windows_before == ["30d"]
    assert found["placed"].says["amount"] == 1000
    assert found["placed"].says["promised_at"] == "2026-02-03T10:00:00Z"
    assert (found["again"].counts_for, found["again"].outdone_by) == (["carts"], "placed")
    assert found["cart"].reason == "the cart's last activity; an order names the cart and recovers it"
    assert (found["more"].counts_for, found["more"].outdone_by) == ([], "less")
    assert found["less"].reason == "the latest amendment, which sets the order's amount"
    assert found["gone"].reason == "places order o2, which does not qualify because event cancel cancels it"
    assert found["gone"].counts_for == []


@pytest.mark.parametrize("name", MOST)
def test_every_kept_field_of_an_event_is_shown(shop, name):
    for customer, fact in facts_of(read(event_of(name, **MOST[name])), shop.definitions):
        shop.partition.process_one(customer, fact)
    [found] = reasons(shop, COMMON["customer_id"]).values()
    kept = {field: value for field, value in MOST[name].items() if field not in {"text", "language"}}
    assert {field: found.says[field] for field in kept} == kept


def test_waiting_and_future_events_are_explained(shop):
    shop.order("o1", NOW - DAY, event_id="placed")
    shop.process(Completed, "r1", NOW - HOUR, "o9", 100, event_id="waits")
    shop.process(Amended, "o1", NOW + HOUR, 5, event_id="later")
    found = reasons(shop)
    assert found["waits"].reason == "does not count yet: no known event has placed order o9"
    assert found["later"].reason == "is ahead of the clock, and counts from its event time on"
    assert found["waits"].counts_for == found["later"].counts_for == []


def test_ticket_events_are_explained(shop):
    shop.process(Opened, "t", NOW - 5 * HOUR, 3, False, "chat", event_id="opened")
    shop.process(Replied, "t", NOW - 4 * HOUR, 1, True, event_id="bot")
    shop.process(Replied, "t", NOW - 3 * HOUR, 0, False, event_id="note")
    shop.process(Replied, "t", NOW - 2 * HOUR, 0, True, NOW + HOUR, event_id="agent", seen={"tone": "warm"})
    shop.process(Replied, "t", NOW - HOUR, 0, True, event_id="more")
    found = reasons(shop)
    assert found["opened"].says == {
        "priority": "urgent",
        "opened_by": "customer",
        "channel": "chat",
        "team": None,
        "category": None,
    }
    assert found["bot"].reason == "the first response"
    assert found["note"].reason == "not a response: not public"
    assert found["agent"].reason == "the first human response, the latest promised deadline"
    assert found["agent"].counts_for == ["tickets", "sla", "experiments"]
    assert (found["more"].counts_for, found["more"].outdone_by) == ([], "bot")


def test_replies_count_for_turns_if_a_target_needs_them():
    policies = dict.fromkeys(PRIORITIES, SlaPolicy(next_response=3600))
    for definitions, counted in ((Definitions(), []), (Definitions(sla_policies=policies), ["sla"])):
        shop = Shop(definitions)
        shop.process(Opened, "t", NOW - 5 * HOUR, 3, False, "chat", event_id="opened")
        shop.process(Replied, "t", NOW - 4 * HOUR, 0, True, event_id="first")
        shop.process(Replied, "t", NOW - 3 * HOUR, 2, True, event_id="customer")
        shop.process(Replied, "t", NOW - 2 * HOUR, 0, True, event_id="second")
        found = reasons(shop)
        assert found["customer"].counts_for == found["second"].counts_for == counted
        assert found["first"].reason == "the first response, the first human response"


def test_pause_counts_for_the_target_of_the_resolution(shop):
    shop.process(Opened, "t", NOW - 5 * HOUR, 3, False, "chat", event_id="opened")
    for hours, status in ((4, "pending"), (3, "solved"), (2, "pending")):
        number = STATUSES.index(status)
        shop.process(StatusChanged, "t", NOW - hours * HOUR, number, event_id=f"{hours}")
    found = reasons(shop)
    assert [found[each].counts_for for each in "432"] == [["tickets", "sla"], ["tickets", "sla"], ["tickets"]]


def test_updates_of_a_ticket_are_explained(shop):
    shop.process(Opened, "t", NOW - 5 * HOUR, 1, False, "chat", event_id="opened")
    shop.process(TicketUpdated, "t", NOW - 4 * HOUR, 3, "billing", event_id="raised")
    shop.process(TicketUpdated, "t", NOW - 3 * HOUR, 3, event_id="again")
    shop.process(TicketUpdated, "t", NOW - 2 * HOUR, None, "logistics", event_id="moved")
    shop.process(TicketUpdated, "t", NOW - 3 * HOUR, None, "returns", event_id="between")
    shop.process(TicketRestored, "t", NOW - HOUR, event_id="restored")
    found = reasons(shop)
    assert found["raised"].reason == "sets the priority urgent from then on"
    assert found["raised"].counts_for == ["tickets", "sla"]
    assert found["again"].reason == "changes no priority"
    assert (found["moved"].counts_for, found["moved"].reason) == ([], "sets the team")
    assert (found["between"].reason, found["between"].outdone_by) == ("a later event sets the team", "moved")
    assert found["restored"].reason == "restores ticket t, which counts as if it had never been withdrawn"


def test_events_of_a_withdrawn_ticket_are_explained(shop):
    shop.process(Opened, "t", NOW - 5 * HOUR, 1, False, "chat", event_id="opened")
    shop.process(TicketWithdrawn, "t", NOW - 4 * HOUR, 0, event_id="early")
    shop.process(TicketRestored, "t", NOW - 3 * HOUR, event_id="restored")
    shop.process(TicketWithdrawn, "t", NOW - 2 * HOUR, 0, event_id="spam")
    shop.process(TicketWithdrawn, "t", NOW - HOUR, 1, event_id="deleted")
    found = reasons(shop)
    assert (found["opened"].counts_for, found["opened"].outdone_by) == ([], "spam")
    assert found["opened"].reason == "ticket t was withdrawn, so it counts for nothing"
    assert found["spam"].reason == "withdraws ticket t, with the reason spam"
    assert found["spam"].counts_for == ["tickets"]
    assert found["deleted"].reason == "an earlier event of this type counts"
    assert found["restored"].reason == "a later event takes it back"
    assert found["early"].reason == "an earlier event of this type counts"


def test_survey_and_cart_events_are_explained(shop):
    shop.process(Answered, "", NOW - 3 * DAY, 0, 2, event_id="angry")
    shop.process(Answered, "", NOW - 2 * DAY, 0, 10, event_id="happy")
    shop.process(CheckoutStarted, "k", NOW - 2 * HOUR, event_id="cart")
    found = reasons(shop)
    assert (found["angry"].counts_for, found["angry"].outdone_by) == (["exposure"], "happy")
    assert found["happy"].counts_for == ["feedback", "senders"]
    assert found["cart"].reason == "the cart's last activity; the cart is abandoned"


def test_sets_and_last_transitions_are_returned(shop):
    shop.order("o1", NOW - 100 * DAY, event_id="placed")
    shop.partition.advance(shop.now)
    found, _ = explain(shop.partition, "ada", shop.now)
    assert {one.window: one.sets for one in found.sets} == {
        "7d": [],
        "30d": [],
        "90d": ["start", "lost"],
        "365d": ["end", "new"],
    }
    assert found.lifecycle == "churned"
    assert (found.lifecycle_changed.cause.type, found.lifecycle_changed.cause.id) == ("time", None)
    assert found.tier_changed.cause.id == "placed"


def test_events_are_returned_in_pages(shop):
    for number in range(7):
        shop.order(f"o{number}", NOW - DAY, event_id=f"e{number}")
    shop.partition.advance(shop.now)
    pages, after = [], None
    while True:
        found, after = explain(shop.partition, "ada", shop.now, after, limit=3)
        pages.append([event.id for event in found.events])
        if after is None:
            break
    assert pages == [["e0", "e1", "e2"], ["e3", "e4", "e5"], ["e6"]]


def test_unknown_customer_has_no_explanation(shop):
    assert explain(shop.partition, "nobody", NOW) is None
