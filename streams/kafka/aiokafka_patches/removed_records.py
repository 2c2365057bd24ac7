"""Notice that the next record of a partition was removed before it was fetched.

Kafka then answers a fetch with OFFSET_OUT_OF_RANGE, and aiokafka reads on at the earliest record. It only
logs this. The positions do not show it either: transaction markers and compacted records leave gaps too.
"""

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import OffsetResetStrategy
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError


def watch_removed_records(consumer: AIOKafkaConsumer) -> set[TopicPartition]:
    """Return a set to which each partition is added whose position Kafka no longer has.

    The consumer reads on as before. The caller removes a partition from the set once it has taken note.

    Args:
        consumer: started consumer with an `auto_offset_reset`.
    """
    removed: set[TopicPartition] = set()
    fetcher = consumer._fetcher  # noqa: SLF001 - a consumer has no public method for it
    strategy, set_error = fetcher._default_reset_strategy, fetcher._set_error  # noqa: SLF001

    def reset(tp: TopicPartition, error: Exception) -> None:
        if isinstance(error, OffsetOutOfRangeError):
            removed.add(tp)
        elif not isinstance(error, NoOffsetForPartitionError):
            set_error(tp, error)
            return
        state = _state(consumer, tp)
        if state is not None:
            state.await_reset(strategy)

    # Without a strategy, the fetcher reports both errors instead of resetting the position by itself.
    fetcher._default_reset_strategy = OffsetResetStrategy.NONE  # noqa: SLF001
    fetcher._set_error = reset  # noqa: SLF001
    return removed


def _state(consumer: AIOKafkaConsumer, tp: TopicPartition) -> Any:  # noqa: ANN401 - aiokafka's, untyped
    subscription = consumer._subscription.subscription  # noqa: SLF001
    assignment = subscription and subscription.assignment
    return assignment and assignment.state_value(tp)
