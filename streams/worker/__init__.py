"""The tasks of one worker: assignment, restore, processing, evaluation, commit.

A task is the unit of ownership: one partition of the customers, with the sources it reads. This package owns
the life of tasks and the exactly-once protocol (docs/architecture.md, "Transaction" and "Restore").
Imports `faust_engine`, `ingest`, `rollup`, `monitoring`, `kafka`, `operations` and `read_model`.
Start at `worker`, then `task`, then `committer`.
"""
