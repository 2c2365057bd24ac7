"""An operator's view of transactions, which aiokafka does not have (KIP-664): find open ones, and end them.

See Kafka's protocol: DescribeProducers (61), ListTransactions (66) and WriteTxnMarkers (27).
"""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)


class _ProducersResponse(Response):
    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", _TEXT),
                        (
                            "producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("start", Int64),
                                _TAGS,
                            ),
                        ),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _ProducersStruct(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 61
    API_VERSION = 0
    RESPONSE_TYPE = _ProducersResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("name", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)), _TAGS
    )


class _TransactionsResponse(Response):
    API_KEY = 66
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_states", CompactArray(_TEXT)),
        (
            "transactions",
            CompactArray(("transactional_id", _TEXT), ("producer_id", Int64), ("state", _TEXT), _TAGS),
        ),
        _TAGS,
    )


class _TransactionsStruct(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 66
    API_VERSION = 0
    RESPONSE_TYPE = _TransactionsResponse
    SCHEMA = Schema(("states", CompactArray(_TEXT)), ("producer_ids", CompactArray(Int64)), _TAGS)


class _MarkersResponse(Response):
    API_KEY = 27
    API_VERSION = 1
    SCHEMA = Schema(
        (
            "markers",
            CompactArray(
                ("producer_id", Int64),
                (
                    "topics",
                    CompactArray(
                        ("name", _TEXT),
                        ("partitions", CompactArray(("partition", Int32), ("error_code", Int16), _TAGS)),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _MarkersStruct(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 27
    API_VERSION = 1
    RESPONSE_TYPE = _MarkersResponse
    SCHEMA = Schema(
        (
            "markers",
            CompactArray(
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                ("committed", Boolean),
                ("topics", CompactArray(("name", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)),
                ("coordinator_epoch", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Producers(Request[_ProducersStruct]):
    API_KEY = 61

    def __init__(self, topics: dict[str, list[int]]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_ProducersStruct]) -> _ProducersStruct:
        return request_struct_class([(name, numbers, {}) for name, numbers in self._topics.items()], {})


class _Transactions(Request[_TransactionsStruct]):
    API_KEY = 66

    def build(self, request_struct_class: type[_TransactionsStruct]) -> _TransactionsStruct:
        return request_struct_class([], [], {})


class _Markers(Request[_MarkersStruct]):
    API_KEY = 27

    def __init__(self, opened: "OpenTransaction") -> None:
        self._opened = opened

    def build(self, request_struct_class: type[_MarkersStruct]) -> _MarkersStruct:
        one = self._opened
        topics = [(one.tp.topic, [one.tp.partition], {})]
        marker = (one.producer_id, one.producer_epoch, False, topics, max(one.coordinator_epoch, 0), {})
        return request_struct_class([marker], {})


class OpenTransaction(NamedTuple):
    """A transaction that is open in a partition, and holds up its readers.

    Attributes:
        tp: the partition.
        start: offset of its first record there.
        producer_id: id of its producer.
        producer_epoch: epoch of its producer.
        coordinator_epoch: epoch of the coordinator that wrote the producer's last marker; -1 without one.
    """

    tp: TopicPartition
    start: int
    producer_id: int
    producer_epoch: int
    coordinator_epoch: int


class Transaction(NamedTuple):
    """What the coordinator knows of the latest transaction of a producer.

    Attributes:
        transactional_id: the producer's.
        state: such as `Ongoing`, `PrepareAbort` or `CompleteAbort`.
    """

    transactional_id: str
    state: str


async def open_transactions(client: AIOKafkaAdminClient) -> set[OpenTransaction]:
    """Return the transactions that are open in any partition. All partitions are led by one broker.

    A broker that has just started answers for some partitions with an error, and is asked again.
    """
    while True:
        response = await _answer(client, _Producers(await _partitions(client)))
        found = [(topic["name"], one) for topic in response["topics"] for one in topic["partitions"]]
        if not any(partition["error_code"] for _, partition in found):
            return {_opened(name, one, producer) for name, one in found for producer in _in_transactions(one)}
        await asyncio.sleep(0.2)


async def _partitions(client: AIOKafkaAdminClient) -> dict[str, list[int]]:
    described = await client.describe_topics()
    return {
        topic["topic"]: [one["partition"] for one in topic["partitions"]]
        for topic in described
        if not topic["error_code"]
    }


def _in_transactions(partition: dict[str, Any]) -> list[dict[str, Any]]:
    return [producer for producer in partition["producers"] if producer["start"] >= 0]


def _opened(topic: str, partition: dict[str, Any], producer: dict[str, Any]) -> OpenTransaction:
    return OpenTransaction(
        TopicPartition(topic, partition["partition"]),
        producer["start"],
        producer["producer_id"],
        producer["producer_epoch"],
        producer["coordinator_epoch"],
    )


async def transactions(client: AIOKafkaAdminClient) -> dict[int, Transaction]:
    """Return producer id -> its latest transaction, as its coordinator, the only broker, knows it."""
    response = await _answer(client, _Transactions())
    return {
        one["producer_id"]: Transaction(one["transactional_id"], one["state"])
        for one in response["transactions"]
    }


async def abort(client: AIOKafkaAdminClient, opened: Iterable[OpenTransaction]) -> None:
    """Write the markers that abort open transactions, as `kafka-transactions.sh abort` does."""
    for one in opened:
        response = await _answer(client, _Markers(one))
        [marker] = response["markers"]
        [topic] = marker["topics"]
        [partition] = topic["partitions"]
        assert partition["error_code"] == 0, f"{one}: error {partition['error_code']}"


async def _answer(client: AIOKafkaAdminClient, request: Request[Any]) -> dict[str, Any]:
    response = await client._send_request(request)
    return response.to_object()
