"""Measure what a question costs that visits every customer: an explanation, and cohorts by segment."""

from typing import Final

from bench import core
from models.definitions.definitions import Definitions
from models.partition.partition import Addressed, Partition
from models.query.cohort_scan import CohortScanner
from models.query.movement import instants_of
from models.query.movement_parameters import ExplainQuery
from models.query.segments import SegmentFilter
from models.query.strata import StrataCounter, with_defaults

_CHURN: Final = with_defaults(ExplainQuery(metric="retention_churn_ratio", window="30d"))
_VALUE: Final = "country:DE"


def measure(definitions: Definitions, facts: list[Addressed]) -> dict[str, float]:
    """Return the cost of a question for each customer, microseconds.

    Args:
        definitions: definitions with cohorts, and with the segment `country`.
        facts: facts of the customers.
    """
    partition = Partition(definitions, {})
    partition.resume(core.NOW)
    partition.process(facts)
    keys = [*partition.customer_keys()]
    return {
        "explain churn": core.clocked(lambda: _explain(partition, definitions, keys), len(keys))[1],
        "count cohorts by segment": core.clocked(lambda: _scan(partition, definitions, keys), len(keys))[1],
    }


def _explain(partition: Partition, definitions: Definitions, keys: list[bytes]) -> None:
    counter = StrataCounter(definitions, _CHURN, instants_of(_CHURN, core.NOW, None))
    for key in keys:
        counter.add(key, partition.fact_log(key))


def _scan(partition: Partition, definitions: Definitions, keys: list[bytes]) -> None:
    scanner, segments = CohortScanner(definitions), SegmentFilter(definitions)
    for key in keys:
        customer = partition.customer(key)
        scanner.read(customer, core.NOW, selected=segments.has_customer(customer, _VALUE, core.NOW))
