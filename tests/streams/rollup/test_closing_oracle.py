"""Test that frozen and published values of random histories equal the oracle's, over crashes and resets."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace as replace_field
from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from models.query.movement_parameters import ExplainQuery
from models.query.periods import period_of
from models.query.strata import SPANS, with_defaults
from streams.rollup.protocol import Reopening
from tests.oracle import closings, movements
from tests.oracle.closings import Arrival, Evaluation, Name, Values, Version
from tests.oracle.values import microseconds, parse
from tests.oracle.world import World, connected
from tests.support.closing_comparison import (
    assert_frozen,
    assert_restated,
    assert_row,
    assert_shown,
    assert_written_once,
    explained,
)
from tests.support.closing_histories import closing_history
from tests.support.movement_queries import OF_CUSTOMERS, all_queries, random_query, strata
from tests.support.simulated_group import SimulatedGroup
from tests.support.strategies import DAY, Event

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
        self.changed: dict[int, set[Name]] = {}
        self.reopened: list[Name] = []
        merges = [parse(event) for _, event in self.history.arrivals if event["type"] == "customer.merged"]
        self.names = connected(merges)

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
        assert_shown(self.group, self.versions)  # and not those in the next transaction
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
        numbers = range(since, self.evaluations[-1].arrived)
        changing = [self.arrivals[number] for number in numbers if name in self._changed_by(number)]
        if self.history.is_simple:
            assert found == Counter(map(self._cause_of, changing)), name
            return
        new = [self.arrivals[number] for number in numbers]
        # Another content of a known event counts once its time comes.
        span = range(version.evaluation.now + 1, self.evaluations[-1].now + 1)
        due = [each for each in self.arrivals[:since] if microseconds(each.event["time"]) in span]
        # A merge brings one fact after the other, some of which the next one outdoes.
        is_moved = any(each.event["type"] == "customer.merged" for each in new)
        differs = self._as_known(since)[name] != self._as_known(self.evaluations[-1].arrived)[name]
        assert differs <= bool(found) <= bool(changing or due or is_moved), name
        ever = {"merged", "erased"} & named_by(self.arrivals)
        assert is_moved or found.keys() <= named_by(new + due) | ever | {"amended"}, name

    def _cause_of(self, arrival: Arrival) -> str:
        """Return the cause of a change, "`merged`, whatever its type", of a fact of a merged identity."""
        is_merged = arrival.event["customer_id"] != self._name_of(arrival.event)
        return "merged" if is_merged else closings.cause_of(arrival)

    def _name_of(self, event: Event) -> str:
        """Return the name of the customer whom an event is about, after all merges."""
        return self.names.get(event["customer_id"], event["customer_id"])

    def _as_known(self, arrived: int) -> dict[Name, str]:
        """Return the values at the last evaluation of the periods, by the events up to an arrival."""
        evaluation = replace_field(self.evaluations[-1], arrived=arrived)
        found = closings.as_now(closings.world_of(evaluation, self.arrivals))
        return {name: repr(values) for name, values in found.items()}

    def _changed_by(self, number: int) -> set[Name]:
        """Return the periods that an arrival has changed."""
        if number not in self.changed:
            arrival, earlier = self.arrivals[number], [each.event for each in self.arrivals[:number]]
            if self.history.is_simple:
                name = self._name_of(arrival.event)
                earlier = [event for event in earlier if self._name_of(event) == name]
            self.changed[number] = closings.changed_by(arrival, earlier)
        return self.changed[number]

    def _assert_published(self) -> None:
        evaluation = self.evaluations[-1]
        published = self.group.members[0].partition.published
        for age in range(40):
            day = evaluation.now // DAY - age
            found, wanted = published.of_day(day * DAY), self._first_of(day)
            assert (found and found.at) == (wanted and wanted.now), age
        for against in SPANS:
            self._assert_explained(against)

    def _assert_explained(self, against: str) -> None:
        """Check some explanations: of values that have changed since, of others, and any."""
        now = self.evaluations[-1].now
        then = self._first_of((now - SPANS[against]) // DAY)
        wanted = {} if then is None else self._restated(then, against)
        changed = [query for query, (was, known_now) in wanted.items() if was != known_now]
        queries = [random_query(self.rng, self.definitions)]
        for found in (changed, [*wanted]):
            queries += self.rng.sample(found, min(3, len(found)))
        for query in queries:
            if query.against == against:
                whole = with_defaults(replace(query, by=None))  # the strata do not change the ratio
                assert_restated(explained(self.group, query, now).restated, wanted.get(whole), then)

    def _restated(
        self, then: Evaluation, against: str
    ) -> dict[ExplainQuery, tuple[Fraction, Fraction | None]]:
        """Return query -> ratio as published at an evaluation, and as known now of the same instant.

        Values without a denominator are not published, and those by other definitions are not compared.
        """
        evaluation = self.evaluations[-1]
        known = [each.event for each in self.arrivals[: evaluation.arrived]]
        published = closings.world_of(then, self.arrivals)
        known_now = movements.world_at(known, evaluation.now, self.definitions, then.now)
        found = {}
        for query in all_queries(self.definitions, against):
            was = movements.ratio_of(strata(published, query))
            of_money = query.metric not in OF_CUSTOMERS
            if was is not None and not (of_money and then.definitions.rates != self.definitions.rates):
                found[query] = was, movements.ratio_of(strata(known_now, query))
        return found

    def _first(self) -> int:
        """Return the number of the evaluation before which the state was empty."""
        return max(number for number, each in enumerate(self.evaluations) if each.is_first)

    def _first_of(self, day: int) -> Evaluation | None:
        """Return the evaluation whose values were published on a day, of the days that are kept."""
        kept = day >= self.evaluations[-1].now // DAY - 35
        found = (each for each in self.evaluations[self._first() :] if each.now // DAY == day)
        return next(found, None) if kept else None


def named_by(arrivals: Iterable[Arrival]) -> set[str]:
    """Return the causes that some arrivals can have."""
    return {closings.cause_of(each) for each in arrivals if each.event["type"] in closings.TOUCHING}


@pytest.mark.parametrize("seed", [9, 21, 22, 25])
def test_closed_and_published_values_equal_the_oracle(seed):
    Run(seed).run()
