"""Looking at a set-up: each check says ok, warn or fail, and what to do.

`local` looks at this machine and its settings, `read_model` and `registry` at what else is asked, `rights`,
`topics` and `group` at Kafka. None changes anything; `setup` says what is to be made by somebody who may.
"""

from streams.operations.doctor.check import diagnose
from streams.operations.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "diagnose"]
