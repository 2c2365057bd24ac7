"""The listeners of flows that the configuration asks for (`models.customers.flow_listener`)."""

from models.aggregation.aggregates import Aggregates
from models.customers.flow_listener import FlowListener
from models.customers.period_flows import PeriodFlows


def flow_listeners(aggregates: Aggregates) -> list[FlowListener]:
    """Return the listeners of a partition. Empty unless a family of metrics needs flows."""
    listeners: list[FlowListener] = []
    if aggregates.periods is not None:
        listeners.append(PeriodFlows(aggregates.periods))
    return listeners
