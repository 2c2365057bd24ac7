"""Test the sums of flows by segment and value."""

from models.aggregation.segment_sums import SegmentSums

HOUR = 3_600_000_000
ORDERS, NET = ("orders", ""), ("net", "EUR")


def sums() -> SegmentSums:
    """Return the sums of windows of 24 and 48 hours."""
    return SegmentSums([24, 48])


def windows_of(found: SegmentSums, hour: int, column=ORDERS) -> dict[tuple[str, str], list[int]]:
    """Return segment and value -> the sum of a column in each window, at an hour."""
    found.flush(hour)
    cells = found.cells()
    at = cells.columns.index(column)
    return {
        (segment, value): [row[at] for row in rows]
        for segment, values in cells.values.items()
        for value, rows in values.items()
    }


def test_flow_counts_in_each_window_until_it_leaves():
    found = sums()
    found.add_count(("country", "DE", *ORDERS), 100 * HOUR + 59, 1)
    assert windows_of(found, 100) == {("country", "DE"): [1, 1]}
    assert windows_of(found, 124) == {("country", "DE"): [0, 1]}
    assert windows_of(found, 148) == {("country", "DE"): [0, 0]}


def test_values_of_segments_are_summed_apart():
    found = sums()
    for segment, value in (("country", "DE"), ("country", "AT"), ("team", "DE")):
        found.add_count((segment, value, *ORDERS), 100 * HOUR, 1)
    found.add_count(("country", "DE", *ORDERS), 100 * HOUR, 2)
    expected = {("country", "DE"): [3, 3], ("country", "AT"): [1, 1], ("team", "DE"): [1, 1]}
    assert windows_of(found, 100) == expected


def test_sum_of_money_exceeds_32_bits():
    found = sums()
    found.add_count(("country", "DE", *ORDERS), 100 * HOUR, 1)
    found.add_sum(("country", "DE", *NET), 100 * HOUR, 1 << 40)
    assert windows_of(found, 100, NET) == {("country", "DE"): [1 << 40, 1 << 40]}


def test_value_without_a_column_has_zeros_in_it():
    found = sums()
    found.add_count(("country", "DE", *ORDERS), 100 * HOUR, 1)
    found.add_sum(("country", "AT", *NET), 100 * HOUR, 7)
    expected = {("country", "DE"): [0, 0], ("country", "AT"): [7, 7]}
    assert windows_of(found, 100, NET) == expected
