"""Print the topics and the minimal access rights that a Kafka administrator creates.

There are three formats: commands of Kafka's own tools, resources of Strimzi, and JSON.
"""

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import structs

from streams.config.load import Settings
from streams.kafka import acls
from streams.kafka.acls import AclRequirement, Operation
from streams.kafka.topics import Topic, configuration, required_by

#: Principal of the access rights if the settings name no user.
_DEFAULT_PRINCIPAL: Final = "User:retention"
#: Operation -> its name in Kafka's commands and in Strimzi.
OPERATIONS: Final[Mapping[Operation, str]] = {
    "READ": "Read",
    "WRITE": "Write",
    "CREATE": "Create",
    "DELETE": "Delete",
    "DESCRIBE": "Describe",
    "DESCRIBE_CONFIGS": "DescribeConfigs",
}
_STRIMZI: Final = "kafka.strimzi.io/v1"
_CLUSTER: Final = "my-cluster"


def principal_of(settings: Settings) -> str:
    """Return the principal of the settings' user, or a default.

    The principal of a client certificate depends on Kafka's mapping rules, so it is not derived.
    """
    connection = settings.connection
    name = connection.sasl_username or connection.oauth_client_id
    return f"User:{name}" if name else _DEFAULT_PRINCIPAL


def uses(settings: Settings) -> dict[str, list[AclRequirement]]:
    """Return the access rights of each use of the command line; the first are those of a worker."""
    rights = {
        "worker": acls.worker_acls(settings),
        "doctor, dead-letters list (read only)": acls.operator_acls(settings),
        "load, simulate (send events)": acls.producer_acls(settings),
        "dead-letters redrive (sends corrected records to the inputs)": acls.redrive_acls(settings),
        "erase (erases customers)": acls.erasure_acls(settings),
        "periods (lists closed periods, and reopens them)": acls.period_acls(settings),
        "scale (an autoscaler reads the lag)": acls.scaler_acls(settings),
        "reset (only for the time of a reset)": acls.reset_acls(settings),
    }
    return {use: needed for use, needed in rights.items() if needed}


def created_topics(settings: Settings) -> list[Topic]:
    """Return the topics to create: all but the inputs that belong to other applications."""
    wanted = required_by(settings)
    return [topic for topic in wanted if not topic.given]


def topic_commands(settings: Settings, topics: Iterable[Topic]) -> list[str]:
    """Return a `kafka-topics.sh` command for each topic.

    Args:
        settings: connection and replication factor.
        topics: topics to create.
    """
    return [
        _line(
            "kafka-topics.sh", settings, "--create", "--if-not-exists",
            "--topic", topic.name, "--partitions", str(topic.partitions),
            "--replication-factor", str(settings.replication),
            *(part for name, value in configuration(topic, settings.replication).items()
              for part in ("--config", f"{name}={value}")),
        )
        for topic in topics
    ]  # fmt: skip


def acl_commands(settings: Settings, rights: Iterable[AclRequirement], principal: str) -> list[str]:
    """Return `kafka-acls.sh` commands, one for all resources of a kind with equal operations.

    Args:
        settings: connection to Kafka.
        rights: access rights to grant.
        principal: user that gets the rights, such as `User:shop`.
    """
    alike: defaultdict[tuple[str, tuple[Operation, ...], bool], list[str]] = defaultdict(list)
    for right in rights:
        alike[right.resource, right.operations, right.prefixed].append(right.name)
    return [
        _line(
            "kafka-acls.sh", settings, "--add", "--allow-principal", principal,
            *(part for operation in operations for part in ("--operation", OPERATIONS[operation])),
            *(part for name in names for part in (f"--{resource}", name)),
            *(("--resource-pattern-type", "prefixed") if prefixed else ()),
        )
        for (resource, operations, prefixed), names in alike.items()
    ]  # fmt: skip


def _line(program: str, settings: Settings, *arguments: str) -> str:
    words = ("--bootstrap-server", settings.broker, "--command-config", "admin.properties", *arguments)
    return shlex.join((program, *words))


def _commands(settings: Settings, principal: str) -> str:
    lines = [
        "# Topics. Existing inputs stay as they are, with any number of partitions.",
        *topic_commands(settings, created_topics(settings)),
    ]
    for use, rights in uses(settings).items():
        lines += ["", f"# Rights: {use}", *acl_commands(settings, rights, principal)]
    return "\n".join(lines)


def _json(settings: Settings, principal: str) -> str:
    topics = [
        {
            "name": topic.name,
            "partitions": topic.partitions,
            "replication": settings.replication,
            "config": configuration(topic, settings.replication),
        }
        for topic in created_topics(settings)
    ]
    acls = [
        {
            "use": use.partition(" ")[0].rstrip(","),
            "principal": principal,
            "resource": right.resource,
            "name": right.name,
            "pattern": "prefixed" if right.prefixed else "literal",
            "operations": right.operations,
        }
        for use, rights in uses(settings).items()
        for right in rights
    ]
    return json.dumps({"topics": topics, "acls": acls}, indent=2)


def _strimzi(settings: Settings, principal: str) -> str:
    labels = {"strimzi.io/cluster": _CLUSTER}
    topics = [
        {
            "apiVersion": _STRIMZI,
            "kind": "KafkaTopic",
            "metadata": {"name": _resource_name(topic.name), "labels": labels},
            "spec": {
                "topicName": topic.name,
                "partitions": topic.partitions,
                "replicas": settings.replication,
                "config": configuration(topic, settings.replication),
            },
        }
        for topic in created_topics(settings)
    ]
    others = ("scale", "reset")
    rights = [
        right for use, rights in uses(settings).items() if not use.startswith(others) for right in rights
    ]
    user = {
        "apiVersion": _STRIMZI,
        "kind": "KafkaUser",
        "metadata": {"name": _resource_name(principal.removeprefix("User:")), "labels": labels},
        "spec": {
            "authentication": {"type": "scram-sha-512" if settings.connection.sasl else "tls"},
            "authorization": {"type": "simple", "acls": [_strimzi_acl(right) for right in _merged(rights)]},
        },
    }
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [*topics, user]}, indent=2)


def _strimzi_acl(right: AclRequirement) -> dict[str, Any]:
    kind = {"transactional-id": "transactionalId"}.get(right.resource, right.resource)
    return {
        "resource": {
            "type": kind,
            "name": right.name,
            "patternType": "prefix" if right.prefixed else "literal",
        },
        "operations": [OPERATIONS[operation] for operation in right.operations],
    }


def _merged(rights: Iterable[AclRequirement]) -> list[AclRequirement]:
    merged: dict[AclRequirement, tuple[Operation, ...]] = {}
    for right in rights:
        resource = structs.replace(right, operations=())
        merged[resource] = tuple(dict.fromkeys((*merged.get(resource, ()), *right.operations)))
    return [structs.replace(resource, operations=operations) for resource, operations in merged.items()]


def _resource_name(name: str) -> str:
    """Return a valid name of a Kubernetes resource."""
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip(".-")


FORMS: Final[Mapping[str, Callable[[Settings, str], str]]] = {
    "commands": _commands,
    "strimzi": _strimzi,
    "json": _json,
}


def render(settings: Settings, form: str, principal: str | None = None) -> str:
    """Return the topics and access rights in one of `FORMS`.

    Args:
        settings: the group, the inputs, the number of partitions and replicas, and the user.
        form: key of `FORMS`.
        principal: user that gets the rights, such as `User:shop`; None derives it from the settings.

    Example:
        >>> print(render(load({}), "commands", "User:shop"))
    """
    return FORMS[form](settings, principal or principal_of(settings))
