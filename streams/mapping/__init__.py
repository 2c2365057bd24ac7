"""Mappings: how the records of a shop's own topics become the contract's events (docs/mapping.md).

A mapping is read from TOML and checked (`definition`), then compiled once into closures (`program`) over a
representation of records (`record_access`). `reader` decodes values (`formats`, `schema_registry`) and maps
them.
Imports `config`.
Start at `mappings`.
"""
