"""Measure what optional metrics and targets cost, as ratios to none of them, measured beside it."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import backlog, core, visits
from bench.report import Line, of_rounds
from models.contract.decoding import decode
from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.further_metrics import FURTHER_METRICS
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from models.definitions.schedules import OpenHours, Schedule, ScheduleVersion
from models.definitions.segments import Segment
from models.definitions.sla_policy import SlaPolicy
from models.facts.fact import encode_fact
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition.partition import Addressed, Partition

CUSTOMERS: Final = 3_000
#: Customers whose facts are applied one by one: as many as the cache keeps decoded.
_WARM: Final = 300
#: Hours that are evaluated one after the other, and computations; the costs are their medians.
_TIMES: Final = 9
_Costs = Mapping[str, float]

#: The configuration to which the other ones are compared.
_NONE: Final = Definitions()
_COHORTS: Final = CohortDefinitions()
_PERIODS: Final = PeriodDefinitions(zone="Europe/Berlin", kinds=PERIOD_KINDS)
_NINE_TO_FIVE: Final = (OpenHours(9 * 60, 17 * 60),)
_SCHEDULES: Final = {
    "office": Schedule("Europe/Berlin", (ScheduleVersion(date.min, (_NINE_TO_FIVE,) * 5 + ((), ())),))
}


def _support(**policy: Any) -> Definitions:
    """Return the definitions in which all priorities have one policy."""
    policies = dict.fromkeys(PRIORITIES, SlaPolicy(**policy))
    return Definitions(schedules=_SCHEDULES if "schedule" in policy else {}, sla_policies=policies)


_SEGMENTS: Final = (
    Segment(name="country", field="country", values=("DE", "AT", "FR")),
    Segment(name="channel", origin="first_channel", values=("web", "app")),
)
_WINDOWS: Final = ("30d", "90d")
#: Family to the configuration that has it. The ratios of none to itself show how exact the others are.
FAMILIES: Final[Mapping[str, Definitions]] = {
    "none": Definitions(),
    "support hours": _support(schedule="office"),
    "next response": _support(next_response=4 * 3600),
    "cohorts": Definitions(cohorts=_COHORTS),
    "periods": Definitions(periods=_PERIODS),
    "segments": Definitions(segments=_SEGMENTS, segment_windows=_WINDOWS),
    "further metrics": Definitions(further_metrics=FURTHER_METRICS),
    "all": Definitions(
        cohorts=_COHORTS,
        periods=_PERIODS,
        segments=_SEGMENTS,
        segment_windows=_WINDOWS,
        further_metrics=FURTHER_METRICS,
    ),
}
#: Name of a cost to its unit.
_UNITS: Final = {
    "apply a live fact": "us",
    "apply a fact of the history": "us",
    "evaluate an hour later": "ms",
    "compute the metrics": "ms",
}
_SERIES: Final = "series"


def run(directory: Path, *, quick: bool = False, rounds: int = 3) -> list[Line]:  # noqa: ARG001 - no Kafka
    """Measure every configuration in each round, each beside a measurement of none."""
    facts = _history(300 if quick else CUSTOMERS)
    _costs(_NONE, facts)  # the first run of a process is slower
    found = [_round(facts, reverse=number % 2 == 1) for number in range(rounds)]
    bases = [none for each in found for none, _ in each.values()]
    lines = [of_rounds(name, (base[name] for base in bases), unit) for name, unit in _UNITS.items()]
    lines += [line for family in FAMILIES for line in _lines(family, found)]
    asked = [visits.measure(FAMILIES["all"], facts) for _ in range(rounds)]
    lines += [
        of_rounds(f"{name}, for each customer", (costs[name] for costs in asked), "us") for name in asked[0]
    ]
    return lines + list(backlog.lines(_NONE, FAMILIES["periods"], facts, rounds))


def _round(facts: list[Addressed], *, reverse: bool) -> dict[str, tuple[_Costs, _Costs]]:
    """Return family -> costs of none, costs of the family. Every second round measures the family first."""
    found = {}
    for family, definitions in FAMILIES.items():
        pair = [_costs(each, facts) for each in ((definitions, _NONE) if reverse else (_NONE, definitions))]
        found[family] = (pair[1], pair[0]) if reverse else (pair[0], pair[1])
    return found


def _costs(definitions: Definitions, facts: list[Addressed]) -> _Costs:
    """Return the costs of one configuration, and the number of its series."""
    partition = Partition(definitions, {})
    partition.resume(core.NOW)
    partition.process(facts)
    _, built = core.clocked(lambda: list(partition.build_aggregates()), len(facts))
    partial = partition.evaluate(core.NOW)
    computed = [core.clocked(lambda: compute([partial], definitions, core.NOW), 1) for _ in range(_TIMES)]
    costs = (
        _apply_live(definitions, facts),
        built,
        median(_evaluate_hour(partition, number + 1) for number in range(_TIMES)) / 1e3,
        median(cost for _, cost in computed) / 1e3,
    )
    return dict(zip(_UNITS, costs, strict=True)) | {_SERIES: float(len(computed[0][0]))}


def _apply_live(definitions: Definitions, facts: list[Addressed]) -> float:
    """Return the cost of a fact whose customer is decoded, microseconds."""
    warm = set(sorted({key for key, _, _ in facts})[:_WARM])
    chosen = [each for each in facts if each[0] in warm]
    partition = Partition(definitions, {})
    partition.advance(core.NOW)
    return core.clocked(lambda: partition.process(chosen), len(chosen))[1]


def _evaluate_hour(partition: Partition, number: int) -> float:
    """Return the cost of the evaluation some hours after the first one, microseconds."""
    return core.clocked(lambda: partition.evaluate(core.NOW + number * core.HOUR), 1)[1]


def _lines(family: str, found: list[dict[str, tuple[_Costs, _Costs]]]) -> Iterator[Line]:
    """Yield the ratios of a family's costs to those of none beside them, and the series that it adds."""
    pairs = [each[family] for each in found]
    for name in _UNITS:
        yield of_rounds(f"{name}: {family}", (cost[name] / none[name] for none, cost in pairs), "x")
    none, cost = pairs[0]
    yield Line(f"series that it adds: {family}", cost[_SERIES] - none[_SERIES])


def _history(customers: int) -> list[Addressed]:
    """Return the facts of the customers' events, in the order of time. Each begins with a country."""
    definitions = Definitions()
    lines = [*map(_country, range(customers)), *core.history(customers)]
    events = (decode(*line) for line in lines)
    return [
        (customer.encode(), fact, encode_fact(fact))
        for event in events
        for customer, fact in facts_of(event, definitions)
    ]


def _country(number: int) -> tuple[str, bytes]:
    """Return the event with the country of a customer, before the others, with its topic kind."""
    event = {
        "id": f"{number:012}-country",
        "type": "customer.updated",
        "time": "2025-01-01T00:00:00Z",
        "customer_id": f"customer-{number:011}",
        "attributes": {"country": ("DE", "DE", "AT", "FR", "NL")[number % 5]},
    }
    return "customers", json.dumps(event).encode()
