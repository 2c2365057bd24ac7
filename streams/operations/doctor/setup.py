"""What whoever looks after a Kafka is to make: topics with their configurations, and the least of rights.

Three forms of the same: Kafka's own commands, resources for Strimzi's operators, and JSON for all else.
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
from streams.kafka.topics import Topic, configuration, required

#: Whose rights are meant where nothing else says who connects.
_SOMEBODY: Final = "User:retention"
#: An operation -> what Kafka's commands and Strimzi call it.
OPERATIONS: Final[Mapping[Operation, str]] = {
    "READ": "Read",
    "WRITE": "Write",
    "CREATE": "Create",
    "DELETE": "Delete",
    "DESCRIBE": "Describe",
    "DESCRIBE_CONFIGS": "DescribeConfigs",
}
#: As YAML's own subset, JSON is what `kubectl apply` takes too.
_STRIMZI: Final = "kafka.strimzi.io/v1"
_CLUSTER: Final = "my-cluster"


def principal_of(settings: Settings) -> str:
    """Give who we are to Kafka, as far as the settings tell: a certificate is called as Kafka's rules say."""
    connection = settings.connection
    name = connection.sasl_username or connection.oauth_client_id
    return f"User:{name}" if name else _SOMEBODY


def uses(settings: Settings) -> dict[str, list[AclRequirement]]:
    """Use -> its rights: the first is what a worker cannot do without."""
    rights = {
        "worker": acls.worker_acls(settings),
        "doctor, dead-letters list (they only look)": acls.operator_acls(settings),
        "load, simulate (whoever sends events)": acls.producer_acls(settings),
        "dead-letters redrive (what was mended goes back to its input)": acls.redrive_acls(settings),
        "erase (whoever forgets customers)": acls.erasure_acls(settings),
        "reset (only while it is needed)": acls.reset_acls(settings),
    }
    return {use: needed for use, needed in rights.items() if needed}


def made_here(settings: Settings) -> list[Topic]:
    """Give the topics that are to be made, all but the inputs that are somebody else's."""
    wanted = required(settings.group, settings.partitions, settings.mappings.named())
    return [topic for topic in wanted if not topic.given]


def topic_commands(settings: Settings, topics: Iterable[Topic]) -> list[str]:
    """Give the command that makes each topic."""
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
    """Give the commands that grant rights: one for all resources of a kind with which the same is done."""
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
        "# Topics. Inputs that there are already stay as they are, with whatever partitions.",
        *topic_commands(settings, made_here(settings)),
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
        for topic in made_here(settings)
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
        for topic in made_here(settings)
    ]
    rights = [right for use, rights in uses(settings).items() if "reset" not in use for right in rights]
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
    """Kubernetes allows less in names than Kafka does."""
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip(".-")


FORMS: Final[Mapping[str, Callable[[Settings, str], str]]] = {
    "commands": _commands,
    "strimzi": _strimzi,
    "json": _json,
}


def told(settings: Settings, form: str, principal: str | None = None) -> str:
    """Give all that is to be made, in one of `FORMS`.

    Args:
        settings: who creates topics, how many partitions and replicas they have, and who connects.
        form: the form.
        principal: who is to have the rights, as `User:shop`; None: who the settings say.
    """
    return FORMS[form](settings, principal or principal_of(settings))
