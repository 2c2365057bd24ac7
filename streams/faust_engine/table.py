"""The customers, as a Faust table: rows by partition, a compacted changelog, written and restored in bulk.

Faust's own table would send a produce call a write, wait for ever when a changelog ends in a transaction
marker, and keep the rows of partitions that have left. Here a task writes its changed rows in its transaction
(`streams.worker.task`), and restores them when it is opened (`streams.worker.task_manager`), while the other tasks go on; Faust's
recovery only starts the flow.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import faust
from faust.tables.manager import TableManager
from faust.types.tuples import TP
from mode import Service
from mode.utils.locks import Event

if TYPE_CHECKING:
    from streams.faust_engine.app import FaustApp


#: How long a sum over all rows is good for.
_BYTES_SECONDS = 10.0


class CustomersTable(faust.Table[bytes, bytes]):
    """Customer rows (bytes) by partition: those of one partition leave with it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_partition: dict[int, dict[bytes, bytes]] = {}
        self._bytes, self._bytes_until = 0, 0.0

    def new_partition(self, partition: int) -> dict[bytes, bytes]:
        """The empty rows of a partition that is about to be restored."""
        rows: dict[bytes, bytes] = {}
        self._by_partition[partition] = rows
        return rows

    def drop(self, partition: int) -> None:
        """The partition has left."""
        self._by_partition.pop(partition, None)

    @property
    def row_count(self) -> int:
        """Rows held by this worker."""
        return sum(len(rows) for rows in self._by_partition.values())

    @property
    def byte_count(self) -> int:
        """Bytes of their keys and values, at most some seconds ago: it takes 30 ms a million rows."""
        if time.monotonic() >= self._bytes_until:
            self._bytes = sum(
                sum(map(len, rows.keys())) + sum(map(len, rows.values()))
                for rows in self._by_partition.values()
            )
            self._bytes_until = time.monotonic() + _BYTES_SECONDS
        return self._bytes


class Flow(Service):
    """Stands where Faust's recovery stood: after a rebalance tasks are reassigned, and the flow goes on."""

    def __init__(self, app: "FaustApp", manager: "BulkTableManager", **kwargs: Any) -> None:
        self.app = app
        self._manager = manager
        self._rebalanced = Event()
        self._assigned: set[TP] = set()
        self._generation = -1
        self.completed = Event()
        super().__init__(**kwargs)

    def on_partitions_revoked(self, _revoked: set[TP]) -> None:
        """Nothing is buffered here."""

    async def on_rebalance(
        self, assigned: set[TP], _revoked: set[TP], _newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Called by Faust at each assignment, inside the consumer's callback: the work is done outside."""
        self._assigned = assigned
        self._generation = generation_id
        self._rebalanced.set()

    @Service.task
    async def _go_on(self) -> None:
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
    """Faust's table manager, whose changelogs are neither subscribed to nor recovered by Faust."""

    app: "FaustApp"
    on_assigned: Callable[[set[TP], int], Awaitable[None]]
    _flow: Flow | None = None

    @property
    def recovery(self) -> Flow:  # type: ignore[override] # in place of Faust's own, and all that it is asked
        """What follows a rebalance."""
        if self._flow is None:
            self._flow = Flow(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._flow

    async def on_start(self) -> None:
        """Start at once: Faust waits a second for agents that are declared late."""
        await self._update_channels()
        await self.recovery.start()

    async def on_stop(self) -> None:
        """Stop fetching, then the flow."""
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
