"""The read model's Redis: whether it answers, and keeps what it is given."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from redis.exceptions import RedisError

from streams.config.load import Settings
from streams.errors import SettingsError
from streams.operations.doctor.finding import Finding
from streams.read_model.store import Store


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Ask Redis, if there is to be one."""
    if settings.redis is None:
        return
    try:
        store = Store(settings.redis, settings.group)
    except SettingsError as error:
        yield Finding("fail", error.message, error.hint)
        return
    async with aclosing(store):
        try:
            await store.positions()
            policy = await store.evicts()
        except RedisError as error:
            hint = "correct RETENTION_REDIS, or start it: until then the worker goes on without a read model"
            yield Finding("warn", f"Redis at {store.name} does not take the read model: {error}", hint)
            return
        if policy is not None:
            hint = "set its maxmemory-policy to noeviction: what it removes is missing in the read model"
            yield Finding("warn", f"Redis at {store.name} removes keys when it is full ({policy})", hint)
        else:
            yield Finding("ok", f"Redis at {store.name} answers")
