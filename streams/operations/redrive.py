"""Send dead letters, perhaps corrected, to the topics from which they were read."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from models.contract.decoding import EventError, check_time, decode, to_us
from models.contract.events import Event
from models.facts.from_events import facts_of
from streams.clock import wall_us
from streams.config.load import Settings
from streams.kafka import acls, admin
from streams.kafka.acls import AclRequirement
from streams.kafka.cloudevents import unwrap
from streams.mapping import mappings
from streams.mapping.mappings import Mappings
from streams.mapping.reader import Reader
from streams.operations.dead_letters import DeadLetter, mark_redriven

_MAX_REQUEST_BYTES: Final = 16 << 20


class Checked(NamedTuple):
    """Dead letters that were checked as a worker checks records.

    Attributes:
        valid: dead letters that a worker would accept.
        invalid: error -> dead letters that a worker would reject with it.
    """

    valid: list[DeadLetter]
    invalid: dict[str, list[DeadLetter]]


async def check(settings: Settings, dead_letters: Sequence[DeadLetter]) -> Checked:
    """Check dead letters as a worker with these settings would check them now.

    Raises:
        RegistryUnavailable: the schema registry does not answer.
    """
    compiled = mappings.build(settings)
    await _fetch_schemas(compiled, dead_letters)
    valid: list[DeadLetter] = []
    invalid: defaultdict[str, list[DeadLetter]] = defaultdict(list)
    for dead_letter in dead_letters:
        error = error_of(dead_letter, settings, compiled)
        if error is None:
            valid.append(dead_letter)
        else:
            invalid[str(error)].append(dead_letter)
    return Checked(valid, dict(invalid))


async def _fetch_schemas(compiled: Mappings, dead_letters: Iterable[DeadLetter]) -> None:
    for dead_letter in dead_letters:
        reads = compiled.reads(dead_letter.topic)
        if isinstance(reads, Reader):
            await reads.prepare([dead_letter.value])


def error_of(dead_letter: DeadLetter, settings: Settings, compiled: Mappings) -> EventError | None:
    """Return the error with which a worker would reject a dead letter now; None if it would accept it."""
    wall = wall_us()
    # With the event clock, only the worker knows the stream time, from which the horizon counts.
    now = wall if settings.clock == "wall" else 0
    try:
        for event in _events(dead_letter, compiled):
            check_time(
                type(event),
                to_us(event.time),
                wall_us=wall,
                now_us=now,
                definitions=settings.definitions,
            )
            facts_of(event, settings.definitions)
    except EventError as error:
        return error
    return None


def _events(dead_letter: DeadLetter, compiled: Mappings) -> list[Event]:
    reads = compiled.reads(dead_letter.topic)
    if isinstance(reads, Reader):
        return reads.events(dead_letter.value, dead_letter)
    return [] if reads is None else [decode(reads, unwrap(dead_letter))]


def without_duplicates(dead_letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Return dead letters without repetitions: a record that was rejected twice is sent once."""
    return list({(one.topic, one.key, one.value): one for one in dead_letters}.values())


async def send(settings: Settings, dead_letters: Sequence[DeadLetter]) -> None:
    """Send dead letters to their topics, each record once, and mark them as redriven.

    Raises:
        AccessDenied: Kafka does not allow writing to one of the topics.
    """
    by_topic: defaultdict[str, list[DeadLetter]] = defaultdict(list)
    for dead_letter in without_duplicates(dead_letters):
        by_topic[dead_letter.topic].append(dead_letter)
    options = {"acks": "all", "enable_idempotence": True, "max_request_size": _MAX_REQUEST_BYTES}
    async with admin.connect(settings) as client:
        await acls.require(client, [AclRequirement("topic", topic, ("WRITE",)) for topic in by_topic])
    async with AIOKafkaProducer(**settings.client_options(), **options) as producer:
        sent = [
            await producer.send(topic, one.value, one.key, headers=list(one.headers))
            for topic, of_topic in by_topic.items()
            for one in of_topic
        ]
        await asyncio.gather(*sent)
    places = {dead_letter.place for dead_letter in dead_letters}
    await mark_redriven(settings, lambda dead_letter: dead_letter.place in places)
