"""Connections beyond the limits: which one is refused, and which one makes room."""

import pytest

from streams.http.connections.admission import Admission
from streams.http.connections.limits import PROTECTED_SECONDS, ConnectionLimits


class Connection:
    def __init__(self, client, opened=0.0):
        self.client = client
        self.opened = opened
        self.is_aborted = False

    def abort(self):
        self.is_aborted = True


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def admission(clock):
    return Admission(ConnectionLimits(total=4, per_address=3), lambda: clock[0])


def opened(admission, client, count):
    connections = [Connection(client) for _ in range(count)]
    for connection in connections:
        assert admission.admit(client)
        admission.add(connection)
    return connections


def test_client_at_its_limit_is_refused(admission):
    opened(admission, "a", 3)
    assert not admission.admit("a")
    assert admission.admit("b")


def test_ended_connection_makes_room(admission):
    [first, *_] = opened(admission, "a", 3)
    admission.discard(first)
    admission.discard(first)
    assert admission.admit("a")
    assert len(list(admission)) == 2


def test_old_connection_makes_room_for_its_client(admission, clock):
    first, second, _ = opened(admission, "a", 3)
    clock[0] = PROTECTED_SECONDS
    assert admission.admit("a")
    assert (first.is_aborted, second.is_aborted) == (True, False)


def test_client_with_the_most_connections_makes_room(admission):
    [first, *_] = opened(admission, "a", 3)
    [other] = opened(admission, "b", 1)
    assert admission.admit("c")
    assert (first.is_aborted, other.is_aborted) == (True, False)


def test_clients_with_one_connection_each_stay(admission):
    for client in "abcd":
        opened(admission, client, 1)
    assert not admission.admit("e")
