"""The cache of decoded customers, in two generations."""

import pytest

from models.customers import cache
from models.customers.cache import CustomerCache
from models.entities.exposures import REFUND, STOCKOUT


@pytest.fixture
def decoded(monkeypatch):
    """Return the keys of all decoded customers, in a cache with generations of two customers."""
    monkeypatch.setattr(cache, "_GENERATION", 2)
    return []


def cache_of(decoded, generation=None):
    def visible_facts(key):
        decoded.append(key)
        return []

    return CustomerCache(visible_facts, generation)


def test_customer_is_decoded_once_while_cached(decoded):
    customers = cache_of(decoded)
    first = customers.get(b"a")
    customers.get(b"b")
    customers.get(b"c")
    assert customers.get(b"a") is first
    assert decoded == [b"a", b"b", b"c"]


@pytest.mark.parametrize(("generation", "again"), [(None, [b"a"]), (5, [])])
def test_larger_cache_decodes_no_customer_again(decoded, generation, again):
    customers = cache_of(decoded, generation)
    for key in (b"a", b"b", b"c", b"d", b"e", b"a"):
        customers.get(key)
    assert decoded[5:] == again


def test_peek_does_not_keep_a_customer(decoded):
    customers = cache_of(decoded)
    assert customers.peek(b"a") is not customers.peek(b"a")
    assert decoded == [b"a", b"a"]


def test_exposures_outlive_a_dropped_customer(decoded):
    customers = cache_of(decoded)
    exposures = {REFUND: [7, 9], STOCKOUT: [490_000]}
    customers.get(b"a").facts.exposures = exposures
    for key in (b"b", b"c", b"d", b"e"):
        customers.get(key)
    assert customers.get(b"a").facts.exposures == exposures
    assert decoded.count(b"a") == 2
