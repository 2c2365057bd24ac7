"""The faults of a soak, by name.

Each fault breaks one thing of an installation for some seconds and repairs it, also if it is cancelled. Its
choices come from the seed of its step. What it does is logged.
"""

import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.soak.faults import (
    broker,
    clients,
    clocks,
    commands,
    network,
    processes,
    records,
    services,
    state,
    transactions,
)
from tests.soak.installation import Installation
from tests.soak.plan import Step

Strike = Callable[[Installation, random.Random, float], Awaitable[None]]


class Fault(NamedTuple):
    """A fault and its effect.

    Attributes:
        strike: breaks it for some seconds.
        resource: what it breaks; two faults of a round break different things.
        summary: what it does, for `--help`.
        late: whether it comes in later rounds only, unless it is named.
    """

    strike: Strike
    resource: str
    summary: str
    late: bool = False


FAULTS = {
    "kill": Fault(processes.kill, "kill", "SIGKILL of a worker, sometimes of all"),
    "pause": Fault(processes.pause, "pause", "SIGSTOP of a worker, shorter or longer than its session"),
    "rebalance": Fault(processes.rebalance, "rebalance", "workers join, and workers leave gracefully"),
    "rollout": Fault(processes.roll_out, "rollout", "all workers are replaced by some with other windows"),
    "cut": Fault(network.cut, "link", "connections to the broker are reset"),
    "freeze": Fault(network.freeze, "link", "a partition: no byte reaches the broker or comes back"),
    "delay": Fault(network.delay, "link", "each packet to or from the broker is late"),
    "half-close": Fault(network.half_close, "link", "the broker's side of each connection ends"),
    "broker-restart": Fault(broker.restart, "broker", "the broker stops, and starts again later"),
    "broker-kill": Fault(broker.kill, "broker", "SIGKILL of the broker, and a start later"),
    "broker-pause": Fault(broker.pause, "broker", "SIGSTOP of the broker"),
    "disk": Fault(broker.slow_disk, "broker", "the broker stalls as on a slow disk, which is also kept busy"),
    "redis": Fault(services.break_redis, "redis", "Redis is away, hangs, is slow, emptied, or holds junk"),
    "registry": Fault(services.break_registry, "registry", "the schema registry refuses, hangs or is slow"),
    "hostile": Fault(records.send_hostile, "hostile", "invalid records of many kinds, and junk dead letters"),
    "transaction": Fault(
        transactions.abort, "transaction", "a producer's transaction is aborted or left open"
    ),
    "operator": Fault(commands.operate, "operator", "the operator's commands: doctor, dead-letters"),
    "clients": Fault(
        clients.misbehave, "clients", "HTTP clients that never finish, never read, or send junk"
    ),
    "clock": Fault(clocks.jump, "clock", "the workers' wall clock jumps, by minutes or by up to a day"),
    "lose-output": Fault(
        state.lose_output, "broker", "the metrics or the profiles are deleted and created again"
    ),
    "lose-topic": Fault(
        state.lose_topic,
        "broker",
        "the changelog or the facts are deleted and created again",
        late=True,
    ),
}
LATE = [name for name, fault in FAULTS.items() if fault.late]
#: What workers cannot do without: they end by themselves, and a supervisor starts them again.
ENDING = {"broker", "link", "clock"}


async def strike(installation: Installation, step: Step) -> None:
    """Run the fault of a step, and count it."""
    installation.report.faults[step.fault] += 1
    fault = FAULTS[step.fault]
    if fault.resource in ENDING:
        installation.expect_ends(step.seconds)
    await fault.strike(installation, random.Random(step.seed), step.seconds)
