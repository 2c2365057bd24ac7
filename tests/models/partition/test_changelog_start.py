"""A changelog that holds all rows of a partition differs from one that has lost some."""

import pytest

from models.definitions.definitions import Definitions
from models.facts.claims import Placed
from models.facts.fact import Fact
from models.partition.metadata import METADATA_KEY, ChangelogStart
from models.partition.partition import Partition

START = ChangelogStart("id", 7)


def restored(rows):
    partition = Partition(Definitions(), {})
    for key, row in rows.items():
        partition.load(key, row)
    partition.resume(0)
    return partition


@pytest.fixture
def rows():
    """Return the rows of a partition with one customer, from a changelog that begins at `START`."""
    partition = Partition(Definitions(), {})
    partition.process_one("ada", Fact("order-1", Placed(1, "event-1", 2_500, "USD", "web")))
    partition.metadata.changelog = START
    return partition.take_changes()


def test_changelog_that_begins_where_it_did_has_all_rows(rows):
    assert not restored(rows).metadata.changelog_lacks_rows(START)


@pytest.mark.parametrize("start", [ChangelogStart("id", 8), ChangelogStart("other id", 0)])
def test_changelog_that_begins_elsewhere_lacks_rows(rows, start):
    assert restored(rows).metadata.changelog_lacks_rows(start)


def test_rows_without_metadata_lack_rows(rows):
    """The metadata is written in the first transaction, and again only when they change.

    Under a worker, a new topic gets changed rows only, from offset 0 on.
    """
    del rows[METADATA_KEY]
    assert restored(rows).metadata.changelog_lacks_rows(ChangelogStart("id", 0))


def test_empty_changelog_lacks_nothing():
    assert not restored({}).metadata.changelog_lacks_rows(ChangelogStart("id", 0))


@pytest.mark.parametrize(("earliest", "lacks"), [(0, False), (1, True)])
def test_state_of_an_older_release_is_complete_from_zero(earliest, lacks):
    partition = Partition(Definitions(), {})
    partition.process_one("ada", Fact("order-1", Placed(1, "event-1", 2_500, "USD", "web")))
    old = restored(partition.take_changes())
    assert old.metadata.changelog_lacks_rows(ChangelogStart("id", earliest)) is lacks


def test_all_rows_are_written_again(rows):
    partition = restored(rows)
    partition.take_changes()
    partition.metadata.changelog = ChangelogStart("new id", 0)
    assert partition.write_all_rows() == 2
    assert partition.take_changes().keys() == rows.keys()
