"""Access rights: the least that each use of a Kafka needs, and which of them we do not have.

Kafka's authorizer implies `DESCRIBE` by `READ`, `WRITE` or `DELETE`, and what writes to any topic may write
idempotently: neither has to be granted.
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
from msgspec import Struct

from streams.config.load import Settings
from streams.errors import AccessDenied
from streams.kafka.protocol.authorized_operations import Allowed, authorized_operations
from streams.kafka.topics import DEAD_LETTERS, DERIVED, INPUTS, Names, Topic, ensure, required

Resource = Literal["topic", "group", "transactional-id"]
Operation = Literal["READ", "WRITE", "CREATE", "DELETE", "DESCRIBE", "DESCRIBE_CONFIGS"]

#: Coordinators are of two types to Kafka's protocol; who may not see a name is not told its coordinator.
_COORDINATED: Final[dict[str, int]] = {"group": 0, "transactional-id": 1}


_DOCTOR: Final = "`retention doctor --setup commands` prints the ACLs that grant it"
#: To Kafka's ACLs, every resource of a type.
_EVERY: Final = "*"


class AclRequirement(Struct, frozen=True, order=True):
    """One resource, and what is to be done with it.

    Attributes:
        resource: its type.
        name: its very name; or how the names begin of all that are meant.
        operations: what is done.
        prefixed: whether the name is a beginning.
    """

    resource: Resource
    name: str
    operations: tuple[Operation, ...]
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{' and '.join(self.operations)} on {self.resource} {self.name}{'…' if self.prefixed else ''}"

    @property
    def exact(self) -> bool:
        """Whether it is of one resource, whose name is known."""
        return not self.prefixed and self.name != _EVERY


def worker_acls(settings: Settings) -> list[AclRequirement]:
    """What a worker does: without any of these it does not start."""
    return [
        *_on_topics(
            required(settings.group, settings.partitions, settings.inputs.named()),
            create=settings.create_topics,
        ),
        *map(pattern_acl, settings.inputs.patterns()),
        AclRequirement("group", settings.group, ("READ",)),
        *(AclRequirement("transactional-id", name, ("WRITE",)) for name in _transactional_ids(settings)),
    ]


def pattern_acl(pattern: str) -> AclRequirement:
    """What reads the inputs that a regular expression finds: Kafka's ACLs know but how a name begins."""
    plain = re.match(r"(?:[\w-]|\\\.)*(?![*+?{])(?<!\\)", pattern, re.ASCII)
    beginning = plain[0].replace("\\.", ".") if plain and "|" not in pattern else ""
    return AclRequirement("topic", beginning or _EVERY, ("READ",), prefixed=bool(beginning))


def reader_acls(topics: Iterable[str]) -> list[AclRequirement]:
    """What reads inputs that were found."""
    return [AclRequirement("topic", name, ("READ",)) for name in topics]


def producer_acls(settings: Settings) -> list[AclRequirement]:
    """What sends events: `load`, `simulate`."""
    return _on_topics(
        [Topic(name, settings.partitions, access=("WRITE",)) for name in _sent_to(settings)],
        create=settings.create_topics,
    )


def _sent_to(settings: Settings) -> list[str]:
    """Give the contract's topics that workers read as such: events that are sent elsewhere would be lost."""
    return [topic for topic, kind in INPUTS.items() if settings.inputs.kind(topic) == kind]


def redrive_acls(settings: Settings) -> list[AclRequirement]:
    """What puts mended records back where they came from: `dead-letters redrive`."""
    return [AclRequirement("topic", name, ("WRITE",)) for name in settings.inputs.named()]


def operator_acls(settings: Settings) -> list[AclRequirement]:
    """What looks and changes nothing: `doctor`, `dead-letters list`. More than a worker's own rights."""
    names = [topic.name for topic in required(settings.group, settings.partitions, settings.inputs.named())]
    return [
        *(AclRequirement("topic", name, ("DESCRIBE_CONFIGS",)) for name in names),
        *dead_letter_reader_acls(),
    ]


def dead_letter_reader_acls() -> list[AclRequirement]:
    """What looks at dead letters: which of them were put back, a group of their name keeps in its offsets."""
    return [*reader_acls([DEAD_LETTERS]), AclRequirement("group", DEAD_LETTERS, ("READ",))]


def erasure_acls(settings: Settings) -> list[AclRequirement]:
    """What asks for a customer to be forgotten, and waits for it: `erase`, if an input takes the event."""
    names = Names(settings.group)
    asked = next((topic for topic, one in settings.inputs.named().items() if one.kind == "customers"), None)
    if asked is None:
        return []
    return [
        AclRequirement("topic", asked, ("WRITE",)),
        AclRequirement("topic", names.facts, ("DESCRIBE",)),
        AclRequirement("topic", names.changelog, ("READ",)),
        AclRequirement("group", settings.group, ("DESCRIBE",)),
    ]


def reset_acls(settings: Settings) -> list[AclRequirement]:
    """What starts again: `reset`."""
    names = (*Names(settings.group).internal, *DERIVED)
    return [
        *(AclRequirement("topic", name, ("DELETE",)) for name in names),
        AclRequirement("group", settings.group, ("DELETE",)),
    ]


def _on_topics(topics: Iterable[Topic], *, create: bool) -> list[AclRequirement]:
    """Whatever is done with topics, and to make those that are not somebody else's."""
    more: tuple[Operation, ...] = ("CREATE",) if create else ()
    return [
        AclRequirement("topic", topic.name, (*topic.access, *(() if topic.given else more)))
        for topic in topics
    ]


def _transactional_ids(settings: Settings) -> Iterator[str]:
    """Each by itself: a prefix would take in those of another group whose name begins with this one's."""
    return (f"{settings.group}-{number}" for number in range(settings.partitions))


async def missing(client: AIOKafkaAdminClient, rights: Sequence[AclRequirement]) -> list[AclRequirement]:
    """Give what Kafka would refuse, of what it tells: an old or another Kafka may not tell everything.

    `CREATE` is asked only of topics that are not there, and nothing of what has no name yet.
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
    except KafkaError:  # it has no coordinator yet, or not at the moment: no matter of rights
        return True
    return True


async def require(client: AIOKafkaAdminClient, rights: Sequence[AclRequirement]) -> None:
    """Go on only with all these rights.

    Raises:
        AccessDenied: some are missing; all of them are named.
    """
    found = await missing(client, rights)
    if found:
        raise AccessDenied(f"Kafka does not allow: {'; '.join(map(str, found))}", _DOCTOR)


async def inputs(client: AIOKafkaAdminClient, settings: Settings) -> dict[str, int]:
    """Give the contract's topics' partition counts to who is about to send events; missing ones are made.

    Those that no worker of these settings would read are left out.

    Raises:
        AccessDenied: events may not be sent there.
        TopicsMissing: there are some, and they are not to be created.
    """
    await require(client, producer_acls(settings))
    wanted = [Topic(name, settings.partitions) for name in _sent_to(settings)]
    return await ensure(client, wanted, replication=settings.replication, create=settings.create_topics)
