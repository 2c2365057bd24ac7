"""The recent past of a few numbers, in bounded memory: what a page shows when it is opened."""

from bisect import bisect_left
from collections.abc import Mapping

#: More than the pixels of a chart are wide would not be seen.
CAPACITY = 720
_FIRST_STEP = 1.0
#: 720 points of 32 s are 6.4 hours.
_LAST_STEP = 32.0
#: Where the clock is the events', a replay passes years in a minute: what is shown is no longer than this.
_SPAN = 90 * 86_400.0
#: A clock that beats a little early is no reason to leave a point out.
_EARLY = 0.9


class DownsampledHistory:
    """Values by time, evenly spaced: densely at first, and at half the density whenever it is full.

    Args:
        points: at most so many are kept.
    """

    def __init__(self, samples: int = CAPACITY) -> None:
        self.step = _FIRST_STEP  #: seconds from one point to the next
        self.times: list[float] = []  #: seconds since the epoch
        self.values: dict[str, list[float | None]] = {}
        self._samples = samples

    def add(self, at: float, values: Mapping[str, float | None]) -> bool:
        """Take the values of now, if it is time for a point.

        Args:
            at: seconds since the epoch.
            values: series -> value; None, or left out: there is none.

        Returns:
            Whether a point was added.
        """
        if self.times and 0 <= at - self.times[-1] < _EARLY * self.step:
            return False
        if self.times and at < self.times[-1]:
            self._keep(slice(0, 0))  # the clock was put back
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
