"""The rules of a load: events that are too old are left out, and the time of a snapshot is replaced."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.contract.decoding import is_too_old, to_us
from models.contract.event import Event
from models.contract.events import CustomerUpdated

#: Part of the content of each event that may have attributes of a customer.
_UPDATED: Final = CustomerUpdated.__struct_config__.tag
_DECODE: Final = msgspec.json.Decoder(dict[str, Any]).decode


class LoadRules(Struct, frozen=True):
    """The events that a load leaves out, and those whose time it replaces.

    Attributes:
        horizon: begin of the horizon, microseconds since the epoch. Older events are left out. None: no
            event is left out.
        keep_first_order: whether workers keep the first order beyond the horizon.
        attributes_since: time of the attributes of customers that have a later one. None: they keep their
            own.
    """

    horizon: int | None = None
    keep_first_order: bool = True
    attributes_since: datetime | None = None

    def leaves_out(self, event_type: type[Event], time: int) -> bool:
        """Return whether a worker would reject an event of a class at a time (microseconds) as too old."""
        if self.horizon is None:
            return False
        return is_too_old(event_type, time, self.horizon, keep_first_order=self.keep_first_order)

    def stamped(self, content: bytes) -> bytes:
        """Return an event as it is sent: attributes of a customer are not later than the snapshot.

        Args:
            content: the event as JSON.
        """
        since = self.attributes_since
        if since is None or str(_UPDATED).encode() not in content:
            return content
        event = _DECODE(content)
        try:
            time = datetime.fromisoformat(event["time"])
            if event["type"] != _UPDATED or to_us(time) <= to_us(since):
                return content
        except (KeyError, TypeError, ValueError):  # the worker rejects it
            return content
        return msgspec.json.encode(event | {"time": since.astimezone(UTC)})
