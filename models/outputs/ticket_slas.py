"""Emit the states of the SLA targets of a customer's tickets (docs/outputs.md, "Ticket SLA")."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple
from zlib import crc32

from msgspec.structs import replace

from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_DAY
from models.entities.sla import Decision, decide
from models.entities.sla_limits import time_limits
from models.entities.tickets import Ticket
from models.outputs.emitted import (
    ACTIVATED,
    BREACHED,
    FULFILLED,
    RETRACTED,
    ArchivedTargets,
    EmittedTarget,
    EmittedTargets,
)
from models.outputs.output import Output
from models.outputs.sla_messages import SlaMessages, keyed

#: Older decisions are archived as fingerprints: their records have left the topic and cannot be withdrawn.
RETENTION_US: Final = 30 * US_PER_DAY

_FINGERPRINT_BYTES: Final = 4
_NO_TARGETS: Final[Mapping[int, EmittedTarget]] = {}


class SlaEmitResult(NamedTuple):
    """The state to store for the tickets of a customer, and what to emit.

    Attributes:
        targets: states of the targets that may have to be withdrawn.
        archived: fingerprints of the states of all other targets.
        outputs: states that were not emitted before, and withdrawals.
        next_due: earliest due time of an open target, microseconds since the epoch; None without one.
    """

    targets: EmittedTargets
    archived: ArchivedTargets
    outputs: list[Output]
    next_due: int | None


class SlaEmitter:
    """Computes the states of SLA targets.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._limits = time_limits(definitions)

    def emit(
        self,
        customer_id: str,
        tickets: Mapping[str, Ticket],
        emitted: EmittedTargets,
        archived: ArchivedTargets,
        now: int,
        *,
        withdrawn: Mapping[str, Ticket] = MappingProxyType({}),
    ) -> SlaEmitResult:
        """Return the states of all targets, and outputs for those that changed.

        Args:
            customer_id: the customer's id.
            tickets: opened tickets by id.
            emitted: states emitted before.
            archived: fingerprints of the states emitted for tickets that are not in `emitted`.
            now: the partition's clock, microseconds since the epoch.
            withdrawn: withdrawn tickets by id, as they would be if they were restored.
        """
        result = _ResultBuilder(customer_id, archived, now)
        for ticket_id, ticket in tickets.items():
            before = emitted.get(ticket_id, _NO_TARGETS)
            is_archived = before is _NO_TARGETS and result.is_archived(ticket_id)
            decisions = decide(ticket, self._limits, now)
            after = _states(decisions, before, result.revisions + is_archived)
            if is_archived:
                result.correct(SlaMessages(customer_id, ticket_id, decisions, now), after)
            elif before != after:
                messages = SlaMessages(customer_id, ticket_id, decisions, now)
                result.outputs += _changes(messages, before, after)
            result.store(ticket_id, after)
        for ticket_id, ticket in withdrawn.items():
            decisions = decide(ticket, self._limits, now)
            messages = SlaMessages(customer_id, ticket_id, decisions, now)
            result.withdraw(messages, emitted.get(ticket_id, _NO_TARGETS))
        for ticket_id in emitted.keys() - tickets.keys() - withdrawn.keys():
            result.outputs += _retract(SlaMessages(customer_id, ticket_id, (), now), emitted[ticket_id])
        return result.finish()


def _states(
    decisions: Sequence[Decision], before: Mapping[int, EmittedTarget], revision: int
) -> dict[int, EmittedTarget]:
    """Return the states of a ticket's targets; a target without emitted state gets `revision`."""
    after: dict[int, EmittedTarget] = {}
    for target_key, decision in keyed(decisions):
        if decision.due is not None:  # else it is paused: what was emitted no longer holds
            target = _target(decision, decision.due, revision)
            after[target_key] = _revised(before[target_key], target) if target_key in before else target
    for kind in before.keys() - after.keys() if before else ():
        after[kind] = _retracted(before[kind])
    return after


def _target(decision: Decision, due: int, revision: int) -> EmittedTarget:
    if decision.decided is None:
        return EmittedTarget(ACTIVATED, due, 0, revision)
    state = BREACHED if decision.breached else FULFILLED
    return EmittedTarget(state, due, decision.decided, revision)


def _revised(before: EmittedTarget, after: EmittedTarget) -> EmittedTarget:
    """Return the new state with the target's own revision, raised if the emitted state was wrong."""
    return replace(after, revision=before.revision + _contradicts(before, after))


def _retracted(before: EmittedTarget) -> EmittedTarget:
    if before.state == RETRACTED:
        return before
    return replace(before, state=RETRACTED, revision=before.revision + 1)


def _withdrawn(before: EmittedTarget, now: int) -> EmittedTarget:
    """Return the state of a target of a withdrawn ticket, which is stored in full for `RETENTION_US` more.

    So a restored ticket gets new ids while the withdrawn outputs are in the topic.
    """
    return before if before.state == RETRACTED else replace(_retracted(before), decided=now)


def _contradicts(before: EmittedTarget, after: EmittedTarget) -> bool:
    """Return whether an emitted state was wrong, and not only followed by the next one."""
    if before.state == ACTIVATED:
        return after.state == ACTIVATED and after.due != before.due
    content = (before.state, before.due, before.decided)
    return before.state != RETRACTED and (after.state, after.due, after.decided) != content


class _ResultBuilder:
    """Collects the result for one customer, ticket by ticket.

    Attributes:
        outputs: outputs so far.
        revisions: how many times an archived state turned out to be wrong.
    """

    def __init__(self, customer_id: str, archived: ArchivedTargets, now: int) -> None:
        self.outputs: list[Output] = []
        self.revisions = archived.revisions
        self._customer_id = customer_id
        self._now = now
        self._before = _fingerprints(archived.fingerprints)
        self._targets: EmittedTargets = {}
        self._archived: list[bytes] = []
        self._next_due: int | None = None

    def is_archived(self, ticket_id: str) -> bool:
        """Return whether the ticket was archived by an earlier emission."""
        return _ticket_fingerprint(ticket_id) in self._before

    def correct(self, messages: SlaMessages, after: Mapping[int, EmittedTarget]) -> None:
        """Emit the states of an archived ticket that differ from the archived ones."""
        corrections = [
            messages.output(kind, target)
            for kind, target in after.items()
            if _fingerprint(messages.ticket_id, kind, target) not in self._before
        ]
        self.revisions += bool(corrections)
        self.outputs += corrections

    def withdraw(self, messages: SlaMessages, before: Mapping[int, EmittedTarget]) -> None:
        """Withdraw all emitted states of a withdrawn ticket. An archived ticket stays archived."""
        ticket_id = messages.ticket_id
        if before:
            after = {kind: _withdrawn(target, self._now) for kind, target in before.items()}
            self.outputs += _changes(messages, before, after)
            self.store(ticket_id, after)
        elif self.is_archived(ticket_id):
            states = _states(messages.decisions, _NO_TARGETS, 0)
            known = [_fingerprint(ticket_id, kind, target) for kind, target in states.items()]
            self._archived.append(_ticket_fingerprint(ticket_id))
            self._archived += [fingerprint for fingerprint in known if fingerprint in self._before]

    def store(self, ticket_id: str, after: dict[int, EmittedTarget]) -> None:
        """Store a ticket's states: in full while one is open or recently decided, else as fingerprints."""
        due = min((target.due for target in after.values() if target.state == ACTIVATED), default=None)
        if due is not None:
            self._next_due = due if self._next_due is None else min(self._next_due, due)
        recent = self._now - RETENTION_US
        if due is not None or any(target.decided >= recent for target in after.values()):
            self._targets[ticket_id] = after
        else:
            self._archived.append(_ticket_fingerprint(ticket_id))
            self._archived += [_fingerprint(ticket_id, kind, target) for kind, target in after.items()]

    def finish(self) -> SlaEmitResult:
        """Return the result of all tickets."""
        archived = ArchivedTargets(b"".join(self._archived), self.revisions)
        return SlaEmitResult(self._targets, archived, self.outputs, self._next_due)


def _changes(
    messages: SlaMessages, before: Mapping[int, EmittedTarget], after: Mapping[int, EmittedTarget]
) -> Iterator[Output]:
    """Yield withdrawals of the states that were wrong, then the new states."""
    for kind, target in before.items():
        if after[kind].revision > target.revision:
            yield messages.withdrawal(kind, target)
    for kind, target in after.items():
        if target.state != RETRACTED and target != before.get(kind):
            yield messages.output(kind, target)


def _retract(messages: SlaMessages, before: Mapping[int, EmittedTarget]) -> Iterator[Output]:
    """Yield withdrawals of the open targets of a ticket that no longer exists. Decisions stay as emitted."""
    for kind, target in before.items():
        if target.state == ACTIVATED:
            yield messages.withdrawal(kind, target)


def _ticket_fingerprint(ticket_id: str) -> bytes:
    return _crc(ticket_id)


def _fingerprint(ticket_id: str, kind: int, target: EmittedTarget) -> bytes:
    """Return a fingerprint of a target's state: four bytes are enough for the targets of one customer."""
    return _crc(f"{ticket_id} {kind} {target.state} {target.due} {target.decided}")


def _crc(content: str) -> bytes:
    return crc32(content.encode()).to_bytes(_FINGERPRINT_BYTES)


def _fingerprints(joined: bytes) -> set[bytes]:
    starts = range(0, len(joined), _FINGERPRINT_BYTES)
    return {joined[start : start + _FINGERPRINT_BYTES] for start in starts}
