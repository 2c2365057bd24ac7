"""The fields that a mapping does not read, and the fields that were probably meant."""

from streams.mapping.field_tally import FieldTally
from streams.mapping.mappings import load
from tests.support.mappings import TABLE, mapping_reader


def tally(reader, *records):
    found = FieldTally(reader)
    for record in records:
        found.add(record)
    return found


def test_unread_field_with_a_similar_name_was_meant():
    found = tally(mapping_reader(TABLE), {"id": 1, "custmer": 2, "shelf": 3})
    assert [one.path for one in found.unread()] == ["custmer", "shelf"]
    assert found.meant() == {"customer": "custmer"}


def test_fields_of_a_bundled_mapping_are_not_misspelt():
    record = {"detail": {"id": "1", "updated_at": "2026-06-09T10:00:00Z"}}
    found = tally(load({}).reader("zendesk"), record)
    assert "updated_at" in found.unseen()
    assert found.meant() == {}


def test_own_field_beside_a_bundled_mapping_may_be_misspelt():
    own = {"mappings": {"zendesk": {"extends": "zendesk", "skip": {"vip": "detail.vipp"}}}}
    assert tally(load(own).reader("zendesk"), {"detail": {"vip": True}}).meant() == {
        "detail.vipp": "detail.vip"
    }
