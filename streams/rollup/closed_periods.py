"""The frozen values of closed periods: those in `retention.periods`, and those in the next transaction.

Pure bookkeeping. `streams.worker.period_closer` reads the topic, and writes in the transactions of task 0.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from math import nan
from sys import maxsize
from typing import Final, NamedTuple, cast

import msgspec
from msgspec import UNSET, structs

from models.contract.messages import ClosedPeriod, PeriodKind
from models.definitions.definitions import Definitions
from models.metrics.catalogue import is_known
from models.metrics.closings import (
    AS_CLOSED,
    PeriodEvaluation,
    changes_since,
    frozen_values,
    period_hash,
)
from models.metrics.periods import CHANGES, EXPORTED
from models.metrics.samples import Sample
from models.outputs.ids import to_datetime
from models.schedules.periods import Period, calendars
from streams.kafka.outbox import Outgoing
from streams.rollup.protocol import Reopening
from streams.version import VERSION

log = logging.getLogger(__name__)

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder(ClosedPeriod).decode


class Key(NamedTuple):
    """A version of a period.

    Attributes:
        kind: kind of the period.
        period: its name.
        version: number of the version, from 1.
    """

    kind: PeriodKind
    period: str
    version: int


Versions = Mapping[Key, ClosedPeriod]


def record_key(group: str, key: Key) -> bytes:
    """Return the key of a version's record in `retention.periods`.

    >>> record_key("retention", Key("month", "2026-10", 1))
    b'retention/month/2026-10/1'
    """
    return f"{group}/{key.kind}/{key.period}/{key.version}".encode()


def read_versions(
    records: Iterable[tuple[bytes | None, bytes | None]], group: str
) -> dict[Key, ClosedPeriod]:
    """Return the versions of a group by their keys.

    Args:
        records: keys and values of `retention.periods`, in their order. Values of an unknown form are
            skipped: a later release may have written them.
        group: name of the group. Versions of another group do not count.
    """
    found: dict[bytes | None, ClosedPeriod] = {}
    for key, value in records:
        try:
            version = None if value is None else _decode(value)
        except msgspec.DecodeError:
            continue
        if version is None:
            found.pop(key, None)
        elif version.group == group:
            found[key] = version
    return {Key(one.kind, one.period, one.version): one for one in found.values()}


class ClosedPeriods:
    """The versions of closed periods: those in committed transactions, and those in the next one.

    A value is exported once its transaction is committed. A leader that ends before that has exported
    nothing, so its successor may freeze another value.

    Args:
        group: name of the group.
        definitions: definitions of the periods.

    Attributes:
        hash: `models.metrics.closings.period_hash` of the definitions.
        committed: the versions in committed transactions.
    """

    def __init__(self, group: str, definitions: Definitions) -> None:
        self.hash: Final = period_hash(definitions)
        self.committed: Versions = {}
        self._group = group
        self._definitions = definitions
        self._versions: dict[Key, ClosedPeriod] = {}
        self._next_close = 0

    def restore(self, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Restore the versions from the records of `retention.periods`, in their order."""
        self._versions = read_versions(records, self._group)
        self.committed = dict(self._versions)

    @property
    def is_committed(self) -> bool:
        """Whether all versions are in committed transactions."""
        return self.committed == self._versions

    def snapshot(self) -> Versions:
        """Return the versions that the next transaction holds, for `confirm` after its commit."""
        return dict(self._versions)

    def confirm(self, snapshot: Versions) -> None:
        """Export the versions of a snapshot from now on, because they are committed."""
        self.committed = snapshot

    def records(self) -> list[Outgoing]:
        """Return the records of all versions, for a topic that was created again."""
        return [self._record(key, version) for key, version in self._versions.items()]

    def close(self, evaluation: PeriodEvaluation, previous: int) -> list[Outgoing]:
        """Freeze the periods that are due for their close, and those that are reopened.

        Nothing is frozen until every partition counts the facts that change it later.

        Args:
            evaluation: a complete and caught-up evaluation.
            previous: instant of the last evaluation known before it, microseconds since the epoch; 0 without
                one.

        Returns:
            the records to write in the next transaction.
        """
        if not evaluation.counts_changes:
            return []
        waiting = sorted(key for key, version in self._versions.items() if version.closed is None)
        if evaluation.now < self._next_close and not waiting:
            return []
        self._next_close = self._close_after(evaluation.now)
        closed = {(period.kind, period.label): period for period in evaluation.freezable()}
        known = {(key.kind, key.period) for key in self._versions}
        new = [period for name, period in closed.items() if name not in known]
        return [
            *(self._freeze(period, evaluation, previous) for period in new),
            *(self._freeze_again(key, closed.get((key.kind, key.period)), evaluation) for key in waiting),
        ]

    def _close_of(self, period: Period) -> int:
        """Return the instant from which on a period is closed, microseconds since the epoch."""
        return period.end + self._definitions.periods.close_after_us

    def _close_after(self, now: int) -> int:
        """Return the first close of a period after `now`."""
        over = now - self._definitions.periods.close_after_us
        found = (one.period(one.number(over)) for one in calendars(self._definitions))
        return min(map(self._close_of, found), default=maxsize)

    def _freeze(self, period: Period, evaluation: PeriodEvaluation, previous: int) -> Outgoing:
        version = ClosedPeriod(
            group=self._group,
            kind=cast("PeriodKind", period.kind),
            period=period.label,
            version=1,
            begin=to_datetime(period.begin),
            end=to_datetime(period.end),
            closed=None,
            release=VERSION,
            definitions=self.hash,
            # The value is that of the close only if this is the first evaluation at or after the close.
            first_start=not 0 < previous < self._close_of(period),
            because=None,
            changes={},
            values=[],
        )
        return self._filled(Key(version.kind, version.period, 1), version, period, evaluation)

    def _freeze_again(self, key: Key, period: Period | None, evaluation: PeriodEvaluation) -> Outgoing:
        if period is None:  # the calendar or the horizon has changed since the request
            log.warning("%s %s no longer exists and is not reopened", key.kind, key.period)
            del self._versions[key]
            return Outgoing(record_key(self._group, key), None)
        return self._filled(key, self._versions[key], period, evaluation)

    def _filled(
        self, key: Key, version: ClosedPeriod, period: Period, evaluation: PeriodEvaluation
    ) -> Outgoing:
        self._versions[key] = structs.replace(
            version,
            closed=to_datetime(evaluation.now),
            release=VERSION,
            definitions=self.hash,
            changes=dict(evaluation.changes(period)),
            values=frozen_values(evaluation.values(period)),
        )
        log.info("froze the values of %s %s, version %d", *key)
        return self._record(key, self._versions[key])

    def samples(self, evaluation: PeriodEvaluation) -> Iterator[Sample]:
        """Yield the series of the latest committed version of each period that is exported.

        Args:
            evaluation: the current evaluation, which has the changes since each close.
        """
        for period, version in _exported(self.committed, self._definitions, evaluation.now):
            yield from _samples(version, changes_since(version, period, evaluation, self.hash))

    def reopen(self, request: Reopening) -> list[Outgoing]:
        """Record that a period is reopened. The next evaluation freezes its values once more.

        A request for another version than the next one is a duplicate, and has no effect.

        Returns:
            the records to write in the next transaction.
        """
        key = Key(request.kind, request.period, request.version)
        before = self._versions.get(key._replace(version=key.version - 1))
        if key in self._versions or before is None or before.closed is None:
            log.warning("%s %s: ignored a request for version %d, which is not the next one", *key)
            return []
        self._versions[key] = structs.replace(
            before,
            version=key.version,
            closed=None,
            first_start=False,
            because=request.because,
            changes={},
            values=[],
        )
        return [self._record(key, self._versions[key])]

    def _record(self, key: Key, version: ClosedPeriod) -> Outgoing:
        return Outgoing(record_key(self._group, key), _encode(version))


def versions_of(versions: Versions, kind: str, period: str) -> list[ClosedPeriod]:
    """Return the versions of a period, the first one first. The last one may wait for its evaluation."""
    found = (version for key, version in versions.items() if (key.kind, key.period) == (kind, period))
    return sorted(found, key=lambda version: version.version)


def _exported(
    versions: Versions, definitions: Definitions, now: int
) -> Iterator[tuple[Period, ClosedPeriod]]:
    """Yield the latest frozen version of each period that is exported."""
    latest: dict[tuple[str, str], ClosedPeriod] = {}
    for key, version in sorted(versions.items()):
        if version.closed is not None:
            latest[key.kind, key.period] = version
    for calendar in calendars(definitions):
        running = calendar.number(now)
        for number in range(running + 1 - EXPORTED[calendar.kind], running):
            if found := latest.get((calendar.kind, calendar.label(number))):
                yield calendar.period(number), found


def _samples(version: ClosedPeriod, changes: Mapping[str, int]) -> Iterator[Sample]:
    own = {"kind": version.kind, "period": version.period}
    for cause, number in changes.items():
        yield Sample(CHANGES, own | {"cause": cause}, number)
    labels = own | {"basis": AS_CLOSED}
    for one in version.values:
        if not is_known(one.metric, labels | one.labels):  # another release has frozen it
            continue
        value = nan if one.value is None else one.value
        known = (None if bound is UNSET else bound for bound in (one.numerator, one.denominator))
        yield Sample(one.metric, labels | one.labels, value, *known)
