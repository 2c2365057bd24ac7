"""Jobs that a worker repeats."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaTimeoutError

from streams.config.load import load
from streams.errors import BrokerUnavailable
from streams.ingest import input_topics
from streams.operations import dead_letter_retention
from streams.worker.periodic import InputWatch, remove_old_dead_letters, repeat


class FakeApp:
    """Replaces the Faust application. It stops after three pauses."""

    def __init__(self):
        self.pauses = []
        self.crashed_with = None

    @property
    def should_stop(self):
        return len(self.pauses) == 3

    async def sleep(self, seconds):
        self.pauses.append(seconds)

    async def crash(self, error):
        self.crashed_with = error


async def run(app, *outcomes):
    """Repeat a job with these outcomes, each None or an error. Return the number of runs."""
    runs = []

    async def job():
        runs.append(None)
        outcome = outcomes[len(runs) - 1]
        if outcome is not None:
            raise outcome

    await repeat(app, 0.5, "the job", job)()
    return len(runs)


async def test_job_is_repeated_until_the_app_stops():
    app = FakeApp()
    assert await run(app, None, None, None) == 3
    assert app.pauses == [0.5] * 3


async def test_job_is_repeated_after_a_kafka_error(caplog):
    app = FakeApp()
    assert await run(app, KafkaTimeoutError("away"), None, None) == 3
    assert app.crashed_with is None
    assert "the job failed: KafkaTimeoutError: away; trying again" in caplog.text


async def test_job_with_a_defect_stops_the_worker():
    app, defect = FakeApp(), ValueError("a defect")
    assert await run(app, None, defect) == 2
    assert app.crashed_with is defect


async def test_cancelled_job_ends():
    with pytest.raises(asyncio.CancelledError):
        await run(FakeApp(), asyncio.CancelledError())


async def test_each_new_input_is_logged_once(monkeypatch, caplog):
    existing = {"orders", "shop-eu"}

    async def appeared(_settings, known):
        return sorted(existing - known)

    monkeypatch.setattr(input_topics, "appeared", appeared)
    watch = InputWatch(load({}, {}), SimpleNamespace(inputs={"orders": "orders"}))
    await watch.look()
    existing.add("shop-us")
    await watch.look()
    await watch.look()
    text = "topic %s now matches an input pattern; restart the workers to read it"
    assert caplog.messages == [text % "shop-eu", text % "shop-us"]


async def test_failed_search_for_inputs_is_logged(monkeypatch, caplog):
    async def appeared(_settings, _known):
        raise BrokerUnavailable("kafka:9092")

    monkeypatch.setattr(input_topics, "appeared", appeared)
    await InputWatch(load({}, {}), SimpleNamespace(inputs={})).look()
    assert "cannot look for new input topics: no Kafka responds at kafka:9092" in caplog.text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (2, "removed 2 dead letters older than 30 days"),
        (0, None),
        (BrokerUnavailable("kafka:9092"), "old dead letters could not be removed: no Kafka responds"),
    ],
    ids=["removed", "none", "failed"],
)
async def test_removal_of_dead_letters_is_logged(monkeypatch, caplog, outcome, text):
    async def remove(_settings, partitions, _now):
        assert partitions == 4
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(dead_letter_retention, "remove", remove)
    caplog.set_level("INFO", "streams.worker.periodic")
    await remove_old_dead_letters(load({}, {}), SimpleNamespace(dead_letter_partitions=4))
    assert len(caplog.messages) == (text is not None)
    assert text is None or text in caplog.text
