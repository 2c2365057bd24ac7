"""Calendar periods as known now and as they were closed (docs/metrics.md, "Closed periods")."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, NamedTuple, cast

from msgspec import UNSET, Meta, Struct, UnsetType

from models.contract.event import Time
from models.contract.messages import ClosedPeriod, PeriodKind, PeriodValue
from models.definitions.definitions import Definitions
from models.metrics.closings import changes_since, frozen_values, period_hash
from models.metrics.periods import PeriodTotals
from models.outputs.ids import to_datetime
from models.schedules.periods import Period, calendars

PeriodState = Literal["running", "over", "closed"]


class PeriodSeries(Struct, frozen=True, gc=False):
    """The values of one series of a period."""

    kind: PeriodKind
    period: Annotated[str, Meta(description="Name of the period, such as `2026-10`.")]
    metric: Annotated[str, Meta(description="Name of the metric.")]
    labels: Annotated[dict[str, str], Meta(description="Further labels of the series.")]
    running: Annotated[float | None, Meta(description="Value so far, while the period runs.")]
    as_now: Annotated[float | None, Meta(description="Value as known now, once the period is over.")]
    as_closed: Annotated[float | None, Meta(description="Value of the latest frozen version.")]
    restated: Annotated[float | None, Meta(description="`as_now` - `as_closed`.")]


class PeriodVersion(Struct, frozen=True, gc=False):
    """A version of a closed period."""

    version: Annotated[int, Meta(description="1 at the close, and one more with each reopening.")]
    closed: Annotated[
        Time | None,
        Meta(description="Instant of the evaluation. Null while a reopening waits for it."),
    ]
    release: Annotated[str, Meta(description="Release of the worker that froze the values.")]
    definitions: Annotated[str, Meta(description="Hash of the definitions behind the values.")]
    first_start: Annotated[bool, Meta(description="Whether no evaluation before the close is known.")]
    because: Annotated[str | None, Meta(description="Reason of a reopening.")]
    values: Annotated[
        list[PeriodValue] | UnsetType, Meta(description="Frozen values. A list of periods omits them.")
    ] = UNSET


class CalendarPeriod(Struct, frozen=True, gc=False):
    """A calendar period, its values on each basis, and its frozen versions."""

    kind: PeriodKind
    period: Annotated[str, Meta(description="Name, such as `2026-10`.")]
    state: Annotated[
        PeriodState, Meta(description="`running`, `over` until its values are frozen, or `closed`.")
    ]
    begin: Annotated[Time, Meta(description="Begin of the period.")]
    end: Annotated[Time, Meta(description="End of the period, exclusive.")]
    closes: Annotated[Time, Meta(description="Instant from which on the values are frozen.")]
    changes: Annotated[
        dict[str, int],
        Meta(description="Cause -> changes since the latest frozen version, behind `restated`."),
    ]
    versions: Annotated[list[PeriodVersion], Meta(description="Frozen versions, the first one first.")]
    values: Annotated[list[PeriodSeries], Meta(description="The series of the period.")]


class Periods(Struct, frozen=True, gc=False):
    """Calendar periods, by kind, the earliest one first."""

    items: list[CalendarPeriod]
    as_of: Time


class FrozenPeriods(NamedTuple):
    """The frozen versions, and the periods as known now.

    Attributes:
        totals: the periods as known now.
        versions: the versions in committed transactions.
        definitions: the present definitions.
    """

    totals: PeriodTotals
    versions: Sequence[ClosedPeriod]
    definitions: Definitions


def periods_of(found: FrozenPeriods, kind: str | None) -> Periods:
    """Return the periods that exist or were closed.

    Args:
        found: the periods as known now, and the frozen versions.
        kind: kind of the periods; None for all.
    """
    kinds = [one.kind for one in calendars(found.definitions) if kind in {None, one.kind}]
    items = [_row(found, period, with_values=False) for one in kinds for period in _periods(found, one)]
    return Periods(items, to_datetime(found.totals.now))


def period_of(found: FrozenPeriods, kind: str, label: str) -> CalendarPeriod | None:
    """Return a period with the values of all its versions; None if it neither exists nor was closed."""
    for period in _periods(found, kind):
        if period.label == label:
            return _row(found, period, with_values=True)
    return None


def _periods(found: FrozenPeriods, kind: str) -> Iterable[Period]:
    """Return the periods that exist, and those that were closed before they left the horizon."""
    closed = {version.period for version in found.versions if version.kind == kind}
    calendar = next((one for one in calendars(found.definitions) if one.kind == kind), None)
    earlier = (None if calendar is None else calendar.find(label) for label in closed)
    periods = {period for period in earlier if period is not None} | {*found.totals.existing(kind)}
    return sorted(periods, key=lambda period: period.number)


def _row(found: FrozenPeriods, period: Period, *, with_values: bool) -> CalendarPeriod:
    totals = found.totals
    versions = sorted(
        (one for one in found.versions if (one.kind, one.period) == (period.kind, period.label)),
        key=lambda version: version.version,
    )
    frozen = next((version for version in reversed(versions) if version.closed is not None), None)
    now = frozen_values(totals.values(period)) if period in totals.existing(period.kind) else []
    return CalendarPeriod(
        kind=cast("PeriodKind", period.kind),
        period=period.label,
        state="closed" if frozen is not None else "over" if totals.now >= period.end else "running",
        begin=to_datetime(period.begin),
        end=to_datetime(period.end),
        closes=to_datetime(period.end + found.definitions.periods.close_after_us),
        changes={}
        if frozen is None
        else changes_since(frozen, period, totals, period_hash(found.definitions)),
        versions=[_version(version, with_values=with_values) for version in versions],
        values=_series(period, now, frozen, is_over=totals.now >= period.end),
    )


def _version(version: ClosedPeriod, *, with_values: bool) -> PeriodVersion:
    return PeriodVersion(
        version.version,
        version.closed,
        version.release,
        version.definitions,
        version.first_start,
        version.because,
        version.values if with_values else UNSET,
    )


def _series(
    period: Period, now: Sequence[PeriodValue], frozen: ClosedPeriod | None, *, is_over: bool
) -> list[PeriodSeries]:
    current, closed = _by_name(now), _by_name(() if frozen is None else frozen.values)
    found = []
    for name, one in (closed | current).items():
        known = current[name].value if name in current else None
        as_closed = closed[name].value if name in closed else None
        as_now = known if is_over else None
        found.append(
            PeriodSeries(
                kind=cast("PeriodKind", period.kind),
                period=period.label,
                metric=one.metric,
                labels=one.labels,
                running=None if is_over else known,
                as_now=as_now,
                as_closed=as_closed,
                restated=None if as_now is None or as_closed is None else as_now - as_closed,
            )
        )
    return found


def _by_name(values: Iterable[PeriodValue]) -> dict[tuple[object, ...], PeriodValue]:
    return {(one.metric, *sorted(one.labels.items())): one for one in values}
