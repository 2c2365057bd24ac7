"""What the derived topics' records become in Redis."""

import logging
from collections.abc import Sequence

import msgspec
from aiokafka import ConsumerRecord
from msgspec import Struct

log = logging.getLogger(__name__)

Argument = str | bytes | int | float


class _Risk(Struct):
    lateness: float


class _Profile(Struct):
    """As much of `models.contract.messages.Profile` as decides who is how far up."""

    lifecycle: str
    net_value: float
    risk: _Risk | None


_PROFILE = msgspec.json.Decoder(_Profile)


def of_customers(records: Sequence[ConsumerRecord]) -> list[Argument]:
    """Give five arguments for each customer's latest profile: id, offset, profile, lateness, value."""
    arguments: list[Argument] = []
    for record in {record.key: record for record in records if record.key is not None}.values():
        try:
            arguments += [record.key, record.offset, record.value or b"", *_scores(record.value)]
        except ValueError as error:
            log.warning("%s partition %d offset %d is no profile: %s", *_where(record), error)
    return arguments


def _scores(value: bytes | None) -> tuple[float | str, float | str]:
    if not value:
        return "", ""
    profile = _PROFILE.decode(value)
    # Who has churned is at risk no more: they are lost, and would fill the upper end for good.
    risk = None if profile.lifecycle == "churned" else profile.risk
    return "" if risk is None else risk.lateness, profile.net_value if profile.net_value > 0 else ""


def of_metrics(records: Sequence[ConsumerRecord]) -> list[Argument]:
    """Give two arguments for each series' latest value: key, value."""
    latest = {record.key: record.value or b"" for record in records if record.key is not None}
    return [part for row in latest.items() for part in row]


def _where(record: ConsumerRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
