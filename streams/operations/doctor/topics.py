"""Check the topics: existence, partitions, replicas and retention."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.config.load import Settings
from streams.errors import InputsMissing, PartitionsChanged, TopicsOwned
from streams.ingest import input_topics
from streams.kafka import acls, ownership
from streams.kafka.topics import Names, Topic, required_by
from streams.operations.doctor import setup
from streams.operations.doctor.finding import Finding

_TIMESTAMPS = "message.timestamp.type"
_DAY_MS: Final = 86_400_000

Configs = Mapping[str, Mapping[str, str]]


async def findings(client: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    """Yield findings about the cluster and the topics of a worker.

    Args:
        client: connection to Kafka.
        settings: the group, the inputs and the number of partitions.
    """
    cluster = await client.describe_cluster()
    brokers = len(cluster["brokers"])
    yield Finding("ok", f"Kafka answers at {settings.broker} ({brokers} broker{'s' if brokers > 1 else ''})")
    existing = {
        topic["topic"]: topic["partitions"]
        for topic in await client.describe_topics()  # all of them: describing a topic by name may create it
        if topic["error_code"] == 0
    }
    read = {**settings.inputs.named(), **input_topics.resolved(settings, existing)}
    topics = required_by(settings, read)
    wanted = {topic.name: topic for topic in topics}
    described = {name: partitions for name, partitions in existing.items() if name in wanted}
    missing = [topic for name, topic in wanted.items() if name not in described]
    yield _missing([topic for topic in missing if not topic.given], settings)
    if given := [topic.name for topic in missing if topic.given]:
        error = InputsMissing(given)
        yield Finding("fail", error.message, error.hint)
    for name, partitions in described.items():
        for finding in _check_partitions(wanted[name], partitions, brokers):
            yield finding
    async for finding in _owner(client, settings):
        yield finding
    configs = await _configs(client, list(described))
    for name in described:
        for finding in _check_retention(wanted[name], configs[name], settings.definitions.horizon_days):
            yield finding


async def _owner(client: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    """Yield a finding if another group owns the derived topics."""
    if await acls.missing(client, acls.reader_acls([Names.of(settings).metrics])):
        return
    try:
        await ownership.require(client, settings)
    except TopicsOwned as error:
        yield Finding("fail", error.message, error.hint)


def _missing(topics: list[Topic], settings: Settings) -> Finding:
    if not topics:
        return Finding("ok", "all topics exist")
    what = f"missing topics: {', '.join(topic.name for topic in topics)}"
    if settings.create_topics:
        return Finding("warn", what, "the first worker creates them")
    # A topic that may not be described looks missing. The commands do not create an existing topic again.
    return Finding("fail", what, "\n".join(setup.topic_commands(settings, topics)))


def _check_partitions(topic: Topic, partitions: list[dict[str, Any]], brokers: int) -> Iterator[Finding]:
    """Check the number of partitions and the replicas of a topic."""
    if topic.fixed and len(partitions) != topic.partitions:
        error = PartitionsChanged(topic.name, expected=topic.partitions, found=len(partitions))
        yield Finding("fail", error.message, error.hint)
    leaderless = sum(partition["leader"] < 0 for partition in partitions)
    if leaderless:
        yield Finding(
            "fail", f"{leaderless} partitions of {topic.name} have no leader", "see the log of Kafka"
        )
    behind = sum(len(partition["isr"]) < len(partition["replicas"]) for partition in partitions)
    if behind:
        yield Finding("warn", f"{behind} partitions of {topic.name} lack replicas", "see the log of Kafka")
    if brokers > 1 and topic.fixed and any(len(partition["replicas"]) == 1 for partition in partitions):
        yield Finding(
            "warn",
            f"{topic.name} has one replica in a cluster of {brokers} brokers",
            "a lost broker stops all workers; add replicas (RETENTION_REPLICATION is for new topics)",
        )


async def _configs(client: AIOKafkaAdminClient, names: list[str]) -> Configs:
    if not names:
        return {}
    keys = dict.fromkeys(("cleanup.policy", "retention.ms", "max.message.bytes", _TIMESTAMPS))
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


def _check_retention(topic: Topic, config: Mapping[str, str], horizon_days: int) -> Iterator[Finding]:
    """Check the cleanup policy, the retention and the record size of a topic."""
    if topic.access == ("READ",):  # an input
        yield from _check_input_retention(topic.name, config, horizon_days)
        return
    policy, wanted = config.get("cleanup.policy", ""), topic.config.get("cleanup.policy", "")
    if wanted == "compact" and "delete" in policy:
        yield Finding(
            "fail",
            f"{topic.name} is deleted by age or size (cleanup.policy={policy})",
            "state would be lost; set its cleanup.policy to compact",
        )
    if wanted == "delete" and "compact" in policy:
        yield Finding(
            "fail",
            f"{topic.name} is compacted (cleanup.policy={policy})",
            "records with equal keys are not versions of each other; set its cleanup.policy to delete",
        )
    timestamps, kept = config.get(_TIMESTAMPS, ""), topic.config.get(_TIMESTAMPS, "")
    if timestamps and kept and timestamps != kept:
        yield Finding(
            "warn",
            f"{topic.name} has the times of its producers ({_TIMESTAMPS}={timestamps})",
            f"workers cannot compare their clocks with Kafka's; set its {_TIMESTAMPS} to {kept}",
        )
    largest, needed = config.get("max.message.bytes", ""), topic.config.get("max.message.bytes", "0")
    if largest and int(largest) < int(needed):
        yield Finding(
            "warn",
            f"{topic.name} accepts records of at most {largest} bytes",
            f"set its max.message.bytes to {needed}",
        )


def _check_input_retention(name: str, config: Mapping[str, str], horizon_days: int) -> Iterator[Finding]:
    if "compact" in config.get("cleanup.policy", ""):
        yield Finding(
            "fail",
            f"the input {name} is compacted",
            "only the last event of each key would remain; set its cleanup.policy to delete",
        )
    retention = int(config.get("retention.ms", -1))
    if 0 <= retention < horizon_days * _DAY_MS:
        yield Finding(
            "warn",
            f"the input {name} keeps events for {retention // _DAY_MS:,} days; the horizon is {horizon_days}",
            "the numbers are correct until `retention reset` or a lost changelog; then older events miss",
        )
