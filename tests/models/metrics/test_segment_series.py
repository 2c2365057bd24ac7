"""Test the number of series by segment."""

import pytest

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.metrics.segment_series import check_budget, series_of

COUNTRY = Segment(name="country", field="country", values=("DE", "AT", "FR"))
REFERRED = Segment(name="referred", origin="referred")


def test_number_is_values_times_windows_times_series():
    definitions = Definitions(segments=(COUNTRY,))
    assert series_of(COUNTRY, definitions) == 5 * 2 * 26
    assert series_of(Segment(name="c", origin="coupon", values=("a",)), definitions) == 3 * 2 * 7
    assert series_of(Segment(name="t", origin="team", values=("a",)), definitions) == 3 * 2 * 9


def test_budget_names_the_segment_that_exceeds_it():
    enough = 5 * 2 * 26 + 3 * 2 * 26
    check_budget(Definitions(segments=(REFERRED, COUNTRY), max_series=enough))
    message = "max_series: with the segment 'country', 416 series by segment would be exported"
    with pytest.raises(ValueError, match=message):
        check_budget(Definitions(segments=(REFERRED, COUNTRY), max_series=enough - 1))
