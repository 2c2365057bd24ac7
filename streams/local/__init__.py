"""Services on this machine: the embedded Kafka and the Redis of the demo (extra `demo`).

Imports `streams.errors` only.
Start at `kafka.EmbeddedKafka`.
"""
