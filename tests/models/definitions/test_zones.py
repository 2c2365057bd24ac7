"""Test the names of time zones."""

import pytest

from models.definitions.zones import zone_of


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "EST5EDT", "Etc/GMT+5"])
def test_iana_name_is_a_zone(name):
    assert zone_of(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        *("localtime", "Factory", "posixrules", "right/Europe/Berlin", "posix/UTC", "right"),
        *("Mars/Olympus", "", "Europe", "../UTC", "/etc/localtime", "UTC\n", "UTC\0", "x" * 5_000, "\udc80"),
    ],
)
def test_name_that_is_no_zone_everywhere_is_refused(name):
    with pytest.raises(ValueError, match="is not a time zone such as 'Europe/Berlin'"):
        zone_of(name)
