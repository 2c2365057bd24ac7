"""Hostile records of any format: none stops or delays a worker, or changes another record's events."""

import json
import time

import pytest

from models.contract.decoding import EventError
from streams.mapping import program
from tests.support.mappings import mapping_reader

LINES = """
[mappings.m]
customer_id = "c"
time = { path = "t", time = "ms" }
null = ["none"]
[[mappings.m.events]]
type = "refund.completed"
each = "list"
when = "length(keys(_item)) > `0`"
refund_id = "_item.a"
order_id = "o"
amount = { path = "_item.n", money = "major", currency = "cur" }
"""
ORDER = """
[mappings.m]
customer_id = "c"
time = { path = "t", time = "ms" }
[[mappings.m.events]]
type = "order.placed"
order_id = "o"
amount = { path = "n", money = "major" }
currency = "cur"
"""
RECORD = {"c": "7", "t": 1717236000000, "o": "o1", "cur": "EUR", "n": "19.99"}


def mapped(text, **fields):
    return mapping_reader(text).map_record(json.dumps(RECORD | fields).encode())


def seconds(text, **fields):
    reader, value = mapping_reader(text), json.dumps(RECORD | fields).encode()
    began = time.process_time()
    reader.map_record(value)
    return time.process_time() - began


def test_valid_elements_beside_invalid_ones_are_events():
    result = mapped(LINES, list=[{"a": "1"}, {"a": "2", "n": 3}, {"a": "3", "n": "none"}])
    assert [event.refund_id for event in result.events] == ["2"]
    assert len(result.errors) == 2


def test_list_beyond_the_limit_is_too_large(monkeypatch):
    monkeypatch.setattr(program, "MOST_ELEMENTS", 2)
    assert len(mapped(LINES, list=[{"a": str(n), "n": 1} for n in range(2)]).events) == 2
    [error] = mapped(LINES, list=[{"a": str(n), "n": 1} for n in range(3)]).errors
    assert error.reason == "too_large"


def test_list_of_a_megabyte_takes_no_minute():
    assert seconds(LINES.replace("when", "#"), list=[{}] * 300_000) < 2
    assert seconds(LINES.replace("when", "#"), list=[{}] * 20_000) < 4


def test_only_the_first_errors_of_a_record_are_located():
    errors = mapped(LINES.replace("when", "#"), list=[{"a": "1"}] * 12).errors
    assert "`amount`" in errors[9].message
    assert "`amount`" not in errors[10].message
    assert len(errors) == 12


def test_time_of_a_list_is_linear_in_its_record():
    """Each element read the whole record again: with 40,000 fields beside 10,000 elements, for minutes."""
    others = {f"f{n}": n for n in range(40_000)}
    assert seconds(LINES, list=[{"a": "1", "n": 1}] * 10_000, **others) < 10


def test_time_of_placeholders_is_linear_in_their_number():
    lost = ["__debezium_unavailable_value"]
    text = LINES.replace("when", "#") + 'id = "lost[0].x"\n'
    assert seconds(text, list=[{"a": "1", "n": 1}] * 5_000, lost=[lost] * 20_000) < 5


@pytest.mark.parametrize(
    "deep", ["[" * 90 + "]" * 90, "[" * 900 + "]" * 900, "[" * 500_000, '{"a":' * 100_000]
)
@pytest.mark.parametrize("customer", ["7", "__debezium_unavailable_value"])
def test_deep_json_is_mapped_or_refused(deep, customer):
    value = json.dumps(RECORD | {"c": customer, "o": 1, "deep": "?"}).replace('"?"', deep).encode()
    result = mapping_reader(ORDER.replace('"o"', '"not_null(deep[0], o)"')).map_record(value)
    assert result.events or result.errors or result.anonymous


@pytest.mark.parametrize(
    "value",
    [
        {"$numberDecimal": "sNaN"},
        {"$numberDecimal": "Infinity"},
        {"$numberDecimal": "9E+999999999999999999"},
        {"$numberDecimal": "1E+6000"},
        {"$numberLong": "1" * 5000},
        {"$numberDouble": "inf"},
        {"$date": {"$numberLong": "9223372036854775807"}},
        {"scale": 10**9, "value": "B88="},
        {"scale": -(10**9), "value": "B88="},
        {"scale": 10**30, "value": "B88="},
        {"scale": 2, "value": "AAAA" * 100_000},
        "1E+999999999",
        "9" * 100_000,
        10**400,
        1e308,
    ],
    ids=lambda value: json.dumps(value)[:40],
)
@pytest.mark.parametrize("field", ["c", "t", "o", "n", "cur"])
def test_number_beyond_all_bounds_is_an_invalid_field(field, value):
    result = mapped(ORDER, **{field: value})
    assert not result.events or field in {"o", "c"}
    assert not any("cannot be mapped" in error.message for error in result.errors)


def test_defect_of_a_conversion_costs_only_its_record(monkeypatch):
    def defective(*_):
        raise ZeroDivisionError

    reader = mapping_reader(ORDER)
    monkeypatch.setattr(reader._program, "run", defective)
    [error] = reader.map_record(json.dumps(RECORD).encode()).errors
    assert isinstance(error, EventError)
    assert error.message == "mapping m: cannot be mapped: ZeroDivisionError"
    monkeypatch.setattr(reader._rows, "run", defective)
    assert reader.map_row(RECORD).errors[0].reason == "invalid_field"
