"""Compute the outputs of a customer that changed since the last emission.

The outputs of a customer are a function of the facts, the partition's clock and the definitions. The emitter
compares them with the emitted state, which is stored with the facts. The difference and the new state are
written in one transaction, so each output is published once and none is missed, even after a crash.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.aggregation.aggregates import YEAR
from models.customers.customer import Customer
from models.customers.ticket_rules import TicketRules
from models.definitions.action_policy import CUSTOMER_FACING
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_US, US_PER_HOUR, hour
from models.facts.claims import Acted
from models.outputs.action_candidates import ActionRules
from models.outputs.action_selection import ActionSelection, ActionSelector
from models.outputs.emitted import SUPPRESSED, ArchivedTargets, EmittedAction, EmittedActions, EmittedState
from models.outputs.ids import deterministic_id
from models.outputs.lifecycle_history import LifecycleReplay
from models.outputs.output import PROFILE, Output
from models.outputs.profiles import ProfileEmitter, ProfileResult
from models.outputs.snapshot import CustomerSnapshot, snapshot_of
from models.outputs.ticket_slas import SlaEmitResult, SlaEmitter
from models.outputs.transitions import TransitionResult, emit_transition


class EmitResult(NamedTuple):
    """The result of checking a customer for new outputs.

    Attributes:
        emitted: the emitted state to store.
        outputs: new outputs, in the order in which to publish them.
        next_check: when to check the customer again if no fact arrives, microseconds since the epoch; None if
            time alone changes nothing.
        actions: the customer-facing actions decided now, as claims to append to the customer's facts.
    """

    emitted: EmittedState
    outputs: list[Output]
    next_check: int | None
    actions: Sequence[Acted] = ()


class _Parts(NamedTuple):
    """The results of the emitters for one customer, in the order in which their outputs are published.

    Attributes:
        proposed_check: when time alone may propose another action, microseconds since the epoch.
    """

    profile: ProfileResult
    lifecycle: TransitionResult
    tier: TransitionResult
    slas: SlaEmitResult
    selection: ActionSelection
    proposed_check: int

    def outputs(self) -> list[Output]:
        """Return the outputs of all parts."""
        parts = (self.profile, self.lifecycle, self.tier, self.slas, self.selection)
        return [output for part in parts for output in part.outputs]

    def state(self, profiles: int) -> EmittedState:
        """Return the emitted state to store, after `profiles` earlier profiles."""
        return EmittedState(
            profile=self.profile.content,
            lifecycle=self.lifecycle.emitted,
            tier=self.tier.emitted,
            targets=self.slas.targets,
            archived=self.slas.archived,
            actions=self.selection.actions,
            profiles=profiles + len(self.profile.outputs),
        )


class OutputEmitter:
    """Computes the outputs of customers.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._replay = LifecycleReplay(definitions)
        self._profiles = ProfileEmitter(definitions)
        self._slas = SlaEmitter(definitions)
        self._tickets = TicketRules(definitions)
        self._rules = ActionRules(definitions)
        self._selector = ActionSelector(definitions)

    def emit(self, customer: Customer, emitted: EmittedState, now: int) -> EmitResult:
        """Return the outputs that differ from those emitted before, and the emitted state after them.

        Args:
            customer: the customer, by the facts known at `now`.
            emitted: what was emitted for the customer before.
            now: the partition's clock, microseconds since the epoch.
        """
        history = self._replay.history(customer, now)
        if history is None:
            return self._retract_all(customer, emitted, now)
        net_value = self._replay.net_value(history)
        return self._emit(snapshot_of(customer, history, net_value, now, self._tickets), emitted)

    def _emit(self, snapshot: CustomerSnapshot, emitted: EmittedState) -> EmitResult:
        parts = self._parts(snapshot, emitted)
        next_check = _earliest(
            snapshot.history.next_change,
            parts.slas.next_due,
            parts.proposed_check,
            parts.selection.next_check,
            _sender_until(snapshot.customer, snapshot.now),
        )
        decided = _decided(parts.selection.actions, emitted.actions, snapshot.now)
        return EmitResult(parts.state(emitted.profiles), parts.outputs(), next_check, decided)

    def _parts(self, snapshot: CustomerSnapshot, emitted: EmittedState) -> _Parts:
        customer_id, history, now = snapshot.customer_id, snapshot.history, snapshot.now
        revisions = emitted.archived.revisions
        proposal = self._rules.evaluate(snapshot)
        return _Parts(
            self._profiles.emit(snapshot, emitted),
            emit_transition(customer_id, "lifecycle", history.lifecycle, emitted.lifecycle, revisions),
            emit_transition(customer_id, "tier", history.tier, emitted.tier, revisions),
            self._slas.emit(
                customer_id,
                snapshot.tickets,
                emitted.targets,
                emitted.archived,
                now,
                withdrawn=snapshot.withdrawn,
            ),
            self._selector.select(snapshot.customer, proposal.candidates, emitted.actions, now),
            proposal.next_check,
        )

    def _retract_all(self, customer: Customer, emitted: EmittedState, now: int) -> EmitResult:
        """Retract everything emitted for a customer who no longer exists.

        The id may become a customer again, after a merge gives it its name back. The counters `revisions` and
        `profiles` are kept so that later outputs get new ids.
        """
        if not emitted.profile:
            return EmitResult(emitted, [], None)
        customer_id = customer.key.decode()
        tombstone_id = deterministic_id(PROFILE, customer_id, now, emitted.profiles)
        archived = ArchivedTargets(revisions=emitted.archived.revisions + 1)
        slas = self._slas.emit(customer_id, {}, emitted.targets, archived, now)
        selection = self._selector.select(customer, (), emitted.actions, now)
        tombstone = Output(PROFILE, tombstone_id, customer_id, now, None)
        state = EmittedState(archived=archived, actions=selection.actions, profiles=emitted.profiles)
        return EmitResult(state, [tombstone, *slas.outputs, *selection.outputs], None)


def _earliest(*times: int | None) -> int | None:
    """Return the earliest of several times; None if each is None or `NEVER_US`."""
    earliest = min((time for time in times if time is not None), default=NEVER_US)
    return None if earliest == NEVER_US else earliest


def _decided(after: EmittedActions, before: Mapping[str, EmittedAction], now: int) -> list[Acted]:
    """Return the new customer-facing actions as claims: metrics compare the issued and the suppressed."""
    return [
        Acted(now, key, action.action, action.state == SUPPRESSED)
        for key, action in after.items()
        if key not in before and action.action in CUSTOMER_FACING
    ]


def _sender_until(customer: Customer, now: int) -> int | None:
    """Return when the customer stops being a sender: a year after the last recommendation."""
    until = customer.last_recommended + YEAR.hours
    return until * US_PER_HOUR if until > hour(now) else None
