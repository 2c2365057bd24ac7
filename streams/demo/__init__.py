"""`retention demo`: a Kafka, a worker and a simulated shop on this machine, and a view of what happens."""

from streams.demo.run import Demo, plan

__all__ = ["Demo", "plan"]
