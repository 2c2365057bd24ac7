"""How the read model fares, on `/metrics` of the worker that keeps it."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.read_model.follower import ReadModel


class ReadModelCollector(Collector):
    """The read model's series; none where another worker keeps it."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give whether Redis answers, and how far behind it is."""
        if self._model.up is not None:
            yield GaugeMetricFamily(
                "retention_worker_read_model_up", "1 if Redis takes the read model.", float(self._model.up)
            )
            yield GaugeMetricFamily(
                "retention_worker_read_model_behind_records",
                "Records that are not in the read model yet, as of the last look.",
                float(self._model.behind),
            )
