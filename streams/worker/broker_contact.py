"""Whether Kafka answers this worker, for its readiness."""

import math
import time
from collections.abc import Callable


class BrokerContact:
    """Records when Kafka answered last.

    A worker whose Kafka is away keeps its tasks, and its last sample of their lag: only the age of the
    answers shows it.

    Args:
        away_seconds: time without an answer after which Kafka counts as away.
        clock: returns monotonic seconds.
    """

    def __init__(self, away_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._away_seconds = away_seconds
        self._clock = clock
        self._answered_at = -math.inf

    def record_answer(self) -> None:
        """Record that Kafka has just answered."""
        self._answered_at = self._clock()

    @property
    def answers(self) -> bool:
        """Whether Kafka has answered recently."""
        return self._clock() - self._answered_at < self._away_seconds
