"""`retention load`: the events of files, to their topics."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

import click
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from models.contract.events import EVENT_TYPES, KINDS
from models.definitions.windows import horizon_start
from streams.backfill.events import event_time
from streams.backfill.loading import Loading, begin
from streams.backfill.order import FIRST, Ordered, Timed
from streams.cli.files import FILES, FORMAT, MAPPING, CountProgress, Format
from streams.cli.left_out import KEPT, RejectedLines, exit_code, kept_at
from streams.cli.load_report import report
from streams.cli.messages import counted
from streams.cli.options import settings_options
from streams.cli.ordered import line, ordered
from streams.clock import wall_us
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.ingest import input_topics
from streams.kafka import acls, admin, outbox, topics
from streams.kafka.outbox import Outgoing
from streams.partitioner import tasks_of

#: Events in one round: enough to fill a batch for each of some tens of partitions, and a few MB at most.
_ROUND: Final = 20_000
#: The largest record that reaches a broker with default settings is 1 MiB; a batch of that size is efficient.
_BATCH_BYTES: Final = 1_000_000
#: Records this large are for the worker to refuse; the broker decides whether it takes them.
_REQUEST_BYTES: Final = 16 << 20

#: A broker that restarts is back by then; one that is gone is said.
_PATIENCE_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 5.0

_TOPICS: Final = {kind: topic for topic, kind in topics.INPUTS.items()}


class Head(msgspec.Struct):
    """What decides where an event goes."""

    type: str
    customer_id: str


_HEAD: Final = msgspec.json.Decoder(Head)


@click.command("load")
@FILES
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="STATE",
    help="A file that keeps how far the load has come: where there is one, go on from there.",
)
@click.option(
    "--within-horizon",
    is_flag=True,
    help="Leave out what a worker on the wall's clock would refuse as too old.",
)
@KEPT
@FORMAT
@MAPPING
@settings_options("broker", "partitions", "replication")
def command(
    *,
    files: tuple[str, ...],
    resume: Path | None,
    file_format: Format | None,
    mapping: str | None,
    refused: Path | None,
    settings: Settings,
    within_horizon: bool,
) -> int:
    """Send the events of FILEs (JSON lines, CSV or Parquet; - for standard input) to their topics.

    They are sent in the order of their times, over all files; a file that is not in order is sorted first, in
    a temporary file. The topic follows from an event's type, the partition from its customer, as with Kafka's
    default partitioner. Topics that are missing are made. To load a file again does no harm: an event's id
    tells the duplicate.

    Lines of which no event can be made (no JSON, without a known type or a customer, refused by the mapping)
    have no topic: they are reported and not sent, and the exit code is then 9. They stay in their files;
    --refused collects them (those of standard input, in refused.jsonl if nothing else is said). All others
    are sent as they are: what is wrong with them is for the worker to refuse, as a dead letter.
    """
    reader = settings.mappings.reader(mapping) if mapping else None
    # What becomes of a record is a matter of the configuration too.
    state = begin([*files, *([settings.config] if mapping and settings.config else [])], mapping, resume)
    if state.complete:
        click.echo(f"sent already, says {resume}: all of {counted(state.taken, 'event')}", err=True)
        return exit_code(state.left_out)
    left_out = RejectedLines(state.left_out, kept := kept_at(refused, files))
    partitions = asyncio.run(_partitions(settings))
    with ordered(files, file_format, reader, event_time) as events:
        days = settings.definitions.horizon_days
        since = horizon_start(wall_us(), days) if within_horizon else FIRST
        load = _Load(files, state, resume, since, left_out)
        try:
            asyncio.run(load.run(events, partitions, settings))
        except (KafkaError, TimeoutError) as error:
            reason = str(error) or f"no answer for {_PATIENCE_SECONDS:g} s"
            hint = f"the same command goes on after {counted(state.taken, 'event')}" if resume else ""
            raise RetentionError(f"Kafka at {settings.broker} took no more: {reason}", hint) from None
    report(state, kept)
    return exit_code(state.left_out)


async def _partitions(settings: Settings) -> dict[str, int]:
    """Make the input topics where they are missing, and give each one's number of partitions."""
    async with admin.connect(settings) as client:
        return await acls.inputs(client, settings)


class _Load:
    """One run of a load, from where its state says."""

    def __init__(
        self, files: Sequence[str], state: Loading, path: Path | None, since: int, left_out: RejectedLines
    ) -> None:
        self._since = since
        self._files = files
        self._state = state
        self._path = path
        self._left_out = left_out

    async def run(self, events: Ordered, partitions: Mapping[str, int], settings: Settings) -> None:
        """Send what is left; the state follows what the broker has acknowledged."""
        state = self._state
        rest = islice(events, state.taken, None)
        before, started = state.seconds, time.monotonic()
        with CountProgress(events.count, "Sending", done=state.taken) as progress:
            async with _producing(settings) as producer:
                while some := list(islice(rest, _ROUND)):
                    async with asyncio.timeout(_PATIENCE_SECONDS):
                        await outbox.send(producer, self._destined(some, partitions, settings).items())
                    state.taken += len(some)
                    state.seconds = before + time.monotonic() - started
                    self._save()
                    progress.add(len(some))
        state.complete = True
        self._save()

    def _destined(
        self, events: Sequence[Timed], partitions: Mapping[str, int], settings: Settings
    ) -> dict[tuple[str, int], list[Outgoing]]:
        """Sort events by topic and partition, in their order."""
        by_topic: defaultdict[str, list[tuple[bytes, Timed]]] = defaultdict(list)
        for event in events:
            if (found := self._topic(event)) is not None:
                topic, customer = found
                by_topic[topic].append((customer, event))
        destined: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        input_topics.require_read_access(settings, by_topic, "load")
        for topic, of_topic in by_topic.items():
            self._state.sending(topic, len(of_topic), of_topic[0][1].time, of_topic[-1][1].time)
            tasks = tasks_of([customer for customer, _ in of_topic], partitions[topic])
            for (customer, event), partition in zip(of_topic, tasks, strict=True):
                # Without the event's time: by that, the topic's retention would remove what is years old.
                destined[topic, partition].append(Outgoing(customer, event.content))
        return destined

    def _topic(self, event: Timed) -> tuple[str, bytes] | None:
        """Give an event's topic and customer; one that has none is reported."""
        if event.refused is not None:
            self._left_out.add(line(event, self._files), *event.refused)
            return None
        try:
            head = _HEAD.decode(event.content)
            kind = KINDS[head.type]
            if event.time < self._since and EVENT_TYPES[head.type].expires:
                self._left_out.add(line(event, self._files), "too_old", "")
                return None
            return _TOPICS[kind], head.customer_id.encode()
        except KeyError:
            reason, message = "unknown_type", f"{head.type[:100]!r} is no type of event"
        except msgspec.ValidationError as error:
            reason, message = _wrong(str(error)), str(error)
        except (ValueError, RecursionError) as error:
            reason, message = "not_json", str(error)
        self._left_out.add(line(event, self._files), reason, message)
        return None

    def _save(self) -> None:
        if self._path is not None:
            self._state.save(self._path)


def _wrong(message: str) -> str:
    """Give the reason that a worker would have for refusing an event without a type or a customer."""
    if message.startswith("Expected `object`"):
        return "not_json"
    return "unknown_type" if "type`" in message.rpartition(" ")[2] else "invalid_field"


@asynccontextmanager
async def _producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Give a producer that has started. It tries again by itself, for ever: patience is the caller's."""
    # It would tell of each attempt, hundreds a second; what matters is raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    producer = AIOKafkaProducer(
        **settings.client_options(),
        compression_type="zstd",
        max_batch_size=_BATCH_BYTES,
        max_request_size=_REQUEST_BYTES,
        acks="all",
        enable_idempotence=True,
        # So long it keeps a batch whose partition has no leader: a broker that is just back has none yet.
        request_timeout_ms=int(_PATIENCE_SECONDS * 1000),
    )
    await producer.start()
    try:
        yield producer
    finally:
        with suppress(TimeoutError):  # without a broker, it would wait for what it could not send
            await asyncio.wait_for(producer.stop(), _STOP_SECONDS)
