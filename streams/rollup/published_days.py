"""Record the published values of each day in the state of the first partition."""

import math
from collections.abc import Sequence

from models.definitions.definitions import Definitions
from models.metrics.explained import EXPLAINED, explained_samples, hash_behind
from models.metrics.samples import Sample
from models.partition.partition import Partition
from models.partition.published import PublishedRatio, day_of
from streams.rollup.publisher import series_key


class PublishedDays:
    """Records the first values of each UTC day, by the time of their evaluation.

    The rows are committed in the next transaction of the first partition.

    Args:
        partition: the first partition.
        definitions: the definitions behind the values.
    """

    def __init__(self, partition: Partition, definitions: Definitions) -> None:
        self._partition = partition
        self._hashes = {metric: hash_behind(metric, definitions) for metric in EXPLAINED}
        self._day = -1

    def record(self, samples: Sequence[Sample], at: int) -> None:
        """Record the values of an evaluation, unless its day has values.

        Args:
            samples: all series.
            at: instant of the evaluation, microseconds since the epoch.
        """
        if day_of(at) == self._day:
            return
        self._day = day_of(at)
        ratios = {
            series_key(sample.metric, sample.labels): PublishedRatio(sample.numerator, sample.denominator)
            for sample in explained_samples(samples)
            if sample.numerator is not None
            and sample.denominator is not None
            and not math.isnan(sample.value)
        }
        self._partition.published.record(at, ratios, self._hashes)
