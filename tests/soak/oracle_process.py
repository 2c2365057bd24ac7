"""The oracle in a process of its own, so that the soak's proxies never wait for it."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import SimpleNamespace
from typing import Any

from tests.oracle import Series
from tests.support.cluster import Cluster
from tests.support.complete_shop import definitions
from tests.support.deployment import expected_series
from tests.support.published_outputs import assert_published
from tests.support.strategies import Event

_NICENESS = 5
#: All events, in the oracle's process.
_events: list[Event] = []


class OracleProcess:
    """Computes the expected numbers and outputs, from all events that were added.

    Args:
        bootstrap: the Kafka, for the outputs.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._added = 0
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)

    async def expect(
        self, events: Sequence[Event], now: int, windows: Sequence[str]
    ) -> Mapping[Series, float]:
        """Return the series of all events. Events that were passed before are not passed again."""
        new, self._added = list(events[self._added :]), len(events)
        return await self._call(_expect, new, now, tuple(windows))

    async def check_outputs(self, now: int, *, once: bool) -> tuple[int, str]:
        """Return the number of the oracle's outputs, and the differences; none if they are equal."""
        return await self._call(_check_outputs, self._bootstrap, now, once)

    async def _call(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        for process in (self._pool._processes or {}).values():
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the soak, which ends this process


def _expect(new: list[Event], now: int, windows: tuple[str, ...]) -> dict[Series, float]:
    _events.extend(new)
    return expected_series(_events, now, definitions(windows))


def _check_outputs(bootstrap: str, now: int, once: bool) -> tuple[int, str]:  # noqa: FBT001 - of another process
    cluster = Cluster(SimpleNamespace(bootstrap=bootstrap))
    deployment: Any = SimpleNamespace(cluster=cluster, tails=str)
    try:
        checked = assert_published(deployment, _events, now, once=once, definitions=definitions())
        return asyncio.run(checked), ""
    except AssertionError as error:
        wrong = str(error) or repr(error)
        return wrong.count("\n"), wrong
