"""Test that explanations of random histories equal the oracle's, to the last fraction."""

import random
from fractions import Fraction

import pytest

from models.query.movement import instants_of, movement_of
from models.query.movement_parameters import ExplainQuery
from models.query.movement_responses import Movement
from models.query.strata import OF_CUSTOMERS, SPANS, StrataCounter, StrataCounts
from tests.oracle import movements
from tests.oracle.movements import Strata
from tests.oracle.world import World
from tests.support import complete_shop
from tests.support.histories import random_history
from tests.support.movement_queries import is_lost, random_query, strata
from tests.support.simulated_worker import SimulatedWorker

pytestmark = pytest.mark.slow

NOTHING = Fraction(), Fraction()


def explained(worker: SimulatedWorker, query: ExplainQuery, now: int) -> Movement:
    """Return the explanation over all partitions of a worker."""
    counts = StrataCounts()
    for partition in worker.partitions:
        counter = StrataCounter(worker.definitions, query, instants_of(query, now, None))
        for key in partition.customer_keys():
            counter.add(key, partition.fact_log(key))
        counts.add(counter.counts)
    return movement_of(query, counts, now, None, worker.definitions)


def assert_terms(found: Movement, before: Strata, after: Strata) -> None:
    """Assert that the numbers and the effects of all strata are the oracle's."""
    effects = movements.effects(before, after)
    terms = {term.stratum: term for term in found.terms if term.before_number or term.after_number}
    assert terms.keys() == {name for each in (before, after) for name, (_, whole) in each.items() if whole}
    for name, term in terms.items():
        assert term.before_number == pytest.approx(float(before.get(name, NOTHING)[1]))
        assert term.after_number == pytest.approx(float(after.get(name, NOTHING)[1]))
        if effects is None:
            assert (term.rate_effect, term.mix_effect) == (None, None)
        else:
            wanted = [float(effect) for effect in effects[name]]
            assert [term.rate_effect, term.mix_effect] == pytest.approx(wanted, abs=1e-12)


def assert_chance(found: Movement, before: Strata, after: Strata) -> None:
    """Assert that the bounds of the change are the oracle's."""
    wholes = movements.whole_of(before), movements.whole_of(after)
    if found.basis != "value" and wholes[0][1] and wholes[1][1]:
        low, high = movements.newcombe(*wholes)
        assert (found.low, found.high) == pytest.approx((low, high))
        assert found.distinguishable is (not low <= 0 <= high)


def assert_exposures(found: Movement, worlds: tuple[World, World], query: ExplainQuery) -> None:
    """Assert that the most that each exposure can explain is the oracle's."""
    for side, world in zip(("before", "after"), worlds, strict=True):
        exposures = movements.exposure_strata(world, query.window, lost=is_lost(query))
        size = movements.whole_of(strata(world, query))[1]
        none = exposures.pop("none", NOTHING)
        for limit in found.exposures:
            exposed = exposures.get(limit.exposure, NOTHING)
            assert getattr(limit, f"{side}_number") == exposed[1]
            if exposed[1] and none[1]:
                wanted = float(movements.most(exposed, none, size))
                assert getattr(limit, f"{side}_most") == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(2))
def test_explanations_of_random_histories_equal_the_oracle(seed):
    history, rng = random_history(seed, customers=20, size=700, looks=4, identities=True), random.Random(seed)
    definitions = complete_shop.definitions()
    worker = SimulatedWorker(definitions, history.partitions, seed)
    delivered = []
    for step in history.steps:
        step.events = complete_shop.with_attributes(step.events)
        worker.live(step)
        delivered += step.events
        worker.results(step.now)
        for _ in range(4):
            query = random_query(rng, definitions)
            found = explained(worker, query, step.now)
            instants = step.now - SPANS[query.against], step.now
            worlds = tuple(movements.world_at(delivered, step.now, definitions, at) for at in instants)
            before, after = (strata(world, query) for world in worlds)
            assert_terms(found, before, after)
            assert_chance(found, before, after)
            if query.metric in OF_CUSTOMERS:
                assert_exposures(found, worlds, query)
