"""What is stored: claims, facts made from events, and the log of a customer's facts in its row format.

Imports `definitions` and `contract`.
Start at `fact.Fact`, then `from_events` and `log_pages`.
"""
