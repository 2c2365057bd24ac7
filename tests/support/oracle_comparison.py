"""Compare the results of a worker without Kafka with the oracle's."""

import math

from models.definitions.definitions import Definitions
from tests.oracle import oracle
from tests.support.drawn_histories import History
from tests.support.simulated_worker import Results, SimulatedWorker
from tests.support.strategies import Event


def run(history: History) -> None:
    """Deliver a history, and compare each evaluation with the oracle."""
    worker = SimulatedWorker(history.definitions, history.partitions, history.seed)
    delivered: list[Event] = []
    for step in history.steps:
        worker.live(step)
        delivered += step.events
        assert_equal(worker.results(step.now), delivered, step.now, history.definitions)


def from_scratch(definitions: Definitions, events: list[Event], now: int, partitions: int = 1) -> Results:
    """Return the results of all events delivered to new partitions."""
    worker = SimulatedWorker(definitions, partitions)
    for event in events:
        worker.deliver(event)
    return worker.results(now)


def close(metric: str, labels: frozenset[tuple[str, str]], got: float | None, expected: float | None) -> bool:
    """Return whether quantiles agree within 1 %, and other values to floating-point precision."""
    if got is None or expected is None:
        return got is expected
    if math.isnan(got) or math.isnan(expected):
        return math.isnan(got) and math.isnan(expected)
    if "quantile" in dict(labels):
        return abs(got - expected) <= 0.010000001 * expected
    sums_of_fractions = 1e-8 if metric == "retention_sentiment" else 1e-9
    return math.isclose(got, expected, rel_tol=1e-9, abs_tol=sums_of_fractions)


def differences(got: Results, expected: Results) -> list[str]:
    """Return one line for each series in which the core and the oracle differ."""
    lines = []
    for series in got.keys() | expected.keys():
        metric, labels = series
        ours, theirs = got.get(series), expected.get(series)
        if ours is None or theirs is None:
            lines.append(f"{metric} {dict(labels)}: core {ours}, oracle {theirs}")
            continue
        if ours == theirs:  # most are, to the last bit; `math.nan` equals itself in a tuple
            continue
        pairs = [(ours.value, theirs.value)]
        if metric.endswith("_ratio"):
            pairs += [(ours.numerator, theirs.numerator), (ours.denominator, theirs.denominator)]
        if not all(close(metric, labels, one, other) for one, other in pairs):
            lines.append(f"{metric} {dict(labels)}: core {ours}, oracle {theirs}")
    return sorted(lines)


def assert_equal(got: Results, events: list[Event], now: int, definitions: Definitions) -> None:
    expected = oracle(events, now, definitions)
    wrong = differences(got, expected)
    assert not wrong, "\n".join([f"{len(wrong)} series differ at {now}:", *wrong[:20]])


def assert_identical(one: Results, other: Results) -> None:
    """Assert equality to the last bit: the same integers went through the same formulas."""
    assert one.keys() == other.keys()
    different = [series for series in one if repr(one[series]) != repr(other[series])]
    assert not different, [(series, one[series], other[series]) for series in different[:10]]
