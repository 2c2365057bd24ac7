"""The AsyncAPI 3.0 document: all topics for others, who writes and who reads them, and what is in them."""

import tomllib
from pathlib import Path
from typing import Any, Final

from models.contract.events import KINDS
from models.contract.messages import ACTION, PROFILE, TICKET_SLA, TRANSITION
from schemas.json_schema import components
from streams.kafka.topics import DEAD_LETTERS, INPUTS, METRICS, Topic, required

_PROJECT: Final = Path(__file__).parents[1] / "pyproject.toml"

#: Derived topic -> (what it is, the type of its values, its key).
DERIVED: Final[dict[str, tuple[str, str, str]]] = {
    METRICS: (
        "The current value of every series, on change. A series that has ceased is null once, then removed.",
        "retention.metric",
        "The series as Prometheus writes it, labels sorted.",
    ),
    "retention.customers": (
        "Each customer's profile, on change; a tombstone when they are erased or merged into another.",
        PROFILE,
        "The customer's id.",
    ),
    "retention.transitions": (
        "Each change of a customer's lifecycle or tier.",
        TRANSITION,
        "The customer's id.",
    ),
    "retention.ticket-sla": ("What becomes of each target of a ticket.", TICKET_SLA, "The ticket's id."),
    "retention.actions": ("What to do next for a customer, and why.", ACTION, "The customer's id."),
}
_CLOUD_EVENTS: Final = frozenset({PROFILE, TRANSITION, TICKET_SLA, ACTION})

Part = dict[str, Any]


def document() -> Part:
    """Give the whole document."""
    about = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:retention",
        "info": {
            "title": "Retention",
            "version": about["version"],
            "description": f"{about['description']} What each field and number means is in docs/metrics.md.",
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


def _written() -> list[Topic]:
    """Give the topics that a worker writes for others, dead letters apart."""
    return [topic for topic in required("g", 1) if topic.name in DERIVED]


def _channel(topic: str, description: str, messages: list[str], cleanup: str | None) -> Part:
    made: Part = {
        "address": topic,
        "description": description,
        "messages": {name: _ref("components", "messages", name) for name in messages},
    }
    if cleanup:
        made["bindings"] = {"kafka": {"topicConfiguration": {"cleanup.policy": [cleanup]}}}
    return made


def _inputs() -> Part:
    said = (
        "Events of producers, as plain JSON or as CloudEvents 1.0 in either mode. "
        "Any key, any partitions, any order."
    )
    return {
        topic: _channel(topic, said, [name for name, kind in KINDS.items() if kind == of], None)
        for topic, of in INPUTS.items()
    }


def _derived() -> Part:
    return {
        topic.name: _channel(
            topic.name, DERIVED[topic.name][0], [DERIVED[topic.name][1]], topic.config["cleanup.policy"]
        )
        for topic in _written()
    }


def _dead_letters() -> Part:
    said = "Records of the inputs that are no events, as they were, with headers that say why."
    return _channel(DEAD_LETTERS, said, ["dead-letter"], "delete")


def _operations() -> Part:
    received = {
        f"receive-{topic}": {"action": "receive", "channel": _ref("channels", topic)} for topic in INPUTS
    }
    sent = {
        f"send-{topic}": {"action": "send", "channel": _ref("channels", topic)}
        for topic in (*(topic.name for topic in _written()), DEAD_LETTERS)
    }
    return received | sent


def _messages() -> Part:
    inputs = {name: _message(name) for name in KINDS}
    outputs = {name: _message(name, key) for _, name, key in DERIVED.values()}
    return inputs | outputs | {"dead-letter": _dead_letter()}


def _message(name: str, key: str = "") -> Part:
    made: Part = {"name": name, "payload": _ref("components", "schemas", name)}
    if key:
        made["bindings"] = {"kafka": {"key": {"type": "string", "description": key}}}
    if name in _CLOUD_EVENTS:
        made["traits"] = [_ref("components", "messageTraits", "cloudEvent")]
    return made


def _cloud_event() -> Part:
    said = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "description": "Deterministic: made again, an output has the same."},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string"},
        "ce_dataschema": {"type": "string", "description": "`$id` of the JSON Schema in schemas/."},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "The customer, or the ticket."},
        "content-type": {"type": "string", "const": "application/json"},
    }
    return {
        "description": "CloudEvents 1.0 in Kafka's binary mode: the attributes are headers.",
        "headers": {"type": "object", "properties": said, "required": list(said)},
    }


def _dead_letter() -> Part:
    parts = ("reason", "message", "topic", "partition", "offset")
    names = [f"retention.error.{part}" for part in parts]
    return {
        "name": "dead-letter",
        "summary": "The original key, value, headers and timestamp, and why it was refused.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in names},
            "required": names,
        },
        "payload": {"description": "Whatever was sent."},
    }
