"""The counts of facts that have changed closed periods, by cause (docs/metrics.md, "Closed periods").

The counts are a row of the state. So they are committed in the transaction of the facts, each of which is new
once: neither a crash nor a move of the partition changes them.

The history that a partition reads at first changes no value that was published, so nothing counts until the
group has been caught up once. From then on, facts count in bootstrap mode too. No period is frozen before a
transaction of each partition contains the row: else a partition that restarts right after the first freeze
would take the late facts that it reads for its history.

While a kind of periods is not configured, or is divided otherwise, its changes are not counted. The row
therefore has the instant since which each kind counts: the counts of a period that was frozen before do not
hold all of its changes.
"""

from typing import Final

import msgspec
from msgspec import Struct

from models.aggregation.period_sums import CAUSE_NAMES, Cause, PeriodKeys, RestatedCounts
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_US, horizon_start
from models.facts.fact_log import FactLog
from models.partition.metadata import PartitionMetadata
from models.schedules.periods import calendars

#: Key of the row that holds the counts.
RESTATEMENTS_KEY: Final = b"\xff\xf9"


class _Row(Struct, array_like=True):
    """The row of the counts. Facts count from the time on that it exists.

    Attributes:
        counts: counts of the kinds in `since`.
        calendar: how periods are divided: time zone, and day on which a week starts.
        since: kind -> instant since which its changes are counted, microseconds since the epoch.
        until: kind -> end of the latest period that counts, microseconds since the epoch. It does not go
            back if `close_after` becomes longer, since the periods up to it are frozen.
    """

    counts: RestatedCounts = {}
    calendar: tuple[str, str] = ("", "")
    since: dict[str, int] = {}
    until: dict[str, int] = {}


_decode: Final = msgspec.msgpack.Decoder(_Row).decode
_encode: Final = msgspec.msgpack.Encoder().encode
#: The row while no kind is configured.
_STOPPED: Final = _encode(_Row())


class RestatementCounts:
    """The counts of one partition.

    Args:
        definitions: the kinds of periods, and when they close.
        fact_log: the rows of the partition.
        metadata: holds the clock.
    """

    def __init__(self, definitions: Definitions, fact_log: FactLog, metadata: PartitionMetadata) -> None:
        self._fact_log = fact_log
        self._metadata = metadata
        self._calendars: Final = {calendar.kind: calendar for calendar in calendars(definitions)}
        self._close_after = definitions.periods.close_after_us
        self._horizon_days = definitions.horizon_days
        row = fact_log.rows.get(RESTATEMENTS_KEY)
        self._row = _Row(calendar=(definitions.periods.zone, definitions.periods.week_starts))
        self._has_started = row is not None
        self._is_saved = row is None or self._continue(_decode(row))
        self._taken = self._committed = {**self._row.since}
        self._is_watching = False
        self._counted_until = -NEVER_US
        self._taken_until = self._committed_until = -NEVER_US
        self._next_close = -NEVER_US

    def _continue(self, former: _Row) -> bool:
        """Continue the counts of a row, as far as they are of the present periods; return whether all are."""
        is_same = former.calendar == self._row.calendar
        for kind in former.since.keys() & self._calendars.keys() if is_same else ():
            self._row.counts[kind] = former.counts.get(kind, {})
            self._row.since[kind] = former.since[kind]
            self._row.until[kind] = former.until[kind]
        return is_same and self._row.since == former.since

    @property
    def _missing(self) -> set[str]:
        """The kinds that have not counted before."""
        return self._calendars.keys() - self._row.since.keys()

    @property
    def is_counting(self) -> bool:
        """Whether facts count, at least until the next call of `follow`."""
        return self._has_started or self._is_watching

    @property
    def since(self) -> dict[str, int]:
        """Kind -> instant since which its changes are counted, microseconds since the epoch.

        A kind is missing until a committed transaction contains its instant.
        """
        return self._committed

    def follow(self, *, caught_up: bool) -> bool:
        """Start to count, unless that has begun.

        Call it after each evaluation of a worker. The facts since the evaluation before count if the group
        was caught up at that one.

        Args:
            caught_up: whether the group was caught up at the evaluation before.

        Returns:
            Whether a period has closed since the last transaction. The facts before its close do not count,
            and are in its values. They would count if they were read again after a crash, so they must be
            committed before the values are frozen.
        """
        if not self._has_started:
            self._start(is_due=caught_up and self._is_watching)
        elif self._missing:
            # Former workers may have frozen periods at this very instant, but not later.
            self._row.since.update(dict.fromkeys(self._missing, self._metadata.now + 1))
            self._is_saved = False
        counted_until = self.counted_until()
        self.save()
        return self._has_started and counted_until > self._committed_until

    def _start(self, *, is_due: bool) -> None:
        self._is_watching = True
        if is_due:
            self._has_started, self._is_saved = True, False
            self._row.since = dict.fromkeys(self._calendars, self._metadata.now)
        else:
            self._row.counts.clear()

    def counted_until(self) -> int:
        """Return the end of the latest period that counts at the clock, microseconds since the epoch."""
        if self._metadata.now >= self._next_close:
            over = self._metadata.now - self._close_after
            # Before the first event of an empty shop, the `event` clock is at the epoch.
            found = [each.period(max(0, each.number(over))) for each in self._calendars.values()]
            for period in found:
                if period.begin > self._row.until.get(period.kind, -NEVER_US):
                    self._row.until[period.kind] = period.begin
                    self._is_saved = False
            self._counted_until = max(self._row.until.values())
            self._next_close = min(period.end for period in found) + self._close_after
            self._drop_former(horizon_start(self._metadata.now, self._horizon_days))
        return self._counted_until

    def _drop_former(self, horizon: int) -> None:
        """Drop the counts of periods that no longer exist."""
        for kind, counts in self._row.counts.items():
            calendar = self._calendars[kind]
            for label in list(counts):
                period = calendar.find(label)
                if period is None or calendar.begins[period.number - 1] < horizon:
                    del counts[label]

    def periods_of(self, time: int) -> PeriodKeys:
        """Return the periods of a time, microseconds since the epoch."""
        return {(kind, calendar.number(time)) for kind, calendar in self._calendars.items()}

    def add(self, cause: Cause, changed: PeriodKeys) -> None:
        """Count a fact in each closed period that it changes, or of which it changes the one before.

        Args:
            cause: cause of the change.
            changed: the periods that the fact changes.
        """
        self.counted_until()
        after = {(kind, number + 1) for kind, number in changed}
        for kind, number in changed | after:
            calendar = self._calendars[kind]
            if calendar.begins[number + 1] <= self._row.until[kind]:
                counts = self._row.counts.setdefault(kind, {})
                of_period = counts.setdefault(calendar.label(number), [0] * len(CAUSE_NAMES))
                of_period[CAUSE_NAMES.index(cause)] += 1
                self._is_saved = False

    def evaluate(self) -> RestatedCounts | None:
        """Return the counts, which later changes leave as they are. None until facts count."""
        if not self._has_started:
            return None
        return {
            kind: {label: [*each] for label, each in found.items()}
            for kind, found in self._row.counts.items()
        }

    def take(self) -> None:
        """Write the row if it has changed, for a transaction that takes it."""
        if self._has_started:
            self._taken_until = self.counted_until()
        self.save()
        self._taken = {**self._row.since}

    def confirm(self) -> None:
        """Record that the transaction after the last `take` is committed."""
        self._committed = self._taken
        self._committed_until = self._taken_until

    def save(self) -> None:
        """Write the row if it has changed."""
        if self._has_started and not self._is_saved:
            self._fact_log.rows[RESTATEMENTS_KEY] = _encode(self._row)
            self._fact_log.dirty[RESTATEMENTS_KEY] = None
            self._is_saved = True


def stop_counting(fact_log: FactLog) -> None:
    """Record that no kind is configured: the counts no longer hold all changes."""
    if fact_log.rows.get(RESTATEMENTS_KEY, _STOPPED) != _STOPPED:
        fact_log.rows[RESTATEMENTS_KEY] = _STOPPED
        fact_log.dirty[RESTATEMENTS_KEY] = None
