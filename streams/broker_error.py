"""The embedded Kafka's own error, apart because both the broker and its runtime raise it."""

from streams.errors import RetentionError


class BrokerError(RetentionError):
    """The embedded Kafka cannot be had, formatted or started."""

    exit_code = 8
