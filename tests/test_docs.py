"""The documentation's examples are true, and it names every metric."""

import json
import math
import re
import tomllib
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
from streams.config import toml_file

_METRICS = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text()
_EXAMPLE = re.compile(
    r"(?:```toml\n((?:(?!```).)*)```\s+)?```jsonl\n(.*?)```\s+```metrics (\S+)([^\n]*)\n(.*?)```", re.DOTALL
)
_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_DEFINITION = re.compile(r"(\w+)=(\S+)")
_EXAMPLES = [match.groups() for match in _EXAMPLE.finditer(_METRICS)]


def _definitions(configuration: str | None, given: str) -> Definitions:
    if configuration is not None:
        return toml_file.definitions(tomllib.loads(configuration), known=(), path=None)
    return msgspec.convert(
        {name: json.loads(value) for name, value in _DEFINITION.findall(given)}, Definitions
    )


def _numbers(
    events: str, now: int, definitions: Definitions
) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    partition = Partition(definitions, {})
    for line in events.splitlines():
        event = decode(KINDS[json.loads(line)["type"]], line.encode())
        for customer, fact in facts_of(event, definitions):
            partition.process_one(customer, fact)
    samples = compute([standalone.evaluate(partition, now)], definitions, now)
    return {(sample.metric, frozenset(sample.labels.items())): sample.value for sample in samples}


@pytest.mark.parametrize(("configuration", "events", "now", "given", "expected"), _EXAMPLES)
def test_documented_examples_hold(
    configuration: str | None, events: str, now: str, given: str, expected: str
) -> None:
    instant = to_us(datetime.fromisoformat(now))
    numbers = _numbers(events, instant, _definitions(configuration, given))
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
