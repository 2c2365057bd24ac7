"""Faults of the services beside Kafka: Redis and the schema registry."""

import asyncio
import os
import random
import signal

from redis import Redis

from tests.soak.installation import GROUP, Installation
from tests.soak.proxy import Link


async def break_redis(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Break Redis in one of many ways. Workers must not wait for it, and fill it once it is back."""
    way = rng.choice(["stopped", "suspended", "emptied", "full of junk", *_WAYS])
    installation.report.log(f"Redis is {way}, for {seconds:.1f} s")
    if way == "stopped":
        installation.redis.stop()
        try:
            await asyncio.sleep(seconds)
        finally:
            installation.redis.start()
    elif way == "suspended":
        await _suspend(installation.redis.pid, seconds)
    elif way in _WAYS:
        await _strike(installation.redis_link, way, seconds)
    else:
        await asyncio.to_thread(_empty if way == "emptied" else _fill_with_junk, installation.redis.port)


async def break_registry(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Break the schema registry while records come whose schema no worker knows."""
    way = rng.choice(["answering 503", "answering with a page", *_WAYS])
    installation.report.log(f"schema registry is {way} for {seconds:.1f} s")
    installation.traffic.add_schema()
    if way in _WAYS:
        await _strike(installation.registry_link, way, seconds)
        return
    registry = installation.registry
    registry.refusing, registry.answer = way == "answering 503", "<html>" if "page" in way else None
    try:
        await asyncio.sleep(seconds)
    finally:
        registry.refusing, registry.answer = False, None


_WAYS = {
    "cut off": Link.cut,
    "frozen": Link.freeze,
    "slow": lambda link: link.slow_down(1.5),
    "half-closed": Link.half_close,
}


async def _strike(link: Link, way: str, seconds: float) -> None:
    _WAYS[way](link)
    try:
        await asyncio.sleep(seconds)
    finally:
        link.heal()


async def _suspend(pid: int, seconds: float) -> None:
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def _empty(port: int) -> None:
    with Redis(port=port) as redis:
        redis.flushall()


def _fill_with_junk(port: int) -> None:
    """Write under the keys of the read model as another program would."""
    with Redis(port=port) as redis:
        redis.set("key of another program", "1")
        redis.set(f"{GROUP}:customer:of-no-topic", "text")
        redis.hset(f"{GROUP}:metrics", "of-no-topic", "junk")
        redis.hset(f"{GROUP}:positions", "junk", "junk")
        for key in [*redis.scan_iter(f"{GROUP}:customer:h*", count=100)][:3]:
            redis.delete(key)
            redis.set(key, "text")
