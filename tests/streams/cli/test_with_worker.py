"""Commands of an operator on a running group: redrive dead letters, diagnose, reset."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.local.ports import free_port
from streams.local.processes import die_with_parent

NOW = datetime.now(UTC)


def order(number, **fields):
    return {
        "id": f"e{number}",
        "type": "order.placed",
        "time": (NOW - timedelta(hours=number)).isoformat(),
        "customer_id": f"c{number}",
        "order_id": "o",
        "amount": 1000,
        "currency": "USD",
    } | fields


@pytest.fixture
def worker(kafka, unique, monkeypatch, tmp_path):
    """Start a worker process; the commands of the test get the same settings."""
    port = free_port()
    settings = {"BROKER": kafka, "GROUP": unique, "PARTITIONS": 3, "PORT": port, "SESSION_TIMEOUT": 6}
    settings["TOPIC_PREFIX"] = unique  # the Kafka has derived topics of other tests' groups
    for name, value in settings.items():
        monkeypatch.setenv(f"RETENTION_{name}", str(value))

    @contextmanager
    def run():
        with (tmp_path / "worker.log").open("ab") as log:
            command = die_with_parent([sys.executable, "-m", "streams.cli", "worker"])
            process = subprocess.Popen(command, env=os.environ, stdout=log, stderr=log)
            try:
                yield Metrics(port, process)
            finally:
                process.terminate()
                assert process.wait(30) == 0, (tmp_path / "worker.log").read_text()

    return run


class Metrics:
    def __init__(self, port, process):
        self.url = f"http://127.0.0.1:{port}/metrics"
        self.process = process

    def read(self):
        try:
            with urllib.request.urlopen(self.url, timeout=2) as response:
                text = response.read().decode()
        except OSError:
            return {}
        families = text_string_to_metric_families(text)
        return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}

    def wait_for(self, value, name, **labels):
        key, series = (name, *sorted(labels.items())), {}
        deadline = time.monotonic() + 60
        while series.get(key) != value:
            assert time.monotonic() < deadline, f"{key} is {series.get(key)}, not {value}"
            assert self.process.poll() is None
            time.sleep(0.2)
            series = self.read()


def test_corrected_dead_letters_are_redriven_and_counted(retention, worker, events_file, tmp_path):
    lines = [
        order(1),
        order(2, amount=-5),
        order(3, type="order.eaten", customer_id="c3"),
        order(4, currency="EUR"),
    ]
    with worker() as metrics:
        retention("load", events_file(*lines))
        metrics.wait_for(1, "retention_orders", window="7d")
        metrics.wait_for(1, "retention_worker_dead_letters_total", reason="invalid_field")
        metrics.wait_for(1, "retention_worker_dead_letters_total", reason="unknown_currency")
        dead_letters = []
        while len(dead_letters) < 2:  # counted when rejected, written with the transaction
            listed = retention("dead-letters", "list", "--json").out
            dead_letters = [json.loads(line) for line in listed.splitlines()]
        rejected = {(dead_letter["reason"], dead_letter["topic"]) for dead_letter in dead_letters}
        assert rejected == {("invalid_field", "orders"), ("unknown_currency", "orders")}
        for dead_letter in dead_letters:
            dead_letter["value"] |= {"amount": 500, "currency": "USD"}
        path = tmp_path / "dead-letters.jsonl"
        path.write_text("\n".join(map(json.dumps, dead_letters)))
        assert retention("dead-letters", "redrive", "--file", path).out == "sent 2 records to orders\n"
        metrics.wait_for(3, "retention_orders", window="7d")
        metrics.wait_for(20, "retention_net_revenue", window="7d", currency="USD")
        result = retention("doctor", "--port", "0")
        assert result.code == 0
        assert "ok    1 worker of group" in result.out
        assert "dead letters" not in result.out  # both are redriven
        reported = ""
        while "Net revenue was 20.00 USD, from 3 orders." not in reported:  # published once a second
            reported = retention("report").out
        explained = retention("explain", "retention_refund_ratio", "--window", "7d", "--json").out
        assert json.loads(explained)["after"]["denominator"] == 3
        known = retention("erase", "--yes", "c1").out
        assert "done: the customer is erased\n\nremoved " in known
        unknown = retention("erase", "--yes", "c11").out
        assert "done: no data of c11 was found. " in unknown
        assert "\nremoved " not in unknown


def test_reset_makes_workers_read_all_inputs_again(retention, worker, events_file, broker_calls, unique):
    with worker() as metrics:
        retention("load", events_file(*(order(number) for number in range(50))))
        metrics.wait_for(50, "retention_orders", window="7d")
        active = retention("reset", "--yes")
        assert active.code == 6
        assert f"group {unique} has 1 running worker" in active.err
    result = retention("reset", "--yes")
    assert result.code == 0, result.err
    assert f"deleted topic {unique}-customers-changelog" in result.out
    assert f"deleted the offsets of group {unique}" in result.out
    assert not {topic for topic in broker_calls.topics() if topic.startswith(f"{unique}-")}
    with worker() as metrics:
        metrics.wait_for(50, "retention_orders", window="7d")
        metrics.wait_for(1, "retention_caught_up")
