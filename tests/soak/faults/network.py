"""Faults of the network between workers and the broker, made by the proxies in front of it."""

import asyncio
import contextlib
import random
from collections.abc import Iterator

from tests.soak.installation import Installation
from tests.soak.proxy import Link


async def cut(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Reset the connections of some workers, and every new one."""
    with _struck(installation, rng, f"cut for {seconds:.1f} s") as links:
        for link in links:
            link.cut()
        await asyncio.sleep(seconds)


async def freeze(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Deliver nothing between the broker and some workers, whose connections stay open."""
    with _struck(installation, rng, f"frozen for {seconds:.1f} s") as links:
        for link in links:
            link.freeze()
        await asyncio.sleep(seconds)


async def delay(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Deliver every packet late."""
    late = rng.uniform(0.05, 0.8)
    with _struck(installation, rng, f"delayed by {late * 1000:.0f} ms for {seconds:.1f} s") as links:
        for link in links:
            link.slow_down(late)
        await asyncio.sleep(seconds)


async def half_close(installation: Installation, rng: random.Random, seconds: float) -> None:
    """End the broker's side of each connection, a few times."""
    with _struck(installation, rng, f"half-closed three times in {seconds:.1f} s") as links:
        for _ in range(3):
            for link in links:
                link.half_close()
            await asyncio.sleep(seconds / 3)


@contextlib.contextmanager
def _struck(installation: Installation, rng: random.Random, what: str) -> Iterator[list[Link]]:
    """Yield the links to break: one, or all of them in one case of three. They are repaired afterwards."""
    everywhere = rng.random() < 0.33
    links = installation.links if everywhere else [rng.choice(installation.links)]
    which = "all links" if everywhere else f"link {installation.links.index(links[0]) + 1}"
    installation.report.log(f"{which} to the broker {what}")
    try:
        yield links
    finally:
        for link in links:
            link.heal()
