"""The examples of docs/api.md work, and its tables are complete."""

import re
from pathlib import Path

import pytest

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from models.definitions.segments import Segment
from streams.http.api.openapi import document
from tests.support.api_worker import Worker, fill, get

TEXT = (Path(__file__).parents[4] / "docs/api.md").read_text()
PATHS = re.findall(r"curl .*?'http://127\.0\.0\.1:6066(/[^']+)'", TEXT)


SEGMENTS = (
    Segment(name="country", field="country", values=("DE",)),
    Segment(name="coupon", origin="coupon", values=("SPRING26",)),
    Segment(name="referred", origin="referred"),
)


async def test_every_example_returns_200():
    assert len(PATHS) >= 11
    worker = Worker(
        definitions=Definitions(
            cohorts=CohortDefinitions(), periods=PeriodDefinitions(kinds=PERIOD_KINDS), segments=SEGMENTS
        )
    )
    for task in worker.tasks.values():
        fill(task.shop, "c-7")
    async with worker.served() as session:
        for path in PATHS:
            status, headers, body = await get(session, path)
            assert status == 200, (path, body)
            assert ("csv" in path) == headers["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize("route", sorted(document()["paths"]))
def test_every_route_and_parameter_is_documented(route):
    assert route in TEXT
    for parameter in document()["paths"][route]["get"]["parameters"]:
        assert re.search(rf"`(\?|[^`\n]*\b){parameter['name']}\b", TEXT) or "{customer_id}" in route
