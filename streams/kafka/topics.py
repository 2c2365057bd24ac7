"""The topics: their names, what they are made of, and the check that what exists can be trusted.

Internal topics carry the group's name, so that several applications share one Kafka. Derived topics have the
fixed names that other services subscribe to.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from models.contract.events import Kind
from streams.errors import InputsMissing, PartitionsChanged, TopicsMissing

#: The four topics that the business has, and `customers`: topic -> the kind of its events.
INPUTS: Mapping[str, Kind] = {
    "orders": "orders",
    "refunds": "refunds",
    "tickets": "tickets",
    "reviews": "reviews",
    "customers": "customers",
}
METRICS = "retention.metrics"
CUSTOMERS = "retention.customers"
TRANSITIONS = "retention.transitions"
TICKET_SLAS = "retention.ticket-sla"
ACTIONS = "retention.actions"
#: What is derived from the inputs, and can be again.
DERIVED = (METRICS, CUSTOMERS, TRANSITIONS, TICKET_SLAS, ACTIONS)
DEAD_LETTERS = "retention.dead-letters"

_VISIBLE_POLL_SECONDS = 0.05
_DAY_MS = 24 * 3600 * 1000
#: What is in a topic that is not compacted is gone by then.
KEPT_DAYS = 30
#: What was replaced or deleted in a compacted topic is gone by then. Kafka compacts no segment that is still
#: written to, which on a quiet topic would be for ever, unless it is told how long is too long.
COMPACTED_DAYS = 8
#: A dead letter holds a record that may have been larger than what Kafka takes by default.
LARGEST_RECORD = 16 << 20
#: Dead letters have their records' timestamps, of whatever year: Kafka removes them by size, not by age,
#: which `streams.operations.dead_letter_retention` does; and those from the future are not refused.
_DEAD_LETTERS_CONFIG = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": str(1 << 30),
    "message.timestamp.after.max.ms": str((1 << 63) - 1),
    "max.message.bytes": str(LARGEST_RECORD),
}


@dataclass(frozen=True)
class Topic:
    """A topic that a worker needs: its name, its partitions, and its configuration when it is made here."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    #: Whose partition count decides where a customer's state lives: it must never differ from the setting.
    fixed: bool = False
    #: Whether it is somebody else's input: it is never made here.
    given: bool = False
    #: What a worker does with it; `DELETE` is of records.
    access: tuple[Literal["READ", "WRITE", "DELETE"], ...] = ("READ", "WRITE")


def _compacted(**extra: str) -> dict[str, str]:
    lag = str((COMPACTED_DAYS - 1) * _DAY_MS)  # it may take the cleaner a while, too
    return {"cleanup.policy": "compact", "max.compaction.lag.ms": lag, **extra}


def _kept(days: float, **extra: str) -> dict[str, str]:
    """Keep records for so long at most: Kafka removes whole segments, by their last record."""
    segment = min(_DAY_MS, int(days * _DAY_MS) // 2)
    retention = int(days * _DAY_MS) - segment
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention),
        "segment.ms": str(segment),
        **extra,
    }


@dataclass(frozen=True)
class Names:
    """The names of one group's internal topics."""

    group: str

    @property
    def facts(self) -> str:
        """Facts on their way to the task of their customer."""
        return f"{self.group}-facts"

    @property
    def ticks(self) -> str:
        """The roll-up's question to each task: your values, at this `now`."""
        return f"{self.group}-ticks"

    @property
    def partials(self) -> str:
        """The tasks' answers, all in one partition."""
        return f"{self.group}-partials"

    @property
    def changelog(self) -> str:
        """The customers table: a compacted row (or pages of one) a customer."""
        return f"{self.group}-customers-changelog"

    @property
    def internal(self) -> tuple[str, ...]:
        """All of them: what a reset deletes."""
        return (self.facts, self.ticks, self.partials, self.changelog)


def required(group: str, partitions: int, inputs: Iterable[str] = INPUTS) -> list[Topic]:
    """Every topic that a worker of `group` reads or writes.

    Args:
        group: its name.
        partitions: of those that are made.
        inputs: those that are named; those that a pattern finds are there.
    """
    names = Names(group)
    return [
        *(Topic(name, partitions, access=("READ",), given=name not in INPUTS) for name in inputs),
        # Facts that were forwarded but not read yet must outlive a long stop of all workers.
        Topic(names.facts, partitions, _kept(KEPT_DAYS), fixed=True),
        Topic(names.ticks, partitions, _kept(1 / 24), fixed=True),
        Topic(names.partials, 1, _kept(1 / 24, **{"max.message.bytes": str(LARGEST_RECORD)}), fixed=True),
        Topic(
            names.changelog,
            partitions,
            _compacted(**{"max.message.bytes": str(LARGEST_RECORD)}),
            fixed=True,
        ),
        Topic(METRICS, partitions, _compacted()),
        Topic(CUSTOMERS, partitions, _compacted()),
        # What they say of somebody is gone after this, whoever it was.
        *(
            Topic(name, partitions, _kept(KEPT_DAYS), access=("WRITE",))
            for name in (TRANSITIONS, TICKET_SLAS, ACTIONS)
        ),
        Topic(DEAD_LETTERS, partitions, _DEAD_LETTERS_CONFIG, access=("READ", "WRITE", "DELETE")),
    ]


def configuration(topic: Topic, replication: int) -> dict[str, str]:
    """What a topic is made with: with replicas to spare, one may be away, and what is written is on two."""
    spare = {"min.insync.replicas": "2"} if replication > 2 else {}  # noqa: PLR2004
    return {**topic.config, **spare}


async def ensure(
    admin: AIOKafkaAdminClient, topics: Iterable[Topic], *, replication: int, create: bool = True
) -> dict[str, int]:
    """Create what is missing, and return every topic's partition count.

    Raises:
        InputsMissing: an input of somebody else's is not there.
        TopicsMissing: some are, and are not to be created.
        PartitionsChanged: an internal topic has another partition count than the setting.
    """
    wanted = {topic.name: topic for topic in topics}
    existing = await partition_counts(admin, wanted)
    missing = [topic for name, topic in wanted.items() if name not in existing]
    if given := [topic.name for topic in missing if topic.given]:
        raise InputsMissing(given)
    if missing and not create:
        raise TopicsMissing([topic.name for topic in missing])
    if missing:
        await _create(admin, missing, replication)
        # The controller has them; a broker that lags behind would tell a consumer of no such topic.
        while len(existing) < len(wanted):
            await asyncio.sleep(_VISIBLE_POLL_SECONDS)
            existing = await partition_counts(admin, wanted)
    for name, topic in wanted.items():
        if topic.fixed and existing[name] != topic.partitions:
            raise PartitionsChanged(name, expected=topic.partitions, found=existing[name])
    return existing


async def partition_counts(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Topic -> partition count, of those that exist."""
    # Of all topics: to ask for one by name makes it, with the broker's defaults, where a broker allows that.
    described = await admin.describe_topics()
    wanted = set(names)
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in described
        if topic["topic"] in wanted and topic["error_code"] == 0
    }


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic], replication: int) -> None:
    response = await admin.create_topics(
        [
            NewTopic(new.name, new.partitions, replication, topic_configs=configuration(new, replication))
            for new in topics
        ]
    )
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        # Another worker that starts at the same moment may have been first.
        if code != 0 and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} could not be created: {message}")
