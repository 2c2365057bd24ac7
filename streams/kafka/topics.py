"""The topics: names, configuration, creation, and the check of those that exist.

Internal topics carry the group's name, so that several applications share one Kafka. Derived topics have the
fixed names that other services subscribe to.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import RequestTimedOutError, TopicAlreadyExistsError, for_code

from models.contract.events import Kind
from streams.errors import InputsMissing, PartitionsChanged, TopicsMissing

if TYPE_CHECKING:
    from streams.config.load import Settings

#: Topic of the contract -> the kind of its events.
INPUTS: Mapping[str, Kind] = {
    "orders": "orders",
    "refunds": "refunds",
    "tickets": "tickets",
    "reviews": "reviews",
    "customers": "customers",
}
#: Default prefix of the derived topics. Each group needs a set of its own.
PREFIX = "retention"
METRICS = "retention.metrics"
CUSTOMERS = "retention.customers"
TRANSITIONS = "retention.transitions"
TICKET_SLAS = "retention.ticket-sla"
ACTIONS = "retention.actions"
#: Derived topics: their content can be computed again from the inputs.
DERIVED = (METRICS, CUSTOMERS, TRANSITIONS, TICKET_SLAS, ACTIONS)
DEAD_LETTERS = "retention.dead-letters"
#: Values of closed periods. No input holds what was known at their close, so `reset` keeps them.
PERIODS = "retention.periods"

_VISIBLE_POLL_SECONDS = 0.05
#: A Kafka that starts on a busy machine creates its first topics slower than the timeout of a request.
_CREATION_SECONDS = 120.0
_DAY_MS = 24 * 3600 * 1000
#: Longest life of a record in a topic without compaction, days.
KEPT_DAYS = 30
#: Longest life of a replaced or deleted record in a compacted topic, days. Kafka does not compact the active
#: segment, which a quiet topic never closes, so the topics limit the compaction lag.
COMPACTED_DAYS = 8
#: A dead letter holds a record that may be larger than Kafka's default limit, bytes.
LARGEST_RECORD = 16 << 20
#: Dead letters have the timestamps of their records, from any year. So Kafka removes them by size only, and
#: accepts future ones; `streams.operations.dead_letter_retention` removes them by age.
_DEAD_LETTERS_CONFIG = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": str(1 << 30),
    "message.timestamp.after.max.ms": str((1 << 63) - 1),
    "max.message.bytes": str(LARGEST_RECORD),
}


@dataclass(frozen=True)
class Topic:
    """A topic that a worker needs: its name, partition count, and configuration if a worker creates it."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    #: Whether the partition count decides which task holds a customer: then it must equal the setting.
    fixed: bool = False
    #: Whether another producer owns the topic: then a worker never creates it.
    given: bool = False
    #: Operations of a worker; `DELETE` means records.
    access: tuple[Literal["READ", "WRITE", "DELETE"], ...] = ("READ", "WRITE")


def _compacted(**extra: str) -> dict[str, str]:
    lag = str((COMPACTED_DAYS - 1) * _DAY_MS)  # the cleaner needs time, too
    return {"cleanup.policy": "compact", "max.compaction.lag.ms": lag, **extra}


def _kept(days: float, **extra: str) -> dict[str, str]:
    """Return the configuration for a longest life of records. Kafka removes segments by their last record."""
    segment = min(_DAY_MS, int(days * _DAY_MS) // 2)
    retention = int(days * _DAY_MS) - segment
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention),
        "segment.ms": str(segment),
        **extra,
    }


#: Beginnings of the names of derived topics by the default prefix, and of Kafka's own topics.
_RESERVED_PREFIXES = (f"{PREFIX}.", "__")


@dataclass(frozen=True)
class Names:
    """The names of one group's topics: the internal topics, the derived topics and that of dead letters."""

    group: str
    prefix: str = PREFIX

    @classmethod
    def of(cls, settings: "Settings") -> "Names":
        """Return the names by the settings."""
        return cls(settings.group, settings.topic_prefix)

    @property
    def metrics(self) -> str:
        """The current values of all series."""
        return self._named(METRICS)

    @property
    def customers(self) -> str:
        """The profiles of the customers."""
        return self._named(CUSTOMERS)

    @property
    def transitions(self) -> str:
        """The changes of lifecycle and tier."""
        return self._named(TRANSITIONS)

    @property
    def ticket_slas(self) -> str:
        """The targets of tickets."""
        return self._named(TICKET_SLAS)

    @property
    def actions(self) -> str:
        """The recommended actions."""
        return self._named(ACTIONS)

    @property
    def derived(self) -> tuple[str, ...]:
        """All derived topics, in the order of `DERIVED`."""
        return tuple(map(self._named, DERIVED))

    @property
    def dead_letters(self) -> str:
        """The rejected records."""
        return self._named(DEAD_LETTERS)

    @property
    def periods(self) -> str:
        """The frozen values of closed periods."""
        return self._named(PERIODS)

    def _named(self, topic: str) -> str:
        return self.prefix + topic.removeprefix(PREFIX)

    @property
    def facts(self) -> str:
        """The repartition topic: facts for the task of their customer."""
        return f"{self.group}-facts"

    @property
    def ticks(self) -> str:
        """The topic of evaluation rounds: the roll-up leader requests every task's values at one `now`."""
        return f"{self.group}-ticks"

    @property
    def partials(self) -> str:
        """The topic of partial results, all in one partition."""
        return f"{self.group}-partials"

    @property
    def changelog(self) -> str:
        """The changelog of the customers table: one row, or several pages, for each customer."""
        return f"{self.group}-customers-changelog"

    @property
    def internal(self) -> tuple[str, ...]:
        """All internal topics, which `reset` deletes."""
        return (self.facts, self.ticks, self.partials, self.changelog)

    def reserves(self, topic: str) -> bool:
        """Return whether workers of the group, or of any with the default prefix, or Kafka write a topic."""
        own = (*self.internal, *self.derived, self.dead_letters, self.periods)
        return topic in own or topic.startswith(_RESERVED_PREFIXES)


def required_by(settings: "Settings", inputs: Iterable[str] | None = None) -> list[Topic]:
    """Return every topic that a worker with these settings reads or writes.

    Args:
        settings: validated settings.
        inputs: the inputs; None for those with a name.
    """
    return required(
        settings.group,
        settings.partitions,
        settings.inputs.named() if inputs is None else inputs,
        settings.topic_prefix,
        periods=bool(settings.definitions.periods.kinds),
    )


def required(
    group: str,
    partitions: int,
    inputs: Iterable[str] = INPUTS,
    prefix: str = PREFIX,
    *,
    periods: bool = False,
) -> list[Topic]:
    """Return every topic that a worker reads or writes.

    Args:
        group: name of the group.
        partitions: partition count of the topics that a worker creates.
        inputs: inputs with a name; those that match a pattern exist already.
        prefix: prefix of the derived topics.
        periods: whether periods are closed.
    """
    names = Names(group, prefix)
    return [
        *(Topic(name, partitions, access=("READ",), given=name not in INPUTS) for name in inputs),
        # Forwarded facts that are not read yet must outlive a long stop of all workers.
        Topic(names.facts, partitions, _kept(KEPT_DAYS), fixed=True),
        Topic(names.ticks, partitions, _kept(1 / 24), fixed=True),
        # By its time in Kafka's log, a worker compares its clock with Kafka's (`streams.worker.clock_check`).
        Topic(
            names.partials,
            1,
            _kept(
                1 / 24,
                **{"max.message.bytes": str(LARGEST_RECORD), "message.timestamp.type": "LogAppendTime"},
            ),
            fixed=True,
        ),
        Topic(
            names.changelog,
            partitions,
            _compacted(**{"max.message.bytes": str(LARGEST_RECORD)}),
            fixed=True,
        ),
        Topic(names.metrics, partitions, _compacted()),
        Topic(names.customers, partitions, _compacted()),
        # Personal data in these topics expires after this time.
        *(
            Topic(name, partitions, _kept(KEPT_DAYS), access=("WRITE",))
            for name in (names.transitions, names.ticket_slas, names.actions)
        ),
        # One record a month: one partition keeps the versions of a period in order.
        *([Topic(names.periods, 1, _compacted())] if periods else []),
        Topic(names.dead_letters, partitions, _DEAD_LETTERS_CONFIG, access=("READ", "WRITE", "DELETE")),
    ]


def configuration(topic: Topic, replication: int) -> dict[str, str]:
    """Return the configuration of a new topic. With three replicas, every write is on at least two."""
    spare = {"min.insync.replicas": "2"} if replication > 2 else {}  # noqa: PLR2004
    return {**topic.config, **spare}


async def ensure(
    admin: AIOKafkaAdminClient, topics: Iterable[Topic], *, replication: int, create: bool = True
) -> dict[str, int]:
    """Create missing topics, and return topic -> partition count.

    Raises:
        InputsMissing: an input of another producer is missing.
        TopicsMissing: topics are missing and may not be created.
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
        # The controller has the topics; a broker that lags behind would report them missing to a consumer.
        while len(existing) < len(wanted):
            await asyncio.sleep(_VISIBLE_POLL_SECONDS)
            existing = await partition_counts(admin, wanted)
    for name, topic in wanted.items():
        if topic.fixed and existing[name] != topic.partitions:
            raise PartitionsChanged(name, expected=topic.partitions, found=existing[name])
    return existing


async def partition_counts(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Return topic -> partition count, for the topics that exist."""
    # Describes all topics: a request by name would create the topic where a broker allows that.
    described = await admin.describe_topics()
    wanted = set(names)
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in described
        if topic["topic"] in wanted and topic["error_code"] == 0
    }


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic], replication: int) -> None:
    """Create topics; ask again if Kafka does not answer in time, because a restart would not be faster."""
    deadline = time.monotonic() + _CREATION_SECONDS
    while True:
        try:
            await _request(admin, topics, replication)
        except RequestTimedOutError:
            if time.monotonic() > deadline:
                raise
        else:
            return


async def _request(admin: AIOKafkaAdminClient, topics: list[Topic], replication: int) -> None:
    response = await admin.create_topics(
        [
            NewTopic(new.name, new.partitions, replication, topic_configs=configuration(new, replication))
            for new in topics
        ]
    )
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        # Another worker that starts at the same time may have created it.
        if code != 0 and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} could not be created: {message}")
