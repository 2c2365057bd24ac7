"""The stored data: claims, the facts made from events, and a customer's fact log in its row format.

Imports `definitions` and `contract`.
Start at `fact.Fact`, then `claims`, `claim_types`, `from_events` and `log_pages`.
"""
