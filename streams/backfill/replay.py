"""The metrics as they would have been at one instant after another, in one pass over the events."""

from collections.abc import Callable, Iterable, Iterator

from models.definitions.definitions import Definitions
from models.facts.fact import Fact
from models.metrics import catalogue
from models.metrics.catalogue import Sample
from models.partition import standalone
from models.partition.partition import Partition
from streams.backfill.order import Timed

#: Gives the facts of those of some events that are valid, in their order.
Facts = Callable[[Iterable[Timed]], Iterator[list[tuple[str, Fact]]]]


def replay(
    events: Iterable[Timed], instants: Iterable[int], definitions: Definitions, facts: Facts
) -> Iterator[tuple[int, list[Sample]]]:
    """Give each instant with all series at it.

    An event counts from its time on, even if it came late: so each instant's numbers are those that
    `retention compute --now` gives at it.

    Args:
        events: in the order of the times from which they count (`streams.backfill.events.known_from`).
        instants: microseconds, ascending.
        definitions: the parameters of the definitions.
        facts: reads events.
    """
    partition = Partition(definitions, {})
    partition.resume(0)
    waiting = _Waiting(events)
    for now in instants:
        partition.advance(now)
        for of_event in facts(waiting.until(now)):
            for customer, fact in of_event:
                partition.process_one(customer, fact)
        if not partition.is_live:  # all that was before the first instant
            standalone.build_aggregates(partition, now)
        partition.take_changes()  # nobody wants the rows that have changed
        yield now, catalogue.compute([standalone.evaluate(partition, now)], definitions, now)


class _Waiting:
    """Events whose turn has not come."""

    def __init__(self, events: Iterable[Timed]) -> None:
        self._events = iter(events)
        self._next = next(self._events, None)

    def until(self, now: int) -> Iterator[Timed]:
        """Take those up to `now`."""
        while self._next is not None and self._next.time <= now:
            event, self._next = self._next, next(self._events, None)
            yield event
