"""State that an earlier release wrote is restored with the same numbers and outputs."""

import base64
import gzip
import json
import math
from pathlib import Path

import pytest
from msgspec.structs import replace

from models.definitions.sla_policy import SlaPolicy
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.metadata import METADATA_KEY, STATE_VERSION, read_metadata
from models.partition.partition import Partition
from tests.support.strategies import DEFINITIONS as SHOP

#: What the earlier release counted by. Nothing paused a target.
DEFINITIONS = replace(
    SHOP,
    keep_first_order=False,
    sla_policies={priority: SlaPolicy(pause=()) for priority in SHOP.sla_policies},
)
STATE = Path(__file__).parents[2] / "data" / "state"


@pytest.fixture(params=sorted(STATE.glob("*.json.gz")), ids=lambda path: path.name)
def stored(request):
    """Return what an earlier release wrote: rows, and the numbers and outputs it restored from them."""
    return json.loads(gzip.decompress(request.param.read_bytes()))


@pytest.fixture
def partition(stored):
    """Return a partition restored from the stored rows, with its aggregates built."""
    restored = Partition(DEFINITIONS, {})
    for key, value in stored["rows"]:
        restored.load(base64.b64decode(key), base64.b64decode(value))
    restored.resume(stored["now"])
    standalone.build_aggregates(restored, stored["now"])
    return restored


def numbers(partition, now, stored):
    """Return the stored series at an instant: (metric, labels) -> value. Durations had no label `clock`."""
    known = {metric for metric, _, _ in stored}
    samples = compute([standalone.evaluate(partition, now)], DEFINITIONS, now)
    assert {s.labels.get("clock") for s in samples} <= {None, "calendar"}
    return {
        (s.metric, str(sorted(label for label in s.labels.items() if label[0] != "clock"))): s.value
        for s in samples
        if s.metric in known
    }


def recorded(stored):
    """Return the numbers as `numbers` does, approximately: from Python 3.12 on, `sum` rounds only once."""
    found = {
        (metric, str(sorted(labels.items()))): math.nan if value is None else value
        for metric, labels, value in stored
    }
    return pytest.approx(found, rel=1e-12, abs=1e-12, nan_ok=True)


def outputs(partition):
    """Return everything that is due for output: key, type, id."""
    return [
        [output.key, output.type, output.id]
        for key in partition.due_for_output(10**6)
        for output in partition.emit(key)
    ]


def test_restored_state_gives_the_same_metrics(stored, partition):
    assert len(stored["metrics"]) > 1000
    assert numbers(partition, stored["now"], stored["metrics"]) == recorded(stored["metrics"])


def test_restored_state_gets_the_version_of_this_release(partition):
    assert read_metadata(partition.take_changes()[METADATA_KEY]).version == STATE_VERSION == 3


def test_restored_state_emits_nothing_twice(stored, partition):
    assert outputs(partition) == stored["outputs"] == []


def test_restored_state_follows_the_clock_as_before(stored, partition):
    assert outputs(partition) == []
    assert numbers(partition, stored["later"], stored["metrics_later"]) == recorded(stored["metrics_later"])
    assert sorted(outputs(partition)) == stored["outputs_later"]
    assert len(stored["outputs_later"]) > 40
