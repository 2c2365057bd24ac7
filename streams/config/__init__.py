"""Flags, environment and TOML file, validated once and turned into `Settings`.

Imports `mapping` and `models.definitions`.
Start at `load`; `schema` lists every setting.
"""
