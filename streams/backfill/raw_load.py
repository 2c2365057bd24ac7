"""Send the lines of files to a topic as they are: to try a mapping on a topic of one's own records."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError

from models.contract.decoding import MAX_BYTES
from streams.backfill.files import FileProgress, Format, Line, format_of, read_records
from streams.backfill.load import SEND_TIMEOUT_SECONDS, producer
from streams.backfill.rejected_lines import RejectedLines
from streams.config.load import Settings
from streams.errors import RetentionError, SettingsError
from streams.kafka import acls, admin, outbox, topics
from streams.kafka.acls import AclRequirement
from streams.kafka.outbox import Outgoing
from streams.kafka.topics import Names, Topic

_ROUND_LINES: Final = 20_000
_TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
#: Endings of internal topics' names, of every group.
_INTERNAL_ENDINGS: Final = tuple(Names("").internal)


class RawSent(NamedTuple):
    """The result of a raw load.

    Attributes:
        lines: number of lines sent.
        seconds: seconds spent sending.
    """

    lines: int
    seconds: float


def check_raw_topic(topic: str, settings: Settings) -> None:
    """Check that a topic may take raw lines: no topic that workers write may.

    Args:
        topic: name of the topic.
        settings: settings with the names of the group's topics.

    Raises:
        SettingsError: the name is not a topic name, or the topic is an internal or derived one.
    """
    if _TOPIC_NAME.fullmatch(topic) is None or topic in {".", ".."}:
        problem = "expected 1 to 249 letters, digits, dots, dashes or underscores"
        raise SettingsError("topic", problem, source="flag --topic")
    if Names.of(settings).reserves(topic) or topic.endswith(_INTERNAL_ENDINGS):
        raise SettingsError(
            "topic",
            f"workers or Kafka write {topic}",
            source="flag --topic",
            hint="name a topic of your own, such as try-orders",
        )


def check_raw_files(files: Sequence[str], file_format: Format | None) -> None:
    """Check that files have lines that are records.

    Raises:
        RetentionError: a file is a table.
    """
    for file in files:
        if (file_format or format_of(file)) != "jsonl":
            raise RetentionError(
                f"{file} is a table, whose lines are not records",
                "`retention map check FILE` tries a mapping on a table, `load --mapping` sends its events",
            )


async def create_raw_topic(settings: Settings, topic: str, notice: Callable[[str], None]) -> int:
    """Return the partition count of a topic. A missing topic is created, after a notice.

    Raises:
        RetentionError: Kafka does not answer or does not allow it, or the settings forbid to create topics.
    """
    async with admin.connect(settings) as client:
        needed: tuple[acls.Operation, ...] = ("WRITE", "CREATE") if settings.create_topics else ("WRITE",)
        await acls.require(client, [AclRequirement("topic", topic, needed)])
        if settings.create_topics and topic not in await topics.partition_counts(client, [topic]):
            notice(f"topic {topic} does not exist; creating it with {settings.partitions} partitions")
        counts = await topics.ensure(
            client,
            [Topic(topic, settings.partitions)],
            replication=settings.replication,
            create=settings.create_topics,
        )
        return counts[topic]


async def send_raw(
    files: Sequence[str],
    topic: str,
    partitions: int,
    settings: Settings,
    *,
    progress: FileProgress,
    rejected: RejectedLines,
) -> RawSent:
    """Send each line of the files as one record without a key, in turn to all partitions.

    Args:
        files: file names; `-` is standard input.
        topic: the topic, which exists.
        partitions: partition count of the topic.
        settings: connection to Kafka.
        progress: receives the position in the files, and counts the lines.
        rejected: collects the lines that are too large to send.

    Raises:
        RetentionError: a file cannot be read, or Kafka does not acknowledge lines in time.
    """
    lines, started = _lines(files, progress, rejected), time.monotonic()
    try:
        async with producer(settings) as sender:
            while some := list(islice(lines, _ROUND_LINES)):
                by_partition: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
                for number, line in enumerate(some, progress.events):
                    by_partition[topic, number % partitions].append(Outgoing(None, line))
                async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                    await outbox.send(sender, by_partition.items())
                progress.events += len(some)
    except (KafkaError, TimeoutError) as error:
        reason = str(error) or f"no answer for {SEND_TIMEOUT_SECONDS:g} s"
        sent = f"{progress.events:,} lines are sent; the same command sends them again"
        raise RetentionError(f"Kafka at {settings.broker} stopped accepting: {reason}", sent) from None
    return RawSent(progress.events, time.monotonic() - started)


def _lines(files: Sequence[str], progress: FileProgress, rejected: RejectedLines) -> Iterator[bytes]:
    for record in read_records(files, progress, "jsonl"):
        if not isinstance(record.content, bytes):
            raise TypeError("only tables have rows")
        if len(record.content) > MAX_BYTES:
            line = Line(record.file, record.number, b"")
            rejected.add(line, "too_large", f"the line has more than {MAX_BYTES:,} bytes")
        else:
            yield record.content
