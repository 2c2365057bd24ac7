"""The outputs emitted for a customer: stored with the facts, so that only changes are emitted next.

All structs are stored as arrays: the order of their fields is part of the stored format, their names are not.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct, field

from models.contract.messages import SubjectKind

#: States of an SLA target: open, fulfilled, breached, or withdrawn because the ticket no longer has it.
ACTIVATED, FULFILLED, BREACHED, RETRACTED = range(4)
#: States of an action. A suppressed action is one for the control group: it is decided, and not emitted.
ISSUED, WITHDRAWN, DONE, SUPPRESSED = range(4)


class EmittedTransition(Struct, array_like=True, frozen=True, gc=False):
    """The transition emitted last.

    Attributes:
        time: event time of the transition, microseconds since the epoch.
        content: content hash of the whole transition.
        corrections: how many times an emitted transition was replaced by one that was not later.
    """

    time: int
    content: int
    corrections: int = 0


class EmittedTarget(Struct, array_like=True, frozen=True, gc=False):
    """The state of a ticket's SLA target as it was emitted last.

    Attributes:
        state: `ACTIVATED`, `FULFILLED`, `BREACHED` or `RETRACTED`.
        due: due time, microseconds since the epoch.
        decided: time at which the target was fulfilled or breached, microseconds since the epoch; 0 while it
            is open. Of a withdrawn ticket, the time of the withdrawal.
        revision: number of withdrawals emitted for the target.
    """

    state: int
    due: int
    decided: int
    revision: int = 0


#: Ticket id -> key of a target (`models.outputs.sla_messages.keyed`) -> what was emitted.
EmittedTargets = dict[str, dict[int, EmittedTarget]]


class ArchivedTargets(Struct, array_like=True, gc=False):
    """The emitted targets of tickets that were decided long ago, in a compact form.

    Attributes:
        fingerprints: 4 bytes for each ticket, and 4 for the emitted state of each of its targets.
        revisions: how many times another state had to be emitted for one of these targets.
    """

    fingerprints: bytes = b""
    revisions: int = 0


class EmittedAction(Struct, array_like=True, frozen=True, gc=False):
    """An action that was issued, or suppressed for the control group. Times are microseconds since the epoch.

    Attributes:
        action: index in `models.definitions.action_policy.ACTIONS`.
        state: `ISSUED`, `WITHDRAWN`, `DONE` or `SUPPRESSED`.
        time: time of the decision, by the partition's clock.
        since: event time of the cause.
        expires: time from which the action is no longer worth doing.
        kind: kind of the subject.
        subject: id of the subject.
        cause: event type of the cause, or `time`.
        event: id of the causing event; None if time passed instead.
        priority: 1 to 100.
        due: time by which the action is best done; 0 without one.
        sla: breached target, index in `models.entities.sla.KINDS`; None if the action is not about one.
    """

    action: int
    state: int
    time: int
    since: int
    expires: int
    kind: SubjectKind
    subject: str
    cause: str
    event: str | None
    priority: int
    due: int
    sla: int | None = None


#: Action id -> action.
EmittedActions = dict[str, EmittedAction]


class EmittedState(Struct, array_like=True, gc=False):
    """Everything that was emitted for a customer and may have to be corrected or withdrawn.

    Attributes:
        profile: content hash of the last profile; 0 without a profile in the topic.
        lifecycle: last lifecycle transition; None before the first.
        tier: last tier transition; None before the first.
        targets: states of the targets of open and recently decided tickets.
        archived: states of the targets of all other tickets.
        actions: actions by id.
        profiles: number of profiles emitted so far.
    """

    profile: int = 0
    lifecycle: EmittedTransition | None = None
    tier: EmittedTransition | None = None
    targets: EmittedTargets = field(default_factory=dict)
    archived: ArchivedTargets = field(default_factory=ArchivedTargets)
    actions: EmittedActions = field(default_factory=dict)
    profiles: int = 0

    def __bool__(self) -> bool:
        """Return whether the state has to be stored. Without a profile, nothing was ever emitted."""
        return bool(self.profiles)


#: In place of a content hash: a profile was emitted, and no profile equals it, so that it is emitted again.
UNKNOWN_PROFILE: Final = 1
#: A profile is in the topic, but the state that knew its content was lost.
UNKNOWN_PROFILE_EMITTED: Final = EmittedState(profile=UNKNOWN_PROFILE)

encode_emitted: Final[Callable[[EmittedState], bytes]] = msgspec.msgpack.Encoder().encode
decode_emitted: Final = msgspec.msgpack.Decoder(EmittedState).decode
