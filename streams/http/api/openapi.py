"""The OpenAPI 3.1 document of what a worker serves, made of the types that read and write it.

`make generate` writes it to `schemas/openapi.json`, and a worker serves it at `/openapi.json`.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.contract.messages import Metric, Profile
from models.query import responses
from models.query.parameters import (
    CustomerQuery,
    EventQuery,
    OrderQuery,
    Query,
    SeriesQuery,
    TicketQuery,
)
from streams.http.api.problem_errors import CONTENT_TYPE
from streams.version import VERSION

Part = dict[str, Any]

_PREFIX: Final = "#/components/schemas/"
_QUESTIONS: Final = (Query, EventQuery, CustomerQuery, TicketQuery, OrderQuery)
_ANSWERS: Final = (
    Profile,
    responses.Why,
    responses.Ticket,
    responses.Order,
    responses.Page,
    responses.Problem,
    responses.Reason,
    responses.Identities,
    responses.MergeSeen,
    Metric,
)
_CUSTOMER: Final = {
    "name": "customer_id",
    "in": "path",
    "required": True,
    "description": "Percent-encoded.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}


@cache
def document() -> Part:
    """Return the whole OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Retention",
            "version": VERSION,
            "summary": "From a number to who is behind it.",
            "description": "Answered by any worker, whichever owns the customer. "
            "What each number means is in docs/metrics.md, how to ask in docs/api.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "responses": _problems(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The worker's `RETENTION_TOKEN`, where it has one.",
                }
            },
        },
    }


def _paths() -> Part:
    return {
        "/customers": _listed("customers", "Customers behind a number.", CustomerQuery, Profile),
        "/customers/{customer_id}": _get(
            "customer",
            "A customer as they stand now.",
            Query,
            json=_ref(Profile),
            row=Profile,
            of_one=True,
            others=("307", "404"),
        ),
        "/customers/{customer_id}/why": _get(
            "why",
            "A customer's events, and what each counts for. As CSV, the events alone.",
            EventQuery,
            json=_ref(responses.Why),
            row=responses.Reason,
            of_one=True,
            others=("307", "404"),
        ),
        "/customers/{customer_id}/identities": _get(
            "identities",
            "Which ids are one customer, and the events that made them so. As CSV, the events alone.",
            Query,
            json=_ref(responses.Identities),
            row=responses.MergeSeen,
            of_one=True,
        ),
        "/tickets": _listed("tickets", "Tickets behind a number.", TicketQuery, responses.Ticket),
        "/orders": _listed("orders", "Orders behind a number.", OrderQuery, responses.Order),
        "/metrics.json": {"get": _metrics()},
    }


def _listed(name: str, summary: str, question: type[Query], item: type[Struct]) -> Part:
    page = {"properties": {"items": {"type": "array", "items": _ref(item)}}}
    return _get(name, summary, question, json={"allOf": [_ref(responses.Page), page]}, row=item)


def _get(
    name: str,
    summary: str,
    question: type[Query],
    *,
    json: Part,
    row: type[Struct],
    of_one: bool = False,
    others: Sequence[str] = (),
) -> Part:
    problems = sorted(("400", "401", "502", "503", *others))
    path = [_CUSTOMER] if of_one else []
    link = {
        "description": 'The next page, with `rel="next"`, if there is one.',
        "schema": {"type": "string"},
    }
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "description": question.__doc__ or "",
            "parameters": [*path, *_parameters(question)],
            "responses": {
                "200": {
                    "description": "The answer.",
                    "headers": {"Link": link},
                    "content": {
                        "application/json": {"schema": json},
                        "text/csv": _lines_of(row),
                    },
                },
                **{status: {"$ref": f"#/components/responses/{status}"} for status in problems},
            },
        }
    }


def _lines_of(row: type[Struct]) -> Part:
    description = f"A header, and a line for each `{row.__name__}`."
    return {"schema": {"type": "string", "description": description}}


def _metrics() -> Part:
    content = {
        "application/json": {"schema": {"type": "array", "items": _ref(Metric)}},
        "text/csv": _lines_of(Metric),
    }
    return {
        "operationId": "metrics",
        "summary": "The current series.",
        "parameters": _parameters(SeriesQuery),
        "responses": {
            status: {"description": text, "content": content}
            for status, text in (("200", "All that are chosen."), ("503", "Not all have been read yet."))
        }
        | {status: {"$ref": f"#/components/responses/{status}"} for status in ("400", "401")},
    }


def _parameters(question: type[Query]) -> list[Part]:
    _, made = msgspec.json.schema_components([question], ref_template=_PREFIX + "{name}")
    return [_parameter(name, schema) for name, schema in made[question.__name__]["properties"].items()]


def _parameter(name: str, schema: Part) -> Part:
    content = {key: value for key, value in schema.items() if key not in {"description", "anyOf"}}
    # Left out is what null stands for in the type.
    for choice in schema.get("anyOf", ()):
        if choice != {"type": "null"}:
            content |= choice
    if content.get("default", ...) is None:
        del content["default"]
    if "enum" in content:
        content = {"type": "string"} | content
    made: Part = {"name": name, "in": "query", "description": schema["description"], "schema": content}
    if content.get("type") == "boolean":
        made["allowEmptyValue"] = True
    return made


def _ref(kind: type[Struct]) -> Part:
    return {"$ref": _PREFIX + kind.__name__}


def _schemas() -> Part:
    _, made = msgspec.json.schema_components(_ANSWERS, ref_template=_PREFIX + "{name}")
    return {name: _described(schema) for name, schema in made.items()}


def _described(schema: Part) -> Part:
    """Take what is said to programmers of the code out of a description."""
    whole = schema.get("description", "").partition("\n\nAttributes:")[0]
    return schema | {"description": whole}


def _problems() -> Part:
    description = {
        "307": "The customer was merged, and is known by another id.",
        "400": "The question makes no sense; `parameter` says where.",
        "401": "The token is missing, or is another.",
        "404": "Nothing is known of the customer.",
        "502": "The worker that has the customer has another token.",
        "503": "Tasks are being moved or restored; ask again after `Retry-After` seconds.",
    }
    headers = {
        "307": {"Location": {"description": "Theirs.", "schema": {"type": "string"}}},
        "503": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
    }
    return {
        status: {
            "description": text,
            **({"headers": headers[status]} if status in headers else {}),
            "content": {CONTENT_TYPE: {"schema": _ref(responses.Problem)}},
        }
        for status, text in description.items()
    }
