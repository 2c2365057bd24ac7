"""The live page: its routes, its event stream, and its files in `static`.

Imports `monitoring` and `kafka`.
Start at `routes`.
"""
