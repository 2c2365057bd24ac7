"""The query API: the customers, tickets and orders behind a number (docs/api.md).

Every worker responds for all customers and forwards requests to the owner of a customer.
Imports `models.query`, `rollup` and `partitioner`. Start at `routes`.
"""
