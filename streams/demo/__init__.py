"""`retention demo`: a Kafka, a Redis, a worker and a simulated shop on this machine, with a live view.

Imports `config`, `kafka`, `monitoring`, `http`, `simulator` and `local`.
Start at `run.Demo`.
"""

from streams.demo.run import Demo, plan

__all__ = ["Demo", "plan"]
