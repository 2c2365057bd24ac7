"""One partition of the customers as a state machine: facts in, aggregates, outputs and messages out.

Imports every other package of `models` except `metrics` and `query`.
Start at `partition.Partition`.
"""
