"""One customer: the facts by entity, the indexes over them, and the customer's part of the aggregates.

Imports `definitions`, `facts`, `identity`, `entities` and `aggregation`.
Start at `customer`, then `lifecycle` and `retention`.
"""
