"""Query parameters, cursors and formats: valid ones are parsed, invalid ones are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from models.contract.messages import Profile
from models.definitions.definitions import Definitions
from models.definitions.risk_model import Parameters, RiskModel
from models.query.movement_parameters import ExplainQuery
from models.query.parameters import CohortQuery, CustomerQuery, OrderQuery, TicketQuery
from streams.config.load import load
from streams.http.advertised_address import advertised_url
from streams.http.api.cursors import EventCursor, ListCursor, decode, encode
from streams.http.api.formats import negotiate, to_csv
from streams.http.api.parameters import read
from streams.http.api.problem_errors import ProblemError


def parsed(kind, text, definitions=None):
    return read(kind, URL(f"/x?{text}").query.items(), definitions or Definitions())


def test_valid_parameters_are_parsed():
    assert parsed(CustomerQuery, "set=lost&window=30d&limit=7") == CustomerQuery(
        set="lost", window="30d", limit=7
    )
    assert parsed(TicketQuery, "breached") == TicketQuery(breached=True)
    assert parsed(TicketQuery, "paused&team=billing") == TicketQuery(paused=True, team="billing")
    assert parsed(TicketQuery, "breached=false&due_within=2h") == TicketQuery(due_within="2h")
    assert parsed(OrderQuery, "overdue=true&format=csv") == OrderQuery(overdue=True, format="csv")


@pytest.mark.parametrize(
    ("kind", "text", "parameter", "reported"),
    [
        (
            CustomerQuery,
            "lifecyle=new",
            "lifecyle",
            "unknown parameter `lifecyle`; known here: age, cohort, cursor, exact",
        ),
        (CustomerQuery, "lifecycle=lost", "lifecycle", "`lifecycle` is 'lost': expected one of prospect"),
        (CustomerQuery, "limit=0", "limit", "`limit` is '0': expected a whole number >= 1"),
        (CustomerQuery, "limit=1001", "limit", "`limit` is '1001': expected a whole number <= 1000"),
        (CustomerQuery, "limit=some", "limit", "`limit` is 'some': expected a whole number"),
        (CustomerQuery, "limit=1&limit=2", "limit", "parameter `limit` occurs twice"),
        (CustomerQuery, "set=lost", "window", "`set` and `window` require each other"),
        (CustomerQuery, "window=30d", "set", "`set` and `window` require each other"),
        (
            CustomerQuery,
            "set=lost&window=31d",
            "window",
            "`window` is '31d': expected one of 7d, 30d, 90d, 365d",
        ),
        (CustomerQuery, "min_lateness=nan", "min_lateness", "`min_lateness` is 'nan': expected a number >="),
        (CustomerQuery, "max_p_alive=0.5", "max_p_alive", "`max_p_alive` requires a fitted model"),
        (TicketQuery, "breached&due_within=2h", "due_within", "`breached` and `due_within` exclude"),
        (
            TicketQuery,
            "due_within=2h%0A",
            "due_within",
            r"`due_within` is '2h\n': expected minutes, hours or",
        ),
        (CustomerQuery, "cohort=2026-05%0A", "cohort", r"`cohort` is '2026-05\n': expected a month such as"),
        (
            CustomerQuery,
            "cohort=0000-01",
            "cohort",
            "`cohort` is '0000-01': expected a month such as 2026-05",
        ),
        (CohortQuery, "from=2026-00", "from", "`from` is '2026-00': expected a month such as 2026-05"),
        (CohortQuery, "to=2026-1", "to", "`to` is '2026-1': expected a month such as 2026-05"),
        (TicketQuery, "due_within=soon", "due_within", "`due_within` is 'soon': expected minutes, hours"),
        (TicketQuery, "breached=maybe", "breached", "`breached` is 'maybe': expected true or false"),
        (CustomerQuery, "min_lateness=x", "min_lateness", "`min_lateness` is 'x': expected a number"),
        (TicketQuery, "sla=promise", "sla", "`sla` requires `breached` or `due_within`"),
        (TicketQuery, "window=24h", "window", "`window` requires `breached`"),
        (TicketQuery, "breached&window=2h", "window", "`window` is '2h': expected one of 1h, 24h, 7d"),
        (OrderQuery, "", "overdue", "parameter `overdue` or `refunded` is missing"),
        (TicketQuery, "team=", "team", "`team` is '': expected a text with a length of at least 1"),
        (ExplainQuery, "", "metric", "parameter `metric` is missing: expected one of retention_churn_ratio"),
    ],
)
def test_invalid_parameter_is_rejected_with_its_name(kind, text, parameter, reported):
    with pytest.raises(ProblemError) as caught:
        parsed(kind, text)
    problem = caught.value.problem
    assert (problem.status, problem.parameter) == (400, parameter)
    assert problem.detail.startswith(reported)


def test_max_p_alive_is_valid_with_a_fitted_model():
    model = RiskModel(version="v", parameters=Parameters(1, 1, 1, 1), typical_gap_days=9)
    assert parsed(CustomerQuery, "max_p_alive=0.5", Definitions(risk=model)).max_p_alive == 0.5


@given(st.integers(0, 1023), st.text(max_size=128), st.none() | st.text(max_size=128))
def test_cursor_survives_encoding(task, customer, item):
    cursor = ListCursor(task, customer, item)
    assert decode(encode(cursor), ListCursor) == cursor


@given(st.text(max_size=40) | st.text(max_size=9).map(lambda text: encode(EventCursor(0, text))))
def test_invalid_cursor_is_rejected(text):
    with pytest.raises(ProblemError) as caught:
        decode(text or "-", ListCursor)
    assert caught.value.problem.parameter == "cursor"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("text/csv;q=0.5, application/json", "json"),
        ("application/json;q=0.1, text/*", "csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("text/csv;q=x", "json"),
    ],
)
def test_accept_header_selects_the_format(accept, expected):
    assert negotiate(None, accept) == expected
    assert negotiate("csv", accept) == "csv"


def test_nested_fields_become_csv_columns():
    profile = b"""{"customer_id":"a, \\"b\\"","lifecycle":"new","spender":true,"orders":2,"risk":
        {"recency_days":1,"lateness":0.5,"p_alive":null,"typical_gap_days":2},"tier":"gold","sender":false,
        "first_order":null,"last_order":null,"net_value":1.5,"currency":"USD","nps":null,"open_tickets":0,
        "as_of":"2026-01-01T00:00:00Z"}"""
    header, line, rest = to_csv(Profile, [profile]).decode().split("\r\n")
    assert header.startswith(
        "customer_id,lifecycle,tier,spender,sender,first_order,last_order,orders,net_value"
    )
    assert "risk_recency_days,risk_typical_gap_days,risk_lateness,risk_p_alive,nps" in header
    assert line.startswith('"a, ""b""",new,gold,true,false,,,2,1.5,USD,1,2,0.5,,,0,2026')
    assert rest == ""


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, "http://127.0.0.1:7000"),
        ({"host": "10.1.2.3"}, "http://10.1.2.3:7000"),
        ({"host": "::1"}, "http://[::1]:7000"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:7000"),  # the address on the route to Kafka
        ({"host": "0.0.0.0", "advertise": "worker-1.shop:8080"}, "http://worker-1.shop:8080"),
        # As the assignment has it: an address that is written in two ways would not be signed as one.
        ({"advertise": "Worker-1.shop:80"}, "http://worker-1.shop"),
    ],
)
def test_advertised_address_is_parsed(flags, expected):
    assert advertised_url(load(flags, {}), 7000) == expected
