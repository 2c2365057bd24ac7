"""The embedded Kafka's one error."""


class BrokerError(Exception):
    """The embedded Kafka cannot be had, started or formatted; the message says what to do."""
