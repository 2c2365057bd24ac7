"""Diagnose a set-up: each check yields findings with a level and advice.

`machine` checks this machine and its settings, `schedules` the hours of support, `read_model` Redis,
`schema_registry` the schema registry, and `acls`, `topics` and `group` check Kafka. The checks change
nothing. `setup` prints the topics and access rights that a Kafka administrator creates.

Start at `check.diagnose`.
"""

from streams.operations.doctor.check import diagnose
from streams.operations.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "diagnose"]
