"""Test lists of names in the configuration."""

import pytest

from models.definitions.names import check_labels, check_once


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b", "a"), "teams: 'a' is named twice"),
        (("a", ""), "teams: expected names, got an empty one"),
        (("other",), "teams: 'other' stands for every value that is not named; leave it out"),
        (("unknown",), "teams: 'unknown' stands for a missing value; leave it out"),
    ],
)
def test_invalid_name_is_shown(names, message):
    with pytest.raises(ValueError, match=message):
        check_labels("teams", names)


def test_names_that_differ_by_case_are_two():
    check_once("teams", ("a", "A"))
    check_labels("teams", ("a", "A", "Other"))
