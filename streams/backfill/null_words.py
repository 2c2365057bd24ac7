r"""Words that are nothing in the cells of tables: `NULL`, `\N`, `nan` and the like.

A table as text has no null, so every tool writes a word of its own. The words come from the command line,
else from the mapping's `null`, else from `CSV_WORDS` for CSV.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from streams.backfill.rows import Row, UnreadableRow
from streams.mapping.placeholders import DEFAULT_PLACEHOLDER
from streams.mapping.reader import Reader

#: Words that are nothing in CSV unless others are named: those of databases, their clients, spreadsheets and
#: pandas. `NA` is not among them, which is Namibia and a name, nor is `Null`, which is a surname.
CSV_WORDS: Final = (
    *("NULL", "null", "\\N", "(null)", "<null>", "[NULL]"),
    *("NaN", "nan", "NaT", "None", "<NA>", "N/A", "n/a", "#N/A"),
)


class NullCells:
    """The words that are nothing, and how many cells had them.

    Args:
        words: the words of the command line; None if it names none.
    """

    def __init__(self, words: Iterable[str] | None = None) -> None:
        self._words = None if words is None else frozenset(words)
        self._counts: dict[str, Counter[str]] = {}

    def without_nulls(
        self,
        rows: Iterable[tuple[int, Row | UnreadableRow]],
        file: str,
        *,
        is_csv: bool,
        mapping: Reader | None,
    ) -> Iterator[tuple[int, Row | UnreadableRow]]:
        """Yield the rows of a file with None in the cells that are nothing, and count these.

        A file that is read again is counted again from zero.

        Args:
            rows: the rows with their numbers.
            file: file name.
            is_csv: whether the file is CSV; other formats have nulls of their own.
            mapping: the mapping of the rows; None for the contract's events.
        """
        words = self._words_of(mapping, is_csv=is_csv)
        counts = self._counts[file] = Counter()
        for number, row in rows:
            if not isinstance(row, UnreadableRow):
                nulls = [name for name, cell in row.items() if cell.__class__ is str and cell in words]
                for name in nulls:
                    counts[row[name]] += 1
                    row[name] = None
            yield number, row

    def _words_of(self, mapping: Reader | None, *, is_csv: bool) -> frozenset[str]:
        words = self._words
        if words is None and mapping is not None and mapping.definition.null is not None:
            words = frozenset(mapping.definition.null)
        if words is None:
            words = frozenset(CSV_WORDS if is_csv else ())
        # A mapping distinguishes an unchanged value from nothing.
        return words if mapping is not None else words | {DEFAULT_PLACEHOLDER}

    def summary(self) -> str:
        """Return how many cells were read as nothing, by word; empty without any."""
        counts = sum(self._counts.values(), Counter())
        if not counts:
            return ""
        words = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        by_word = ", ".join(f"{count:,} {word}" for word, count in words)
        number = counts.total()
        return f"{number:,} cell{'s' * (number > 1)} read as nothing: {by_word} (--null names other words)"
