"""Aggregates of a partition: sums over sliding windows, gauges and sketches of durations. All of them merge.

Imports `definitions`.
Start at `aggregates.Aggregates`, then `window_sums`, which holds the rings of slots behind it. Series whose
names come with events are in `variant_sums`: a limited number of them, stored sparsely.
"""
