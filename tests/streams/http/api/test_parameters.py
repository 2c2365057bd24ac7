import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from models.contract.messages import Profile
from models.definitions.definitions import Definitions
from models.definitions.risk_model import Parameters, RiskModel
from models.query.parameters import CustomerQuery, OrderQuery, TicketQuery
from streams.config.load import load
from streams.http.advertised_address import advertised
from streams.http.api.cursors import Moment, Place, parsed, written
from streams.http.api.formats import as_csv, wanted
from streams.http.api.parameters import read
from streams.http.api.problem_errors import Refusal


def asked(kind, text, definitions=None):
    return read(kind, URL(f"/x?{text}").query.items(), definitions or Definitions())


def test_a_question_is_read():
    assert asked(CustomerQuery, "set=lost&window=30d&limit=7") == CustomerQuery(
        set="lost", window="30d", limit=7
    )
    assert asked(TicketQuery, "breached") == TicketQuery(breached=True)
    assert asked(TicketQuery, "breached=false&due_within=2h") == TicketQuery(due_within="2h")
    assert asked(OrderQuery, "overdue=true&format=csv") == OrderQuery(overdue=True, format="csv")


@pytest.mark.parametrize(
    ("kind", "text", "parameter", "reported"),
    [
        (CustomerQuery, "lifecyle=new", "lifecyle", "there is no parameter `lifecyle` here"),
        (CustomerQuery, "lifecycle=lost", "lifecycle", "`lifecycle` is 'lost': expected one of prospect"),
        (CustomerQuery, "limit=0", "limit", "`limit` is '0': expected a whole number >= 1"),
        (CustomerQuery, "limit=1001", "limit", "`limit` is '1001': expected a whole number <= 1000"),
        (CustomerQuery, "limit=some", "limit", "`limit` is 'some': expected a whole number"),
        (CustomerQuery, "limit=1&limit=2", "limit", "`limit` is given twice"),
        (CustomerQuery, "set=lost", "window", "`set` and `window` belong together"),
        (CustomerQuery, "window=30d", "set", "`set` and `window` belong together"),
        (CustomerQuery, "set=lost&window=31d", "window", "`window` is '31d': there are 7d, 30d, 90d, 365d"),
        (CustomerQuery, "min_lateness=nan", "min_lateness", "`min_lateness` is 'nan': expected a number >="),
        (CustomerQuery, "max_p_alive=0.5", "max_p_alive", "no model has been fitted"),
        (TicketQuery, "breached&due_within=2h", "due_within", "`breached` and `due_within` exclude"),
        (TicketQuery, "due_within=soon", "due_within", "`due_within` is 'soon': expected minutes, hours or"),
        (TicketQuery, "breached=maybe", "breached", "`breached` is 'maybe': expected true or false"),
        (CustomerQuery, "min_lateness=x", "min_lateness", "`min_lateness` is 'x': expected a number"),
        (TicketQuery, "sla=promise", "sla", "`sla` needs `breached` or `due_within`"),
        (TicketQuery, "window=24h", "window", "`window` needs `breached`"),
        (TicketQuery, "breached&window=2h", "window", "`window` is '2h': there are 1h, 24h, 7d"),
        (OrderQuery, "", "overdue", "say which orders: `overdue`"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_what_is_at_fault(kind, text, parameter, reported):
    with pytest.raises(Refusal) as caught:
        asked(kind, text)
    problem = caught.value.problem
    assert (problem.status, problem.parameter) == (400, parameter)
    assert problem.detail.startswith(reported)


def test_p_alive_can_be_asked_for_once_a_model_is_fitted():
    model = RiskModel(version="v", parameters=Parameters(1, 1, 1, 1), typical_gap_days=9)
    assert asked(CustomerQuery, "max_p_alive=0.5", Definitions(risk=model)).max_p_alive == 0.5


@given(st.integers(0, 1023), st.text(max_size=128), st.none() | st.text(max_size=128))
def test_a_cursor_comes_back_as_it_went(task, customer, thing):
    place = Place(task, customer, thing)
    assert parsed(written(place), Place) == place


@given(st.text(max_size=40) | st.text(max_size=9).map(lambda text: written(Moment(0, text))))
def test_what_is_no_cursor_is_refused_and_breaks_nothing(text):
    with pytest.raises(Refusal) as caught:
        parsed(text or "-", Place)
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
def test_the_header_accept_chooses_the_format(accept, expected):
    assert wanted(None, accept) == expected
    assert wanted("csv", accept) == "csv"


def test_nested_objects_have_columns_of_their_own():
    profile = b"""{"customer_id":"a, \\"b\\"","lifecycle":"new","spender":true,"orders":2,"risk":
        {"recency_days":1,"lateness":0.5,"p_alive":null,"typical_gap_days":2},"tier":"gold","sender":false,
        "first_order":null,"last_order":null,"net_value":1.5,"currency":"USD","nps":null,"open_tickets":0,
        "as_of":"2026-01-01T00:00:00Z"}"""
    header, line, rest = as_csv(Profile, [profile]).decode().split("\r\n")
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
        ({"host": "0.0.0.0"}, "http://127.0.0.1:7000"),  # as Kafka is on this machine
        ({"host": "0.0.0.0", "advertise": "worker-1.shop:80"}, "http://worker-1.shop:80"),
    ],
)
def test_advertised_address(flags, expected):
    assert advertised(load(flags, {}), 7000) == expected
