"""The inputs: which topics there are, by name and by pattern, and what reads each."""

from collections.abc import Collection, Iterable, Mapping

from streams.config.load import Settings
from streams.errors import SettingsError
from streams.kafka import admin
from streams.kafka.topics import INPUTS, Names
from streams.mapping.mappings import TopicReader
from streams.mapping.reader import Reader

#: What begins so is made here, or is Kafka's own: no pattern is to find it.
_NOT_INPUTS = ("retention.", "__")


def resolved(settings: Settings, topics: Iterable[str]) -> Mapping[str, TopicReader]:
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


def require_read_access(settings: Settings, topics: Iterable[str], sender: str) -> None:
    """Refuse to send the contract's events where no worker of these settings looks for them.

    Args:
        settings: for the inputs that they name.
        topics: of the contract, to which events are to be sent.
        sender: who is about to send them, for the message.

    Raises:
        SettingsError: one of them is no input, or a mapping's.
    """
    for topic in topics:
        reads, kind = settings.mappings.reads(topic), INPUTS[topic]
        if reads == kind:
            continue
        if isinstance(reads, Reader):
            problem = f"the mapping {reads.name} reads {topic}, to which {sender} sends the contract's events"
            hint = f'they need another topic than your rows: leave {topic} to kind = "{kind}"'
        else:
            problem = f"no worker would read the events of {topic}, to which {sender} sends them"
            hint = f'add [[inputs]] with topic = "{topic}", kind = "{kind}" to those that there are'
        raise SettingsError(
            "inputs",
            f"{problem}: none of them is sent",
            source=f"in {settings.config}",
            hint=f"{hint}, and start the workers again",
        )


async def appeared(settings: Settings, known: Collection[str]) -> list[str]:
    """Give the inputs that there are beside those that are known.

    Raises:
        RetentionError: Kafka does not answer, or two patterns match one topic.
    """
    async with admin.connect(settings) as client:
        there = [topic["topic"] for topic in await client.describe_topics() if topic["error_code"] == 0]
    return sorted(resolved(settings, there).keys() - set(known))
