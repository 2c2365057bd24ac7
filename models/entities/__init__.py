"""One order, refund, ticket, cart or review: its state as a function of its claims, and its aggregates.

Imports `definitions`, `facts` and `aggregation`.
Start at `orders`: every module has the same shape.
"""
