"""The Faust application of a worker, with its own transport, assignor and table manager."""

import logging
from collections.abc import Callable
from typing import cast

from streams.config.load import Settings
from streams.errors import RetentionError
from streams.faust_engine.assignor import TaskAssignor
from streams.faust_engine.rebalance import BulkTableManager
from streams.faust_engine.transport import BatchConsumer, BatchTransport
from streams.faust_engine.types import EngineApp

log = logging.getLogger(__name__)


class FaustApp(EngineApp):
    """Faust's application, with its own transport, assignor and table manager.

    Args:
        settings: validated settings.
        address: returns the URL at which other workers reach this one; called when the worker joins its
            group. Unset: the host and port of the settings.

    Attributes:
        client_options: connection options for aiokafka's clients.
    """

    def __init__(self, settings: Settings, address: Callable[[], str] | None = None) -> None:
        self.client_options = settings.client_options()
        configured_address = f"http://{settings.host}:{settings.port}"
        self._address = address or (lambda: configured_address)
        super().__init__(
            settings.group,
            broker=[f"kafka://{server}" for server in settings.broker.split(",")],
            store="memory://",
            origin=None,
            autodiscover=False,
            topic_partitions=settings.partitions,
            topic_allow_declare=False,
            topic_disable_leader=True,
            TableManager=BulkTableManager,
            PartitionAssignor=TaskAssignor,
            canonical_url=configured_address,
            web_enabled=False,
            broker_session_timeout=settings.session_timeout,
            broker_heartbeat_interval=settings.session_timeout / 3,
            broker_rebalance_timeout=30.0,
            broker_request_timeout=60.0,
            broker_max_poll_records=4000,
            consumer_max_fetch_size=4 << 20,
            stream_buffer_maxsize=4,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            producer_linger=0.0,
        )

    @property
    def address(self) -> str:
        """URL at which other workers reach this one."""
        return self._address()

    @property
    def batch_consumer(self) -> BatchConsumer:
        """The group's consumer, once the app has started."""
        return cast("BatchConsumer", self.consumer)

    def owners(self) -> dict[int, str]:
        """Return the address of each task's owner, as of the last assignment."""
        return cast("TaskAssignor", self.assignor).owners()

    @property
    def bulk_tables(self) -> BulkTableManager:
        """The table manager of the app."""
        return cast("BulkTableManager", self.tables)

    def _create_directories(self) -> None:
        """Create none: the state is in memory and in Kafka."""

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_producer, self)

    async def crash(self, reason: BaseException) -> None:
        """Shut down gracefully because of `reason`. Errors that follow from the first one are not logged.

        Faust's own method would crash the consumer's thread too. A rebalance under way would then never end,
        and with it the shutdown. The command line prints a `RetentionError`; other errors are logged here.
        """
        if self.crash_reason is not None:
            return
        if not isinstance(reason, RetentionError):
            log.error("the worker has to stop", exc_info=reason)
        self.crash_reason = reason
        self._crashed.set()

    async def wait_until_crashed(self) -> None:
        """Wait until `crash` was called, or Faust itself crashed."""
        await self._crashed.wait()
