"""History from files: read them in any format, sort by event time, send to Kafka, or compute past metrics.

Imports `mapping`, `config`, `kafka`, `ingest`, `rollup` and `operations`, and `models`.
Start at `files` (reading), `sorted_files` (order), `load` (sending) or `replay` (past metrics); `fit` fits
the churn risk model.
"""
