"""Test that frozen and published values of random histories equal the oracle's, over crashes and resets."""

import math
import random
from collections import Counter
from dataclasses import replace as replace_field
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict, replace

from models.contract.messages import ClosedPeriod
from models.metrics.explained import EXPLAINED
from models.query.movement import Published, movement_of
from models.query.movement_parameters import ExplainQuery, StrataQuery
from models.query.movement_responses import Movement
from models.query.periods import CalendarPeriod, period_of
from models.query.strata import SPANS, StrataCounts
from streams.http.api.strata_scan import StrataScan
from streams.rollup.protocol import Reopening
from streams.rollup.publisher import series_key
from tests.oracle import closings, movements
from tests.oracle.closings import Arrival, Evaluation, Name, Values, Version
from tests.oracle.values import microseconds
from tests.oracle.world import World
from tests.support.closing_histories import closing_history
from tests.support.movement_queries import random_query, strata
from tests.support.oracle_comparison import close
from tests.support.simulated_group import SimulatedGroup
from tests.support.strategies import DAY

pytestmark = pytest.mark.slow


class Run:
    """A history on a simulated group, and what the oracle has to know of it."""

    def __init__(self, seed: int) -> None:
        self.history = closing_history(seed)
        self.rng = random.Random(seed)
        self.definitions = self.history.definitions
        self.group = SimulatedGroup(self.definitions, self.history.partitions, seed)
        self.arrivals: list[Arrival] = []
        self.evaluations: list[Evaluation] = []
        self.reset_at = 0
        self.versions: dict[Name, list[Version]] = {}
        self.changed: list[set[Name]] = []
        self.reopened: list[Name] = []

    def run(self) -> None:
        waiting = list(self.history.arrivals)
        for number, now in enumerate(self.history.nows):
            while waiting and waiting[0][0] <= now:
                self._arrive(*waiting.pop(0), faults=number > 0)
            self.group.now = now
            if number == 0:
                self._start()
            else:
                self._step()

    def _arrive(self, at: int, event: dict[str, Any], *, faults: bool) -> None:
        self.group.now = max(self.group.now, at)
        self.group.arrive(event)
        self.arrivals.append(Arrival(event, at, self.definitions))
        number = self.rng.randrange(self.history.partitions)
        if faults:
            self.rng.choices(
                [
                    lambda: None,
                    self.group.process_some,
                    lambda: self.group.commit(number),
                    lambda: self.group.crash(number),
                    self.group.tick_some,
                ],
                [3, 6, 2, 1, 1],
            )[0]()

    def _start(self) -> None:
        """Start on a history, or after a reset."""
        self.group.start()
        self.reset_at = len(self.arrivals)
        self._evaluated(Evaluation(self.group.now, self.reset_at, self.definitions, is_first=True))

    def _step(self) -> None:
        chance = self.rng.random()
        if chance < 0.04 and not self.reopened:
            self.group.reset()
            self._start()
            return
        if chance < 0.08:
            self._change_definitions()
        elif chance < 0.3:
            self._reopen()
        self.group.evaluate()
        if self.rng.random() < 0.12:  # the leader ends before its transaction
            self.group.crash(0)
            return
        self.group.commit(0)
        self._evaluated(Evaluation(self.group.now, len(self.arrivals), self.definitions, self.reopened))
        self.reopened = []
        if self.rng.random() < 0.4:
            self.group.crash(self.rng.randrange(self.history.partitions))

    def _change_definitions(self) -> None:
        rates = {**self.definitions.rates, "EUR": self.rng.choice([1.25, 1.5])}
        self.definitions = replace(self.definitions, rates=rates)
        self.group.restart(self.definitions)

    def _reopen(self) -> None:
        if self.versions and not self.reopened:
            name = self.rng.choice(sorted(self.versions))
            self.group.reopen(Reopening(*name, len(self.versions[name]) + 1, "why"))
            self.reopened = [name]

    def _evaluated(self, evaluation: Evaluation) -> None:
        """Record an evaluation that is committed, and check what it shows, or leave that to a later one."""
        before = None if evaluation.is_first else self.evaluations[-1]
        self.evaluations.append(evaluation)
        world = closings.world_of(evaluation, self.arrivals)
        closings.freeze(self.versions, evaluation, before, world)
        if self.rng.random() < 0.5 or evaluation.now == self.history.nows[-1]:
            self._check(world)

    # What holds after an evaluation.

    def _check(self, world: World) -> None:
        assert_written_once(self.group)
        assert_frozen(self.group, self.versions)
        self._assert_restated(closings.as_now(world))
        self._assert_published()

    def _assert_restated(self, current: dict[Name, Values]) -> None:
        versions = self.versions
        frozen = self.group.publisher.frozen_periods()
        assert frozen is not None
        for name, values in current.items():
            row = period_of(frozen, *name)
            assert row is not None
            assert (row.state == "closed") == (name in versions)
            if name in versions:
                assert_row(row, values, versions[name][-1].values)
                self._assert_cause_counts(row.changes, name, versions[name][-1])

    def _assert_cause_counts(self, found: dict[str, int], name: Name, version: Version) -> None:
        present, then = self.evaluations[-1].definitions, version.evaluation.definitions
        lost = self.evaluations.index(version.evaluation) < self._first()
        assert found.pop("configuration", 0) == (present.rates != then.rates or lost), name
        since = max(version.evaluation.arrived, self.reset_at)
        new = range(since, self.evaluations[-1].arrived)
        changing = [self.arrivals[number] for number in new if name in self._changed_by(number)]
        if self.history.is_simple:
            assert found == Counter(map(closings.cause_of, changing)), name
        else:
            differs = self._as_known(since)[name] != self._as_known(self.evaluations[-1].arrived)[name]
            # A merge brings one fact after the other, some of which the next one outdoes.
            moved = any(self.arrivals[number].event["type"] == "customer.merged" for number in new)
            # Another content of a known event counts once its time comes.
            span = range(version.evaluation.now + 1, self.evaluations[-1].now + 1)
            came_due = any(microseconds(each.event["time"]) in span for each in self.arrivals[:since])
            assert differs <= bool(found) <= bool(changing or moved or came_due), name

    def _as_known(self, arrived: int) -> dict[Name, str]:
        """Return the values at the last evaluation of the periods, by the events up to an arrival."""
        evaluation = replace_field(self.evaluations[-1], arrived=arrived)
        found = closings.as_now(closings.world_of(evaluation, self.arrivals))
        return {name: repr(values) for name, values in found.items()}

    def _changed_by(self, number: int) -> set[Name]:
        """Return the periods that an arrival has changed."""
        for at in range(len(self.changed), number + 1):
            arrival, earlier = self.arrivals[at], [each.event for each in self.arrivals[:at]]
            if self.history.is_simple:
                customer = arrival.event["customer_id"]
                earlier = [event for event in earlier if event["customer_id"] == customer]
            self.changed.append(closings.changed_by(arrival, earlier))
        return self.changed[number]

    def _assert_published(self) -> None:
        evaluation = self.evaluations[-1]
        published = self.group.members[0].partition.published
        for age in range(40):
            day = evaluation.now // DAY - age
            found, wanted = published.of_day(day * DAY), self._first_of(day)
            assert (found and found.at) == (wanted and wanted.now), age
        for _ in range(4):
            self._assert_explained(random_query(self.rng, self.definitions))

    def _assert_explained(self, query: ExplainQuery) -> None:
        evaluation = self.evaluations[-1]
        found = explained(self.group, query, evaluation.now).restated
        then = self._first_of((evaluation.now - SPANS[query.against]) // DAY)
        was = then and movements.whole_of(strata(closings.world_of(then, self.arrivals), query))
        is_of_money = query.metric in {"retention_sla_breach_ratio", "retention_refund_ratio"}
        is_comparable = then and (then.definitions.rates == self.definitions.rates or not is_of_money)
        if not was or not was[1] or not is_comparable:
            assert found is None
            return
        known = [each.event for each in self.arrivals[: evaluation.arrived]]
        at = movements.world_at(known, evaluation.now, self.definitions, then.now)
        part, whole = movements.whole_of(strata(at, query))
        assert found is not None
        assert found.published == pytest.approx(float(was[0] / was[1]))
        assert found.known_now == (pytest.approx(float(part / whole)) if whole else None)
        difference = float(part / whole - was[0] / was[1]) if whole else None
        assert found.difference == (difference and pytest.approx(difference, abs=1e-12))

    def _first(self) -> int:
        """Return the number of the evaluation before which the state was empty."""
        return max(number for number, each in enumerate(self.evaluations) if each.is_first)

    def _first_of(self, day: int) -> Evaluation | None:
        """Return the evaluation whose values were published on a day, of the days that are kept."""
        kept = day >= self.evaluations[-1].now // DAY - 35
        found = (each for each in self.evaluations[self._first() :] if each.now // DAY == day)
        return next(found, None) if kept else None


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


def assert_written_once(group: SimulatedGroup) -> None:
    """Assert that no version with values was written twice."""
    keys = [each.key for each in group.topic if each.value and b'"closed":null' not in each.value]
    assert len(keys) == len(set(keys))


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


@pytest.mark.parametrize("seed", [0, 1, 8, 1009])
def test_closed_and_published_values_equal_the_oracle(seed):
    Run(seed).run()
