"""The parts of a closed period, and the definitions behind its values (docs/metrics.md, "Closed periods").

The values of a period are outputs: `streams.rollup.closed_periods` freezes them once, and they are no part of
the state.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, Protocol

import msgspec

from models.contract.messages import ClosedPeriod, PeriodValue
from models.definitions.definitions import Definitions
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
_HASH_BYTES: Final = 8
#: Cause of a change by other definitions. No fact: it is found by the hash of a version.
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

    def closed(self) -> Sequence[Period]:
        """Return the periods that exist and were over `close_after` ago."""

    def values(self, period: Period) -> Sequence[Sample]:
        """Return the series of a period as known now, without `kind`, `period` and `basis`."""

    def changes(self, period: Period) -> Mapping[str, int]:
        """Return cause -> number of the facts that changed a period since its close."""


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


def changes_since(version: ClosedPeriod, counted: Mapping[str, int], definitions: str) -> dict[str, int]:
    """Return cause -> number of the changes since a version was frozen, without zeros.

    Args:
        version: the frozen version.
        counted: cause -> number of the facts since the close. A number below that of the version counts in
            full, because a reset has cleared it.
        definitions: `period_hash` of the present definitions; `configuration` is 1 if the version's differs.
    """
    found = {
        cause: number - before if number >= (before := version.changes.get(cause, 0)) else number
        for cause, number in counted.items()
    }
    if version.definitions != definitions:
        found[CONFIGURATION] = 1
    return {cause: number for cause, number in found.items() if number}


def period_hash(definitions: Definitions) -> str:
    """Return a hash of the definitions that the values of periods depend on, as hexadecimal digits."""
    fields = {name: getattr(definitions, name) for name in _RELEVANT}
    calendar = {"zone": definitions.periods.zone, "week_starts": definitions.periods.week_starts}
    content = msgspec.json.encode([fields, calendar], order="deterministic")
    return blake2b(content, digest_size=_HASH_BYTES).hexdigest()
