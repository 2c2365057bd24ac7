"""The stored fields of an event, read back from its claim under the event's own names."""

from collections.abc import Iterator
from typing import Any, Final

from models.facts.claim_types import CLAIM_TYPES, EventField
from models.facts.claims import Claim
from models.facts.details import detail_fields
from models.facts.fact import Fact

_BILLION: Final = 1_000_000_000


def fact_fields(fact: Fact) -> dict[str, Any]:
    """Return the stored fields of an event: those of its claim, and its details."""
    return {**dict(event_fields(fact.claim)), **dict(detail_fields(fact.details))}


def event_fields(claim: Claim) -> Iterator[tuple[str, Any]]:
    """Yield the stored fields of an event as pairs of the event's name and its value, None for an absent one.

    `id` and `time` are left out. Times, such as `promised_at`, are in microseconds since the epoch.
    """
    fields = CLAIM_TYPES[type(claim)].fields
    for name in claim.__struct_fields__[2:]:  # the first two are time and id
        value = getattr(claim, name)
        field, values = fields.get(name, EventField(name))
        if value is not None:
            if values is not None:
                value = values[value]
            elif field == "sentiment":
                value /= _BILLION
        yield field, value
