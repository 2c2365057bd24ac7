"""Records in which the words that a mapping names as `null` are nothing."""

from collections.abc import Collection
from typing import Any

from streams.mapping.expressions import Get, Path, Source
from streams.mapping.record_access import RecordElement


def without_words(source: Source, words: Collection[str] | None) -> Source:
    """Return a source in which these words are nothing; the source itself without words."""
    return NullSource(source, frozenset(words)) if words else source


class NullSource:
    """Records of another source, without the texts that are nothing.

    Args:
        records: how the records themselves are held.
        words: the texts that are nothing.
    """

    def __init__(self, records: Source, words: frozenset[str]) -> None:
        self._records = records
        self._words = words

    def attribute(self, path: Path) -> str | None:
        """Return None: every value is compared with the words."""
        del path
        return None

    def getter(self, path: Path) -> Get:
        """Return the getter of a path."""
        get, words = self._records.getter(path), self._words

        def known(record: Any) -> Any:  # noqa: ANN401 - JSON
            found = get(record)
            return None if found.__class__ is str and found in words else found

        return known

    def document(self, held: Any) -> dict[str, Any]:  # noqa: ANN401 - as the source holds records
        """Return the record as a dictionary, in which the words are None."""
        document: dict[str, Any] = self._records.document(held)
        if held.__class__ is RecordElement:  # whose record is without the words already
            document["_item"] = self._without(document["_item"])
            return document
        return {name: self._without(value) for name, value in document.items()}

    def _without(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {name: self._without(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._without(one) for one in value]
        return None if isinstance(value, str) and value in self._words else value
