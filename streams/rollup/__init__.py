"""Combine the partial results of all tasks into one set of published metrics.

Owns the messages of an evaluation round (`protocol`), the bookkeeping of a round (`collector`) and the export
of its result (`publisher`). No I/O: `streams.worker.rollup_leader` sends and receives. Imports
`streams.kafka` and `models`. Start at `protocol`.
"""
