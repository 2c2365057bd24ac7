"""Emit a customer's last lifecycle and tier transition (docs/outputs.md, "Transitions")."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from models.contract.messages import Cause, Transition, TransitionKind
from models.customers.lifecycle import STATES
from models.facts.origins import original_event_id, without_own_origin
from models.outputs.emitted import EmittedTransition
from models.outputs.ids import content_hash, deterministic_id, to_datetime
from models.outputs.lifecycle_history import LifecycleTransition
from models.outputs.output import TRANSITION, Output
from models.outputs.profiles import TIERS

_NAMES: Final[Mapping[TransitionKind, Sequence[str]]] = {"lifecycle": STATES, "tier": TIERS}


class TransitionResult(NamedTuple):
    """The state to store for one kind of transition, and what to emit.

    Attributes:
        emitted: the transition emitted last, this one included.
        outputs: the transition's output; empty if it was emitted before.
    """

    emitted: EmittedTransition
    outputs: Sequence[Output]


def emit_transition(
    customer_id: str,
    what: TransitionKind,
    transition: LifecycleTransition,
    emitted: EmittedTransition | None,
    revisions: int,
) -> TransitionResult:
    """Emit a customer's last transition, unless it was emitted before.

    Args:
        customer_id: the customer's id.
        what: kind of the transition.
        transition: last transition by the facts known now.
        emitted: last emitted transition of this kind; None if there is none, or it was retracted.
        revisions: how many times everything emitted for the customer was retracted.
    """
    content = _content(customer_id, transition)
    hashed = content_hash(content)
    if emitted is None:
        corrections = revisions
    elif emitted.content == hashed:
        return TransitionResult(emitted, ())
    else:
        corrections = emitted.corrections + (transition.time <= emitted.time)
    output_id = deterministic_id(TRANSITION, customer_id, what, content, corrections)
    message = _message(output_id, customer_id, what, transition)
    output = Output(TRANSITION, output_id, customer_id, transition.time, message)
    return TransitionResult(EmittedTransition(transition.time, hashed, corrections), [output])


def _content(customer_id: str, transition: LifecycleTransition) -> tuple[object, ...]:
    """Return the content of the output's id. The customer's first merge does not change it."""
    event = None if transition.event is None else without_own_origin(transition.event, customer_id)
    return transition.before, transition.after, transition.time, transition.cause, event


def _message(
    output_id: str, customer_id: str, what: TransitionKind, transition: LifecycleTransition
) -> Transition:
    names = _NAMES[what]
    return Transition(
        output_id,
        customer_id,
        what,
        None if transition.before is None else names[transition.before],
        names[transition.after],
        to_datetime(transition.time),
        Cause(transition.cause, original_event_id(transition.event)),
    )
