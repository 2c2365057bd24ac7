"""Browsers that follow the live page: their limit, and slow readers."""

import pytest

from streams.http.connections.limits import PROTECTED_SECONDS
from streams.http.live_page.listeners import Listeners


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def two(clock):
    """Return listeners of which two may listen."""
    return Listeners(2, lambda: clock[0])


def events_of(listener):
    return [listener.events.get_nowait() for _ in range(listener.events.qsize())]


def test_event_is_sent_to_all_listeners(two):
    first, second = two.add("a"), two.add("a")
    two.send(b"1")
    assert events_of(first) == events_of(second) == [b"1"]


def test_slow_browser_is_disconnected(two):
    listener = two.add("a")
    for _ in range(listener.events.maxsize + 1):
        two.send(b"1")
    assert events_of(listener)[-1] is None
    assert len(two) == 0


def test_listener_beyond_the_limit_is_refused(two):
    assert [two.add("a") is None for _ in range(3)] == [False, False, True]


def test_old_listener_makes_room_for_a_new_one(two, clock):
    old, young = two.add("a"), two.add("a")
    clock[0] = PROTECTED_SECONDS
    assert two.add("a") is not None
    assert (events_of(old), events_of(young)) == ([None], [])
    assert len(two) == 2


def test_client_with_many_listeners_makes_room_for_another(two):
    first, _ = two.add("a"), two.add("a")
    assert two.add("b") is not None
    assert events_of(first) == [None]
