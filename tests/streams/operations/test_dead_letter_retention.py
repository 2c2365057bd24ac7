"""Which dead letters are old; with a broker: tests/e2e/test_erasure.py."""

from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import ConsumerRecord

from streams.ingest.dead_letter_record import Rejection, encode
from streams.operations.dead_letter_retention import _find_old

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
OLD, RECENT = NOW - timedelta(days=31), NOW - timedelta(days=29)
FUTURE = NOW + timedelta(days=400)
OF_NO_YEAR = 1 << 60


def record(offset, headers, timestamp=0):
    return ConsumerRecord("dead", 0, offset, timestamp, 0, None, b"", None, 0, 0, tuple(headers))


def rejected(offset, at):
    return record(offset, encode(Rejection("not_json", "", "orders", 0, offset), at))


def foreign(offset, timestamp):
    return record(offset, [("retention.error.time", b"\xff"), ("retention.error.offset", None)], timestamp)


async def found(*batches):
    async def read():
        for batch in batches:
            yield batch

    return await _find_old(read(), NOW)


async def test_dead_letters_up_to_the_first_recent_one_are_old():
    assert await found([rejected(3, OLD), rejected(5, OLD)], [rejected(6, RECENT), rejected(7, OLD)]) == (
        2,
        6,
    )


async def test_partition_with_only_old_dead_letters_is_emptied():
    assert await found([rejected(3, OLD)]) == (1, None)


@pytest.mark.parametrize(
    "undated", [foreign(4, OF_NO_YEAR), foreign(4, -1), foreign(4, 4e12), rejected(4, FUTURE)]
)
async def test_record_without_time_is_as_old_as_the_next(undated):
    assert await found([undated], [rejected(5, OLD), rejected(6, RECENT)]) == (2, 6)
    assert await found([rejected(3, OLD), undated], [rejected(5, RECENT)]) == (1, 4)
    assert await found([rejected(3, OLD), undated]) == (1, 4)


async def test_record_of_another_program_has_its_own_time():
    assert await found([foreign(3, int(OLD.timestamp() * 1000)), rejected(4, RECENT)]) == (1, 4)
