"""Fixtures of these tests: a Kafka without topics, and a way to run a command."""

from tests.support.command_fixtures import broker_calls, events_file, kafka, make_topics, retention

__all__ = ["broker_calls", "events_file", "kafka", "make_topics", "retention"]
