"""Faults of the services beside Kafka: Redis and the schema registry."""

import asyncio
import os
import random
import signal

from redis import Redis

from tests.soak.installation import Installation
from tests.soak.proxy import Link


async def break_redis(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Break Redis in one of many ways. Workers must not wait for it, and fill it once it is back."""
    way = rng.choice(["stopped", "suspended", "emptied", *_WAYS])
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
        await asyncio.to_thread(_empty, installation.redis.port)


async def break_registry(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Break the schema registry while records come whose schema no worker knows."""
    way = rng.choice(["answering 503", *_WAYS])
    installation.report.log(f"schema registry is {way} for {seconds:.1f} s")
    installation.traffic.add_schema()
    if way in _WAYS:
        await _strike(installation.registry_link, way, seconds)
        return
    installation.registry.refusing = True
    try:
        await asyncio.sleep(seconds)
    finally:
        installation.registry.refusing = False


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
