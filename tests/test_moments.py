"""Turns of a session, found in series whose turns are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom_monitor.moments import AT_MOST, find_turns
from classroom_monitor.records import ClassWord, Marker, MarkerKind


def series(
    levels: Sequence[tuple[float, ...]], seed: int = 0, noise: float = 0.02, every: float = 2.0
) -> pd.DataFrame:
    """(seconds it lasts, valence, spread) one after the other, smoothed, with noise that goes together."""
    rng = np.random.default_rng(seed)
    steps = [np.tile((*level, 0.1)[:2], (round(lasts / every), 1)) for lasts, *level in levels]
    raw = np.concatenate(steps)
    keep = np.exp(-every / 10)
    level, wander, found = raw[0], np.zeros(2), []
    for each in raw:
        level = keep * level + (1 - keep) * each
        wander = keep * wander + np.sqrt(1 - keep**2) * rng.normal(0, noise, 2)
        found.append(level + wander)
    frame = pd.DataFrame(found, columns=["valence", "spread"])
    return frame.assign(seconds=every * np.arange(len(raw)), word=ClassWord.MOSTLY_NEUTRAL.value)


def times(turns: Sequence[Marker]) -> list[float]:
    return [turn.seconds for turn in turns]


@pytest.mark.parametrize("seed", range(5))
def test_a_level_class_has_no_turns(seed: int) -> None:
    assert find_turns(series([(3600, 0.1)], seed)) == ()


@pytest.mark.parametrize("seed", range(5))
def test_turns_are_found_where_they_are(seed: int) -> None:
    turns = find_turns(series([(900, 0.0), (600, -0.3), (900, 0.0), (900, 0.15)], seed))
    assert times(turns) == pytest.approx([900, 1500, 2400], abs=20)


@pytest.mark.parametrize("seed", range(3))
def test_the_delay_of_the_smoothing_is_taken_off(seed: int) -> None:
    (turn,) = find_turns(series([(900, 0.1), (900, -0.3)], seed, noise=0.005))
    assert turn.seconds == pytest.approx(900, abs=5)


def test_a_turn_tells_before_after_and_the_interval_of_the_change() -> None:
    (turn,) = find_turns(series([(900, 0.1), (900, -0.2)]))
    assert turn.kind is MarkerKind.TURN
    assert turn.by == "program"
    assert turn.before == pytest.approx(0.1, abs=0.03)
    assert turn.after == pytest.approx(-0.2, abs=0.03)
    assert turn.low is not None
    assert turn.high is not None
    assert turn.low < -0.3 + 0.03
    assert turn.high > -0.3 - 0.03
    assert turn.high < 0
    assert turn.text == "Dimmed"


def test_half_a_minute_of_laughter_is_one_moment() -> None:
    (turn,) = find_turns(series([(900, 0.0), (40, 0.6), (900, 0.0)]))
    assert turn.seconds == pytest.approx(900, abs=20)
    assert turn.text == "Brightened briefly, back within 1 min"


def test_a_laugh_that_ends_lower_than_it_began_is_one_moment_too() -> None:
    """And weighs by its fall, the larger of both ways: more than a change of half that lasts."""
    laugh = [(900, 0.2), (40, 0.55), (900, 0.0)]
    (turn,) = find_turns(series(laugh))
    assert turn.text == "Brightened briefly, back within 1 min"
    levels = [0.0, 0.29, 0.0, 0.29, 0.0, 0.29]
    most = find_turns(series([*laugh, *((600, level) for level in levels)]))
    assert len(most) == AT_MOST
    assert turn.seconds in times(most)


def test_a_long_level_that_goes_back_is_two() -> None:
    assert len(find_turns(series([(900, 0.0), (900, 0.3), (900, 0.0)]))) == 2


def test_a_class_that_falls_apart_is_a_moment_though_its_mean_stays() -> None:
    split, together = find_turns(series([(900, 0.0, 0.1), (900, 0.02, 0.5), (900, 0.0, 0.1)]))
    assert times([split, together]) == pytest.approx([900, 1800], abs=20)
    assert (split.text, together.text) == ("Split", "Came together")


def test_at_most_five_the_largest_by_time() -> None:
    steps = [0.0, 0.15, 0.5, 0.0, 0.5, -0.1, -0.25, 0.3]
    turns = find_turns(series([(600, level) for level in steps]))
    assert len(turns) == AT_MOST
    assert times(turns) == sorted(times(turns))
    assert times(turns) == pytest.approx([1200, 1800, 2400, 3000, 4200], abs=20)


def test_a_small_change_is_no_moment() -> None:
    assert find_turns(series([(900, 0.0), (900, 0.05)], noise=0.005)) == ()


def test_the_nearest_mark_is_named() -> None:
    markers = [
        Marker(300, MarkerKind.QUESTION),
        Marker(840, MarkerKind.EXPLAINING, "Bayes"),
        Marker(905, MarkerKind.TURN, "found before"),
        Marker(2000, MarkerKind.BREAK),
    ]
    (turn,) = find_turns(series([(900, 0.1), (900, -0.2)]), markers)
    assert turn.text == "Dimmed, 1 min after your mark “Bayes”"
    (turn,) = find_turns(series([(900, 0.1), (900, -0.2)]), [Marker(1020, MarkerKind.BREAK)])
    assert turn.text == "Dimmed, 2 min before your mark “break”"
    (turn,) = find_turns(series([(900, 0.1), (900, -0.2)]), [Marker(10, MarkerKind.BREAK)])
    assert turn.text == "Dimmed"


def test_nothing_is_compared_across_a_gap() -> None:
    frame = series([(900, 0.1), (900, -0.2)])
    gap = (frame["seconds"] > 850) & (frame["seconds"] < 960)
    assert find_turns(frame[~gap]) == ()
    assert len(find_turns(frame)) == 1


def test_a_clock_that_jumps_makes_a_gap_and_no_turn() -> None:
    frame = series([(900, 0.1), (900, 0.1)])
    frame.loc[frame["seconds"] > 900, "seconds"] += 7200
    assert find_turns(frame) == ()


def test_too_few_faces_and_missing_values_are_left_out() -> None:
    frame = series([(900, 0.1), (900, -0.2), (900, 0.1)])
    away = (frame["seconds"] > 890) & (frame["seconds"] < 1810)
    few = frame.copy()
    few.loc[away, "word"] = ClassWord.TOO_FEW.value
    assert find_turns(few) == ()
    missing = frame.copy()
    missing.loc[away, "valence"] = None
    assert find_turns(missing) == ()


def test_order_and_doubles_do_not_matter() -> None:
    frame = series([(900, 0.1), (900, -0.2)])
    mixed = pd.concat([frame, frame[:200]]).sample(frac=1, random_state=1)
    assert find_turns(mixed) == find_turns(frame)


@pytest.mark.parametrize("length", [0, 1, 2, 10, 30, 44])
def test_short_sessions_have_none(length: int) -> None:
    assert find_turns(series([(600, 0.1), (600, -0.4)])[:length]) == ()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(4, 900), st.floats(-0.6, 0.7)), min_size=1, max_size=9),
    st.sampled_from([0.5, 2.0, 10.0]),
    st.integers(0, 9),
)
def test_whatever_the_series_the_turns_are_turns(
    levels: list[tuple[float, float]], every: float, seed: int
) -> None:
    frame = series([(max(lasts, every), level) for lasts, level in levels], seed, every=every)
    turns = find_turns(frame)
    assert len(turns) <= AT_MOST
    assert times(turns) == sorted(times(turns))
    for turn in turns:
        assert frame["seconds"].iloc[0] <= turn.seconds <= frame["seconds"].iloc[-1]
        assert turn.before is not None
        assert turn.after is not None
        assert turn.low is not None
        assert turn.high is not None
        assert turn.low <= turn.after - turn.before <= turn.high
        if turn.text.startswith(("Brightened", "Dimmed")):
            assert turn.low > 0 or turn.high < 0


def test_what_lasts_counts_for_more_than_what_is_over_soon() -> None:
    """Six jokes, and a question that divides the class for longer: it is among the turns."""
    jokes = [(270, 0.0, 0.1), (30, 0.45, 0.1)] * 3
    turns = find_turns(series([*jokes, (270, 0.0, 0.1), (90, 0.0, 0.42), *jokes, (300, 0.0, 0.1)]))
    assert len(turns) == AT_MOST
    assert any(turn.text.startswith("Split") for turn in turns)
