"""Test how many facts are counted as changes of closed periods, and by which cause."""

from datetime import UTC, datetime

import pytest

from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.facts import claims, log_pages
from models.facts.control import Erase, KeptOrder, Merge
from models.facts.fact import REGISTRY_ADDRESS, Fact, encode_fact
from models.partition import standalone
from models.partition.partition import Partition
from models.partition.restatement_counts import RESTATEMENTS_KEY
from tests.support.partitions import HOUR, NOW, Shop

MONTHS = Definitions(periods=PeriodDefinitions(kinds=("month",), close_after="24h"))
KEPT = {"event": "e", "channel": "web", "coupon": False, "referrer": False}
CSAT = claims.SURVEYS.index("csat")


def us(*moment: int) -> int:
    """Return a time in UTC as microseconds since the epoch."""
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


JANUARY, FEBRUARY = us(2026, 1, 10), us(2026, 2, 10)


def watched(shop: Shop) -> Shop:
    """Return a shop whose facts count from now on; the present is 5 March 2026."""
    shop.partition.evaluate(NOW)
    for caught_up in (False, True):
        shop.partition.follow_close(caught_up=caught_up)
    commit(shop)
    return shop


def commit(shop: Shop) -> None:
    """Commit the rows of a shop's partition."""
    shop.rows.update(shop.partition.take_changes())
    shop.partition.confirm_changes()


def resume(shop: Shop) -> None:
    """Restore a shop's partition from its rows, in bootstrap mode."""
    commit(shop)
    shop.partition = Partition(MONTHS, dict(shop.rows))
    shop.partition.resume(NOW)


@pytest.fixture(params=["live", "bootstrap"])
def shop(request):
    """Return a shop with an order of January, in which facts count; live or in bootstrap mode."""
    shop = Shop(MONTHS)
    shop.order("o1", JANUARY)
    watched(shop)
    if request.param == "bootstrap":
        resume(shop)
    return shop


def counts(shop: Shop) -> dict[str, dict[str, int]]:
    """Return month -> cause -> number of facts."""
    if not shop.partition.is_live:
        standalone.build_aggregates(shop.partition, NOW)
    standalone.deliver_all(shop.partition)
    found = (shop.partition.evaluate(NOW).restated or {}).get("month", {})
    names = ("late", "amended", "refunded", "merged", "erased")
    return {month: {n: c for n, c in zip(names, each, strict=True) if c} for month, each in found.items()}


def test_late_order_changes_its_month_and_the_next_one(shop):
    shop.order("o2", us(2025, 12, 10), customer="bob")
    assert counts(shop) == {"2025-12": {"late": 1}, "2026-01": {"late": 1}}


def test_order_of_the_last_closed_month_changes_only_it(shop):
    shop.order("o2", FEBRUARY)
    assert counts(shop) == {"2026-02": {"late": 1}}


def test_order_of_the_running_month_is_not_counted(shop):
    shop.order("o2", us(2026, 3, 2))
    assert counts(shop) == {}


def test_duplicate_is_not_counted(shop):
    for _ in range(2):
        shop.order("o2", FEBRUARY, event_id="same")
    assert counts(shop) == {"2026-02": {"late": 1}}


def test_later_content_of_an_event_is_counted(shop):
    shop.order("o2", FEBRUARY, event_id="same")
    shop.order("o2", us(2026, 3, 2), event_id="same")
    assert counts(shop) == {"2026-02": {"late": 2}}


def test_recent_content_about_another_order_is_counted(shop):
    shop.order("o2", FEBRUARY, event_id="same")
    shop.order("o3", us(2026, 3, 2), event_id="same")
    assert counts(shop) == {"2026-02": {"late": 2}}


def test_content_ahead_of_the_clock_counts_once_its_time_comes(shop):
    shop.order("o2", FEBRUARY, event_id="same")
    shop.order("o3", NOW + HOUR, event_id="same")
    shop.partition.advance(NOW + 2 * HOUR)
    assert counts(shop) == {"2026-02": {"late": 1, "amended": 1}}


def test_contents_of_one_batch_are_counted_one_by_one(shop):
    for number in (1, 2):
        shop.order(f"f{number}", FEBRUARY, event_id=f"same-{number}")
    recent = [
        Fact(f"n{number}", claims.Placed(us(2026, 3, 2), f"same-{number}", 1000, "USD", "web"))
        for number in (1, 2)
    ]
    shop.partition.process([(b"ada", fact, encode_fact(fact)) for fact in recent])
    assert counts(shop)["2026-02"] == {"late": 4}


def test_reversal_that_names_another_order_changes_the_former(shop):
    shop.process(claims.Completed, "r1", us(2026, 3, 2), "o1", 100)
    shop.process(claims.Reversed, "r1", us(2026, 3, 3), "of another one")
    assert counts(shop) == {month: {"refunded": 2} for month in ("2026-01", "2026-02")}


def test_promise_of_the_past_changes_its_own_month(shop):
    shop.process(claims.Replied, "t1", us(2026, 3, 4), claims.AGENT, True, FEBRUARY)
    shop.process(claims.Opened, "t1", us(2026, 3, 4), 1, False, "web")
    assert counts(shop) == {"2026-02": {"late": 1}}


def test_claim_beyond_the_horizon_hides_no_late_order(shop):
    """In bootstrap mode, the log still has what has left the horizon."""
    shop.order("o2", NOW - 800 * 24 * HOUR + 2 * HOUR, customer="bob")
    shop.partition.advance(NOW + 4 * HOUR)
    shop.order("o2", FEBRUARY, customer="bob")
    assert counts(shop)["2026-02"] == {"late": 1}


def test_order_that_takes_the_place_of_its_lines_is_counted(shop):
    shop.process(claims.LinePlaced, "o2", FEBRUARY, "l1", 1000, "USD", "web")
    shop.order("o2", us(2026, 3, 2))
    assert counts(shop) == {"2026-02": {"late": 2}}


def test_earlier_first_order_changes_the_month_of_the_former_one(shop):
    shop.order("o0", us(2025, 8, 10))  # January had a new customer, and has a reactivated one
    assert {"2025-08", "2025-09", "2026-01", "2026-02"} == counts(shop).keys()


def test_first_order_beyond_the_horizon_is_a_late_one(shop):
    shop.order("o0", us(2021, 8, 10))
    assert counts(shop) == {"2026-01": {"late": 1}, "2026-02": {"late": 1}}


@pytest.mark.parametrize(
    ("claim", "payload", "cause"),
    [
        (claims.Amended, (700,), "amended"),
        (claims.Cancelled, (), "amended"),
        (claims.Completed, ("o1", 100), "refunded"),
    ],
)
def test_present_correction_of_an_old_order_counts_by_cause(shop, claim, payload, cause):
    shop.process(claim, "r1" if payload[:1] == ("o1",) else "o1", NOW - HOUR, *payload)
    assert counts(shop) == {"2026-01": {cause: 1}, "2026-02": {cause: 1}}


def test_correction_ahead_of_the_clock_is_counted_once(shop):
    shop.process(claims.Amended, "o1", NOW + 1, 700)
    expected = {"2026-01": {"amended": 1}, "2026-02": {"amended": 1}}
    assert counts(shop) == expected
    shop.partition.advance(NOW + HOUR)
    assert counts(shop) == expected


def test_correction_without_effect_is_not_counted(shop):
    shop.process(claims.Amended, "o1", NOW - HOUR, 1000)  # the amount that it has
    shop.process(claims.Amended, "unknown", NOW - HOUR, 700)
    shop.process(claims.Shipped, "o1", JANUARY + HOUR)
    assert counts(shop) == {}


def test_late_reply_changes_the_month_of_the_breach_too(shop):
    shop.process(claims.Opened, "t1", us(2026, 1, 31, 12), 1, False, "web")
    assert counts(shop) == {"2026-02": {"late": 1}}  # breached on 1 February
    shop.process(claims.Replied, "t1", us(2026, 1, 31, 13), claims.AGENT, True)
    assert counts(shop) == {"2026-01": {"late": 1}, "2026-02": {"late": 2}}


def test_withdrawn_ticket_is_amended(shop):
    shop.process(claims.Opened, "t1", FEBRUARY, 1, False, "web")
    shop.process(claims.TicketWithdrawn, "t1", NOW - HOUR, 0)
    assert counts(shop) == {"2026-02": {"late": 1, "amended": 1}}


def test_later_version_of_an_answer_changes_the_former_month(shop):
    shop.process(claims.Answered, "", FEBRUARY, CSAT, 5, "s1")
    shop.process(claims.Answered, "", NOW - HOUR, CSAT, 1, "s1")
    assert counts(shop) == {"2026-02": {"late": 2}}


def test_merge_counts_the_facts_that_change_the_customer(shop):
    shop.order("b1", FEBRUARY, customer="bob")
    merge = Merge(at=NOW, event="m1", customer="bob", into="ada")
    shop.partition.process_one(REGISTRY_ADDRESS, Fact("", merge))
    # The month loses the customer bob, and the customer ada gets an order in it.
    assert counts(shop)["2026-02"] == {"late": 1, "merged": 2}


def test_late_order_of_a_merged_identity_is_merged(shop):
    shop.partition.process_one(
        REGISTRY_ADDRESS, Fact("", Merge(at=NOW, event="m1", customer="bob", into="ada"))
    )
    standalone.deliver_all(shop.partition)
    shop.order("b1", us(2025, 12, 10), customer="bob")
    shop.order("a1", us(2025, 12, 10))
    assert counts(shop)["2025-12"] == {"late": 1, "merged": 1}


def test_erasure_counts_once(shop):
    shop.order("o2", JANUARY + HOUR)
    shop.partition.process_one(REGISTRY_ADDRESS, Fact("", Erase(customer="ada")))
    assert counts(shop)["2026-01"] == {"late": 1, "erased": 1}


@pytest.fixture
def large(monkeypatch):
    """Return a shop with 20 orders of January in several pages, and a worker that reads what arrived."""
    monkeypatch.setattr(log_pages, "PAGE_BYTES", 100)
    shop = watched(Shop(MONTHS))
    for number in range(20):
        shop.order(f"o{number}", JANUARY)
    resume(shop)
    return shop


def test_late_order_of_a_large_customer_counts_in_a_backlog(large):
    large.order("late", us(2025, 11, 10))
    large.partition.process_one("ada", Fact("", KeptOrder(at=us(2021, 8, 10), **KEPT)))
    found = counts(large)
    assert (found["2025-11"], found["2026-01"]) == ({"late": 2}, {"late": 20})


def test_correction_of_a_large_customer_counts_in_a_backlog(large):
    large.process(claims.Amended, "o1", NOW - HOUR, 700)
    large.process(claims.Completed, "r1", NOW - HOUR, "o19", 100)
    large.process(claims.Amended, "unknown", NOW - HOUR, 700)
    large.order("new", NOW - HOUR)
    expected = {"late": 20, "amended": 1, "refunded": 1}
    assert counts(large) == {"2026-01": expected, "2026-02": expected}


def test_counts_survive_a_restart():
    shop = watched(Shop(MONTHS))
    shop.order("o2", FEBRUARY)
    shop.restart()
    assert counts(shop) == {"2026-02": {"late": 1}}
    shop.order("o3", FEBRUARY)
    assert counts(shop) == {"2026-02": {"late": 2}}


def test_history_read_at_first_is_not_counted():
    shop = Shop(MONTHS)
    shop.partition.evaluate(NOW)
    shop.partition.follow_close(caught_up=False)
    shop.order("o1", FEBRUARY)
    shop.partition.evaluate(NOW)
    shop.partition.follow_close(caught_up=False)
    shop.order("o2", FEBRUARY)  # after the evaluation at which the group was caught up
    shop.partition.evaluate(NOW)
    shop.partition.follow_close(caught_up=True)
    commit(shop)
    assert counts(shop) == {"2026-02": {"late": 1}}


def test_counts_exist_once_their_row_is_committed():
    """A period that is frozen before would change without a cause after a restart."""
    shop = Shop(MONTHS)
    for caught_up in (False, True):
        shop.partition.take_changes()
        shop.partition.evaluate(NOW)
        shop.partition.follow_close(caught_up=caught_up)
    shop.partition.confirm_changes()  # of the transaction before the row
    assert shop.partition.evaluate(NOW).counted_since == {}
    assert RESTATEMENTS_KEY in shop.partition.take_changes()
    assert shop.partition.evaluate(NOW).counted_since == {}
    shop.partition.confirm_changes()
    assert shop.partition.evaluate(NOW).counted_since == {"month": NOW}


def test_partition_that_no_worker_evaluates_counts_nothing():
    shop = Shop(MONTHS)
    shop.partition.evaluate(NOW)
    shop.order("o1", FEBRUARY)
    assert counts(shop) == {}
    assert RESTATEMENTS_KEY not in shop.rows


def test_month_counts_only_after_it_has_closed():
    shop = watched(Shop(MONTHS))
    for now in (us(2026, 4, 1, 23), us(2026, 4, 2)):
        shop.partition.advance(now)
        for month in (2, 3):
            shop.order(f"{month}-{now}", us(2026, month, 10), customer=f"{month}-{now}")
    assert shop.partition.evaluate(now).restated == {
        "month": {"2026-02": [2, 0, 0, 0, 0], "2026-03": [2, 0, 0, 0, 0]}
    }


def test_nothing_is_kept_unless_kinds_are_configured():
    shop = watched(Shop())
    shop.order("o1", FEBRUARY)
    assert shop.partition.evaluate(NOW).restated is None
    assert RESTATEMENTS_KEY not in shop.rows


def test_late_opening_changes_the_month_of_an_earlier_solution(shop):
    shop.process(claims.StatusChanged, "t1", FEBRUARY, claims.SOLVED)
    assert counts(shop) == {}
    shop.process(claims.Opened, "t1", us(2026, 3, 4), 1, False, "web")
    assert counts(shop) == {"2026-02": {"late": 1}}
