"""Random explanations of a change, and the oracle's strata for them."""

import random

from models.definitions.definitions import Definitions
from models.entities.sla import kinds_of
from models.query.movement_parameters import ExplainQuery
from models.query.strata import with_defaults
from tests.oracle import movements
from tests.oracle.movements import Strata
from tests.oracle.segments import subject
from tests.oracle.world import World

OF_CUSTOMERS = ("retention_churn_ratio", "retention_rate_ratio")
#: Metric -> of what a segment is whose values can be strata.
SUBJECTS = {**dict.fromkeys(OF_CUSTOMERS, ("customer",)), "retention_refund_ratio": ("customer", "order")}


def random_query(rng: random.Random, definitions: Definitions) -> ExplainQuery:
    """Return a query with defaults, by a segment in half of all cases in which one applies."""
    metric = rng.choice([*OF_CUSTOMERS, "retention_sla_breach_ratio", "retention_refund_ratio"])
    fields = {"window": rng.choice(definitions.windows[:3]), "against": rng.choice(["1w", "4w"])}
    if metric == "retention_sla_breach_ratio":
        fields |= {"sla": rng.choice(["first_response", "resolution", "next_response"])}
        fields |= {"by": rng.choice(["priority", "channel", "team"])}
    if metric == "retention_refund_ratio":
        fields |= {"basis": rng.choice(["orders", "full", "value"])}
    named = [each.name for each in definitions.segments if subject(each) in SUBJECTS.get(metric, ())]
    if named and rng.random() < 0.5:
        fields |= {"segment": rng.choice(named)}
    return with_defaults(ExplainQuery(metric=metric, **fields))


def all_queries(definitions: Definitions, against: str) -> list[ExplainQuery]:
    """Return every query without segments against one of the earlier instants."""
    found: list[dict[str, str]] = [{"metric": metric} for metric in OF_CUSTOMERS]
    found += [{"metric": "retention_refund_ratio", "basis": basis} for basis in ("orders", "full", "value")]
    found += [{"metric": "retention_sla_breach_ratio", "sla": kind} for kind in kinds_of(definitions)]
    windows = definitions.windows[:3]
    return [
        with_defaults(ExplainQuery(**fields, window=window, against=against))
        for fields in found
        for window in windows
    ]


def strata(world: World, query: ExplainQuery) -> Strata:
    """Return the oracle's strata at one instant."""
    named = {segment.name: segment for segment in world.definitions.segments}
    segment = named.get(query.segment)
    if query.metric in OF_CUSTOMERS:
        return movements.customer_strata(world, query.window, segment, lost=is_lost(query))
    if query.metric == "retention_refund_ratio":
        return movements.refund_strata(world, query.window, query.basis, segment)
    return movements.target_strata(world, query.window, query.sla, query.by)


def is_lost(query: ExplainQuery) -> bool:
    return query.metric == "retention_churn_ratio"
