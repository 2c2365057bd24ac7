"""Administrative requests to Kafka: connect, describe and delete groups, delete topics."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    GroupIdNotFound,
    GroupLoadInProgressError,
    KafkaConnectionError,
    KafkaError,
    NonEmptyGroup,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import DeleteGroupsRequest

from streams.config.load import Settings
from streams.errors import AccessDenied, BrokerUnavailable, GroupActive, RetentionError
from streams.kafka import connection_diagnosis
from streams.kafka.aiokafka_patches.rejected_tokens import install_rejected_tokens

#: Long enough for a broker over a slow line, short enough for a mistyped address.
CONNECT_MS = 8_000
ASK_DOCTOR = "`retention doctor` says which rights are missing"
#: Errors of missing ACLs: a retry fails in the same way.
AUTHORISATION_ERRORS = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
#: Both sides close TLS, and aiokafka does not wait for the close of its first connection.
_TLS_CLOSE_SECONDS = 0.1
_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 0.1


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield a connected admin client.

    Raises:
        BrokerUnavailable: no bootstrap server responds as Kafka.
        AccessDenied: Kafka rejects TLS, SASL or the credentials.
        RetentionError: on exit, for a request that Kafka rejected inside the context.
    """
    # Every program of the project connects here before it makes another client.
    install_rejected_tokens()
    admin = AIOKafkaAdminClient(**settings.client_options(), request_timeout_ms=CONNECT_MS)
    try:
        with _quiet():
            await asyncio.wait_for(admin.start(), CONNECT_MS / 1000)
    except (KafkaError, TimeoutError, OSError, ValueError) as error:
        await admin.close()
        with _quiet():
            raise await _why(settings, error) from None
    try:
        yield admin
    except AUTHORISATION_ERRORS as error:
        raise AccessDenied(f"Kafka at {settings.broker} refused: {error}", ASK_DOCTOR) from error
    except KafkaError as error:
        raise RetentionError(
            f"Kafka at {settings.broker} refused: {error}",
            "see its access rights, its settings and its own log",
        ) from error
    finally:
        await admin.close()
        if settings.connection.tls:
            await asyncio.sleep(_TLS_CLOSE_SECONDS)


async def _why(settings: Settings, error: Exception) -> RetentionError:
    """Return the cause of a failed connection. aiokafka only logs it, and raises another error."""
    if isinstance(error, KafkaConnectionError | TimeoutError):
        return await connection_diagnosis.diagnose(settings)
    return BrokerUnavailable(settings.broker, str(error))


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress aiokafka's log of each attempt, with its traceback: the raised error holds the reason."""
    log = logging.getLogger("aiokafka")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


async def coordinator(admin: AIOKafkaAdminClient, group: str) -> int:
    """Return the id of a group's coordinator. A new Kafka needs some seconds for the first request.

    Raises:
        RetentionError: Kafka names no coordinator within 30 s.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            while True:
                try:
                    return int(await admin.find_coordinator(group))
                except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError):
                    await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise RetentionError(
            f"Kafka names no coordinator for group {group}", "see its own log: it cannot keep consumer groups"
        ) from None


async def group_members(admin: AIOKafkaAdminClient, group: str) -> tuple[str, list[str]]:
    """Return a group's state (Stable, Empty, Dead, …) and the hosts of its members."""
    [response] = await admin.describe_consumer_groups([group], await coordinator(admin, group))
    [described] = response.to_object()["groups"]
    return described["state"], [member["client_host"].lstrip("/") for member in described["members"]]


async def delete_group(admin: AIOKafkaAdminClient, group: str) -> bool:
    """Delete a group with its committed offsets.

    Returns:
        whether the group existed.

    Raises:
        GroupActive: the group has members.
        RetentionError: Kafka rejects the request.
    """
    node = await coordinator(admin, group)
    # aiokafka has the request, but no method for it.
    response: Any = await admin._send_request(DeleteGroupsRequest([group]), node)  # noqa: SLF001
    [(_, code)] = response.results
    error = for_code(code)
    if error is GroupIdNotFound:
        return False
    if error is NonEmptyGroup:
        raise GroupActive(group, len((await group_members(admin, group))[1]))
    if code:
        raise RetentionError(f"group {group} cannot be deleted: {error.__name__}")
    return True


async def delete_topics(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> list[str]:
    """Delete topics, and wait until they are deleted.

    Returns:
        names of the topics that existed.

    Raises:
        RetentionError: Kafka rejects the request, or takes longer than 30 s.
    """
    existing = [topic for topic in topics if topic in set(await admin.list_topics())]
    if not existing:
        return []
    response = await admin.delete_topics(existing)
    for topic, code in response.topic_error_codes:
        if code and for_code(code) is not UnknownTopicOrPartitionError:
            raise RetentionError(f"topic {topic} cannot be deleted: {for_code(code).__name__}")
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            while set(existing) & set(await admin.list_topics()):  # noqa: ASYNC110 - Kafka sends no notification
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise RetentionError(f"the topics {', '.join(existing)} are still there; try again") from None
    return existing
