"""One order, refund, ticket, cart or review: its state, derived from its claims, and its aggregates.

Imports `definitions`, `facts` and `aggregation`.
Start at `orders`. Every module has the same shape: `derive` returns the entity that a set of claims makes,
and an aggregator applies it to the aggregates and retracts it.
"""
