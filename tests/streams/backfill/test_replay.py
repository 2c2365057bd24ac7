"""One pass over the events yields at each instant the numbers of a separate computation."""

import json
import math

import pytest

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.partition import Partition
from streams.backfill.events import effective_time, event_time, timed
from streams.backfill.files import Line
from streams.backfill.order import FileEvents, in_time_order
from streams.backfill.replay import replay
from tests.support.histories import random_history
from tests.support.strategies import ANCHOR, DAY, HOUR, MINUTE


def facts(content, definitions):
    event = json.loads(content)
    return facts_of(decode(KINDS[event["type"]], content), definitions)


def by_itself(contents, now, definitions):
    """Return the samples of `retention compute --now`: all events at once, in any order."""
    partition = Partition(definitions, {})
    partition.advance(now)
    for content in contents:
        for customer, fact in facts(content, definitions):
            partition.process_one(customer, fact)
    return compute([standalone.evaluate(partition, now)], definitions, now)


def values_of(samples):
    """Return the value of each series without the undefined ones, as in the file."""
    return {
        (sample.metric, *sorted(sample.labels.items())): sample.value
        for sample in samples
        if not math.isnan(sample.value)
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_replayed_instant_equals_its_own_computation(seed):
    history = random_history(seed, customers=12, size=500, identities=True)
    contents = [json.dumps(event).encode() for event in history.events]
    lines = [Line("", number, content) for number, content in enumerate(contents, 1)]
    # Far apart and close together, on the hour and off it; the last is long after the last event.
    instants = [ANCHOR - 850 * DAY, ANCHOR - 400 * DAY, ANCHOR - 90 * DAY - 7 * MINUTE, ANCHOR - HOUR]
    instants += [ANCHOR, ANCHOR + 1, ANCHOR + 30 * MINUTE, ANCHOR + 20 * DAY, ANCHOR + 700 * DAY]
    # An event's very moment, too.
    instants = sorted({*instants, *(event_time(content) for content in contents[:: len(contents) // 3])})

    def each(events):
        return (facts(event.content, history.definitions) for event in events)

    source = FileEvents(lambda: timed(lines, 0, effective_time))
    with in_time_order([source]) as events:
        found = list(replay(events, instants, history.definitions, each))
    assert [now for now, _ in found] == instants
    for now, samples in found:
        expected = values_of(by_itself(contents, now, history.definitions))
        assert {key: value for key, value in values_of(samples).items() if expected.get(key) != value} == {}
        assert values_of(samples).keys() == expected.keys()
    assert len({tuple(values_of(samples).values()) for _, samples in found}) > 4
