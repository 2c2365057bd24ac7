"""Which ids are one customer: the merge registry, the erased ids, and a customer's links to other customers.

Imports `definitions` and `facts`.
Start at `merge_registry`.
"""
