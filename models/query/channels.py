"""The channel under which an order or a ticket counts."""

from typing import Final

from models.aggregation.aggregates import channels_of
from models.definitions.definitions import Definitions
from models.definitions.names import OTHER


class ChannelFilter:
    """Selects by channel. A channel that the configuration no longer names counts as `other`.

    Args:
        definitions: the shop's definitions, with the channels that count by name.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._named: Final = frozenset(channels_of(definitions))

    def counted(self, channel: str) -> str:
        """Return the channel under which an order or a ticket counts."""
        return channel if channel in self._named else OTHER

    def selects(self, wanted: str | None, channel: str) -> bool:
        """Return whether a channel is the wanted one, or counts as it. None selects every channel."""
        return wanted in {None, channel, self.counted(channel)}
