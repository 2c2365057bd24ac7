"""The HTTP server of a worker: probes, metrics, the query API and the live page.

Imports `worker`, `monitoring` and `models.query`.
Start at `server`.
"""
