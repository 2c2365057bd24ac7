"""What happens in Faust on a rebalance: the tasks are reassigned, then the flow of records goes on.

Faust's own recovery would read the changelogs record by record. Here each task restores its rows when it is
opened (`streams.worker.task_manager`), while the tasks that stay go on. Faust finds its recovery through its
table manager, so both are replaced together.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from faust.tables.manager import TableManager
from faust.types.tuples import TP
from mode import Service
from mode.utils.locks import Event

from streams.faust_engine.types import EngineApp


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
