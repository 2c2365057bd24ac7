"""The gauge that counts the items of a list (docs/api.md, "Pages")."""

from typing import NamedTuple

from models.metrics.segment_series import SEGMENT_SETS
from models.query.parameters import CustomerQuery, OrderQuery, Query, TicketQuery

_OPEN = frozenset({"open", "pending", "on_hold"})


class MatchingSeries(NamedTuple):
    """A series of `retention.metrics`.

    Attributes:
        metric: name of the metric.
        labels: label -> value.
    """

    metric: str
    labels: dict[str, str]


def matching_gauge(query: Query) -> MatchingSeries | None:
    """Return the series that counts exactly the items that a query selects; None if no series does.

    If the series is a ratio, its numerator is the count.
    """
    if isinstance(query, CustomerQuery):
        return _customers(query)
    if isinstance(query, TicketQuery):
        if query.channel or (query.segment is not None and not query.breached):
            return None
        if query.team or query.category or query.agent:
            return _of_team(query)
        return _breaches(query) if query.breached else _tickets(query)
    if isinstance(query, OrderQuery):
        return _orders(query)
    return None


def _orders(query: OrderQuery) -> MatchingSeries | None:
    if query.segment or query.channel or (query.overdue and query.refunded):
        return None
    if query.refunded is None:
        return MatchingSeries("retention_deliveries_overdue", {})
    return MatchingSeries("retention_refund_ratio", {"window": str(query.window), "basis": query.refunded})


def _labels(segment: str) -> dict[str, str]:
    """Return the labels of a segment's value, which is written as `country:DE`."""
    name, _, value = segment.partition(":")
    return {"segment": name, "value": value}


def _customers(query: CustomerQuery) -> MatchingSeries | None:
    risk = (query.risk, query.min_lateness, query.max_p_alive)
    counted = (query.set, query.lifecycle, query.tier, query.cohort)
    if query.segment is not None:
        others = (*risk, *counted[1:], query.tenure)
        plain = query.set in SEGMENT_SETS and not any(one is not None for one in others)
        labels = {"set": str(query.set), "window": str(query.window), **_labels(query.segment)}
        return MatchingSeries("retention_segment_customers", labels) if plain else None
    if (
        any(one is not None for one in (*risk, query.age, query.tenure))
        or sum(one is not None for one in counted) != 1
    ):
        return None
    if query.lifecycle is not None:
        return MatchingSeries("retention_lifecycle_customers", {"state": query.lifecycle})
    if query.tier is not None:
        return MatchingSeries("retention_loyalty_customers", {"tier": query.tier})
    if query.cohort is not None:
        return MatchingSeries("retention_cohort_customers", {"cohort": query.cohort})
    return MatchingSeries("retention_customers", {"set": str(query.set), "window": str(query.window)})


def _breaches(query: TicketQuery) -> MatchingSeries | None:
    if query.window is None or query.sla is None or query.status or query.unanswered or query.paused:
        return None
    if query.sla == "next_response":  # the series counts turns, of which a ticket may breach several
        return None
    if query.segment is not None:
        labels = {"window": query.window, "sla": query.sla, **_labels(query.segment)}
        return None if query.priority else MatchingSeries("retention_segment_sla_breach_ratio", labels)
    labels = {"window": query.window, "sla": query.sla, "priority": query.priority or "all"}
    return MatchingSeries("retention_sla_breach_ratio", labels)


def _of_team(query: TicketQuery) -> MatchingSeries | None:
    """Return the series of a team's open tickets. Its values `other` and `unknown` are no team."""
    team = query.team
    restricting = (query.category, query.agent, query.status, query.priority, query.unanswered)
    further = (*restricting, query.due_within, query.breached or None, query.paused or None)
    if team is None or team in {"other", "unknown"} or any(one is not None for one in further):
        return None
    return MatchingSeries("retention_team_tickets", {"team": team})


def _tickets(query: TicketQuery) -> MatchingSeries | None:
    priority = query.priority
    if query.due_within is not None or priority is None:
        return None
    if query.paused:
        if query.status is not None or query.unanswered is not None:
            return None
        return MatchingSeries("retention_tickets_paused", {"priority": priority})
    if query.unanswered is not None and query.status is None:
        labels = {"by": query.unanswered, "priority": priority}
        return MatchingSeries("retention_tickets_unanswered", dict(labels))
    if query.status in _OPEN and query.unanswered is None:
        return MatchingSeries("retention_tickets", {"status": str(query.status), "priority": priority})
    return None
