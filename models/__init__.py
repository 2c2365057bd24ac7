"""The domain: what events say, what customers are, and what every number means.

Pure: no I/O, no clock (every `now` is an argument, in microseconds since the epoch) and no Kafka. `streams`
imports `models`, never the other way round.
"""
