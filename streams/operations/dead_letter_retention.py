"""Remove old dead letters, which hold personal data (docs/topics.md).

A dead letter has the timestamp of the rejected record, which may be of any year. Kafka's retention by time
therefore cannot remove it. A header has the time of the rejection.
"""

from collections.abc import AsyncIterable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.clock import time_of_record
from streams.config.load import Settings
from streams.ingest import dead_letter_record
from streams.kafka import admin
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.offsets import offset_ranges
from streams.kafka.topics import KEPT_DAYS, Names

#: The clocks of two workers differ by less.
_CLOCK_TOLERANCE: Final = timedelta(days=1)


async def remove(settings: Settings, partitions: int, now: datetime) -> int:
    """Remove the dead letters that were rejected more than `KEPT_DAYS` ago, and return their number.

    Args:
        settings: connection to Kafka.
        partitions: number of partitions of the dead-letter topic.
        now: wall clock time.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    removed, before = 0, {}
    topic = Names.of(settings).dead_letters
    tps = [TopicPartition(topic, number) for number in range(partitions)]
    for tp, (start, end) in (await offset_ranges(settings, tps)).items():
        async with aclosing(read_to_end(settings.client_options(), [tp])) as batches:
            old = await _find_old(batches, now)
        removed += old.number
        # A partition without dead letters to keep is emptied up to its end, including transaction markers:
        # Kafka keeps a segment as long as one of its offsets remains.
        kept = end if old.kept is None else min(end, old.kept)
        if kept > start:
            before[tp] = RecordsToDelete(before_offset=kept)
    if before:
        async with admin.connect(settings) as client:
            await client.delete_records(before)
    return removed


class _Old(NamedTuple):
    """The dead letters at the beginning of a partition whose retention has ended.

    Attributes:
        number: number of these dead letters.
        kept: offset of the first record to keep; None if all are old.
    """

    number: int
    kept: int | None


async def _find_old(batches: AsyncIterable[Sequence[ConsumerRecord]], now: datetime) -> _Old:
    """Return the old dead letters of a partition.

    A record without a plausible time is as old as the next one that has a time: were it kept, it would keep
    all records behind it.
    """
    number, undated = 0, list[int]()
    async for records in batches:
        for record in records:
            at = _rejected_at(record, now)
            if at is None:
                undated.append(record.offset)
            elif at < now - timedelta(days=KEPT_DAYS):
                number += len(undated) + 1
                undated.clear()
            else:
                return _Old(number, undated[0] if undated else record.offset)
    return _Old(number, undated[0] if undated else None)


def _rejected_at(record: ConsumerRecord, now: datetime) -> datetime | None:
    """Return when a record was rejected; None if its time is missing, invalid or later than now."""
    rejected_at = dead_letter_record.rejected_at(record.headers)
    if rejected_at is None:  # written by another program or an early release: use the record's own time
        rejected_at = time_of_record(record.timestamp)
    return None if rejected_at is None or rejected_at > now + _CLOCK_TOLERANCE else rejected_at
