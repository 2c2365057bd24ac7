"""The demo plays its scenario to the end, and leaves no process or file behind however it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from redis import Redis

from streams.local.ports import free_port
from streams.local.processes import die_with_parent
from streams.monitoring.scrape import Scrape, parse
from tests.support.browser import Browser

_DEMO = [sys.executable, "-m", "streams.cli", "demo"]
#: Enough customers for the minimum sample sizes of the alerts. Two partitions take less time than eight.
_STORY = ["--customers=1500", "--story-seconds=8", "--rate=5", "--partitions=2"]


class Demo:
    """A running demo and its output."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.port = free_port()
        self._log = directory / "output"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                die_with_parent([*_DEMO, f"--port={self.port}", f"--data-dir={directory / 'data'}", *flags]),
                stdout=log,
                stderr=log,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def until(self, find: Callable[[], Any], what: str, seconds: float = 600.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := find()):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, f"timed out: {what}\n{self.output[-6000:]}"
            time.sleep(0.2)
        return found

    def numbers(self) -> Scrape | None:
        text = get(f"http://127.0.0.1:{self.port}/metrics")
        return parse(text) if text else None


def get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.read().decode()
    except OSError:
        return ""


def about_answers(port: int) -> list[dict]:
    """Return the alerts that the live page receives, once an alert about slow responses is among them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stream", timeout=10) as stream:
        for line in stream:
            if line.startswith(b'data: {"at"'):
                shown = json.loads(line.removeprefix(b"data: "))["alerts"] or []
                return shown if any("response" in alert["summary"] for alert in shown) else []
    return []


def gone(family: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started = []

    def start(*flags: str) -> Demo:
        started.append(Demo(tmp_path, *flags))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


@pytest.mark.timeout(800)
@pytest.mark.program("prometheus", "chromium|google-chrome|chrome", "chromedriver")
def test_slow_answers_lose_customers_and_alerts_name_the_cause(
    demo: Callable[..., Demo], tmp_path: Path
) -> None:
    running = demo(*_STORY)
    named = r"The first, for \w+: .*?(http://127\.0\.0\.1:\d+)/alerts"
    prometheus = running.until(lambda: re.search(named, running.output, re.DOTALL), "alerts that fire")[1]
    before_and_now(running.output)
    rules = json.loads(get(f"{prometheus}/api/v1/rules"))["data"]["groups"]
    assert {rule["health"] for group in rules for rule in group["rules"]} == {"ok"}
    alerts = json.loads(get(f"{prometheus}/api/v1/alerts"))["data"]["alerts"]
    assert not [alert for alert in alerts if alert["labels"]["team"] == "platform"], "the pipeline is well"
    has_the_past(prometheus)
    shown = running.until(lambda: about_answers(running.port), "alerts on the page")
    assert all(get(alert["runbook"].partition("#")[0]) for alert in shown), "what to do is a page"
    is_read_on_the_page(running.port, tmp_path)
    family = running.family()
    assert len(family) >= 3, "Kafka, the worker and Prometheus"
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0, running.output
    assert "Stopped." in running.output
    assert gone(family)


def is_read_on_the_page(port: int, directory: Path) -> None:
    """Assert that the page shows each alert with its team and runbook, in an accessible form."""
    browser = Browser(directory / "profile")
    try:
        browser.driver.get(f"http://127.0.0.1:{port}/")
        browser.until(lambda: "response target" in browser.text(".alerts"), "the alerts")
        assert "support, for" in browser.text(".alerts"), "the team, and the time since it fires"
        assert browser.run("return document.querySelector('.alerts a').href").startswith("http://127.0.0.1:")
        assert browser.violations() == []
        browser.size(360, 800)
        assert browser.run("return document.documentElement.scrollWidth") <= 360
        assert browser.messages() == []
    finally:
        browser.close()


def before_and_now(output: str) -> None:
    """Assert that the last summary shows the scenario, and the numbers before and after it."""
    assert "four of five support agents leave" in output
    assert "parcels travel three times as long as promised" in output
    shares = r"{} +(-?\d+(?:\.\d)?)%? +(-?\d+(?:\.\d)?)%?"

    def pair(name: str) -> tuple[float, float]:
        before, now = re.findall(shares.format(name), output)[-1]
        return float(before), float(now)

    waiting, on_time = pair("tickets without a human response"), pair("delivered on time, 7 days")
    assert waiting[1] > waiting[0] + 5
    assert on_time[1] < on_time[0] - 50
    promoters, churn = pair(r"net promoter score \(NPS\), 30 days"), pair("churn, 30 days")
    assert promoters[1] < promoters[0]
    assert churn[1] > 0
    assert "causes: churn after a slow response" in output


def has_the_past(prometheus: str) -> None:
    """Assert that Prometheus holds a plausible NPS of a week before, with which the rules compare."""
    query = quote("last_over_time(job:retention_nps:held{window='30d'}[1h] offset 1w)")
    found = json.loads(get(f"{prometheus}/api/v1/query?query={query}"))["data"]["result"]
    [(_, value)] = [sample["value"] for sample in found]
    assert -100 <= float(value) <= 100


@pytest.mark.timeout(110)
def test_killed_demo_ends_all_its_processes(demo: Callable[..., Demo]) -> None:
    running = demo("--customers=300", "--story-seconds=1")
    running.until(running.numbers, "the worker")
    url = re.search(r"The read model is in Redis at (redis://\S+)", running.output)
    assert url is not None, running.output
    with Redis.from_url(url[1]) as redis:
        running.until(
            lambda: redis.zcard("retention:valuable") and redis.hlen("retention:metrics"), "the read model"
        )
    family = running.family()
    assert len(family) >= 3, "Kafka, Redis and the worker"
    os.kill(running.process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not gone(family):
        assert time.monotonic() < deadline, family
        time.sleep(0.1)
