"""The changes of a period by events after its close (docs/metrics.md, "Closed periods")."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from models.metrics.closings import AS_CLOSED, CONFIGURATION
from models.metrics.periods import CHANGES
from streams.report.figures import Figure, difference_text
from streams.report.numbers import Numbers
from streams.report.periods import PeriodName
from streams.report.sections import closed_figures

#: Cause of a change -> its name for one event, and for several.
_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "late": ("late event", "late events"),
    "amended": ("correction", "corrections"),
    "refunded": ("refund", "refunds"),
    "merged": ("change by a merge", "changes by merges"),
    "erased": ("erased customer", "erased customers"),
}
#: Figures that the sentence names first, and how many it names at most.
_NAMED_FIRST: Final = ("Retained", "Net revenue", "Orders")
_MOST_NAMED: Final = 3


class Restatement(Struct, frozen=True):
    """The values of a period that differ from those at its close.

    Attributes:
        title: the period.
        figures: the figures that differ; `before` is the value at the close.
        reasons: causes of the changes, such as `3 refunds`. Empty if the counts were cleared since.
        closed: instant of the close as text; empty if it is not known.
    """

    title: str
    figures: tuple[Figure, ...]
    reasons: tuple[str, ...]
    closed: str

    @property
    def sentence(self) -> str:
        """The largest changes in one sentence, and their reasons in another one."""
        first = sorted(self.figures, key=lambda figure: figure.title not in _NAMED_FIRST)[:_MOST_NAMED]
        named = ", ".join(f"{_inside(one.title)} {one.earlier} (now {one.value})" for one in first)
        because = f" Since then: {', '.join(self.reasons)}." if self.reasons else ""
        at = f" on {self.closed}" if self.closed else ""
        return f"{self.title} was closed{at} with other values: {named}.{because}"

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Name, value at the close, value now, and difference of each figure."""
        return [(one.title, one.earlier, one.value, difference_text(one)) for one in self.figures]


def is_closed(numbers: Numbers, period: PeriodName) -> bool | None:
    """Return whether the values of a period are frozen. None if the source freezes none of its kind."""
    frozen = {
        labels["period"]
        for labels in numbers.labels("retention_period_orders")
        if labels["kind"] == period.kind and labels["basis"] == AS_CLOSED
    }
    return period.label in frozen if frozen else None


def restatement_of(numbers: Numbers, period: PeriodName, closed: str = "") -> Restatement | None:
    """Return what has changed since a period was closed; None if nothing has, or it is not closed.

    Args:
        numbers: the current series.
        period: the period.
        closed: instant of the close as text; empty if it is not known.
    """
    if period.basis != "as_now" or not is_closed(numbers, period):
        return None
    figures = tuple(_changed(closed_figures(numbers, period)))
    return Restatement(period.title, figures, tuple(_reasons(numbers, period)), closed) if figures else None


def _changed(figures: Sequence[Figure]) -> Iterator[Figure]:
    """Yield the figures whose values differ as they are written."""
    for figure in figures:
        if figure.before.exists and figure.earlier != figure.value:
            yield figure


def _reasons(numbers: Numbers, period: PeriodName) -> Iterator[str]:
    counts = {
        labels["cause"]: numbers.of(CHANGES, **labels).value
        for labels in numbers.labels(CHANGES)
        if (labels["kind"], labels["period"]) == (period.kind, period.label)
    }
    for cause, (one, several) in _REASONS.items():
        if number := counts.get(cause):
            yield f"{number:,.0f} {one if number == 1 else several}"
    if counts.get(CONFIGURATION):
        yield "a change of the definitions"


def _inside(title: str) -> str:
    """Return a title as it is written inside a sentence."""
    return title[0].lower() + title[1:]
