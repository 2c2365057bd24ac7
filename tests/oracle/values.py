"""Events, instants, sums and shares in the words of the definitions."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache, wraps
from typing import Any, NamedTuple

Event = dict[str, Any]
Paragraph = Iterator[tuple[str, dict[str, str], "Expected"]]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
MINUTE = 60_000_000
#: Label -> q in percent.
QUANTILES = {"0.5": 50, "0.9": 90, "0.95": 95, "0.99": 99}
PRIORITIES = ("low", "normal", "high", "urgent")
RESOLVED = ("solved", "closed")
MINUTE_WINDOWS = {"1h": 60, "24h": 1440}
YEAR = 8760

#: Currency -> number of decimals in ISO 4217, for currencies whose number is not 2.
EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "JOD": 3, "KWD": 3, "TND": 3}
#: A prepared encoder takes half the time of `json.dumps`.
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Expected(NamedTuple):
    """The value of a series; a ratio also has its numerator and denominator."""

    value: float
    numerator: float | None = None
    denominator: float | None = None


def ratio(numerator: float | Fraction, denominator: float | Fraction) -> Expected:
    """Return a ratio. A denominator of 0 makes it NaN, never 0."""
    value = float(Fraction(numerator) / Fraction(denominator)) if denominator else math.nan
    return Expected(value, float(numerator), float(denominator))


def mean(values: list[Any]) -> Expected:
    """Return the exact mean, NaN without values."""
    return Expected(float(sum(map(Fraction, values)) / len(values)) if values else math.nan)


def quantiles(durations: list[int]) -> Iterator[tuple[str, Expected]]:
    """Yield each quantile in seconds: "the value at rank floor(q x (n - 1)) of the sorted durations".

    Args:
        durations: microseconds.
    """
    ranked = sorted(durations)
    for q, percent in QUANTILES.items():
        yield q, Expected(ranked[percent * (len(ranked) - 1) // 100] / 1e6 if ranked else math.nan)


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of a world or a customer that keeps its results there, for the other paragraphs."""
    name = f"results of {function.__qualname__}"

    @wraps(function)
    def kept(owner: Any, *arguments: Any) -> Any:
        results = owner.__dict__.setdefault(name, {})
        if arguments not in results:
            results[arguments] = function(owner, *arguments)
        return results[arguments]

    return kept


@cache
def microseconds(text: str) -> int:
    """Return an RFC 3339 time as integer microseconds since the epoch."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def hour(time: int) -> int:
    """Return the event hour: `hour(t) = floor(unix_seconds(t) / 3600)`."""
    return time // HOUR


def elapsed(start: int, end: int) -> int:
    """Return a duration. "Durations below zero count as zero." """
    return max(0, end - start)


def parse(event: Mapping[str, Any]) -> Event:
    """Return an event with its time in microseconds as `at`. "Null is the same as absent." """
    return {name: value for name, value in event.items() if value is not None} | {
        "at": microseconds(event["time"])
    }


@cache
def utc(text: str) -> str:
    """Return the one spelling of an instant."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


def canonical(event: Event) -> bytes:
    """Return the canonical bytes: "JSON with sorted keys, without spaces, UTF-8".

    Decided: two spellings of one instant are the same content.
    """
    moments = {name: utc(event[name]) for name in ("time", "promised_at") if name in event}
    fields = {name: value for name, value in event.items() if name != "at"} | moments
    return ENCODER.encode(fields).encode()


def claim(event: Event) -> tuple[int, str, str]:
    """Return the rank of a claim: "ordered by (`time`, `id`), then by `customer_id`"."""
    return event["at"], event["id"], event["customer_id"]


def first(events: list[Event]) -> Event | None:
    """Return the event with the smallest claim, None without events."""
    return min(events, key=claim, default=None)


def last(events: list[Event]) -> Event | None:
    """Return the event with the largest claim, None without events."""
    return max(events, key=claim, default=None)


def what_holds(events: list[Event]) -> Event | None:
    """Return the claim that holds among events of a type and of its opposite, None without events.

    "Of all events of both types about one thing, the last decides which holds. What holds has the time,
    amount, order and reason of the *first event of the last unbroken run* of that type."
    """
    ranked = sorted(events, key=claim, reverse=True)
    held = None
    for event in ranked:
        if event["type"] != ranked[0]["type"]:
            break
        held = event
    return held
