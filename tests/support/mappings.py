"""Mappings from the text of a configuration file, and their events."""

import tomllib

import msgspec

from streams.mapping.mappings import load

#: A row whose status decides the type of its event.
TABLE = """
[mappings.m]
customer_id = "customer"
[[mappings.m.events]]
type = { path = "status", values = { paid = "order.placed", void = "order.cancelled" } }
order_id = "id"
time = "at"
amount = "cents"
currency = { const = "USD" }
"""


def mapping_reader(text, name="m"):
    """Return the reader of one of the mappings in a text of TOML."""
    return load(tomllib.loads(text)).reader(name)


def reported(events):
    """Return events as dictionaries, without fields that are nothing."""
    return [{k: v for k, v in msgspec.to_builtins(event).items() if v is not None} for event in events]
