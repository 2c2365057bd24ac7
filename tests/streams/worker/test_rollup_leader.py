"""The conditions under which a complete round becomes the metrics, without Kafka."""

import math
from types import SimpleNamespace

import msgspec
import pytest
from aiokafka import TopicPartition

from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.partition.partition import Partition
from models.partition.published import PUBLISHED_KEY
from streams.clock import EventClock
from streams.faust_engine.types import RecordBatch
from streams.kafka.outbox import Outbox
from streams.kafka.topics import Names
from streams.rollup import publisher
from streams.rollup.protocol import PartialResult, Presence, Reopening, Tick, schema_hash
from streams.rollup.publisher import AS_OF
from streams.worker import rollup_leader
from streams.worker.clock_check import ClockCheck
from streams.worker.rollup_leader import RollupLeader
from tests.support.task_records import record

NAMES = Names("g")
NOW = 1_700_000_000_000_000
SECOND = 1_000_000


class Clock:
    """The wall clock, set by hand."""

    def __init__(self, at):
        self.at = at

    def now(self, _stream_time):
        return self.at


class Producer:
    """Answers each tick for the only task, with everything read."""

    def __init__(self, definitions):
        self.answers, self.definitions = [], definitions

    async def send(self, _topic, _key, value, *_rest):
        tick = msgspec.msgpack.decode(value, type=Tick)
        partial = Partition(self.definitions, {}).evaluate(tick.now)
        partial.counted_since = dict.fromkeys(self.definitions.periods.kinds, 0)
        self.answers.append(
            PartialResult(
                0,
                tick.number,
                tick.generation,
                tick.now,
                NOW,
                inputs_read=True,
                settlement_round=tick.settlement_round,
                reprocess_id=0,
                partial=partial,
                schema_hash=schema_hash(self.definitions),
            )
        )


class Leader:
    """A leader of one task, whose transactions the test holds back."""

    def __init__(self, clock, reserved_until=0, former=None, definitions=None):
        self.clock, self.commits = clock, 0
        definitions = definitions or Definitions()
        partition = Partition(definitions, {})
        partition.metadata.reserved_until = reserved_until
        self.task = SimpleNamespace(
            partition=partition,
            committer=SimpleNamespace(reserved_until=0),
            outbox=Outbox(),
            positions={},
            generation=1,
            running=True,
        )
        self.producer = Producer(definitions)
        context = SimpleNamespace(
            clock=clock,
            clock_check=ClockCheck(0),
            definitions=definitions,
            inputs_digest="",
            names=NAMES,
            partition_counts={NAMES.metrics: 1},
            task_count=1,
        )
        self.leader = RollupLeader(context, self.producer, self.task, self._commit, former)
        self.broker_is_away = False

    async def _commit(self, task):
        self.commits += 1
        if not self.broker_is_away:
            task.committer.reserved_until = task.partition.metadata.reserved_until

    @property
    def as_of(self):
        return self.leader.publisher.as_of

    async def round(self):
        """Run a round, and the steps of the leader after it."""
        await self.tick()
        await self.tick()

    async def tick(self):
        self.leader._ticked_at = 0.0
        await self.leader.send_ticks()
        answers, self.producer.answers = self.producer.answers, []
        self.collect(*answers)

    def collect(self, *messages):
        encoded = [record(n, msgspec.msgpack.encode(one), NAMES.partials) for n, one in enumerate(messages)]
        self.leader.collect(RecordBatch(TopicPartition(NAMES.partials, 0), encoded, 0, len(encoded)))

    def closed(self):
        """Return the periods whose values are exported as closed."""
        found = [one for one in self.leader.publisher.samples if one.labels.get("basis") == "as_closed"]
        return [one.labels["period"] for one in found if one.metric == "retention_period_orders"]

    async def caught_up(self):
        while not self.leader.publisher.caught_up:
            await self.tick()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Start a round whenever the test asks for one, and publish after each, however long the test takes."""
    monkeypatch.setattr(rollup_leader, "_ROUND_TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(publisher, "_PUBLISH_SECONDS", 0.0)
    monkeypatch.setattr(publisher, "_AS_OF_SECONDS", math.inf)
    monkeypatch.setattr(publisher, "_FRESH_SECONDS", math.inf)


async def test_round_is_exported_once_the_clock_is_committed():
    one = Leader(Clock(NOW))
    await one.caught_up()
    assert one.as_of == NOW
    assert one.task.committer.reserved_until >= NOW


async def test_no_round_is_exported_before_the_clock_is_committed():
    """All workers are killed, and the clock of the next one is behind: its metrics would go back."""
    one = Leader(Clock(NOW))
    await one.caught_up()
    one.broker_is_away = True
    one.clock.at += 60 * SECOND
    await one.round()
    assert one.as_of == NOW
    one.broker_is_away = False
    await one.round()
    assert one.as_of == NOW + 60 * SECOND


async def test_rounds_in_a_reserved_time_commit_nothing():
    """A transaction a round would be on the way of every event."""
    one = Leader(Clock(NOW))
    await one.caught_up()
    commits, one.broker_is_away = one.commits, True
    one.clock.at += SECOND // 2
    await one.round()
    assert one.as_of == NOW + SECOND // 2
    assert one.commits == commits


async def test_next_leader_evaluates_at_no_earlier_instant():
    one = Leader(Clock(NOW))
    await one.caught_up()
    successor = Leader(Clock(NOW - 3600 * SECOND), one.task.committer.reserved_until)
    await successor.caught_up()
    assert successor.as_of >= one.as_of


async def test_handed_over_clock_is_that_of_the_last_round():
    one = Leader(Clock(NOW))
    await one.caught_up()
    one.clock.at += SECOND
    await one.round()
    one.task.outbox.take()
    one.leader.hand_over()
    assert one.task.partition.metadata.reserved_until == one.as_of
    assert AS_OF.encode() in {row.key for row in one.task.outbox.to(NAMES.metrics, 0)}


async def test_first_round_of_a_day_is_kept_in_the_state():
    one = Leader(Clock(NOW))
    await one.caught_up()
    published = one.task.partition.published
    assert published.of_day(NOW).at == NOW
    one.clock.at += 3600 * SECOND
    await one.round()
    assert published.of_day(NOW).at == NOW
    one.clock.at += 86400 * SECOND
    await one.round()
    assert published.of_day(one.clock.at).at == one.as_of == one.clock.at
    assert len([key for key in one.task.partition.take_changes() if key.startswith(PUBLISHED_KEY)]) == 2


async def test_event_mode_commits_nothing_for_a_round():
    """The next leader reads the events again, and with them the clock."""
    one = Leader(EventClock())
    await one.caught_up()
    assert one.as_of == NOW
    assert one.commits == 0


async def test_names_beyond_the_limits_are_logged_once_and_in_ticks(monkeypatch, caplog):
    monkeypatch.setattr(publisher, "beyond_limits", lambda *_: [("price\n", None)])
    one = Leader(Clock(NOW))
    await one.caught_up()
    await one.round()
    assert caplog.text.count(r"which count as `other` (1): 'price\n'") == 1
    assert one.leader._collector.start_round(NOW).beyond == [("price\n", None)]


async def test_recreated_topic_makes_the_leader_publish_all(caplog):
    one = Leader(Clock(NOW))
    one.leader.follow_topics({NAMES.metrics: "first"})
    await one.caught_up()
    await one.round()
    one.task.outbox.take()
    one.leader.follow_topics({NAMES.metrics: "first"})
    await one.round()
    assert len(one.task.outbox) == 0, "nothing has changed"
    one.leader.follow_topics({NAMES.metrics: "second"})
    await one.round()
    assert len(one.task.outbox) > 100
    assert caplog.text.count("was created again") == 1


def test_presences_of_workers_are_counted_beside_results():
    one = Leader(Clock(NOW))
    sent = [Presence("a", 1), [], Presence("b", 1), Presence("a", 1, leaves=True)]
    one.collect(*sent)
    assert one.leader.workers.expected == 1
    assert one.task.partition.metadata.workers.count == 1


#: On 14 November 2023, five quarters are over whose quarter before begins inside the horizon.
QUARTERS = Definitions(periods=PeriodDefinitions(kinds=("quarter",)), windows=("30d",), horizon_days=600)


async def test_period_is_exported_as_closed_once_it_is_committed():
    one = Leader(Clock(NOW), definitions=QUARTERS)
    await one.caught_up()
    keys = [row.key for row in one.task.outbox.to(NAMES.periods, 0)]
    assert (len(keys), keys[-1]) == (5, b"g/quarter/2023-Q3/1")
    one.clock.at += SECOND
    await one.round()
    await one.round()
    assert one.closed() == ["2022-Q4", "2023-Q1", "2023-Q2", "2023-Q3"]
    assert len(one.task.outbox.to(NAMES.periods, 0)) == 5


async def test_reopening_is_written_with_the_position_behind_it():
    one = Leader(Clock(NOW), definitions=QUARTERS)
    await one.caught_up()
    await one.tick()
    one.task.outbox.take()
    one.collect(Reopening("quarter", "2023-Q3", 2, "why"))
    [row] = one.task.outbox.to(NAMES.periods, 0)
    assert (row.key, one.task.positions) == (b"g/quarter/2023-Q3/2", {TopicPartition(NAMES.partials, 0): 1})
    one.clock.at += SECOND
    await one.round()
    assert len(one.task.outbox.to(NAMES.periods, 0)) == 2, "the request, and the frozen values"


async def test_shop_without_periods_ignores_a_reopening():
    one = Leader(Clock(NOW))
    await one.caught_up()
    one.collect(Reopening("quarter", "2023-Q3", 2, "why"))
    assert not one.task.outbox.to(NAMES.periods, 0)
