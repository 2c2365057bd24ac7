"""Loss of topics that workers write: the changelog with the state, the facts topic, the last values."""

import asyncio
import contextlib
import random

from tests.soak.installation import GROUP, TASKS, Installation

_CONFIG = {"retention.ms": "-1", "max.message.bytes": str(16 << 20)}


async def lose_topic(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Delete the changelog or the facts under running workers, and create the topic again.

    Workers write lost rows again or read all inputs again. Outputs and dead letters may then come twice.
    """
    name, policy = rng.choice([("customers-changelog", "compact"), ("facts", "delete")])
    topic = f"{GROUP}-{name}"
    installation.report.log(f"topic {topic} is deleted, and created again")
    installation.reprocessed = True
    await asyncio.sleep(seconds / 2)
    await _make_anew(installation, topic, policy)


async def lose_output(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Delete the metrics or the profiles under running workers, and create the topic again.

    Workers publish all last values again, each with an id of its own.
    """
    topic = rng.choice(["retention.metrics", "retention.customers"])
    installation.report.log(f"topic {topic} is deleted, and created again")
    await asyncio.sleep(seconds / 2)
    await _make_anew(installation, topic, "compact")


async def _make_anew(installation: Installation, topic: str, policy: str) -> None:
    await installation.cluster.delete(topic)
    with contextlib.suppress(AssertionError):  # a worker that started meanwhile has created it
        await installation.cluster.create({topic: TASKS}, _CONFIG | {"cleanup.policy": policy})
