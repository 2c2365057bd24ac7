"""The recent history of a few series in bounded memory, for the charts of a page that is opened."""

from bisect import bisect_left
from collections.abc import Mapping

#: Maximum number of samples. A chart is about as many pixels wide.
CAPACITY = 720
#: Seconds between the samples of a new history.
_FIRST_STEP = 1.0
#: Seconds between samples at the lowest density: 720 samples are 6.4 hours.
_LAST_STEP = 32.0
#: Longest history, seconds. In `event` mode, a replay passes years in a minute.
_SPAN = 90 * 86_400.0
#: Fraction of a step after which a sample is added, because updates do not come at exact intervals.
_STEP_TOLERANCE = 0.9


class DownsampledHistory:
    """Values of series at evenly spaced times. Each time it is full, every second sample is dropped.

    Args:
        samples: maximum number of samples.

    Attributes:
        step: seconds between two samples.
        times: times of the samples, seconds since the epoch.
        values: series to its values, one per time.
    """

    def __init__(self, samples: int = CAPACITY) -> None:
        self.step = _FIRST_STEP
        self.times: list[float] = []
        self.values: dict[str, list[float | None]] = {}
        self._samples = samples

    def add(self, at: float, values: Mapping[str, float | None]) -> bool:
        """Add a sample if a step has passed since the last one.

        Args:
            at: time of the sample, seconds since the epoch.
            values: series to value; None or omitted for a series without a value.

        Returns:
            Whether the sample was added.
        """
        if self.times and 0 <= at - self.times[-1] < _STEP_TOLERANCE * self.step:
            return False
        if self.times and at < self.times[-1]:
            self._keep(slice(0, 0))  # the clock went back
        for name in values.keys() - self.values.keys():
            self.values[name] = [None] * len(self.times)
        self.times.append(at)
        for name, column in self.values.items():
            column.append(values.get(name))
        if len(self.times) > self._samples:
            self._thin()
        if at - self.times[0] > _SPAN:
            self._keep(slice(bisect_left(self.times, at - _SPAN), None))
        return True

    def _thin(self) -> None:
        if self.step >= _LAST_STEP:
            self._keep(slice(1, None))
        else:
            self._keep(slice(None, None, 2))
            self.step *= 2

    def _keep(self, kept: slice) -> None:
        self.times = self.times[kept]
        self.values = {name: column[kept] for name, column in self.values.items()}
