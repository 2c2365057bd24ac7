"""Measure the cost of a mapping: the same events in the contract's form and in a shop's own form."""

import asyncio
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from bench.feed import PARTITIONS, Record, filled_kafka, shop
from bench.report import Line, of_rounds
from bench.throughput import worker_rate
from models.contract.events import EVENTS, Kind
from models.definitions.definitions import Definitions
from models.partition.partition import Partition
from streams.ingest.router import Router
from streams.kafka.outbox import Outbox
from streams.kafka.topics import INPUTS
from streams.mapping import event_types
from streams.mapping.mappings import load
from streams.monitoring.worker_counters import WorkerCounters
from streams.partitioner import tasks_of

_EVENTS, _CUSTOMERS = 60_000, 6_000
_CHUNK = 500
#: What stays where it was, under `data`.
_MOVED = frozenset({"id", "type", "time", "customer_id", "amount"})

Take = Callable[[Router, TopicPartition, list[ConsumerRecord]], None]


def run(directory: Path, *, quick: bool = False, rounds: int = 3) -> list[Line]:
    """Compare whole workers, and the ingest alone, in turn, so that slow minutes affect both."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "mapping.toml").write_text(_mappings())
    whole = asyncio.run(_whole(directory, quick=quick, rounds=rounds))
    return [*whole, *_intakes(quick=quick, rounds=rounds)]


async def _whole(directory: Path, *, quick: bool, rounds: int) -> list[Line]:
    """Compare workers that read a year of a shop until they are caught up."""
    size = 20_000 if quick else 200_000
    config = directory / "mapping.toml"
    flags = {"native": (), "mapped": (f"--config={config}",)}
    rates: dict[str, list[float]] = {name: [] for name in flags}
    costs: dict[str, list[float]] = {name: [] for name in flags}
    for _ in range(rounds):
        for name, more in flags.items():
            records = partial(_records, size, mapped=name == "mapped")
            async with filled_kafka(directory, f"{name}-{size}", records) as (bootstrap, filled):
                (rate, cost), *_ = await worker_rate(bootstrap, filled.events, directory, *more)
            rates[name].append(rate)
            costs[name].append(cost)
    ratios = [mapped / native for native, mapped in zip(rates["native"], rates["mapped"], strict=True)]
    work = [native / mapped for native, mapped in zip(costs["native"], costs["mapped"], strict=True)]
    return [
        *(of_rounds(f"whole worker, {name}", found, "/s") for name, found in rates.items()),
        *(of_rounds(f"whole worker, {name}, processor time", found, "us") for name, found in costs.items()),
        of_rounds("whole worker, rate of mapped over native (0.7 is the aim)", ratios),
        of_rounds("whole worker, by processor time", work),
    ]


def _records(size: int, *, mapped: bool) -> Iterator[Record]:
    for topic, customer, value in shop(size, size // 10):
        yield topic, customer, _as_a_shop_says_it(value) if mapped else value


def _intakes(*, quick: bool, rounds: int) -> list[Line]:
    """Compare the ingest alone, with records in memory."""
    events = list(shop(_EVENTS // (10 if quick else 1), _CUSTOMERS // (10 if quick else 1)))
    native = [(kind, customer, value) for kind, customer, value in events]
    own = [(kind, customer, _as_a_shop_says_it(value)) for kind, customer, value in events]
    readers = load(tomllib.loads(_mappings()))
    takes: dict[str, tuple[list[Any], Take]] = {
        "native": (native, lambda intake, tp, some: intake.route_events(INPUTS[tp.topic], tp, some)),
        "mapped": (own, lambda intake, tp, some: intake.route_mapped(readers.reader(tp.topic), tp, some)),
    }
    lines, costs = [], {}
    for history in (True, False):
        found: dict[str, list[float]] = {name: [] for name in takes}
        for _ in range(rounds):
            for name, (records, take) in takes.items():
                found[name].append(_cost(records, take, counting=not history))
        what = "read as history" if history else "applied at once"
        for name, each in found.items():
            costs[name] = median(each)
            lines.append(Line(f"intake of a {name} event, {what}", costs[name], "us", rounds=tuple(each)))
        ratios = tuple(a / b for a, b in zip(found["native"], found["mapped"], strict=True))
        lines.append(Line(f"rate of mapped over native, {what}", median(ratios), rounds=ratios))
    return lines


def _cost(records: list[tuple[Kind, str, bytes]], take: Take, *, counting: bool) -> float:
    """Return the processor time of one record, microseconds, over the tasks of the records."""
    intakes = [_intake(number, counting=counting) for number in range(PARTITIONS)]
    chunks = [
        (intakes[tp.partition], tp, some)
        for start in range(0, len(records), 8 * _CHUNK)
        for tp, some in _by_source(records[start : start + 8 * _CHUNK]).items()
    ]
    started = time.process_time()
    for intake, tp, some in chunks:
        take(intake, tp, some)
    return (time.process_time() - started) / len(records) * 1e6


def _intake(number: int, *, counting: bool) -> Router:
    partition = Partition(Definitions(), {})
    if not counting:
        partition.resume(0)  # bootstrap, as after a restore
    return Router(
        task=number,
        task_count=PARTITIONS,
        facts_topic="facts",
        dead_letter_partitions=1,
        definitions=Definitions(),
        partition=partition,
        outbox=Outbox(),
        counters=WorkerCounters(),
    )


def _by_source(records: list[tuple[Kind, str, bytes]]) -> dict[TopicPartition, list[ConsumerRecord]]:
    tasks = tasks_of([customer.encode() for _, customer, _ in records], PARTITIONS)
    found: dict[TopicPartition, list[ConsumerRecord]] = {}
    for (kind, customer, value), task in zip(records, tasks, strict=True):
        record = ConsumerRecord(kind, task, 0, 0, 0, customer.encode(), value, None, 0, 0, ())
        found.setdefault(TopicPartition(kind, task), []).append(record)
    return found


def _as_a_shop_says_it(value: bytes) -> bytes:
    """Return an event with nested fields, a numeric time and a decimal amount."""
    event = msgspec.json.decode(value)
    data = {name: content for name, content in event.items() if name not in _MOVED}
    if "amount" in event:
        data["total"] = str(Decimal(event["amount"]).scaleb(-2))
    milliseconds = round(datetime.fromisoformat(event["time"]).timestamp() * 1000)
    return msgspec.json.encode(
        {
            "meta": {"uuid": event["id"], "kind": event["type"], "at": milliseconds, "shard": 7},
            "customer": {"ref": event["customer_id"], "segment": "b2c"},
            "data": data,
        }
    )


def _mappings() -> str:
    inputs = [f'[[inputs]]\ntopic = "{kind}"\nmapping = "{kind}"' for kind in EVENTS]
    return "\n".join([*inputs, *(line for kind in EVENTS for line in _mapping(kind))])


def _mapping(kind: Kind) -> Iterator[str]:
    types = event_types.of_kind(kind)
    fields = {field for name in types for field in event_types.FIELDS[name]} - _MOVED
    values = ", ".join(f'"{name}" = "{name}"' for name in types)
    yield f"[mappings.{kind}]\n[[mappings.{kind}.events]]"
    yield f'type = {{ path = "meta.kind", values = {{ {values} }} }}'
    yield 'id = "meta.uuid"\ntime = { path = "meta.at", time = "ms" }\ncustomer_id = "customer.ref"'
    if any("amount" in event_types.FIELDS[name] for name in types):
        yield 'amount = { path = "data.total", money = "major", currency = "USD" }'
    yield from (f'{field} = "data.{field}"' for field in sorted(fields))
