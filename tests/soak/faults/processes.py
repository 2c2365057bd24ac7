"""Faults of worker processes: killed, suspended, added, removed, replaced."""

import asyncio
import random

from tests.soak.installation import WINDOWS, WORKERS, Installation

_MOST_WORKERS = 4


async def kill(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Kill a worker, or one time in four all of them, and start as many later."""
    alive = installation.deployment.alive
    victims = alive if rng.random() < 0.25 else rng.sample(alive, min(1, len(alive)))
    installation.report.log(f"kill {_names(victims)}, start as many after {seconds / 2:.1f} s")
    for victim in victims:
        installation.kill(victim)
    await asyncio.sleep(seconds / 2)
    for _ in victims:
        installation.start_worker()


async def pause(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Suspend a worker, and wake it: before or after its session has expired."""
    if not (awake := installation.awake):
        return
    victim = rng.choice(awake)
    installation.report.log(f"pause {victim.name} for {seconds:.1f} s")
    installation.paused.add(victim.name)
    victim.pause()
    try:
        await asyncio.sleep(seconds)
    finally:
        victim.wake()
        installation.paused.discard(victim.name)


async def rebalance(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Start workers and stop others, one after the other, in any order."""
    actions = [rng.choice(["start", "stop"]) for _ in range(rng.randint(2, 4))]
    for action in actions:
        awake = installation.awake
        if action == "start" and len(awake) < _MOST_WORKERS:
            installation.report.log(f"start {installation.start_worker().name}")
        elif action == "stop" and len(awake) > 1:
            await _stop_one(installation, rng)
        await asyncio.sleep(seconds / len(actions))


async def roll_out(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Replace each worker by one whose definitions have other windows."""
    [installation.windows] = [windows for windows in WINDOWS if windows != installation.windows]
    old = list(installation.deployment.alive)
    installation.report.log(f"roll out windows {', '.join(installation.windows)} to {_names(old)}")
    for worker in old:
        installation.start_worker()
        await asyncio.sleep(seconds / len(old))
        if rng.random() < 0.2:
            installation.kill(worker)
        elif worker.name not in installation.paused and worker.alive:
            await installation.stop(worker)
    for worker in old:  # one that was suspended meanwhile
        installation.kill(worker)
    for worker in installation.deployment.alive[: -WORKERS or None]:
        installation.kill(worker)


async def _stop_one(installation: Installation, rng: random.Random) -> None:
    leaving = rng.choice(installation.awake)
    code = await installation.stop(leaving)
    installation.report.log(f"stopped {leaving.name} (exit code {code})")


def _names(workers: list) -> str:
    return ", ".join(worker.name for worker in workers) or "no worker"
