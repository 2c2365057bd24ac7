"""The hashes of mappings, and the changes that affect them."""

import tomllib

from streams.mapping.mappings import load

TOML = """
[[inputs]]
topic = "shop.orders"
mapping = "orders"

[mappings.orders]
customer_id = "customer"

[[mappings.orders.events]]
type = "order.placed"
order_id = "id"
time = "at"
amount = "total"
currency = "currency"
"""


def compiled(toml):
    return load(tomllib.loads(toml))


def digest(toml, topic="shop.orders"):
    mappings = compiled(toml)
    return mappings.digest_of(mappings.inputs.find(topic))


def test_digest_does_not_depend_on_the_text_of_the_file():
    reordered = TOML.replace('order_id = "id"\ntime = "at"', 'time = "at"   # when\norder_id = "id"')
    unused = TOML + '\n[mappings.other]\nextends = "orders"\n'
    assert digest(TOML) == digest(reordered) == digest(unused)
    assert compiled(TOML).digest() == compiled(reordered).digest() == compiled(unused).digest()


def test_digest_depends_on_the_mapping():
    assert digest(TOML) != digest(TOML.replace('amount = "total"', 'amount = "net"'))
    assert compiled(TOML).digest() != compiled(TOML.replace('"total"', '"net"')).digest()


def test_digest_depends_on_the_mapping_that_is_extended():
    mine = '[mappings.mine]\nextends = "orders"\n'
    extending = TOML.replace('mapping = "orders"', 'mapping = "mine"') + mine
    assert digest(extending) == digest(TOML)  # nothing is added
    assert digest(extending) != digest(extending.replace('"total"', '"net"'))


def test_digest_of_events_of_the_contract_depends_on_their_kind():
    orders = '[[inputs]]\ntopic = "shop.orders"\nkind = "orders"\n'
    assert len({digest(orders), digest(orders.replace('"orders"\n', '"refunds"\n')), digest(TOML)}) == 3


def test_digest_of_all_inputs_depends_on_their_topics():
    other = TOML.replace("shop.orders", "shop.de.orders")
    pattern = TOML.replace('topic = "shop.orders"', 'pattern = "shop.orders"')
    assert len({compiled(one).digest() for one in (TOML, other, pattern)}) == 3
