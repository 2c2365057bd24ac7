"""The worker's own counters, its Prometheus exporter, its consumer lag and its log.

Imports `config`, `kafka` and `rollup`.
Start at `worker_counters` and `exporter`.
"""
