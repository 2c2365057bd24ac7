"""The live page: its routes, its event stream and, in `static`, its files.

Imports `monitoring` and `kafka`.
Start at `routes`.
"""
