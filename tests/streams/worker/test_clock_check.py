"""The clock of this machine, compared with Kafka's, without Kafka."""

import pytest

from streams.errors import ClockWrong
from streams.worker import clock_check
from streams.worker.clock_check import ClockCheck

MINUTE, DAY = 60_000_000, 86_400_000_000


class Machine:
    """A machine with a wall clock and a time since its start, both set by hand, and Kafka's clock."""

    def __init__(self, monkeypatch):
        self.wall, self.up = 1_700_000_000_000_000, 1_000_000_000
        self.kafka = self.wall
        monkeypatch.setattr(clock_check, "wall_us", lambda: self.wall)
        monkeypatch.setattr(clock_check.time, "clock_gettime_ns", lambda _: self.up * 1000)

    def passes(self, time):
        self.wall, self.up, self.kafka = self.wall + time, self.up + time, self.kafka + time

    async def stamp(self):
        return self.kafka


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


@pytest.fixture
def check():
    return ClockCheck(300)


async def test_clock_is_trusted_once_it_is_compared(machine, check):
    assert not check.trusted
    await check.compare(machine.stamp)
    assert check.trusted
    machine.passes(10 * DAY)
    assert check.trusted


@pytest.mark.parametrize("wrong_by", [DAY, -DAY, 6 * MINUTE])
async def test_wrong_clock_is_an_error_with_the_difference(machine, check, wrong_by):
    direction = "ahead of" if wrong_by > 0 else "behind"
    machine.wall += wrong_by
    with pytest.raises(ClockWrong, match=f"{direction} Kafka's"):
        await check.compare(machine.stamp)
    assert not check.trusted


@pytest.mark.parametrize("wrong_by", [4 * MINUTE, -4 * MINUTE])
async def test_small_difference_is_accepted(machine, check, wrong_by):
    machine.wall += wrong_by
    await check.compare(machine.stamp)
    assert check.trusted


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_jump_is_noticed_before_the_next_comparison(machine, check, jump, caplog):
    await check.compare(machine.stamp)
    machine.wall += jump
    assert not check.trusted
    with pytest.raises(ClockWrong):
        await check.compare(machine.stamp)
    assert f"has jumped {'ahead' if jump > 0 else 'back'} by 1 day, 0:00:00;" in caplog.text


async def test_clock_that_was_set_right_is_trusted_again(machine, check):
    """The machine was suspended for a day, and its clock was set afterwards."""
    await check.compare(machine.stamp)
    machine.wall, machine.kafka = machine.wall + DAY, machine.kafka + DAY
    assert not check.trusted
    await check.compare(machine.stamp)
    assert check.trusted


async def test_slow_answer_is_no_difference(machine, check):
    async def slow():
        machine.passes(20 * MINUTE)
        stamped = machine.kafka
        machine.passes(20 * MINUTE)
        return stamped

    await check.compare(slow)
    assert check.trusted


async def test_jump_during_a_comparison_is_not_trusted(machine, check):
    async def jumps():
        stamped = machine.kafka
        machine.wall += DAY
        return stamped

    await check.compare(jumps)
    assert not check.trusted


async def test_topic_with_producer_times_is_not_compared(machine, check):
    """An earlier release created it. A jump is still noticed."""

    async def none():
        return None

    machine.wall += DAY
    await check.compare(none)
    assert check.trusted
    machine.wall += DAY
    assert not check.trusted


async def test_check_that_is_turned_off_trusts_any_clock(machine):
    off = ClockCheck(0)
    machine.wall += DAY
    await off.compare(machine.stamp)
    assert off.trusted
