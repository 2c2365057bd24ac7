"""Settings: flags, environment and TOML file, validated once. `Settings` is plain data.

Imports `models.definitions` and `models.contract`; no other package of `streams`.
Start at `load`; `schema` lists every setting, and `inputs` reads the `[[inputs]]` of the file.
"""
