"""Redis' side of the read model: its keys, what is written to them, and how far that has come."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError

from streams.errors import SettingsError
from streams.kafka.topics import METRICS
from streams.read_model import rows, scripts

#: Longer than any batch takes, and short enough that a Redis that hangs is soon known to.
_TIMEOUT_SECONDS: Final = 5.0
_CLEAR_BATCH: Final = 1000
#: Options that name a file, which TLS would look for at the first connection only.
_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
#: A field beside the partitions': when everything had been taken last, seconds since the epoch.
_COMPLETE: Final = "complete"


class Position(Struct, frozen=True):
    """How far a partition has been taken."""

    topic_id: str
    offset: int


class Keys:
    """The keys of one group's model."""

    def __init__(self, group: str) -> None:
        self.customers = f"{group}:customer:"  #: what customers' keys begin with
        self.metrics = f"{group}:metrics"
        self.at_risk = f"{group}:at-risk"
        self.valuable = f"{group}:valuable"
        self.positions = f"{group}:positions"

    @property
    def single(self) -> tuple[str, ...]:
        """All but the customers'. The positions come last: what goes on without them starts anew."""
        return (self.metrics, self.at_risk, self.valuable, self.positions)


class Store:
    """One group's model in a Redis.

    Args:
        url: `redis://`, `rediss://` or `unix://`, with the options of redis-py's `from_url`.
        group: what the keys begin with.

    Raises:
        SettingsError: the URL has an option that there is not, or a value that is none.
    """

    def __init__(self, url: str, group: str) -> None:
        self.name = _name(url)  #: where it is, without credentials
        self.keys = Keys(group)
        self._redis = _client(url)

    async def aclose(self) -> None:
        """Close all connections to Redis."""
        await self._redis.aclose()

    async def hang_up(self) -> None:
        """Close the open connections, so that the next command resolves the host name again."""
        await self._redis.connection_pool.disconnect()

    async def positions(self) -> tuple[dict[TopicPartition, Position], float]:
        """Give how far each partition has been taken, and when all had been: seconds since 1970, 0 for never.

        Raises:
            RedisError: it does not answer, or not as it should. So do all that follow.
        """
        found: dict[Any, Any] = await self._redis.hgetall(self.keys.positions)
        complete = float(found.pop(_COMPLETE.encode(), b"0"))
        taken = {_partition(field.decode()): _position(value.decode()) for field, value in found.items()}
        return taken, complete

    async def set_complete(self, at: float) -> None:
        """Note when all that there was had been taken, or that none of it can have gone unseen since."""
        await self._redis.hset(self.keys.positions, _COMPLETE, str(at))

    async def take(
        self, tp: TopicPartition, topic_id: str, start: int, end: int, records: Sequence[ConsumerRecord]
    ) -> int:
        """Take a partition's records between two offsets, if that is what comes next.

        Returns:
            How far the partition has been taken now: `end`, or more where another was first; less than
            `start` where Redis has lost what came before; -1 where it holds another topic of that name.
        """
        keys, head = self.keys, (_field(tp), topic_id, start, end)
        if tp.topic == METRICS:
            named = [keys.positions, keys.metrics]
            script, arguments = scripts.METRICS, rows.of_metrics(records)
        else:
            named = [keys.positions, keys.at_risk, keys.valuable, keys.customers]
            script, arguments = scripts.CUSTOMERS, rows.of_customers(records)
        # Not by its hash: a Redis that has been restarted would not know it, and a batch is far larger.
        reached: int = await self._redis.eval(script, len(named), *named, *head, *arguments)
        return reached

    async def evicts(self) -> str | None:
        """Give the policy by which keys are removed where there is no room; None: none are, or who knows."""
        try:
            told: dict[str, Any] = await self._redis.info("memory")
        except NoPermissionError:
            return None
        policy = str(told.get("maxmemory_policy", "noeviction"))
        return policy if told.get("maxmemory") and policy != "noeviction" else None

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


def _client(url: str) -> Redis:
    try:
        # Whoever calls tries again, from where Redis says that it is.
        client = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
        client.connection_pool.make_connection()  # type: ignore[no-untyped-call] # it is here that options are looked at
        for name in _FILES:
            if path := client.connection_pool.connection_kwargs.get(name):
                Path(path).read_bytes()
    except (TypeError, ValueError, OSError) as error:
        raise SettingsError(
            "RETENTION_REDIS",
            f"is no URL of a Redis: {error}",
            source=_name(url),
            hint="such as rediss://user:password@host:6379/0?ssl_ca_certs=/etc/ssl/redis-ca.pem",
        ) from None
    return client


def _name(url: str) -> str:
    """Return the address of a Redis, without its credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.path if parts.scheme == 'unix' else parts.netloc.rpartition('@')[2]}"


def _literal(text: str) -> str:
    """Escape what has a meaning in a pattern."""
    return "".join(f"\\{character}" if character in "*?[]\\^-" else character for character in text)


def _field(tp: TopicPartition) -> str:
    return f"{tp.topic}/{tp.partition}"


def _partition(field: str) -> TopicPartition:
    topic, _, partition = field.rpartition("/")
    return TopicPartition(topic, int(partition))


def _position(value: str) -> Position:
    topic_id, _, offset = value.rpartition(":")
    return Position(topic_id, int(offset))
