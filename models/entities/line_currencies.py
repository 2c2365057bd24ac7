"""Find the order lines in another currency among events at hand, for reports on files and samples."""

from collections import defaultdict
from typing import Final

from models.contract.events import Event
from models.contract.order_events import OrderLinePlaced, OrderPlaced
from models.definitions.definitions import Definitions
from models.entities.order_lines import in_other_currencies
from models.facts.claims import LinePlaced, Placed
from models.facts.from_events import facts_of

#: Lines that are kept; about 400 MB. Those after them are not looked at.
_MOST_LINES: Final = 1_000_000


class LineCurrencies:
    """Collects the lines of orders (docs/metrics.md, "Order lines").

    Args:
        definitions: the definitions, by which events become facts.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._lines: defaultdict[tuple[str, str], dict[str, LinePlaced]] = defaultdict(dict)
        self._placed: set[tuple[str, str]] = set()
        self._number = 0

    def add(self, event: Event) -> None:
        """Add a valid event. Events that place neither an order nor a line are ignored."""
        if not isinstance(event, OrderLinePlaced | OrderPlaced):
            return
        order = event.customer_id, event.order_id
        [(_, fact)] = facts_of(event, self._definitions)
        if isinstance(fact.claim, Placed):
            self._placed.add(order)
        elif isinstance(fact.claim, LinePlaced) and self._number < _MOST_LINES:
            self._lines[order][event.id] = fact.claim
            self._number += 1

    def left_out(self) -> list[str]:
        """Return the ids of the events of lines that do not count, because of their currency."""
        return [
            line.id
            for order, lines in self._lines.items()
            if order not in self._placed
            for line in in_other_currencies(list(lines.values()))
        ]
