"""Send the events of files to their topics, in the order of their times."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from models.contract.events import EVENT_TYPES, KINDS
from streams.backfill.conflicts import SentEvents
from streams.backfill.load_rules import LoadRules
from streams.backfill.load_state import LoadState
from streams.backfill.order import Ordered, Timed
from streams.backfill.rejected_lines import RejectedLines
from streams.backfill.rejection import TOO_OLD, Rejection
from streams.backfill.sent_lines import SentLines
from streams.backfill.sorted_files import line_of
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.ingest import input_topics
from streams.kafka import acls, admin, outbox, topics
from streams.kafka.outbox import Outgoing
from streams.kafka.stopping import stop
from streams.partitioner import tasks_of

#: Events in one round: enough for a full batch in each of dozens of partitions, and a few MB at most.
_ROUND_EVENTS: Final = 20_000
#: A broker with default settings accepts records of up to 1 MiB; a batch of that size is efficient.
_BATCH_BYTES: Final = 1_000_000
#: The worker rejects larger events; the broker decides whether it accepts such a record at all.
_REQUEST_BYTES: Final = 16 << 20

#: A broker that restarts is back within this time; after it, the load fails.
SEND_TIMEOUT_SECONDS: Final = 120.0
_STOP_TIMEOUT_SECONDS: Final = 5.0

_TOPICS: Final = {kind: topic for topic, kind in topics.INPUTS.items()}


class _Head(msgspec.Struct):
    type: str
    customer_id: str
    id: str = ""


_HEAD: Final = msgspec.json.Decoder(_Head)


class _Destination(NamedTuple):
    """Topic of an event, the customer id that determines the partition, and its own id."""

    topic: str
    customer_id: str
    event_id: str


async def create_inputs(settings: Settings) -> dict[str, int]:
    """Create the missing input topics, and return the number of partitions of each.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    async with admin.connect(settings) as client:
        return await acls.inputs(client, settings)


class FileLoad:
    """One run of a load, from the position of its state.

    Args:
        files: file names, in the order of the command line.
        state: state of the load; updated with each acknowledged round.
        path: file of the state; None if it is not stored.
        rules: what the load leaves out, and what it changes.
        rejected: collects the lines that are not sent.

    Attributes:
        sent_events: the events that this run has sent, among which conflicting duplicates may be.
        sent_lines: the order lines among them, of which some may be in another currency than their order.
    """

    def __init__(
        self,
        files: Sequence[str],
        state: LoadState,
        path: Path | None,
        rules: LoadRules,
        rejected: RejectedLines,
    ) -> None:
        self._rules = rules
        self._files = files
        self._state = state
        self._path = path
        self._rejected = rejected
        self.sent_events = SentEvents()
        self.sent_lines = SentLines()

    async def run(
        self,
        events: Ordered,
        partitions: Mapping[str, int],
        settings: Settings,
        on_progress: Callable[[int], None],
    ) -> None:
        """Send the remaining events.

        Args:
            events: all events of the files, in order.
            partitions: topic -> number of partitions.
            settings: connection to Kafka.
            on_progress: called with the number of events of each acknowledged round.

        Raises:
            RetentionError: Kafka does not acknowledge a round in time, or the state cannot be stored.
        """
        try:
            await self._run(events, partitions, settings, on_progress)
        except (KafkaError, TimeoutError) as error:
            reason = str(error) or f"no answer for {SEND_TIMEOUT_SECONDS:g} s"
            resume = f"the same command resumes after {self._state.processed:,} events" if self._path else ""
            raise RetentionError(f"Kafka at {settings.broker} stopped accepting: {reason}", resume) from None

    async def _run(
        self,
        events: Ordered,
        partitions: Mapping[str, int],
        settings: Settings,
        on_progress: Callable[[int], None],
    ) -> None:
        state = self._state
        remaining = islice(events, state.processed, None)
        before, started = state.seconds, time.monotonic()
        async with producer(settings) as sender:
            while some := list(islice(remaining, _ROUND_EVENTS)):
                async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                    await outbox.send(sender, self._by_partition(some, partitions, settings).items())
                state.processed += len(some)
                state.seconds = before + time.monotonic() - started
                self._save()
                on_progress(len(some))
        state.complete = True
        self._save()

    def _by_partition(
        self, events: Sequence[Timed], partitions: Mapping[str, int], settings: Settings
    ) -> dict[tuple[str, int], list[Outgoing]]:
        """Group events by topic and partition, in their order."""
        by_topic: defaultdict[str, list[tuple[bytes, Timed]]] = defaultdict(list)
        for event in events:
            if (destination := self._destination(event)) is not None:
                by_topic[destination.topic].append((destination.customer_id.encode(), event))
        grouped: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        input_topics.require_read_access(settings, by_topic, "load")
        for topic, of_topic in by_topic.items():
            self._state.count_sent(topic, len(of_topic), of_topic[0][1].time, of_topic[-1][1].time)
            tasks = tasks_of([customer for customer, _ in of_topic], partitions[topic])
            for (customer, event), partition in zip(of_topic, tasks, strict=True):
                # Without a timestamp: the topic's retention would remove records with old ones.
                grouped[topic, partition].append(Outgoing(customer, self._rules.stamped(event.content)))
        return grouped

    def _destination(self, event: Timed) -> _Destination | None:
        """Return an event's topic and customer; None, after counting it, if it is not to be sent."""
        destination = Rejection(*event.rejection) if event.rejection else _destination_of(event, self._rules)
        if isinstance(destination, _Destination):
            self.sent_events.add(destination.customer_id, destination.event_id, event.content)
            self.sent_lines.add(event.content)
            return destination
        self._rejected.add(line_of(event, self._files), *destination)
        return None

    def _save(self) -> None:
        if self._path is not None:
            self._state.save(self._path)


def _destination_of(event: Timed, rules: LoadRules) -> _Destination | Rejection:
    try:
        head = _HEAD.decode(event.content)
        kind = KINDS[head.type]
    except KeyError:
        return Rejection("unknown_type", f"{head.type[:100]!r} is not an event type")
    except msgspec.ValidationError as error:
        return Rejection(_reason(str(error)), str(error))
    except (ValueError, RecursionError) as error:
        return Rejection("not_json", str(error))
    if rules.leaves_out(EVENT_TYPES[head.type], event.time):
        return Rejection(TOO_OLD, "")
    return _Destination(_TOPICS[kind], head.customer_id, head.id)


def _reason(message: str) -> str:
    """Return the reason with which a worker would reject an event without a type or a customer."""
    if message.startswith("Expected `object`"):
        return "not_json"
    return "unknown_type" if "type`" in message.rpartition(" ")[2] else "invalid_field"


@asynccontextmanager
async def producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Start a producer, and stop it at the end.

    The producer retries without end: the caller limits the time.
    """
    # It logs each attempt, hundreds a second; errors that matter are raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sender = AIOKafkaProducer(
        **settings.client_options(),
        compression_type="zstd",
        max_batch_size=_BATCH_BYTES,
        max_request_size=_REQUEST_BYTES,
        acks="all",
        enable_idempotence=True,
        # A batch expires after this time. A broker that has just restarted leads no partition yet.
        request_timeout_ms=int(SEND_TIMEOUT_SECONDS * 1000),
    )
    await sender.start()
    try:
        yield sender
    finally:
        await stop(sender, _STOP_TIMEOUT_SECONDS)  # without a broker, it waits for the unsent batches
