"""The parameters of calendar periods (docs/metrics.md, "Cohorts")."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct


class PeriodDefinitions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calendar of the shop (TOML table `[periods]`).

    Attributes:
        zone: IANA name of the time zone of months.

    Raises:
        ValueError: On construction, if the zone is unknown. The message starts with its name.
    """

    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Check the zone."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"zone: {self.zone!r} is not a time zone such as 'Europe/Berlin'") from None
