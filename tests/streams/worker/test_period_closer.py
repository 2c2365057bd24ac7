"""A frozen version is exported after its transaction, never before. With Kafka: tests/e2e."""

from types import SimpleNamespace

import pytest

from streams.kafka.outbox import Outbox
from streams.kafka.topics import Names
from streams.rollup.closed_periods import ClosedPeriods, Key
from streams.rollup.protocol import Reopening
from streams.worker import period_closer
from streams.worker.period_closer import PeriodCloser
from tests.support.closed_periods import MONTHS, Evaluation, at

OCTOBER = Key("month", "2026-10", 1)


class Ids:
    """The ids of topics."""

    async def topic_ids(self, topics):
        return dict.fromkeys(topics, "first")


class Closer:
    """A closer of task 0, whose transactions the test ends."""

    def __init__(self, monkeypatch, topic=()):
        self.topic, self.written_meanwhile = list(topic), None
        self.task = SimpleNamespace(outbox=Outbox(), running=True)
        names = Names("shop")
        context = SimpleNamespace(
            names=names, partition_counts={names.periods: 1}, client_options={}, source_offsets=Ids()
        )
        self.closed = ClosedPeriods("shop", MONTHS)
        self.closer = PeriodCloser(context, self.task, self.closed, self._commit)
        self.broker_is_away, self.commits = False, 0
        monkeypatch.setattr(period_closer, "read_to_end", self._read)

    async def _read(self, _options, partitions):
        assert [(tp.topic, tp.partition) for tp in partitions] == [("retention.periods", 0)]
        yield self.topic

    async def _commit(self, task):
        self.commits += 1
        taken = task.outbox.take()
        if self.written_meanwhile:
            self.closer.close(*self.written_meanwhile)
        if self.broker_is_away:
            task.running = False
            return
        self.topic += taken.get(("retention.periods", 0), [])

    def close(self, now, **more):
        self.closer.close(Evaluation(now, **more), at("2026-10-31"))


async def test_version_is_shown_once_it_is_committed(monkeypatch):
    one = Closer(monkeypatch)
    await one.closer.restore()
    one.close("2026-11-04", lost=7)
    assert one.closed.committed == {}
    await one.closer.confirm()
    assert one.closed.committed[OCTOBER].values[0].value == 7
    await one.closer.confirm()
    assert (one.commits, len(one.topic)) == (1, 1)


async def test_version_of_a_failed_transaction_is_never_shown(monkeypatch):
    """The successor evaluates later, and may freeze another value: two would have been exported."""
    one = Closer(monkeypatch)
    one.broker_is_away = True
    one.close("2026-11-04", lost=7)
    await one.closer.confirm()
    assert one.closed.committed == {}
    successor = Closer(monkeypatch, one.topic)
    await successor.closer.restore()
    successor.close("2026-11-05", lost=9)
    await successor.closer.confirm()
    assert successor.closed.committed[OCTOBER].values[0].value == 9


async def test_successor_after_a_crash_writes_no_second_value(monkeypatch):
    """The leader is killed after its transaction, before it has exported a value."""
    one = Closer(monkeypatch)
    one.close("2026-11-04", lost=7)
    await one._commit(one.task)
    successor = Closer(monkeypatch, one.topic)
    await successor.closer.restore()
    successor.close("2026-11-05", lost=9)
    assert not successor.task.outbox
    assert successor.closed.committed[OCTOBER].values[0].value == 7


async def test_version_written_during_a_transaction_waits(monkeypatch):
    one = Closer(monkeypatch)
    one.close("2026-11-04")
    one.written_meanwhile = (Evaluation("2026-12-04"), at("2026-12-03"))
    await one.closer.confirm()
    assert list(one.closed.committed) == [OCTOBER]
    one.written_meanwhile = None
    await one.closer.confirm()
    assert [key.period for key in one.closed.committed] == ["2026-10", "2026-11"]


async def test_request_waits_in_the_topic_for_the_next_evaluation(monkeypatch):
    one = Closer(monkeypatch)
    one.close("2026-11-04", lost=7)
    one.closer.reopen(Reopening("month", "2026-10", 2, "why"))
    await one.closer.confirm()
    successor = Closer(monkeypatch, one.topic)
    await successor.closer.restore()
    successor.close("2026-11-05", lost=9)
    await successor.closer.confirm()
    found = {key.version: one.values[0].value for key, one in successor.closed.committed.items()}
    assert found == {1: 7, 2: 9}


@pytest.mark.parametrize(("topic_id", "written"), [("first", 0), ("second", 1)])
async def test_recreated_topic_gets_all_versions_again(monkeypatch, topic_id, written):
    one = Closer(monkeypatch)
    await one.closer.restore()
    one.close("2026-11-04")
    await one.closer.confirm()
    one.closer.follow_topic(topic_id)
    assert len(one.task.outbox) == written
