"""The two clocks of a worker: the wall clock and event time."""

import time

from streams.clock import clock, wall_us

LONG_AGO = 1_000_000
LATER = 4_000_000_000_000_000  # the year 2096


def test_wall_is_microseconds_since_the_epoch():
    assert abs(wall_us() - time.time() * 1e6) < 5_000_000


def test_wall_mode_ignores_event_time():
    before = wall_us()
    assert before <= clock("wall").now(LATER) <= wall_us()
    assert before <= clock("wall").now(0) <= wall_us()


def test_event_mode_reads_no_wall_clock():
    assert clock("event").now(LONG_AGO) == LONG_AGO
