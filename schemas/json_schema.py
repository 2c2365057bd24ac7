"""Build the JSON Schemas (2020-12) from the types that decode and encode the messages.

The types lack some rules of the decoder, which this module adds: optional fields may be null, the format of
times, and rules that span two fields. docs/topics.md lists the rules that JSON Schema cannot express.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from models.contract.events import EVENT_TYPES, SCORES, TICKET_FIELDS, SurveyAnswered, TicketUpdated
from models.contract.messages import MESSAGE_TYPES
from streams.kafka.cloudevents import schema_id

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: Raised by a change that readers of the current version cannot decode. The files of older versions stay.
VERSION: Final = 1

#: RFC 3339 as `models.contract.events` reads it. A space for the T, lower case, and an offset without a colon
#: are valid too.
TIME_PATTERN: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]"
    r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])$"
)
#: The fields of every event, in the order in which they come first.
_FIRST: Final = ("id", "type", "time", "customer_id", "channel", "experiments")

Schema = dict[str, Any]


def documents() -> dict[str, Schema]:
    """Return type -> its self-contained schema."""
    schemas = components("#/$defs/")
    return {name: _document(name, schemas) for name in TYPES}


def components(prefix: str) -> dict[str, Schema]:
    """Return name -> schema of all types, and of the types that they refer to.

    Args:
        prefix: start of a reference to a schema, as `#/$defs/`.
    """
    types = {struct.__name__: name for name, struct in TYPES.items()}
    _, schemas = msgspec.json.schema_components(TYPES.values(), ref_template=prefix + "{name}")
    return {
        types.get(name, name): _completed(types.get(name, name), schema) for name, schema in schemas.items()
    }


#: Type -> the struct that decodes or encodes it.
TYPES: Final[Mapping[str, type[msgspec.Struct]]] = {**EVENT_TYPES, **MESSAGE_TYPES}


def _document(name: str, schemas: Mapping[str, Schema]) -> Schema:
    head = {"$schema": DIALECT, "$id": schema_id(name, VERSION)}
    needed = {other: schemas[other] for other in sorted(set(_references(schemas[name])))}
    return head | schemas[name] | ({"$defs": needed} if needed else {})


def _references(schema: object) -> Iterable[str]:
    if isinstance(schema, dict):
        if isinstance(target := schema.get("$ref"), str):
            yield target.removeprefix("#/$defs/")
        for part in schema.values():
            yield from _references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _completed(name: str, schema: Schema) -> Schema:
    required = schema.get("required", [])
    # Only the event's own optional fields may be null, not those of nested objects.
    lenient = name in EVENT_TYPES
    properties = {
        field: _field(content, nullable=lenient and field not in required)
        for field, content in _ordered(schema["properties"])
    }
    # msgspec leaves some docstrings indented, which ones depends on the version of Python.
    description, described = _described(inspect.cleandoc(schema["description"]))
    for field, text in described.items():
        properties[field] = {"description": text} | properties[field]
    completed = schema | {"title": name, "description": description, "properties": properties}
    completed["required"] = [field for field in properties if field in required]
    if TYPES.get(name) is SurveyAnswered:
        completed["allOf"] = [_scale(survey, *scale) for survey, scale in SCORES.items()]
    elif TYPES.get(name) is TicketUpdated:
        completed["anyOf"] = [
            {"required": [field], "properties": {field: {"type": "string"}}} for field in TICKET_FIELDS
        ]
    return completed


def _described(docstring: str) -> tuple[str, dict[str, str]]:
    """Return the summary of a docstring, and attribute -> its description."""
    summary, _, attributes = docstring.partition("\n\nAttributes:\n")
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, attributes.splitlines())):
        name, colon, text = line.partition(": ")
        if colon and name.isidentifier():
            found[name.rstrip("_")] = text
        else:  # continues the line before
            found[next(reversed(found))] += f" {line}"
    return summary, {name: text[:1].upper() + text[1:] for name, text in found.items()}


def _ordered(properties: Schema) -> list[tuple[str, Schema]]:
    def rank(item: tuple[str, Schema]) -> int:
        return _FIRST.index(item[0]) if item[0] in _FIRST else len(_FIRST)

    return sorted(properties.items(), key=rank)


def _field(content: Schema, *, nullable: bool) -> Schema:
    completed = _value(content)
    default = completed.pop("default", None)
    if nullable and {"type": "null"} not in completed.get("anyOf", []):
        completed = {"anyOf": [completed, {"type": "null"}]}
    return completed if default is None else completed | {"default": default}


def _value(content: Schema) -> Schema:
    """Add the pattern of times, which msgspec leaves to `format`, and write a single choice as a constant."""
    completed = dict(content)
    if completed.get("format") == "date-time":
        completed["pattern"] = TIME_PATTERN
    if len(choices := completed.get("enum", [])) == 1:
        del completed["enum"]
        completed = {"const": choices[0]} | completed
    if "anyOf" in completed:
        completed["anyOf"] = [_value(choice) for choice in completed["anyOf"]]
    return completed


def _scale(survey: str, lowest: int, highest: int) -> Schema:
    return {
        "if": {"properties": {"survey": {"const": survey}}, "required": ["survey"]},
        "then": {"properties": {"score": {"minimum": lowest, "maximum": highest}}},
    }
