"""Which actions are asked for: of those worth doing, a few a week (docs/outputs.md, "Actions").

Those that reach the customer are capped, the most important first, since people grow numb. A share of the
customers is held out: for them everything is decided alike, and nothing said.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

from msgspec.structs import replace

from models.contract.messages import Action, ActionState, Cause, Subject
from models.customers.customer import Customer
from models.definitions.action_policy import ACTIONS, CUSTOMER_FACING, WEEK_US
from models.definitions.definitions import Definitions
from models.entities.sla import KINDS
from models.facts.claims import Contacted
from models.identity.links import event_id
from models.outputs.action_candidates import ActionCandidate
from models.outputs.emitted import DONE, HELD, ISSUED, WITHDRAWN, Issued, deterministic_id, to_datetime
from models.outputs.output import ACTION, Output

_Issued = dict[str, Issued]


class ActionSelector:
    """Decides on actions, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        practice = definitions.actions
        self._cap = practice.weekly_cap
        self._key = practice.hold_out_key.encode()
        self._held_below = int(practice.held_out * (1 << 64))

    def is_held_out(self, customer: bytes) -> bool:
        """Whether no action reaches a customer: always the same customers, as long as the key is."""
        return int.from_bytes(blake2b(customer, digest_size=8, key=self._key).digest()) < self._held_below

    def say(
        self, account: Customer, wanted: Iterable[ActionCandidate], told: Mapping[str, Issued], now: int
    ) -> tuple[_Issued, list[Output], int | None]:
        """Give what has been asked for after this, what is new, and when the cap will let more pass.

        Args:
            account: the customer.
            wanted: what is worth doing now.
            told: what has been asked for.
            now: microseconds.
        """
        customer = account.key.decode()
        worth = {action_id(customer, one): one for one in wanted}
        contacts = _contacts(account)
        outputs: list[Output] = []
        after: _Issued = {}
        for key, issued in told.items():
            if now >= issued.expires and now >= issued.time + WEEK_US:
                continue
            state = issued.state
            if state == ISSUED and key in contacts:
                state = DONE
            elif state in {ISSUED, HELD} and key not in worth and now < issued.expires:
                state = WITHDRAWN
                if issued.state == ISSUED:
                    outputs.append(_output(customer, key, issued, "withdrawn", now))
            after[key] = issued if state == issued.state else replace(issued, state=state)
        blocked = self._ask(account, {k: w for k, w in worth.items() if k not in told}, after, outputs, now)
        return after, outputs, blocked

    def _ask(
        self,
        account: Customer,
        candidates: Mapping[str, ActionCandidate],
        after: _Issued,
        outputs: list[Output],
        now: int,
    ) -> int | None:
        """Ask for what the cap admits; give when it will admit more, if it has held something back."""
        if not candidates:
            return None
        held = self.is_held_out(account.key)
        reached = sorted(_reached(_contacts(account), after, now - WEEK_US))
        order = sorted(candidates.items(), key=lambda item: (-item[1].priority, item[1].since, item[0]))
        blocked = False
        for key, one in order:
            reaching = one.action in CUSTOMER_FACING
            if reaching and len(reached) >= self._cap:
                blocked = True
                continue
            issued = _issued(one, HELD if held and reaching else ISSUED, now)
            after[key] = issued
            if reaching:
                reached.append(now)
            if issued.state == ISSUED:
                outputs.append(_output(account.key.decode(), key, issued, "issued", now))
        return reached[-self._cap] + WEEK_US if blocked and self._cap else None


def action_id(customer: str, wanted: ActionCandidate) -> str:
    """Give an action's id: one for each customer and cause."""
    return deterministic_id(ACTION, customer, wanted.action, wanted.kind, wanted.subject, wanted.since)


def _contacts(account: Customer) -> dict[str, int]:
    """Give when actions were done last, by id."""
    contacts: dict[str, int] = {}
    for claim in account.row.loose:
        if type(claim) is Contacted:
            contacts[claim.action] = max(claim.time, contacts.get(claim.action, claim.time))
    return contacts


def _reached(contacts: Mapping[str, int], told: Mapping[str, Issued], since: int) -> Iterator[int]:
    """Give when the customer was, or would have been, reached after `since`."""
    for key, at in contacts.items():
        if at > since and (key not in told or told[key].action in CUSTOMER_FACING):
            yield at
    for key, issued in told.items():
        counts = issued.action in CUSTOMER_FACING and issued.state != WITHDRAWN and issued.time > since
        if counts and key not in contacts:
            yield issued.time


def _issued(one: ActionCandidate, state: int, now: int) -> Issued:
    return Issued(
        action=one.action,
        state=state,
        time=now,
        since=one.since,
        expires=one.expires,
        kind=one.kind,
        subject=one.subject,
        cause=one.cause,
        event=one.event,
        priority=one.priority,
        due=one.due,
        sla=one.sla,
    )


def _output(customer: str, key: str, issued: Issued, state: ActionState, now: int) -> Output:
    output_id = key if state == "issued" else deterministic_id(key, state)
    value = Action(
        id=output_id,
        action_id=key,
        customer_id=customer,
        action=ACTIONS[issued.action],
        state=state,
        subject=Subject(issued.kind, event_id(issued.subject) or issued.subject),
        cause=Cause(issued.cause, event_id(issued.event)),
        since=to_datetime(issued.since),
        priority=issued.priority,
        due=to_datetime(issued.due) if issued.due else None,
        expires=to_datetime(issued.expires),
        time=to_datetime(now),
        sla=None if issued.sla is None else KINDS[issued.sla],
    )
    return Output(ACTION, output_id, customer, now, value)
