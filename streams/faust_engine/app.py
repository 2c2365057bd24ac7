"""The Faust application: with the transport, the assignor and the table manager of our own."""

import logging
from typing import cast

import faust

from streams.config.load import Settings
from streams.errors import RetentionError
from streams.faust_engine.assignor import TaskAssignor
from streams.faust_engine.table import BulkTableManager
from streams.faust_engine.transport import BatchConsumer, BatchTransport

log = logging.getLogger(__name__)


class FaustApp(faust.App):
    """Faust, with the transport, the assignor and the table manager of our own."""

    def __init__(self, settings: Settings) -> None:
        self.client_options = settings.client_options()
        #: Where other workers reach this one; told to the group when it joins.
        self.address = f"http://{settings.host}:{settings.port}"
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
            canonical_url=f"http://{settings.host}:{settings.port}",
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
    def batch_consumer(self) -> BatchConsumer:
        """The group's consumer, once the app has started."""
        return cast("BatchConsumer", self.consumer)

    def owners(self) -> dict[int, str]:
        """Give the address of each task's owner, as of the last assignment."""
        return cast("TaskAssignor", self.assignor).owners()

    @property
    def bulk_tables(self) -> BulkTableManager:
        """The table manager."""
        return cast("BulkTableManager", self.tables)

    def _create_directories(self) -> None:
        """Nothing is kept on disk: the state is in memory and in Kafka."""

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_producer, self)

    async def crash(self, reason: BaseException) -> None:
        """Stop in order because of `reason`; what follows from the first one is not said.

        Not as Faust does: it would crash the consumer's thread too, without which a rebalance under way, and
        with it an orderly stop, never ends. What a person can mend is said in a line by the command.
        """
        if self.crash_reason is not None:
            return
        if not isinstance(reason, RetentionError):
            log.error("the worker has to stop", exc_info=reason)
        self.crash_reason = reason
        self._crashed.set()
