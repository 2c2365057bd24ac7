"""One partition of the customers as a state machine: facts in, aggregates, outputs and messages out.

Imports every package above except `metrics` and `query`.
Start at `partition.Partition`.
"""
