"""Lists have as many items as their gauges count, and contain the customers that the oracle names."""

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.definitions import PRIORITIES
from models.entities.sla import NEXT_RESPONSE, kinds_of
from models.facts.claims import STATUSES, Opened, StatusChanged
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.metrics.segment_series import SEGMENT_SETS
from models.partition.partition import Partition
from models.query.customers import Customers
from models.query.matching_gauge import matching_gauge
from models.query.orders import Orders
from models.query.parameters import CustomerQuery, OrderQuery, TicketQuery
from models.query.tickets import Tickets
from models.risk.lateness import assess
from tests.oracle import World
from tests.oracle.profiles import profiles
from tests.oracle.shop import active
from tests.support import complete_shop
from tests.support.drawn_histories import histories
from tests.support.histories import random_history
from tests.support.partitions import HOUR, NOW, Shop
from tests.support.strategies import MINUTE

SETS = ("start", "end", "new", "retained", "lost", "reactivated")
STATES = ("prospect", "churned", "at_risk", "new", "reactivated", "returning")
BREACHES = "retention_sla_breach_ratio"
URGENT = PRIORITIES.index("urgent")
TIERS = ("member", "silver", "gold", "vip")


class QueriedHistory:
    """A partition after all events of a history, and the lists at its end."""

    def __init__(self, history, steps=None):
        self.definitions = history.definitions
        self.partition = Partition(self.definitions, {})
        self.events = []
        for step in history.steps[:steps]:
            for event in step.events:
                decoded = decode(KINDS[event["type"]], json.dumps(event).encode())
                for customer, fact in facts_of(decoded, self.definitions):
                    self.partition.process_one(customer, fact)
            self.events += step.events
            self.now = step.now
            self.partition.advance(self.now)
        samples = compute([self.partition.evaluate(self.now)], self.definitions, self.now)
        self.samples = {(s.metric, frozenset(s.labels.items())): s for s in samples}
        self.decoded_customers = [self.partition.customer(key) for key in self.partition.customer_keys()]

    def customers(self, **parameters):
        found = Customers(self.definitions)
        profiles = (
            found.find(customer, CustomerQuery(**parameters), self.now) for customer in self.decoded_customers
        )
        return [profile for profile in profiles if profile is not None]

    def tickets(self, **parameters):
        found = Tickets(self.definitions)
        return [
            t
            for customer in self.decoded_customers
            for t in found.find(customer, TicketQuery(**parameters), self.now)
        ]

    def counted(self, kind, **parameters):
        metric, labels = matching_gauge(kind(**parameters))
        return self.samples[metric, frozenset(labels.items())]


def check(shop):
    """Compare the length of every list with its gauge."""
    world = World(shop.events, shop.now, shop.definitions)
    for window in shop.definitions.windows:
        for name in SETS:
            gauge = shop.counted(CustomerQuery, set=name, window=window)
            assert len(shop.customers(set=name, window=window)) == gauge.value
        hours = world.windows[window]
        lost = active(world, world.hour - hours, hours) - active(world, world.hour, hours)
        listed = {profile.customer_id for profile in shop.customers(set="lost", window=window)}
        assert listed == {customer.name for customer in lost}
    for state in STATES:
        assert len(shop.customers(lifecycle=state)) == shop.counted(CustomerQuery, lifecycle=state).value
    for tier in TIERS:
        assert len(shop.customers(tier=tier)) == shop.counted(CustomerQuery, tier=tier).value
    overdue = OrderQuery(overdue=True)
    find = Orders(shop.definitions).find
    orders = [order for customer in shop.decoded_customers for order in find(customer, overdue, shop.now)]
    assert len(orders) == shop.counted(OrderQuery, overdue=True).value
    check_tickets(shop)


def check_segments(shop):
    """Check the lists of every value of every segment that have a series."""
    for segment in shop.definitions.segments:
        for value in segment.labels:
            for window in shop.definitions.segment_windows:
                chosen = {"segment": f"{segment.name}:{value}", "window": window}
                if segment.subject == "customer":
                    for name in SEGMENT_SETS:
                        found = shop.customers(set=name, **chosen)
                        assert len(found) == shop.counted(CustomerQuery, set=name, **chosen).value
                if segment.subject != "order":
                    missed = {"breached": True, "sla": "resolution", **chosen}
                    gauge = shop.counted(TicketQuery, **missed)
                    assert gauge.numerator in {len(shop.tickets(**missed)), None}
                    assert (gauge.numerator is None) == (gauge.denominator < shop.definitions.min_cell)


def check_tickets(shop):
    windows = ("1h", "24h", *shop.definitions.windows)
    for parameters in (
        *(
            {"breached": True, "window": window, "sla": sla}
            for window in windows
            for sla in kinds_of(shop.definitions)[:NEXT_RESPONSE]
        ),
        *(
            {"breached": True, "window": window, "sla": "resolution", "priority": priority}
            for window in windows
            for priority in PRIORITIES
        ),
    ):
        assert len(shop.tickets(**parameters)) == shop.counted(TicketQuery, **parameters).numerator
    for priority in PRIORITIES:
        for parameters in ({"unanswered": by} for by in ("any", "human")):
            gauge = shop.counted(TicketQuery, priority=priority, **parameters)
            assert len(shop.tickets(priority=priority, **parameters)) == gauge.value
        paused = shop.counted(TicketQuery, priority=priority, paused=True)
        assert len(shop.tickets(priority=priority, paused=True)) == paused.value
        for parameters in ({"status": status} for status in ("open", "pending", "on_hold")):
            gauge = shop.counted(TicketQuery, priority=priority, **parameters)
            assert len(shop.tickets(priority=priority, **parameters)) == gauge.value


@pytest.mark.parametrize(
    "query",
    [
        CustomerQuery(),
        CustomerQuery(lifecycle="new", tier="gold"),
        CustomerQuery(lifecycle="new", risk="late"),
        TicketQuery(),
        TicketQuery(breached=True),
        TicketQuery(breached=True, window="7d"),
        TicketQuery(breached=True, window="7d", sla="promise", status="open"),
        TicketQuery(due_within="2h", priority="high"),
        TicketQuery(breached=True, window="7d", sla="next_response"),  # a ticket may miss several
        TicketQuery(status="open", priority="high", team="billing"),
        TicketQuery(paused=True, status="pending", priority="high"),
        TicketQuery(team="other"),  # the series counts every team that is not configured
        TicketQuery(team="billing", agent="kim"),
        TicketQuery(status="closed", priority="high"),
        TicketQuery(status="open", unanswered="any", priority="high"),
        CustomerQuery(segment="country:DE"),
        CustomerQuery(segment="country:DE", lifecycle="new"),
        CustomerQuery(segment="country:DE", set="new", window="30d"),  # has the present value
        CustomerQuery(segment="country:DE", set="lost", window="30d", tier="gold"),
        TicketQuery(segment="country:DE", status="open", priority="high"),
        TicketQuery(segment="country:DE", team="billing"),
        TicketQuery(segment="country:DE", breached=True, window="7d", sla="promise", priority="high"),
        OrderQuery(segment="country:DE", overdue=True),
    ],
)
def test_query_without_matching_gauge_returns_none(query):
    assert matching_gauge(query) is None


def test_open_tickets_of_a_team_are_counted_by_its_gauge():
    assert matching_gauge(TicketQuery(team="billing")) == ("retention_team_tickets", {"team": "billing"})


@pytest.mark.parametrize("seed", [1, 2])
def test_list_length_equals_its_gauge(seed):
    history = random_history(seed, size=1000)
    for steps in (4, None):
        check(QueriedHistory(history, steps))


def test_list_length_by_segment_equals_its_gauge():
    history = random_history(1, size=800)
    history.definitions = complete_shop.definitions()
    for step in history.steps:
        step.events = complete_shop.with_attributes(step.events)
    check_segments(QueriedHistory(history, 9))


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(histories())
def test_list_length_equals_its_gauge_for_any_history(history):
    check(QueriedHistory(history))


@pytest.fixture
def manual_shop():
    return Shop()


@pytest.fixture(scope="module")
def shop():
    return QueriedHistory(random_history(11, size=1500), 8)


def test_profiles_equal_the_oracles(shop):
    expected = profiles(shop.events, shop.now, shop.definitions)
    found = {profile.customer_id: profile for profile in shop.customers()}
    assert found.keys() == expected.keys()
    for name, profile in found.items():
        wanted = expected[name]
        assert (profile.lifecycle, profile.tier, profile.orders, profile.nps, profile.open_tickets) == (
            wanted["lifecycle"],
            wanted["tier"],
            wanted["orders"],
            wanted["nps"],
            wanted["open_tickets"],
        )
        assert math.isclose(profile.net_value, wanted["net_value"], rel_tol=1e-9, abs_tol=0.00501)


def test_late_and_on_time_are_all_buyers(shop):
    late, others = shop.customers(risk="late"), shop.customers(risk="on_time")
    lines = [[entry[0] for entry in customer.order_history] for customer in shop.decoded_customers]
    risks = [risk for line in lines if (risk := assess(line, shop.now, shop.definitions))]
    assert len(late) == sum(risk.lateness > 1 for risk in risks) > 0
    assert len(others) == sum(risk.lateness <= 1 for risk in risks) > 0
    assert all(profile.risk.lateness >= 2 for profile in shop.customers(min_lateness=2))
    assert shop.customers(max_p_alive=1) == []  # without a fitted model


def test_parameters_restrict_together(shop):
    both = shop.customers(lifecycle="churned", tier="member")
    assert {(profile.lifecycle, profile.tier) for profile in both} == {("churned", "member")}
    assert len(both) < len(shop.customers(tier="member"))


def test_due_tickets_are_those_breached_by_then(shop):
    """Tickets due within two days are those with a target that is breached by then."""
    until = shop.now + 2 * 86400 * 10**6
    due = {(t.customer_id, t.ticket_id) for t in shop.tickets(due_within="2d")}
    later = QueriedHistory.__new__(QueriedHistory)
    later.__dict__ |= shop.__dict__ | {"now": until}
    breached = {
        (t.customer_id, t.ticket_id)
        for status in ("open", "pending", "on_hold", "solved", "closed")
        for t in later.tickets(status=status)
        if any(target.state == "breached" and target.due.timestamp() > shop.now / 1e6 for target in t.targets)
    }
    assert due == breached
    assert due


def test_tickets_without_parameters_are_unresolved(shop):
    statuses = [ticket.status for ticket in shop.tickets()]
    assert set(statuses) <= {"open", "pending", "on_hold"}
    total = sum(s.value for (metric, _), s in shop.samples.items() if metric == "retention_tickets")
    assert len(statuses) == total > 0


def test_breaches_in_sliding_windows_equal_the_gauge(manual_shop):
    """A target is due in each minute. At each instant, the list is as long as the gauge counts."""
    shop = manual_shop
    for minute in range(150):
        shop.process(Opened, f"t{minute}", NOW - HOUR - minute * MINUTE, URGENT, False, "web")
    for now in (NOW, NOW + 1, NOW + 30 * MINUTE):
        counted = {key: sample for key, sample in shop.samples(now).items() if key[0] == BREACHES}
        customer = Customer(b"ada", CustomerFacts(shop.partition.facts(b"ada")[0]))
        for window in ("1h", "24h", "7d"):
            query = TicketQuery(breached=True, window=window, sla="first_response")
            listed = list(Tickets(shop.definitions).find(customer, query, now))
            assert len(listed) == counted[BREACHES, "all", "first_response", window].numerator >= 30


def test_solved_breach_is_listed_only_with_a_window(manual_shop):
    shop = manual_shop
    for name in ("waits", "solved"):
        shop.process(Opened, name, NOW - 2 * HOUR, URGENT, False, "web")
    shop.process(StatusChanged, "solved", NOW - MINUTE, STATUSES.index("solved"))
    customer = Customer(b"ada", CustomerFacts(shop.partition.facts(b"ada")[0]))

    def listed(**parameters):
        found = Tickets(shop.definitions).find(customer, TicketQuery(**parameters), NOW)
        return [ticket.ticket_id for ticket in found]

    assert listed(breached=True) == ["waits"]
    assert listed(breached=True, window="24h") == ["solved", "waits"]
    assert listed() == ["waits"]
    assert listed(status="solved") == ["solved"]
