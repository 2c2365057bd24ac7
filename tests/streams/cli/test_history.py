"""`retention history`: the numbers at past instants, as OpenMetrics."""

import gzip
import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from streams.backfill.openmetrics import RECORDED
from streams.cli.progress import CountProgress

CDNOW = Path(__file__).parents[2] / "data" / "cdnow-orders.jsonl.gz"
RULES = Path(__file__).parents[3] / "prometheus" / "rules" / "recording.yml"
LABELS = {("job", "retention"), ("instance", "history")}


def read(text):
    """Instant -> series -> value; Prometheus' own parser rejects samples that are out of order."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            series = (sample.name, *sorted(sample.labels.items()))
            found.setdefault(float(sample.timestamp), {})[series] = sample.value
    return found


def computed(result):
    """The output of `compute --json`, in the form of a scrape."""
    series = {}
    for row in map(json.loads, result.out.splitlines()):
        labels = sorted({*row["labels"].items(), *LABELS})
        if row["value"] is not None:
            series[row["metric"], *labels] = row["value"]
        if row["metric"].endswith("_ratio"):
            series[row["metric"].removesuffix("_ratio") + "_denominator", *labels] = row["denominator"]
    return series


def order(number, time, **fields):
    return {"id": f"e{number}", "type": "order.placed", "time": time, "customer_id": f"c{number}",
            "order_id": "o", "amount": 1000, "currency": "USD"} | fields  # fmt: skip


@pytest.mark.slow
def test_each_instant_has_the_numbers_of_compute(retention, tmp_path):
    orders = tmp_path / "orders.jsonl"
    with gzip.open(CDNOW) as lines:
        orders.write_bytes(b"".join(reversed(list(itertools.islice(lines, 0, None, 17)))))
    times = ["1997-03-01T12:00:00Z", "1997-06-30T12:00:00Z", "1997-10-29T12:00:00Z"]
    window = ("--from", times[0], "--to", times[-1], "--step", "121d")
    result = retention("history", orders, *window, "--no-recorded")
    assert result.code == 0, result.err
    assert "3 instants" in result.err
    found = read(result.out)
    assert [datetime.fromtimestamp(at, UTC).isoformat() for at in found] == [
        time.replace("Z", "+00:00") for time in times
    ]
    for time, (at, series) in zip(times, found.items(), strict=True):
        labels = sorted(LABELS)
        assert series.pop(("retention_as_of_timestamp_seconds", *labels)) == at
        assert series.pop(("retention_caught_up", *labels)) == 1
        assert series == computed(retention("compute", orders, "--json", "--now", time))


def test_recording_rules_are_written_without_instance(retention, events_file):
    path = events_file(order(1, "2026-01-01T00:30:00Z"), order(2, "2026-01-01T01:30:00Z"))
    found = read(retention("history", path, "--label", "job=shop", "--label", "zone=eu").out)
    workers = {"retention_workers_expected"}  # a number of no shop
    assert set(RECORDED) == set(re.findall(r"record: job:(\w+):held", RULES.read_text())) - workers
    common = (("job", "shop"), ("zone", "eu"))
    assert [at % 3600 for at in found] == [0]  # the hour that begins between the two
    for series in found.values():
        name = "retention_responses", ("kind", "nps"), ("window", "7d")
        held = f"job:{name[0]}:held", *sorted([*name[1:], *common])
        assert series[held] == series[name[0], *sorted([*name[1:], *common, ("instance", "history")])]
        assert series["job:retention_as_of_timestamp_seconds:held", *common] == 1767229200


def test_progress_counts_every_event_and_instant(retention, events_file, monkeypatch):
    added = []
    monkeypatch.setattr(CountProgress, "add", lambda _, number: added.append(number))
    path = events_file(*[order(day, f"2026-01-0{day}T00:00:00Z") for day in (1, 2, 3)])
    result = retention("history", path, "--step", "1d")
    assert "3 instants" in result.err
    assert sum(added) == 3 + 3


def test_default_range_is_from_first_to_latest_event(retention, events_file):
    path = events_file(order(2, "2026-01-02T00:00:00Z"), order(1, "2026-01-01T00:00:00Z"))
    found = read(retention("history", path, "--step", "6h").out)
    assert [int(at - 1767225600) // 3600 for at in found] == [0, 6, 12, 18, 24]


def test_event_counts_from_its_time_and_merge_always(retention, events_file):
    merged = {"id": "m", "type": "customer.merged", "time": "2026-01-05T00:00:00Z", "customer_id": "c1",
              "into": "c2"}  # fmt: skip
    path = events_file(
        merged, order(1, "2026-01-03T00:00:00Z"), order(2, "2026-01-01T00:00:00Z", order_id="another"),
        b"garbage", order(3, "1980-01-01T00:00:00Z"), order(4, "2026-01-04T00:00:00Z", amount=-1),
    )  # fmt: skip
    days = ("--step", "1d", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-05T12:00:00Z")
    result = retention("history", path, *days)
    orders = ("retention_orders", *sorted([*LABELS, ("window", "7d")]))
    found = list(read(result.out).values())
    assert [series[orders] for series in found] == [1, 1, 2, 2, 2]
    buyers = ("retention_customers", *sorted([*LABELS, ("set", "end"), ("window", "7d")]))
    assert [series[buyers] for series in found] == [1, 1, 1, 1, 1]  # both are one, from the beginning
    assert "2 lines rejected: 1 invalid_field, 1 not_json" in result.err


def test_output_file_is_written(retention, events_file, tmp_path):
    out = tmp_path / "history.om"
    result = retention("history", events_file(order(1, "2026-01-01T00:00:00Z")), "--out", out)
    assert (result.code, result.out) == (0, "")
    assert out.read_text().endswith("\n# EOF\n")
    samples = [line for line in out.read_text().splitlines() if not line.startswith("#")]
    assert f"1 instant, {len(samples):,} samples in " in result.err, "with the recorded ones"
    result = retention(
        "history", events_file(order(1, "2026-01-01T00:00:00Z")), "--out", tmp_path / "no" / "x"
    )
    assert result.code == 1
    assert "cannot be written: its directory does not exist" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--step", "0h"], "'0h' is not a duration such as 5m, 1h or 1d"),
        (["--label", "job"], "'job' is not a label such as job=retention"),
        (["--label", "__name__=x"], "is not a label"),
        (["--to", (datetime.now(UTC) + timedelta(days=1)).isoformat()], "the time is later than now"),
        (["--from", "2026-02-01T00:00:00Z"], "there is no instant between --from and --to"),
        (["--step", "11d"], "--step: no multiple of the step is between the first event and the last"),
        (["--from", "1990-01-01T00:00:00Z", "--step", "1s"], "instants are too many"),
    ],
)
def test_invalid_options_are_named(retention, events_file, arguments, message):
    result = retention("history", events_file(order(1, "2026-01-01T00:00:00Z")), *arguments)
    assert result.code == 2
    assert message in result.err


def test_file_without_events_is_an_error(retention, events_file):
    result = retention("history", events_file(b"garbage"))
    assert result.code == 1
    assert "without an event there is no time to compute at" in result.err
