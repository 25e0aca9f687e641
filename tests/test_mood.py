"""The mood on stepped times: smoothing, the own usual, the class with its interval, words and trend."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import Event, SimulatedClass, Smoothed, probabilities

from classroom_monitor.mood import LATER, Bias, Mood, Usual, valence_of
from classroom_monitor.records import (
    ClassMood,
    ClassWord,
    Cues,
    Expression,
    Presence,
    StudentLook,
    StudentState,
    Trend,
)
from classroom_monitor.settings import load_settings

SETTINGS = load_settings().mood
BIAS = Bias(SETTINGS.valence.coordinates())
SMOOTHING = SETTINGS.smoothing


def look(student: int, valence: float | None, usable: bool = True, cues: Cues | None = None) -> StudentLook:
    expression = None if valence is None else Expression(probabilities(valence), usable)
    return StudentLook(student, Presence.SEEN if usable else Presence.NOT_READABLE, None, expression, cues)


def whole(valences: Iterable[float]) -> list[StudentLook]:
    return [look(number, valence) for number, valence in enumerate(valences, 1)]


def read_as(valence: float) -> float:
    """How a face is read that people see so, by what is known of the network."""
    grid = np.linspace(-0.9, 0.9, 18_001)
    return float(np.interp(valence, [BIAS.put_right(read) for read in grid], grid))


def run(
    mood: Mood, valences: Iterable[float], start: float, end: float, every: float = 2.0
) -> tuple[tuple[StudentState, ...], ClassMood]:
    """The same valence of each student from start up to and with end."""
    looks = whole(valences)
    seconds = start
    while seconds <= end:
        result = mood.update(seconds, looks)
        seconds += every
    return result


def valence(result: tuple[tuple[StudentState, ...], ClassMood], student: int = 1) -> float:
    found = result[0][student - 1].valence
    assert found is not None
    return found


def usual(result: tuple[tuple[StudentState, ...], ClassMood], student: int = 1) -> float:
    found = result[0][student - 1].valence_usual
    assert found is not None
    return found


def test_valence_is_the_sum_of_probability_times_coordinate() -> None:
    assert valence_of((0.5, 0, 0, 0.25, 0, 0, 0.25), (-0.5, -1, -1, 0.8, -1, -1, 0.1)) == pytest.approx(
        -0.025
    )


class TestOneStudent:
    def test_a_change_is_half_seen_after_about_seven_seconds(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.0], 0, 60, 0.5)
        early, late = valence(run(mood, [0.6], 60.5, 66, 0.5)), valence(run(mood, [0.6], 66.5, 68, 0.5))
        assert early < 0.3 < late

    def test_how_often_a_face_is_looked_at_changes_nothing(self) -> None:
        rare, often = Mood(SETTINGS), Mood(SETTINGS)
        for each, every in ((rare, 2.0), (often, 0.25)):
            run(each, [0.0], 0, 60, every)
        assert valence(run(rare, [0.6], 62, 70, 2.0)) == pytest.approx(
            valence(run(often, [0.6], 60.25, 70, 0.25)), abs=0.04
        )

    def test_an_unusable_look_is_not_counted(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.3], 0, 20)
        states, _ = mood.update(22, [look(1, -0.6, usable=False)])
        assert states[0].valence == pytest.approx(0.3, abs=1e-9)
        assert not states[0].usable

    def test_an_unsure_look_counts_for_less(self) -> None:
        clear, mixed = probabilities(-0.2), (0.2, 0.12, 0.1, 0.1, 0.13, 0.0, 0.35)
        coordinates = SETTINGS.valence.coordinates()
        moved = []
        for read in (clear, mixed):
            mood = Mood(SETTINGS)
            before = valence(run(mood, [0.3], 0, 60))
            states, _ = mood.update(62, [StudentLook(1, Presence.SEEN, None, Expression(read, True))])
            assert states[0].valence is not None
            moved.append((before - states[0].valence) / (before - valence_of(read, coordinates)))
        assert 0.5 * moved[0] < moved[1] < 0.7 * moved[0]

    def test_the_reading_is_the_mean_of_the_usable_looks_of_a_still_face(self) -> None:
        mood = Mood(SETTINGS)
        for number in range(10):
            states, _ = mood.update(2.0 * number, [look(1, 0.3, usable=number % 2 == 0)])
        assert states[0].valence == pytest.approx(0.3, abs=1e-9)
        assert states[0].probabilities is not None
        assert sum(states[0].probabilities) == pytest.approx(1)

    @pytest.mark.parametrize(("gap", "known"), [(1.4 * SMOOTHING, True), (1.6 * SMOOTHING, False)])
    def test_a_reading_stands_for_its_student_for_a_while_only(self, gap: float, known: bool) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.3], 0, 20)
        states, class_mood = mood.update(20 + gap, [StudentLook(1, Presence.NO_FACE)])
        assert (states[0].valence is not None) is known
        assert class_mood.seen == known

    @pytest.mark.parametrize(
        "presence", [Presence.CAMERA_OFF, Presence.PHOTO, Presence.LEFT_OUT, Presence.GONE]
    )
    def test_who_has_no_video_has_no_reading_at_once(self, presence: Presence) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.3], 0, 20)
        states, class_mood = mood.update(21, [StudentLook(1, presence)])
        assert states[0].valence is None
        assert states[0].probabilities is None
        assert class_mood.camera_on == 0

    def test_nothing_is_smoothed_across_a_long_gap(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.3], 0, 60)
        states, _ = mood.update(60 + 3.1 * SMOOTHING, [look(1, -0.3)])
        assert states[0].valence == pytest.approx(-0.3, abs=1e-9)

    def test_after_a_short_gap_one_look_does_not_rule(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.3], 0, 60)
        states, _ = mood.update(60 + 1.2 * SMOOTHING, [look(1, -0.3)])
        assert states[0].valence is not None
        assert -0.25 < states[0].valence < 0.1

    def test_a_look_not_later_than_the_one_before_changes_nothing(self) -> None:
        mood, plain = Mood(SETTINGS), Mood(SETTINGS)
        before = run(mood, [0.3] * 6, 0, 40)
        run(plain, [0.3] * 6, 0, 40)
        assert mood.update(40, whole([-0.6] * 6)) is before
        assert mood.update(10, whole([-0.6] * 6)) is before
        assert mood.update(42, whole([0.1] * 6)) == plain.update(42, whole([0.1] * 6))


class TestUsual:
    def test_before_there_is_one_the_classs_stands_for_it(self) -> None:
        result = run(Mood(SETTINGS), [-0.3, 0.0, 0.1, 0.1, 0.2], 0, 40)
        assert usual(result, 1) == pytest.approx(0.1, abs=1e-6)
        assert result[0][0].valence_spread is None

    def test_after_the_first_minutes_it_is_the_own(self) -> None:
        result = run(Mood(SETTINGS), [-0.3, 0.0, 0.1, 0.1, 0.2], 0, SETTINGS.baseline + 4)
        assert usual(result, 1) == pytest.approx(-0.3, abs=1e-6)
        assert result[0][0].valence_spread is not None

    def test_only_usable_time_counts_for_it(self) -> None:
        mood = Mood(SETTINGS)
        for number in range(60):
            states, _ = mood.update(
                2.0 * number, [look(1, -0.3, usable=number < 20), look(2, 0.1), look(3, 0.1)]
            )
        assert states[0].valence_spread is None
        assert states[1].valence_spread is not None

    def test_a_burst_of_laughter_does_not_move_it(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.0] * 5, 0, 100)
        run(mood, [0.7] * 5, 102, 130)
        assert usual(run(mood, [0.0] * 5, 132, 200)) == pytest.approx(0.0, abs=0.01)

    def test_it_follows_a_lasting_change_of_the_one_slowly(self) -> None:
        mood, rest = Mood(SETTINGS), [0.0] * 6
        run(mood, [0.0, *rest], 0, 200)
        soon = usual(run(mood, [-0.3, *rest], 202, 320))
        late = usual(run(mood, [-0.3, *rest], 322, 4000))
        assert soon == pytest.approx(0.0, abs=0.02)
        assert late < -0.05

    def test_it_stands_still_while_the_student_is_flagged(self) -> None:
        mood, rest = Mood(SETTINGS), [0.0] * 6
        before = usual(run(mood, [0.0, *rest], 0, 200))
        mood.freeze([1])
        assert usual(run(mood, [-0.3, *rest], 202, 4000)) == before
        mood.freeze([])
        assert usual(run(mood, [-0.3, *rest], 4002, 6000)) < before

    def test_it_stands_still_also_in_the_first_minutes(self) -> None:
        mood, rest = Mood(SETTINGS), [0.0] * 6
        run(mood, [0.0, *rest], 0, 70)
        mood.freeze([1])
        assert usual(run(mood, [-0.3, *rest], 72, 400)) == pytest.approx(0.0, abs=1e-6)

    def test_it_does_not_follow_what_the_whole_class_does(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.0] * 6, 0, 200)
        assert usual(run(mood, [-0.4] * 6, 202, 1500)) == pytest.approx(0.0, abs=0.005)

    def test_a_student_left_out_is_forgotten(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [-0.3, 0, 0, 0, 0], 0, 200)
        mood.update(202, [StudentLook(1, Presence.LEFT_OUT), *whole([0] * 5)[1:]])
        result = mood.update(204, whole([-0.3, 0, 0, 0, 0]))
        assert usual(result, 1) == pytest.approx(0.0, abs=1e-6)


class TestSpread:
    @staticmethod
    def known() -> Usual:
        """A face that swings a little about zero, three minutes long."""
        usual = Usual(180)
        for number in range(90):
            usual.add(0.05 * (number % 3 - 1), 2.0)
        return usual

    def test_it_is_taken_larger_the_less_is_known(self) -> None:
        usual = self.known()
        young = usual.spread
        for number in range(900):
            usual.adapt(0.05 * (number % 3 - 1), 2.0)
        assert 0.035 < usual.spread < 0.9 * young

    def test_a_fall_in_the_first_minutes_does_not_hide_itself(self) -> None:
        usual = Usual(180)
        for number in range(60):
            usual.add(0.05 * (number % 3 - 1), 2.0)
        young = usual.spread
        for _ in range(round(LATER / 2) - 1):
            usual.add(-0.4, 2.0)
        assert usual.spread < 1.2 * young

    def test_a_fall_counts_for_it_a_minute_later(self) -> None:
        usual = self.known()
        for _ in range(round(LATER / 2)):
            usual.adapt(-0.4, 2.0)
        young = self.known()
        for _ in range(round(LATER / 2)):
            young.adapt(0.0, 2.0)
        assert usual.spread == pytest.approx(young.spread)
        for _ in range(30):
            usual.adapt(-0.4, 2.0)
        assert usual.spread > 1.2 * young.spread

    def test_what_came_just_before_a_flag_does_not_count(self) -> None:
        flagged, other = self.known(), self.known()
        for usual in (flagged, other):
            for _ in range(25):
                usual.adapt(-0.4, 2.0)
        flagged.pause()
        for usual in (flagged, other):
            for _ in range(60):
                usual.adapt(0.0, 2.0)
        assert flagged.spread < 0.8 * other.spread

    def test_only_what_is_lower_counts(self) -> None:
        up, down = self.known(), self.known()
        for _ in range(120):
            up.adapt(0.4, 2.0)
            down.adapt(-0.4, 2.0)
        assert up.spread < 0.06 < down.spread

    def test_what_the_class_does_too_does_not_count(self) -> None:
        alone, together = self.known(), self.known()
        for _ in range(120):
            alone.adapt(-0.3, 2.0, 0.0)
            together.adapt(-0.3, 2.0, -0.3)
        assert together.spread < 0.06 < alone.spread


class TestCues:
    USUAL = Cues(yaw=20.0, pitch=-5.0, eyes_closed=0.2, brow_furrow=0.3)

    def after(self, cues: Cues | None, seconds: float = 100.0) -> StudentState:
        mood = Mood(SETTINGS)
        at = 0.0
        while at < seconds:
            mood.update(at, [look(1, 0.0, cues=self.USUAL)])
            at += 5
        return mood.update(at, [look(1, 0.0, cues=cues)])[0][0]

    def test_they_are_set_against_the_own_usual(self) -> None:
        state = self.after(Cues(65.0, -5.0, 0.6, 0.8))
        assert state.head_turn == pytest.approx(45)
        assert state.brow_furrow == pytest.approx(0.5)
        assert state.eyes_closed == pytest.approx(0.5, abs=0.01)

    def test_less_than_usual_is_nothing(self) -> None:
        state = self.after(Cues(20.0, -5.0, 0.0, 0.0))
        assert (state.head_turn, state.eyes_closed, state.brow_furrow) == (0, 0, 0)

    def test_a_head_turns_from_where_it_usually_points(self) -> None:
        """Who sits with the camera aside and faces it for once has turned, and who nods has, too."""
        assert self.after(Cues(-10.0, -5.0, 0.2, 0.3)).head_turn == pytest.approx(30)
        assert self.after(Cues(20.0, 25.0, 0.2, 0.3)).head_turn == pytest.approx(30)
        assert self.after(Cues(38.0, 19.0, 0.2, 0.3)).head_turn == pytest.approx(30)

    def test_they_are_unknown_at_a_look_without_landmarks(self) -> None:
        state = self.after(None)
        assert (state.head_turn, state.eyes_closed, state.brow_furrow) == (None, None, None)

    def test_they_are_unknown_before_a_usual_is(self) -> None:
        assert self.after(Cues(65.0, -5.0, 0.6, 0.8), 30).head_turn is None


class TestClass:
    def test_who_is_counted(self) -> None:
        mood = Mood(SETTINGS)
        others = [
            StudentLook(6, Presence.NO_FACE),
            StudentLook(7, Presence.TOO_SMALL),
            StudentLook(8, Presence.CAMERA_OFF),
            StudentLook(9, Presence.PHOTO),
            StudentLook(10, Presence.OTHER_PAGE),
            StudentLook(11, Presence.LEFT_OUT),
            StudentLook(12, Presence.GONE),
        ]
        states, found = mood.update(0, [*whole([0.0] * 5), *others])
        assert (found.seen, found.camera_on, found.expected) == (5, 7, 10)
        assert [state.student for state in states] == list(range(1, 13))
        assert found.word is ClassWord.MOSTLY_NEUTRAL

    @pytest.mark.parametrize(
        ("seen", "unseen", "enough"), [(4, 0, False), (5, 0, True), (5, 5, True), (5, 6, False)]
    )
    def test_too_few_faces_to_say(self, seen: int, unseen: int, enough: bool) -> None:
        looks = whole([read_as(0.0)] * seen) + [
            StudentLook(seen + i, Presence.NO_FACE) for i in range(1, unseen + 1)
        ]
        _, found = Mood(SETTINGS).update(0, looks)
        assert (found.word is not ClassWord.TOO_FEW) is enough
        assert found.valence == pytest.approx(0.0, abs=1e-4)

    def test_no_faces_at_all(self) -> None:
        for looks in ([], [StudentLook(1, Presence.CAMERA_OFF)]):
            states, found = Mood(SETTINGS).update(0, looks)
            assert len(states) == len(looks)
            assert found.valence is None
            assert found.low is None
            assert found.high is None
            assert found.spread is None
            assert found.shares is None
            assert found.word is ClassWord.TOO_FEW

    def test_valence_spread_and_shares_are_those_of_the_students(self) -> None:
        seen = [-0.2, 0.0, 0.1, 0.3, 0.3]
        states, found = Mood(SETTINGS).update(0, whole(map(read_as, seen)))
        values = [state.valence for state in states]
        assert found.valence == pytest.approx(np.mean(seen), abs=1e-4)
        assert found.spread == pytest.approx(np.std(values, ddof=1))
        assert found.shares == pytest.approx(np.mean([state.probabilities for state in states], axis=0))

    def test_out_of_view_for_a_moment_moves_nothing(self) -> None:
        """Half the class, all of the glad ones, is not seen: the class is still what it was, less surely."""
        mood, valences = Mood(SETTINGS), [-0.2] * 6 + [0.4] * 6
        _, before = run(mood, valences, 0, 240)
        for seconds in range(242, 300, 2):
            _, after = mood.update(
                seconds,
                whole(valences)[:6] + [StudentLook(number, Presence.NO_FACE) for number in range(7, 13)],
            )
        assert after.seen == 6
        assert after.valence == pytest.approx(before.valence, abs=0.02)
        assert width(after) > 1.3 * width(before)

    def test_cameras_off_leave_the_mean_to_the_others(self) -> None:
        mood, valences = Mood(SETTINGS), [read_as(-0.2)] * 6 + [0.4] * 6
        run(mood, valences, 0, 240)
        _, after = mood.update(
            242, whole(valences)[:6] + [StudentLook(number, Presence.CAMERA_OFF) for number in range(7, 13)]
        )
        assert after.valence == pytest.approx(-0.2, abs=0.02)
        assert (after.seen, after.camera_on, after.expected) == (6, 6, 12)

    @pytest.mark.parametrize("off", [Presence.NO_FACE, Presence.CAMERA_OFF])
    def test_halving_the_faces_widens_the_interval(self, off: Presence) -> None:
        """Check 14."""
        valences = list(np.linspace(-0.2, 0.2, 24))
        _, every = Mood(SETTINGS).update(0, whole(valences))
        _, half = Mood(SETTINGS).update(
            0, whole(valences[::2]) + [StudentLook(number, off) for number in range(20, 32)]
        )
        assert width(half) >= 1.3 * width(every)

    def test_the_interval_of_the_unseen_rest_of_a_larger_class_is_wider(self) -> None:
        mood = Mood(SETTINGS)
        looks = whole([0.1, -0.1] * 6)
        _, alone = mood.update(0, looks)
        _, with_rest = mood.update(2, [*looks, *(StudentLook(i, Presence.OTHER_PAGE) for i in range(13, 40))])
        assert width(with_rest) > 1.05 * width(alone)
        assert with_rest.camera_on == 12

    @pytest.mark.parametrize("seed", range(3))
    def test_the_interval_holds_the_truth_about_as_often_as_it_says(self, seed: int) -> None:
        """Whole sessions differ, since a face's own bias stays all session; so over three classes at once."""
        inside: list[bool] = []
        for each in range(6):
            mood, smoothed = Mood(SETTINGS), Smoothed(SMOOTHING)
            for _, looks, true in SimulatedClass(seed=100 * seed + each, every=4.0, bias=0.11).steps(6):
                _, found = mood.update(_, looks)
                truth = smoothed.add(true, 4.0).mean()
                assert found.low is not None
                assert found.high is not None
                inside.append(found.low <= truth <= found.high)
        assert np.mean(inside) >= 0.75

    def test_the_mean_is_put_right_by_the_measured_bias(self) -> None:
        """Sad faces are read nearer to neutral than they are, neutral ones a little too low."""
        for valence, sign in ((-0.45, -1), (-0.05, 1)):
            _, mood = Mood(SETTINGS).update(0, whole([valence] * 20))
            assert mood.valence is not None
            assert mood.low is not None
            assert mood.high is not None
            assert sign * (mood.valence - valence) > 0.02
            assert mood.high - mood.valence == pytest.approx(mood.valence - mood.low)

    def test_the_bias_is_interpolated_and_held_at_the_ends(self) -> None:
        assert BIAS.of(-0.9) == BIAS.of(-1.0)
        assert BIAS.of(0.9) == BIAS.of(1.0)
        steps = np.diff([BIAS.of(valence) for valence in np.linspace(-1, 1, 401)])
        assert np.abs(steps).max() < 0.01

    def test_the_further_those_that_look_alike_are_apart_the_wider_it_is(self) -> None:
        near, far = [0.02, -0.02] * 10, [0.12, -0.12] * 10
        _, still = Mood(SETTINGS).update(0, whole(near))
        _, apart = Mood(SETTINGS).update(0, whole(far))
        assert width(apart) > 1.5 * width(still)

    def test_a_class_of_two_minds_is_not_read_worse_for_it(self) -> None:
        _, split = Mood(SETTINGS).update(0, whole([0.7, -0.5] * 10))
        _, one = Mood(SETTINGS).update(0, whole([0.7] * 20))
        assert width(split) < 1.5 * width(one)


def width(mood: ClassMood) -> float:
    assert mood.low is not None
    assert mood.high is not None
    return mood.high - mood.low


class TestWord:
    @pytest.mark.parametrize(
        ("valence", "word"),
        [
            (-0.5, ClassWord.CLEARLY_UNPLEASANT),
            (-0.2, ClassWord.SOMEWHAT_UNPLEASANT),
            (0.0, ClassWord.MOSTLY_NEUTRAL),
            (0.2, ClassWord.SOMEWHAT_PLEASANT),
            (0.5, ClassWord.CLEARLY_PLEASANT),
        ],
    )
    def test_words_by_valence(self, valence: float, word: ClassWord) -> None:
        assert run(Mood(SETTINGS), [valence] * 6, 0, 0)[1].word is word

    def test_a_split_class_is_mixed_and_a_flat_one_is_not(self) -> None:
        assert run(Mood(SETTINGS), [-0.5] * 5 + [0.5] * 5, 0, 0)[1].word is ClassWord.MIXED
        assert run(Mood(SETTINGS), [-0.1] * 5 + [0.1] * 5, 0, 0)[1].word is ClassWord.MOSTLY_NEUTRAL

    def test_it_does_not_flicker_at_a_border(self) -> None:
        mood = Mood(SETTINGS)
        border = SETTINGS.somewhat
        run(mood, [read_as(border - 0.05)] * 6, 0, 60)
        assert run(mood, [read_as(border + 0.01)] * 6, 62, 200)[1].word is ClassWord.MOSTLY_NEUTRAL
        assert run(mood, [read_as(border + 0.05)] * 6, 202, 260)[1].word is ClassWord.SOMEWHAT_PLEASANT
        assert run(mood, [read_as(border - 0.01)] * 6, 262, 400)[1].word is ClassWord.SOMEWHAT_PLEASANT
        assert run(mood, [read_as(border - 0.05)] * 6, 402, 460)[1].word is ClassWord.MOSTLY_NEUTRAL


class TestTrend:
    @staticmethod
    def varied(middle: float, count: int = 12, seed: int = 0) -> list[float]:
        return list(middle + np.random.default_rng(seed).normal(0, 0.05, count))

    @pytest.mark.parametrize(
        ("before", "after", "trend"),
        [(0.0, -0.2, Trend.DIMMING), (0.0, 0.2, Trend.BRIGHTENING), (0.1, 0.1, Trend.STEADY)],
    )
    def test_words_by_the_change(self, before: float, after: float, trend: Trend) -> None:
        mood = Mood(SETTINGS)
        run(mood, self.varied(before), 0, 300)
        assert run(mood, self.varied(after, seed=1), 302, 500)[1].trend is trend

    def test_the_change_is_over_when_it_is_older_than_the_window(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, self.varied(0.0), 0, 300)
        late = run(mood, self.varied(-0.2, seed=1), 302, 302 + SETTINGS.trend_window + 90)
        assert late[1].trend is Trend.STEADY

    def test_nothing_is_said_before_there_is_enough_to_compare(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, self.varied(0.0), 0, 60)
        assert run(mood, self.varied(-0.3), 62, 0.45 * SETTINGS.trend_window)[1].trend is Trend.UNCLEAR

    def test_a_change_of_few_that_the_interval_does_not_support_is_unclear(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, [0.0] * 12, 0, 300)
        assert run(mood, [0.0] * 11 + [-0.6], 302, 500)[1].trend is Trend.UNCLEAR

    def test_a_class_that_falls_apart_is_splitting(self) -> None:
        mood = Mood(SETTINGS)
        run(mood, self.varied(0.0), 0, 300)
        apart = [each + (0.5 if number % 2 else -0.5) for number, each in enumerate(self.varied(0.0))]
        assert run(mood, apart, 302, 500)[1].trend is Trend.SPLITTING

    def test_who_leaves_makes_no_trend(self) -> None:
        """The glad half switches off: the mean falls, but no one of those seen changed."""
        mood, valences = Mood(SETTINGS), [read_as(-0.1)] * 8 + [0.5] * 8
        run(mood, valences, 0, 300)
        for seconds in range(302, 480, 2):
            _, found = mood.update(
                seconds,
                whole(valences)[:8] + [StudentLook(number, Presence.CAMERA_OFF) for number in range(9, 17)],
            )
        assert found.valence == pytest.approx(-0.1, abs=0.02)
        assert found.trend is Trend.STEADY


PRESENCES = st.sampled_from(list(Presence))


@st.composite
def sessions(draw: st.DrawFn) -> list[tuple[float, list[StudentLook]]]:
    count = draw(st.integers(0, 8))
    found, seconds = [], 0.0
    for _ in range(draw(st.integers(1, 25))):
        seconds += draw(st.sampled_from([-30.0, 0.0, 0.3, 2.0, 2.0, 2.0, 9.0, 50.0, 4000.0]))
        looks = []
        for student in range(1, count + 1):
            presence = draw(PRESENCES)
            reading = draw(st.one_of(st.none(), st.floats(-0.6, 0.7)))
            cues = draw(
                st.one_of(st.none(), st.builds(Cues, st.floats(0, 90), st.floats(0, 1), st.floats(0, 1)))
            )
            found_expression = None
            if reading is not None and presence in (Presence.SEEN, Presence.NOT_READABLE):
                found_expression = Expression(probabilities(reading), presence is Presence.SEEN)
            looks.append(StudentLook(student, presence, None, found_expression, cues))
        found.append((seconds, looks))
    return found


@settings(max_examples=60, deadline=None)
@given(sessions())
def test_whatever_comes_the_numbers_are_numbers(session: list[tuple[float, list[StudentLook]]]) -> None:
    mood = Mood(SETTINGS)
    last = -math.inf
    before = None
    for seconds, looks in session:
        states, found = mood.update(seconds, looks)
        if seconds <= last:
            assert (states, found) == before
            continue
        last, before = seconds, (states, found)
        assert [state.student for state in states] == [each.student for each in looks]
        fresh = [state for state in states if state.valence is not None]
        assert found.seen == sum(state.presence is not Presence.OTHER_PAGE for state in fresh)
        assert found.seen <= found.camera_on <= found.expected <= len(looks)
        for state in states:
            assert (state.valence is None) == (state.probabilities is None)
            assert state.probabilities is None or sum(state.probabilities) == pytest.approx(1)
            assert state.eyes_closed is None or 0 <= state.eyes_closed <= 1
            assert state.brow_furrow is None or 0 <= state.brow_furrow <= 1
            assert state.head_turn is None or 0 <= state.head_turn <= 90
        if fresh:
            assert found.valence is not None
            assert found.low is not None
            assert found.high is not None
            assert found.shares is not None
            assert -1 <= found.low <= found.valence <= found.high <= 1
            assert sum(found.shares) == pytest.approx(1)
        else:
            assert found.valence is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.6, 0.7), min_size=5, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_students_does_not_matter(valences: list[float], random: object) -> None:
    looks = whole(valences)
    turned = list(looks)
    random.shuffle(turned)  # type: ignore[attr-defined]
    one, other = Mood(SETTINGS), Mood(SETTINGS)
    for seconds in (0.0, 2.0, 4.0):
        _, first = one.update(seconds, looks)
        _, second = other.update(seconds, turned)
    assert first.valence == pytest.approx(second.valence)
    assert first.low == pytest.approx(second.low)


def test_a_whole_simulated_session_with_everything_in_it() -> None:
    everyone = range(1, 31)
    events = (
        Event(300, 60, everyone, valence=0.6, spread=0.1),
        Event(420, 60, range(1, 11), presence=Presence.CAMERA_OFF),
        Event(480, 30, everyone, presence=Presence.NO_FACE),
    )
    mood, smoothed, errors, blind = Mood(SETTINGS), Smoothed(SMOOTHING), [], []
    for seconds, looks, true in SimulatedClass(seed=5, events=events).steps(10):
        _, found = mood.update(seconds, looks)
        truth = smoothed.add(true, 2.0)
        on = [number for number, each in enumerate(looks) if each.presence is not Presence.CAMERA_OFF]
        if found.valence is None:
            blind.append(seconds)
        else:
            errors.append(abs(found.valence - truth[on].mean()))
    assert np.mean(errors) < 0.07
    assert blind
    assert 480 + SMOOTHING <= min(blind) <= max(blind) < 512


def test_another_smoothing_is_used() -> None:
    quick, slow = Mood(replace(SETTINGS, smoothing=3.0)), Mood(replace(SETTINGS, smoothing=30.0))
    for each in (quick, slow):
        run(each, [0.0], 0, 60)
    assert valence(run(quick, [0.6], 62, 68)) > 0.45 > 0.3 > valence(run(slow, [0.6], 62, 68))
