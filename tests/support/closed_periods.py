"""Closed periods without Kafka: evaluations with given values, and their records."""

from datetime import UTC, datetime

from models.contract.decoding import to_us
from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.metrics.samples import Sample, ratio
from models.schedules.periods import calendars

MONTHS = Definitions(periods=PeriodDefinitions(kinds=("month",)))


def at(text: str) -> int:
    """Return a time in UTC, such as `2026-11-04`, in microseconds since the epoch."""
    return to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


class Evaluation:
    """An evaluation at `now`, of the last `months` that are closed, with one value for all."""

    counts_changes = True

    def __init__(self, now: str, lost: int = 1, months: int = 1, changes=None, definitions=MONTHS) -> None:
        self.now = at(now)
        self.since = 0
        self.lost, self.months, self.found = lost, months, changes or {}
        self.calendars = calendars(definitions)
        self.close_after = definitions.periods.close_after_us

    def freezable(self):
        for one in self.calendars:
            over = one.number(self.now - self.close_after)
            yield from (one.period(number) for number in range(over - self.months, over))

    def values(self, _period):
        return [
            Sample("retention_period_customers", {"set": "lost"}, self.lost),
            ratio("retention_period_churn_ratio", {}, self.lost, 0),
        ]

    def changes(self, _period):
        return self.found

    def counted_since(self, _kind):
        return self.since
