"""Closed periods: read their frozen versions, and ask the workers to reopen one.

Only the roll-up leader writes to `retention.periods`, so the request goes there. The leader is fenced when it
is replaced, so that a reopening stays exact while workers start, stop and take over.
"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition

from models.contract.decoding import to_us
from models.contract.messages import ClosedPeriod, Metric
from models.definitions.periods import PERIOD_KINDS
from models.outputs.ids import to_datetime
from models.schedules.periods import Period, calendars
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import acls, admin
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.topics import Names, partition_counts
from streams.operations import erasure
from streams.rollup.closed_periods import read_versions
from streams.rollup.protocol import Reopening

#: Workers without lag freeze a reopened period within two seconds.
TIMEOUT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.5
#: Kind -> a name of such a period.
_EXAMPLES: Final = {"week": "2026-10-05", "month": "2026-10", "quarter": "2026-Q4", "year": "2026"}


class UnknownPeriod(RetentionError):
    """A period that has no frozen version."""


async def versions(settings: Settings) -> list[ClosedPeriod]:
    """Return the versions of all closed periods, by kind, period and version.

    Raises:
        RetentionError: no periods are closed, or Kafka does not answer, or does not allow it.
    """
    _require_kinds(settings)
    found = await _records(settings, Names.of(settings).periods)
    by_key = read_versions(((record.key, record.value) for record in found), settings.group)
    return sorted(by_key.values(), key=lambda one: (PERIOD_KINDS.index(one.kind), one.period, one.version))


def _require_kinds(settings: Settings) -> None:
    if not settings.definitions.periods.kinds:
        raise RetentionError(
            "no periods are closed", "list their kinds in the configuration: `kinds` in the table [periods]"
        )


async def versions_of(settings: Settings, name: str) -> list[ClosedPeriod]:
    """Return the versions of one closed period, the first one first.

    Args:
        settings: connection to Kafka, the group and the calendar.
        name: name of the period; its form shows its kind.

    Raises:
        UnknownPeriod: the period has no frozen version.
        RetentionError: no periods are closed, or Kafka does not answer, or does not allow it.
    """
    found = [one for one in await versions(settings) if one.period == name]
    if found:
        return found
    period = _period(settings, name)
    now = to_us(await erasure.event_time(settings, datetime.now(UTC)))
    raise _not_closed(settings, period, now)


def _period(settings: Settings, name: str) -> Period:
    """Return a period of the calendar.

    Raises:
        UnknownPeriod: the calendar has no such period.
    """
    for calendar in calendars(settings.definitions):
        if period := calendar.find(name):
            return period
    examples = " or ".join(_EXAMPLES[kind] for kind in settings.definitions.periods.kinds)
    raise UnknownPeriod(
        f"{name!r} is not the name of a period",
        f"expected a name such as {examples}; the name of a week is its first date",
    )


def _not_closed(settings: Settings, period: Period, now: int) -> UnknownPeriod:
    closes = period.end + settings.definitions.periods.close_after_us
    what = f"{period.kind} {period.label}"
    if now < period.begin:
        return UnknownPeriod(f"{what} has not begun", f"it closes at {_text(closes)}")
    if now < period.end:
        return UnknownPeriod(f"{what} is still running", f"it closes at {_text(closes)}")
    if now < closes:
        return UnknownPeriod(f"{what} is over and not closed yet", f"it closes at {_text(closes)}")
    return UnknownPeriod(
        f"{what} was not closed by group {settings.group}",
        "workers close it when they have caught up, if the period before it begins inside the horizon",
    )


def _text(time: int) -> str:
    return f"{to_datetime(time):%Y-%m-%d %H:%M} UTC"


async def present_values(settings: Settings, kind: str, name: str) -> list[Metric]:
    """Return the published values of a period as known now; none if the period is not exported.

    Args:
        settings: connection to Kafka, and the names of the topics.
        kind: kind of the period.
        name: its name.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    rows: dict[bytes | None, bytes | None] = {
        record.key: record.value for record in await _records(settings, Names.of(settings).metrics)
    }
    wanted = {"kind": kind, "period": name, "basis": "as_now"}
    found = []
    for value in rows.values():
        with contextlib.suppress(msgspec.DecodeError):  # another program has written it
            metric = msgspec.json.decode(value or b"", type=Metric)
            if wanted.items() <= metric.labels.items():
                found.append(metric)
    return found


async def reopen(settings: Settings, name: str, because: str) -> ClosedPeriod:
    """Ask the workers to freeze the values of a closed period once more, and return the new version.

    Args:
        settings: connection to Kafka, the group and the calendar.
        name: name of the period.
        because: reason of the reopening.

    Raises:
        UnknownPeriod: the period has no frozen version.
        RetentionError: no worker is running, or none has frozen the values in time, or another request was
            first, or Kafka does not answer, or does not allow it.
    """
    latest = (await versions_of(settings, name))[-1]
    if latest.closed is None:
        raise RetentionError(
            f"{latest.kind} {name} is already being reopened as version {latest.version}: {latest.because}",
            "the workers freeze it when they have caught up",
        )
    await _send(settings, Reopening(latest.kind, name, latest.version + 1, because))
    return await _frozen(settings, name, latest.version + 1, because)


async def _send(settings: Settings, request: Reopening) -> None:
    async with admin.connect(settings) as client:
        await acls.require(client, acls.period_acls(settings))
        _, members = await admin.group_members(client, settings.group)
    if not members:
        raise RetentionError(
            f"no worker of group {settings.group} is running", "start one, then repeat the command"
        )
    options = {"acks": "all", "enable_idempotence": True}
    async with AIOKafkaProducer(**settings.client_options(), **options) as producer:
        await producer.send_and_wait(
            Names.of(settings).partials, msgspec.msgpack.encode(request), partition=0
        )


async def _frozen(settings: Settings, name: str, version: int, because: str) -> ClosedPeriod:
    """Wait until a version is frozen, and return it."""
    found: list[ClosedPeriod] = []
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not (found and found[0].closed):
                await asyncio.sleep(_POLL_SECONDS)
                found = [one for one in await versions_of(settings, name) if one.version == version]
    except TimeoutError:
        raise RetentionError(
            f"the workers did not freeze version {version} of {name} within {TIMEOUT_SECONDS:.0f} s",
            "they freeze it when they have caught up; `retention periods show` shows it then",
        ) from None
    if found[0].because != because:
        raise RetentionError(
            f"{name} was reopened by another request at the same moment: {found[0].because}",
            "repeat the command for a further version",
        )
    return found[0]


async def _records(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """Return all records of a topic of the workers.

    Raises:
        RetentionError: the topic does not exist, or Kafka does not answer, or does not allow it.
    """
    async with admin.connect(settings) as client:
        await acls.require(client, acls.reader_acls([topic]))
        count = (await partition_counts(client, [topic])).get(topic)
    if count is None:
        raise RetentionError(f"the topic {topic} does not exist", "start a worker: it creates the topic")
    partitions = [TopicPartition(topic, number) for number in range(count)]
    return [record async for some in read_to_end(settings.client_options(), partitions) for record in some]
