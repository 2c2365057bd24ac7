"""The read model in Redis: customers and metrics for services that query instead of subscribing.

Imports `kafka` and `errors`; the client of Redis is an extra and is imported on first use.
Start at `follower`; docs/read-model.md describes the keys.
"""
