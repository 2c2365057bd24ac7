"""Faults of the wall clock: a worker whose clock is wrong stops, and no number depends on it."""

import asyncio
import random
import time

from tests.soak.installation import CLOCK_TOLERANCE, Installation
from tests.support.strategies import DAY, HOUR, SECOND


async def jump(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Set the workers' wall clock forward or back, and later right again."""
    furthest = rng.choice([DAY, CLOCK_TOLERANCE * SECOND // 2])
    by = rng.randrange(-furthest, furthest)
    installation.report.log(f"wall clock jumps by {by / HOUR:+.2f} h for {seconds:.1f} s")
    installation.clock.set(time.time_ns() // 1000 + by)
    try:
        await asyncio.sleep(seconds)
    finally:
        installation.clock.set(time.time_ns() // 1000)
