"""The named series of the contract, computed from the merged aggregates of all partitions.

Imports `definitions`, `aggregation`, `entities` and `customers`.
Start at `catalogue`.
"""
