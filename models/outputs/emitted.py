"""What has been said of a customer: kept with their facts, so that only the difference is said next."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct, field

from models.contract.messages import SubjectKind

#: What was said of a target: it counts, it was met, it was missed; there is none any more.
ACTIVATED, FULFILLED, BREACHED, GONE = range(4)
#: An action that has been asked for: it still is, no longer, it was done; or nobody is to know of it.
ISSUED, WITHDRAWN, DONE, HELD = range(4)


class EmittedTransition(Struct, array_like=True, frozen=True, gc=False):
    """A transition.

    Attributes:
        time: when it was, microseconds.
        content: a hash of all that was said of it.
        corrections: how often one before has given way to one that was not later.
    """

    time: int
    content: int
    corrections: int = 0


class Target(Struct, array_like=True, frozen=True, gc=False):
    """What was said of one target of a ticket last.

    Attributes:
        state: `ACTIVATED`, `FULFILLED`, `BREACHED` or `GONE`.
        due: microseconds.
        decided: microseconds; 0 while it counts.
        turn: how often something of it was withdrawn.
    """

    state: int
    due: int
    decided: int
    turn: int = 0


class ArchivedTargets(Struct, array_like=True, gc=False):
    """What has been said of tickets that were decided long ago.

    Attributes:
        marks: of each ticket, and of what was said of each of its targets.
        revisions: how often something else had to be said of one of them.
    """

    marks: bytes = b""
    revisions: int = 0


class Issued(Struct, array_like=True, frozen=True, gc=False):
    """An action that was asked for, or would have been.

    Attributes:
        action: index in `models.definitions.action_policy.ACTIONS`.
        state: `ISSUED`, `WITHDRAWN`, `DONE` or `HELD`.
        time: when it was asked for, microseconds.
        since: when its cause was.
        expires: when it is forgotten.
        kind: of the subject.
        subject: its id.
        cause: the cause's type.
        event: its event; None where it was time.
        priority: 1 to 100.
        due: 0 if there is none.
        sla: the target that was missed, index in `models.entities.sla.KINDS`; None where it is about none.
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


class EmittedState(Struct, array_like=True, gc=False):
    """All that has been said of a customer, and not been forgotten since.

    Attributes:
        profile: a hash of the last one; 0: there is none.
        lifecycle: the last transition of lifecycle.
        tier: the last transition of tier.
        targets: ticket id -> kind (index in `models.entities.sla.KINDS`) -> what was said.
        settled: what was said of other tickets.
        actions: id -> action.
        profiles: how many profiles there have been.
    """

    profile: int = 0
    lifecycle: EmittedTransition | None = None
    tier: EmittedTransition | None = None
    targets: dict[str, dict[int, Target]] = field(default_factory=dict)
    settled: ArchivedTargets = field(default_factory=ArchivedTargets)
    actions: dict[str, Issued] = field(default_factory=dict)
    profiles: int = 0

    def __bool__(self) -> bool:
        """Whether anything is to be remembered."""
        return bool(self.profiles)


#: There is a profile, and nothing else is known of what was said: the state that knew it was lost.
UNKNOWN_PROFILE_EMITTED: Final = EmittedState(profile=1)

_encode: Final = msgspec.msgpack.Encoder().encode
encode_emitted: Final[Callable[[EmittedState], bytes]] = _encode
decode_emitted: Final = msgspec.msgpack.Decoder(EmittedState).decode

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: A promise may be written with an offset that leads beyond them.
_FIRST, _LAST = (
    (instant - _EPOCH) // timedelta(microseconds=1)
    for instant in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
)


def to_datetime(time: int) -> datetime:
    """Give microseconds since the epoch as outputs write them, within the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=min(max(time, _FIRST), _LAST))


def deterministic_id(*parts: object) -> str:
    """Give the id of what these parts, and nothing else, tell apart from everything else."""
    return blake2b(_encode(parts), digest_size=12).hexdigest()


def content_hash(content: object) -> int:
    """Give a number, not 0, by which a content is known again."""
    return int.from_bytes(blake2b(_encode(content), digest_size=4).digest()) or 1
