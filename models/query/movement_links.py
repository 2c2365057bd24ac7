"""The lists of the API behind the terms of an explanation."""

from urllib.parse import urlencode

from models.definitions.names import OTHER, UNKNOWN
from models.query.movement_parameters import ExplainQuery


def list_of(query: ExplainQuery, stratum: str) -> str | None:
    """Return the path of the list of a stratum's numerator now. None if there is no such list."""
    if query.metric == "retention_sla_breach_ratio":
        return _tickets(query, stratum)
    if query.metric == "retention_refund_ratio":
        return _orders(query, stratum)
    found = "lost" if query.metric == "retention_churn_ratio" else "retained"
    selected = {"set": found, "window": query.window} | _stratum(query, stratum)
    return f"/customers?{urlencode(selected, safe=':')}"


def _orders(query: ExplainQuery, stratum: str) -> str:
    selected = {"refunded": "full" if query.basis == "full" else "orders", "window": query.window}
    return f"/orders?{urlencode(selected | _stratum(query, stratum), safe=':')}"


def _stratum(query: ExplainQuery, stratum: str) -> dict[str, str]:
    if query.segment is not None:
        return {"segment": f"{query.segment}:{stratum}"}
    return {str(query.by): stratum}


def _tickets(query: ExplainQuery, stratum: str) -> str | None:
    if query.by == "team" and stratum in {OTHER, UNKNOWN}:
        return None  # no ticket has these names as its team
    selected = {"window": query.window, "sla": str(query.sla), str(query.by): stratum}
    return f"/tickets?breached&{urlencode(selected)}"
