"""The text on a record that moved the clock of the `event` mode far ahead: for the log and the doctor."""

from models.definitions.windows import US_PER_HOUR
from models.partition.metadata import ClockJump
from streams.kafka.cloudevents import rfc3339


def describe_jump(jump: ClockJump) -> str:
    """Return which record moved the clock, from when to when, in one line.

    Example:
        >>> describe_jump(ClockJump("orders", 3, 17, 0, 40 * 24 * 3_600_000_000))[:63]
        'the record at offset 17 of orders-3 moved the clock by 40 days,'
    """
    days = (jump.after - jump.before) // (24 * US_PER_HOUR)
    return (
        f"the record at offset {jump.offset} of {jump.topic}-{jump.partition} moved the clock by {days} days,"
        f" from {rfc3339(jump.before)} to {rfc3339(jump.after)}"
    )
