"""The stepped clock moves only when told to."""

from __future__ import annotations

import pytest

from classroom_monitor.clock import RealClock, SteppedClock


def test_both_times_move_with_a_step_and_a_sleep() -> None:
    clock = SteppedClock()
    before = clock.utc()
    clock.step(2.5)
    clock.sleep(1.5)
    clock.sleep(-3)
    assert clock.monotonic() == 4
    assert (clock.utc() - before).total_seconds() == 4


def test_a_jump_moves_the_wall_clock_alone() -> None:
    clock = SteppedClock()
    before = clock.utc()
    clock.jump(-3600)
    assert clock.monotonic() == 0
    assert (clock.utc() - before).total_seconds() == -3600


def test_it_never_steps_back() -> None:
    with pytest.raises(ValueError, match="forward only"):
        SteppedClock().step(-1)


def test_the_real_clock_goes_on_and_knows_its_zone() -> None:
    clock = RealClock()
    first = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= first
    assert clock.utc().tzinfo is not None
