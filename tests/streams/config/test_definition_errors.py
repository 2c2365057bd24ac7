"""Values of the TOML file with a wrong type or value: the errors name the key and what is valid."""

import tomllib
from datetime import date

import pytest

from streams.config.toml_file import definitions
from streams.errors import SettingsError

SEGMENT = '[[segments]]\nname = "s"\nvalues = ["a"]\n'


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("min_cell = 1.5", "min_cell (in shop.toml): is a number; expected a whole number"),
        (SEGMENT + "field = 1", "segments[0].field (in shop.toml): is a whole number; expected text"),
        (
            SEGMENT + 'field = "x"\nof = "cart"',
            "segments[0].of (in shop.toml): 'cart' is not valid; expected one of customer, order, ticket",
        ),
        ('[[segments]]\nfield = "x"', "segments[0].name (in shop.toml): is missing"),
        (
            '[cohorts]\nexport = "x"',
            "cohorts.export (in shop.toml): 'x' is not valid; expected one of curves, grid",
        ),
        (
            '[cohorts]\ncomplete_from = "May"',
            "cohorts.complete_from (in shop.toml): is not a date; expected one such as 2021-01-01",
        ),
        ('cohorts = "x"', "cohorts (in shop.toml): is text; expected a table"),
    ],
)
def test_invalid_value_is_named_with_what_is_valid(text, reported):
    with pytest.raises(SettingsError) as caught:
        definitions(tomllib.loads(text), known=(), path="shop.toml")
    assert str(caught.value) == reported


def test_cohorts_that_begin_in_the_future_are_refused():
    with pytest.raises(
        SettingsError, match="9999-12-31 is in the future, so that no cohort would be compared"
    ):
        definitions({"cohorts": {"complete_from": date(9999, 12, 31)}}, known=(), path=None)
    assert definitions({"cohorts": {"complete_from": date(1, 1, 1)}}, known=(), path=None).cohorts is not None
