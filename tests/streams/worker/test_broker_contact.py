"""The time for which Kafka has not answered."""

from streams.worker.broker_contact import BrokerContact


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_kafka_is_away_until_its_first_answer():
    assert not BrokerContact(20.0, Clock()).answers


def test_kafka_is_away_after_a_time_without_an_answer():
    clock = Clock()
    contact = BrokerContact(20.0, clock)
    contact.record_answer()
    clock.now += 19
    assert contact.answers
    clock.now += 1
    assert not contact.answers
    contact.record_answer()
    assert contact.answers
