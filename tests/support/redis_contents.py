"""The contents of the read model in Redis, and the expected ones."""

#: The compacted topics that the read model copies.
COMPACTED = ("retention.metrics", "retention.customers")


def contents(group, redis):
    """Return the rows in Redis, by the topic that they come from."""
    prefix = f"{group}:customer:".encode()
    profiles = {key.removeprefix(prefix): redis.hget(key, "profile") for key in redis.keys(prefix + b"*")}
    return {"retention.metrics": redis.hgetall(f"{group}:metrics"), "retention.customers": profiles}


async def last(cluster, topic):
    """Return key -> last value of a topic, without deleted keys; nothing if the topic does not exist."""
    if topic not in await cluster.topics():
        return {}
    found = {record.key: record.value for record in await cluster.read(topic)}
    return {key: value for key, value in found.items() if value is not None}
