"""The mappings that come with us, on payloads as the vendors document them (tests/data/vendors/README.md)."""

import re
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from streams.mapping.mappings import bundled, bundled_texts, load

PAYLOADS = Path(__file__).parents[2] / "data" / "vendors"
KAFKA = SimpleNamespace(topic="webhooks", key=b"k", timestamp=1_715_000_000_000, headers=[])

NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in PAYLOADS.glob("*/*.json"))


def reported(event):
    """An event in a line, without its id and absent fields."""
    fields = {name: value for name, value in msgspec.to_builtins(event).items() if value is not None}
    first = [str(fields.pop("type"))] + [
        f"{name}={fields.pop(name)}" for name in ("customer_id", "time", "channel") if name in fields
    ]
    fields.pop("id")
    return " ".join(first + [f"{name}={fields[name]}" for name in sorted(fields)])


def outcome(payload):
    reader = load({}).reader(payload.partition("/")[0])
    return reader.map_record((PAYLOADS / f"{payload}.json").read_bytes(), KAFKA)


def test_every_bundled_mapping_has_payloads():
    assert {name.partition("/")[0] for name in NAMES} == set(bundled_texts())


@pytest.mark.parametrize("name", NAMES)
def test_payload_becomes_the_expected_events(name):
    found = outcome(name)
    assert found.errors == []
    reported_instead = (
        [f"skipped: {found.skipped}"] if found.skipped else ["anonymous"] if found.anonymous else []
    )
    expected = (PAYLOADS / f"{name}.events").read_text().splitlines()
    assert [reported(event) for event in found.events] + reported_instead == expected


@pytest.mark.parametrize("name", NAMES)
def test_payload_delivered_twice_yields_equal_events(name):
    """Webhooks are delivered at least once: ids must be the payload's own."""
    ids = [event.id for event in outcome(name).events]
    assert ids == [event.id for event in outcome(name).events]
    assert len(set(ids)) == len(ids)


def test_no_condition_negates_a_part_of_a_path():
    """In JMESPath, `!a.b` is `(!a).b`, which is nothing."""
    found = [
        (name, expression.text)
        for name in bundled_texts()
        for _, expression in bundled(name).expressions()
        if re.search(r"![A-Za-z_]+[.\[]", expression.text)
    ]
    assert found == []
