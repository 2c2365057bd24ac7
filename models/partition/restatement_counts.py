"""The counts of facts that have changed closed periods, by cause (docs/metrics.md, "Closed periods").

The counts are a row of the state. So they are committed in the transaction of the facts, each of which is new
once: neither a crash nor a move of the partition changes them.

The history that a partition reads at first changes no value that was published, so nothing counts until the
group has been caught up once. From then on, facts count in bootstrap mode too. No period is frozen before a
transaction of each partition contains the row: else a partition that restarts right after the first freeze
would take the late facts that it reads for its history.
"""

from typing import Final

import msgspec
from msgspec import Struct

from models.aggregation.period_sums import CAUSE_NAMES, Cause, RestatedCounts, Touched
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_US, horizon_start
from models.facts.fact_log import FactLog
from models.schedules.periods import calendars

#: Key of the row that holds the counts.
RESTATEMENTS_KEY: Final = b"\xff\xf9"


class _Row(Struct, array_like=True):
    """The row of the counts. Facts count from the time on that it exists."""

    counts: RestatedCounts = {}


_decode: Final = msgspec.msgpack.Decoder(_Row).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class RestatementCounts:
    """The counts of one partition.

    Args:
        definitions: the kinds of periods, and when they close.
        fact_log: the rows of the partition.
    """

    def __init__(self, definitions: Definitions, fact_log: FactLog) -> None:
        self._fact_log = fact_log
        self._calendars: Final = {calendar.kind: calendar for calendar in calendars(definitions)}
        self._close_after = definitions.periods.close_after_us
        self._horizon_days = definitions.horizon_days
        row = fact_log.rows.get(RESTATEMENTS_KEY)
        self._has_started = row is not None
        self._is_taken = self._is_committed = self._has_started
        self._is_watching = False
        self._counts: RestatedCounts = {} if row is None else _decode(row).counts
        self._is_saved = True
        self._closed_until = -NEVER_US
        self._next_close = -NEVER_US

    @property
    def is_counting(self) -> bool:
        """Whether facts count, at least until the next call of `follow`."""
        return self._has_started or self._is_watching

    def follow(self, *, caught_up: bool) -> None:
        """Start to count, unless that has begun.

        Call it after each evaluation of a worker. The facts since the evaluation before count if the group
        was caught up at that one.

        Args:
            caught_up: whether the group was caught up at the evaluation before.
        """
        if self._has_started:
            return
        if caught_up and self._is_watching:
            self._has_started, self._is_saved = True, False
            self.save()
        else:
            self._is_watching = True
            self._counts.clear()

    def closed_until(self, now: int) -> int:
        """Return the end of the latest closed period at `now`, both in microseconds since the epoch."""
        if now >= self._next_close:
            over = now - self._close_after
            found = [each.period(each.number(over)) for each in self._calendars.values()]
            self._closed_until = max(period.begin for period in found)
            self._next_close = min(period.end for period in found) + self._close_after
            self._drop_former(horizon_start(now, self._horizon_days))
        return self._closed_until

    def _drop_former(self, horizon: int) -> None:
        """Drop the counts of periods that no longer exist."""
        for kind, counts in list(self._counts.items()):
            calendar = self._calendars.get(kind)
            for label in list(counts):
                period = None if calendar is None else calendar.find(label)
                if calendar is None or period is None or calendar.begins[period.number - 1] < horizon:
                    del counts[label]

    def periods_of(self, time: int) -> Touched:
        """Return the periods of a time, microseconds since the epoch."""
        return {(kind, calendar.number(time)) for kind, calendar in self._calendars.items()}

    def add(self, cause: Cause, changed: Touched, now: int) -> None:
        """Count a fact in each closed period that it changes, or of which it changes the one before.

        Args:
            cause: cause of the change.
            changed: the periods that the fact changes.
            now: the clock, microseconds since the epoch.
        """
        after = {(kind, number + 1) for kind, number in changed}
        for kind, number in changed | after:
            calendar = self._calendars[kind]
            if calendar.begins[number + 1] + self._close_after <= now:
                counts = self._counts.setdefault(kind, {})
                of_period = counts.setdefault(calendar.label(number), [0] * len(CAUSE_NAMES))
                of_period[CAUSE_NAMES.index(cause)] += 1
                self._is_saved = False

    def evaluate(self) -> RestatedCounts | None:
        """Return the counts, which later changes leave as they are.

        Returns:
            None until a committed transaction contains the row of the counts.
        """
        if not self._is_committed:
            return None
        return {
            kind: {label: [*each] for label, each in found.items()} for kind, found in self._counts.items()
        }

    def take(self) -> None:
        """Write the row if it has changed, for a transaction that takes it."""
        self.save()
        self._is_taken = self._has_started

    def confirm(self) -> None:
        """Record that the transaction after the last `take` is committed."""
        self._is_committed = self._is_taken

    def save(self) -> None:
        """Write the row if it has changed."""
        if self._has_started and not self._is_saved:
            self._fact_log.rows[RESTATEMENTS_KEY] = _encode(_Row(self._counts))
            self._fact_log.dirty[RESTATEMENTS_KEY] = None
            self._is_saved = True
