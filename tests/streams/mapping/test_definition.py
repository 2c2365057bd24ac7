"""Errors in mappings and inputs: each names its table and its key, before anything is read."""

import tomllib
from pathlib import Path

import pytest

from streams.errors import RetentionError, SettingsError
from streams.mapping.mappings import bundled_tables, load

ORDER = """
[mappings.m]
customer_id = "c"
time = "t"
[[mappings.m.events]]
type = "order.placed"
order_id = "o"
amount = "a"
currency = "u"
"""


def loaded(text):
    return load(tomllib.loads(text), path=Path("retention.toml"))


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("mappings = 3", "mappings", "expected a table"),
        ("[mappings]\nm = 3", "mappings.m", "expected a table"),
        ("[mappings.m]", "mappings.m.events", "at least one [[events]]"),
        ("[mappings.m]\nevnts = []", "mappings.m.evnts", "unknown key; did you mean events?"),
        ("[mappings.m]\n[[mappings.m.events]]", "mappings.m.events[1].type", "is missing"),
        (
            '[mappings.m]\n[[mappings.m.events]]\ntype = "order.place"',
            "mappings.m.events[1].type",
            "'order.place' is no type of event; did you mean order.placed?",
        ),
        (
            '[mappings.m]\n[[mappings.m.events]]\ntype = { path = "x" }',
            "mappings.m.events[1].type",
            "a table with `path` and `values`",
        ),
        (
            '[mappings.m]\n[[mappings.m.events]]\ntype = { path = "x", values = { a = "order.plced" } }',
            "mappings.m.events[1].type",
            "did you mean order.placed?",
        ),
        (ORDER.replace('amount = "a"\n', ""), "mappings.m.events[1].amount", "is missing"),
        (
            ORDER.replace("order.placed", "order.amended"),
            "mappings.m.events[1].currency",
            "has no such field",
        ),
        (
            ORDER.replace("order.placed", "order.amended").replace('currency = "u"\n', ""),
            "mappings.m.events[1].id",
            "there may be several order.amended",
        ),
        (ORDER + 'cupon = "x"\n', "mappings.m.events[1].cupon", "did you mean coupon?"),
        (ORDER.replace('"a"', '"a["'), "mappings.m.events[1].amount", "'a[' is no JMESPath"),
        (ORDER.replace('"a"', "[1]"), "mappings.m.events[1].amount", "expected a path, a number"),
        (ORDER.replace('"a"', "{ pth = 'a' }"), "mappings.m.events[1].amount.pth", "did you mean path?"),
        (ORDER.replace('"a"', "{ path = 'a', const = 1 }"), "mappings.m.events[1].amount", "exactly one of"),
        (
            ORDER.replace('"a"', "{ path = 'a', money = 'cents' }"),
            "mappings.m.events[1].amount.money",
            '"major"',
        ),
        (ORDER.replace('"t"', "{ path = 't', time = 'sec' }"), "mappings.m.time.time", "'sec' is no unit"),
        (ORDER.replace('"t"', "{ path = 't', zone = 'Berlin' }"), "mappings.m.time.zone", "not a time zone"),
        (
            ORDER.replace('"o"', "{ template = 'x' }"),
            "mappings.m.events[1].order_id.template",
            "no {path} in it",
        ),
        (
            ORDER.replace('"o"', "{ template = '{a[}' }"),
            "mappings.m.events[1].order_id.template",
            "no JMESPath",
        ),
        (
            ORDER.replace('"o"', "{ path = 'o', match = '(' }"),
            "mappings.m.events[1].order_id.match",
            "regular",
        ),
        (
            ORDER.replace('"o"', "{ path = 'o', match = '(?!x).' }"),
            "mappings.m.events[1].order_id.match",
            "needs backtracking",
        ),
        (ORDER.replace('"o"', "{ first = [] }"), "mappings.m.events[1].order_id.first", "expected a list"),
        (
            ORDER.replace('"o"', "{ path = 'o', lower = 1 }"),
            "mappings.m.events[1].order_id.lower",
            "true or false",
        ),
        (ORDER + "on = 'insert'\n", "mappings.m.events[1].on", "'insert' is not one of create"),
        (ORDER + "when = 5\n", "mappings.m.events[1].when", "expected a path"),
        (
            ORDER.replace("customer_id", "format = 'xml'\ncustomer_id"),
            "mappings.m.format",
            "'xml' is not one of",
        ),
        (
            ORDER.replace("customer_id", "format = 'avro'\ncustomer_id"),
            "mappings.m.format",
            "schema registry",
        ),
        ("[mappings.m]\nextends = ['shopify']", "mappings.m.extends", "expected text"),
        ("[mappings.m]\nextends = 'shopfy'", "mappings.m.extends", "did you mean shopify?"),
        (
            "[mappings.a]\nextends = 'b'\n[mappings.b]\nextends = 'a'",
            "mappings.a.extends",
            "goes in a circle",
        ),
        ("inputs = []", "inputs", "at least one [[inputs]]"),
        ("[[inputs]]\ntopc = 'x'", "inputs[1].topc", "did you mean topic?"),
        ("[[inputs]]\nkind = 'orders'", "inputs[1]", "either `topic` or `pattern`"),
        ("[[inputs]]\ntopic = 'x'\npattern = 'x'", "inputs[1]", "either `topic` or `pattern`"),
        ("[[inputs]]\ntopic = 'x'", "inputs[1].mapping", "expected a mapping, or a kind"),
        ("[[inputs]]\ntopic = 'x'\nkind = 'order'", "inputs[1].kind", "'order' is not a kind of topic"),
        ("[[inputs]]\ntopic = 'x'\nmapping = 'nope'", "inputs[1].mapping", "no mapping 'nope'"),
        (
            "[[inputs]]\ntopic = 'retention.metrics'\nkind = 'orders'",
            "inputs[1].topic",
            "retention.metrics is reserved",
        ),
        ("[[inputs]]\npattern = '('\nkind = 'orders'", "inputs[1].pattern", "not a regular expression"),
        ("[[inputs]]\npattern = '(?!x).*'\nkind = 'orders'", "inputs[1].pattern", "needs backtracking"),
        (
            "[[inputs]]\ntopic = 'x'\nkind = 'orders'\n[[inputs]]\ntopic = ['y', 'x']\nkind = 'refunds'",
            "inputs[2].topic",
            "x is already an input in inputs[1]",
        ),
    ],
)
def test_invalid_mapping_names_its_key(text, name, expected):
    with pytest.raises(SettingsError) as caught:
        loaded(text)
    assert caught.value.name == name
    assert "retention.toml" in caught.value.source
    assert expected in str(caught.value)


def test_default_inputs_are_the_contracts_topics():
    kinds = ["orders", "refunds", "tickets", "reviews", "customers"]
    mappings = loaded("")
    assert {topic: mappings.reads(topic) for topic in mappings.inputs.named()} == {
        kind: kind for kind in kinds
    }


def test_topic_name_precedes_a_pattern():
    mappings = loaded(
        ORDER
        + """
        [[inputs]]
        topic = ["eu.orders", "orders"]
        kind = "orders"
        [[inputs]]
        pattern = ".*[.]orders"
        mapping = "m"
        """
    )
    found = mappings.readers(
        mappings.inputs.resolve(["eu.orders", "us.orders", "orders", "us.orders.old", "x"])
    )
    assert found == {"eu.orders": "orders", "orders": "orders", "us.orders": mappings.reader("m")}
    assert mappings.reads("x") is None


def test_topic_of_two_patterns_is_an_error():
    mappings = loaded(
        "[[inputs]]\npattern = 'a.*'\nkind = 'orders'\n[[inputs]]\npattern = '.*b'\nkind = 'refunds'"
    )
    with pytest.raises(RetentionError, match=r"ab matches two inputs: inputs\[1\] and inputs\[2\]"):
        mappings.reads("ab")


def test_mapping_overrides_the_one_it_extends():
    mappings = loaded(
        "[mappings.mine]\nextends = 'shopify'\n[mappings.mine.skip]\nb2b = \"contains(tags, 'B2B')\""
    )
    definition = mappings.reader("mine").definition
    assert set(definition.skip) == {*bundled_tables()["shopify"]["skip"], "b2b"}
    assert len(definition.rules) == len(bundled_tables()["shopify"]["events"])


def test_mapping_may_extend_the_bundled_one_of_its_name():
    mappings = loaded("[mappings.shopify]\nextends = 'shopify'\nmerge = true")
    assert mappings.reader("shopify").definition.merge is True


def test_inputs_of_the_same_configuration_are_equal():
    inputs = "[[inputs]]\npattern = 'a.*'\nkind = 'orders'"
    assert loaded(inputs).inputs == loaded(inputs).inputs
    assert loaded(inputs).inputs != loaded("").inputs
