"""Faust with record batches: application, transport, assignor, rebalance and table (docs/faust.md).

Owns every override of Faust's internals.
Imports `streams.config` and `streams.kafka`.
Start at `app`, then `transport`.
"""
