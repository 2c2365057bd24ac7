"""Partitions that say things, and crash: each is said once, and the last as if nothing had happened."""

import gc
import json

import pytest
from hypothesis import given, settings

from models.contract.decoding import decode
from models.contract.messages import PROFILE
from models.customers import cache
from models.facts import log_pages
from models.facts.fact import encode_fact
from models.facts.from_events import facts_of
from models.partition.partition import Partition
from tests.models.outputs.test_laws import (
    assert_profiles,
    assert_targets,
    last_transitions,
    laws,
)
from tests.models.test_laws import Worker
from tests.oracle.profiles import transitions
from tests.support.events import order
from tests.support.histories import random_history
from tests.support.strategies import ANCHOR, DAY, DEFINITIONS, histories


class Speaking(Worker):
    """A worker whose outputs are seen when they are committed."""

    def __init__(self, definitions, partitions):
        super().__init__(definitions, partitions)
        self.seen, self.uncommitted_outputs = [], []

    def say(self, limit=3):
        """Look at some customers, in every partition."""
        for part in self.partitions:
            for key in part.due_for_output(limit):
                self.uncommitted_outputs += part.emit(key)

    def say_all(self):
        """Look at every customer who is to be looked at."""
        for part in self.partitions:
            while keys := part.due_for_output(2):
                self.uncommitted_outputs += [output for key in keys for output in part.emit(key)]

    def deliver(self, event):
        super().deliver(event)
        if len(self.uncommitted) % 7 == 0:
            self.say()

    def commit(self):
        super().commit()
        self.seen += self.uncommitted_outputs
        self.uncommitted_outputs = []

    def crash(self, now):
        self.uncommitted_outputs = []
        super().crash(now)


@pytest.fixture(autouse=True, scope="module", params=["as it is", "small pages and notes, no cache"])
def sizes(request):
    gc.collect()
    gc.freeze()  # so that collecting a worker takes no time
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "as it is":
            patch.setattr(log_pages, "PAGE_BYTES", 400)
            patch.setattr(log_pages, "_NOTE_BYTES", 60)
            patch.setattr(cache, "_GENERATION", 1)
        yield
    gc.unfreeze()


def run(history):
    worker, delivered, now = Speaking(history.definitions, history.partitions), [], 0
    for step in history.steps:
        now = max(now, step.now)
        worker.live(step)
        delivered += step.events
        worker.advance(now)
        worker.pass_on()
        worker.say_all()
        worker.commit()
        assert_profiles(worker.seen, delivered, now, history.definitions)
        expected, said = transitions(delivered, now, history.definitions), last_transitions(worker.seen)
        assert {key: said[key] for key in expected} == expected
        assert_targets(worker.seen, delivered, now, history.definitions)
    ids = [output.id for output in worker.seen]
    assert len(ids) == len(set(ids))


@settings(laws, max_examples=15)
@given(histories())
def test_over_any_history_and_crash_each_thing_is_said_once_and_the_last_is_true(history):
    run(history)


@pytest.mark.parametrize("seed", range(1))
def test_over_a_large_history_too(seed):
    run(random_history(seed, customers=20, size=900, looks=6))


def test_over_one_in_which_customers_are_merged_and_erased_too():
    """Who is another one by then, or is to be forgotten, has no profile any more."""
    run(random_history(3, customers=20, size=700, looks=6, identities=True))


def test_the_profile_of_who_is_known_no_longer_is_taken_back_after_a_loss_of_state_too():
    lost = Partition(DEFINITIONS, {})
    lost.resume(ANCHOR)
    lost.restore_published([b"ann", b"bob"])
    placed = order("o", "ann", ANCHOR - DAY)
    [(_, fact)] = facts_of(decode("orders", json.dumps(placed).encode()), DEFINITIONS)
    lost.process([(b"ann", fact, encode_fact(fact))])
    again = Partition(DEFINITIONS, dict(lost.take_changes()))  # as the next worker finds it
    again.resume(ANCHOR)
    for _ in again.build_aggregates():
        pass
    said = [output for key in again.due_for_output(10) for output in again.emit(key)]
    profiles = {output.key: output.value for output in said if output.type == PROFILE}
    assert profiles == {"ann": profiles["ann"], "bob": None}
    assert profiles["ann"].orders == 1
    assert again.customer_keys() == [b"ann"]
    again.advance(ANCHOR + DAY)
    assert "bob" not in {output.key for key in again.due_for_output(10) for output in again.emit(key)}
