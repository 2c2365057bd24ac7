"""Compare the outputs that workers have published, as committed readers see them, with the oracle."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from models.contract.messages import Action
from models.definitions.definitions import Definitions
from tests.oracle.profiles import decisions, profiles, transitions, turn_decisions
from tests.support.action_oracle import faults, missing
from tests.support.deployment import PATIENCE, Deployment
from tests.support.events import latest, microseconds
from tests.support.strategies import DAY, DEFINITIONS, Event

TOPICS = ("retention.customers", "retention.transitions", "retention.ticket-sla", "retention.actions")


async def assert_published(
    deployment: Deployment,
    events: Sequence[Event],
    now: int | None = None,
    *,
    once: bool = True,
    definitions: Definitions = DEFINITIONS,
) -> int:
    """Wait until the last outputs of all customers equal the oracle's; with `once`, none came twice.

    Returns:
        Number of the oracle's outputs.
    """
    at = latest(events) if now is None else now
    wanted = expected(events, at, definitions)
    deadline = time.monotonic() + PATIENCE
    while True:
        published = {topic: await deployment.cluster.read(topic) for topic in TOPICS}
        found = last_of(published)
        wrong = [
            key
            for key in found.keys() | wanted.keys()
            if found.get(key) != wanted.get(key)
            and not (key not in wanted and is_past(key, found[key], wanted, at))
        ]
        actions = [msgspec.json.decode(record.value, type=Action) for record in published[TOPICS[-1]]]
        lines = [f"{key}: published {found.get(key)}, oracle {wanted.get(key)}" for key in wrong]
        lines += (faults if once else missing)(actions, events, at, definitions)
        if not lines:
            break
        message = "\n".join([f"{len(lines)} differ", *lines[:10], deployment.tails()])
        assert time.monotonic() < deadline, message
        await asyncio.sleep(0.5)
    if once:
        assert_once([record for topic in TOPICS for record in published[topic]], merged(events))
    return len(wanted)


def is_past(key: Any, output: Any, wanted: Any, at: int) -> bool:
    """Return whether an output is old, or of a lost customer: neither is withdrawn."""
    if key[0] in {"target", "turn"} and output[1] < at - 30 * DAY:
        return True
    return key[0] in {"target", "turn", "transition"} and ("profile", key[1]) not in wanted


def assert_once(records: Sequence[ConsumerRecord], renamed: Collection[str] = ()) -> None:
    """Assert that no two outputs have one CloudEvent id.

    Args:
        records: outputs, and tombstones, which have no id.
        renamed: customers whose outputs may be emitted again, because their id became canonical again.
    """
    outputs = [
        (dict(record.headers)["ce_id"].decode(), record) for record in records if record.value is not None
    ]
    ids = Counter(name for name, _ in outputs)
    twice = {
        name: record.value.decode()
        for name, record in outputs
        if ids[name] > 1 and json.loads(record.value)["customer_id"] not in renamed
    }
    assert not twice, f"{len(twice)} outputs were published more than once: {list(twice.values())[:5]}"


def merged(events: Sequence[Event]) -> set[str]:
    """Return the identities that merges name."""
    merges = [event for event in events if event["type"] == "customer.merged"]
    return {event[name] for event in merges for name in ("customer_id", "into")}


def expected(events: Sequence[Event], at: int, definitions: Definitions) -> dict[Any, Any]:
    """Return the last outputs that the oracle expects, by kind and subject."""
    wanted: dict[Any, Any] = {}
    for customer, profile in profiles(events, at, definitions).items():
        net = profile.pop("net_value")
        wanted["profile", customer] = profile | {"net_value": pytest.approx(net, abs=0.0051)}
    for key, step in transitions(events, at, definitions).items():
        wanted["transition", *key] = step
    for key, decision in decisions(events, at, definitions).items():
        wanted["target", *key] = decision
    for key, decision in turn_decisions(events, at, definitions):
        wanted["turn", *key, decision] = decision
    return wanted


def last_of(published: dict[str, list[ConsumerRecord]]) -> dict[Any, Any]:
    """Return the last outputs by kind and subject, without open and withdrawn targets."""
    customers, steps, targets, _ = (published[topic] for topic in TOPICS)
    found: dict[Any, Any] = {}
    for record in customers:
        found["profile", record.key.decode()] = record.value and _profile(json.loads(record.value))
    for record in steps:
        step = json.loads(record.value)
        found["transition", step["customer_id"], step["what"]] = (
            step["from"],
            step["to"],
            microseconds(step["time"]),
        )
    decided = [json.loads(record.value) for record in targets]
    withdrawn = {target.get("withdraws") for target in decided}
    for target in decided:
        key = "target", target["customer_id"], target["ticket_id"], target["sla"]
        outcome = decision_of(target)
        if target["sla"] != "next_response":
            found[key] = outcome
        elif target["id"] not in withdrawn:
            found["turn", *key[1:], outcome] = outcome
    return {key: value for key, value in found.items() if value is not None}


def decision_of(target: dict[str, Any]) -> tuple[str, int] | None:
    """Return state and instant of a decided target, None of any other one."""
    is_decided = target["state"] in {"fulfilled", "breached"}
    return (target["state"], microseconds(target["decided"])) if is_decided else None


def _profile(value: dict[str, Any]) -> dict[str, Any]:
    times = {name: value[name] and microseconds(value[name]) for name in ("first_order", "last_order")}
    kept = {name: content for name, content in value.items() if name not in {"risk", "as_of"}}
    return kept | times
