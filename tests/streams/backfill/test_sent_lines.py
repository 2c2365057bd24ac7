"""Order lines in another currency: a load, a sample and the state agree on which do not count."""

import json

import pytest

from models.contract.decoding import decode
from models.definitions.definitions import Definitions
from models.entities.line_currencies import LineCurrencies
from models.facts.from_events import facts_of
from models.partition.partition import Partition
from models.query.orders import lines_in_other_currencies
from streams.backfill.order import Timed
from streams.backfill.sent_lines import SentLines

DEFINITIONS = Definitions(rates={"USD": 1.0, "EUR": 2.0})


def line(number, currency, amount=100, **fields):
    event = {"id": f"e{number}", "type": "order.line_placed", "time": f"2026-03-05T10:0{number}:00Z"}
    event |= {"customer_id": "ann", "order_id": "o", "line_id": f"{number}", "amount": amount}
    return json.dumps(event | {"currency": currency} | fields).encode()


def by_load(contents):
    sent = SentLines()
    for content in contents:
        sent.add(content)
    return sent.left_out([Timed(0, 0, n, 0, content) for n, content in enumerate(contents)], DEFINITIONS)


def by_sample(contents):
    found = LineCurrencies(DEFINITIONS)
    for content in contents:
        found.add(decode("orders", content))
    return found.left_out()


def by_state(contents):
    partition = Partition(DEFINITIONS, {})
    partition.resume(1_782_000_000_000_000)
    for content in contents:
        [(customer, fact)] = facts_of(decode("orders", content), DEFINITIONS)
        partition.process_one(customer, fact)
    return list(lines_in_other_currencies(partition.customer(b"ann")))


PLACED = line(3, "USD", type="order.placed")


@pytest.mark.parametrize(
    ("contents", "left_out"),
    [
        ([line(2, "EUR"), line(1, "USD")], ["e2"]),
        ([line(1, "USD", -5), line(2, "EUR")], ["e1"]),
        ([line(1, "USD", -5), line(2, "EUR", -5)], []),
        ([line(1, "USD"), line(2, "USD"), line(2, "USD")], []),
        ([line(1, "USD"), line(2, "EUR"), PLACED], []),
        ([line(1, "USD"), line(2, "EUR", order_id="other")], []),
        ([line(1, "USD"), line(2, "EUR"), line(2, "EUR")], ["e2"]),
    ],
    ids=["second", "discount first", "no order", "one currency", "placed", "two orders", "duplicate"],
)
@pytest.mark.parametrize("found_by", [by_load, by_sample, by_state])
def test_lines_in_another_currency_do_not_count(found_by, contents, left_out):
    assert found_by(contents) == left_out


def test_events_are_read_again_only_for_two_currencies():
    sent = SentLines()
    for content in (line(1, "USD"), line(2, "USD"), b"{placed", PLACED):
        sent.add(content)
    assert sent.left_out(iter(lambda: 1 / 0, None), DEFINITIONS) == []


def test_invalid_line_is_not_reported():
    assert by_load([line(1, "USD"), line(2, "EUR", line_id=""), line(3, "XXX")]) == []
