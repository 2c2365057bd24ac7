"""The listeners of flows that the configuration asks for (`models.customers.flow_listener`)."""

from models.aggregation.aggregates import Aggregates
from models.customers.flow_listener import FlowListener
from models.customers.period_flows import PeriodFlows
from models.customers.segment_flows import SegmentFlows


def flow_listeners(aggregates: Aggregates, segments: SegmentFlows | None) -> list[FlowListener]:
    """Return the listeners of a partition. Empty unless a family of metrics needs flows.

    Args:
        aggregates: the sums that the listeners apply flows to.
        segments: the flows by segment. None unless segments are configured.
    """
    listeners: list[FlowListener] = []
    if aggregates.periods is not None:
        listeners.append(PeriodFlows(aggregates.periods))
    if segments is not None:
        listeners.append(segments)
    return listeners
