"""The OpenAPI document: valid, complete, and followed by every response."""

import gzip
import json
from pathlib import Path

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator

from streams.http.api.local_tasks import LocalTasks
from streams.http.api.openapi import document
from streams.http.api.routes import Api
from tests.support.api_worker import get
from tests.support.partitions import Shop

ROOT = Path(__file__).parents[4]


PATHS = [
    ("/customers?set=end&window=30d", "/customers"),
    ("/customers?lifecycle=prospect", "/customers"),
    ("/customers/customer%2007", "/customers/{customer_id}"),
    ("/customers/customer%2007/why", "/customers/{customer_id}/why"),
    ("/customers/nobody", "/customers/{customer_id}"),
    ("/customers/%FF%FF", "/customers/{customer_id}"),
    ("/customers/%ED%A0%80/why", "/customers/{customer_id}/why"),
    ("/customers?tier=lead", "/customers"),
    ("/tickets?breached", "/tickets"),
    ("/tickets?due_within=2d&cursor=none", "/tickets"),
    ("/orders?overdue", "/orders"),
]


def test_document_is_valid_openapi():
    official = json.loads(gzip.decompress((ROOT / "tests/data/openapi/3.1.json.gz").read_bytes()))
    validator = Draft202012Validator(official)
    assert [error.message for error in validator.iter_errors(document())] == []
    assert not validator.is_valid(document() | {"paths": {"/x": {"get": {"responses": []}}}})
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("path", "route"), PATHS)
async def test_response_matches_its_openapi_schema(session, described, path, route):
    status, headers, body = await get(session, path)
    answer = described["paths"][route]["get"]["responses"][str(status)]
    if "$ref" in answer:
        answer = described["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    schema = answer["content"][headers["Content-Type"]]["schema"] | {"components": described["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(body))] == []
    assert headers["Cache-Control"] == "no-store"


async def test_openapi_document_has_every_route(session):
    app = web.Application()
    Api(
        LocalTasks({}.get), None, 1, Shop().definitions, {}.get, cohorts=lambda: None, periods=lambda: None
    ).add_to(app)
    routes = {resource.canonical for resource in app.router.resources()} - {"/openapi.json"}
    assert routes | {"/metrics.json"} == set(document()["paths"])
    assert json.loads((await get(session, "/openapi.json"))[2]) == document()
