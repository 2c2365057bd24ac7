"""What the live page is sent: everything at first, then what has changed, as server-sent events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE
from streams.http.live_page.downsampling import DownsampledHistory
from streams.http.live_page.firing_alerts import Alerts
from streams.http.live_page.metrics_view import MetricsView
from streams.http.live_page.worker_stats import WorkerStats
from streams.monitoring import alerting_files
from streams.monitoring.exporter import AS_OF_HELP, CAUGHT_UP_HELP
from streams.rollup.publisher import AS_OF, CAUGHT_UP
from streams.version import VERSION

SHOWN: Final = frozenset(
    {
        AS_OF,
        CAUGHT_UP,
        "retention_average_order_value",
        "retention_cart_abandonment_ratio",
        "retention_ces",
        "retention_churn_by_exposure_ratio",
        "retention_churn_ratio",
        "retention_csat_ratio",
        "retention_customer_lifetime_value",
        "retention_customers",
        "retention_deliveries_overdue",
        "retention_first_response_seconds",
        "retention_lifecycle_customers",
        "retention_lifecycle_value",
        "retention_net_revenue",
        "retention_nps",
        "retention_oldest_unanswered_ticket_timestamp_seconds",
        "retention_on_time_delivery_ratio",
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
        "retention_tickets_due",
        "retention_tickets_unanswered",
    }
)
_QUANTILES: Final = frozenset({None, "0.5", "0.9"})
#: Series whose past is kept: metric -> what their labels have to be.
_CHARTED: Final[Mapping[str, Mapping[str, str]]] = {
    "retention_rate_ratio": {"method": "cohort"},
    "retention_customers": {},
    "retention_first_response_seconds": {"by": "human", "priority": "all"},
}
_RETRY_MS: Final = 1000

#: A series' value and what it rests on.
_Shown = tuple[float | None, float | None]


class _Value(msgspec.Struct):
    metric: str
    labels: dict[str, str]
    as_of: datetime
    value: float | None
    denominator: float | None = None


_decode = msgspec.json.Decoder(_Value).decode
_encode = msgspec.json.Encoder().encode


class EventStream:
    """Makes the events. One for all who listen: each change is decoded and encoded once.

    Args:
        follower: where the series come from.
        worker_stats: the state of this worker.
        definitions: the targets and windows that are shown beside the numbers.
        clock: what `now` follows: whether `as_of` is to keep up with the reader's own clock, and by which of
            them the past is drawn.
        alerts: what a Prometheus has firing; one that asks none if left out.
    """

    def __init__(
        self,
        follower: MetricsView,
        worker_stats: WorkerStats,
        definitions: Definitions,
        clock: str,
        alerts: Alerts | None = None,
    ) -> None:
        self._follower = follower
        self._worker_stats = worker_stats
        self._alerts = alerts or Alerts(None)
        self._by_wall = clock == "wall"
        limits = alerting_files.thresholds()
        self._about = {
            "version": VERSION,
            "clock": clock,
            "windows": definitions.windows,
            "currency": definitions.base_currency,
            "targets": definitions.sla,
            # Where the alerts' thresholds are: what is coloured here and what wakes somebody agree.
            "limits": {
                "objective": limits["slo"]["objective"],
                "burn": limits["slo"]["fast_day"],
                "breach": limits["sla"]["breach"],
                "churn": limits["churn"]["ceiling"],
                "overdue": limits["deliveries"]["minimum_overdue"],
            },
            "lifecycle_days": definitions.lifecycle_days,
            "help": {metric: text for metric, (text, _) in CATALOGUE.items() if metric in SHOWN}
            | {AS_OF: AS_OF_HELP, CAUGHT_UP: CAUGHT_UP_HELP},
        }
        self.ready = False  #: whether all that the topic holds has been taken
        self._trend = DownsampledHistory()
        self._version = 0
        self._series: dict[str, _Shown] = {}
        self._charted: set[str] = set()
        self._as_of = 0.0

    def snapshot(self) -> bytes:
        """Everything that is known: what who comes to listen is sent first."""
        return self._event(
            "snapshot",
            self._about
            | {
                "series": self._series,
                "as_of": self._as_of,
                "trend": {"times": self._trend.times, "values": self._trend.values},
            },
        )

    def update(self, at: float) -> bytes:
        """Return the changes since the last event, and how the worker does.

        Args:
            at: seconds since the epoch.
        """
        changes = self._take()
        self.ready = self._follower.complete
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
        if self.ready and values and self._trend.add(time, values):
            update["point"] = [time, values]
        return self._event("update", update)

    def _take(self) -> dict[str, _Shown | None]:
        series = self._follower.series
        changes: dict[str, _Shown | None] = {}
        for key, row in series.since(self._version):
            if key.partition("{")[0] not in SHOWN:
                continue
            if row is None:
                changes[key] = None
                self._series.pop(key, None)
            elif shown := self._shown(key, row):
                changes[key] = self._series[key] = shown
        self._version = series.version
        return changes

    def _shown(self, key: str, row: bytes) -> _Shown | None:
        value = _decode(row)
        if value.labels.get("quantile") not in _QUANTILES:
            return None
        self._as_of = max(self._as_of, value.as_of.timestamp())
        labels = _CHARTED.get(value.metric)
        if labels is not None and labels.items() <= value.labels.items():
            self._charted.add(key)
        return value.value, value.denominator

    def _values(self) -> dict[str, float | None]:
        return {key: self._series[key][0] for key in self._charted if key in self._series}

    @staticmethod
    def _event(name: str, data: Mapping[str, Any]) -> bytes:
        return b"event: %b\nretry: %d\ndata: %b\n\n" % (name.encode(), _RETRY_MS, _encode(data))
