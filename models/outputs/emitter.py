"""Says of a customer what has not been said: the difference between what is and what was told.

What is to be known of a customer is a function of the facts, of `now` and of the definitions. It is compared
with what has been said, which is kept with the facts and changes in the same transaction, so that each output
is seen once and none is missing, whatever was interrupted.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.aggregation.aggregates import YEAR
from models.contract.messages import Cause, Standing, Transition
from models.customers.customer import Customer
from models.customers.lifecycle import STATES
from models.definitions.action_policy import CUSTOMER_FACING
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_HOUR, hour
from models.entities import tickets
from models.facts.claims import Acted
from models.identity.links import event_id
from models.outputs.action_candidates import ActionRules
from models.outputs.action_selection import ActionSelector
from models.outputs.emitted import (
    HELD,
    ArchivedTargets,
    EmittedState,
    EmittedTransition,
    content_hash,
    deterministic_id,
    to_datetime,
)
from models.outputs.lifecycle_history import LifecycleReplay, LifecycleTransition
from models.outputs.output import PROFILE, TRANSITION, Output
from models.outputs.profiles import TIERS, Figures, ProfileEmitter
from models.outputs.ticket_slas import SlaEmitter


class EmitResult(NamedTuple):
    """What has come of looking at a customer.

    Attributes:
        said: what has been said now.
        outputs: what was not before, in its order.
        until: the instant at which to look again, if nothing happens; None if there is none.
        acted: what has been decided to reach the customer with, or held back: facts, from now on.
    """

    said: EmittedState
    outputs: list[Output]
    until: int | None
    acted: Sequence[Acted] = ()


class OutputEmitter:
    """Finds what is to be said of customers, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._courses = LifecycleReplay(definitions)
        self._causes = ActionRules(definitions)
        self._profiles = ProfileEmitter(definitions)
        self._targets = SlaEmitter(definitions)
        self._actions = ActionSelector(definitions)
        self._names = {"lifecycle": STATES, "tier": TIERS}

    def say(self, account: Customer, said: EmittedState, now: int) -> EmitResult:
        """Look at a customer, as the facts known at `now` (microseconds) have them."""
        course = self._courses.course(account, now)
        if course is None:
            return self._part(account, said, now)
        row, customer = account.row, account.key.decode()
        known = {
            entity: ticket
            for entity, conversation in row.tickets.items()
            if (ticket := tickets.derive(conversation)) is not None
        }
        value = self._courses.value_of(course)
        waiting = sum(not ticket.is_resolved for ticket in known.values())
        profile, news = self._profiles.say(account, course, Figures(value, waiting), said, now)
        outputs = [] if news is None else [news]
        times = said.settled.revisions
        lifecycle = self._turn(customer, "lifecycle", course.lifecycle, said.lifecycle or times, outputs)
        tier = self._turn(customer, "tier", course.tier, said.tier or times, outputs)
        targets = self._targets.say(customer, known, said.targets, said.settled, now)
        wanted, left = self._causes.look(account, course, known, value, now)
        actions, action_news, admits = self._actions.say(account, wanted, said.actions, now)
        outputs += targets.outputs
        outputs += action_news
        instants = (course.until, targets.due, left, admits, _sent_until(account, now))
        until = min((at for at in instants if at is not None), default=None)
        acted = [
            Acted(now, key, issued.action, issued.state == HELD)
            for key, issued in actions.items()
            if key not in said.actions and issued.action in CUSTOMER_FACING
        ]
        profiles = said.profiles + (news is not None)
        after = EmittedState(profile, lifecycle, tier, targets.told, targets.settled, actions, profiles)
        return EmitResult(after, outputs, until, acted)

    def _turn(
        self,
        customer: str,
        what: Standing,
        turn: LifecycleTransition,
        told: EmittedTransition | int,
        outputs: list[Output],
    ) -> EmittedTransition:
        """Tell a transition that has not been told, and give what has been told.

        A number in the place of what was: none was, or they were forgotten so many times.
        """
        full = (turn.before, turn.after, turn.time, turn.cause, turn.event)
        content = content_hash(full)
        if isinstance(told, int):
            corrections = told
        elif told.content == content:
            return told
        else:
            corrections = told.corrections + (turn.time <= told.time)
        output_id = deterministic_id(TRANSITION, customer, what, full, corrections)
        names = self._names[what]
        value = Transition(
            output_id,
            customer,
            what,
            None if turn.before is None else names[turn.before],
            names[turn.after],
            to_datetime(turn.time),
            Cause(turn.cause, event_id(turn.event)),
        )
        outputs.append(Output(TRANSITION, output_id, customer, turn.time, value))
        return EmittedTransition(turn.time, content, corrections)

    def _part(self, account: Customer, said: EmittedState, now: int) -> EmitResult:
        """Take back what holds no longer of who is not known any more.

        They may come back, if they are another one for a while: what is said then is to have other ids.
        """
        if not said.profile:
            return EmitResult(said, [], None)
        customer = account.key.decode()
        gone = Output(PROFILE, deterministic_id(PROFILE, customer, now, said.profiles), customer, now, None)
        settled = ArchivedTargets(revisions=said.settled.revisions + 1)
        actions, withdrawn, _ = self._actions.say(account, (), said.actions, now)
        outputs = [gone, *self._targets.say(customer, {}, said.targets, settled, now).outputs, *withdrawn]
        return EmitResult(
            EmittedState(settled=settled, actions=actions, profiles=said.profiles), outputs, None
        )


def _sent_until(account: Customer, now: int) -> int | None:
    """Give when the customer will no longer have recommended the shop within a year."""
    until = account.sent + YEAR.hours
    return until * US_PER_HOUR if until > hour(now) else None
