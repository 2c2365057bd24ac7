"""The headers of a dead letter."""

from datetime import UTC, datetime

import pytest

from streams.ingest.dead_letter_record import Rejection, decode, encode, original_headers, rejected_at

REJECTION = Rejection("not_json", "invalid JSON", "orders", 5, 41)
AT = datetime(2026, 3, 1, 12, 30, 15, 999, tzinfo=UTC)


def test_rejection_survives_the_round_trip():
    headers = encode(REJECTION, AT)
    assert decode(headers) == REJECTION
    assert rejected_at(headers) == AT.replace(microsecond=0)


def test_header_names_and_values_are_the_documented_ones():
    assert encode(REJECTION, AT) == [
        ("retention.error.reason", b"not_json"),
        ("retention.error.message", b"invalid JSON"),
        ("retention.error.topic", b"orders"),
        ("retention.error.partition", b"5"),
        ("retention.error.offset", b"41"),
        ("retention.error.time", b"2026-03-01T12:30:15+00:00"),
    ]


def test_own_headers_of_the_record_are_kept_apart():
    own = [("trace", b"\x00\xff"), ("trace", b"again")]
    headers = [*own, *encode(REJECTION, AT)]
    assert original_headers(headers) == tuple(own)
    assert decode(headers) == REJECTION


def test_last_rejection_counts():
    again = REJECTION._replace(reason="too_old", offset=77)
    headers = [*encode(REJECTION, AT), *encode(again, AT.replace(year=2027))]
    assert decode(headers) == again
    assert rejected_at(headers).year == 2027


def test_missing_headers_are_empty():
    assert decode([("trace", b"\xff")]) == Rejection("", "", "", -1, -1)
    assert rejected_at([]) is None


def test_message_with_lone_surrogates_can_be_stored():
    assert decode(encode(REJECTION._replace(message="\ud800"), AT)).message == "?"


def test_headers_without_time_are_of_an_early_release():
    headers = encode(REJECTION, AT)[:-1]
    assert (decode(headers), rejected_at(headers), original_headers(headers)) == (REJECTION, None, ())


def with_value(field, value):
    """Return the headers of REJECTION with another value of one of them."""
    name = f"retention.error.{field}"
    return [(each, value if each == name else content) for each, content in encode(REJECTION, AT)]


@pytest.mark.parametrize("value", [b"\xff", None, "٣".encode(), b"9" * 300, b"\x1b[2J"])
@pytest.mark.parametrize(
    ("field", "missing"), [("reason", ""), ("topic", ""), ("partition", -1), ("offset", -1)]
)
def test_invalid_value_equals_a_missing_one(field, missing, value):
    assert decode(with_value(field, value)) == REJECTION._replace(**{field: missing})


@pytest.mark.parametrize("value", [b"\xff", None, b"yesterday", b"2026-03-01T12:30:15", b"2026-13-01T00:00Z"])
def test_invalid_time_equals_a_missing_one(value):
    assert rejected_at(with_value("time", value)) is None


def test_message_of_other_bytes_is_shown_as_far_as_it_is_text():
    assert decode(with_value("message", b"a\xff")).message == "a\N{REPLACEMENT CHARACTER}"


def test_headers_of_a_producer_belong_to_its_record():
    forged = [
        ("retention.error.offset", b"\xff"),
        ("retention.error.reason", b"too_old"),
        ("retention.error.time", b"9999-12-31T00:00:00+00:00"),
    ]
    headers = [*forged, *encode(REJECTION, AT), ("trace", None)]
    assert decode(headers) == REJECTION
    assert rejected_at(headers) == AT.replace(microsecond=0)
    assert original_headers(headers) == (*forged, ("trace", None))
    assert decode(forged) == Rejection("", "", "", -1, -1)
    assert rejected_at(forged) is None
