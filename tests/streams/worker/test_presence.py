"""The presence messages of a worker."""

import asyncio

import msgspec
from aiokafka.errors import KafkaConnectionError

from streams.rollup.protocol import Presence
from streams.worker import presence
from streams.worker.presence import PresenceReporter


class Producer:
    def __init__(self, *answers):
        self.sent, self.answers = [], list(answers)

    async def send_and_wait(self, topic, _key, value, partition, *_rest):
        if self.answers and (error := self.answers.pop(0)) is not None:
            raise error
        self.sent.append((topic, partition, msgspec.msgpack.decode(value, type=Presence)))

    def messages(self):
        return [(message.generation, message.leaves) for _, _, message in self.sent]


def reporter(producer):
    return PresenceReporter(lambda: producer, "g-partials")


async def test_presence_is_reported_once_in_each_generation():
    producer = Producer()
    one = reporter(producer)
    for generation in (4, 4, 5):
        await one.report(generation)
    assert producer.messages() == [(4, False), (5, False)]
    assert {(topic, partition) for topic, partition, _ in producer.sent} == {("g-partials", 0)}
    assert len({message.worker for *_, message in producer.sent}) == 1


async def test_two_workers_have_two_ids():
    producer = Producer()
    for one in (reporter(producer), reporter(producer)):
        await one.report(1)
    assert len({message.worker for *_, message in producer.sent}) == 2


async def test_failed_report_is_repeated():
    producer = Producer(KafkaConnectionError())
    one = reporter(producer)
    try:
        await one.report(4)
    except KafkaConnectionError:
        await one.report(4)
    assert producer.messages() == [(4, False)]


async def test_worker_that_leaves_reports_it():
    producer = Producer()
    one = reporter(producer)
    await one.report(4)
    await one.report_leaving()
    assert producer.messages() == [(4, False), (4, True)]


async def test_worker_that_leaves_reports_no_later_generation():
    """Another worker leaves at the same time, and the rebalance that follows still counts this one."""
    producer = Producer()
    one = reporter(producer)
    await one.report(4)
    await one.report_leaving()
    await one.report(5)
    assert producer.messages() == [(4, False), (4, True)]


async def test_worker_that_never_joined_reports_nothing():
    producer = Producer()
    await reporter(producer).report_leaving()
    assert producer.sent == []


async def test_stop_without_kafka_is_logged_and_goes_on(monkeypatch, caplog):
    producer = Producer(None, KafkaConnectionError())
    one = reporter(producer)
    await one.report(4)
    await one.report_leaving()
    assert "could not report that this worker leaves in order: KafkaConnectionError" in caplog.text

    async def hang(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(producer, "send_and_wait", hang)
    monkeypatch.setattr(presence, "_LAST_SECONDS", 0.0)
    await one.report_leaving()
    assert "TimeoutError" in caplog.text
