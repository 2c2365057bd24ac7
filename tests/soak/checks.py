"""What must hold after a round: numbers, outputs, dead letters and the read model."""

import asyncio
import time
from collections import Counter
from typing import NamedTuple

from aiokafka import ConsumerRecord
from redis import Redis, ResponseError

from tests.soak.faults.records import DEAD_LETTERS
from tests.soak.installation import GROUP, Installation
from tests.soak.oracle_process import OracleProcess
from tests.support.deployment import AS_OF, Different, business, differences
from tests.support.redis_contents import COMPACTED, contents, last

Origin = tuple[str, int, int]


class CheckResult(NamedTuple):
    """The result of a check.

    Attributes:
        checked: number of values that were compared.
        differences: one line for each that differs.
    """

    checked: int
    differences: list[str]


async def check_numbers(installation: Installation, oracle: OracleProcess, patience: float) -> CheckResult:
    """Wait until every series equals the oracle's."""
    traffic, report = installation.traffic, installation.report
    expected = await oracle.expect(traffic.sent, traffic.now, installation.windows)
    begin = time.monotonic()
    try:
        await installation.deployment.equal_to(expected, traffic.now, patience)
    except Different as error:
        report.log(f"numbers: {error.differences[0]}")
        scraped = await installation.deployment.scrape()
        exported = next((metrics for metrics in scraped if AS_OF in metrics), {})
        return CheckResult(len(expected), differences(business(exported), expected) or error.differences)
    except AssertionError as error:
        return CheckResult(len(expected), str(error).splitlines()[:20])
    report.slowest = max(report.slowest, time.monotonic() - begin)
    return CheckResult(len(expected), [])


async def check_processes(installation: Installation, _: OracleProcess, _patience: float) -> CheckResult:
    """Return processes that ended badly: only a worker without a broker may end by itself."""
    return CheckResult(installation.started, list(installation.crashed))


async def check_outputs(installation: Installation, oracle: OracleProcess, _: float) -> CheckResult:
    """Wait until the outputs equal the oracle's; each must have been published once."""
    checked, wrong = await oracle.check_outputs(installation.traffic.now, once=not installation.reprocessed)
    return CheckResult(checked, wrong.splitlines())


async def check_dead_letters(installation: Installation, _: OracleProcess, patience: float) -> CheckResult:
    """Wait until each hostile record is one dead letter, or more if inputs were read again."""
    deadline = time.monotonic() + patience
    allowed = range(1, 1000) if installation.reprocessed else (1,)
    while True:
        origins = Counter(map(_origin, await installation.cluster.read(DEAD_LETTERS)))
        wrong = [
            f"{topic} {partition} at {offset}: {origins[topic, partition, offset]} dead letters"
            for topic, partition, offset in sorted(installation.hostile)
            if origins[topic, partition, offset] not in allowed
        ]
        if not wrong or time.monotonic() > deadline:
            return CheckResult(len(installation.hostile), wrong)
        await asyncio.sleep(1.0)


async def check_read_model(installation: Installation, _: OracleProcess, patience: float) -> CheckResult:
    """Wait until Redis has exactly the values of the compacted topics."""
    deadline = time.monotonic() + patience
    while True:
        rows = {topic: await last(installation.cluster, topic) for topic in COMPACTED}
        found = await asyncio.to_thread(_in_redis, installation.redis.port)
        wrong = [
            _line(topic, key, found[topic].get(key), rows[topic].get(key))
            for topic in COMPACTED
            for key in sorted(found[topic].keys() | rows[topic].keys())
            if found[topic].get(key) != rows[topic].get(key)
        ]
        if not wrong or time.monotonic() > deadline:
            return CheckResult(sum(map(len, rows.values())), wrong)
        await asyncio.sleep(1.0)


def _in_redis(port: int) -> dict[str, dict[bytes, bytes]]:
    """Return the rows in Redis by topic; none while a key has another type than the read model's."""
    with Redis(port=port, socket_timeout=10.0) as redis:
        try:
            return contents(GROUP, redis)
        except ResponseError:
            return {topic: {} for topic in COMPACTED}


def _line(topic: str, key: bytes, found: bytes | None, wanted: bytes | None) -> str:
    return f"{topic} {key!r}: in Redis {str(found)[:200]}, in Kafka {str(wanted)[:200]}"


def _origin(record: ConsumerRecord) -> Origin | None:
    """Return the origin that a dead letter names; None for junk of the soak."""
    headers = dict(record.headers)
    try:
        topic, partition, offset = (
            headers[f"retention.error.{name}"].decode() for name in ("topic", "partition", "offset")
        )
        return topic, int(partition), int(offset)
    except (KeyError, AttributeError, UnicodeDecodeError, ValueError):
        return None
