"""Changed series are published, and a new leader continues with the published values."""

import json
import math

import pytest

from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE, Sample
from models.partition.partition import Partition
from streams.rollup import publisher as publishing
from streams.rollup.protocol import PartialResult
from streams.rollup.publisher import AS_OF, CAUGHT_UP, Publisher, series_key, series_value

NOW = 1_700_000_000_123_457
SECOND = 1_000_000


class Timer:
    """`time.monotonic`, moved by hand."""

    at = 1000.0

    def monotonic(self):
        return self.at


@pytest.fixture
def timer(monkeypatch):
    timer = Timer()
    monkeypatch.setattr(publishing, "time", timer)
    return timer


@pytest.fixture
def publisher(timer):  # noqa: ARG001 - patches the clock
    return Publisher(Definitions())


def results(now):
    partial = Partition(Definitions(), {}).evaluate(now)
    return [
        PartialResult(
            0,
            1,
            1,
            now,
            now,
            inputs_read=True,
            settlement_round=1,
            reprocess_id=0,
            partial=partial,
            schema_hash=0,
        )
    ]


def publish(publisher, timer, *samples, caught_up=True, now=NOW):
    """Set the samples at `now`, and return the sent (key, decoded value) pairs."""
    publisher.update(results(now), now, caught_up=caught_up)
    publisher.samples = list(samples)
    timer.at += 1
    return sent(publisher)


def sent(publisher):
    return [
        (change.key.decode(), None if change.value is None else json.loads(change.value))
        for change in publisher.changes()
    ]


def business(changes):
    return [(key, value) for key, value in changes if key not in (AS_OF, CAUGHT_UP)]


ORDERS = Sample("retention_orders", {"window": "7d"}, 3.0)
CHURN = Sample("retention_churn_ratio", {"window": "7d"}, math.nan, 0.0, 0.0)


def test_series_key_is_in_prometheus_notation():
    assert series_key("retention_nps", {}) == "retention_nps"
    assert series_key("m", {"b": "2", "a": 'x"\\\n'}) == 'm{a="x\\"\\\\\\n",b="2"}'


def test_ratio_has_its_parts_and_nan_is_null():
    assert series_value(CHURN, NOW) == {
        "metric": "retention_churn_ratio",
        "labels": {"window": "7d"},
        "value": None,
        "numerator": 0.0,
        "denominator": 0.0,
        "low": None,
        "high": None,
        "as_of": "2023-11-14T22:13:20.123457Z",
    }
    assert not {"numerator", "low", "high"} & series_value(ORDERS, NOW).keys()


def test_ratio_has_its_confidence_bounds():
    churn = Sample("retention_churn_ratio", {"window": "7d"}, 0.0, 0, 10)
    value = series_value(churn, NOW)
    assert (value["low"], value["high"]) == pytest.approx((0.0, 0.277533), abs=1e-6)
    assert "low" not in series_value(Sample("retention_nps", {}, 50.0, 500, 10), NOW), "a score"


def test_unchanged_series_are_not_sent(publisher, timer):
    assert dict(business(publish(publisher, timer, ORDERS, CHURN))).keys() == {
        'retention_orders{window="7d"}',
        'retention_churn_ratio{window="7d"}',
    }
    assert business(publish(publisher, timer, ORDERS, CHURN, now=NOW + SECOND)) == []
    four = Sample("retention_orders", {"window": "7d"}, 4.0)
    [(key, value)] = business(publish(publisher, timer, four, CHURN, now=NOW + 2 * SECOND))
    assert key == 'retention_orders{window="7d"}'
    assert (value["value"], value["as_of"]) == (4.0, "2023-11-14T22:13:22.123457Z")


def test_changed_denominator_is_a_change(publisher, timer):
    publish(publisher, timer, Sample("retention_churn_ratio", {}, 0.5, 1.0, 2.0))
    [(_, value)] = business(publish(publisher, timer, Sample("retention_churn_ratio", {}, 0.5, 2.0, 4.0)))
    assert value["denominator"] == 4.0


def test_changes_are_sent_at_most_once_a_second(publisher, timer):
    assert publish(publisher, timer, ORDERS)
    timer.at += 0.99
    publisher.samples = [Sample("retention_orders", {"window": "7d"}, 5.0)]
    assert sent(publisher) == []
    timer.at += 0.01
    assert [key for key, _ in sent(publisher)] == ['retention_orders{window="7d"}']


def test_as_of_is_sent_every_ten_seconds(publisher, timer):
    seen = [AS_OF in dict(publish(publisher, timer, ORDERS, now=NOW + n * SECOND)) for n in range(21)]
    assert [n for n, there in enumerate(seen) if there] == [0, 10, 20]


def test_removed_series_is_null_once_then_a_tombstone(publisher, timer):
    publish(publisher, timer, ORDERS, CHURN)
    key = 'retention_churn_ratio{window="7d"}'
    (null_key, null), tombstone = business(publish(publisher, timer, ORDERS))
    assert (null_key, tombstone) == (key, (key, None))
    assert (null["metric"], null["labels"], null["value"]) == (
        "retention_churn_ratio",
        {"window": "7d"},
        None,
    )
    assert business(publish(publisher, timer, ORDERS)) == []
    assert [k for k, _ in business(publish(publisher, timer, ORDERS, CHURN))] == [key], (
        "a removed series may come back"
    )


def test_recreated_topic_gets_all_series_at_once(publisher, timer):
    before = publish(publisher, timer, ORDERS, CHURN)
    publisher.publish_all()
    assert {key for key, _ in sent(publisher)} == {key for key, _ in before}


def test_series_that_ceases_with_its_topic_is_removed(publisher, timer):
    """It may have come to the new topic before the publisher noticed that topic."""
    publish(publisher, timer, ORDERS, CHURN)
    publisher.publish_all()
    records = business(publish(publisher, timer, ORDERS))
    assert [key for key, _ in records[1:]] == ['retention_churn_ratio{window="7d"}'] * 2
    assert records[-1][1] is None


def test_no_series_are_sent_while_catching_up(publisher):
    publisher.samples = [ORDERS]
    publisher.update(results(NOW), NOW, caught_up=False)
    assert publisher.samples == [ORDERS], "the last complete values stay"
    assert publisher.as_of == 0
    assert sent(publisher) == [
        (CAUGHT_UP, {"metric": CAUGHT_UP, "labels": {}, "value": 0.0, "as_of": "1970-01-01T00:00:00Z"})
    ]


def test_catching_up_keeps_the_published_series(publisher, timer):
    publish(publisher, timer, ORDERS, CHURN)
    assert business(publish(publisher, timer, caught_up=False)) == []


def test_caught_up_ends_without_complete_rounds(publisher, timer):
    assert (CAUGHT_UP, 1.0) in [(key, value["value"]) for key, value in publish(publisher, timer, ORDERS)]
    timer.at += 60
    assert not publisher.caught_up
    assert [(key, value["value"]) for key, value in sent(publisher) if key == CAUGHT_UP] == [(CAUGHT_UP, 0.0)]


def test_older_round_is_ignored(publisher):
    publisher.update(results(NOW), NOW, caught_up=True)
    before = publisher.samples
    publisher.update(results(NOW - 1), NOW - 1, caught_up=True)
    assert publisher.as_of == NOW
    assert publisher.samples is before


def test_round_at_the_same_instant_replaces_the_values(publisher):
    publisher.update(results(NOW), NOW, caught_up=True)
    before = publisher.samples
    publisher.update(results(NOW), NOW, caught_up=True)
    assert publisher.samples is not before


def test_samples_are_metrics_of_the_catalogue(publisher):
    publisher.update(results(NOW), NOW, caught_up=True)
    assert publisher.samples
    assert {sample.metric for sample in publisher.samples} <= CATALOGUE.keys()


def test_new_leader_continues_with_the_published_values(publisher, timer):
    gone = Sample("retention_nps", {"window": "7d"}, 50.0)
    log = []
    for samples in ([ORDERS, CHURN, gone], [ORDERS, CHURN]):
        publisher.update(results(NOW), NOW, caught_up=True)
        publisher.samples = samples
        timer.at += 1
        log += [(change.key, change.value) for change in publisher.changes()]
    successor = Publisher(Definitions())
    successor.restore(log)
    assert successor.as_of == NOW
    assert not successor.caught_up, "it has no complete round of its own yet"
    restored = {sample.metric: sample for sample in successor.samples}
    assert restored.keys() == {"retention_orders", "retention_churn_ratio"}
    assert restored["retention_orders"] == ORDERS
    assert math.isnan(restored["retention_churn_ratio"].value)
    assert restored["retention_churn_ratio"].denominator == 0.0
    assert business(publish(successor, timer, ORDERS, CHURN, now=NOW + SECOND)) == [], (
        "only the difference is sent"
    )
    assert [key for key, _ in business(publish(successor, timer, CHURN))] == [
        'retention_orders{window="7d"}'
    ] * 2


@pytest.mark.parametrize("as_of", [NOW, 1_795_000_000_999_999, 1])
def test_as_of_is_restored_to_the_microsecond(as_of):
    """Without it, `now` would go back when the leader changes."""
    row = series_value(ORDERS, as_of)
    successor = Publisher(Definitions())
    successor.restore([(b"k", json.dumps(row).encode())])
    assert successor.as_of == as_of


def test_series_of_another_release_are_removed(publisher, timer):
    old = series_value(Sample("retention_of_old", {}, 1.0), NOW)
    publisher.restore([(b"retention_of_old", json.dumps(old).encode())])
    assert publisher.samples == []
    assert [value for _, value in business(publish(publisher, timer, ORDERS))][-1] is None


@pytest.mark.parametrize("labels", [{}, {"window": "7d", "clock": "calendar"}, {"channel": "web"}])
def test_series_with_labels_of_another_release_are_removed(publisher, timer, labels):
    """The exporter would fail with each scrape until the first complete round."""
    old = series_value(Sample("retention_orders", labels, 1.0), NOW)
    publisher.restore([(b"retention_orders", json.dumps(old).encode())])
    assert publisher.samples == []
    assert [value for _, value in business(publish(publisher, timer, ORDERS))][-1] is None


@pytest.mark.parametrize("junk", [b"", b"junk", b"[]", b"{}", b'{"metric":1,"labels":[]}', b"\xff"])
def test_record_of_another_program_is_skipped(publisher, junk):
    row = json.dumps(series_value(ORDERS, NOW)).encode()
    publisher.restore([(b"\xff", junk), (b"k", row), (b"\xfe", None)])
    assert publisher.samples == [ORDERS]


def test_series_of_another_group_give_no_value_and_no_clock(publisher, timer):
    """The former owner's state is gone, and its topics belong to this group."""
    later = json.dumps(series_value(CHURN, NOW + 1000 * SECOND)).encode()
    publisher.restore([(b'retention_churn_ratio{window="7d"}', later)], own=False)
    assert (publisher.as_of, publisher.samples) == (0, [])
    published = dict(business(publish(publisher, timer, ORDERS)))
    assert published['retention_orders{window="7d"}']["value"] == 3.0
    assert published['retention_churn_ratio{window="7d"}'] is None, "its series are removed"


def test_values_exported_since_the_last_publication_are_kept(publisher, timer):
    """Task 0 is opened again in the same process: `as_of` would go back to the last published values."""
    publish(publisher, timer, ORDERS)
    later = Publisher(Definitions())
    later.restore([(b"k", json.dumps(series_value(ORDERS, NOW - SECOND)).encode())])
    later.continue_from(publisher)
    assert (later.as_of, later.samples) == (NOW, [ORDERS])
    assert not later.caught_up


def test_values_of_a_later_leader_replace_the_former_ones(publisher, timer):
    publish(publisher, timer, ORDERS)
    later = Publisher(Definitions())
    later.restore([(b"k", json.dumps(series_value(CHURN, NOW + SECOND)).encode())])
    later.continue_from(publisher)
    assert later.as_of == NOW + SECOND
    assert [sample.metric for sample in later.samples] == ["retention_churn_ratio"]


def test_hand_over_sends_changes_and_as_of_at_once(publisher, timer):
    publish(publisher, timer, ORDERS)
    publisher.samples = [Sample("retention_orders", {"window": "7d"}, 5.0)]
    publisher.as_of = NOW + SECOND
    assert sent(publisher) == []
    keys = {change.key.decode() for change in publisher.changes(at_once=True)}
    assert keys == {'retention_orders{window="7d"}', AS_OF}
