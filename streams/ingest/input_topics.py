"""Resolve which topics are inputs, by name and by pattern, and what reads each."""

from collections.abc import Collection, Iterable, Mapping

from streams.config.inputs import Input
from streams.config.load import Settings
from streams.errors import SettingsError
from streams.kafka import admin
from streams.kafka.topics import INPUTS, Names


def resolved(settings: Settings, topics: Iterable[str]) -> Mapping[str, Input]:
    """Return topic -> input for the topics that are inputs.

    Args:
        settings: settings with the inputs, by name and by pattern.
        topics: existing topics, or some of them.

    Raises:
        RetentionError: two patterns match one topic.
    """
    names = Names.of(settings)
    return settings.inputs.resolve(topic for topic in topics if not names.reserves(topic))


def require_read_access(settings: Settings, topics: Iterable[str], sender: str) -> None:
    """Require that a worker with these settings would read events sent to these topics.

    Args:
        settings: settings with the inputs.
        topics: topics of the contract, to which events are about to be sent.
        sender: name of the sending command, for the message.

    Raises:
        SettingsError: one of them is not an input, or is read by a mapping.
    """
    for topic in topics:
        found, kind = settings.inputs.find(topic), INPUTS[topic]
        if found is not None and found.kind == kind:
            continue
        if found is not None and found.mapping is not None:
            problem = (
                f"the mapping {found.mapping} reads {topic}, to which {sender} sends the contract's events"
            )
            hint = f'your rows need another topic: leave {topic} to kind = "{kind}"'
        else:
            problem = f"no worker reads the events of {topic}, to which {sender} sends them"
            hint = f'add [[inputs]] with topic = "{topic}", kind = "{kind}" to the others'
        raise SettingsError(
            "inputs",
            f"{problem}; nothing has been sent",
            source=f"in {settings.config}",
            hint=f"{hint}, and restart the workers",
        )


async def appeared(settings: Settings, known: Collection[str]) -> list[str]:
    """Return the existing inputs that are not among the known ones, sorted.

    Args:
        settings: settings with the inputs.
        known: input topics that are known already.

    Raises:
        RetentionError: Kafka does not answer, or two patterns match one topic.
    """
    async with admin.connect(settings) as client:
        there = [topic["topic"] for topic in await client.describe_topics() if topic["error_code"] == 0]
    return sorted(resolved(settings, there).keys() - set(known))
