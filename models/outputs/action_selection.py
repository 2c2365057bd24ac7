"""Select the actions to issue: of the proposals, a few a week (docs/outputs.md, "Actions").

The weekly cap limits customer-facing actions, and the most important come first, because too many annoy a
customer. For the control group, the same decisions are made and stored, and nothing is emitted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from msgspec.structs import replace

from models.contract.messages import Action, ActionState, Cause, Subject
from models.customers.customer import Customer
from models.definitions.action_policy import ACTIONS, CUSTOMER_FACING, WEEK_US
from models.definitions.definitions import Definitions
from models.entities.sla import KINDS
from models.facts.claims import Contacted
from models.facts.origins import original_event_id
from models.outputs.action_candidates import ActionCandidate
from models.outputs.emitted import DONE, ISSUED, SUPPRESSED, WITHDRAWN, EmittedAction, EmittedActions
from models.outputs.ids import deterministic_id, to_datetime
from models.outputs.output import ACTION, Output


class ActionSelection(NamedTuple):
    """The actions of a customer after a selection.

    Attributes:
        actions: actions to store, by id.
        outputs: newly issued and withdrawn actions.
        next_check: when the cap will admit a candidate again, microseconds since the epoch; None if the cap
            holds none back.
    """

    actions: EmittedActions
    outputs: Sequence[Output]
    next_check: int | None


class _Admission(NamedTuple):
    """The candidates that the cap admits, as actions by id, and when it will admit another one."""

    actions: EmittedActions
    next_check: int | None


class ActionSelector:
    """Decides which proposed actions are issued, and which issued ones are withdrawn.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        policy = definitions.actions
        self._weekly_cap = policy.weekly_cap
        self._key = policy.hold_out_key.encode()
        self._control_below = int(policy.held_out * (1 << 64))

    def is_held_out(self, customer: bytes) -> bool:
        """Return whether a customer is in the control group; it depends on the id and the key alone."""
        return int.from_bytes(blake2b(customer, digest_size=8, key=self._key).digest()) < self._control_below

    def select(
        self,
        customer: Customer,
        candidates: Iterable[ActionCandidate],
        emitted: Mapping[str, EmittedAction],
        now: int,
    ) -> ActionSelection:
        """Withdraw actions that no longer apply, and issue the candidates that the weekly cap admits.

        Args:
            customer: the customer.
            candidates: actions that are worth doing now.
            emitted: actions decided before, by id.
            now: the partition's clock, microseconds since the epoch.
        """
        customer_id = customer.key.decode()
        proposed = {action_id(customer_id, one): one for one in candidates}
        contacts = _contacts(customer)
        kept = {
            key: _updated(action, now, done=key in contacts, proposed=key in proposed)
            for key, action in emitted.items()
            if now < action.expires or now < action.time + WEEK_US
        }
        new = {key: candidate for key, candidate in proposed.items() if key not in emitted}
        admitted = self._admit(customer.key, new, _contact_times(contacts, kept, now - WEEK_US), now)
        outputs = [
            *_outputs(customer_id, _newly_withdrawn(emitted, kept), "withdrawn", now),
            *_outputs(customer_id, _newly_issued(admitted.actions), "issued", now),
        ]
        return ActionSelection({**kept, **admitted.actions}, outputs, admitted.next_check)

    def _admit(
        self, key: bytes, candidates: Mapping[str, ActionCandidate], contacts: Iterable[int], now: int
    ) -> _Admission:
        """Turn candidates into actions, the most important first, as far as the weekly cap admits them.

        Args:
            key: key of the customer's row.
            candidates: new candidates by action id.
            contacts: times within a week at which a customer-facing action was decided or done.
            now: the partition's clock, microseconds since the epoch.
        """
        if not candidates:
            return _Admission({}, None)
        suppressed = self.is_held_out(key)
        recent = sorted(contacts)
        actions: EmittedActions = {}
        capped = False
        for action_key, one in sorted(candidates.items(), key=_importance):
            if one.action not in CUSTOMER_FACING:
                actions[action_key] = _action(one, ISSUED, now)
            elif len(recent) >= self._weekly_cap:
                capped = True
            else:
                actions[action_key] = _action(one, SUPPRESSED if suppressed else ISSUED, now)
                recent.append(now)
        return _Admission(
            actions, recent[-self._weekly_cap] + WEEK_US if capped and self._weekly_cap else None
        )


def action_id(customer_id: str, candidate: ActionCandidate) -> str:
    """Return an action's id: one for each customer, action, subject and time of the cause."""
    return deterministic_id(
        ACTION, customer_id, candidate.action, candidate.kind, candidate.subject, candidate.since
    )


def _importance(item: tuple[str, ActionCandidate]) -> tuple[int, int, str]:
    """Return a sort key: by priority, then the oldest cause, then the action id."""
    key, candidate = item
    return -candidate.priority, candidate.since, key


def _updated(action: EmittedAction, now: int, *, done: bool, proposed: bool) -> EmittedAction:
    """Return an action as it is now: done, withdrawn because no rule proposes it any more, or unchanged."""
    if action.state == ISSUED and done:
        return replace(action, state=DONE)
    if action.state in {ISSUED, SUPPRESSED} and not proposed and now < action.expires:
        return replace(action, state=WITHDRAWN)
    return action


def _newly_withdrawn(before: Mapping[str, EmittedAction], after: EmittedActions) -> EmittedActions:
    """Return the withdrawn actions that were issued before. A suppressed one was never emitted."""
    return {
        key: action
        for key, action in after.items()
        if action.state == WITHDRAWN and before[key].state == ISSUED
    }


def _newly_issued(admitted: EmittedActions) -> EmittedActions:
    return {key: action for key, action in admitted.items() if action.state == ISSUED}


def _contacts(customer: Customer) -> dict[str, int]:
    """Return when each action was done last, microseconds since the epoch, by action id."""
    contacts: dict[str, int] = {}
    for claim in customer.facts.customer_claims:
        if type(claim) is Contacted:
            contacts[claim.action] = max(claim.time, contacts.get(claim.action, claim.time))
    return contacts


def _contact_times(
    contacts: Mapping[str, int], actions: Mapping[str, EmittedAction], since: int
) -> Iterator[int]:
    """Yield the times after `since` that count towards the cap, microseconds since the epoch.

    An action that was done counts at the time of its contact, another one at the time of its decision.
    Suppressed actions count too, so that both groups are treated alike.
    """
    for key, time in contacts.items():
        if time > since and (key not in actions or actions[key].action in CUSTOMER_FACING):
            yield time
    for key, action in actions.items():
        counts = action.action in CUSTOMER_FACING and action.state != WITHDRAWN and action.time > since
        if counts and key not in contacts:
            yield action.time


def _action(candidate: ActionCandidate, state: int, now: int) -> EmittedAction:
    return EmittedAction(
        action=candidate.action,
        state=state,
        time=now,
        since=candidate.since,
        expires=candidate.expires,
        kind=candidate.kind,
        subject=candidate.subject,
        cause=candidate.cause,
        event=candidate.event,
        priority=candidate.priority,
        due=candidate.due,
        sla=candidate.sla,
    )


def _outputs(customer_id: str, actions: EmittedActions, state: ActionState, now: int) -> Iterator[Output]:
    for key, action in actions.items():
        message = _message(customer_id, key, action, now)
        if state != "issued":
            message = replace(message, id=deterministic_id(key, state), state=state)
        yield Output(ACTION, message.id, customer_id, now, message)


def _message(customer_id: str, key: str, action: EmittedAction, now: int) -> Action:
    """Return the message that issues an action; the output has the action's own id."""
    return Action(
        id=key,
        action_id=key,
        customer_id=customer_id,
        action=ACTIONS[action.action],
        state="issued",
        subject=Subject(action.kind, original_event_id(action.subject) or action.subject),
        cause=Cause(action.cause, original_event_id(action.event)),
        since=to_datetime(action.since),
        priority=action.priority,
        due=to_datetime(action.due) if action.due else None,
        expires=to_datetime(action.expires),
        time=to_datetime(now),
        sla=None if action.sla is None else KINDS[action.sla],
    )
