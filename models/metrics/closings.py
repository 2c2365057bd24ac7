"""The parts of a closed period, and the definitions behind its values (docs/metrics.md, "Closed periods").

The values of a period are outputs: `streams.rollup.closed_periods` freezes them once, and they are no part of
the state.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from models.contract.decoding import to_us
from models.contract.messages import ClosedPeriod, PeriodValue
from models.definitions.definitions import Definitions
from models.definitions.hashes import definitions_hash
from models.metrics.samples import Sample
from models.schedules.periods import Period

#: The definitions that change the value of a period. Others, such as the actions, change none.
_RELEVANT: Final = (
    "base_currency",
    "rates",
    "horizon_days",
    "sla",
    "sla_policies",
    "schedules",
    "tiers",
    "keep_first_order",
)
#: Cause of a change by other definitions, or while changes were not counted. It is no fact.
CONFIGURATION: Final = "configuration"
#: Value of the label `basis` of frozen values.
AS_CLOSED: Final = "as_closed"


class PeriodEvaluation(Protocol):
    """The periods of one complete evaluation."""

    @property
    def now(self) -> int:
        """Instant of the evaluation, microseconds since the epoch."""

    @property
    def counts_changes(self) -> bool:
        """Whether every partition counts the facts that change closed periods, also after a restart."""

    def freezable(self) -> Sequence[Period]:
        """Return the periods that exist and were over `close_after` ago."""

    def values(self, period: Period) -> Sequence[Sample]:
        """Return the series of a period as known now, without `kind`, `period` and `basis`."""

    def changes(self, period: Period) -> Mapping[str, int]:
        """Return cause -> number of the facts that changed a period since its close."""

    def counted_since(self, kind: str) -> int | None:
        """Return the instant since which all changes of a kind are counted, microseconds; None if none."""


def frozen_values(samples: Sequence[Sample]) -> list[PeriodValue]:
    """Return the series of a period as `retention.periods` contains them."""
    return [_frozen(sample) for sample in samples]


def _frozen(sample: Sample) -> PeriodValue:
    known = {
        name: _number(value)
        for name, value in (("numerator", sample.numerator), ("denominator", sample.denominator))
        if value is not None
    }
    return PeriodValue(sample.metric, sample.labels, _number(sample.value), **known)


def _number(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124 - NaN


def changes_since(
    version: ClosedPeriod, period: Period, evaluation: PeriodEvaluation, definitions: str
) -> dict[str, int]:
    """Return cause -> number of the changes since a version was frozen, without zeros.

    Args:
        version: the frozen version.
        period: its period.
        evaluation: counts the changes of the period. A count that began later than the version was frozen
            holds only the later ones of its changes.
        definitions: `period_hash` of the present definitions. `configuration` is 1 if the version's differs,
            or if the count began later than the version was frozen.
    """
    since = evaluation.counted_since(period.kind)
    is_complete = since is not None and version.closed is not None and to_us(version.closed) >= since
    before = version.changes if is_complete else {}
    counted = evaluation.changes(period)
    found = {cause: number - before.get(cause, 0) for cause, number in counted.items()}
    if not is_complete or version.definitions != definitions:
        found[CONFIGURATION] = 1
    return {cause: number for cause, number in found.items() if number > 0}


def period_hash(definitions: Definitions) -> str:
    """Return a hash of the definitions that the values of periods depend on, as hexadecimal digits."""
    calendar = {"zone": definitions.periods.zone, "week_starts": definitions.periods.week_starts}
    return definitions_hash(definitions, _RELEVANT, calendar)
