"""Dead letters as people and editors see them: read, checked again, and made into records again."""

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct

from models.contract.decoding import EventError, check_time, decode, to_us
from models.contract.events import Event
from models.facts.from_events import facts_of
from streams.clock import wall_us
from streams.config.load import Settings
from streams.ingest import dead_letter_record
from streams.kafka import acls, admin
from streams.kafka.cloudevents import unwrap
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.topics import DEAD_LETTERS, partition_counts
from streams.mapping.reader import Reader

#: base64 of bytes that are no UTF-8, in the JSON form.
_BASE64: Final = "base64"
#: Its offsets say up to where letters have been put back.
_GROUP: Final = DEAD_LETTERS

#: Topic, partition and offset where a record was read that was refused.
Place = tuple[str, int, int]


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One refused record.

    Attributes:
        reason: one of the seven of docs/metrics.md.
        message: what is wrong with it.
        topic: where it was read.
        partition: where it was read.
        offset: where it was read.
        timestamp: the record's, milliseconds.
        key: as it was.
        value: as it was.
        headers: as they were, without ours.
        put_back: whether it was, and so were all before it in its partition of the topic.
    """

    reason: str
    message: str
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    put_back: bool = False

    @property
    def place(self) -> Place:
        """Where it was read."""
        return self.topic, self.partition, self.offset


async def read(settings: Settings) -> AsyncGenerator[DeadLetter, None]:
    """Give the dead letters that the topic holds, in no order over partitions."""
    tps = await _partitions(settings)
    settled = await _settled(settings, tps) if tps else {}
    async with aclosing(_records(settings, tps)) as records:
        async for record in records:
            letter = of_record(record, put_back=record.offset < settled[_partition_of(record)])
            # Another release's, or somebody else's: nothing could be put back.
            if settings.mappings.reads(letter.topic) is not None:
                yield letter


async def settle(settings: Settings, places: Collection[Place]) -> None:
    """Take note that the letters of `places` were put back, as far as none is left before them."""
    tps = await _partitions(settings)
    if not tps:
        return
    settled = await _settled(settings, tps)
    stopped: set[TopicPartition] = set()
    async with aclosing(_records(settings, tps)) as records:
        async for record in records:
            tp = _partition_of(record)
            letter = of_record(record)
            if tp in stopped or record.offset < settled[tp]:
                continue
            if settings.mappings.reads(letter.topic) is not None and letter.place not in places:
                stopped.add(tp)
            else:
                settled[tp] = record.offset + 1
    async with _consumer(settings, tps) as consumer:
        await consumer.commit(settled)


async def _partitions(settings: Settings) -> list[TopicPartition]:
    async with admin.connect(settings) as client:
        await acls.require(client, acls.dead_letter_reader_acls())
        counts = await partition_counts(client, [DEAD_LETTERS])
    return [TopicPartition(DEAD_LETTERS, partition) for partition in range(counts.get(DEAD_LETTERS, 0))]


def _partition_of(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


async def _records(settings: Settings, tps: list[TopicPartition]) -> AsyncGenerator[ConsumerRecord, None]:
    if not tps:
        return
    async with aclosing(read_to_end(settings.client_options(), tps)) as batches:
        async for records in batches:
            for record in records:
                yield record


@asynccontextmanager
async def _consumer(settings: Settings, tps: list[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(**settings.client_options(), group_id=_GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(tps)
        yield consumer
    finally:
        await consumer.stop()


async def _settled(settings: Settings, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
    async with _consumer(settings, tps) as consumer:
        return {tp: await consumer.committed(tp) or 0 for tp in tps}


def of_record(record: ConsumerRecord, *, put_back: bool = False) -> DeadLetter:
    """Return a dead letter from its record."""
    rejection = dead_letter_record.decode(record.headers)
    return DeadLetter(
        reason=rejection.reason,
        message=rejection.message,
        topic=rejection.topic,
        partition=rejection.partition,
        offset=rejection.offset,
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=dead_letter_record.original_headers(record.headers),
        put_back=put_back,
    )


def refusal(letter: DeadLetter, settings: Settings) -> EventError | None:
    """Give why a worker with these settings would refuse it again now; None: it would not."""
    wall = wall_us()
    # In `event` mode only the worker knows the latest event, from which the horizon counts.
    now = wall if settings.clock == "wall" else 0
    try:
        for event in _events(letter, settings):
            check_time(
                to_us(event.time),
                wall_us=wall,
                now_us=now,
                definitions=settings.definitions,
                expires=event.expires,
            )
            facts_of(event, settings.definitions)
    except EventError as error:
        return error
    return None


def _events(letter: DeadLetter, settings: Settings) -> list[Event]:
    reads = settings.mappings.reads(letter.topic)
    if isinstance(reads, Reader):
        return reads.events(letter.value, letter)
    return [] if reads is None else [decode(reads, unwrap(letter))]


async def prepare(settings: Settings, letters: Iterable[DeadLetter]) -> None:
    """Fetch the schemas that `refusal` needs for these letters.

    Raises:
        RegistryUnavailable: the schema registry does not answer.
    """
    for letter in letters:
        reads = settings.mappings.reads(letter.topic)
        if isinstance(reads, Reader):
            await reads.prepare([letter.value])


def to_json(letter: DeadLetter) -> dict[str, Any]:
    """Give the form that is listed, edited and read again: a value that is a JSON object stands as one."""
    return {
        "reason": letter.reason,
        "message": letter.message,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "timestamp": letter.timestamp,
        "key": _text(letter.key),
        "value": readable(letter.value),
        "headers": [[name, _text(value)] for name, value in letter.headers],
        "put_back": letter.put_back,
    }


def readable(value: bytes | None) -> object:
    """Give a value as JSON can hold it: an object as it is, else text, else base64 under that name."""
    try:
        content = msgspec.json.decode(value or b"")
    except (ValueError, RecursionError):
        return _text(value)
    # An object with this one field would be read as bytes.
    return content if isinstance(content, dict) and set(content) != {_BASE64} else _text(value)


def _text(content: bytes | None) -> object:
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {_BASE64: base64.b64encode(content).decode()}


def of_json(line: bytes, settings: Settings) -> DeadLetter:
    """Read one line of the listed form, edited perhaps.

    Raises:
        ValueError: it is not of that form, or names no input topic.
    """
    fields = msgspec.json.decode(line, type=dict[str, Any])
    plain = {name: fields.get(name, default) for name, default in _DEFAULTS.items()}
    if "value" not in fields:
        raise ValueError("the field `value` is missing")
    headers = msgspec.convert(fields.get("headers", []), list[tuple[str, Any]])
    letter = msgspec.convert(
        {
            **plain,
            "key": _bytes(fields.get("key")),
            "value": _bytes(fields["value"]),
            "headers": [(name, _bytes(value)) for name, value in headers],
        },
        DeadLetter,
    )
    if settings.mappings.reads(letter.topic) is None:
        inputs = ", ".join(settings.mappings.named())
        raise ValueError(f"the field `topic` is {letter.topic!r}, not one of {inputs}")
    return letter


_DEFAULTS: Final[Mapping[str, object]] = {
    "reason": "",
    "message": "",
    "topic": "",
    "partition": -1,
    "offset": -1,
    "timestamp": 0,
}


def _bytes(content: object) -> bytes | None:
    """Undo `_text` and `readable`."""
    if content is None:
        return None
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, dict) and set(content) == {_BASE64}:
        return base64.b64decode(str(content[_BASE64]), validate=True)
    return msgspec.json.encode(content)
