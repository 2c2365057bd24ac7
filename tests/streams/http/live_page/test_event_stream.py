import json
import re
from pathlib import Path

import streams.http.live_page.event_stream
from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE
from prometheus.thresholds import THRESHOLDS
from streams.http.live_page.event_stream import SHOWN, EventStream
from streams.http.live_page.firing_alerts import Alert, Alerts
from streams.http.live_page.metrics_view import MetricsView
from streams.http.live_page.worker_stats import WorkerStats
from streams.monitoring.exporter import AS_OF_HELP
from streams.monitoring.worker_counters import WorkerCounters
from streams.rollup.publisher import AS_OF, CAUGHT_UP

RATE = 'retention_rate_ratio{method="cohort",window="30d"}'


class Record:
    def __init__(self, key, **value):
        self.key = key.encode()
        self.value = json.dumps(value).encode() if value else None


class Worker:
    """What the worker stats sample."""

    is_restored = True

    def __init__(self):
        self.counters = WorkerCounters()

    def rows(self):
        return 3

    def owned(self):
        return 2

    def caught_up(self):
        return True

    def lags(self):
        return []


def rate(value, as_of="2026-06-30T12:00:00Z"):
    labels = {"method": "cohort", "window": "30d"}
    fields = {"value": value, "numerator": 1, "denominator": 2, "as_of": as_of}
    return Record(RATE, metric="retention_rate_ratio", labels=labels, **fields)


def made(clock="wall"):
    follower = MetricsView({})
    return follower, EventStream(follower, WorkerStats(Worker()), Definitions(), clock)


def parsed(event):
    name, _, data, *end = event.decode().split("\n")
    assert end == ["", ""]
    return name, json.loads(data.removeprefix("data: "))


def test_every_series_shown_is_one_that_exists_and_is_explained():
    assert CATALOGUE.keys() | {AS_OF, CAUGHT_UP} >= SHOWN
    _, feed = made()
    assert parsed(feed.snapshot())[1]["help"].keys() == SHOWN
    assert parsed(feed.snapshot())[1]["help"][AS_OF] == AS_OF_HELP


def test_a_snapshot_then_changes_only():
    follower, feed = made()
    follower.complete = True
    follower.series.take([rate(0.5)])
    name, first = parsed(feed.update(1000.0))
    assert name == "event: update"
    assert first["series"] == {RATE: [0.5, 2.0]}
    assert first["point"] == [1000.0, {RATE: 0.5}]
    name, snapshot = parsed(feed.snapshot())
    assert name == "event: snapshot"
    assert snapshot["series"] == {RATE: [0.5, 2.0]}
    assert snapshot["trend"] == {"times": [1000.0], "values": {RATE: [0.5]}}
    assert snapshot["as_of"] == 1782820800.0
    assert "series" not in parsed(feed.update(1001.0))[1], "nothing has changed"
    follower.series.take([rate(None, "2026-06-30T12:00:01Z")])
    update = parsed(feed.update(1002.0))[1]
    assert update["series"] == {RATE: [None, 2.0]}
    assert update["as_of"] == 1782820801.0


def test_a_series_that_ceased_goes():
    follower, feed = made()
    follower.series.take([rate(0.5)])
    feed.update(1.0)
    follower.series.take([Record(RATE)])
    assert parsed(feed.update(2.0))[1]["series"] == {RATE: None}
    assert parsed(feed.snapshot())[1]["series"] == {}


def test_what_the_page_does_not_show_is_not_sent():
    follower, feed = made()
    label = {"window": "30d", "quantile": "0.99", "by": "human", "priority": "all"}
    name = "retention_first_response_seconds"
    follower.series.take(
        [
            Record("other", metric="other", labels={}, value=1, as_of="2026-06-30T12:00:00Z"),
            Record(f"{name}{{…}}", metric=name, labels=label, value=1, as_of="2026-06-30T12:00:00Z"),
        ]
    )
    assert "series" not in parsed(feed.update(1.0))[1]


def test_no_trend_of_numbers_that_are_not_all_read():
    follower, feed = made()
    follower.series.take([rate(0.5)])
    assert "point" not in parsed(feed.update(1.0))[1]
    assert not feed.ready
    follower.complete = True
    assert parsed(feed.update(2.0))[1]["point"] == [2.0, {RATE: 0.5}]
    assert feed.ready


def test_a_trend_begins_with_the_first_number():
    follower, feed = made()
    follower.complete = True
    assert "point" not in parsed(feed.update(1.0))[1]
    follower.series.take([rate(0.5)])
    feed.update(9.0)
    assert parsed(feed.snapshot())[1]["trend"]["times"] == [9.0]


def test_where_the_clock_is_the_events_the_past_is_theirs():
    follower, feed = made("event")
    follower.complete = True
    follower.series.take([rate(0.5)])
    assert parsed(feed.update(1000.0))[1]["point"] == [1782820800.0, {RATE: 0.5}]
    follower.series.take([rate(0.6, "2026-07-01T12:00:00Z")])
    assert parsed(feed.update(1001.0))[1]["point"] == [1782820800.0 + 86400, {RATE: 0.6}]
    assert "point" not in parsed(feed.update(1002.0))[1], "no time has passed"


def test_limits_are_the_alerts():
    limits = parsed(made()[1].snapshot())[1]["limits"]
    assert limits["objective"] == THRESHOLDS["slo"]["objective"]
    assert limits["breach"] == THRESHOLDS["sla"]["breach"]
    assert limits["burn"] == THRESHOLDS["slo"]["fast_day"]
    assert limits["churn"] == THRESHOLDS["churn"]["ceiling"]
    assert limits["overdue"] == THRESHOLDS["deliveries"]["minimum_overdue"]


def test_snapshot_has_alerts_with_a_prometheus():
    assert "alerts" not in parsed(made()[1].update(1.0))[1]
    alerts = Alerts("http://127.0.0.1:9")
    feed = EventStream(MetricsView({}), WorkerStats(Worker()), Definitions(), "wall", alerts)
    assert "alerts" not in parsed(feed.update(1.0))[1], "it has never answered"
    alerts.known = True
    assert parsed(feed.update(1.0))[1]["alerts"] is None
    alerts.firing = [Alert("A", "critical", "support", "late", "very", 5.0, "")]
    [notified] = parsed(feed.update(2.0))[1]["alerts"]
    assert (notified["severity"], notified["summary"], notified["since"]) == ("critical", "late", 5.0)


def test_worker_stats_cover_the_last_minute(monkeypatch):
    at = 0.0
    monkeypatch.setattr("streams.http.live_page.worker_stats.time.monotonic", lambda: at)
    worker = Worker()
    stats = WorkerStats(worker)
    worker.counters.events("orders", 1_000_000)
    worker.counters.latency.observe(250.0, 1_000_000)
    first = stats.sample()
    assert first["events"] == 1_000_000
    assert first["events_per_second"] is None
    assert first["latency_p99"] is None
    at = 10.0
    worker.counters.events("orders", 50)
    worker.counters.latency.observe(0.2, 98)
    worker.counters.latency.observe(0.9, 2)
    worker.counters.dead_letter("not_json")
    worker.counters.count_without_customer("orders", 3)
    second = stats.sample()
    assert second["events_per_second"] == 5.0
    assert (second["latency_p50"], second["latency_p99"]) == (0.2, 1.0)
    assert second["dead_letters"] == {"not_json": 1}
    assert second["anonymous"] == {"orders": (3, 1_000_050)}
    at = 100.0
    assert stats.sample()["events_per_second"] == 0 or stats.sample()["latency_p99"] is None


def test_the_page_is_sent_what_it_names_and_nothing_else():
    files = (Path(streams.http.live_page.event_stream.__file__).parent / "static").glob("*.js")
    named = {name for file in files for name in re.findall(r"\bretention_\w+", file.read_text())}
    assert named == SHOWN
