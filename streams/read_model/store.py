"""The read model in Redis: its keys, the writes to them, and the position of each partition."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct

from streams.errors import SettingsError, missing_extra
from streams.kafka.topics import METRICS
from streams.read_model import rows, scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

#: Longer than any batch takes, and short enough to detect a Redis that hangs.
_TIMEOUT_SECONDS: Final = 5.0
_CLEAR_BATCH: Final = 1000
#: Customers that an audit looks at together: 3 ms of Redis' time.
_SCAN_BATCH: Final = 500
#: Options that name a file. TLS would read these files only at the first connection.
_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
#: A field beside the partitions': time at which the model was last complete, seconds since the epoch.
_COMPLETE: Final = "complete"


class ModelDamaged(Exception):
    """Redis holds something under the model's keys that no worker writes."""


class Inspected(Struct, frozen=True):
    """A customer as Redis holds it.

    Attributes:
        key: the customer's id.
        version: partition and offset of the profile; empty without one.
        digest: SHA-1 of the profile, in hexadecimal; empty without one.
    """

    key: bytes
    version: str
    digest: str


class Position(Struct, frozen=True):
    """The position of a partition in the model.

    Attributes:
        topic_id: id of the topic, which changes when a topic is created again under its name.
        offset: end of the applied records.
    """

    topic_id: str
    offset: int


class Keys:
    """The keys of one group's model.

    Args:
        group: prefix of all keys.
    """

    def __init__(self, group: str) -> None:
        self.customers = f"{group}:customer:"  #: prefix of the customers' keys
        self.metrics = f"{group}:metrics"
        self.at_risk = f"{group}:at-risk"
        self.valuable = f"{group}:valuable"
        self.positions = f"{group}:positions"

    @property
    def single(self) -> tuple[str, ...]:
        """All keys but the customers'. The positions come last: without them, the model is built again."""
        return (self.metrics, self.at_risk, self.valuable, self.positions)


class Store:
    """One group's model in a Redis.

    Args:
        url: `redis://`, `rediss://` or `unix://`, with the options of redis-py's `from_url`.
        group: prefix of all keys.
        metrics_topic: topic of the series; the other topic has the profiles.

    Raises:
        MissingExtra: the client of Redis is not installed.
        SettingsError: the URL has an unknown option or an invalid value.
    """

    def __init__(self, url: str, group: str, metrics_topic: str = METRICS) -> None:
        self._metrics_topic = metrics_topic
        self.name = _name(url)  #: address of the Redis, without credentials
        self.keys = Keys(group)
        self._redis = _client(url)

    def holds_series(self, tp: TopicPartition) -> bool:
        """Return whether a partition has series, not profiles."""
        return bool(tp.topic == self._metrics_topic)

    async def aclose(self) -> None:
        """Close all connections to Redis."""
        await self._redis.aclose()

    async def hang_up(self) -> None:
        """Close the open connections, so that the next command resolves the host name again."""
        await self._redis.connection_pool.disconnect()

    async def positions(self) -> tuple[dict[TopicPartition, Position], float]:
        """Return the position of each partition, and the time at which the model was last complete.

        The time is in seconds since the epoch, 0 for a model that was never complete.

        Raises:
            RedisError: Redis does not respond, or rejects the command. The other commands raise it too.
            ModelDamaged: the key holds no positions.
        """
        with _damage_of_other_types():
            found: dict[Any, Any] = await self._redis.hgetall(self.keys.positions)
        try:
            complete = float(found.pop(_COMPLETE.encode(), b"0"))
            taken = {_partition(field.decode()): _position(value.decode()) for field, value in found.items()}
        except ValueError as error:
            raise ModelDamaged(f"{self.keys.positions}: {error}") from None
        return taken, complete

    async def set_complete(self, at: float) -> None:
        """Store the time at which the model was last complete, seconds since the epoch."""
        await self._redis.hset(self.keys.positions, _COMPLETE, str(at))

    async def take(
        self, tp: TopicPartition, topic_id: str, start: int, end: int, records: Sequence[ConsumerRecord]
    ) -> int:
        """Apply a partition's records between two offsets, if they follow its position.

        Args:
            tp: topic and partition of the records.
            topic_id: id of the topic.
            start: offset at which the batch begins.
            end: offset after the batch.
            records: records of the batch, in the order of their offsets.

        Raises:
            ModelDamaged: a key has another type.

        Returns:
            The position afterwards: `end`, or more if another worker was first; less than `start` if Redis
            has lost earlier records; -1 if Redis holds another topic of this name.
        """
        keys, head = self.keys, (field_of(tp), topic_id, start, end)
        if self.holds_series(tp):
            named = [keys.positions, keys.metrics]
            script, arguments = scripts.METRICS, rows.of_metrics(records)
        else:
            named = [keys.positions, keys.at_risk, keys.valuable, keys.customers]
            script, arguments = scripts.CUSTOMERS, rows.of_customers(records)
        # The script is sent in full: a restarted Redis would not know its hash, and a batch is far larger.
        with _damage_of_other_types():
            reached: int = await self._redis.eval(script, len(named), *named, *head, *arguments)
        return reached

    async def series(self) -> dict[bytes, bytes]:
        """Return all series.

        Raises:
            ModelDamaged: the key has another type.
        """
        with _damage_of_other_types():
            held: dict[Any, Any] = await self._redis.hgetall(self.keys.metrics)
        return held

    async def customers(self) -> AsyncGenerator[list[Inspected], None]:
        """Yield the customers in batches, in no order. One may come twice."""
        prefix, batch = self.keys.customers.encode(), list[bytes]()
        async for key in self._redis.scan_iter(match=_literal(self.keys.customers) + "*", count=_SCAN_BATCH):
            batch.append(key.removeprefix(prefix))
            if len(batch) >= _SCAN_BATCH:
                yield await self.inspect(batch)
                batch = []
        yield await self.inspect(batch)

    async def inspect(self, customers: Sequence[bytes]) -> list[Inspected]:
        """Return what Redis holds of customers."""
        if not customers:
            return []
        found = await self._redis.eval(scripts.INSPECT, 1, self.keys.customers, *customers)
        pairs = zip(customers, found[::2], found[1::2], strict=True)
        return [
            Inspected(key, version.decode(errors="replace"), digest.decode())
            for key, version, digest in pairs
        ]

    async def ranks(self, name: Literal["lateness", "value"]) -> AsyncGenerator[dict[bytes, float], None]:
        """Yield the members of a ranking in batches, in no order.

        Args:
            name: score by which customers are ranked.

        Raises:
            ModelDamaged: the key has another type.
        """
        key = {"lateness": self.keys.at_risk, "value": self.keys.valuable}[name]
        cursor: int = -1
        found: Any
        while cursor:
            with _damage_of_other_types():
                cursor, found = await self._redis.zscan(key, max(cursor, 0), count=_SCAN_BATCH)
            yield dict(found)

    async def evicts(self) -> str | None:
        """Return the policy by which a full Redis evicts keys; None if it evicts none or hides it."""
        from redis.exceptions import NoPermissionError  # noqa: PLC0415 - an extra

        try:
            memory: dict[str, Any] = await self._redis.info("memory")
        except NoPermissionError:
            return None
        policy = str(memory.get("maxmemory_policy", "noeviction"))
        return policy if memory.get("maxmemory") and policy != "noeviction" else None

    async def clear(self) -> int:
        """Delete all keys of the group, and return their number."""
        removed = 0
        pattern = _literal(self.keys.customers) + "*"
        batch: list[Any] = []
        async for key in self._redis.scan_iter(match=pattern, count=_CLEAR_BATCH):
            batch.append(key)
            if len(batch) >= _CLEAR_BATCH:
                removed += await self._redis.unlink(*batch)
                batch.clear()
        for key in (*batch, *self.keys.single):
            removed += await self._redis.unlink(key)
        return removed


def _client(url: str) -> "Redis":
    try:
        from redis.asyncio import Redis  # noqa: PLC0415 - an extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ImportError:
        raise missing_extra("the read model", "redis", "redis") from None
    try:
        # The caller tries again, from the position that Redis holds.
        client = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
        client.connection_pool.make_connection()  # type: ignore[no-untyped-call] # validates the options
        for name in _FILES:
            if path := client.connection_pool.connection_kwargs.get(name):
                Path(path).read_bytes()
    except (TypeError, ValueError, OSError) as error:
        raise SettingsError(
            "RETENTION_REDIS",
            f"invalid Redis URL: {error}",
            source=_name(url),
            hint="such as rediss://user:password@host:6379/0?ssl_ca_certs=/etc/ssl/redis-ca.pem",
        ) from None
    return client


@contextmanager
def _damage_of_other_types() -> Iterator[None]:
    """Raise `ModelDamaged` instead of Redis' error for a key of another type."""
    from redis.exceptions import ResponseError  # noqa: PLC0415 - an extra

    try:
        yield
    except ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        raise ModelDamaged("a key has another type") from None


def _name(url: str) -> str:
    """Return the address of a Redis, without its credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.path if parts.scheme == 'unix' else parts.netloc.rpartition('@')[2]}"


def _literal(text: str) -> str:
    """Escape the special characters of a Redis pattern."""
    return "".join(f"\\{character}" if character in "*?[]\\^-" else character for character in text)


def field_of(tp: TopicPartition) -> str:
    """Return the name of a partition in the positions and in the versions of customers."""
    return f"{tp.topic}/{tp.partition}"


def _partition(field: str) -> TopicPartition:
    topic, _, partition = field.rpartition("/")
    return TopicPartition(topic, int(partition))


def _position(value: str) -> Position:
    topic_id, _, offset = value.rpartition(":")
    return Position(topic_id, int(offset))
