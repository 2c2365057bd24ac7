"""The event that requests an erasure, and its topic; with workers: tests/e2e/test_erasure.py."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from aiokafka.errors import TopicAuthorizationFailedError

from models.contract.decoding import decode
from models.contract.events import CustomerErased
from streams.config.load import load
from streams.errors import RetentionError
from streams.operations import erasure

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def configured(tmp_path):
    """Return a function that loads a configuration file."""

    def configured(text):
        path = tmp_path / "retention.toml"
        path.write_text(text)
        return load({"config": path}, {})

    return configured


def test_event_is_an_erasure_of_the_customer():
    found = decode("customers", erasure.event("ada", NOW))
    assert isinstance(found, CustomerErased)
    assert (found.customer_id, found.time) == ("ada", NOW)


def test_repeated_request_is_a_duplicate():
    first, again, other = (
        decode("customers", erasure.event(customer, at))
        for customer, at in (("ada", NOW), ("ada", NOW + timedelta(days=1)), ("bob", NOW))
    )
    assert first.id == again.id != other.id


def test_event_id_does_not_contain_the_customer():
    assert "ada" not in decode("customers", erasure.event("ada", NOW)).id


def test_event_time_is_in_utc():
    vienna = timezone(timedelta(hours=1))
    assert b'"time":"2026-01-02T03:04:05Z"' in erasure.event("ada", NOW.astimezone(vienna))


async def test_erasure_is_stamped_with_the_wall_clock_in_wall_mode():
    assert await erasure.event_time(load({}, {}), NOW) == NOW


@pytest.mark.parametrize("published", [[2, 1], [], None])
async def test_erasure_has_the_clock_of_the_metrics_in_event_mode(monkeypatch, published):
    """Without metrics, and without the right to read them, it is the wall clock."""

    async def rows(_):
        if published is None:
            raise TopicAuthorizationFailedError
        for day in published:
            yield erasure._Published(datetime(2011, 6, day, 10, tzinfo=UTC))

    monkeypatch.setattr(erasure, "_published", rows)
    stamped = await erasure.event_time(load({"clock": "event"}, {}), NOW)
    assert stamped == (datetime(2011, 6, 2, 10, tzinfo=UTC) if published else NOW)


def test_event_goes_to_the_customers_topic(configured):
    assert erasure.topic_of(configured("")) == "customers"
    assert erasure.topic_of(configured('[[inputs]]\ntopic = "people"\nkind = "customers"')) == "people"


def test_inputs_without_customer_events_are_an_error(configured):
    settings = configured('[[inputs]]\ntopic = "orders"')
    with pytest.raises(RetentionError, match=r"no input accepts the event customer\.erased"):
        erasure.topic_of(settings)
