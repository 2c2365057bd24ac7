"""The values of windows at an earlier instant, from the Prometheus that scrapes the workers.

A worker has its windows as of now only. These are the values as they were published then.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct

from models.metrics.catalogue import CATALOGUE, Sample
from streams.rollup.publisher import AS_OF

#: Labels that distinguish the workers of several shops in one Prometheus.
_OWNERS: Final = ("job", "namespace")
#: Most seconds between an instant and that of the numbers that were exported then.
_LATEST: Final = 3600
_RATIO, _DENOMINATOR = "_ratio", "_denominator"


class _Series(Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Vector(Struct):
    result: list[_Series]


class _Answer(Struct):
    data: _Vector


_decode: Final = msgspec.json.Decoder(_Answer).decode
#: Name of a metric, and its labels without those of the scrape.
_Key = tuple[str, frozenset[tuple[str, str]]]


async def ask(session: aiohttp.ClientSession, url: str, window: str, at: float) -> list[Sample]:
    """Return the series of a window as they were at an instant; none if Prometheus has none.

    Args:
        session: HTTP client.
        url: URL of the Prometheus.
        window: name of the window.
        at: the instant, seconds since the epoch.

    Raises:
        aiohttp.ClientError: the server does not respond, or not with 200.
        ValueError: the response is not one of Prometheus, or has the numbers of several shops.
    """
    selected = f'{{__name__=~"retention_.+",window="{window}"}} or {AS_OF}'
    query = {"query": selected, "time": f"{at:.3f}"}
    address = f"{url.rstrip('/')}/api/v1/query"
    async with session.get(address, params=query, raise_for_status=True) as response:
        return read(await response.read())


def read(answer: bytes) -> list[Sample]:
    """Return the series of a response of `/api/v1/query`.

    Raises:
        ValueError: the body is not such a response, has the numbers of several shops, or has numbers of
            another time: workers may have been behind, or have followed the times of events.
    """
    found = _decode(answer).data.result
    if len({tuple(one.metric.get(name) for name in _OWNERS) for one in found}) > 1:
        raise ValueError("it has the numbers of several jobs or namespaces")
    if any(abs(float(one.value[1]) - one.value[0]) > _LATEST for one in found if _name(one) == AS_OF):
        raise ValueError("its numbers of that time are those of another time")
    values = dict(_values(found))
    return [_sample(key, values) for key in values if not key[0].endswith(_DENOMINATOR)]


def _values(found: Iterable[_Series]) -> Iterator[tuple[_Key, float]]:
    """Yield each series of the catalogue, and those of denominators, with its value."""
    for one in found:
        name = _name(one)
        entry = CATALOGUE.get(_ratio_of(name))
        if entry is not None:
            labels = frozenset((label, one.metric.get(label, "")) for label in entry.labels)
            yield (name, labels), float(one.value[1])


def _name(one: _Series) -> str:
    return one.metric.get("__name__", "")


def _ratio_of(name: str) -> str:
    return name.removesuffix(_DENOMINATOR) + _RATIO if name.endswith(_DENOMINATOR) else name


def _sample(key: _Key, values: dict[_Key, float]) -> Sample:
    name, labels = key
    denominator = values.get((name.removesuffix(_RATIO) + _DENOMINATOR, labels))
    numerator = None if denominator is None else values[key] * denominator
    return Sample(name, dict(labels), values[key], numerator, denominator)
