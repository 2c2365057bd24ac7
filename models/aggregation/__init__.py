"""Mergeable sums over sliding windows, gauges and duration sketches.

Imports `definitions`.
Start at `aggregates.Aggregates`; `window_sums` holds the rings of buckets behind it.
"""
