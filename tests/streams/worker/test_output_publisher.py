"""What is said of customers, as records: by whom, when, and never too many at once."""

import asyncio
import json

from models.definitions.definitions import Definitions
from models.facts.claims import Opened, Placed
from models.facts.fact import Fact
from models.outputs import Output
from models.partition.partition import Partition
from streams.kafka.outbox import Outbox
from streams.partitioner import tasks_of
from streams.worker import output_publisher
from streams.worker.output_publisher import TOPICS, OutputPublisher

NOW = 1_772_704_800_000_000
PARTITIONS = dict.fromkeys(TOPICS.values(), 3)


class Desk:
    """One partition with some customers, and what is said of them."""

    def __init__(self, customers=1):
        self.partition = Partition(Definitions(), {})
        self.partition.advance(NOW)
        self.outbox = Outbox()
        self.state = asyncio.Lock()
        self.announcer = OutputPublisher(self.partition, self.outbox, self.state, PARTITIONS, "/retention/g")
        for number in range(customers):
            name = f"customer-{number}"
            self.partition.process_one(name, Fact("o", Placed(NOW, "e", 100, "USD", "web")))

    async def speak(self, *, allowed=True):
        await self.speak_while(lambda: allowed)

    async def speak_while(self, may):
        self.announcer.publish_while(may)
        if self.announcer._publishing is not None:
            await asyncio.wait([self.announcer._publishing])

    def records(self, topic):
        return {
            partition: records for (name, partition), records in self.outbox.take().items() if name == topic
        }


async def test_nothing_is_said_while_it_may_not_be():
    desk = Desk()
    await desk.speak(allowed=False)
    assert len(desk.outbox) == 0
    await desk.speak()
    assert len(desk.outbox) == 3  # a profile and two transitions


async def test_a_record_is_a_cloud_event_in_its_keys_partition():
    desk = Desk()
    await desk.speak()
    [(partition, [record])] = desk.records("retention.customers").items()
    assert [partition] == tasks_of([b"customer-0"], 3)
    assert record.key == b"customer-0"
    value, headers = json.loads(record.value), dict(record.headers)
    assert value["lifecycle"] == "new"
    assert headers["ce_type"] == b"retention.customer"
    assert headers["ce_source"] == b"/retention/g"
    assert headers["ce_subject"] == b"customer-0"
    assert headers["ce_specversion"] == b"1.0"


async def test_a_tickets_targets_are_keyed_by_the_ticket_under_the_id_of_their_value():
    desk = Desk()
    desk.partition.process_one("customer-0", Fact("t", Opened(NOW, "f", 1, False, "web")))
    await desk.speak()
    [(partition, records)] = desk.records("retention.ticket-sla").items()
    assert [partition] == tasks_of([b"t"], 3)
    assert {record.key for record in records} == {b"t"}
    ids = [(dict(record.headers)["ce_id"].decode(), json.loads(record.value)["id"]) for record in records]
    assert all(header == inside for header, inside in ids)
    assert len(set(ids)) == len(records) == 3


def test_what_is_to_be_forgotten_is_a_tombstone():
    desk = Desk(0)
    desk.announcer.put([Output("retention.customer", "id", "ann", NOW, None)])
    [[record]] = desk.records("retention.customers").values()
    assert (record.key, record.value) == (b"ann", None)


async def test_no_more_is_said_than_may_wait_for_a_transaction(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 2)
    monkeypatch.setattr(output_publisher, "_MAX_PENDING", 10)
    desk = Desk(10)
    said = []
    for _ in range(4):
        await desk.speak()
        said.append(len(desk.outbox))
        desk.outbox.take()
    assert said == [12, 12, 6, 0], "of three records each"


async def test_others_get_turns_in_between(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 1)
    desk, turns = Desk(10), 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    await desk.speak()
    turning.cancel()
    assert turns >= 10


async def test_who_is_closed_says_no_more(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 1)
    desk = Desk(10)
    desk.announcer.publish_while(lambda: True)
    saying = desk.announcer._publishing
    await asyncio.sleep(0)
    desk.announcer.close()
    await asyncio.wait([saying])
    assert len(desk.outbox) < 30


async def test_who_may_no_longer_stops_in_the_middle(monkeypatch):
    monkeypatch.setattr(output_publisher, "_CHUNK", 1)
    desk = Desk(10)
    answers = iter([True, True, True])
    await desk.speak_while(lambda: next(answers, False))
    assert len(desk.records("retention.customers")) <= 2


async def test_it_waits_while_the_state_is_somebody_elses():
    desk = Desk()
    async with desk.state:
        desk.announcer.publish_while(lambda: True)
        await asyncio.sleep(0.01)
        assert len(desk.outbox) == 0
    await desk.speak()
    assert len(desk.outbox) == 3


async def test_what_cannot_be_said_of_one_is_logged_and_costs_the_others_nothing(monkeypatch, caplog):
    desk = Desk(3)
    say = desk.partition.emit
    monkeypatch.setattr(desk.partition, "emit", lambda key: {b"customer-1": None}.get(key, 0) + 0 or say(key))
    await desk.speak()
    assert "could not be computed" in caplog.text
    said = [record.key for records in desk.records("retention.customers").values() for record in records]
    assert sorted(said) == [b"customer-0", b"customer-2"]
