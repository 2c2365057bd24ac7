"""The registry of claim types: complete, and true to the events."""

from typing import get_args

import pytest

from models.contract.events import EVENT_TYPES
from models.facts.claim_types import CLAIM_TYPES, EVENT_TYPE_OF, NON_CUSTOMER_CLAIMS, makes_customer
from models.facts.claims import Acted, EventClaim, Placed, Shared, StockMissed
from models.facts.from_events import CLAIM_BUILDERS


def test_claim_has_the_type_of_its_event():
    assert EVENT_TYPE_OF[Placed] == "order.placed"
    assert EVENT_TYPE_OF[StockMissed] == "stock.missed"


def test_action_makes_no_customer():
    assert makes_customer(Shared(0, "e"))
    assert not makes_customer(Acted(0, "e", 0, False))
    assert Acted in NON_CUSTOMER_CLAIMS


def test_every_claim_class_has_an_entry():
    assert set(CLAIM_TYPES) == set(get_args(EventClaim))


def test_every_event_class_has_a_claim_builder():
    assert set(CLAIM_BUILDERS) == set(EVENT_TYPES.values())


def test_event_types_are_those_of_the_contract():
    assert set(EVENT_TYPE_OF.values()) - {"action.asked"} <= set(EVENT_TYPES)


@pytest.mark.parametrize("entry", CLAIM_TYPES.values(), ids=lambda entry: entry.event_type)
def test_renamed_fields_exist_in_claim_and_event(entry):
    assert set(entry.fields) <= set(entry.claim.__struct_fields__)
    if entry.event_type in EVENT_TYPES:
        fields = EVENT_TYPES[entry.event_type].__struct_fields__
        assert {field.name for field in entry.fields.values()} <= set(fields)
