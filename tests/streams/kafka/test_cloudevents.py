"""CloudEvents in Kafka's records: both modes are read, and written ones can be read again."""

import json
from datetime import UTC, datetime

import pytest
from aiokafka import ConsumerRecord
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from models.contract.decoding import MAX_BYTES, EventError, decode
from streams.kafka.cloudevents import headers, rfc3339, schema_id, unwrap

ORDER = {
    "id": "e1",
    "type": "order.shipped",
    "time": "2026-01-02T03:04:05Z",
    "customer_id": "ann",
    "order_id": "o1",
}
BINARY = {
    "ce_specversion": b"1.0",
    "ce_id": b"e2",
    "ce_type": b"order.delivered",
    "ce_source": b"/shop",
    "ce_time": b"2026-02-02T00:00:00Z",
    "content-type": b"application/json",
}
STRUCTURED = {"content-type": b"application/cloudevents+json; charset=UTF-8"}


def record(content, headers):
    value = content if isinstance(content, bytes | None) else json.dumps(content).encode()
    return ConsumerRecord("orders", 0, 0, 0, 0, b"", value, None, 0, 0, tuple(headers.items()))


def read(content, headers):
    return decode("orders", unwrap(record(content, headers)))


def without(event, *names):
    return {name: value for name, value in event.items() if name not in names}


PLAIN = decode("orders", json.dumps(ORDER).encode())


@pytest.mark.parametrize("names", [{}, {"traceparent": b"00-1-2-01"}, {"content-type": b"application/json"}])
def test_plain_record_is_unchanged(names):
    one = record(ORDER, names)
    assert unwrap(one) is one.value


def test_binary_mode_data_may_be_a_whole_event():
    assert read(ORDER, BINARY) == PLAIN


def test_binary_headers_fill_missing_fields():
    fields = without(ORDER, "id", "type", "time")
    expected = fields | {"id": "e2", "type": "order.delivered", "time": "2026-02-02T00:00:00Z"}
    assert read(fields, BINARY) == decode("orders", json.dumps(expected).encode())


def test_binary_mode_text_is_not_parsed():
    odd = 'ä "quoted" \\ \u2028'
    assert read(without(ORDER, "id"), BINARY | {"ce_id": odd.encode()}).id == odd


def test_structured_mode_follows_from_the_content_type():
    envelope = {"specversion": "1.0", "id": "e2", "source": "/shop", "type": "order.shipped"}
    assert read(envelope | {"data": ORDER}, STRUCTURED) == PLAIN
    assert read(envelope | {"data": ORDER}, {"content-type": b"Application/CloudEvents"}) == PLAIN
    assert read(envelope | {"data": ORDER}, {}) == PLAIN, "by its specversion"


def test_plain_event_with_cloud_event_content_type_is_plain():
    assert read(ORDER, STRUCTURED) == PLAIN


@pytest.mark.parametrize(
    ("content", "names", "reason", "message"),
    [
        (ORDER, BINARY | {"ce_specversion": b"0.3"}, "invalid_field", "only 1.0"),
        (without(ORDER, "id"), BINARY | {"ce_id": b"\xff"}, "invalid_field", "ce_id is not UTF-8"),
        (b"\x00avro", {"content-type": b"application/cloudevents+avro"}, "not_json", "avro is not read"),
        (b"{", STRUCTURED, "not_json", "truncated"),
        (b"<order/>", BINARY, "not_json", "not a JSON object"),
        ([ORDER], BINARY, "not_json", "not a JSON object"),
        (without(ORDER, "id"), without(BINARY, "ce_id"), "invalid_field", "`id`"),
        (without(ORDER, "type"), BINARY | {"ce_type": b"com.example"}, "unknown_type", "com.example"),
        (None, BINARY, "not_json", "empty"),
        (b" " * (MAX_BYTES + 1), BINARY, "too_large", "bytes"),
        (b" " * (MAX_BYTES + 1), STRUCTURED, "too_large", "bytes"),
    ],
)
def test_invalid_cloud_event_is_rejected(content, names, reason, message):
    with pytest.raises(EventError, match=message) as caught:
        read(content, names)
    assert caught.value.reason == reason


def test_a_header_may_be_null():
    assert read(ORDER, {"content-type": None, "ce_specversion": None}) == PLAIN
    assert read(ORDER, BINARY | {"ce_id": None, "content-type": None}) == PLAIN


def test_output_headers_follow_the_binding():
    made = headers("i-1", "retention.transition", "urn:retention:g", 1_767_323_045_500_000, "çelik")
    assert dict(made) == {
        "ce_specversion": b"1.0",
        "ce_id": b"i-1",
        "ce_type": b"retention.transition",
        "ce_source": b"urn:retention:g",
        "ce_dataschema": b"urn:retention:v1:retention.transition",
        "ce_time": b"2026-01-02T03:04:05.500000Z",
        "ce_subject": "çelik".encode(),
        "content-type": b"application/json",
    }
    assert made == headers("i-1", "retention.transition", "urn:retention:g", 1_767_323_045_500_000, "çelik")
    made.append(("extra", b""))
    assert len(headers("", "retention.transition", "urn:retention:g", 0, "")) == 8, "a list of its own"


def sent(attributes, data, write):
    """A record as the CloudEvents project's own SDK makes it."""
    message = write(CloudEvent({"source": "/shop", "specversion": "1.0"} | attributes, data), JSONFormat())
    return ConsumerRecord(
        "orders", 0, 0, 0, 0, b"", message.value, None, 0, 0, tuple(message.headers.items())
    )


TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WHOLE = {"id": "x", "type": "com.example.shipped", "time": TIME}
PARTS = {"id": "e1", "type": "order.shipped", "time": TIME, "datacontenttype": "application/json"}


@pytest.mark.parametrize("write", [kafka.to_binary, kafka.to_structured])
@pytest.mark.parametrize(
    ("attributes", "data"),
    [
        (WHOLE | {"datacontenttype": "application/json"}, ORDER),
        (WHOLE, ORDER),
        (WHOLE, json.dumps(ORDER).encode()),
        (PARTS, without(ORDER, "id", "type", "time")),
        (PARTS | {"subject": "o1", "traceparent": "00-1"}, without(ORDER, "id", "type", "time")),
    ],
)
def test_event_of_the_official_sdk_is_read(write, attributes, data):
    assert decode("orders", unwrap(sent(attributes, data, write))) == PLAIN


def test_official_sdk_reads_the_written_event():
    made = headers("i-1", "retention.transition", "urn:retention:g", 1_767_323_045_500_000, "ann")
    message = kafka.KafkaMessage(headers=dict(made), key=None, value=b'{"id": "i-1"}')
    event = kafka.from_kafka(message, JSONFormat())
    assert (event.get_id(), event.get_type(), event.get_source()) == (
        "i-1",
        "retention.transition",
        "urn:retention:g",
    )
    assert event.get_time() == datetime(2026, 1, 2, 3, 4, 5, 500_000, UTC)
    assert (event.get_subject(), event.get_datacontenttype()) == ("ann", "application/json")
    assert event.get_dataschema() == "urn:retention:v1:retention.transition"
    assert event.get_data() == {"id": "i-1"}


def test_time_and_schema_id_have_the_documented_form():
    assert rfc3339(0) == "1970-01-01T00:00:00Z"
    assert schema_id("order.placed", 2) == "urn:retention:v2:order.placed"
