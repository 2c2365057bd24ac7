"""Run the output emitter without a partition: customers are built from events, and emitted state is kept."""

import json
from collections import defaultdict

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.action_policy import ActionPolicy
from models.definitions.definitions import Definitions
from models.definitions.windows import horizon_start
from models.facts.control import Referred
from models.facts.fact import Fact
from models.facts.from_events import facts_of
from models.identity.links import facts_since
from models.outputs import EmittedState, OutputEmitter, decode_emitted, encode_emitted
from tests.support.strategies import rfc3339

NOTHING_EMITTED = encode_emitted(EmittedState())
#: Thursday 2026-03-05T10:00:00Z, microseconds since the epoch.
NOW = 1_772_704_800_000_000
NO_CONTROL_GROUP = ActionPolicy(held_out=0.0)


def customers_of(events, now, definitions):
    """Return the customers known at `now` by id, with the facts of these events."""
    known, seen = defaultdict(list), set()
    for event in events:
        name = event["customer_id"], event["id"]
        if name in seen:
            continue
        seen.add(name)
        for customer, fact in facts_of(decode(KINDS[event["type"]], json.dumps(event).encode()), definitions):
            if fact.time <= now:
                known[customer].append(fact)
    since = horizon_start(now, definitions.horizon_days)
    known = {customer: facts_since(facts, since, customer, definitions) for customer, facts in known.items()}
    for customer, fact in list(_referrals(known)):
        known.setdefault(customer, []).append(fact)
    return {customer: Customer(customer.encode(), CustomerFacts(facts)) for customer, facts in known.items()}


def _referrals(known):
    """Yield the facts with which partitions notify the referrers named in orders."""
    for customer, facts in known.items():
        decoded = Customer(customer.encode(), CustomerFacts(facts))
        for entity in decoded.facts.links.orders_with_referrer if decoded.facts.links else ():
            order = decoded.order(entity)
            if order is not None and order.qualifying and order.referrer:
                yield (
                    order.referrer,
                    Fact(entity, Referred(by=customer, at=order.time, sequence=1, active=True)),
                )


class EmitHarness:
    """All customers of a history, and the emitted outputs of each.

    Attributes:
        states: customer id -> emitted state, encoded as it is stored.
        next_checks: customer id -> the emitter's next check, microseconds since the epoch.
        customers: customer id -> customer, as of the last emission.
        outputs: all outputs so far.
    """

    def __init__(self, definitions=None):
        self.definitions = definitions or Definitions()
        self.emitter = OutputEmitter(self.definitions)
        self.states = defaultdict(lambda: NOTHING_EMITTED)
        self.next_checks = {}
        self.customers = {}
        self.outputs = []

    def emit(self, events, now):
        """Check all customers, and return the new outputs."""
        self.customers = customers_of(events, now, self.definitions)
        outputs = []
        for customer_id in sorted(self.customers.keys() | self.states.keys()):
            outputs += self._emit(customer_id, now)
        self.outputs += outputs
        return outputs

    def _emit(self, customer_id, now):
        customer = self.customers.get(customer_id) or Customer(customer_id.encode(), CustomerFacts())
        result = self.emitter.emit(customer, decode_emitted(self.states[customer_id]), now)
        self.states[customer_id] = encode_emitted(result.emitted)
        self.next_checks[customer_id] = result.next_check
        return result.outputs


class Scenario:
    """Events written one by one, and the outputs that are emitted for them."""

    def __init__(self, policy=NO_CONTROL_GROUP, **definitions):
        self.events = []
        self.harness = EmitHarness(Definitions(actions=policy, **definitions))

    def record(self, kind, time, customer="ann", **fields):
        """Add an event, and return its id."""
        event_id = f"e{len(self.events)}"
        header = {"id": event_id, "type": kind, "time": rfc3339(time), "customer_id": customer}
        self.events.append(header | fields)
        return event_id

    def order(self, time, order_id, customer="ann", **fields):
        money = {"amount": 1000, "currency": "USD"}
        return self.record("order.placed", time, customer, **(money | {"order_id": order_id} | fields))

    def open(self, time, ticket="t", **fields):
        return self.record("ticket.opened", time, ticket_id=ticket, **fields)

    def reply(self, time, ticket="t", **fields):
        return self.record("ticket.replied", time, ticket_id=ticket, **({"author": "agent"} | fields))

    def status(self, time, status, ticket="t"):
        return self.record("ticket.status_changed", time, ticket_id=ticket, status=status)

    def messages(self, kind, now=NOW):
        """Emit, and return the new messages of one type."""
        return [output.value for output in self.harness.emit(self.events, now) if output.type == kind]

    def actions(self, now=NOW):
        return self.messages("retention.action", now)

    def action_states(self, now=NOW):
        return [(action.state, action.action) for action in self.actions(now)]

    def profiles(self, now=NOW):
        return self.messages("retention.customer", now)

    def targets(self, now, sla="first_response"):
        return [target for target in self.messages("retention.ticket-sla", now) if target.sla == sla]

    def target_states(self, now, sla="first_response"):
        return [target.state for target in self.targets(now, sla)]
