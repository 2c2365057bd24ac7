"""The named series of the contract, computed from the totals aggregates of all partitions.

Imports `definitions`, `aggregation`, `entities` and `customers`.
Start at `catalogue`.
"""
