"""Convert records of the derived topics to arguments of the Redis scripts."""

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
    """The part of `models.contract.messages.Profile` that decides a customer's ranks."""

    lifecycle: str
    net_value: float
    risk: _Risk | None


_PROFILE = msgspec.json.Decoder(_Profile)


def of_customers(records: Sequence[ConsumerRecord]) -> list[Argument]:
    """Return five arguments for each customer's latest profile: id, offset, profile, lateness, value.

    An invalid profile is logged and left out.

    Args:
        records: records of `retention.customers`, in the order of their offsets.
    """
    arguments: list[Argument] = []
    for record in {record.key: record for record in records if record.key is not None}.values():
        try:
            arguments += [record.key, record.offset, record.value or b"", *scores(record.value)]
        except ValueError as error:
            log.warning("%s partition %d offset %d holds no valid profile: %s", *_where(record), error)
    return arguments


def scores(value: bytes | None) -> tuple[float | str, float | str]:
    """Return a profile's lateness and value in the rankings; an empty text where it is in none.

    Raises:
        ValueError: the profile is invalid.
    """
    if not value:
        return "", ""
    profile = _PROFILE.decode(value)
    # A churned customer is no longer at risk, and would stay at the top of the ranking forever.
    risk = None if profile.lifecycle == "churned" else profile.risk
    return "" if risk is None else risk.lateness, profile.net_value if profile.net_value > 0 else ""


def of_metrics(records: Sequence[ConsumerRecord]) -> list[Argument]:
    """Return two arguments for each series' latest value: key, value; an empty value deletes the series."""
    latest = {record.key: record.value or b"" for record in records if record.key is not None}
    return [part for row in latest.items() for part in row]


def _where(record: ConsumerRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
