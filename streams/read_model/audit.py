"""Compare the values under the model's keys in Redis with the topics, to find what other programs wrote.

The positions say how far the model has come, and nothing about values that another program or a person has
changed, added or deleted since. An audit reads one partition of the profiles, or all series, from the
beginning, and looks at every key. It runs beside the follower: keys that are written meanwhile are left out.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.compacted_topics import read_to_end
from streams.read_model import rows
from streams.read_model.store import Inspected, Store, field_of

#: Keys that a deviation names. The others are counted.
_NAMED: Final = 3


class Deviation(NamedTuple):
    """The difference between the model and its topics.

    Attributes:
        wrong: keys and members with a value that the topics do not have.
        missing: number of values of the topics that Redis lacks.
    """

    wrong: Sequence[str]
    missing: int

    def __str__(self) -> str:
        kinds = sorted({key.partition(" ")[0] for key in self.wrong})[:_NAMED]
        what = f"{len(self.wrong)} foreign or changed values ({', '.join(kinds)})" if self.wrong else ""
        lacks = f"{self.missing} missing values" if self.missing else ""
        return " and ".join(filter(None, (what, lacks)))


class _Expected(NamedTuple):
    version: str
    digest: str
    lateness: float | None
    value: float | None


class Audit:
    """One comparison of a part of the model with its topic.

    Args:
        store: the model.
        client_options: connection options of aiokafka's clients.
        taken: partition -> offset up to which the model has it, of all partitions of the model.

    Attributes:
        written: keys of records that the follower has applied since the start. They are not compared.
    """

    def __init__(
        self, store: Store, client_options: Mapping[str, Any], taken: Mapping[TopicPartition, int]
    ) -> None:
        self.written: set[bytes] = set()
        self._store = store
        self._client_options = client_options
        self._taken = dict(taken)
        self._fields = {field_of(tp) for tp in taken}

    async def of_series(self, tps: Sequence[TopicPartition]) -> Deviation | None:
        """Return the error in the hash of the series; None without one.

        Args:
            tps: all partitions of the series' topic.
        """
        expected: dict[bytes, bytes] = {}
        async for record in self._records(tps):
            if record.value:
                expected[record.key] = record.value
            else:
                expected.pop(record.key, None)
        held = await self._store.series()
        wrong = [key for key, value in held.items() if key not in self.written and expected.get(key) != value]
        missing = expected.keys() - held.keys() - self.written
        return _deviation([f"series {key.decode(errors='replace')}" for key in wrong], len(missing))

    async def of_customers(self, tp: TopicPartition) -> Deviation | None:
        """Return the error in a partition's customers or in the rankings; None without one."""
        expected = await self._profiles(tp)
        wrong, seen = await self._compare_profiles(tp, expected)
        wrong += await self._compare_ranks(expected)
        missing = sum(key not in seen and key not in self.written for key in expected)
        return _deviation(wrong, missing)

    async def _profiles(self, tp: TopicPartition) -> dict[bytes, _Expected]:
        expected: dict[bytes, _Expected] = {}
        async for record in self._records([tp]):
            expected.pop(record.key, None)
            if record.value:
                try:
                    lateness, value = rows.scores(record.value)
                except ValueError:  # it is left out, and what was there before stays
                    self.written.add(record.key)
                    continue
                version = f"{field_of(tp)}:{record.offset}"
                digest = hashlib.sha1(record.value, usedforsecurity=False).hexdigest()
                expected[record.key] = _Expected(version, digest, _score(lateness), _score(value))
        return expected

    async def _compare_profiles(
        self, tp: TopicPartition, expected: Mapping[bytes, _Expected]
    ) -> tuple[list[str], set[bytes]]:
        wrong: list[str] = []
        seen: set[bytes] = set()
        async for found in self._store.customers():
            for one in found:
                where = one.version.rpartition(":")[0]
                if one.key in self.written or (where != field_of(tp) and where in self._fields):
                    continue
                seen.add(one.key)
                if not _is_same(one, expected.get(one.key)):
                    wrong.append("customer")
        return wrong, seen

    async def _compare_ranks(self, expected: Mapping[bytes, _Expected]) -> list[str]:
        wrong: list[str] = []
        for name in ("lateness", "value"):
            ranked: set[bytes] = set()
            async for members in self._store.ranks(name):
                wrong += await self._compare_members(name, members, expected)
                ranked.update(members)
            wrong += [
                "rank"
                for key, one in expected.items()
                if getattr(one, name) is not None and key not in ranked and key not in self.written
            ]
        return wrong

    async def _compare_members(
        self, name: str, members: Mapping[bytes, float], expected: Mapping[bytes, _Expected]
    ) -> list[str]:
        others = [key for key in members if key not in expected and key not in self.written]
        without_profile = [one for one in await self._store.inspect(others) if not one.version]
        changed = [
            key
            for key, score in members.items()
            if key in expected and key not in self.written and getattr(expected[key], name) != score
        ]
        return ["rank"] * (len(without_profile) + len(changed))

    async def _records(self, tps: Sequence[TopicPartition]) -> AsyncIterator[ConsumerRecord]:
        """Yield the records that the model should hold. Those that it does not have yet count as written."""
        async for records in read_to_end(self._client_options, list(tps)):
            for record in records:
                if record.key is None:
                    continue
                if record.offset < self._taken[TopicPartition(record.topic, record.partition)]:
                    yield record
                else:
                    self.written.add(record.key)


def _is_same(one: Inspected, expected: _Expected | None) -> bool:
    return expected is not None and (one.version, one.digest) == (expected.version, expected.digest)


def _score(score: float | str) -> float | None:
    return None if isinstance(score, str) else float(score)


def _deviation(wrong: Sequence[str], missing: int) -> Deviation | None:
    return Deviation(wrong, missing) if wrong or missing else None
