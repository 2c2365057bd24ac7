"""Events of one customer with one id and different contents: which of them counts.

docs/metrics.md, "Events". Of the contents that are not later than the clock, the one with the largest (time,
canonical bytes) counts. The contents ahead of the clock stay until their times come. Producers do not reuse
ids, so nothing here runs for a new event or for an exact duplicate.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from models.contract.events import KINDS
from models.facts.attributes import with_superseded_attributes
from models.facts.claim_types import CLAIM_TYPES
from models.facts.claims import Acted
from models.facts.event_fields import fact_fields
from models.facts.fact import Fact
from models.facts.first_order import kept_order_of, places_order, with_superseded_orders

_encode: Final = msgspec.json.Encoder(order="sorted").encode
#: Channel of an event that names none. It is no field of the event.
_NO_CHANNEL: Final = "unknown"


class Conflicts:
    """The conflicting duplicates: events that had the id of another event of their customer.

    Attributes:
        counts: kind of the event's topic -> number of conflicting duplicates.
        examples: kind of the event's topic -> id of the first one.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def add(self, event_type: str, event_id: str) -> None:
        """Count one conflicting duplicate. An issued action comes from no topic, and is not counted.

        Args:
            event_type: type of the event.
            event_id: its id, without the origin that a merge adds.
        """
        kind = KINDS.get(event_type)
        if kind is not None:
            self.counts[kind] += 1
            self.examples.setdefault(kind, event_id)

    def drain(self) -> "Conflicts":
        """Return the conflicting duplicates since the last call."""
        found = Conflicts()
        found.counts, self.counts = self.counts, found.counts
        found.examples, self.examples = self.examples, found.examples
        return found

    def update(self, other: "Conflicts") -> None:
        """Add the conflicting duplicates that were counted elsewhere."""
        self.counts.update(other.counts)
        self.examples = {**other.examples, **self.examples}


class _Content(NamedTuple):
    """What decides between two contents of one event id."""

    time: int
    canonical: bytes


def canonical_bytes(fact: Fact) -> bytes:
    """Return the canonical bytes of an event, as far as its fact keeps the event's fields.

    They are JSON with sorted keys, without spaces, in UTF-8. A field that the event does not have is left
    out, and so are `id`, `time` and `customer_id`, which are equal where bytes are compared.
    """
    claim_type = CLAIM_TYPES[type(fact.claim)]
    fields: dict[str, Any] = {"type": claim_type.event_type, "experiments": fact.seen or None}
    if claim_type.entity is not None:
        fields[f"{claim_type.entity}_id"] = fact.entity
    fields.update(fact_fields(fact))
    if fields.get("channel") == _NO_CHANNEL:
        del fields["channel"]
    return _encode({name: value for name, value in fields.items() if value is not None})


def without_superseded(facts: Sequence[Fact], now: int, customer_id: str) -> list[Fact]:
    """Return the facts of a log without those that another content of their event id supersedes.

    Equal contents count once, as the first of them. Of superseded orders, the first stays as a control fact,
    and so do the attributes of all superseded updates of the customer.

    Args:
        facts: facts of one customer, in any order. Control facts stay.
        now: the clock, microseconds since the epoch.
        customer_id: id of the customer.
    """
    by_event: defaultdict[object, list[Fact]] = defaultdict(list)
    for fact in facts:
        if not _is_control(fact):
            by_event[_event(fact)].append(fact)
    superseded = {
        id(fact)
        for contents in by_event.values()
        if len(contents) > 1
        for fact in _without(contents, _remaining(contents, now))
    }
    kept = [fact for fact in facts if id(fact) not in superseded]
    others = [fact for fact in facts if id(fact) in superseded]
    orders = [kept_order_of(fact) for fact in others if places_order(fact.claim)]
    return list(with_superseded_attributes(with_superseded_orders(kept, orders, customer_id), others))


def may_conflict(facts: Sequence[Fact]) -> bool:
    """Return whether some facts may share an event id. Control facts have none, so False is certain."""
    return len({fact.claim.id for fact in facts}) < len(facts)


def conflicting_ids(facts: Iterable[Fact]) -> set[str]:
    """Return the event ids that several facts of a log share."""
    found = Counter(fact.claim.id for fact in facts if not _is_control(fact))
    return {event_id for event_id, count in found.items() if count > 1}


def new_contents(known: Iterable[Fact], contents: Sequence[Fact]) -> list[Fact]:
    """Return the contents that differ from every known fact and from one another.

    Args:
        known: facts of the log.
        contents: facts that may have the event id of a known one.
    """
    events = {_event(fact) for fact in contents}
    seen = {(_event(fact), _content(fact)) for fact in known if _event(fact) in events}
    found = []
    for fact in contents:
        key = _event(fact), _content(fact)
        if key not in seen:
            seen.add(key)
            found.append(fact)
    return found


def _is_control(fact: Fact) -> bool:
    return type(fact.claim) not in CLAIM_TYPES


def _event(fact: Fact) -> tuple[str, bool]:
    """Return the key that the contents of one event share. An issued action has a key of its own."""
    return fact.claim.id, type(fact.claim) is Acted


def _content(fact: Fact) -> _Content:
    return _Content(fact.claim.time, canonical_bytes(fact))


def _remaining(contents: Iterable[Fact], now: int) -> list[Fact]:
    """Return the contents of one event that count at `now` or later."""
    latest: dict[int, tuple[_Content, Fact]] = {}
    for fact in contents:
        at, content = max(fact.claim.time, now), _content(fact)
        if at not in latest or content > latest[at][0]:
            latest[at] = content, fact
    return [fact for _, fact in latest.values()]


def _without(facts: Iterable[Fact], kept: Iterable[Fact]) -> list[Fact]:
    """Return the facts without some of them, which are the same objects."""
    ids = {id(fact) for fact in kept}
    return [fact for fact in facts if id(fact) not in ids]
