"""The lists of the API behind the terms of an explanation."""

from urllib.parse import urlencode

from models.definitions.segments import OTHER, UNKNOWN
from models.query.movement_parameters import ExplainQuery


def list_of(query: ExplainQuery, stratum: str) -> str | None:
    """Return the path of the list of what a stratum's numerator counts now. None if there is no such list."""
    if query.metric == "retention_sla_breach_ratio":
        return _tickets(query, stratum)
    if query.metric == "retention_refund_ratio":
        return None
    found = "lost" if query.metric == "retention_churn_ratio" else "retained"
    stratification = (
        {"tenure": stratum} if query.segment is None else {"segment": f"{query.segment}:{stratum}"}
    )
    return f"/customers?{urlencode({'set': found, 'window': query.window, **stratification}, safe=':')}"


def _tickets(query: ExplainQuery, stratum: str) -> str | None:
    if stratum in {OTHER, UNKNOWN}:
        return None  # no ticket is found by a value that it does not have
    selected = {"window": query.window, "sla": str(query.sla), str(query.by): stratum}
    return f"/tickets?breached&{urlencode(selected)}"
