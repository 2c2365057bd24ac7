"""What is stored: claims, the facts made from events, and the log of a customer's facts in its row format.

Imports `definitions` and `contract`.
Start at `fact.Fact`, then `claims`, `claim_types`, `from_events` and `log_pages`.
"""
