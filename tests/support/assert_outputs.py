"""Compare outputs with the oracle."""

import msgspec
import pytest

from models.contract.decoding import to_us
from models.contract.messages import Action, Profile, TicketSla, Transition
from models.outputs.ticket_slas import RETENTION_US
from tests.oracle import targets
from tests.oracle.profiles import decisions, profiles, transitions
from tests.oracle.tickets import every_ticket_of, tickets_of
from tests.oracle.world import World
from tests.support.action_oracle import faults


def last_profiles(outputs):
    """Return the last profile of each customer in the oracle's form; None after a tombstone."""
    found = {}
    for output in outputs:
        if output.type == "retention.customer":
            found[output.key] = None if output.value is None else plain(output.value)
    return found


def plain(profile: Profile):
    fields = msgspec.structs.asdict(profile)
    for name in ("first_order", "last_order"):
        fields[name] = None if fields[name] is None else to_us(fields[name])
    del fields["risk"], fields["as_of"]
    return fields


def assert_profiles(outputs, events, now, definitions):
    expected = profiles(events, now, definitions)
    found = {customer: profile for customer, profile in last_profiles(outputs).items() if profile is not None}
    assert found.keys() == expected.keys()
    for customer, profile in found.items():
        value, naive = profile.pop("net_value"), expected[customer].pop("net_value")
        assert profile == expected[customer]
        assert value == pytest.approx(naive, abs=0.0051)


def assert_transitions(outputs, events, now, definitions):
    emitted = [output.value for output in outputs if isinstance(output.value, Transition)]
    found = {(one.customer_id, one.what): (one.from_, one.to, to_us(one.time)) for one in emitted}
    expected = transitions(events, now, definitions)
    assert {key: found[key] for key in expected} == expected


def assert_targets(outputs, events, now, definitions):
    last = {}
    for value in (output.value for output in outputs):
        if isinstance(value, TicketSla):
            last[value.customer_id, value.ticket_id, value.sla] = value
    found = {
        key: (value.state, to_us(value.decided))
        for key, value in last.items()
        if value.state in {"fulfilled", "breached"}
    }
    expected = {
        key: decided
        for key, decided in decisions(events, now, definitions).items()
        if key[2] != "next_response"
    }
    assert {key: found.get(key) for key in expected} == expected
    assert reply_turns(events, now, definitions) <= emitted_turns(outputs)
    withdrawn = {
        (customer.name, ticket.opened["ticket_id"])
        for customer in World(events, now, definitions).customers
        for ticket in every_ticket_of(customer)
        if ticket.withdrawal
    }
    # A decision older than `RETENTION_US` has left the topic, and is not withdrawn any more.
    states = {
        key: value.state
        for key, value in last.items()
        if key[:2] in withdrawn and (value.decided is None or to_us(value.decided) >= now - RETENTION_US)
    }
    assert states == dict.fromkeys(states, "withdrawn")


def reply_turns(events, now, definitions):
    """Return the decided turns of conversations: customer, ticket, state and instant."""
    world = World(events, now, definitions)
    return {
        (customer.name, ticket.opened["ticket_id"], "breached" if breached else "fulfilled", decided)
        for customer in world.customers
        for ticket in tickets_of(customer)
        for kind, decided, breached in targets.decisions(world, ticket)
        if kind == "next_response"
    }


def emitted_turns(outputs):
    """Return the decided turns that were emitted and not withdrawn, in the form of `reply_turns`."""
    values = [output.value for output in outputs if isinstance(output.value, TicketSla)]
    withdrawn = {value.withdraws for value in values}
    return {
        (value.customer_id, value.ticket_id, value.state, to_us(value.decided))
        for value in values
        if value.sla == "next_response" and value.decided and value.id not in withdrawn
    }


def assert_actions(outputs, events, now, definitions):
    actions = [output.value for output in outputs if isinstance(output.value, Action)]
    assert faults(actions, events, now, definitions) == []


def assert_unique_ids(outputs):
    ids = [output.id for output in outputs]
    assert len(ids) == len(set(ids))
