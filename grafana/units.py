"""The unit of every number that a panel shows. One axis has one unit, and `build` renders each alike."""

import re
from typing import Final, NamedTuple

from streams.monitoring.worker_counters import COMMIT_BUCKETS, LATENCY_BUCKETS


class Unit(NamedTuple):
    """A unit, and how Grafana shows it.

    Attributes:
        name: what the number counts or measures; two units of the same look differ by it.
        grafana: Grafana's name.
        low: where an axis begins; None if values may be negative, or 0 is no natural begin.
        high: where an axis ends; None for the largest value.
        words: the words of 0 and 1, of a state; empty for numbers.
    """

    name: str
    grafana: str = "none"
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()


RATIO: Final = Unit("share", "percentunit", 0)
SECONDS: Final = Unit("duration", "s", 0)
COUNT: Final = Unit("number", "short", 0)
BYTES: Final = Unit("bytes", "bytes", 0)
EVENTS: Final = Unit("events per second", "eps", 0)
WRITES: Final = Unit("writes per second", "wps", 0)
MONEY: Final = Unit("money", "short")  # its currency is in the legend; refunds may exceed sales
FACTOR: Final = Unit("factor", low=0)
POINTS: Final = Unit("points, -100 to 100")
RATING: Final = Unit("rating, 1 to 5", low=1, high=5)
EASE: Final = Unit("ease, 1 to 7", low=1, high=7)
SENTIMENT: Final = Unit("sentiment, -1 to 1", low=-1, high=1)
DATE: Final = Unit("date", "dateTimeAsIso")
CAUGHT_UP: Final = Unit("caught up", words=("catching up", "caught up"))
ACCEPTS: Final = Unit("accepts", words=("refuses", "accepts"))
OPEN: Final = Unit("open", words=("closed", "open"))

_BY_NAME: Final = {
    "retention_nps": POINTS,
    "retention_segment_nps": POINTS,
    "retention_period_nps": POINTS,
    "retention_ces": EASE,
    "retention_review_rating": RATING,
    "retention_sentiment": SENTIMENT,
    "retention_purchase_frequency": FACTOR,
    "job:retention_sla_budget_burn:rate": FACTOR,
    "retention_caught_up": CAUGHT_UP,
    "retention_worker_caught_up": CAUGHT_UP,
    "retention_worker_read_model_up": ACCEPTS,
    "retention_support_open": OPEN,
    "retention_worker_outputs_total": WRITES,
    **dict.fromkeys(
        (
            "retention_net_revenue",
            "retention_net_revenue_by_kind",
            "retention_referred_revenue",
            "retention_average_order_value",
            "retention_customer_lifetime_value",
            "retention_realised_value",
            "retention_lifecycle_value",
            "retention_cohort_age_value",
            "retention_cohort_value",
            "retention_segment_net_revenue",
            "retention_period_net_revenue",
            "retention_period_average_order_value",
            "retention_segment_average_order_value",
        ),
        MONEY,
    ),
}
_BY_ENDING: Final = {
    "_timestamp_seconds": DATE,
    "_ratio": RATIO,
    "_seconds": SECONDS,
    "_bytes": BYTES,
    "_total": EVENTS,
}
_SERIES: Final = re.compile(r"\b(?:job:)?retention_\w+(?::\w+)?")
_RECORDED: Final = re.compile(r"job:(retention_\w+):(?:held|least|sum|low|high|expected\w*)")
#: Histogram -> upper bound of its largest bucket; a larger quantile is reported as this bound.
LARGEST_BUCKET: Final = {
    "retention_worker_event_to_metric_seconds": LATENCY_BUCKETS[-1],
    "retention_worker_flush_seconds": COMMIT_BUCKETS[-1],
}


def unit_of(expr: str) -> Unit:
    """Return the unit of a query that shows series as they are, or their rate, quantile or number.

    >>> unit_of('max without (instance) (retention_churn_ratio{window="30d"})').name
    'share'

    Args:
        expr: PromQL. Other calculations need their unit stated.
    """
    if expr.startswith("histogram_quantile"):
        return SECONDS
    if expr.startswith("count") or "increase(" in expr:
        return COUNT
    found = _SERIES.search(expr)
    name = "" if found is None else _RECORDED.sub(r"\1", found[0])
    if name in _BY_NAME:
        return _BY_NAME[name]
    return next((unit for ending, unit in _BY_ENDING.items() if name.endswith(ending)), COUNT)


def largest_bucket(expr: str) -> float | None:
    """Return the upper bound of the largest bucket of a query's histogram; None if it has no histogram."""
    if not expr.startswith("histogram_quantile"):
        return None
    return next(bound for name, bound in LARGEST_BUCKET.items() if f"{name}_bucket" in expr)
