"""Count the fields of records, to find those that a mapping does not read and those that no record has."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from models.contract.events import EVENT_TYPES, Kind
from streams.mapping import event_types
from streams.mapping.dry_run_report import UnusedFields
from streams.mapping.mappings import bundled_texts, load
from streams.mapping.places import Place, covered, place_of, places_in, similar
from streams.mapping.reader import Reader


class FieldTally:
    """The fields of the records added so far.

    Args:
        reads: mapping, kind of the contract's own events, or None for those of every kind.
    """

    def __init__(self, reads: Reader | Kind | None) -> None:
        self._read = _paths_read(reads)
        self._bundled = _bundled_places(reads.name) if isinstance(reads, Reader) else frozenset()
        self._records: Counter[Place] = Counter()
        self._kinds: dict[Place, str] = {}

    @property
    def places(self) -> Collection[Place]:
        """The places of all values."""
        return self._records.keys()

    def add(self, record: Mapping[str, Any]) -> None:
        """Add the fields of a record without its envelope."""
        for place, kind in set(places_in(record)):
            self._records[place] += 1
            self._kinds.setdefault(place, kind)

    def is_read(self, place: Place) -> bool:
        """Return whether the value at a place is read."""
        return covered(place, self._read)

    def unread(self) -> list[UnusedFields]:
        """Return the fields that are not read, those of most records first."""
        unread = [place for place in self._records if not self.is_read(place)]
        unread.sort(key=lambda place: (-self._records[place], place))
        return [UnusedFields(place, self._records[place], self._kinds[place]) for place in unread]

    def unseen(self) -> list[Place]:
        """Return the places that are read and that no record has, sorted."""
        return sorted(place for place in self._read if not covered(place, self._records))

    def meant(self) -> dict[Place, Place]:
        """Return unseen place -> unread place with a similar name, which was probably meant.

        The places of a bundled mapping are written as its vendor documents them: none is misspelt.
        """
        unread = [one.path for one in self.unread()]
        unseen = (place for place in self.unseen() if place not in self._bundled)
        return {place: meant for place in unseen if (meant := similar(place, unread))}


def _paths_read(reads: Reader | Kind | None) -> set[Place]:
    if isinstance(reads, Reader):
        return {place_of(path) for path in reads.paths()}
    names = EVENT_TYPES if reads is None else event_types.of_kind(reads)
    return {field for name in names for field in event_types.FIELDS[name]} | {"type", "items"}


def _bundled_places(name: str) -> Collection[Place]:
    """Return the places that the bundled mapping of a name reads; none if there is no such mapping."""
    if name not in bundled_texts():
        return frozenset()
    return {place_of(path) for path in load({}).reader(name).paths()}
