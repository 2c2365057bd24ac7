"""Records of the input topics become events, facts and dead letters.

Owns which topics are inputs (`input_topics`), the way of a record to its customer's task (`router`) and the
format of dead letters (`dead_letter_record`).
Imports `streams.config`, `streams.kafka`, `streams.mapping`, `streams.monitoring` and `models`.
Start at `router`.
"""
