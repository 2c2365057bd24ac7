"""Build the AsyncAPI 3.0 document: the public topics, the operations on them, and their messages."""

import tomllib
from pathlib import Path
from typing import Any, Final

from models.contract.events import KINDS
from models.contract.messages import ACTION, PERIOD, PROFILE, TICKET_SLA, TRANSITION
from schemas.json_schema import components
from streams.kafka.ownership import HEADER
from streams.kafka.topics import DEAD_LETTERS, INPUTS, METRICS, PERIODS, Topic, required
from streams.rollup.publisher import AS_OF, CAUGHT_UP

_PROJECT: Final = Path(__file__).parents[1] / "pyproject.toml"

_METRIC: Final = "retention.metric"
#: Derived topic -> (description, type of its values, description of its key).
DERIVED: Final[dict[str, tuple[str, str, str]]] = {
    METRICS: (
        "The current value of every series, on change. A series that ends is null once, then deleted.",
        _METRIC,
        "The series in the notation of Prometheus, with sorted labels.",
    ),
    "retention.customers": (
        "The profile of each customer, on change. A tombstone if the customer is erased or merged.",
        PROFILE,
        "The customer's id.",
    ),
    "retention.transitions": (
        "Each change of a customer's lifecycle state or loyalty tier.",
        TRANSITION,
        "The customer's id.",
    ),
    "retention.ticket-sla": (
        "The state of each service-level target of a ticket.",
        TICKET_SLA,
        "The ticket's id.",
    ),
    "retention.actions": (
        "The recommended action for a customer, with its reason.",
        ACTION,
        "The customer's id.",
    ),
    PERIODS: (
        "The values of each closed period as they were known at its close, and again with each reopening.",
        PERIOD,
        "Group, kind, name and version of the period, joined by slashes.",
    ),
}
_CLOUD_EVENTS: Final = frozenset({PROFILE, TRANSITION, TICKET_SLA, ACTION})

#: A part of the document.
Part = dict[str, Any]


def document() -> Part:
    """Return the complete document."""
    about = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:retention",
        "info": {
            "title": "Retention",
            "version": about["version"],
            "description": f"{about['description']} The metrics are defined in docs/metrics.md.",
            "license": {"name": about["license"]},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "127.0.0.1:9092", "protocol": "kafka"}},
        "channels": {**_inputs(), **_derived(), DEAD_LETTERS: _dead_letters()},
        "operations": _operations(),
        "components": {
            "messages": _messages(),
            "messageTraits": {"cloudEvent": _cloud_event()},
            "schemas": components("#/components/schemas/"),
        },
    }


def _ref(*path: str) -> Part:
    return {"$ref": "/".join(("#", *path))}


def _derived_topics() -> list[Topic]:
    """Return the public topics that a worker writes, without the dead-letter topic."""
    return [topic for topic in required("g", 1, periods=True) if topic.name in DERIVED]


def _channel(topic: str, description: str, messages: list[str], cleanup: str | None) -> Part:
    part: Part = {
        "address": topic,
        "description": description,
        "messages": {name: _ref("components", "messages", name) for name in messages},
    }
    if cleanup:
        part["bindings"] = {"kafka": {"topicConfiguration": {"cleanup.policy": [cleanup]}}}
    return part


def _inputs() -> Part:
    description = (
        "Events of producers, as plain JSON or as CloudEvents 1.0 in binary or structured mode. "
        "Keys, partitions and order do not matter."
    )
    return {
        topic: _channel(topic, description, [name for name, kind in KINDS.items() if kind == of], None)
        for topic, of in INPUTS.items()
    }


def _derived() -> Part:
    return {
        topic.name: _channel(
            topic.name, DERIVED[topic.name][0], [DERIVED[topic.name][1]], topic.config["cleanup.policy"]
        )
        for topic in _derived_topics()
    }


def _dead_letters() -> Part:
    description = "Rejected records of the input topics, unchanged, with headers that have the reason."
    return _channel(DEAD_LETTERS, description, ["dead-letter"], "delete")


def _operations() -> Part:
    received = {
        f"receive-{topic}": {"action": "receive", "channel": _ref("channels", topic)} for topic in INPUTS
    }
    sent = {
        f"send-{topic}": {"action": "send", "channel": _ref("channels", topic)}
        for topic in (*(topic.name for topic in _derived_topics()), DEAD_LETTERS)
    }
    return received | sent


def _messages() -> Part:
    inputs = {name: _message(name) for name in KINDS}
    outputs = {name: _message(name, key) for _, name, key in DERIVED.values()}
    return inputs | outputs | {"dead-letter": _dead_letter()}


def _message(name: str, key: str = "") -> Part:
    part: Part = {"name": name, "payload": _ref("components", "schemas", name)}
    if key:
        part["bindings"] = {"kafka": {"key": {"type": "string", "description": key}}}
    if name == _METRIC:
        part["headers"] = _owner()
    if name in _CLOUD_EVENTS:
        part["traits"] = [_ref("components", "messageTraits", "cloudEvent")]
    return part


def _owner() -> Part:
    """Return the headers of a series: only those about the state of the metrics have one."""
    records = f"the records of `{AS_OF}` and `{CAUGHT_UP}`"
    description = f"Name of the group that owns the topic, on {records} (docs/topics.md)."
    return {"type": "object", "properties": {HEADER: {"type": "string", "description": description}}}


def _cloud_event() -> Part:
    attributes = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {
            "type": "string",
            "description": "Deterministic: an output that is emitted again has the same id.",
        },
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string"},
        "ce_dataschema": {"type": "string", "description": "`$id` of the JSON Schema in schemas/."},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "The id of the customer or of the ticket."},
        "content-type": {"type": "string", "const": "application/json"},
    }
    return {
        "description": "CloudEvents 1.0 in the binary mode of Kafka: the attributes are headers.",
        "headers": {"type": "object", "properties": attributes, "required": list(attributes)},
    }


def _dead_letter() -> Part:
    parts = ("reason", "message", "topic", "partition", "offset")
    names = [f"retention.error.{part}" for part in parts]
    return {
        "name": "dead-letter",
        "summary": "The original key, value, headers and timestamp, with the reason of the rejection.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in names},
            "required": names,
        },
        "payload": {"description": "The original value, unchanged."},
    }
