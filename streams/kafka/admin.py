"""What commands ask of a Kafka beside its records: is it there, who is in the group, what is to go."""

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

#: Long enough for a broker over a slow line; who typed a wrong address does not want to wait for more.
CONNECT_MS = 8_000
ASK_DOCTOR = "`retention doctor` says which rights are missing"
#: What is refused for want of an access right, and will be refused again.
AUTHORISATION_ERRORS = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
#: TLS is closed by both sides, and aiokafka does not wait for that of its first connection.
_GOODBYE_SECONDS = 0.1
_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.1


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give an admin client that is connected.

    Raises:
        BrokerUnavailable: nobody answers at the bootstrap servers, or not as Kafka does.
        AccessDenied: Kafka answers, and there is no agreement on TLS or SASL, or on who this is.
        RetentionError: on leaving, for what Kafka refused inside.
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
            await asyncio.sleep(_GOODBYE_SECONDS)


async def _why(settings: Settings, error: Exception) -> RetentionError:
    """Find out why nobody answers: aiokafka logs the reason of each attempt, and raises another one."""
    if isinstance(error, KafkaConnectionError) and (refused := await connection_diagnosis.diagnose(settings)):
        return refused
    # That nobody answers is what the message says already.
    reason = "" if isinstance(error, KafkaConnectionError | TimeoutError) else str(error)
    return BrokerUnavailable(settings.broker, reason)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep aiokafka from logging each attempt with a traceback: the error that is raised says it once."""
    log = logging.getLogger("aiokafka")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


async def coordinator(admin: AIOKafkaAdminClient, group: str) -> int:
    """Give the broker that looks after a group. The first question to a new Kafka makes it think for a while.

    Raises:
        RetentionError: it has none to tell.
    """
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
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
    """Give a group's state (Stable, Empty, Dead, ...) and the hosts of its members."""
    [response] = await admin.describe_consumer_groups([group], await coordinator(admin, group))
    [described] = response.to_object()["groups"]
    return described["state"], [member["client_host"].lstrip("/") for member in described["members"]]


async def delete_group(admin: AIOKafkaAdminClient, group: str) -> bool:
    """Delete a group with its committed offsets; False: there was none.

    Raises:
        GroupActive: it has members.
        RetentionError: Kafka refuses.
    """
    node = await coordinator(admin, group)
    # aiokafka knows the request and has no method for it.
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
    """Delete those of `topics` that exist, wait until they are gone, and give their names.

    Raises:
        RetentionError: Kafka refuses, or takes too long.
    """
    existing = [topic for topic in topics if topic in set(await admin.list_topics())]
    if not existing:
        return []
    response = await admin.delete_topics(existing)
    for topic, code in response.topic_error_codes:
        if code and for_code(code) is not UnknownTopicOrPartitionError:
            raise RetentionError(f"topic {topic} cannot be deleted: {for_code(code).__name__}")
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while set(existing) & set(await admin.list_topics()):  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise RetentionError(f"the topics {', '.join(existing)} are still there; try again") from None
    return existing
