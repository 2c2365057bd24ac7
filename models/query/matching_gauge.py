"""Which gauge counts what a question lists."""

from models.query.parameters import CustomerQuery, OrderQuery, Query, TicketQuery

#: A metric, and its labels.
Series = tuple[str, dict[str, str]]

_OPEN = frozenset({"open", "pending", "on_hold"})


def counted_by(question: Query) -> Series | None:
    """Give the series that counts the items of all pages; None where none counts just these.

    Of a ratio, it is the numerator that does.
    """
    if isinstance(question, CustomerQuery):
        return _of_customers(question)
    if isinstance(question, TicketQuery):
        return _of_tickets(question)
    if isinstance(question, OrderQuery):
        return "retention_deliveries_overdue", {}
    return None


def _of_customers(question: CustomerQuery) -> Series | None:
    risk = (question.risk, question.min_lateness, question.max_p_alive)
    asked = (question.set, question.lifecycle, question.tier)
    if any(one is not None for one in risk) or sum(one is not None for one in asked) != 1:
        return None
    if question.lifecycle is not None:
        return "retention_lifecycle_customers", {"state": question.lifecycle}
    if question.tier is not None:
        return "retention_loyalty_customers", {"tier": question.tier}
    return "retention_customers", {"set": str(question.set), "window": str(question.window)}


def _of_tickets(question: TicketQuery) -> Series | None:
    priority = question.priority
    if question.breached:
        if question.window is None or question.sla is None or question.status or question.unanswered:
            return None
        labels = {"window": question.window, "sla": question.sla, "priority": priority or "all"}
        return "retention_sla_breach_ratio", labels
    if question.due_within is not None or priority is None:
        return None
    if question.unanswered is not None and question.status is None:
        return "retention_tickets_unanswered", {"by": question.unanswered, "priority": priority}
    if question.status in _OPEN and question.unanswered is None:
        return "retention_tickets", {"status": str(question.status), "priority": priority}
    return None
