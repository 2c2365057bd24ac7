"""The internals that docs/faust.md lists exist, in the versions that it names."""

import inspect
from importlib.metadata import version
from pathlib import Path

import faust
import pytest
from faust.assignor.partition_assignor import PartitionAssignor
from faust.serializers.schemas import Schema
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from mode.threads import ServiceThread

from streams.kafka import aiokafka_patches

DOCUMENT = Path(__file__).parents[3] / "docs" / "faust.md"

METHODS = {
    faust.App: ["crash", "_create_directories", "_new_transport", "_new_producer_transport"],
    driver.AIOKafkaConsumerThread: [
        *("_fetch_records", "_create_worker_consumer", "_ensure_consumer", "on_start", "__post_init__"),
    ],
    ServiceThread: ["_stopped_set"],
    driver.Consumer: [
        *("_new_consumer_thread", "_to_message", "_add_gap"),
        *("ack", "commit", "perform_seek", "verify_event_path"),
    ],
    driver.Producer: ["_new_producer"],
    Schema: ["compile"],
    TableManager: ["recovery", "on_start", "on_stop", "_update_channels"],
    PartitionAssignor: [
        *("_perform_assignment", "_get_client_metadata", "_update_member_urls", "_protocol_assignments"),
        *("_url", "name"),
    ],
}
FIELDS = {
    driver.Consumer: ["_read_offset", "_unacked_messages"],
    TableManager: ["_tables_finalized", "_tables_registered"],
    PartitionAssignor: ["_member_urls"],
}


@pytest.mark.parametrize(
    ("base", "name"), [(base, name) for base, names in METHODS.items() for name in names]
)
def test_overridden_method_exists(base, name):
    assert hasattr(base, name)


@pytest.mark.parametrize(("base", "name"), [(base, name) for base, names in FIELDS.items() for name in names])
def test_used_field_exists(base, name):
    sources = [inspect.getsource(one) for one in base.__mro__ if one.__module__.startswith("faust")]
    assert any(f"self.{name}" in source for source in sources)


@pytest.mark.parametrize("library", ["faust-streaming", "mode-streaming", "aiokafka"])
def test_installed_version_is_the_one_in_the_document(library):
    assert f"| {library} | {version(library)} |" in DOCUMENT.read_text()


def test_patches_were_tried_with_the_installed_aiokafka():
    assert f"aiokafka {version('aiokafka')}" in aiokafka_patches.__doc__
