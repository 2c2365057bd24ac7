"""What partitions say to each other of merges, erasures and referrals: what is kept, and what is not."""

import pytest

from models.definitions.definitions import Definitions
from models.facts import claims, control, log_pages
from models.facts.control import Erase, Merge, Referred
from models.facts.fact import REGISTRY_ADDRESS, Fact, encode_fact
from models.identity.links import original_event_id
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.metadata import METADATA_KEY
from models.partition.partition import Partition
from tests.support.partitions import DAY, HOUR, NOW

ROLES = "retention_spender_sender_customers"


class Pair:
    """Two partitions: ada's and the registry's is the first, everybody else's is the second."""

    def __init__(self):
        self.partitions = [Partition(Definitions(), {}) for _ in range(2)]
        for partition in self.partitions:
            partition.advance(NOW)
        self.rows = [partition._fact_log.rows for partition in self.partitions]
        self._ids = iter(range(1000))

    def order(self, customer, referrer=None, at=NOW - DAY, order="o1"):
        claim = claims.Placed(at, f"e{next(self._ids)}", 1000, "USD", "web", None, None, referrer)
        self.take(customer, Fact(order, claim))

    def cancel(self, customer, order="o1"):
        self.take(customer, Fact(order, claims.Cancelled(NOW, f"e{next(self._ids)}")))

    def merge(self, customer, into, at=NOW):
        merge = Merge(at=at, event=f"e{next(self._ids)}", customer=customer, into=into)
        self.take(REGISTRY_ADDRESS, Fact("", merge))

    def erase(self, customer):
        self.take(REGISTRY_ADDRESS, Fact("", Erase(customer=customer)))

    def take(self, customer, fact):
        self.partitions[customer not in ("", "ada")].process_one(customer, fact)
        self.pass_on()

    def pass_on(self, to=(0, 1)):
        """Deliver what is said, to some of the partitions."""
        while any(sent := [partition.drain_messages() for partition in self.partitions]):
            for letters in sent:
                for name, fact in letters:
                    for home in to:
                        if name is None or home == (name != "ada"):
                            self.partitions[home].process_one(name or "", fact)

    def value(self, metric, now=NOW, **labels):
        for partition in self.partitions:
            partition.advance(now)
        self.pass_on()
        partials = [partition.evaluate(now) for partition in self.partitions]
        samples = compute(partials, Definitions(), now)
        return next(s.value for s in samples if s.metric == metric and s.labels.items() >= labels.items())

    def senders(self, now=NOW):
        return sum(self.value(ROLES, now, spender=spender, sender="yes") for spender in ("yes", "no"))

    def holds(self, name):
        return any(name.encode() in key + row for rows in self.rows for key, row in rows.items())


@pytest.fixture
def pair():
    return Pair()


def test_who_is_named_by_an_order_is_a_sender_without_an_event_of_their_own(pair):
    pair.order("bob", referrer="ada")
    assert pair.value(ROLES, spender="no", sender="yes") == 1
    assert pair.value("retention_lifecycle_customers", state="prospect") == 0
    pair.cancel("bob")
    assert pair.senders() == 0


def test_a_referral_is_one_for_a_year_of_its_order(pair):
    pair.order("bob", referrer="ada", at=NOW - 364 * DAY)
    assert pair.senders() == 1
    assert pair.senders(NOW + DAY - HOUR) == 1
    assert pair.senders(NOW + DAY) == 0


def test_a_referral_that_has_left_the_horizon_leaves_nothing(pair):
    pair.order("bob", referrer="ada")
    pair.value(ROLES, NOW + 900 * DAY, spender="no", sender="yes")
    assert all(set(rows) <= {METADATA_KEY} for rows in pair.rows)


def test_who_names_an_identity_of_their_own_has_not_been_referred(pair):
    pair.order("bob", referrer="ada")
    assert pair.value("retention_referred_orders", window="30d") == 1
    pair.merge("ada", into="bob")
    assert pair.value("retention_referred_orders", window="30d") == 0
    assert pair.senders() == 0


def test_a_referral_moves_with_the_customer_whom_it_names_and_with_who_bought(pair):
    pair.order("bob", referrer="ada")
    pair.merge("ada", into="ann")
    pair.merge("bob", into="ben")
    pair.order("ann")
    assert pair.value(ROLES, spender="yes", sender="yes") == 1
    assert pair.value(ROLES, spender="no", sender="yes") == 0
    pair.cancel("bob")
    assert pair.senders() == 0


def test_what_comes_by_a_longer_way_does_not_outdo_what_was_said_after_it(pair):
    said = [
        Fact("o1", Referred(by="bob", at=NOW - DAY, sequence=turn, active=turn == 1)) for turn in (2, 1, 2, 1)
    ]
    for fact in said[:2]:
        pair.take("ada", fact)
    assert pair.senders() == 0
    history = Partition(Definitions(), {})
    history.resume(NOW)
    history.process((b"ada", fact, b"") for fact in said)
    pair.partitions[0] = history
    list(history.build_aggregates())
    assert pair.senders() == 0


def test_who_gets_their_name_back_has_all_their_facts(pair, monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 500)
    for number in range(20):
        pair.order("ada", order=f"o{number}")
    pair.merge("ada", into="bob", at=NOW - HOUR)
    pair.merge("bob", into="ada")
    assert pair.value("retention_orders", window="7d") == 20


def test_what_waits_for_its_time_moves_too(pair):
    pair.order("ada", at=NOW + HOUR)
    pair.merge("ada", into="bob")
    assert not pair.holds("ada\0")
    assert pair.value("retention_orders", NOW, window="7d") == 0
    assert pair.value("retention_orders", NOW + HOUR, window="7d") == 1


def test_identities_may_have_numbered_their_events_alike(pair):
    for customer in ("ada", "bob"):
        pair.take(customer, Fact("", claims.StockMissed(NOW, "e")))
    pair.merge("ada", into="bob")
    pair.take("ada", Fact("", claims.StockMissed(NOW, "e")))
    assert pair.value("retention_stockouts", window="7d") == 2
    known, _ = pair.partitions[1].facts(b"bob")
    assert [original_event_id(fact.claim.id) for fact in known] == ["e", "e"]


def test_of_the_erased_nothing_is_kept_wherever_they_were_named(pair):
    pair.order("ada-lovelace", referrer="bob-the-builder")
    pair.order("bob-the-builder", referrer="carol-ann")
    pair.order("bob-the-builder", referrer="carol-ann", order="later", at=NOW + HOUR)
    pair.merge("bob-the-builder", into="bob-of-old")
    pair.erase("bob-of-old")
    pair.order("bob-the-builder")
    assert not pair.holds("bob-")
    assert pair.value("retention_referred_orders", window="7d") == 1, "who bought it is still there"
    assert pair.senders() == 0
    assert pair.partitions[1].drain_erased_count() == 1
    pair.order("ada-lovelace", referrer="bob-of-old", order="o2")
    assert not pair.holds("bob-")
    assert pair.value("retention_referred_orders", window="7d") == 2


def test_who_was_to_name_the_erased_does_not(pair):
    pair.order("carol", referrer="bob-the-builder", at=NOW + HOUR)
    pair.erase("bob-the-builder")
    assert not pair.holds("bob-")
    assert pair.value("retention_referred_orders", NOW + HOUR, window="7d") == 1


def test_what_is_absorbed_comes_to_the_same(pair):
    live = pair.partitions[1]
    history = Partition(Definitions(), {})
    history.resume(NOW)
    pair.partitions[1] = history
    pair.order("ada", referrer="bob")
    pair.order("dan", referrer="eve-of-old")
    pair.order("fay", referrer="eve-of-old", at=NOW + HOUR)
    pair.merge("bob", into="carol")
    pair.erase("eve-of-old")
    pair.merge("ada", into="ann")
    pair.rows = [pair.partitions[0]._fact_log.rows, history._fact_log.rows]
    list(history.build_aggregates())
    assert live is not history
    assert pair.value(ROLES, spender="no", sender="yes") == 1
    assert pair.value("retention_referred_orders", window="7d") == 2
    assert not pair.holds("eve-")
    assert pair.value("retention_referred_orders", NOW + HOUR, window="7d") == 3
    for partition in pair.partitions:
        partition.take_changes()
    assert not pair.holds("eve-")


def test_what_came_before_a_move_in_one_batch_moves_too():
    rows = {}
    history = Partition(Definitions(), rows)
    history.resume(NOW)
    facts = [Fact("", claims.StockMissed(NOW, "e")), Fact("", control.Redirected(to="bob"))]
    history.process([(b"ada", fact, encode_fact(fact)) for fact in facts])
    letters = history.drain_messages()
    assert [(to, type(fact.claim)) for to, fact in letters] == [
        ("bob", control.AliasAdded),
        ("bob", claims.StockMissed),
    ]
    assert b"ada" not in rows


def test_a_partition_that_has_lost_its_state_is_told_again(pair):
    pair.order("ada", referrer="bob")
    pair.merge("carol", into="ada")
    pair.partitions[1] = Partition(Definitions(), {})
    pair.partitions[0].start_reprocessing(1)
    pair.pass_on()
    assert pair.senders() == 1
    pair.order("carol")
    assert pair.value("retention_customers", set="end", window="7d") == 1


def test_a_customer_whose_state_was_lost_is_told_who_they_are(pair):
    pair.merge("ada", into="bob")
    pair.partitions[1] = Partition(Definitions(), {})
    pair.partitions[0].start_reprocessing(1)
    pair.pass_on()
    pair.order("bob", referrer="ada")
    assert pair.value("retention_referred_orders", window="30d") == 0


def test_a_referral_that_was_sent_is_not_sent_again_after_a_restart(pair):
    pair.order("ada", referrer="bob")
    again = Partition(Definitions(), dict(pair.rows[0]))
    again.resume(NOW)
    standalone.build_aggregates(again, NOW)
    assert again.drain_messages() == []
    again = Partition(Definitions(), {key: row for key, row in pair.rows[0].items() if key != METADATA_KEY})
    again.resume(NOW)
    standalone.build_aggregates(again, NOW)
    again.start_reprocessing(2)
    assert len(again.drain_messages()) == 1


def test_one_that_is_alone_tells_itself():
    partition = Partition(Definitions(), {})
    partition.process_one("bob", Fact("o1", claims.Placed(NOW, "e1", 1, "USD", "web", None, None, "ada")))
    samples = compute([standalone.evaluate(partition, NOW)], Definitions(), NOW)
    assert {s.labels["sender"] for s in samples if s.metric == ROLES and s.value} == {"no", "yes"}
