"""The read model's series on `/metrics` of the worker that maintains it."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.read_model.follower import ReadModel


class ReadModelCollector(Collector):
    """Collects the read model's series; yields none while another worker maintains the model."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model

    def describe(self) -> Iterable[Metric]:
        """Return no metrics: the registry must not collect at registration."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the availability of Redis and the number of records that the model is behind."""
        if self._model.up is not None:
            yield GaugeMetricFamily(
                "retention_worker_read_model_up",
                "1 if Redis accepts the read model, else 0.",
                float(self._model.up),
            )
            yield GaugeMetricFamily(
                "retention_worker_read_model_behind_records",
                "Records that are not in the read model yet, at the last check.",
                float(self._model.behind),
            )
