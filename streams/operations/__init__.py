"""What an operator does: list and redrive dead letters, erase a customer, diagnose a set-up.

Imports `config`, `kafka` and `ingest`.
Start at `dead_letters`, `erasure` or `doctor`.
"""
