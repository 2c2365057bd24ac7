"""Mappings: how the records of a shop's own topics become the contract's events (docs/mapping.md).

A mapping is read from TOML (`definition`), checked, and compiled once into closures (`program`) over the
records' own form (`formats`, `sources`). `inputs` says which topics are read and by which mapping.
"""
