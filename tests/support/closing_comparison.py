"""Comparison of frozen and published values of a simulated group with the oracle's."""

import math
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict, replace

from models.contract.messages import ClosedPeriod
from models.metrics.explained import EXPLAINED
from models.outputs.ids import to_datetime
from models.query.movement import Published, movement_of
from models.query.movement_parameters import ExplainQuery, StrataQuery
from models.query.movement_responses import Movement, Restated
from models.query.periods import CalendarPeriod
from models.query.strata import StrataCounts
from streams.http.api.strata_scan import StrataScan
from streams.rollup.publisher import series_key
from tests.oracle.closings import Evaluation, Name, Values, Version
from tests.support.oracle_comparison import close
from tests.support.simulated_group import SimulatedGroup


def explained(group: SimulatedGroup, query: ExplainQuery, now: int) -> Movement:
    """Return the explanation over all partitions, as `/explain` does."""
    optional = {"window": query.window, "sla": query.sla, "basis": query.basis}
    labels = {**EXPLAINED[query.metric]} | {name: value for name, value in optional.items() if value}
    series: str | None = series_key(query.metric, labels)
    strata_query = StrataQuery(**asdict(query), at=now)
    counts = StrataCounts()
    published: Published | None = None
    for member in group.members:
        scan = StrataScan(strata_query, series, group.definitions, member.partition)
        while (page := scan.step()) is None:
            pass
        assert page.after is None
        counts.add(page.counts)
        if page.published is not None:
            published = page.published
            strata_query = replace(strata_query, published_at=published.at)
        series = None
    return movement_of(query, counts, now, published, group.definitions)


def assert_restated(
    found: Restated | None, wanted: tuple[Fraction, Fraction | None] | None, then: Evaluation | None
) -> None:
    """Assert that a published value is compared with the value as known now of its own instant."""
    if wanted is None or then is None:
        assert found is None
        return
    was, known_now = wanted
    assert found is not None
    assert found.at == to_datetime(then.now)
    assert found.published == pytest.approx(float(was))
    assert found.known_now == (None if known_now is None else pytest.approx(float(known_now)))
    difference = None if known_now is None else pytest.approx(float(known_now - was), abs=1e-12)
    assert found.difference == difference


def assert_written_once(group: SimulatedGroup) -> None:
    """Assert that no version with values was written twice."""
    keys = [each.key for each in group.topic if each.value and b'"closed":null' not in each.value]
    assert len(keys) == len(set(keys))


def assert_shown(group: SimulatedGroup, versions: dict[Name, list[Version]]) -> None:
    """Assert that the versions in answers are the oracle's."""
    frozen = group.publisher.frozen_periods()
    assert frozen is not None
    found = {(one.kind, one.period, one.version) for one in frozen.versions if one.closed}
    assert found == {(*name, at) for name, each in versions.items() for at in range(1, len(each) + 1)}


def assert_frozen(group: SimulatedGroup, versions: dict[Name, list[Version]]) -> None:
    """Assert that the versions in the topic are the oracle's."""
    records = {each.key: each.value for each in group.topic}
    decoded = [msgspec.json.decode(value, type=ClosedPeriod) for value in records.values() if value]
    found = {(one.kind, one.period, one.version): one for one in decoded if one.closed}
    wanted = {(*name, at): one for name, each in versions.items() for at, one in enumerate(each, 1)}
    assert found.keys() == wanted.keys()
    for key, version in wanted.items():
        one = found[key]
        closed = round(one.closed.timestamp() * 1_000_000)
        assert (closed, one.first_start) == (version.evaluation.now, version.first_start), key
        assert_values(
            {(each.metric, frozenset(each.labels.items())): each for each in one.values}, version.values
        )


def assert_values(found: dict[Any, Any], wanted: Values) -> None:
    """Assert that series have the oracle's values."""
    assert found.keys() == wanted.keys()
    for key, expected in wanted.items():
        value = found[key].value
        assert close(*key, math.nan if value is None else value, expected.value), (key, value, expected)
        if key[0].endswith("_ratio"):
            parts = (found[key].numerator, found[key].denominator)
            assert parts == (expected.numerator, expected.denominator), key


def assert_row(row: CalendarPeriod, current: Values, closed: Values) -> None:
    """Assert that a period is as now, as closed and restated as the oracle says."""
    for one in row.values:
        key = one.metric, frozenset(one.labels.items())
        now, then = (number(values.get(key)) for values in (current, closed))
        assert same(one.as_now, now), key
        assert same(one.as_closed, then), key
        assert same(one.restated, None if now is None or then is None else now - then), key


def number(expected: Any) -> float | None:
    return None if expected is None or math.isnan(expected.value) else expected.value


def same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
