"""A missing optional package is an error at the start that names the extra."""

import sys

import pytest

from streams.config import extras
from streams.errors import MissingExtra
from streams.mapping.mappings import load
from streams.mapping.schema_registry import SchemaRegistry, require_extra

MAPPING = {"mappings": {"m": {"format": "avro", "events": [
    {"type": "order.shipped", "order_id": "id", "customer_id": "who", "time": "at"},
]}}}  # fmt: skip


@pytest.fixture
def without(monkeypatch):
    """Call with a module that is not to be found."""
    find_spec = extras.find_spec

    def hide(name):
        def found(module, *more):
            return None if module.startswith(name) else find_spec(module, *more)

        for owner in ("streams.config.extras", "streams.mapping.schema_registry"):
            monkeypatch.setattr(sys.modules[owner], "find_spec", found)

    return hide


def test_sentiment_without_package_names_the_extra(without):
    extras.require_sentiment()
    without("vaderSentiment")
    with pytest.raises(MissingExtra, match=r"retention-streams\[sentiment\]"):
        extras.require_sentiment()


@pytest.mark.parametrize(
    ("form", "module"), [("avro", "fastavro"), ("protobuf", "google.protobuf"), ("protobuf", "google.type")]
)
def test_format_without_package_names_the_extra(without, form, module):
    require_extra(form)
    without(module)
    with pytest.raises(MissingExtra, match=rf"retention-streams\[{form}\]"):
        require_extra(form)


def test_mapping_of_a_missing_format_fails_at_the_start(without):
    without("fastavro")
    with pytest.raises(MissingExtra):
        load(MAPPING, registry=SchemaRegistry(None))
