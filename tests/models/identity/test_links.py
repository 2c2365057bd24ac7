"""Links of customers: which control facts make them, what expires, and what an erasure removes."""

from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_US
from models.facts.claims import Placed, Shipped
from models.facts.control import AliasAdded, Referred, SentReferral
from models.facts.fact import Fact
from models.identity import links
from models.identity.links import ERASED_REFERRER, CustomerLinks, OrderReferral

DAY = 86_400_000_000
FORGETFUL = Definitions(keep_first_order=False)


def placed(event_id, at=DAY, referrer=None):
    return Fact("o1", Placed(at, event_id, 1000, "USD", "web", None, None, referrer))


def referred(by, at=DAY, sequence=1, *, active=True):
    return Fact("o1", Referred(by=by, at=at, sequence=sequence, active=active))


def sent(referrer, at=DAY, *, active=True):
    return Fact("o1", SentReferral(referrer=referrer, at=at, active=active))


def test_alias_becomes_an_identity():
    found = links.links_of([Fact("", AliasAdded(identity="ada@example.org"))])
    assert found.identities == {"ada@example.org"}


def test_customer_without_control_facts_has_no_links():
    found = links.links_of([placed("e1", referrer="bob")])
    assert (found.identities, found.referrals, found.sent_referrals) == (set(), {}, {})
    assert found.earliest == NEVER_US


def test_referral_with_the_largest_sequence_counts():
    facts = [referred("bob", DAY, 2), referred("bob", 2 * DAY, 1)]
    for arrival in (facts, facts[::-1]):
        assert list(links.links_of(arrival).referral_times) == [DAY]


def test_inactive_referral_has_no_time_but_is_kept():
    found = links.links_of([referred("bob", sequence=1), referred("bob", sequence=2, active=False)])
    assert list(found.referral_times) == []
    assert found.earliest == DAY


def test_referrals_of_two_buyers_for_equal_order_ids_both_count():
    found = links.links_of([referred("bob", DAY), referred("eve", 2 * DAY)])
    assert sorted(found.referral_times) == [DAY, 2 * DAY]
    assert found.earliest == DAY


def test_sent_referral_is_removed_by_its_withdrawal():
    assert links.links_of([sent("bob")]).sent_referrals == {"o1": OrderReferral("bob", DAY)}
    assert links.links_of([sent("bob"), sent("bob", active=False)]).sent_referrals == {}


def test_links_before_the_horizon_expire():
    found = links.links_of([referred("bob", DAY), referred("eve", 2 * DAY), sent("joe", DAY)])
    found.expire(2 * DAY)
    assert list(found.referral_times) == [2 * DAY]
    assert found.sent_referrals == {}


def test_control_facts_restore_the_links():
    facts = [Fact("", AliasAdded(identity="ada@example.org")), referred("bob"), sent("joe")]
    before = links.links_of(facts)
    after = links.links_of(before.control_facts())
    assert all(getattr(after, name) == getattr(before, name) for name in CustomerLinks.__slots__)


def test_facts_since_omits_old_and_superseded_facts():
    facts = [
        placed("old", DAY),
        placed("new", 3 * DAY),
        referred("bob", 3 * DAY, 1),
        referred("bob", 3 * DAY, 2),
        referred("eve", DAY),
    ]
    kept = links.facts_since(facts, 2 * DAY, "ada", FORGETFUL)
    assert kept == [placed("new", 3 * DAY), referred("bob", 3 * DAY, 2)]


def test_facts_since_keeps_aliases_for_good():
    alias = Fact("", AliasAdded(identity="ada@example.org"))
    assert links.facts_since([alias], 10**18, "ada", FORGETFUL) == [alias]


def test_first_order_before_the_horizon_is_kept():
    facts = [placed("second", 2 * DAY), placed("first", DAY)]
    [kept] = links.facts_since(facts, 3 * DAY, "ada", Definitions())
    assert (kept.claim.at, kept.claim.event) == (DAY, "first")


def test_linked_customers_are_referrers_and_buyers():
    facts = [placed("e1", referrer="bob"), placed("e2"), referred("eve"), sent("joe")]
    assert links.linked_customers(facts) == {"bob", "eve"}


def test_erased_referrer_is_replaced_in_the_order():
    [kept] = links.without_erased([placed("e1", referrer="bob")], {"bob"})
    assert kept == placed("e1", referrer=ERASED_REFERRER)
    assert links.without_erased([placed("e1", referrer="bob")], {"eve"}) == [placed("e1", referrer="bob")]


def test_messages_of_an_erased_customer_are_removed():
    facts = [referred("bob"), referred("eve"), sent("bob"), Fact("o1", Shipped(DAY, "e2"))]
    assert links.without_erased(facts, {"bob"}) == [referred("eve"), Fact("o1", Shipped(DAY, "e2"))]
