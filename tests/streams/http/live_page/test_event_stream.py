"""What the live page is sent: a snapshot first, then changes."""

import json
import re
from pathlib import Path

import streams.http.live_page.event_stream
from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE
from models.partition.metadata import ClockJump
from prometheus.thresholds import THRESHOLDS
from streams.http.live_page.event_stream import SHOWN, EventStream
from streams.http.live_page.firing_alerts import Alert, Alerts
from streams.http.live_page.metrics_view import MetricsView
from streams.http.live_page.worker_stats import WorkerStats
from streams.monitoring.exporter import AS_OF_HELP
from streams.rollup.publisher import AS_OF, CAUGHT_UP
from tests.support.live_page import RATE, Record, Worker, rate


def make_stream(clock="wall"):
    view = MetricsView({})
    return view, EventStream(view, WorkerStats(Worker()), Definitions(), clock)


def parse(event):
    name, _, data, *end = event.decode().split("\n")
    assert end == ["", ""]
    return name, json.loads(data.removeprefix("data: "))


def test_every_shown_metric_is_in_the_catalogue():
    assert CATALOGUE.keys() | {AS_OF, CAUGHT_UP} >= SHOWN
    _, stream = make_stream()
    assert parse(stream.snapshot())[1]["help"].keys() == SHOWN
    assert parse(stream.snapshot())[1]["help"][AS_OF] == AS_OF_HELP


def test_update_contains_only_changes_since_the_snapshot():
    view, stream = make_stream()
    view.complete = True
    view.series.apply([rate(0.5)])
    name, first = parse(stream.update(1000.0))
    assert name == "event: update"
    assert first["series"] == {RATE: [0.5, 2.0]}
    assert first["point"] == [1000.0, {RATE: 0.5}]
    name, snapshot = parse(stream.snapshot())
    assert name == "event: snapshot"
    assert snapshot["series"] == {RATE: [0.5, 2.0]}
    assert snapshot["trend"] == {"times": [1000.0], "values": {RATE: [0.5]}}
    assert snapshot["as_of"] == 1782820800.0
    assert "series" not in parse(stream.update(1001.0))[1], "nothing has changed"
    view.series.apply([rate(None, "2026-06-30T12:00:01Z")])
    update = parse(stream.update(1002.0))[1]
    assert update["series"] == {RATE: [None, 2.0]}
    assert update["as_of"] == 1782820801.0


def test_deleted_series_is_sent_as_null():
    view, stream = make_stream()
    view.series.apply([rate(0.5)])
    stream.update(1.0)
    view.series.apply([Record(RATE)])
    assert parse(stream.update(2.0))[1]["series"] == {RATE: None}
    assert parse(stream.snapshot())[1]["series"] == {}


def test_ratio_is_sent_with_its_bounds():
    view, stream = make_stream()
    labels = {"window": "30d", "method": "cohort"}
    row = {"metric": "retention_rate_ratio", "labels": labels, "value": 0.5, "denominator": 2.0}
    view.series.apply([Record(RATE, **row, low=0.1, high=0.9, as_of="2026-06-30T12:00:00Z")])
    assert parse(stream.update(1.0))[1]["series"] == {RATE: [0.5, 2.0, 0.1, 0.9]}


def test_hidden_series_are_not_sent():
    view, stream = make_stream()
    label = {"window": "30d", "clock": "calendar", "quantile": "0.99", "by": "human", "priority": "all"}
    name = "retention_first_response_seconds"
    view.series.apply(
        [
            Record("other", metric="other", labels={}, value=1, as_of="2026-06-30T12:00:00Z"),
            Record(f"{name}{{…}}", metric=name, labels=label, value=1, as_of="2026-06-30T12:00:00Z"),
        ]
    )
    assert "series" not in parse(stream.update(1.0))[1]


def test_chart_has_no_sample_before_the_topic_is_read():
    view, stream = make_stream()
    view.series.apply([rate(0.5)])
    assert "point" not in parse(stream.update(1.0))[1]
    assert not stream.ready
    view.complete = True
    assert parse(stream.update(2.0))[1]["point"] == [2.0, {RATE: 0.5}]
    assert stream.ready


def test_chart_begins_with_the_first_value():
    view, stream = make_stream()
    view.complete = True
    assert "point" not in parse(stream.update(1.0))[1]
    view.series.apply([rate(0.5)])
    stream.update(9.0)
    assert parse(stream.snapshot())[1]["trend"]["times"] == [9.0]


def test_chart_uses_event_time_in_event_mode():
    view, stream = make_stream("event")
    view.complete = True
    view.series.apply([rate(0.5)])
    assert parse(stream.update(1000.0))[1]["point"] == [1782820800.0, {RATE: 0.5}]
    view.series.apply([rate(0.6, "2026-07-01T12:00:00Z")])
    assert parse(stream.update(1001.0))[1]["point"] == [1782820800.0 + 86400, {RATE: 0.6}]
    assert "point" not in parse(stream.update(1002.0))[1], "no time has passed"


def test_limits_are_the_thresholds_of_the_alerts():
    limits = parse(make_stream()[1].snapshot())[1]["limits"]
    assert limits["objective"] == THRESHOLDS["slo"]["objective"]
    assert limits["breach"] == THRESHOLDS["sla"]["breach"]
    assert limits["burn"] == THRESHOLDS["slo"]["fast_day"]
    assert limits["churn"] == THRESHOLDS["churn"]["ceiling"]
    assert limits["overdue"] == THRESHOLDS["deliveries"]["minimum_overdue"]


def test_snapshot_has_the_ages_of_cohorts_if_configured():
    assert parse(make_stream()[1].snapshot())[1]["cohorts"] is None
    definitions = Definitions(cohorts=CohortDefinitions(brackets=("7d", "30d")))
    stream = EventStream(MetricsView({}), WorkerStats(Worker()), definitions, "wall")
    assert parse(stream.snapshot())[1]["cohorts"] == [7 * 24, 30 * 24]


def test_snapshot_has_alerts_with_a_prometheus():
    assert "alerts" not in parse(make_stream()[1].update(1.0))[1]
    alerts = Alerts("http://127.0.0.1:9")
    stream = EventStream(MetricsView({}), WorkerStats(Worker()), Definitions(), "wall", alerts)
    assert "alerts" not in parse(stream.update(1.0))[1], "Prometheus has not responded yet"
    alerts.known = True
    assert parse(stream.update(1.0))[1]["alerts"] is None
    alerts.firing = [Alert("A", "critical", "support", "late", "very", 5.0, "")]
    [alert] = parse(stream.update(2.0))[1]["alerts"]
    assert (alert["severity"], alert["summary"], alert["since"]) == ("critical", "late", 5.0)


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
    assert not second["latency_over"]
    assert second["dead_letters"] == {"not_json": 1}
    assert second["anonymous"] == {"orders": (3, 1_000_050)}
    at = 100.0
    assert stats.sample()["events_per_second"] == 0 or stats.sample()["latency_p99"] is None


def test_latency_beyond_the_largest_bound_is_over_it(monkeypatch):
    at = 0.0
    monkeypatch.setattr("streams.http.live_page.worker_stats.time.monotonic", lambda: at)
    worker = Worker()
    stats = WorkerStats(worker)
    assert not stats.sample()["latency_over"]
    worker.counters.latency.observe(301.0, 2)
    worker.counters.latency.observe(1.0, 98)
    sample = stats.sample()
    assert (sample["latency_p99"], sample["latency_over"]) == (300.0, True)
    worker.counters.latency.observe(1.0, 900)
    assert not stats.sample()["latency_over"]


def test_worker_stats_name_the_clock_jump():
    worker = Worker()
    assert WorkerStats(worker).sample()["clock_jump"] is None
    worker.counters.clock_jump = ClockJump("orders", 3, 17, 5_000_000, 9_000_000)
    jump = {"topic": "orders", "partition": 3, "offset": 17, "from": 5.0, "to": 9.0}
    assert WorkerStats(worker).sample()["clock_jump"] == jump


def test_worker_stats_name_the_inputs_with_another_mapping():
    worker = Worker()
    assert WorkerStats(worker).sample()["changed_inputs"] == []
    worker.counters.changed_inputs = ["shop.orders"]
    assert WorkerStats(worker).sample()["changed_inputs"] == ["shop.orders"]


def test_shown_metrics_are_those_in_the_scripts():
    files = (Path(streams.http.live_page.event_stream.__file__).parent / "static").glob("*.js")
    named = {name for file in files for name in re.findall(r"\bretention_\w+", file.read_text())}
    assert named == SHOWN
