"""Test the values of windows that Prometheus has of an earlier instant."""

import msgspec
import pytest
from aiohttp import ClientSession, web

from streams.report import from_prometheus
from streams.report.numbers import Numbers
from tests.support.http_server import listening

SCRAPE = {"job": "retention", "instance": "worker-1:6066"}


def series(name, value, **labels):
    return {"metric": {"__name__": name, **SCRAPE, **labels}, "value": [1772100000.0, value]}


def answer(*found):
    return msgspec.json.encode({"status": "success", "data": {"resultType": "vector", "result": found}})


def read(*found):
    return Numbers.of_samples(from_prometheus.read(answer(*found)), 0)


def test_series_lose_the_labels_of_their_scrape():
    numbers = read(series("retention_customers", "12", window="7d", set="new", pod="a"))
    assert numbers.of("retention_customers", window="7d", set="new").value == 12


def test_ratio_has_its_parts_so_that_chance_is_known():
    rate = {"window": "7d", "method": "cohort"}
    numbers = read(
        series("retention_rate_ratio", "0.4", **rate), series("retention_rate_denominator", "50", **rate)
    )
    found = numbers.of("retention_rate_ratio", **rate)
    assert (found.value, found.numerator, found.denominator) == (0.4, 20, 50)


def test_undefined_value_is_known_to_be_undefined():
    found = read(series("retention_csat_ratio", "NaN", window="7d")).of("retention_csat_ratio", window="7d")
    assert found.is_known
    assert not found.exists


def test_series_of_other_programs_are_left_out():
    assert from_prometheus.read(answer(series("retention_of_backups_days", "7", window="7d"))) == []


def test_numbers_of_another_time_are_refused():
    """Such as those of workers that followed the times of events."""
    then = 1772100000
    assert from_prometheus.read(answer(series("retention_as_of_timestamp_seconds", str(then - 10)))) == []
    with pytest.raises(ValueError, match="another time"):
        from_prometheus.read(answer(series("retention_as_of_timestamp_seconds", str(then - 86_400))))


def test_two_instances_of_one_job_are_one_shop():
    one, other = series("retention_nps", "4", window="7d"), series("retention_nps", "4", window="7d")
    other["metric"]["instance"] = "worker-2:6066"
    assert len(from_prometheus.read(answer(one, other))) == 1


@pytest.mark.parametrize("label", ["job", "namespace"])
def test_numbers_of_several_shops_are_refused(label):
    other = series("retention_nps", "9", window="7d")
    other["metric"][label] = "another"
    with pytest.raises(ValueError, match="several jobs"):
        from_prometheus.read(answer(series("retention_nps", "4", window="7d"), other))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status":"error"}', b"<html>"])
def test_other_response_is_an_error(body):
    with pytest.raises(ValueError):  # noqa: PT011 - of the decoder
        from_prometheus.read(body)


async def test_request_names_the_window_and_the_instant():
    requests = []

    async def respond(request):
        requests.append(request.query)
        return web.Response(body=answer())

    app = web.Application()
    app.add_routes([web.get("/api/v1/query", respond)])
    async with listening(app) as url, ClientSession() as session:
        assert await from_prometheus.ask(session, f"{url}/", "7d", 1772100000.0) == []
    selected = '{__name__=~"retention_.+",window="7d"}'
    assert requests[0]["query"] == f"{selected} or retention_as_of_timestamp_seconds"
    assert requests[0]["time"] == "1772100000.000"
