"""The attributes of a customer: `customer.updated` events, and what is kept of them beyond the horizon.

docs/metrics.md, "Segments". Of each attribute the latest value beyond the horizon is kept, of all contents
that were ever valid. So the attributes of an event that another content of its id supersedes stay in the log
until they leave the horizon.

The names of attributes come with events, and a row must not grow without end. So a limited number of them is
kept, the smallest ones, besides those that segments use. A dropped name has as many smaller ones as the limit
for good, because no name beyond the horizon is ever taken back: which names are kept does not depend on the
order of the events.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from models.definitions.segments import MAX_KEPT_ATTRIBUTES
from models.facts.claims import CustomerUpdated
from models.facts.control import KeptAttributes, SupersededAttributes
from models.facts.details import ATTRIBUTES
from models.facts.fact import Fact
from models.facts.origins import id_with_origin


class AttributeValue(NamedTuple):
    """A value of an attribute. Values of one attribute sort by (time, id, customer id).

    Attributes:
        at: time of its event, microseconds since the epoch.
        event: id of the event with its origin (`models.facts.origins`).
        is_present: False if the event removes the attribute.
        text: the value; empty if the event removes it.
    """

    at: int
    event: str
    is_present: bool
    text: str

    @classmethod
    def of(cls, at: int, event: str, text: str | None) -> "AttributeValue":
        """Return a value; None removes the attribute."""
        return cls(at, event, text is not None, text or "")

    @property
    def value(self) -> str | None:
        """The value; None if the event removes the attribute."""
        return self.text if self.is_present else None


#: Attribute -> its latest value, and the claim that has it.
_Latest = Mapping[str, tuple[AttributeValue, KeptAttributes]]


def attributes_in(fact: Fact) -> dict[str, str | None]:
    """Return the attributes in the details of a fact."""
    found: dict[str, str | None] = (fact.details or {}).get(ATTRIBUTES, {})
    return found


def attributes_of(fact: Fact) -> KeptAttributes:
    """Return the attributes that are kept of a `customer.updated` event beyond the horizon."""
    return KeptAttributes(at=fact.claim.time, event=fact.claim.id, values=attributes_in(fact))


def kept_attributes(
    facts: Iterable[Fact], since: int, customer_id: str, in_segments: Collection[str]
) -> list[Fact]:
    """Return the control facts that keep the attributes of a fact log.

    Args:
        facts: the fact log.
        since: begin of the horizon, microseconds since the epoch. Of each attribute the latest value before
            it is kept; attributes of superseded events after it stay.
        customer_id: id of the customer whose log it is.
        in_segments: names of attributes that are kept beyond the limit of `MAX_KEPT_ATTRIBUTES` too.
    """
    latest: dict[str, tuple[AttributeValue, KeptAttributes]] = {}
    waiting: list[Fact] = []
    for fact in facts:
        claim = fact.claim
        if isinstance(claim, KeptAttributes):
            if type(claim) is SupersededAttributes and claim.at >= since:
                waiting.append(fact)
                continue
            kept = claim
        elif type(claim) is CustomerUpdated and claim.time < since:
            kept = attributes_of(fact)
        else:
            continue
        event = id_with_origin(kept.event, customer_id)
        for name, text in kept.values.items():
            value = AttributeValue.of(kept.at, event, text)
            if name not in latest or latest[name][0] < value:
                latest[name] = value, kept
    return [*_grouped(_limited(latest, in_segments)), *waiting]


def _limited(latest: _Latest, in_segments: Collection[str]) -> _Latest:
    """Return the attributes with the smallest names, and those that segments use."""
    if len(latest) <= MAX_KEPT_ATTRIBUTES:
        return latest
    kept = {*sorted(latest)[:MAX_KEPT_ATTRIBUTES], *in_segments}
    return {name: value for name, value in latest.items() if name in kept}


def _grouped(latest: _Latest) -> list[Fact]:
    """Return a control fact for each event that has the latest value of an attribute."""
    by_event: dict[tuple[int, str], dict[str, str | None]] = {}
    for name, (value, kept) in sorted(latest.items()):
        by_event.setdefault((kept.at, kept.event), {})[name] = value.value
    claims = [KeptAttributes(at=at, event=event, values=values) for (at, event), values in by_event.items()]
    return [Fact("", claim) for claim in claims]


def with_superseded_attributes(facts: Sequence[Fact], superseded: Iterable[Fact]) -> Sequence[Fact]:
    """Return a fact log with the attributes of some superseded facts, which the log no longer has."""
    added = []
    for fact in superseded:
        values = attributes_in(fact)
        if type(fact.claim) is CustomerUpdated and values:
            claim = SupersededAttributes(at=fact.claim.time, event=fact.claim.id, values=values)
            added.append(Fact("", claim))
    known = [fact.claim for fact in facts if type(fact.claim) is SupersededAttributes]
    return [*facts, *(fact for fact in added if fact.claim not in known)]
