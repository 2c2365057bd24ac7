"""`retention demo`: a Kafka, a Redis, a worker and a simulated shop on this machine, with a live view.

Imports `config`, `kafka`, `monitoring`, `http`, `simulator` and `local`.
Start at `run.Demo`. `shop.toml` is the configuration of the shop.
"""

from streams.demo.configuration import configured
from streams.demo.run import Demo
from streams.demo.story import plan

__all__ = ["Demo", "configured", "plan"]
