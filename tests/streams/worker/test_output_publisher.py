"""Outputs of customers as records: when they are emitted, and how many at once."""

import asyncio
import json

from models.definitions.definitions import Definitions
from models.facts.claims import Opened, Placed
from models.facts.fact import Fact
from models.outputs import Output
from models.partition.partition import Partition
from streams.kafka.outbox import Outbox
from streams.kafka.topics import Names
from streams.partitioner import tasks_of
from streams.worker import output_publisher
from streams.worker.output_publisher import OutputPublisher

NOW = 1_772_704_800_000_000
PARTITIONS = dict.fromkeys(Names("g").derived, 3)


class PublishedPartition:
    """A partition with some customers, and the outbox of its outputs."""

    def __init__(self, customers=1):
        self.partition = Partition(Definitions(), {})
        self.partition.advance(NOW)
        self.outbox = Outbox()
        self.state = asyncio.Lock()
        self.publisher = OutputPublisher(self.partition, self.outbox, self.state, PARTITIONS, Names("g"))
        for number in range(customers):
            name = f"customer-{number}"
            self.partition.process_one(name, Fact("o", Placed(NOW, "e", 100, "USD", "web")))

    async def publish(self, *, allowed=True):
        await self.publish_while(lambda: allowed)

    async def publish_while(self, may):
        self.publisher.publish_while(may)
        if self.publisher._publishing is not None:
            await asyncio.wait([self.publisher._publishing])

    def records(self, topic):
        return {
            partition: records for (name, partition), records in self.outbox.take().items() if name == topic
        }


async def test_no_outputs_are_emitted_while_not_allowed():
    published = PublishedPartition()
    await published.publish(allowed=False)
    assert len(published.outbox) == 0
    await published.publish()
    assert len(published.outbox) == 3  # a profile and two transitions


async def test_output_is_a_cloud_event_in_the_partition_of_its_key():
    published = PublishedPartition()
    await published.publish()
    [(partition, [record])] = published.records("retention.customers").items()
    assert [partition] == tasks_of([b"customer-0"], 3)
    assert record.key == b"customer-0"
    value, headers = json.loads(record.value), dict(record.headers)
    assert value["lifecycle"] == "new"
    assert headers["ce_type"] == b"retention.customer"
    assert headers["ce_source"] == b"/retention/g"
    assert headers["ce_subject"] == b"customer-0"
    assert headers["ce_specversion"] == b"1.0"


async def test_sla_outputs_are_keyed_by_ticket():
    published = PublishedPartition()
    published.partition.process_one("customer-0", Fact("t", Opened(NOW, "f", 1, False, "web")))
    await published.publish()
    [(partition, records)] = published.records("retention.ticket-sla").items()
    assert [partition] == tasks_of([b"t"], 3)
    assert {record.key for record in records} == {b"t"}
    ids = [(dict(record.headers)["ce_id"].decode(), json.loads(record.value)["id"]) for record in records]
    assert all(header == inside for header, inside in ids)
    assert len(set(ids)) == len(records) == 3


def test_output_without_value_is_a_tombstone():
    published = PublishedPartition(0)
    published.publisher.put([Output("retention.customer", "id", "ann", NOW, None)])
    [[record]] = published.records("retention.customers").values()
    assert (record.key, record.value) == (b"ann", None)


async def test_full_outbox_pauses_publishing(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 2)
    monkeypatch.setattr(output_publisher, "_MAX_PENDING", 10)
    published = PublishedPartition(10)
    counts = []
    for _ in range(4):
        await published.publish()
        counts.append(len(published.outbox))
        published.outbox.take()
    assert counts == [12, 12, 6, 0], "three records of each customer"


async def test_publishing_yields_to_other_coroutines(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 1)
    published, runs = PublishedPartition(10), 0

    async def run():
        nonlocal runs
        while True:
            runs += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(run())
    await published.publish()
    running.cancel()
    assert runs >= 10


async def test_closed_publisher_emits_nothing(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 1)
    published = PublishedPartition(10)
    published.publisher.publish_while(lambda: True)
    publishing = published.publisher._publishing
    await asyncio.sleep(0)
    published.publisher.close()
    await asyncio.wait([publishing])
    assert len(published.outbox) < 30


async def test_publishing_stops_when_the_condition_ends(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 1)
    published = PublishedPartition(10)
    answers = iter([True, True, True])
    await published.publish_while(lambda: next(answers, False))
    assert len(published.records("retention.customers")) <= 2


async def test_publishing_waits_for_the_state_lock():
    published = PublishedPartition()
    async with published.state:
        published.publisher.publish_while(lambda: True)
        await asyncio.sleep(0.01)
        assert len(published.outbox) == 0
    await published.publish()
    assert len(published.outbox) == 3


async def test_failed_customer_is_logged_and_others_are_published(monkeypatch, caplog):
    published = PublishedPartition(3)
    emit = published.partition.emit
    monkeypatch.setattr(
        published.partition, "emit", lambda key: {b"customer-1": None}.get(key, 0) + 0 or emit(key)
    )
    await published.publish()
    assert "could not be computed" in caplog.text
    keys = [record.key for records in published.records("retention.customers").values() for record in records]
    assert sorted(keys) == [b"customer-0", b"customer-2"]
