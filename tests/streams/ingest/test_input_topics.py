"""Input topics by name and by pattern, at a real Kafka."""

import pytest

from streams import service
from streams.config.load import load
from streams.errors import InputsMissing
from streams.ingest import input_topics
from tests.support.kafka_calls import create

CONFIGURATION = """
[[inputs]]
pattern = "{unique}-.*"
kind = "orders"
[[inputs]]
topic = "{unique}.named"
kind = "tickets"
"""


@pytest.fixture
def settings(kafka, unique, tmp_path):
    config = tmp_path / "retention.toml"
    config.write_text(CONFIGURATION.format(unique=unique))
    return load(
        {"broker": kafka, "group": unique, "topic_prefix": unique, "partitions": 2, "config": config}, {}
    )


async def test_patterns_match_inputs_and_new_topics_are_found(settings, kafka, unique):
    with pytest.raises(InputsMissing, match=rf"inputs are missing: {unique}\.named"):
        await service.prepare_topics(settings)
    await create(kafka, f"{unique}.named", 3)
    await create(kafka, f"{unique}-eu", 5)
    counts = await service.prepare_topics(settings)
    assert (counts[f"{unique}.named"], counts[f"{unique}-eu"]) == (3, 5)
    assert not {"orders", "tickets"} & counts.keys()
    known = input_topics.resolved(settings, counts)
    kinds = {topic: found.kind for topic, found in known.items()}
    assert kinds == {f"{unique}.named": "tickets", f"{unique}-eu": "orders"}, (
        "the group's own topics are no inputs"
    )
    assert await input_topics.appeared(settings, known) == []
    await create(kafka, f"{unique}-us")
    assert await input_topics.appeared(settings, known) == [f"{unique}-us"]
