"""Metrics by segment (docs/metrics.md, "Segments")."""

from collections.abc import Iterator, Mapping
from math import nan
from typing import Final

from models.definitions.segments import Segment
from models.definitions.windows import US_PER_SECOND
from models.entities import flows
from models.entities.sla import kinds_of
from models.metrics.flows import SegmentFlowTotals
from models.metrics.samples import Sample, ratio
from models.metrics.segment_series import CATALOGUE as SERIES
from models.metrics.segment_series import SEGMENT_SETS
from models.metrics.totals import Totals

CATALOGUE: Final = SERIES


class SegmentSet:
    """The sets of customers of one value of a segment in one window.

    Args:
        start: number of customers in `start`.
        retained: number of customers in `retained`.
    """

    def __init__(self, start: int, retained: int) -> None:
        self.start: Final = start
        self.retained: Final = retained
        self.lost: Final = start - retained


def segment_set(totals: Totals, segment: str, value: str, window: str) -> SegmentSet:
    """Return the sets of customers of a value of a segment in one of `segment_windows`."""
    column = 2 * totals.definitions.segment_windows.index(window)
    parts = [sets[segment][value] for sets in totals.segment_sets if segment in sets]
    start, retained = [sum(part[column + i] for part in parts) for i in range(2)]
    return SegmentSet(start, retained)


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of every configured segment."""
    for segment in totals.definitions.segments:
        for value in segment.labels:
            for window in totals.definitions.segment_windows:
                yield from _Cell(totals, segment, value, window).samples()


class _Cell:
    """One value of a segment in one window."""

    def __init__(self, totals: Totals, segment: Segment, value: str, window: str) -> None:
        self._totals = totals
        self._segment = segment
        self._at = segment.name, value, window
        self._labels = {"segment": segment.name, "value": value, "window": window}

    def samples(self) -> Iterator[Sample]:
        """Yield the samples of the metrics that exist for the segment's subject."""
        subject = self._segment.subject
        if subject == "customer":
            yield from self._sets()
        if subject != "ticket":
            yield from self._orders()
        if subject != "order":
            yield from self._tickets()
        if subject == "customer":
            yield from self._answers()

    def _sets(self) -> Iterator[Sample]:
        sets = segment_set(self._totals, *self._at)
        for name in SEGMENT_SETS:
            labels = self._labels | {"set": name}
            yield Sample("retention_segment_customers", labels, getattr(sets, name))
        yield self._ratio("rate_ratio", sets.retained, sets.start)
        yield self._ratio("churn_ratio", sets.lost, sets.start)

    def _orders(self) -> Iterator[Sample]:
        orders, net = self._sum(flows.ORDERS), self._totals.in_base(self._by_detail(flows.NET))
        money = {"currency": self._totals.definitions.base_currency}
        yield Sample("retention_segment_orders", self._labels, orders)
        yield Sample("retention_segment_net_revenue", self._labels | money, net)
        yield self._ratio("average_order_value", net, orders, money)
        yield self._ratio("refund_ratio", self._sum(flows.REFUNDED), self._sum(flows.PLACED))
        yield self._ratio("on_time_delivery_ratio", self._sum(flows.ON_TIME), self._sum(flows.PROMISED))

    def _tickets(self) -> Iterator[Sample]:
        waited, responses = self._sum(flows.RESPONSE_TIME), self._sum(flows.RESPONSES)
        yield self._ratio("first_response_mean_seconds", waited / US_PER_SECOND, responses)
        for kind in kinds_of(self._totals.definitions):
            breached, decided = self._sum(flows.BREACHED, kind), self._sum(flows.DECIDED, kind)
            yield self._ratio("sla_breach_ratio", breached, decided, {"sla": kind})

    def _answers(self) -> Iterator[Sample]:
        yield self._ratio("csat_ratio", self._sum(flows.SATISFIED), self._sum(flows.CSAT_ANSWERS))
        score = 100 * (self._sum(flows.PROMOTERS) - self._sum(flows.DETRACTORS))
        yield self._ratio("nps", score, self._sum(flows.NPS_ANSWERS))

    def _ratio(
        self, metric: str, numerator: float, denominator: float, labels: Mapping[str, str] | None = None
    ) -> Sample:
        """Return a ratio, mean or score. Over fewer things than `min_cell`, it is NaN without a numerator."""
        found = ratio(
            f"retention_segment_{metric}", {**self._labels, **(labels or {})}, numerator, denominator
        )
        if denominator < self._totals.definitions.min_cell:
            # The numerator of one answer is the answer.
            return Sample(found.metric, found.labels, nan, None, found.denominator)
        return found

    def _sum(self, measure: str, detail: str = "") -> int:
        return self._flows.sum(*self._at, measure, detail)

    def _by_detail(self, measure: str) -> dict[str, int]:
        return self._flows.by_detail(*self._at, measure)

    @property
    def _flows(self) -> SegmentFlowTotals:
        return self._totals.segment_flows
