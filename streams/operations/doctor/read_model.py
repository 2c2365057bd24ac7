"""Check the Redis of the read model: whether it answers, and whether it evicts keys."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from streams.config.load import Settings
from streams.errors import MissingExtra, SettingsError
from streams.operations.doctor.finding import Finding
from streams.read_model.store import ModelDamaged, Store


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Yield a finding about Redis if a read model is configured.

    Args:
        settings: URL of Redis, and the group.
    """
    if settings.redis is None:
        return
    try:
        store = Store(settings.redis, settings.group)
    except (MissingExtra, SettingsError) as error:
        yield Finding("fail", error.message, error.hint)
        return
    async with aclosing(store):
        from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

        try:
            await store.positions()
            policy = await store.evicts()
        except ModelDamaged as error:
            hint = "a worker builds the read model again; let no other program use the keys of its group"
            yield Finding("warn", f"Redis at {store.name} has something else under its keys: {error}", hint)
            return
        except RedisError as error:
            hint = "correct RETENTION_REDIS, or start Redis; the worker runs without a read model until then"
            yield Finding("warn", f"Redis at {store.name} does not accept the read model: {error}", hint)
            return
        if policy is not None:
            hint = "set its maxmemory-policy to noeviction: evicted keys are missing in the read model"
            yield Finding("warn", f"Redis at {store.name} evicts keys when it is full ({policy})", hint)
        else:
            yield Finding("ok", f"Redis at {store.name} answers")
