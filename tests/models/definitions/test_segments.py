"""Test the parameters of segments."""

import pytest

from models.definitions.definitions import Definitions
from models.definitions.segments import MAX_SEGMENTS, MAX_VALUES, Segment


def country(name: str = "country", *values: str) -> Segment:
    return Segment(name=name, field="country", values=values or ("DE", "AT"))


def test_value_counts_by_name_as_other_or_unknown():
    found = [country().label_of(text) for text in ("DE", "FR", "unknown", None)]
    assert found == ["DE", "other", "other", "unknown"]
    assert country().labels == ("DE", "AT", "other", "unknown")


def test_referred_has_values_of_its_own():
    assert Segment(name="r", origin="referred").labels == ("yes", "no", "unknown")


@pytest.mark.parametrize(
    ("parameters", "subject"),
    [
        ({"field": "country"}, "customer"),
        ({"field": "gift", "of": "order"}, "order"),
        ({"origin": "coupon"}, "order"),
        ({"origin": "team", "of": "ticket"}, "ticket"),
    ],
)
def test_subject_follows_of_or_the_origin(parameters, subject):
    assert Segment(name="s", values=("a",), **parameters).subject == subject


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"name": "a:b", "field": "x"}, "name: 'a:b' is not a letter and up to 31"),
        ({}, "field: expected either `field`, the name of an attribute, or `from`"),
        ({"field": "x", "origin": "team"}, "field: expected either `field`"),
        ({"field": "x" * 65}, "field: expected the name of an attribute, of at most 64"),
        ({"origin": "last_channel"}, "from: 'last_channel' is not one of first_channel, referred,"),
        ({"origin": "coupon", "of": "customer"}, "of: 'coupon' belongs to the order, not the customer"),
        ({"field": "x", "values": ()}, "values: expected at least one"),
        ({"field": "x", "values": ("a", "a")}, "values: 'a' is named twice"),
        ({"field": "x", "values": ("other",)}, "values: 'other' stands for every value that is not named"),
        ({"field": "x", "values": ("é" * 65,)}, "values: 'éééééééééééééééééééé'... has 65 characters"),
        ({"origin": "team", "values": ("t" * 129,)}, "values: 'tttttttttttttttttttt'... has 129 characters"),
        ({"field": "x", "values": tuple("abcdefghijklm")}, f"values: 13 are more than {MAX_VALUES}"),
        ({"origin": "referred"}, "values: those of 'referred' are yes and no; leave it out"),
    ],
)
def test_invalid_segment_names_its_key(parameters, message):
    with pytest.raises(ValueError, match=message):
        Segment(**{"name": "s", "values": ("a",)} | parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"segments": (country(), country())}, "segments: two have the name 'country'"),
        (
            {"segments": tuple(country(f"s{i}") for i in range(7))},
            f"segments: 7 are more than {MAX_SEGMENTS}",
        ),
        ({"segments": (country(),), "windows": ("30d",)}, "segment_windows: '90d' is not one of `windows`"),
        ({"segments": (country(),), "segment_windows": ()}, "segment_windows: expected one window or more"),
        (
            {"segments": (Segment(name="c", origin="first_channel", values=("web", "fax")),)},
            "segments: c: 'fax' is not one of `channels`",
        ),
        ({"min_cell": 0}, "min_cell: 0 is not within 1"),
        ({"max_series": 0}, "max_series: 0 is not within 1"),
    ],
)
def test_invalid_combination_names_its_key(parameters, message):
    with pytest.raises(ValueError, match=message):
        Definitions(**parameters)


def test_windows_of_segments_are_unchecked_without_segments():
    assert Definitions(windows=("7d",)).segments == ()
