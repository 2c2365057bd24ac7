"""The server-sent events of the live page: a snapshot of all series, then their changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE
from streams.config.missing_token import MissingToken
from streams.http.live_page.downsampling import DownsampledHistory
from streams.http.live_page.firing_alerts import Alerts
from streams.http.live_page.metrics_view import MetricsView
from streams.http.live_page.worker_stats import WorkerStats
from streams.monitoring import alerting_files
from streams.monitoring.exporter import AS_OF_HELP, CAUGHT_UP_HELP
from streams.rollup.publisher import AS_OF, CAUGHT_UP
from streams.version import VERSION

#: The metrics that the page shows.
SHOWN: Final = frozenset(
    {
        AS_OF,
        CAUGHT_UP,
        "retention_average_order_value",
        "retention_cart_abandonment_ratio",
        "retention_ces",
        "retention_churn_by_exposure_ratio",
        "retention_churn_ratio",
        "retention_cohort_age_ratio",
        "retention_csat_ratio",
        "retention_customer_lifetime_value",
        "retention_customers",
        "retention_deliveries_overdue",
        "retention_first_response_seconds",
        "retention_lifecycle_customers",
        "retention_lifecycle_value",
        "retention_net_revenue",
        "retention_next_response_seconds",
        "retention_nps",
        "retention_oldest_unanswered_ticket_timestamp_seconds",
        "retention_on_time_delivery_ratio",
        "retention_opened_outside_hours_ratio",
        "retention_orders",
        "retention_rate_ratio",
        "retention_refund_ratio",
        "retention_refunds_open",
        "retention_resolution_seconds",
        "retention_responses",
        "retention_returning_customer_ratio",
        "retention_review_rating",
        "retention_sentiment",
        "retention_sla_breach_ratio",
        "retention_support_open",
        "retention_tickets_due",
        "retention_tickets_paused",
        "retention_tickets_unanswered",
    }
)
#: The quantiles that the page shows. None stands for series without a quantile.
_QUANTILES: Final = frozenset({None, "0.5", "0.9"})
#: Metric to the required labels of its series, for the series with a chart.
_CHARTED: Final[Mapping[str, Mapping[str, str]]] = {
    "retention_rate_ratio": {"method": "cohort"},
    "retention_customers": {},
    "retention_first_response_seconds": {"by": "human", "priority": "all"},
}
#: Milliseconds after which a browser reconnects.
_RETRY_MS: Final = 1000

#: Value and denominator of a series, and the bounds of a ratio that has bounds.
_Shown = tuple[float | None, ...]


class _Record(msgspec.Struct):
    metric: str
    labels: dict[str, str]
    as_of: datetime
    value: float | None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None


_decode = msgspec.json.Decoder(_Record).decode
_encode = msgspec.json.Encoder().encode


class EventStream:
    """Encodes the events. All browsers share them, so each change is decoded and encoded once.

    Args:
        metrics_view: source of the series.
        worker_stats: state of this worker.
        definitions: time limits and windows that the page shows beside the numbers.
        clock: `wall` or `event`. With `wall`, the charts use the wall clock, and the page warns if `as_of`
            is behind it. With `event`, the charts use `as_of`.
        alerts: firing alerts; none by default.
        missing_token: behaviour of a worker without a token, which the page shows; None with a token.

    Attributes:
        ready: whether the topic has been read to its end once.
    """

    def __init__(
        self,
        metrics_view: MetricsView,
        worker_stats: WorkerStats,
        definitions: Definitions,
        clock: str,
        alerts: Alerts | None = None,
        *,
        missing_token: MissingToken | None = None,
    ) -> None:
        self._metrics_view = metrics_view
        self._worker_stats = worker_stats
        self._alerts = alerts or Alerts(None)
        self._by_wall = clock == "wall"
        self._about = _configuration(definitions, clock) | {
            "missing_token": None
            if missing_token is None
            else f"{missing_token.what}; {missing_token.advice}"
        }
        self.ready = False
        self._history = DownsampledHistory()
        self._version = 0
        self._series: dict[str, _Shown] = {}
        self._charted: set[str] = set()
        self._as_of = 0.0

    def snapshot(self) -> bytes:
        """Return the first event of a connection: all series, the chart samples and the configuration."""
        return self._event(
            "snapshot",
            self._about
            | {
                "series": self._series,
                "as_of": self._as_of,
                "trend": {"times": self._history.times, "values": self._history.values},
            },
        )

    def update(self, at: float) -> bytes:
        """Return the next event: the changes since the last update, and the state of the worker.

        Args:
            at: wall-clock time, seconds since the epoch.
        """
        changes = self._changes()
        self.ready = self._metrics_view.complete
        update: dict[str, Any] = {
            "at": at,
            "as_of": self._as_of,
            "pipeline": self._worker_stats.sample(),
        }
        if self._alerts.known:
            update["alerts"] = self._alerts.firing
        if changes:
            update["series"] = changes
        values = self._values()
        time = at if self._by_wall else self._as_of
        if self.ready and values and self._history.add(time, values):
            update["point"] = [time, values]
        return self._event("update", update)

    def _changes(self) -> dict[str, _Shown | None]:
        series = self._metrics_view.series
        changes: dict[str, _Shown | None] = {}
        for key, record in series.since(self._version):
            if key.partition("{")[0] not in SHOWN:
                continue
            if record is None:
                changes[key] = None
                self._series.pop(key, None)
            elif shown := self._shown(key, record):
                changes[key] = self._series[key] = shown
        self._version = series.version
        return changes

    def _shown(self, key: str, record: bytes) -> _Shown | None:
        """Return the values of a record that the page shows. Record its time, and whether it has a chart."""
        row = _decode(record)
        if row.labels.get("quantile") not in _QUANTILES:
            return None
        self._as_of = max(self._as_of, row.as_of.timestamp())
        labels = _CHARTED.get(row.metric)
        if labels is not None and labels.items() <= row.labels.items():
            self._charted.add(key)
        shown = (row.value, row.denominator)
        return shown if row.low is None else (*shown, row.low, row.high)

    def _values(self) -> dict[str, float | None]:
        return {key: self._series[key][0] for key in self._charted if key in self._series}

    @staticmethod
    def _event(name: str, data: Mapping[str, Any]) -> bytes:
        return b"event: %b\nretry: %d\ndata: %b\n\n" % (name.encode(), _RETRY_MS, _encode(data))


def _configuration(definitions: Definitions, clock: str) -> dict[str, Any]:
    """Return the configuration of the page: version, windows, limits and definitions."""
    limits = alerting_files.thresholds()
    return {
        "version": VERSION,
        "clock": clock,
        "windows": definitions.windows,
        "currency": definitions.base_currency,
        "targets": definitions.sla,
        "schedules": list(definitions.schedules),
        # Ends of the periods of a customer's age, hours. None hides the curves of cohorts.
        "cohorts": None if definitions.cohorts is None else definitions.cohorts.ends,
        # The thresholds of the alerts, so that the page colours a number when its alert fires.
        "limits": {
            "objective": limits["slo"]["objective"],
            "burn": limits["slo"]["fast_day"],
            "breach": limits["sla"]["breach"],
            "churn": limits["churn"]["ceiling"],
            "churn_near": limits["churn"]["near"],
            "overdue": limits["deliveries"]["minimum_overdue"],
        },
        "lifecycle_days": definitions.lifecycle_days,
        "help": {metric: text for metric, (text, _) in CATALOGUE.items() if metric in SHOWN}
        | {AS_OF: AS_OF_HELP, CAUGHT_UP: CAUGHT_UP_HELP},
    }
