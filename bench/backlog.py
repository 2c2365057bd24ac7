"""Measure what it costs to count the changes of closed periods, for each fact, against counting none.

A shop's worker was stopped for three days, and reads what arrived meanwhile. The facts are the last ones of
the history, moved to these days. Some are late: they keep their own times, in periods that are closed.
"""

import gc
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from bench import core
from bench.report import Line, of_rounds
from models.definitions.definitions import Definitions
from models.facts.fact import encode_fact
from models.partition.partition import Addressed, Partition

_STOPPED: Final = 72 * core.HOUR
#: Share of the facts that arrive while the worker is stopped.
_SHARE: Final = 0.2
#: Name of a case -> n, if every nth fact is late; 0 for none.
LATE: Final[Mapping[str, int]] = {"on time": 0, "10 % late": 10, "all late": 1}


def lines(none: Definitions, periods: Definitions, facts: list[Addressed], rounds: int) -> Iterator[Line]:
    """Yield the cost of a fact without kinds of periods, and the ratios of the costs with them to it.

    Args:
        none: definitions without kinds of periods.
        periods: definitions with them.
        facts: facts of the customers, in the order of time.
        rounds: number of rounds. Every second one measures the definitions with kinds first.
    """
    found = []
    for number in range(rounds):
        pair = [_measure(each, facts) for each in ((periods, none) if number % 2 else (none, periods))]
        found.append(pair[::-1] if number % 2 else pair)
    for name in found[0][0]:
        yield of_rounds(f"{name}: none", (base[name] for base, _ in found), "us")
        yield of_rounds(f"{name}: periods", (cost[name] / base[name] for base, cost in found), "x")


def _measure(definitions: Definitions, facts: list[Addressed]) -> dict[str, float]:
    """Return the cost of a fact, microseconds: one that a stopped worker reads, and one that is live."""
    known = facts[: int(len(facts) * (1 - _SHARE))]
    rows = _counting(definitions, known)
    found = {}
    for name, every in LATE.items():
        batch = list(_arrived(facts[len(known) :], every))
        stopped = Partition(definitions, dict(rows))
        stopped.resume(core.NOW)
        found[f"read a fact, {name}"] = _process(stopped, batch)
        found[f"apply a live fact, {name}"] = _process(_live(definitions, rows), batch)
    return found


def _live(definitions: Definitions, rows: dict[bytes, bytes]) -> Partition:
    partition = Partition(definitions, dict(rows))
    partition.resume(core.NOW)
    list(partition.build_aggregates())
    return partition


def _process(partition: Partition, batch: list[Addressed]) -> float:
    gc.collect()  # what was built before is not collected meanwhile
    return core.clocked(lambda: partition.process(batch), len(batch))[1]


def _counting(definitions: Definitions, known: list[Addressed]) -> dict[bytes, bytes]:
    """Return the rows of a partition that has been caught up, so that changes of closed periods count."""
    rows: dict[bytes, bytes] = {}
    partition = Partition(definitions, rows)
    partition.resume(core.NOW - _STOPPED)
    partition.process(known)
    for caught_up in (False, True):
        partition.follow_close(caught_up=caught_up)
    partition.take_changes()
    return rows


def _arrived(facts: list[Addressed], every: int) -> Iterator[Addressed]:
    """Yield facts with times while the worker was stopped, some of them with their own times."""
    for number, (key, fact, encoded) in enumerate(facts):
        if every and number % every == 0:
            yield key, fact, encoded
        else:
            at = core.NOW - _STOPPED + number * _STOPPED // len(facts)
            moved = replace(fact, claim=replace(fact.claim, time=at))
            yield key, moved, encode_fact(moved)
