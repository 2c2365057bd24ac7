"""The numbers of a report from the facts of event files, by the worker's code."""

from collections.abc import Iterable

from models.definitions.definitions import Definitions
from models.metrics import catalogue
from models.partition import standalone
from models.partition.partition import Partition
from models.query.movement import instants_of, movement_of
from models.query.movement_parameters import ExplainQuery
from models.query.movement_responses import Movement
from models.query.strata import SPANS, StrataCounter
from streams.backfill.facts import EventFacts
from streams.errors import RetentionError
from streams.report.content import Material, subject_of
from streams.report.explanation import explanations_of, queries
from streams.report.numbers import Numbers
from streams.report.periods import kind_of, window_of
from streams.report.sections import Source


def material_of(
    facts: Iterable[EventFacts], now: int | None, definitions: Definitions, period: str
) -> Material:
    """Return what a report is made of, evaluated twice: before, and now.

    Args:
        facts: the facts of all events.
        now: instant of the report, microseconds since the epoch; None for the latest event time.
        definitions: the shop's definitions.
        period: kind or label of the period.

    Raises:
        RetentionError: no valid event moves the clock, and `now` is None.
    """
    partition = Partition(definitions, {})
    partition.resume(0)
    for stream_time, of_event in facts:
        partition.stream_time = stream_time
        for customer, fact in of_event:
            partition.process_one(customer, fact)
    now = partition.stream_time if now is None else now
    if not now:
        raise RetentionError("without a valid event there is no time to report at", "set the time with --now")
    before = now - SPANS[window_of(kind_of(period))[1]]
    standalone.build_aggregates(partition, before)
    numbers = [_numbers(partition, instant, definitions) for instant in (before, now)]
    questions = queries(subject_of(numbers[1], period))
    movements = [_movement(partition, query, now, definitions) for query in questions]
    return Material(
        source=Source(now=numbers[1], before=numbers[0]),
        explanations=explanations_of(movements),
        zone=definitions.periods.zone,
    )


def _movement(partition: Partition, query: ExplainQuery, now: int, definitions: Definitions) -> Movement:
    counter = StrataCounter(definitions, query, instants_of(query, now, None))
    for key in partition.customer_keys():
        counter.add(key, partition.fact_log(key))
    return movement_of(query, counter.counts, now, None, definitions)


def _numbers(partition: Partition, now: int, definitions: Definitions) -> Numbers:
    partial = standalone.evaluate(partition, now)
    return Numbers.of_samples(catalogue.compute([partial], definitions, now), now)
