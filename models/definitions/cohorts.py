"""The parameters of cohorts (docs/metrics.md, "Cohorts")."""

from datetime import date
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from models.definitions.windows import Window

#: Most periods of a customer's age. Each adds a column to every cohort.
MAX_PERIODS: Final = 36
#: A month may be this much shorter than the horizon reaches beyond its last period, so that it is whole.
_SPARE_DAYS: Final = 31


class CohortDefinitions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The periods of a customer's age, and which cohorts are compared (TOML table `[cohorts]`).

    Attributes:
        unit: length of a period, such as `30d`.
        brackets: ends of periods of different lengths, ascending. Empty: `periods` times the `unit`.
        periods: number of periods, without `brackets`.
        export: `curves` exports means over all cohorts; `grid` also the cells of each cohort.
        complete_from: local date from which on the history is complete. None: the earliest month with a
            customer and the two after it are not compared.

    Raises:
        ValueError: On construction, if a value is invalid. The message starts with the name of the parameter.

    Example:
        >>> CohortDefinitions(brackets=("7d", "30d", "60d")).ends
        (168, 720, 1440)
    """

    unit: str = "30d"
    brackets: tuple[str, ...] = ()
    periods: int = 12
    export: Literal["curves", "grid"] = "curves"
    complete_from: date | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        if not 1 <= self.periods <= MAX_PERIODS:
            raise ValueError(f"periods: {self.periods} is not within 1 to {MAX_PERIODS}")
        if len(self.brackets) > MAX_PERIODS:
            raise ValueError(f"brackets: expected at most {MAX_PERIODS}, got {len(self.brackets)}")
        _hours("unit", self.unit)
        for bracket in self.brackets:
            _hours("brackets", bracket)
        for before, after in pairwise(self.brackets):
            if _hours("brackets", before) >= _hours("brackets", after):
                raise ValueError(
                    f"brackets: {after!r} is not longer than {before!r} before it;"
                    " expected ascending lengths such as '7d', '30d', '90d'"
                )

    @property
    def ends(self) -> tuple[int, ...]:
        """End of each period of a customer's age, event hours after the first order."""
        if self.brackets:
            return tuple(_hours("brackets", bracket) for bracket in self.brackets)
        return tuple(_hours("unit", self.unit) * (k + 1) for k in range(self.periods))

    def check_horizon(self, horizon_days: int) -> None:
        """Check that the horizon holds a month of customers and all periods of their age.

        Raises:
            ValueError: It does not.
        """
        last = self.ends[-1]
        if last > 24 * (horizon_days - _SPARE_DAYS):
            raise ValueError(
                f"the last period ends after {last / 24:,.10g} days, "
                f"later than {_SPARE_DAYS} days before the horizon of {horizon_days} days"
            )


def _hours(name: str, text: str) -> int:
    try:
        return Window.parse(text).hours
    except ValueError as error:
        raise ValueError(f"{name}: {error}".replace("window ", "length ")) from None
