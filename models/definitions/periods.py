"""The parameters of calendar periods (docs/metrics.md, "Closed periods" and "Cohorts")."""

from typing import Final

from msgspec import Struct

from models.definitions.names import check_once
from models.definitions.windows import US_PER_HOUR, Window
from models.definitions.zones import zone_of

#: The kinds of calendar periods, from short to long.
PERIOD_KINDS: Final = ("week", "month", "quarter", "year")
#: The days on which a week may start, in the order of `date.weekday`.
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

#: Days in the longest two periods of a kind in a row.
_LONGEST_PAIR_DAYS: Final = {"week": 14, "month": 62, "quarter": 184, "year": 731}
#: The horizon begins at a full hour, and a time zone may change its offset in between.
_SPARE_DAYS: Final = 1


class PeriodDefinitions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calendar of the shop (TOML table `[periods]`).

    Attributes:
        zone: IANA name of the time zone of periods, and of the months of cohorts.
        week_starts: day on which a week starts.
        kinds: kinds of the periods that are computed. Empty: no period is computed.
        close_after: time from the end of a period until it is closed, such as `72h`.

    Raises:
        ValueError: On construction, if a value is invalid. The message starts with the name of the parameter.

    Example:
        >>> PeriodDefinitions(kinds=("month",)).close_after_us // 3_600_000_000  # hours
        72
    """

    zone: str = "UTC"
    week_starts: str = "monday"
    kinds: tuple[str, ...] = ()
    close_after: str = "72h"

    def __post_init__(self) -> None:
        """Check every value."""
        try:
            zone_of(self.zone)
        except ValueError as error:
            raise ValueError(f"zone: {error}") from None
        if self.week_starts not in WEEKDAYS:
            raise ValueError(f"week_starts: {self.week_starts!r} is none of {', '.join(WEEKDAYS)}")
        for kind in self.kinds:
            if kind not in PERIOD_KINDS:
                raise ValueError(f"kinds: {kind!r} is none of {', '.join(PERIOD_KINDS)}")
        check_once("kinds", self.kinds)
        try:
            Window.parse(self.close_after)
        except ValueError:
            raise ValueError(
                f"close_after: {self.close_after!r} is not a number of hours or days such as '72h'"
            ) from None

    @property
    def close_after_us(self) -> int:
        """Time from the end of a period until it is closed, microseconds."""
        return Window.parse(self.close_after).hours * US_PER_HOUR

    def check_horizon(self, horizon_days: int) -> None:
        """Check that the horizon holds every period and the one before it until the period is closed.

        Raises:
            ValueError: It does not.
        """
        for kind in self.kinds:
            closed = 24 * (_LONGEST_PAIR_DAYS[kind] + _SPARE_DAYS) + Window.parse(self.close_after).hours
            if closed > 24 * horizon_days:
                raise ValueError(
                    f"kinds: two periods of kind {kind!r} and close_after take {closed / 24:g} days,"
                    f" more than the horizon of {horizon_days} days"
                )
