"""The mood of the class: readings smoothed per student, set against the own usual, and put together.

Everything here is weighted by time, never by how often a face was looked at, and everything that is said of
the class comes with an interval and with how many faces it rests on. No clock: time is what `update` is told.
"""

from __future__ import annotations

import itertools
import json
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from classroom_monitor.records import (
    EXPRESSIONS,
    ClassMood,
    ClassWord,
    Presence,
    Probabilities,
    StudentLook,
    StudentState,
    Trend,
)
from classroom_monitor.settings import MoodSettings, configs_folder

SAD, NEUTRAL, HAPPY = (EXPRESSIONS.index(name) for name in ("sad", "neutral", "happy"))

#: The camera is on and the tile is on this page, whether or not a face could be read.
CAMERA_ON = frozenset({Presence.SEEN, Presence.NOT_READABLE, Presence.NO_FACE, Presence.TOO_SMALL})

#: Nothing of such a student is carried on: there is no video (a profile picture is none either).
SILENT = frozenset({Presence.CAMERA_OFF, Presence.PHOTO, Presence.LEFT_OUT, Presence.GONE})

#: A reading stands for its student for so many times the smoothing; with 10 s a gap over 15 s is a gap.
FRESH = 1.5

#: After a gap of so many times the smoothing the old readings are forgotten: nothing is smoothed across it.
FORGET = 3.0

#: A usable reading whose top probability is lower counts for less, in proportion.
SURE = 0.6

#: One look stands for at most this share of the smoothing, so that one reading after a gap does not rule.
ONE_LOOK = 0.5

#: The share of the baseline time after which the own median is used, though it is still being learnt.
PROVISIONAL = 1 / 3

#: Seconds in which the own usual follows a lasting change by about two thirds: far slower than any mood.
ADAPT = 1200.0

#: The spread is that of all seconds seen so far, and of the last hour later; a deviation counts for it with
#: at most so many spreads. It is counted a minute later, unless the student was flagged meanwhile: a fall
#: must not hide itself.
REMEMBER, CLIP, LATER = 3600.0, 3.0, 60.0

#: A spread of one student's smoothed valence below this is not believed (a still face, few readings).
LEAST_SPREAD = 0.03

#: A spread learnt over few seconds may be too small by chance: it is taken larger by these seconds' share.
#: Readings go together over some twenty seconds, of which three minutes hold nine.
UNSURE = 40.0

#: Before anything is known the students' valence is taken to spread so far, with the weight of two students.
PRIOR_SPREAD, PRIOR_WEIGHT = 0.2, 2.0

#: Readings of faces that look alike are so many times nearer to each other than to the truth (rehearsed with
#: drawn faces, pictures of faces, and without pixels): what is wrong with one is in part wrong with many.
TOGETHER = 1.7

#: Until the readings of the class tell how near that is, the error is that of the settings, with the weight
#: of so many students.
ERROR_WEIGHT = 4.0

#: What the network makes of a face that people see as sad, neutral or happy was measured on pictures. In this
#: class, on these cameras, that bias is most likely this share of it.
BIAS = 0.8

#: 1.645 is the 95 % point of the normal distribution: a two-sided interval of 90 %.
NORMAL_90 = 1.6449

#: The trend compares the last minute with the first minute of its window, in slices of so many seconds.
TREND_BLOCK, TREND_SLICE = 60.0, 10.0

#: Smaller changes are called no change, and an interval inside twice this is called steady.
LEAST_CHANGE = 0.05

#: The class splits when the spread has grown so many times, to at least this share of `mixed_spread`.
SPLIT_GROWTH, SPLIT_SHARE = 1.3, 0.7

#: A class word is left only when its border is passed by this much, so that it does not flicker.
WORD_MARGIN = 0.02


def valence_of(probabilities: Probabilities, coordinates: Sequence[float]) -> float:
    """Pleasantness of a look, -1..1: the sum of probability times coordinate, in the order of EXPRESSIONS."""
    return math.fsum(p * v for p, v in zip(probabilities, coordinates, strict=True))


class Bias:
    """How far the network reads faces from what people see in them, as measured (configs/readings.json).

    Neutral faces are read a little too low, sad ones nearer to neutral than they are. In between, and beyond,
    the correction is interpolated, and held at the ends.
    """

    def __init__(self, coordinates: Sequence[float]) -> None:
        table = json.loads((configs_folder() / "readings.json").read_text(encoding="utf-8"))
        rows = table["sizes"]["48"]["mean"]
        points = sorted((valence_of(rows[at], coordinates), coordinates[at]) for at in (SAD, NEUTRAL, HAPPY))
        self._points = [(read, seen - read) for read, seen in points]

    def of(self, valence: float) -> float:
        """What a reading of that valence is most likely short of, by that measurement."""
        points = self._points
        if valence <= points[0][0]:
            return points[0][1]
        for (left, low), (right, high) in itertools.pairwise(points):
            if valence <= right:
                return low + (high - low) * (valence - left) / (right - left)
        return points[-1][1]

    def put_right(self, valence: float) -> float:
        """What people most likely see where the network reads that valence in this class."""
        return valence + BIAS * self.of(valence)


class Usual:
    """What is usual for one student: a time-weighted median of the first `baseline` seconds, then adapting.

    `value` is None until a third of them has been seen. `spread` is how far the student strays downwards,
    from the own usual and from the class at the time, as a standard deviation: what a fall is measured with.
    """

    __slots__ = ("_baseline", "_besides", "_recent", "_samples", "_seconds", "_spread", "value")

    def __init__(self, baseline: float) -> None:
        self._baseline = baseline
        self._seconds = 0.0
        self._samples: list[tuple[float, float]] = []
        self._besides: list[tuple[float, float]] = []
        self._recent: deque[tuple[float, float, float]] = deque()
        self.value: float | None = None
        self._spread = LEAST_SPREAD

    @property
    def spread(self) -> float:
        """How far the student strays, on the safe side as long as little is known."""
        return self._spread * (1 + UNSURE / self._seconds) if self._seconds else LEAST_SPREAD

    @property
    def learning(self) -> bool:
        """Whether the first minutes are still being gathered."""
        return self._seconds < self._baseline

    def add(self, value: float, seconds: float, of_class: float = 0.0) -> None:
        """A reading that stands for so many seconds, while learning. of_class: the class's at that moment."""
        before = self._seconds
        self._seconds += seconds
        self._samples.append((value, seconds))
        self._besides.append((value - of_class, seconds))
        done = not self.learning
        # The median of a growing list is looked up every ten seconds, which is often enough.
        if done or (self._seconds >= self._baseline * PROVISIONAL and before // 10 != self._seconds // 10):
            self.value = _weighted_median(self._samples)
            besides = _weighted_median(self._besides)
            # A fall in these minutes must not hide itself either; until there is a minute besides, it may.
            until = self._seconds - LATER if self._seconds >= 2 * LATER else self._seconds
            below = passed = 0.0
            for (old, lasted), (beside, _) in zip(self._samples, self._besides, strict=True):
                if passed + lasted > until:
                    break
                passed += lasted
                below += lasted * min(0.0, max(old - self.value, beside - besides)) ** 2
            if passed:
                self._spread = max(LEAST_SPREAD, math.sqrt(2 * below / passed))
        if done:
            self._samples, self._besides = [], []

    def adapt(self, deviation: float, seconds: float, of_class: float = 0.0) -> None:
        """Follows, slowly, a reading so far from usual, less what the class is from its own at the time.

        Clipped, so that rare strong ones do not pull it. The spread learns from it a minute later.
        """
        if self.value is None:
            return
        self._seconds += seconds
        clipped = max(-self._spread, min(self._spread, deviation - of_class))
        self.value += min(1.0, seconds / ADAPT) * clipped
        self._recent.append((self._seconds, seconds, min(0.0, max(deviation, deviation - of_class))))
        while self._recent[0][0] <= self._seconds - LATER:
            _, lasted, below = self._recent.popleft()
            below = max(below, -CLIP * self._spread)
            share = min(1.0, lasted / min(self._seconds, REMEMBER))
            squared = (1 - share) * self._spread**2 + share * 2 * below**2
            self._spread = max(LEAST_SPREAD, math.sqrt(squared))

    def pause(self) -> None:
        """The student is not as usual: nothing is learnt from the last minute either."""
        self._recent.clear()


class _Track:
    """All that is kept of one student between looks."""

    __slots__ = (
        "brow",
        "eyes",
        "last",
        "last_cues",
        "on_camera",
        "pitch",
        "slices",
        "sums",
        "valence",
        "weight",
        "yaw",
    )

    def __init__(self, baseline: float) -> None:
        self.sums = [0.0] * 7
        self.weight = 0.0
        self.last = -math.inf
        self.last_cues = -math.inf
        self.valence = Usual(baseline)
        self.yaw, self.pitch, self.eyes, self.brow = (Usual(baseline) for _ in range(4))
        self.on_camera = True
        self.slices: deque[list[float]] = deque()  # [slice number, sum of valence, looks]

    def read(self, seconds: float, probabilities: Probabilities, smoothing: float) -> float:
        """Smooths one usable reading in, by how sure it is; the seconds it stands for."""
        passed = seconds - self.last
        if passed > FORGET * smoothing:
            self.sums, self.weight = [0.0] * 7, 0.0
        # The first reading after nothing stands for a fifth of the smoothing: one look at the usual rate.
        stands = min(passed, ONE_LOOK * smoothing) if self.weight else smoothing / 5
        keep = math.exp(-passed / smoothing) if self.weight else 0.0
        new = (1 - math.exp(-stands / smoothing)) * min(1.0, max(probabilities) / SURE)
        self.sums = [keep * old + new * p for old, p in zip(self.sums, probabilities, strict=True)]
        self.weight = keep * self.weight + new
        self.last = seconds
        return stands

    def note(self, seconds: float, valence: float, window: float) -> None:
        """Keeps the valence for the trend."""
        number = seconds // TREND_SLICE
        if self.slices and self.slices[-1][0] == number:
            self.slices[-1][1] += valence
            self.slices[-1][2] += 1
        else:
            self.slices.append([number, valence, 1.0])
            oldest = (seconds - window) // TREND_SLICE - 1
            while self.slices[0][0] < oldest:
                self.slices.popleft()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One student's smoothed reading now."""

    probabilities: Probabilities
    valence: float


class Mood:
    """Follows every student and the class from look to look."""

    def __init__(self, settings: MoodSettings) -> None:
        self._settings = settings
        self._coordinates = settings.valence.coordinates()
        self._bias = Bias(self._coordinates)
        self._tracks: dict[int, _Track] = {}
        self._frozen: frozenset[int] = frozenset()
        self._start = math.inf
        self._last = -math.inf
        self._word = ClassWord.TOO_FEW
        self._trend = (-math.inf, Trend.UNCLEAR)
        self._result: tuple[tuple[StudentState, ...], ClassMood] | None = None

    def freeze(self, students: Collection[int]) -> None:
        """These students' usual stands still until the next call: they are flagged, so not as usual."""
        self._frozen = frozenset(students)

    def update(
        self, seconds: float, looks: Sequence[StudentLook]
    ) -> tuple[tuple[StudentState, ...], ClassMood]:
        """Takes one look at the class; the students in the order of `looks`, and the class.

        seconds: the source's own time. A look that is not later than the one before changes nothing and gives
        that one's result again. looks: every student known and not forgotten, each once.
        """
        if seconds <= self._last and self._result is not None:
            return self._result
        passed = min(seconds - self._last, ONE_LOOK * self._settings.smoothing)
        self._start, self._last = min(self._start, seconds), seconds
        readings: dict[int, _Reading] = {}
        stood: dict[int, float] = {}
        for look in looks:
            self._take(seconds, look, readings, stood)
        usual = self._class_usual(readings)
        self._learn(readings, stood, passed)
        states = tuple(self._state(look, readings.get(look.student), usual, seconds) for look in looks)
        mood = self._class_mood(seconds, looks, readings, usual)
        self._result = states, mood
        return self._result

    def _take(
        self, seconds: float, look: StudentLook, readings: dict[int, _Reading], stood: dict[int, float]
    ) -> None:
        if look.presence is Presence.LEFT_OUT:
            self._tracks.pop(look.student, None)  # nothing of a student left out is kept
            return
        track = self._tracks.get(look.student)
        if track is None:
            track = self._tracks[look.student] = _Track(self._settings.baseline)
        if look.presence is not Presence.OTHER_PAGE:
            track.on_camera = look.presence in CAMERA_ON
        if look.presence in SILENT:
            return
        expression = look.expression
        if expression is not None and expression.usable:
            stood[look.student] = track.read(seconds, expression.probabilities, self._settings.smoothing)
        if seconds - track.last <= FRESH * self._settings.smoothing:
            probabilities = tuple([each / track.weight for each in track.sums])
            valence = valence_of(probabilities, self._coordinates)
            readings[look.student] = _Reading(probabilities, valence)
            track.note(seconds, valence, self._settings.trend_window)

    def _class_usual(self, readings: dict[int, _Reading]) -> float:
        """What is usual for the class: the middle of the students' own, or of how they look now."""
        own = [t.valence.value for t in self._tracks.values() if t.valence.value is not None]
        if len(own) * 2 >= len(readings) and own:
            return median(own)
        return median(reading.valence for reading in readings.values()) if readings else 0.0

    def _learn(self, readings: dict[int, _Reading], stood: dict[int, float], passed: float) -> None:
        """Learns each student's usual; later it follows only what is the student's own, not the class's."""
        deviations = {
            student: reading.valence - usual
            for student, reading in readings.items()
            if (usual := self._tracks[student].valence.value) is not None
        }
        of_class = median(deviations.values()) if deviations else 0.0
        now = median(reading.valence for reading in readings.values()) if readings else 0.0
        for student, seconds in stood.items():
            track = self._tracks[student]
            if student in self._frozen:
                track.valence.pause()
            elif track.valence.learning:
                track.valence.add(readings[student].valence, seconds, now)
            else:
                track.valence.adapt(deviations[student], min(seconds, passed), of_class)

    def _state(
        self, look: StudentLook, reading: _Reading | None, class_usual: float, seconds: float
    ) -> StudentState:
        if look.presence is Presence.LEFT_OUT:
            return StudentState(look.student, look.presence, look.tile)
        track = self._tracks[look.student]
        own = track.valence.value
        turn = eyes = brow = None
        if look.cues is not None and look.presence not in SILENT:
            stands = min(seconds - track.last_cues, self._settings.smoothing)
            track.last_cues = seconds
            frozen = look.student in self._frozen
            aside = _from_usual(track.yaw, look.cues.yaw, stands, frozen)
            down = _from_usual(track.pitch, look.cues.pitch, stands, frozen)
            furrowed = _from_usual(track.brow, look.cues.brow_furrow, stands, frozen)
            shut = _from_usual(track.eyes, look.cues.eyes_closed, stands, frozen)
            if aside is not None and down is not None and furrowed is not None and shut is not None:
                # A head that usually points up or aside turns from there, not from the camera.
                turn = math.hypot(aside, down)
                brow = max(0.0, furrowed)
                # Narrow eyes or glasses are some people's usual: what is usually open counts as the whole.
                eyes = min(1.0, max(0.0, shut) / max(0.1, 1 - (track.eyes.value or 0.0)))
        return StudentState(
            student=look.student,
            presence=look.presence,
            tile=look.tile,
            usable=look.expression is not None and look.expression.usable and reading is not None,
            probabilities=reading.probabilities if reading else None,
            valence=reading.valence if reading else None,
            valence_usual=own if own is not None else (class_usual if reading else None),
            head_turn=turn,
            eyes_closed=eyes,
            brow_furrow=brow,
            valence_spread=track.valence.spread if own is not None else None,
        )

    def _class_mood(
        self,
        seconds: float,
        looks: Sequence[StudentLook],
        readings: dict[int, _Reading],
        class_usual: float,
    ) -> ClassMood:
        expected = sum(
            look.presence is not Presence.LEFT_OUT and look.presence is not Presence.GONE for look in looks
        )
        on = {
            look.student for look in looks if look.presence in CAMERA_ON or look.student in readings
        }  # a student whose tile is just being moved to another page still counts while the reading is fresh
        elsewhere = [
            look.student
            for look in looks
            if look.presence is Presence.OTHER_PAGE
            and look.student not in on
            and self._tracks[look.student].on_camera
        ]
        if not readings:
            self._word = ClassWord.TOO_FEW
            return ClassMood(
                None, None, None, None, 0, len(on), expected, ClassWord.TOO_FEW, Trend.UNCLEAR, None
            )
        values = [reading.valence for reading in readings.values()]
        valence, low, high = self._interval(readings, [*on, *elsewhere], class_usual)
        spread = _deviation(values)
        enough = len(readings) >= self._settings.min_faces and len(
            readings
        ) >= self._settings.min_share * len(on)
        self._word = self._say(valence, spread) if enough else ClassWord.TOO_FEW
        columns = zip(*(reading.probabilities for reading in readings.values()), strict=True)
        return ClassMood(
            valence=valence,
            low=low,
            high=high,
            spread=spread,
            # On another page a fresh reading still counts for the mood, but nobody is seen there.
            seen=sum(look.student in readings and look.presence is not Presence.OTHER_PAGE for look in looks),
            camera_on=len(on),
            expected=expected,
            word=self._word,
            trend=self._say_trend(seconds, readings) if enough else Trend.UNCLEAR,
            shares=tuple([sum(column) / len(values) for column in columns]),
        )

    def _interval(
        self, readings: dict[int, _Reading], population: Sequence[int], class_usual: float
    ) -> tuple[float, float, float]:
        """Mean over all students with a camera on, and its 90 % interval.

        Each student not seen now is taken to be as usual, plus what the seen ones deviate from theirs (the
        difference estimator of survey sampling): so it moves nothing who is out of view. All are put right
        by what is known of the network's bias.

        The variance is that of a mean over a finite population; plus the error of a reading, which shows in
        how far those that look alike are apart; plus what is not known of the bias.
        """
        read = {student: reading.valence for student, reading in readings.items()}
        expected = {
            student: own if (own := self._tracks[student].valence.value) is not None else class_usual
            for student in population
        }
        usual = {student: self._bias.put_right(valence) for student, valence in expected.items()}
        deviations = [self._bias.put_right(valence) - usual[student] for student, valence in read.items()]
        n, everyone = len(deviations), len(population)
        middle = math.fsum(deviations) / n
        valence = math.fsum(usual.values()) / everyone + middle
        # With no more than a few deviations their spread is itself hardly known: a prior steadies it.
        squares = math.fsum((each - middle) ** 2 for each in deviations)
        variance = (squares + PRIOR_WEIGHT * PRIOR_SPREAD**2) / (max(0, n - 1) + PRIOR_WEIGHT)
        sampling = (1 - n / everyone) * variance / n
        bias = math.fsum(map(self._bias.of, read.values())) / n
        reading = self._error(list(read.values())) / n + (self._settings.shared_error * bias) ** 2
        total = sampling + reading
        freedom = (n - 1 + PRIOR_WEIGHT) * (total / sampling) ** 2 if sampling else math.inf
        half = _student_90(freedom) * math.sqrt(total)
        valence = max(-1.0, min(1.0, valence))
        return valence, max(-1.0, valence - half), min(1.0, valence + half)

    def _error(self, values: Sequence[float]) -> float:
        """Variance of a reading's error, by how far apart those are that look alike (unpleasant, neutral or
        pleasant).
        """
        somewhat = self._settings.somewhat
        alike = (
            [value for value in values if value < -somewhat],
            [value for value in values if abs(value) <= somewhat],
            [value for value in values if value > somewhat],
        )
        squares = math.fsum((len(part) - 1) * _deviation(part) ** 2 for part in alike if part)
        freedom = sum(len(part) - 1 for part in alike if part)
        prior = ERROR_WEIGHT * self._settings.reading_error**2
        return (TOGETHER**2 * squares + prior) / (freedom + ERROR_WEIGHT)

    def _say(self, valence: float, spread: float) -> ClassWord:
        """The word for the class. It keeps the word before, where the border is not clearly passed."""
        limit = self._settings.mixed_spread
        if spread >= limit - (WORD_MARGIN if self._word is ClassWord.MIXED else 0):
            return ClassWord.MIXED
        somewhat, clearly = self._settings.somewhat, self._settings.clearly
        borders = (-clearly, -somewhat, somewhat, clearly)
        words = (
            ClassWord.CLEARLY_UNPLEASANT,
            ClassWord.SOMEWHAT_UNPLEASANT,
            ClassWord.MOSTLY_NEUTRAL,
            ClassWord.SOMEWHAT_PLEASANT,
            ClassWord.CLEARLY_PLEASANT,
        )
        if self._word in words:
            before = words.index(self._word)
            lower, upper = (-math.inf, *borders)[before], (*borders, math.inf)[before]
            if lower - WORD_MARGIN <= valence <= upper + WORD_MARGIN:
                return self._word
        return words[bisect_left(borders, valence)]

    def _say_trend(self, seconds: float, readings: dict[int, _Reading]) -> Trend:
        """Compares the last minute with the first of the window, over the students seen in both."""
        before, trend = self._trend
        if seconds - before < TREND_SLICE:
            return trend
        window = min(self._settings.trend_window, seconds - self._start)
        trend = Trend.UNCLEAR
        if window >= self._settings.trend_window / 2:
            now = (seconds - TREND_BLOCK) // TREND_SLICE
            then = (seconds - window) // TREND_SLICE, (seconds - window + TREND_BLOCK) // TREND_SLICE
            pairs = [
                (new, old)
                for student in readings
                if (new := _mean(self._tracks[student].slices, now, math.inf)) is not None
                and (old := _mean(self._tracks[student].slices, *then)) is not None
            ]
            if len(pairs) >= self._settings.min_faces:
                trend = _trend_of(pairs, self._settings.mixed_spread)
        self._trend = seconds, trend
        return trend


def _trend_of(pairs: Sequence[tuple[float, float]], mixed_spread: float) -> Trend:
    """The trend between (now, then) of the same students, only where the 90 % interval of it supports it."""
    change, half = _mean_90([now - then for now, then in pairs])
    new, old = _deviation([now for now, _ in pairs]), _deviation([then for _, then in pairs])
    # Pitman and Morgan: the variances differ where the sum and the difference of the pairs go together.
    middle_now, middle_then = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    products = [
        (now - middle_now + then - middle_then) * (now - middle_now - then + middle_then)
        for now, then in pairs
    ]
    more, more_half = _mean_90(products)
    if more > more_half and new >= max(SPLIT_SHARE * mixed_spread, SPLIT_GROWTH * old):
        return Trend.SPLITTING
    if abs(change) > half and abs(change) >= LEAST_CHANGE:
        return Trend.BRIGHTENING if change > 0 else Trend.DIMMING
    return Trend.STEADY if abs(change) + half <= 2 * LEAST_CHANGE else Trend.UNCLEAR


def _from_usual(usual: Usual, value: float, seconds: float, frozen: bool) -> float | None:
    """How far a cue is from usual; None before a usual is known. Learns from the reading."""
    if usual.learning and not frozen:
        usual.add(value, seconds)
    elif usual.value is not None and not frozen:
        usual.adapt(value - usual.value, seconds)
    return None if usual.value is None else value - usual.value


def _weighted_median(samples: Sequence[tuple[float, float]]) -> float:
    """The value up to which half of the weight lies."""
    half, passed = math.fsum(weight for _, weight in samples) / 2, 0.0
    for value, weight in sorted(samples):
        passed += weight
        if passed >= half:
            return value
    return max(samples)[0]


def _mean(slices: deque[list[float]], first: float, last: float) -> float | None:
    """Mean of the slices from number first to number last, each with the same weight; None without any."""
    found = [total / looks for number, total, looks in slices if first <= number <= last]
    return sum(found) / len(found) if found else None


def _deviation(values: Sequence[float]) -> float:
    """Standard deviation of a sample; 0 for one."""
    if len(values) < 2:
        return 0.0
    middle = sum(values) / len(values)
    return math.sqrt(sum((each - middle) ** 2 for each in values) / (len(values) - 1))


def _mean_90(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 90 % interval."""
    error = _deviation(values) / math.sqrt(len(values))
    return sum(values) / len(values), _student_90(len(values) - 1) * error


def _student_90(freedom: float) -> float:
    """The 95 % point of Student's t: the first terms of its expansion around the normal one.

    Good to 0.02 from 4 degrees of freedom on; below, it is held at that of 2 (2.92), which is wide enough.
    """
    if freedom < 3:
        return 2.92
    z = NORMAL_90
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
