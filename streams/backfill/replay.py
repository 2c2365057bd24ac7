"""Compute the metrics at one instant after another, in one pass over the events."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from models.definitions.definitions import Definitions
from models.facts.fact import Fact
from models.metrics import catalogue
from models.metrics.catalogue import Sample
from models.partition import standalone
from models.partition.partition import Partition
from streams.backfill.order import Timed

#: Yields the facts of each valid event, in order.
FactReader = Callable[[Iterable[Timed]], Iterator[list[tuple[str, Fact]]]]

#: The one partition holds all customers. Decoding one again takes longer than all the other work for an
#: event, so twice this many stay decoded, which takes 300 MB at most.
_CACHED: Final = 20_000


def replay(
    events: Iterable[Timed], instants: Iterable[int], definitions: Definitions, read_facts: FactReader
) -> Iterator[tuple[int, list[Sample]]]:
    """Yield each instant with all series at it.

    An event counts from its event time, even if it arrived late. The numbers at an instant are therefore
    those of `retention compute --now`.

    Args:
        events: events in the order of `streams.backfill.events.effective_time`.
        instants: instants, microseconds since the epoch, ascending.
        definitions: parameters of the definitions.
        read_facts: converts events to facts.
    """
    partition = Partition(definitions, {}, _CACHED)
    partition.resume(0)
    remaining = _RemainingEvents(events)
    for now in instants:
        partition.advance(now)
        for of_event in read_facts(remaining.until(now)):
            for customer, fact in of_event:
                partition.process_one(customer, fact)
        if not partition.is_live:  # the events before the first instant are bootstrapped
            standalone.build_aggregates(partition, now)
        partition.take_changes()  # discard the changed rows: no store is kept
        yield now, catalogue.compute([standalone.evaluate(partition, now)], definitions, now)


class _RemainingEvents:
    """The events that were not replayed yet."""

    def __init__(self, events: Iterable[Timed]) -> None:
        self._events = iter(events)
        self._next = next(self._events, None)

    def until(self, now: int) -> Iterator[Timed]:
        """Yield and remove the events up to `now`, microseconds since the epoch."""
        while self._next is not None and self._next.time <= now:
            event, self._next = self._next, next(self._events, None)
            yield event
