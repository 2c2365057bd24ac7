"""The OpenAPI 3.1 document of the API, derived from the types that validate requests and encode responses.

`make generate` writes it to `schemas/openapi.json`. A worker serves it at `/openapi.json`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from models.contract.messages import Metric, Profile
from models.definitions.periods import PERIOD_KINDS
from models.query import periods, responses
from models.query.movement_parameters import ExplainQuery
from models.query.movement_responses import Movement, Term
from models.query.parameters import (
    CohortQuery,
    CustomerQuery,
    EventQuery,
    Listing,
    OrderQuery,
    PeriodQuery,
    Query,
    SeriesQuery,
    TicketQuery,
)
from streams.http.api.problem_errors import CONTENT_TYPE
from streams.version import VERSION

#: A part of the document, as JSON.
Part = dict[str, Any]

_PREFIX: Final = "#/components/schemas/"
_RESPONSE_TYPES: Final = (
    Profile,
    responses.Why,
    responses.Ticket,
    responses.Order,
    responses.Page,
    responses.Problem,
    responses.Reason,
    responses.Identities,
    responses.MergeSeen,
    responses.Cohorts,
    responses.CohortCell,
    periods.Periods,
    periods.CalendarPeriod,
    Movement,
    Term,
    Metric,
)
_CUSTOMER_ID: Final = {
    "name": "customer_id",
    "in": "path",
    "required": True,
    "description": "Customer id, percent-encoded.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}
_IN_PATH: Final = {
    "customer_id": _CUSTOMER_ID,
    "kind": {
        "name": "kind",
        "in": "path",
        "required": True,
        "description": "Kind of the period.",
        "schema": {"type": "string", "enum": [*PERIOD_KINDS]},
    },
    "period": {
        "name": "period",
        "in": "path",
        "required": True,
        "description": "Name: `2026-10-05` (first day of a week), `2026-10`, `2026-Q4` or `2026`.",
        "schema": {"type": "string"},
    },
}
_NEXT_LINK: Final = {
    "Link": {
        "description": 'Address of the next page, with `rel="next"`, if there is one.',
        "schema": {"type": "string"},
    }
}
_PROBLEMS: Final = {
    "307": "The customer was merged and has another canonical id.",
    "400": "A parameter is unknown or invalid. `parameter` names it.",
    "401": "The token is missing or wrong.",
    "403": "The worker can be reached from other machines, and has no token.",
    "404": "Unknown customer or period, or cohorts or periods are not configured.",
    "421": "The worker does not serve the host name of the request.",
    "502": "The worker that owns the customer has another token, or its answer is invalid.",
    "503": "A task is moving, being restored, or has not caught up. Try again after `Retry-After` seconds.",
}
_PROBLEM_HEADERS: Final = {
    "307": {"Location": {"description": "Path with the canonical id.", "schema": {"type": "string"}}},
    "503": {"Retry-After": {"description": "Seconds until the next try.", "schema": {"type": "integer"}}},
}
_LIST_PROBLEMS: Final = ("400", "401", "403", "421", "502", "503")
_CUSTOMER_PROBLEMS: Final = ("307", "400", "401", "403", "404", "421", "502", "503")


class _Operation(NamedTuple):
    """One `GET` of the API.

    Attributes:
        name: `operationId`.
        summary: summary, in a sentence.
        query: class of the parameters.
        schema: schema of the JSON response.
        row: class of a row of the CSV.
        problems: statuses of the errors.
        answers: status to description of the responses that have a body of `schema`.
    """

    name: str
    summary: str
    query: type[Query]
    schema: Part
    row: type[Struct]
    problems: tuple[str, ...]
    answers: Mapping[str, str] = {"200": "Success."}


@cache
def document() -> Part:
    """Return the whole OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Retention",
            "version": VERSION,
            "summary": "The customers, tickets and orders behind a number.",
            "description": "Every worker responds for all customers. docs/metrics.md defines the metrics, "
            "docs/api.md has examples.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": {path: {"get": _get(path, operation)} for path, operation in _operations().items()},
        "components": {
            "schemas": _schemas(),
            "responses": {status: _problem(status, text) for status, text in _PROBLEMS.items()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Value of `RETENTION_TOKEN`, if the workers have one.",
                }
            },
        },
    }


def _operations() -> dict[str, _Operation]:
    """Return the operations by their paths."""
    return {
        "/customers": _list("customers", "List the customers behind a number.", CustomerQuery, Profile),
        **_customer_operations(),
        "/tickets": _list("tickets", "List the tickets behind a number.", TicketQuery, responses.Ticket),
        "/orders": _list("orders", "List the orders behind a number.", OrderQuery, responses.Order),
        **_number_operations(),
    }


def _customer_operations() -> dict[str, _Operation]:
    """Return the operations on one customer."""
    return {
        "/customers/{customer_id}": _Operation(
            "customer",
            "Return the profile of a customer.",
            Query,
            _ref(Profile),
            Profile,
            _CUSTOMER_PROBLEMS,
        ),
        "/customers/{customer_id}/why": _Operation(
            "why",
            "Return the events of a customer, and the metrics that each counts for. "
            "The CSV contains only the events.",
            EventQuery,
            _ref(responses.Why),
            responses.Reason,
            _CUSTOMER_PROBLEMS,
        ),
        "/customers/{customer_id}/identities": _Operation(
            "identities",
            "Return the ids of a customer, and the events that connect them. "
            "The CSV contains only the events.",
            Query,
            _ref(responses.Identities),
            responses.MergeSeen,
            _LIST_PROBLEMS,
        ),
    }


def _number_operations() -> dict[str, _Operation]:
    """Return the operations that return numbers."""
    return {
        "/cohorts": _Operation(
            "cohorts",
            "Return the cells of cohorts by month and age. The CSV contains only the cells.",
            CohortQuery,
            _ref(responses.Cohorts),
            responses.CohortCell,
            ("400", "401", "404", "421", "502", "503"),
        ),
        "/periods": _Operation(
            "periods",
            "Return calendar periods as known now and as closed. The CSV contains only the values.",
            PeriodQuery,
            _ref(periods.Periods),
            periods.PeriodSeries,
            ("400", "401", "404", "421", "502", "503"),
        ),
        "/periods/{kind}/{period}": _Operation(
            "period",
            "Return a calendar period with the values of all its versions. "
            "The CSV contains only the latest values.",
            Query,
            _ref(periods.CalendarPeriod),
            periods.PeriodSeries,
            ("400", "401", "404", "421", "502", "503"),
        ),
        "/explain": _Operation(
            "explain",
            "Explain why a ratio moved within a week or four weeks. The CSV contains only the terms.",
            ExplainQuery,
            _ref(Movement),
            Term,
            _LIST_PROBLEMS,
        ),
        "/metrics.json": _Operation(
            "metrics",
            "Return the current series.",
            SeriesQuery,
            {"type": "array", "items": _ref(Metric)},
            Metric,
            ("400", "401"),
            {
                "200": "The selected series.",
                "503": "The selected series so far: `retention.metrics` has not been read to its end.",
            },
        ),
    }


def _list(name: str, summary: str, query: type[Query], item: type[Struct]) -> _Operation:
    page = {"properties": {"items": {"type": "array", "items": _ref(item)}}}
    return _Operation(name, summary, query, {"allOf": [_ref(responses.Page), page]}, item, _LIST_PROBLEMS)


def _get(path: str, operation: _Operation) -> Part:
    in_path = [part for name, part in _IN_PATH.items() if f"{{{name}}}" in path]
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        **_description(operation.query),
        "parameters": [*in_path, *_parameters(operation.query)],
        "responses": {
            **{status: _answer(operation, text) for status, text in operation.answers.items()},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in operation.problems},
        },
    }


def _description(query: type[Query]) -> Part:
    """Return the description of a query that has parameters of its own."""
    return {} if query is Query else {"description": query.__doc__ or ""}


def _answer(operation: _Operation, description: str) -> Part:
    csv = {
        "type": "string",
        "description": f"A header, and one line for each `{operation.row.__name__}`.",
    }
    return {
        "description": description,
        **({"headers": _NEXT_LINK} if issubclass(operation.query, Listing) else {}),
        "content": {"application/json": {"schema": operation.schema}, "text/csv": {"schema": csv}},
    }


def _parameters(query: type[Query]) -> list[Part]:
    _, components = msgspec.json.schema_components([query], ref_template=_PREFIX + "{name}")
    properties = components[query.__name__]["properties"]
    return [_parameter(name, schema) for name, schema in properties.items()]


def _parameter(name: str, schema: Part) -> Part:
    content = {key: value for key, value in schema.items() if key not in {"description", "anyOf"}}
    # A type of Python has null for an omitted parameter. A URL has no null.
    for choice in schema.get("anyOf", ()):
        if choice != {"type": "null"}:
            content |= choice
    if content.get("default", ...) is None:
        del content["default"]
    if "enum" in content:
        content = {"type": "string"} | content
    parameter: Part = {"name": name, "in": "query", "description": schema["description"], "schema": content}
    if content.get("type") == "boolean":
        parameter["allowEmptyValue"] = True
    return parameter


def _ref(kind: type[Struct]) -> Part:
    return {"$ref": _PREFIX + kind.__name__}


def _schemas() -> Part:
    _, components = msgspec.json.schema_components(_RESPONSE_TYPES, ref_template=_PREFIX + "{name}")
    return {name: _without_attributes(schema) for name, schema in components.items()}


def _without_attributes(schema: Part) -> Part:
    """Return a schema whose description lacks the docstring's section on attributes."""
    description = schema.get("description", "").partition("\n\nAttributes:")[0]
    return schema | {"description": description}


def _problem(status: str, description: str) -> Part:
    headers = {"headers": _PROBLEM_HEADERS[status]} if status in _PROBLEM_HEADERS else {}
    content = {CONTENT_TYPE: {"schema": _ref(responses.Problem)}}
    return {"description": description, **headers, "content": content}
