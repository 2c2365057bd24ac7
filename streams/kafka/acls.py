"""ACLs: the minimum that each command needs, and the check which of them are missing.

Kafka's authorizer implies `DESCRIBE` by `READ`, `WRITE` or `DELETE`, and idempotent writes by `WRITE` on any
topic: neither has to be granted.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TransactionalIdAuthorizationFailed,
)
from msgspec import Struct, structs

from streams.config.load import Settings
from streams.errors import AccessDenied
from streams.kafka.protocol.authorized_operations import Allowed, authorized_operations
from streams.kafka.topics import INPUTS, Names, Topic, ensure, required_by

Resource = Literal["topic", "group", "transactional-id"]
Operation = Literal["READ", "WRITE", "CREATE", "DELETE", "DESCRIBE", "DESCRIBE_CONFIGS"]

#: Type of a resource's coordinator in Kafka's protocol. Without access, Kafka names no coordinator.
_COORDINATED: Final[dict[str, int]] = {"group": 0, "transactional-id": 1}


_DOCTOR: Final = "`retention doctor --setup commands` prints the ACLs that grant it"
#: In ACLs, every resource of a type.
_EVERY: Final = "*"


class AclRequirement(Struct, frozen=True, order=True):
    """Operations that are needed on a resource.

    Attributes:
        resource: type of the resource.
        name: name of the resource, or prefix of several names.
        operations: needed operations.
        prefixed: whether `name` is a prefix.
    """

    resource: Resource
    name: str
    operations: tuple[Operation, ...]
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{' and '.join(self.operations)} on {self.resource} {self.name}{'…' if self.prefixed else ''}"

    @property
    def exact(self) -> bool:
        """Whether the requirement names one resource."""
        return not self.prefixed and self.name != _EVERY


def worker_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of a worker. It does not start if one is missing."""
    return [
        *_on_topics(required_by(settings), create=settings.create_topics),
        *map(pattern_acl, settings.inputs.patterns()),
        AclRequirement("group", settings.group, ("READ",)),
        *(AclRequirement("transactional-id", name, ("WRITE",)) for name in _transactional_ids(settings)),
    ]


def pattern_acl(pattern: str) -> AclRequirement:
    """Return the ACL for the inputs of a regular expression. Kafka's ACLs have prefixes only."""
    plain = re.match(r"(?:[\w-]|\\\.)*(?![*+?{])(?<!\\)", pattern, re.ASCII)
    beginning = plain[0].replace("\\.", ".") if plain and "|" not in pattern else ""
    return AclRequirement("topic", beginning or _EVERY, ("READ",), prefixed=bool(beginning))


def reader_acls(topics: Iterable[str]) -> list[AclRequirement]:
    """Return the ACLs for reading topics."""
    return [AclRequirement("topic", name, ("READ",)) for name in topics]


def producer_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of commands that send events: `load`, `simulate`."""
    return _on_topics(
        [Topic(name, settings.partitions, access=("WRITE",)) for name in _contract_inputs(settings)],
        create=settings.create_topics,
    )


def _contract_inputs(settings: Settings) -> list[str]:
    """Return the contract's topics that workers read without a mapping: no other topic takes its events."""
    return [topic for topic, kind in INPUTS.items() if settings.inputs.kind(topic) == kind]


def redrive_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of `dead-letters redrive`, which sends records to their inputs."""
    return [AclRequirement("topic", name, ("WRITE",)) for name in settings.inputs.named()]


def operator_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of `doctor` and `dead-letters list`, which only read, in addition to a worker's."""
    names = [topic.name for topic in required_by(settings)]
    return [
        *(AclRequirement("topic", name, ("DESCRIBE_CONFIGS",)) for name in names),
        *dead_letter_reader_acls(settings),
    ]


def dead_letter_reader_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs for reading dead letters. The offsets of a group of their name mark redriven ones."""
    topic = Names.of(settings).dead_letters
    return [*reader_acls([topic]), AclRequirement("group", topic, ("READ",))]


def erasure_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of `erase`; none if no input accepts its event."""
    names = Names(settings.group)
    customers_topic = next(
        (topic for topic, one in settings.inputs.named().items() if one.kind == "customers"), None
    )
    if customers_topic is None:
        return []
    return [
        AclRequirement("topic", customers_topic, ("WRITE",)),
        AclRequirement("topic", names.facts, ("DESCRIBE",)),
        AclRequirement("topic", names.changelog, ("READ",)),
        AclRequirement("group", settings.group, ("DESCRIBE",)),
    ]


def scaler_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of a program that reads the lag of the group, such as an autoscaler."""
    names = Names(settings.group)
    read = (*settings.inputs.named(), names.facts, names.ticks, names.partials)
    return [
        *(AclRequirement("topic", name, ("DESCRIBE",)) for name in read),
        *(structs.replace(pattern_acl(one), operations=("DESCRIBE",)) for one in settings.inputs.patterns()),
        AclRequirement("group", settings.group, ("DESCRIBE",)),
    ]


def period_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of `periods`; none if no periods are closed."""
    if not settings.definitions.periods.kinds:
        return []
    names = Names.of(settings)
    return [
        *reader_acls([names.periods, names.metrics]),
        AclRequirement("topic", names.partials, ("WRITE",)),
        AclRequirement("group", settings.group, ("DESCRIBE",)),
    ]


def reset_acls(settings: Settings) -> list[AclRequirement]:
    """Return the ACLs of `reset`."""
    names = (*Names.of(settings).internal, *Names.of(settings).derived)
    return [
        *(AclRequirement("topic", name, ("DELETE",)) for name in names),
        AclRequirement("group", settings.group, ("DELETE",)),
    ]


def _on_topics(topics: Iterable[Topic], *, create: bool) -> list[AclRequirement]:
    """Return the ACLs for the access to topics, and with `create` for creating internal ones."""
    more: tuple[Operation, ...] = ("CREATE",) if create else ()
    return [
        AclRequirement("topic", topic.name, (*topic.access, *(() if topic.given else more)))
        for topic in topics
    ]


def _transactional_ids(settings: Settings) -> Iterator[str]:
    """Return each id. A prefix would cover the ids of another group whose name begins with this one's."""
    return (f"{settings.group}-{number}" for number in range(settings.partitions))


async def missing(client: AIOKafkaAdminClient, rights: Sequence[AclRequirement]) -> list[AclRequirement]:
    """Return the requirements that Kafka would reject, as far as it reports them; an old Kafka does not.

    `CREATE` is checked only for missing topics; prefixes are not checked.
    """
    on_topics = [right for right in rights if right.resource == "topic" and right.exact]
    allowed = await authorized_operations(client, sorted({right.name for right in on_topics}))
    found = [
        AclRequirement("topic", right.name, lacking)
        for right in on_topics
        if (lacking := _lacking(right.operations, allowed[right.name]))
    ]
    others = [right for right in rights if right.resource != "topic"]
    visible = await asyncio.gather(*(_visible(client, right) for right in others))
    return [*found, *(right for right, seen in zip(others, visible, strict=True) if not seen)]


def _lacking(wanted: Iterable[Operation], topic: Allowed) -> tuple[Operation, ...]:
    if topic.operations is None:
        return ()
    needed = (name for name in wanted if name != "CREATE" or not topic.exists)
    return tuple(name for name in needed if name not in topic.operations)


async def _visible(client: AIOKafkaAdminClient, right: AclRequirement) -> bool:
    try:
        await client.find_coordinator(right.name, _COORDINATED[right.resource])
    except (GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed):
        return False
    except KafkaError:  # no coordinator at the moment, for a reason other than ACLs
        return True
    return True


async def require(client: AIOKafkaAdminClient, rights: Sequence[AclRequirement]) -> None:
    """Check ACLs.

    Raises:
        AccessDenied: some are missing; the message names all of them.
    """
    found = await missing(client, rights)
    if found:
        raise AccessDenied(f"Kafka does not allow: {'; '.join(map(str, found))}", _DOCTOR)


async def inputs(client: AIOKafkaAdminClient, settings: Settings) -> dict[str, int]:
    """Return contract topic -> partition count, for commands that send events. Missing topics are created.

    Topics that no worker with these settings reads are left out.

    Raises:
        AccessDenied: Kafka does not allow sending to one of them.
        TopicsMissing: topics are missing and may not be created.
    """
    await require(client, producer_acls(settings))
    wanted = [Topic(name, settings.partitions) for name in _contract_inputs(settings)]
    return await ensure(client, wanted, replication=settings.replication, create=settings.create_topics)
