"""The parameters of the definitions: currencies, targets, tiers, windows.

They are not part of the state. A changed value applies to all stored events at the next start. A shop sets
them in its configuration file (docs/reference/configuration-file.md).
"""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from msgspec import Struct, field

from models.definitions.action_policy import ActionPolicy
from models.definitions.cohorts import CohortDefinitions
from models.definitions.further_metrics import check_further_metrics
from models.definitions.names import check_labels, check_once
from models.definitions.periods import PeriodDefinitions
from models.definitions.risk_model import RiskModel
from models.definitions.schedules import Schedule
from models.definitions.segments import Segment, check_segments
from models.definitions.sla_policy import SlaPolicy, check_policy
from models.definitions.windows import SHORT_WINDOWS, Window

PRIORITIES: Final = ("low", "normal", "high", "urgent")

#: Priority -> (first response, resolution) in seconds.
_SLA: Final = {
    "low": (48 * 3600, 168 * 3600),
    "normal": (24 * 3600, 72 * 3600),
    "high": (4 * 3600, 24 * 3600),
    "urgent": (1 * 3600, 8 * 3600),
}
_TIERS: Final = {"silver": 200.0, "gold": 500.0, "vip": 1000.0}
#: Tier of customers below every threshold.
_LOWEST_TIER: Final = "member"
_CHANNELS: Final = ("web", "app", "store", "marketplace", "email", "chat", "phone", "social")
_PAYMENT_METHODS: Final = ("card", "wallet", "bank_transfer", "cash_on_delivery", "pay_later")


#: Upper bounds of `max_experiments` and `max_variants`.
MAX_EXPERIMENTS: Final = 500
MAX_VARIANTS: Final = 100
#: Largest number of teams that are counted by name.
MAX_TEAMS: Final = 20
#: Upper bounds of `min_cell` and `max_series`.
MAX_CELL: Final = 1_000_000
MAX_SERIES: Final = 1_000_000


class Definitions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of the definitions, with the published defaults (docs/metrics.md).

    Attributes:
        base_currency: ISO 4217 code of the currency that money is reported in.
        rates: currency -> major units of the base currency for one major unit of it.
        windows: names of the long windows, such as `30d`.
        horizon_days: event retention in days. Older events are dropped. At least twice the longest window.
        lifecycle_days: days without an order after which a customer has churned.
        sla: priority -> (first response, resolution), both in seconds.
        sla_policies: priority -> by which schedule its targets run, what pauses them, and further targets.
        schedules: the hours in which support is open, by name.
        tiers: loyalty tier -> lowest net of a year, in major units of the base currency.
        teams: teams of support counted by name. Any other is counted as `other`, a missing one as `unknown`.
            Empty: no numbers by team are computed.
        channels: channels counted by name. Any other is counted as `other`, a missing one as `unknown`.
        payment_methods: payment methods counted by name. Any other is counted as `other`.
        experiments: experiments counted by name. Empty: the smallest names, up to `max_experiments`. Any
            other is counted as `other`.
        max_experiments: number of experiments counted by name, if `experiments` names none.
        max_variants: number of variants of an experiment that are counted by name, the smallest ones. Any
            other is counted as `other`.
        keep_first_order: whether the first order of a customer is kept beyond the horizon.
        further_metrics: families of metrics that are computed besides, of `FURTHER_METRICS`.
        cohorts: the cohorts of customers by the month of their first order. None: no cohorts are computed.
        periods: the calendar that months follow, and the kinds of closed periods. Without kinds, none are
            computed.
        segments: divisions of customers, orders and tickets. Empty: no numbers by segment are computed.
        segment_windows: names of the windows over which segments are computed, some of `windows`.
        min_cell: number below which a ratio, mean or score of a segment rests on too few to be published.
        max_series: number of series by segment that may be exported.
        risk: fitted model of purchase rates. None: no probabilities are computed.
        actions: the action policy.

    Raises:
        ValueError: On construction, if a value is invalid. The message starts with the name of the parameter.

    Example:
        >>> Definitions(base_currency="EUR", rates={"EUR": 1.0, "USD": 0.92}, windows=("30d",)).horizon_days
        800
    """

    base_currency: str = "USD"
    rates: Mapping[str, float] = field(default_factory=lambda: {"USD": 1.0})
    windows: tuple[str, ...] = ("7d", "30d", "90d", "365d")
    horizon_days: int = 800
    lifecycle_days: int = 90
    sla: Mapping[str, tuple[int, int]] = field(default_factory=lambda: dict(_SLA))
    sla_policies: Mapping[str, SlaPolicy] = field(
        default_factory=lambda: dict.fromkeys(PRIORITIES, SlaPolicy())
    )
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    tiers: Mapping[str, float] = field(default_factory=lambda: dict(_TIERS))
    teams: tuple[str, ...] = ()
    channels: tuple[str, ...] = _CHANNELS
    payment_methods: tuple[str, ...] = _PAYMENT_METHODS
    experiments: tuple[str, ...] = ()
    max_experiments: int = 50
    max_variants: int = 10
    keep_first_order: bool = True
    further_metrics: tuple[str, ...] = ()
    cohorts: CohortDefinitions | None = None
    periods: PeriodDefinitions = PeriodDefinitions()
    segments: tuple[Segment, ...] = ()
    segment_windows: tuple[str, ...] = ("30d", "90d")
    min_cell: int = 5
    max_series: int = 2000
    risk: RiskModel | None = None
    actions: ActionPolicy = field(default_factory=ActionPolicy)

    def __post_init__(self) -> None:
        """Check every value, so that no invalid definitions exist."""
        _check_money(self)
        _check_windows(self)
        _check_sla(self)
        _check_tiers(self)
        check_labels("teams", self.teams)
        if len(self.teams) > MAX_TEAMS:
            raise ValueError(f"teams: {len(self.teams)} are more than {MAX_TEAMS}")
        check_labels("channels", self.channels)
        check_labels("payment_methods", self.payment_methods)
        check_labels("experiments", self.experiments)
        _check_limit("max_experiments", self.max_experiments, MAX_EXPERIMENTS)
        _check_limit("max_variants", self.max_variants, MAX_VARIANTS)
        check_further_metrics(self.further_metrics)
        _check_cohorts(self)
        _check_periods(self)
        check_segments(self.segments, self.segment_windows, self.windows, self.channels)
        _check_limit("min_cell", self.min_cell, MAX_CELL)
        _check_limit("max_series", self.max_series, MAX_SERIES)


def tiers_of(definitions: Definitions) -> tuple[str, ...]:
    """Return the names of the loyalty tiers, lowest first."""
    return (_LOWEST_TIER, *sorted(definitions.tiers, key=lambda tier: definitions.tiers[tier]))


def has_next_response(definitions: Definitions) -> bool:
    """Return whether any priority or tier has a target of the next response."""
    policies = definitions.sla_policies.values()
    return any(
        policy.next_response is not None
        or any(targets.next_response is not None for targets in policy.tiers.values())
        for policy in policies
    )


def _check_money(definitions: Definitions) -> None:
    base = definitions.base_currency
    if not _is_currency(base):
        raise ValueError(f"base_currency: {base!r} is not an ISO 4217 code such as 'EUR'")
    for currency, rate in definitions.rates.items():
        if not _is_currency(currency):
            raise ValueError(f"rates: {currency!r} is not an ISO 4217 code such as 'EUR'")
        if not (isfinite(rate) and rate > 0):
            raise ValueError(f"rates: {currency} has the rate {rate}, which is not above 0")
    if definitions.rates.get(base) != 1:
        raise ValueError(f"rates: the base currency {base} must have the rate 1")


def _is_currency(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()  # noqa: PLR2004


def _check_windows(definitions: Definitions) -> None:
    if not definitions.windows:
        raise ValueError("windows: expected at least one")
    check_once("windows", definitions.windows)
    for short in SHORT_WINDOWS:
        if short.name in definitions.windows:
            raise ValueError(f"windows: {short.name} is a built-in window, which slides by the minute")
    try:
        longest = max((Window.parse(name) for name in definitions.windows), key=lambda window: window.hours)
    except ValueError as error:
        raise ValueError(f"windows: {error}") from None
    if definitions.horizon_days * 24 < 2 * longest.hours:
        raise ValueError(
            f"horizon_days: {definitions.horizon_days} is less than twice the longest window, {longest.name}"
        )
    if definitions.lifecycle_days < 1:
        raise ValueError("lifecycle_days: expected at least 1")
    if definitions.horizon_days < definitions.lifecycle_days:
        raise ValueError(f"lifecycle_days: exceeds the horizon of {definitions.horizon_days} days")


def _check_sla(definitions: Definitions) -> None:
    if set(definitions.sla) != set(PRIORITIES):
        raise ValueError(f"sla: expected targets for exactly these priorities: {', '.join(PRIORITIES)}")
    for priority, targets in definitions.sla.items():
        if min(targets) < 1:
            raise ValueError(f"sla: a target of {priority} is shorter than 1 second")
    if set(definitions.sla_policies) != set(PRIORITIES):
        raise ValueError(f"sla_policies: expected exactly these priorities: {', '.join(PRIORITIES)}")
    for priority, policy in definitions.sla_policies.items():
        check_policy(priority, policy, definitions.schedules, {_LOWEST_TIER, *definitions.tiers})


def _check_tiers(definitions: Definitions) -> None:
    if set(definitions.tiers) != set(_TIERS):
        raise ValueError(f"tiers: expected exactly these tiers: {', '.join(_TIERS)}")
    thresholds = [definitions.tiers[name] for name in _TIERS]
    if not all(isfinite(threshold) for threshold in thresholds) or thresholds[0] <= 0:
        raise ValueError("tiers: a threshold is not above 0")
    if thresholds != sorted(thresholds):
        raise ValueError(f"tiers: thresholds must rise in the order {', '.join(_TIERS)}")


def _check_cohorts(definitions: Definitions) -> None:
    cohorts = definitions.cohorts
    if cohorts is None:
        return
    if not definitions.keep_first_order:
        raise ValueError("cohorts: without keep_first_order, older customers would count as new ones")
    try:
        cohorts.check_horizon(definitions.horizon_days)
    except ValueError as error:
        raise ValueError(f"cohorts: {error}") from None


def _check_periods(definitions: Definitions) -> None:
    try:
        definitions.periods.check_horizon(definitions.horizon_days)
    except ValueError as error:
        raise ValueError(f"periods: {error}") from None


def _check_limit(name: str, value: int, largest: int) -> None:
    if not 1 <= value <= largest:
        raise ValueError(f"{name}: {value} is not within 1 to {largest}")
