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


@pytest.mark.parametrize("name", ["partition", "offset"])
def test_invalid_number_is_an_error(name):
    with pytest.raises(ValueError, match="many"):
        decode([(f"retention.error.{name}", b"many")])
