"""The documentation's examples are true, and it names every metric."""

import json
import math
import re
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from models.contract.decoding import decode, to_us
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from models.metrics.catalogue import CATALOGUE, compute
from models.partition import standalone
from models.partition.partition import Partition

_METRICS = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text()
_EXAMPLE = re.compile(r"```jsonl\n(.*?)```\s+```metrics (\S+)([^\n]*)\n(.*?)```", re.DOTALL)
_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_DEFINITION = re.compile(r"(\w+)=(\S+)")
_EXAMPLES = [match.groups() for match in _EXAMPLE.finditer(_METRICS)]


def _numbers(events: str, now: int, limits: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    given = {name: json.loads(value) for name, value in _DEFINITION.findall(limits)}
    definitions = msgspec.convert(given, Definitions)
    partition = Partition(definitions, {})
    for line in events.splitlines():
        event = decode(KINDS[json.loads(line)["type"]], line.encode())
        for customer, fact in facts_of(event, definitions):
            partition.process_one(customer, fact)
    samples = compute([standalone.evaluate(partition, now)], definitions, now)
    return {(sample.metric, frozenset(sample.labels.items())): sample.value for sample in samples}


@pytest.mark.parametrize(("events", "now", "limits", "expected"), _EXAMPLES)
def test_documented_examples_hold(events: str, now: str, limits: str, expected: str) -> None:
    numbers = _numbers(events, to_us(datetime.fromisoformat(now)), limits)
    for line in expected.splitlines():
        match = _LINE.fullmatch(line)
        assert match, line
        labels = frozenset(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
        value, wanted = numbers[match[1], labels], float(match[3])
        tolerance = 0.01 if "quantile" in line else 1e-12
        assert value == pytest.approx(wanted, rel=tolerance) or (math.isnan(value) and math.isnan(wanted)), (
            line
        )


def test_every_metric_is_documented() -> None:
    assert len(_EXAMPLES) >= 8
    missing = [
        name for name in CATALOGUE if name not in _METRICS and name.rsplit("_mean", 1)[0] not in _METRICS
    ]
    assert missing == []


def test_every_series_of_a_worker_is_documented() -> None:
    own = (Path(__file__).parents[1] / "streams" / "monitoring" / "exporter.py").read_text()
    short = re.findall(r'_(?:gauge|counter)\(\s*"(\w+)"', own)
    names = {f"retention_worker_{name}" for name in short} | set(re.findall(r'"(retention_worker_\w+)"', own))
    assert len(names) > 10
    assert [name for name in sorted(names) if name not in _METRICS] == []
