"""The tasks of one worker: assignment, restore, processing, commits, outputs.

Imports `faust_engine`, `ingest`, `rollup`, `monitoring` and `kafka`.
Start at `worker.Worker`, then `task`.
"""
