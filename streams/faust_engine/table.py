"""The customers table: rows by partition, with a compacted changelog that is written and restored in bulk.

Faust's own table sends one record per write, waits for ever when a changelog ends in a transaction marker,
and keeps the rows of partitions that were revoked. Here a task writes its changed rows in its transaction
(`streams.worker.committer`) and restores them when it is opened (`streams.worker.task_manager`), while the
other tasks go on. Faust's recovery only starts the flow.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.tables.manager import TableManager
from faust.types.tuples import TP
from mode import Service
from mode.utils.locks import Event

from streams.faust_engine.types import EngineApp

#: A sum over all rows is used this long.
_BYTES_SECONDS = 10.0


class CustomersTable(faust.Table[bytes, bytes]):
    """Customer rows (bytes) by partition, so that a revoked partition's rows are dropped together."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_partition: dict[int, dict[bytes, bytes]] = {}
        self._bytes, self._bytes_until = 0, 0.0

    def new_partition(self, partition: int) -> dict[bytes, bytes]:
        """Return the empty rows of a partition that is about to be restored."""
        rows: dict[bytes, bytes] = {}
        self._by_partition[partition] = rows
        return rows

    def drop(self, partition: int) -> None:
        """Drop the rows of a revoked partition."""
        self._by_partition.pop(partition, None)

    @property
    def row_count(self) -> int:
        """Number of rows that this worker holds."""
        return sum(len(rows) for rows in self._by_partition.values())

    @property
    def byte_count(self) -> int:
        """Bytes of their keys and values, up to ten seconds old: counting takes 30 ms a million rows."""
        if time.monotonic() >= self._bytes_until:
            self._bytes = sum(
                sum(map(len, rows.keys())) + sum(map(len, rows.values()))
                for rows in self._by_partition.values()
            )
            self._bytes_until = time.monotonic() + _BYTES_SECONDS
        return self._bytes


class AssignmentFlow(Service):
    """Replaces Faust's recovery: reassigns the tasks after a rebalance, then lets the flow go on.

    Args:
        app: Faust's application.
        manager: the table manager that owns this service.
    """

    def __init__(self, app: EngineApp, manager: "BulkTableManager", **kwargs: Any) -> None:
        self.app = app
        self._manager = manager
        self._rebalanced = Event()
        self._assigned: set[TP] = set()
        self._generation = -1
        self.completed = Event()
        super().__init__(**kwargs)

    def on_partitions_revoked(self, _revoked: set[TP]) -> None:
        """Do nothing: no records are buffered here."""

    async def on_rebalance(
        self, assigned: set[TP], _revoked: set[TP], _newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Record an assignment. Faust calls this inside the consumer's callback; the work follows outside."""
        self._assigned = assigned
        self._generation = generation_id
        self._rebalanced.set()

    @Service.task
    async def _follow_assignments(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self._rebalanced):
                break
            self._rebalanced.clear()
            assigned, generation = self._assigned, self._generation
            await self._manager.on_assigned(assigned, generation)
            if self._rebalanced.is_set() or self.app.consumer_generation_id != generation:
                continue
            await self._resume()

    async def _resume(self) -> None:
        app = self.app
        await app.on_rebalance_complete.send()
        self.completed.set()
        app.flow_control.resume()
        app.consumer.resume_flow()
        await app._fetcher.maybe_start()  # noqa: SLF001 - as Faust's recovery does
        self._manager.on_actives_ready()
        self._manager.on_standbys_ready()
        app.on_rebalance_end()


class BulkTableManager(TableManager):
    """Faust's table manager, whose changelogs Faust neither subscribes to nor recovers.

    Attributes:
        on_assigned: called with the assigned partitions and the generation, after each rebalance.
    """

    app: EngineApp
    on_assigned: Callable[[set[TP], int], Awaitable[None]]
    _flow: AssignmentFlow | None = None

    @property
    def recovery(self) -> AssignmentFlow:  # type: ignore[override] # has all that Faust uses of a recovery
        """The service that follows rebalances."""
        if self._flow is None:
            self._flow = AssignmentFlow(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._flow

    async def on_start(self) -> None:
        """Start at once. Faust waits a second for agents that are declared late."""
        await self._update_channels()
        await self.recovery.start()

    async def on_stop(self) -> None:
        """Stop fetching, then the flow, then the tables."""
        await self.app._fetcher.stop()  # noqa: SLF001 - as Faust's own does
        await self.recovery.stop()
        for table in self.values():
            await table.stop()

    async def _update_channels(self) -> None:
        self._tables_finalized.set()
        for table in self.values():
            await table.maybe_start()
        await asyncio.sleep(0)
        self._tables_registered.set()
