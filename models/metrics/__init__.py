"""The metrics: named series, computed from the partial aggregates of all partitions (docs/metrics.md).

Imports `definitions`, `facts`, `aggregation`, `entities` and `customers`.
Start at `catalogue.compute`.
"""
