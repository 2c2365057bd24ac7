"""`retention load`: the events of files, to their topics."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import click
import msgspec
from aiokafka import AIOKafkaProducer

from models.events import KINDS
from streams import admin, outbox, topics
from streams.cli.files import FILES, BadLines, Line, ReadProgress, read
from streams.cli.options import settings_options
from streams.outbox import Outgoing
from streams.partitioner import tasks_of
from streams.settings import Settings

#: Lines in one round: enough to fill a batch for each of some tens of partitions, and a few MB at most.
_ROUND = 20_000
#: The largest record that reaches a broker with default settings is 1 MiB; a batch of that size is efficient.
_BATCH_BYTES = 1_000_000
#: Records this large are for the worker to refuse; the broker decides whether it takes them.
_REQUEST_BYTES = 16 << 20

_TOPICS = {kind: topic for topic, kind in topics.INPUTS.items()}


class Head(msgspec.Struct):
    """What decides where an event goes."""

    type: str
    customer_id: str


_HEAD = msgspec.json.Decoder(Head)


@click.command("load")
@FILES
@settings_options("broker", "partitions", "replication")
def command(files: tuple[str, ...], settings: Settings) -> None:
    """Send the events of FILEs (JSON lines, plain or gzip; - for standard input) to their topics.

    The topic follows from an event's type, the partition from its customer, as with Kafka's default
    partitioner. Topics that are missing are made. Lines without a known type or a customer have no topic:
    they are reported and left out. All others are sent as they are: it is the worker that refuses bad ones.
    """
    asyncio.run(_load(files, settings))


async def _load(files: Sequence[str], settings: Settings) -> None:
    wanted = [topics.Topic(name, settings.partitions) for name in topics.INPUTS]
    bad = BadLines()
    async with admin.connect(settings) as client:
        partitions = await topics.ensure(client, wanted, replication=settings.replication)
        with ReadProgress(files, "Sending") as progress:
            async with _producer(settings) as producer:
                for lines in _rounds(read(files, progress)):
                    destined = _destined(lines, partitions, bad)
                    await outbox.send(producer, destined.items())
                    progress.events += sum(map(len, destined.values()))
    bad.report("left out")
    rate = progress.events / max(progress.seconds, 1e-9)
    click.echo(f"{progress.events:,} events sent in {progress.seconds:.1f} s ({rate:,.0f}/s)", err=True)


def _producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **settings.client_options(),
        compression_type="zstd",
        max_batch_size=_BATCH_BYTES,
        max_request_size=_REQUEST_BYTES,
        acks="all",
        enable_idempotence=True,
    )


def _rounds(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while taken := list(islice(lines, _ROUND)):
        yield taken


def _destined(
    lines: Iterable[Line], partitions: dict[str, int], bad: BadLines
) -> dict[tuple[str, int], list[Outgoing]]:
    """Sort lines by topic and partition, in their order."""
    by_topic: defaultdict[str, list[Outgoing]] = defaultdict(list)
    for line in lines:
        try:
            head = _HEAD.decode(line.content)
            topic = _TOPICS[KINDS[head.type]]
        except KeyError:
            bad.add(line, "unknown_type", f"{head.type[:100]!r} is no type of event")
        except (ValueError, RecursionError) as error:
            bad.add(line, "no_topic", str(error))
        else:
            by_topic[topic].append(Outgoing(head.customer_id.encode(), line.content))
    destined: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
    for topic, records in by_topic.items():
        keys = [record.key or b"" for record in records]
        for record, partition in zip(records, tasks_of(keys, partitions[topic]), strict=True):
            destined[topic, partition].append(record)
    return destined
