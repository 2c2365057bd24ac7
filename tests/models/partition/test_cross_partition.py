"""Messages between partitions about merges, erasures and referrals: their effects, and what is stored."""

import pytest

from models.definitions.definitions import Definitions
from models.facts import claims, control, log_pages
from models.facts.control import Erase, Merge, Referred
from models.facts.fact import REGISTRY_ADDRESS, Fact, encode_fact
from models.facts.origins import original_event_id
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.metadata import METADATA_KEY
from models.partition.partition import Partition
from tests.support.partitions import DAY, HOUR, NOW

ROLES = "retention_spender_sender_customers"


class Pair:
    """Two partitions: the first has ada and the merge registry, the second all other customers."""

    def __init__(self):
        self.partitions = [Partition(Definitions(), {}) for _ in range(2)]
        for partition in self.partitions:
            partition.advance(NOW)
        self.rows = [partition._fact_log.rows for partition in self.partitions]
        self._ids = iter(range(1000))

    def order(self, customer, referrer=None, at=NOW - DAY, order="o1"):
        claim = claims.Placed(at, f"e{next(self._ids)}", 1000, "USD", "web", None, None, referrer)
        self.process(customer, Fact(order, claim))

    def cancel(self, customer, order="o1"):
        self.process(customer, Fact(order, claims.Cancelled(NOW, f"e{next(self._ids)}")))

    def merge(self, customer, into, at=NOW):
        merge = Merge(at=at, event=f"e{next(self._ids)}", customer=customer, into=into)
        self.process(REGISTRY_ADDRESS, Fact("", merge))

    def erase(self, customer):
        self.process(REGISTRY_ADDRESS, Fact("", Erase(customer=customer)))

    def process(self, customer, fact):
        self.partitions[customer not in ("", "ada")].process_one(customer, fact)
        self.deliver()

    def deliver(self, to=(0, 1)):
        """Deliver all messages to some of the partitions."""
        while any(sent := [partition.drain_messages() for partition in self.partitions]):
            for messages in sent:
                for name, fact in messages:
                    for home in to:
                        if name is None or home == (name != "ada"):
                            self.partitions[home].process_one(name or "", fact)

    def value(self, metric, now=NOW, **labels):
        for partition in self.partitions:
            partition.advance(now)
        self.deliver()
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


def test_referrer_without_events_is_a_sender(pair):
    pair.order("bob", referrer="ada")
    assert pair.value(ROLES, spender="no", sender="yes") == 1
    assert pair.value("retention_lifecycle_customers", state="prospect") == 0
    pair.cancel("bob")
    assert pair.senders() == 0


def test_referral_counts_for_a_year_from_its_order(pair):
    pair.order("bob", referrer="ada", at=NOW - 364 * DAY)
    assert pair.senders() == 1
    assert pair.senders(NOW + DAY - HOUR) == 1
    assert pair.senders(NOW + DAY) == 0


def test_expired_referral_leaves_no_row(pair):
    pair.order("bob", referrer="ada")
    pair.value(ROLES, NOW + 900 * DAY, spender="no", sender="yes")
    left = {key for rows in pair.rows for key in rows} - {METADATA_KEY, b"bob"}
    assert not left, "only the first order of the buyer is kept"


def test_order_that_names_an_own_identity_is_no_referral(pair):
    pair.order("bob", referrer="ada")
    assert pair.value("retention_referred_orders", window="30d") == 1
    pair.merge("ada", into="bob")
    assert pair.value("retention_referred_orders", window="30d") == 0
    assert pair.senders() == 0


def test_referral_follows_merges_of_referrer_and_buyer(pair):
    pair.order("bob", referrer="ada")
    pair.merge("ada", into="ann")
    pair.merge("bob", into="ben")
    pair.order("ann")
    assert pair.value(ROLES, spender="yes", sender="yes") == 1
    assert pair.value(ROLES, spender="no", sender="yes") == 0
    pair.cancel("bob")
    assert pair.senders() == 0


def test_late_message_does_not_override_a_newer_one(pair):
    sent = [
        Fact("o1", Referred(by="bob", at=NOW - DAY, sequence=sequence, active=sequence == 1))
        for sequence in (2, 1, 2, 1)
    ]
    for fact in sent[:2]:
        pair.process("ada", fact)
    assert pair.senders() == 0
    history = Partition(Definitions(), {})
    history.resume(NOW)
    history.process((b"ada", fact, b"") for fact in sent)
    pair.partitions[0] = history
    list(history.build_aggregates())
    assert pair.senders() == 0


def test_identity_that_is_canonical_again_has_all_its_facts(pair, monkeypatch):
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 500)
    for number in range(20):
        pair.order("ada", order=f"o{number}")
    pair.merge("ada", into="bob", at=NOW - HOUR)
    pair.merge("bob", into="ada")
    assert pair.value("retention_orders", window="7d") == 20


def test_future_facts_follow_a_redirect(pair):
    pair.order("ada", at=NOW + HOUR)
    pair.merge("ada", into="bob")
    assert not pair.holds("ada\0")
    assert pair.value("retention_orders", NOW, window="7d") == 0
    assert pair.value("retention_orders", NOW + HOUR, window="7d") == 1


def test_equal_event_ids_of_two_identities_both_count(pair):
    for customer in ("ada", "bob"):
        pair.process(customer, Fact("", claims.StockMissed(NOW, "e")))
    pair.merge("ada", into="bob")
    pair.process("ada", Fact("", claims.StockMissed(NOW, "e")))
    assert pair.value("retention_stockouts", window="7d") == 2
    known, _ = pair.partitions[1].facts(b"bob")
    assert [original_event_id(fact.claim.id) for fact in known] == ["e", "e"]


def test_erased_customer_remains_in_no_row(pair):
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


def test_future_order_loses_its_erased_referrer(pair):
    pair.order("carol", referrer="bob-the-builder", at=NOW + HOUR)
    pair.erase("bob-the-builder")
    assert not pair.holds("bob-")
    assert pair.value("retention_referred_orders", NOW + HOUR, window="7d") == 1


def test_bootstrap_gives_the_same_numbers(pair):
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


def test_facts_before_a_redirect_in_one_batch_are_forwarded():
    rows = {}
    history = Partition(Definitions(), rows)
    history.resume(NOW)
    facts = [Fact("", claims.StockMissed(NOW, "e")), Fact("", control.Redirected(to="bob"))]
    history.process([(b"ada", fact, encode_fact(fact)) for fact in facts])
    messages = history.drain_messages()
    assert [(to, type(fact.claim)) for to, fact in messages] == [
        ("bob", control.AliasAdded),
        ("bob", claims.StockMissed),
    ]
    assert b"ada" not in rows


def test_partition_that_lost_its_state_is_sent_everything_again(pair):
    pair.order("ada", referrer="bob")
    pair.merge("carol", into="ada")
    pair.partitions[1] = Partition(Definitions(), {})
    pair.partitions[0].start_reprocessing(1)
    pair.deliver()
    assert pair.senders() == 1
    pair.order("carol")
    assert pair.value("retention_customers", set="end", window="7d") == 1


def test_customer_whose_state_was_lost_gets_its_aliases_again(pair):
    pair.merge("ada", into="bob")
    pair.partitions[1] = Partition(Definitions(), {})
    pair.partitions[0].start_reprocessing(1)
    pair.deliver()
    pair.order("bob", referrer="ada")
    assert pair.value("retention_referred_orders", window="30d") == 0


def test_sent_referral_is_not_sent_again_after_a_restart(pair):
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


def test_standalone_partition_receives_its_own_messages():
    partition = Partition(Definitions(), {})
    partition.process_one("bob", Fact("o1", claims.Placed(NOW, "e1", 1, "USD", "web", None, None, "ada")))
    samples = compute([standalone.evaluate(partition, NOW)], Definitions(), NOW)
    assert {s.labels["sender"] for s in samples if s.metric == ROLES and s.value} == {"no", "yes"}
