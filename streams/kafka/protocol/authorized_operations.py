"""The operations that Kafka allows on topics: a version of `Metadata` that aiokafka does not have.

See Kafka's protocol, `Metadata` version 8: https://kafka.apache.org/protocol#The_Messages_Metadata.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String
from msgspec import Struct

#: Operation -> its code in Kafka's AclOperation, the number of its bit.
_OPERATIONS: Final = {
    "READ": 3,
    "WRITE": 4,
    "CREATE": 5,
    "DELETE": 6,
    "ALTER": 7,
    "DESCRIBE": 8,
    "DESCRIBE_CONFIGS": 10,
    "ALTER_CONFIGS": 11,
}
#: Value in place of the bits if the Kafka does not report them.
_NOT_REPORTED: Final = -(1 << 31)


class _Response(Response):  # type: ignore[misc] # aiokafka is not typed
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(("node_id", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8"))),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _RequestStruct(RequestStruct):  # type: ignore[misc] # aiokafka is not typed
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _Response
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _Metadata(Request[_RequestStruct]):  # type: ignore[misc] # aiokafka is not typed
    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_RequestStruct]) -> _RequestStruct:
        return request_struct_class(self._topics, False, False, True)  # creates no topic


class Allowed(Struct, frozen=True):
    """The allowed operations of a topic.

    Attributes:
        exists: whether the topic exists; true also if it may not be described.
        operations: names of the allowed operations; None if this Kafka does not report them.
    """

    exists: bool
    operations: Collection[str] | None


async def authorized_operations(client: AIOKafkaAdminClient, topics: Sequence[str]) -> dict[str, Allowed]:
    """Return topic -> its allowed operations, for existing and missing topics. No topic is created."""
    try:
        response: Any = await client._send_request(_Metadata(list(topics)))  # noqa: SLF001 - see above
    except NotImplementedError:  # a Kafka before 2.3
        return dict.fromkeys(topics, Allowed(exists=True, operations=None))
    return {topic["topic"]: _allowed(topic) for topic in response.to_object()["topics"]}


def _allowed(topic: dict[str, Any]) -> Allowed:
    if topic["error_code"] == TopicAuthorizationFailedError.errno:
        return Allowed(exists=True, operations=())
    bits = topic["authorized_operations"]
    return Allowed(
        exists=topic["error_code"] != UnknownTopicOrPartitionError.errno,
        operations=None
        if bits == _NOT_REPORTED
        else [n for n, code in _OPERATIONS.items() if bits >> code & 1],
    )
