"""Kafka's topics: there, cut as they should be, kept as they should be."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.config.load import Settings
from streams.errors import InputsMissing, PartitionsChanged
from streams.ingest import input_topics
from streams.kafka.topics import Topic, required
from streams.operations.doctor import setup
from streams.operations.doctor.finding import Finding

_DAY_MS: Final = 86_400_000

Configs = Mapping[str, Mapping[str, str]]


async def findings(client: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    """Check the cluster and all topics that a worker uses."""
    cluster = await client.describe_cluster()
    brokers = len(cluster["brokers"])
    yield Finding("ok", f"Kafka answers at {settings.broker} ({brokers} broker{'s' if brokers > 1 else ''})")
    there = {
        topic["topic"]: topic["partitions"]
        for topic in await client.describe_topics()  # all: to ask for one by name may make it
        if topic["error_code"] == 0
    }
    read = {**settings.mappings.named(), **input_topics.resolved(settings, there)}
    wanted = {topic.name: topic for topic in required(settings.group, settings.partitions, read)}
    described = {name: partitions for name, partitions in there.items() if name in wanted}
    missing = [topic for name, topic in wanted.items() if name not in described]
    yield _missing([topic for topic in missing if not topic.given], settings)
    if given := [topic.name for topic in missing if topic.given]:
        error = InputsMissing(given)
        yield Finding("fail", error.message, error.hint)
    for name, partitions in described.items():
        for finding in _cut(wanted[name], partitions, brokers):
            yield finding
    configs = await _configs(client, list(described))
    for name in described:
        for finding in _kept(wanted[name], configs[name], settings.definitions.horizon_days):
            yield finding


def _missing(topics: list[Topic], settings: Settings) -> Finding:
    if not topics:
        return Finding("ok", "all topics are there")
    what = f"not there yet: {', '.join(topic.name for topic in topics)}"
    if settings.create_topics:
        return Finding("warn", what, "the first worker makes what is missing")
    # Or it is there, and may not be seen: then a right is missing too, and what is there is not made again.
    return Finding("fail", what, "\n".join(setup.topic_commands(settings, topics)))


def _cut(topic: Topic, partitions: list[dict[str, Any]], brokers: int) -> Iterator[Finding]:
    """Check partition count and replicas."""
    if topic.fixed and len(partitions) != topic.partitions:
        error = PartitionsChanged(topic.name, expected=topic.partitions, found=len(partitions))
        yield Finding("fail", error.message, error.hint)
    leaderless = sum(partition["leader"] < 0 for partition in partitions)
    if leaderless:
        yield Finding(
            "fail", f"{leaderless} partitions of {topic.name} have no leader", "see Kafka's own log"
        )
    behind = sum(len(partition["isr"]) < len(partition["replicas"]) for partition in partitions)
    if behind:
        yield Finding("warn", f"{behind} partitions of {topic.name} lack replicas", "see Kafka's own log")
    if brokers > 1 and topic.fixed and any(len(partition["replicas"]) == 1 for partition in partitions):
        yield Finding(
            "warn",
            f"{topic.name} has one replica, on a Kafka of {brokers} brokers",
            "a lost broker stops all workers: give it more; RETENTION_REPLICATION is for new topics",
        )


async def _configs(client: AIOKafkaAdminClient, names: list[str]) -> Configs:
    if not names:
        return {}
    keys = dict.fromkeys(("cleanup.policy", "retention.ms", "max.message.bytes"))
    responses = await client.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, keys) for name in names]
    )
    return {
        resource["resource_name"]: {
            entry["config_names"]: entry["config_value"] for entry in resource["config_entries"]
        }
        for response in responses
        for resource in response.to_object()["resources"]
    }


def _kept(topic: Topic, config: Mapping[str, str], horizon_days: int) -> Iterator[Finding]:
    """Check what Kafka keeps of a topic, and for how long."""
    if topic.access == ("READ",):  # an input
        yield from _input_kept(topic.name, config, horizon_days)
        return
    policy, wanted = config.get("cleanup.policy", ""), topic.config.get("cleanup.policy", "")
    if wanted == "compact" and "delete" in policy:
        yield Finding(
            "fail",
            f"{topic.name} is deleted by age or size (cleanup.policy={policy})",
            "state would be lost: set its cleanup.policy to compact",
        )
    if wanted == "delete" and "compact" in policy:
        yield Finding(
            "fail",
            f"{topic.name} is compacted (cleanup.policy={policy})",
            "records of one key are not versions of each other: set its cleanup.policy to delete",
        )
    largest, needed = config.get("max.message.bytes", ""), topic.config.get("max.message.bytes", "0")
    if largest and int(largest) < int(needed):
        yield Finding(
            "warn",
            f"{topic.name} takes records of {largest} bytes at most",
            f"set its max.message.bytes to {needed}",
        )


def _input_kept(name: str, config: Mapping[str, str], horizon_days: int) -> Iterator[Finding]:
    if "compact" in config.get("cleanup.policy", ""):
        yield Finding(
            "fail",
            f"the input {name} is compacted",
            "of each key only the last event would be left: set its cleanup.policy to delete",
        )
    retention = int(config.get("retention.ms", -1))
    if 0 <= retention < horizon_days * _DAY_MS:
        yield Finding(
            "warn",
            f"the input {name} keeps events for {retention // _DAY_MS:,} days; the horizon is {horizon_days}",
            "the numbers stay right, but `retention reset` and a lost changelog can go back only so far",
        )
