"""Tasks of an operator: list and redrive dead letters, erase a customer, reset a group, diagnose a set-up.

Imports `config`, `mapping`, `kafka`, `ingest` and `read_model`. The command line prints what these modules
return; the worker uses `dead_letter_retention`.
Start at `dead_letters`, `erasure`, `reset` or `doctor`.
"""
