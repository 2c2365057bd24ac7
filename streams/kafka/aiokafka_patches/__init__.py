"""Every change to aiokafka, and every use of its private names by the worker, in one place.

Tried with aiokafka 0.14.0. "Upstream" is the issue to follow; "not reported" means that a search of the issues
of aio-libs/aiokafka found none (November 2026).

| module                | scope        | what                                           | why                                                                                                      | upstream     | test |
|-----------------------|--------------|------------------------------------------------|----------------------------------------------------------------------------------------------------------|--------------|------|
| `raw_records`         | one consumer | skips the conversion to `ConsumerRecord`       | the frozen dataclass of eleven fields takes longer than fetching and decoding a record                   | not reported | `tests/streams/kafka/aiokafka_patches/test_lenient_headers.py`, `tests/streams/faust_engine/test_transport.py` |
| `lenient_headers`     | the process  | replaces invalid UTF-8 in header names         | the decoder raises at every attempt, so that one record would stop a worker for ever                     | not reported | `tests/streams/kafka/aiokafka_patches/test_lenient_headers.py` |
| `rejected_tokens`     | the process  | raises when Kafka rejects an OAUTHBEARER token | the authenticator takes the broker's challenge (RFC 7628, 3.2.2) for success                             | not reported | `tests/streams/kafka/aiokafka_patches/test_rejected_tokens.py`, `tests/streams/kafka/test_connection_diagnosis.py` |
| `removed_records`     | one consumer | notes the partitions whose position Kafka no longer has | the consumer reads on at the earliest record, and only logs that records are missing | not reported | `tests/streams/faust_engine/test_transport.py` |
| `consumer_internals`  | one consumer | reads private fields                           | there is no public way to get the member id, to rejoin, to get a position without waiting, to drop fetched records, to get end offsets that include open transactions, or to get the metadata of committed offsets | not reported | `tests/streams/faust_engine/test_transport.py`, `tests/streams/worker/test_task.py` |

Kafka requests that aiokafka does not have are made in `streams.kafka.protocol.topic_ids`,
`streams.kafka.protocol.authorized_operations` and `streams.kafka.admin`.

Imports nothing of the project.
Start at `raw_records`.
"""  # noqa: E501 - a table
