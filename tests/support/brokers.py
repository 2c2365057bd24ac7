"""A cluster of three brokers, each also a controller, of which one may be absent."""

import asyncio
import base64
import uuid
from concurrent.futures import ThreadPoolExecutor

from streams.local.kafka import EmbeddedKafka
from tests.support.secured_kafka import free_ports

COUNT = 3
#: Common settings: Kafka's internal topics have three replicas, and two of them acknowledge a write.
_REPLICATED = {
    f"{topic}.{name}": value
    for topic in ("transaction.state.log", "share.coordinator.state.topic")
    for name, value in (("replication.factor", "3"), ("min.isr", "2"))
} | {
    "offsets.topic.replication.factor": "3",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    # A dead broker is detected within seconds, as dead workers are in these tests.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "3000",
    "controlled.shutdown.enable": "false",
}


class ThreeBrokers:
    """Three brokers on one machine, with small heaps."""

    def __init__(self, directory):
        ports = free_ports(2 * COUNT)
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in enumerate(ports[COUNT:], 1))
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self.brokers = [
            EmbeddedKafka(
                directory / f"broker-{node}",
                port=port,
                cluster_id=cluster_id,
                jvm_flags=("-Xmx256m",),
                settings=_REPLICATED
                | {
                    "node.id": str(node),
                    "controller.quorum.voters": voters,
                    "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
                },
            )
            for node, (port, controller) in enumerate(zip(ports[:COUNT], ports[COUNT:], strict=True), 1)
        ]

    @property
    def bootstrap(self):
        return ",".join(broker.bootstrap for broker in self.brokers)

    async def __aenter__(self):
        await asyncio.to_thread(self._each, EmbeddedKafka.start)
        return self

    async def __aexit__(self, *_):
        await asyncio.to_thread(self._each, EmbeddedKafka.kill)

    def _each(self, act):
        with ThreadPoolExecutor(COUNT) as threads:
            list(threads.map(act, self.brokers))
