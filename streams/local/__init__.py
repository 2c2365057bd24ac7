"""Services on this machine: the embedded Kafka and the demo's Redis.

Imports `config` and `kafka`.
Start at `kafka.EmbeddedKafka`.
"""
