"""Compare outputs with the oracle."""

import msgspec
import pytest

from models.contract.decoding import to_us
from models.contract.messages import Action, Profile, TicketSla, Transition
from models.outputs.ticket_slas import RETENTION_US
from tests.oracle.profiles import decisions, profiles, transitions, turn_decisions
from tests.oracle.tickets import every_ticket_of
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
    expected = decisions(events, now, definitions)
    assert {key: found.get(key) for key in expected} == expected
    assert _decided_turns(outputs) == turn_decisions(events, now, definitions)
    withdrawn = {
        (customer.name, ticket.opened["ticket_id"])
        for customer in World(events, now, definitions).customers
        for ticket in every_ticket_of(customer)
        if ticket.withdrawal
    }
    # A decision older than `RETENTION_US` has left the topic, and is not withdrawn any more.
    targets = {
        key: value.state
        for key, value in last.items()
        if key[:2] in withdrawn and (value.decided is None or to_us(value.decided) >= now - RETENTION_US)
    }
    assert targets == dict.fromkeys(targets, "withdrawn")


def _decided_turns(outputs):
    """Return the decided next responses that were not withdrawn, in the oracle's form."""
    emitted = [one.value for one in outputs if isinstance(one.value, TicketSla)]
    emitted = [value for value in emitted if value.sla == "next_response"]
    withdrawn = {value.withdraws for value in emitted}
    return sorted(
        ((value.customer_id, value.ticket_id, value.sla), (value.state, to_us(value.decided)))
        for value in emitted
        if value.state in {"fulfilled", "breached"} and value.id not in withdrawn
    )


def assert_actions(outputs, events, now, definitions):
    actions = [output.value for output in outputs if isinstance(output.value, Action)]
    assert faults(actions, events, now, definitions) == []


def assert_unique_ids(outputs):
    ids = [output.id for output in outputs]
    assert len(ids) == len(set(ids))
