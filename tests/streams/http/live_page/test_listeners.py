import pytest

from streams.http.live_page import listeners
from streams.http.live_page.listeners import PROTECTED_SECONDS, Listeners


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def two(clock, monkeypatch):
    """Return listeners of which two may listen."""
    monkeypatch.setattr(listeners, "MAX_LISTENERS", 2)
    return Listeners(lambda: clock[0])


def events_of(listener):
    return [listener.get_nowait() for _ in range(listener.qsize())]


def test_event_is_sent_to_all_listeners(two):
    first, second = two.add(), two.add()
    two.send(b"1")
    assert events_of(first) == events_of(second) == [b"1"]


def test_slow_browser_is_disconnected(two):
    listener = two.add()
    for _ in range(listener.maxsize + 1):
        two.send(b"1")
    assert events_of(listener)[-1] is None
    assert len(two) == 0


def test_listener_beyond_the_limit_is_refused(two):
    assert [two.add() is None for _ in range(3)] == [False, False, True]


def test_old_listener_makes_room_for_a_new_one(two, clock):
    old, young = two.add(), two.add()
    clock[0] = PROTECTED_SECONDS
    assert two.add() is not None
    assert events_of(old) == [None]
    assert events_of(young) == []
    assert len(two) == 2
