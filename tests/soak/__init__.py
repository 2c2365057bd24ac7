"""A soak: random faults on a running installation, whose numbers are compared with the oracle's.

Run `python -m tests.soak --help`, or `make soak`.

A seed decides everything that is not left to the machine: the events, the faults of each round, when a fault
begins, how long it takes, and what it strikes. How the processes interleave is left to the machine.

Owns what a soak needs beyond `tests.support`. Pytest runs the tests of its parts, and no soak.
Start at `run.soak`, then `plan` for what happens when, and `faults` for what it is.
"""
