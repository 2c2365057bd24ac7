"""The inputs: which topics there are, by name and by pattern, and what reads each."""

from collections.abc import Collection, Iterable, Mapping

from streams import admin
from streams.mapping.mappings import Reads
from streams.settings import Settings
from streams.topics import Names

#: What begins so is made here, or is Kafka's own: no pattern is to find it.
_NOT_INPUTS = ("retention.", "__")


def resolved(settings: Settings, topics: Iterable[str]) -> Mapping[str, Reads]:
    """Give what reads each of these topics that is an input.

    Args:
        settings: for the inputs that they name.
        topics: that there are, or a part of them.

    Raises:
        RetentionError: two patterns match one topic.
    """
    own = Names(settings.group).internal
    return settings.mappings.resolve(
        topic for topic in topics if topic not in own and not topic.startswith(_NOT_INPUTS)
    )


async def appeared(settings: Settings, known: Collection[str]) -> list[str]:
    """Give the inputs that there are beside those that are known.

    Raises:
        RetentionError: Kafka does not answer, or two patterns match one topic.
    """
    async with admin.connect(settings) as client:
        there = [topic["topic"] for topic in await client.describe_topics() if topic["error_code"] == 0]
    return sorted(resolved(settings, there).keys() - set(known))
