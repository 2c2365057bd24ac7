"""Faults of the wall clock. With the clock of events, no number depends on it."""

import asyncio
import random
import time

from tests.soak.installation import Installation
from tests.support.strategies import DAY


async def jump(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Set the workers' wall clock forward or back, and later right again."""
    by = rng.randrange(-DAY, DAY)
    installation.report.log(f"wall clock jumps by {by / DAY * 24:+.1f} h for {seconds:.1f} s")
    installation.clock.set(time.time_ns() // 1000 + by)
    try:
        await asyncio.sleep(seconds)
    finally:
        installation.clock.set(time.time_ns() // 1000)
