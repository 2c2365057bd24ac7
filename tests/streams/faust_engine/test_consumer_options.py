"""The options of the consumer that belongs to the group, without a Kafka."""

from types import SimpleNamespace
from unittest.mock import Mock

from streams.faust_engine.app import FaustApp
from streams.faust_engine.transport import BatchThread

DAY_MS = 86_400_000


async def test_worker_may_rejoin_after_days_without_a_poll():
    """aiokafka joins again only if the consumer has polled in this time, and Faust polls only in a group."""
    thread = object.__new__(BatchThread)
    thread.app = Mock(spec=FaustApp, client_options={}, assignor=Mock(), conf=CONF)
    consumer = thread._create_worker_consumer(Mock())
    assert consumer._max_poll_interval_ms > 7 * DAY_MS
    assert consumer._rebalance_timeout_ms == 60_000
    await consumer.stop()


CONF = SimpleNamespace(
    id="shop",
    broker_max_poll_records=1,
    consumer_max_fetch_size=1,
    broker_session_timeout=45.0,
    broker_heartbeat_interval=3.0,
    broker_rebalance_timeout=60.0,
)
