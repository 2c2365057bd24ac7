"""Partitions that emit outputs, and crash: each output is committed once, and the last ones are right."""

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
from tests.support.assert_outputs import (
    assert_profiles,
    assert_targets,
    assert_transitions,
    assert_unique_ids,
)
from tests.support.drawn_histories import histories
from tests.support.events import order
from tests.support.histories import random_history, ticket_history
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import ANCHOR, DAY, DEFINITIONS, output_laws

pytestmark = pytest.mark.slow


class EmittingWorker(SimulatedWorker):
    """A worker whose outputs are published when they are committed."""

    def __init__(self, definitions, partitions):
        super().__init__(definitions, partitions)
        self.published, self.uncommitted_outputs = [], []

    def emit(self, limit=3):
        """Check some customers, in every partition."""
        for part in self.partitions:
            for key in part.due_for_output(limit):
                self.uncommitted_outputs += part.emit(key)

    def emit_all(self):
        """Check every customer who is due."""
        for part in self.partitions:
            while keys := part.due_for_output(2):
                self.uncommitted_outputs += [output for key in keys for output in part.emit(key)]

    def deliver(self, event):
        super().deliver(event)
        if len(self.uncommitted) % 7 == 0:
            self.emit()

    def commit(self):
        super().commit()
        self.published += self.uncommitted_outputs
        self.uncommitted_outputs = []

    def crash(self, now):
        self.uncommitted_outputs = []
        super().crash(now)


@pytest.fixture(autouse=True, scope="module", params=["default sizes", "small pages and notes, no cache"])
def sizes(request):
    gc.disable()  # `SimulatedWorker` collects former workers
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "default sizes":
            patch.setattr(log_pages, "PAGE_BYTES", 400)
            patch.setattr(log_pages, "_STATE_BYTES", 60)
            patch.setattr(cache, "_GENERATION", 1)
        yield
    gc.enable()


def run(history):
    definitions = history.definitions
    worker, delivered, now = EmittingWorker(definitions, history.partitions), [], 0
    for step in history.steps:
        now = max(now, step.now)
        worker.live(step)
        delivered += step.events
        worker.advance(now)
        worker.deliver_messages()
        worker.emit_all()
        worker.commit()
        assert_profiles(worker.published, delivered, now, definitions)
        assert_transitions(worker.published, delivered, now, definitions)
        assert_targets(worker.published, delivered, now, definitions)
    assert_unique_ids(worker.published)


@settings(output_laws, max_examples=15)
@given(histories())
def test_crashes_neither_lose_nor_repeat_outputs(history):
    run(history)


@pytest.mark.parametrize("seed", range(1))
def test_large_history_survives_crashes(seed):
    run(random_history(seed, customers=20, size=900, looks=6))


@pytest.mark.parametrize("seed", range(2))
def test_withdrawals_of_emitted_targets_survive_crashes(seed):
    run(ticket_history(seed))


def test_merges_and_erasures_survive_crashes():
    """Merged and erased customers have no profile any more."""
    run(random_history(3, customers=20, size=700, looks=6, identities=True))


def test_state_loss_sends_tombstones_for_lost_customers():
    lost = Partition(DEFINITIONS, {})
    lost.resume(ANCHOR)
    lost.restore_published([b"ann", b"bob"])
    placed = order("o", "ann", ANCHOR - DAY)
    [(_, fact)] = facts_of(decode("orders", json.dumps(placed).encode()), DEFINITIONS)
    lost.process([(b"ann", fact, encode_fact(fact))])
    restored = Partition(DEFINITIONS, dict(lost.take_changes()))  # as the next worker restores it
    restored.resume(ANCHOR)
    for _ in restored.build_aggregates():
        pass
    outputs = [output for key in restored.due_for_output(10) for output in restored.emit(key)]
    profiles = {output.key: output.value for output in outputs if output.type == PROFILE}
    assert profiles == {"ann": profiles["ann"], "bob": None}
    assert profiles["ann"].orders == 1
    assert restored.customer_keys() == [b"ann"]
    restored.advance(ANCHOR + DAY)
    later = [output for key in restored.due_for_output(10) for output in restored.emit(key)]
    assert "bob" not in {output.key for output in later}
