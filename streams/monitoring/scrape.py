"""Read a worker's `/metrics`, as Prometheus does."""

import math
from collections.abc import Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

#: (series name, sorted labels) -> value.
Series = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


class Scrape:
    """The series of one worker at one time."""

    def __init__(self, series: Series) -> None:
        self.series = series

    def value(self, name: str, **labels: str) -> float:
        """Return the value of one series; NaN if it is missing."""
        return self.series.get((name, tuple(sorted(labels.items()))), math.nan)

    def total(self, name: str) -> float:
        """Return the sum of all series of a name."""
        return sum(value for (series, _), value in self.series.items() if series == name)

    def quantile(self, histogram: str, q: float, since: "Scrape | None" = None) -> float:
        """Return an upper bound of a histogram's quantile.

        Args:
            histogram: name of the histogram.
            q: quantile, 0 to 1.
            since: earlier scrape, whose observations are excluded.

        Returns:
            The bound in the histogram's unit; NaN without observations.
        """
        before = since.buckets(histogram) if since else {}
        counts = sorted(
            (bound, count - before.get(bound, 0)) for bound, count in self.buckets(histogram).items()
        )
        if not counts or not counts[-1][1]:
            return math.nan
        return next(bound for bound, count in counts if count >= q * counts[-1][1])

    def buckets(self, histogram: str) -> dict[float, float]:
        """Return the buckets of a histogram: upper bound -> number of observations up to it."""
        return {
            float(dict(labels)["le"]): count
            for (name, labels), count in self.series.items()
            if name == f"{histogram}_bucket"
        }


def parse(text: str) -> Scrape:
    """Parse the Prometheus text format."""
    return Scrape(
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


async def scrape(session: aiohttp.ClientSession, url: str) -> Scrape:
    """Scrape a URL.

    Raises:
        aiohttp.ClientError: the worker does not respond, or responds with another status than 200.
    """
    async with session.get(url, raise_for_status=True) as response:
        return parse(await response.text())
