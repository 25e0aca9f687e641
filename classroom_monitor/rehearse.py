"""Rehearsals: the pipeline over a scripted synthetic class, scored against the script.

With pixels the class is painted and everything from the gallery on is the product itself. Without, the
readings are drawn from how the network's probabilities came out on pictures whose looks people had named
(configs/readings.json), and everything from the mood on is the product: hours in minutes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr

from classroom_monitor.errors import ScriptError
from classroom_monitor.expression import ExpressionCNN, ExpressionModel
from classroom_monitor.faces import FaceFinder, MediaPipeFaceFinder
from classroom_monitor.flags import Flags
from classroom_monitor.hints import PaceHints
from classroom_monitor.moments import find_turns
from classroom_monitor.mood import Mood
from classroom_monitor.pipeline import Pipeline
from classroom_monitor.records import (
    EXPRESSIONS,
    Box,
    ClassMood,
    ClassWord,
    Cues,
    Expression,
    Flag,
    Frame,
    Gallery,
    Hint,
    Marker,
    Presence,
    StudentLook,
    StudentState,
    TileState,
)
from classroom_monitor.settings import Settings, configs_folder
from classroom_monitor.synthetic.pictured import FacePictures, PicturedSource
from classroom_monitor.synthetic.plan import Plan
from classroom_monitor.synthetic.script import Script
from classroom_monitor.synthetic.source import StudentTruth, SyntheticSource, Truth

Numbers = NDArray[np.float64]

#: A student in need counts as raised in time within so many seconds, a moment as found within so many.
IN_TIME, FOUND_WITHIN = 60.0, 30.0

#: A flag still belongs to a scripted need that ended so many seconds ago: it had to hold first.
AFTER = 60.0

#: A found turn is no false one near the start or end of a look that at least this share of the class puts on.
SHARED = 0.2

#: Faces are the same from this IoU on (contract.md), tiles from this.
SAME_FACE, SAME_TILE = 0.3, 0.5

#: How much of a reading's error is the face's own and stays all session, and how much lasts for some seconds;
#: the rest is the single look's. FER2013 shows nobody twice, so the parts are set: half is the resting face.
OWN, LASTING, LASTS = 0.5, 0.25, 20.0

#: Standard deviations of the cues about the true ones (degrees; 0..1), and how often no face is found.
TURN_NOISE, EYES_NOISE, BROW_NOISE, MISSED = 4.0, 0.05, 0.07, 0.02

#: Heights of tiles' faces in tiles, and the side (pixels) below which the small-face table is used.
FACE_OF_TILE, SMALL = 0.45, 36.0

#: From this much camera noise on (grey levels) readings are as poor as those of small faces.
NOISY = 8.0

#: Seconds around a scripted change over which its level on the page is taken.
LEVEL_BEFORE, LEVEL_AFTER = 10.0, 60.0

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FlagScore:
    """Flags against the script. right: raised within a minute of the script's time; late: later."""

    expected: int
    right: int
    late: int
    false: int
    false_per_hour: float
    most_shown_in_10_min: int


@dataclass(frozen=True, slots=True)
class MomentScore:
    """Turns against the script; found: within half a minute. false: where nothing shared changed."""

    expected: int
    found: int
    false: int


@dataclass(frozen=True, slots=True)
class PixelScore:
    """What only pixels show: shares 0..1, a count, and seconds of CPU."""

    recall: float | None
    precision: float | None
    tile_state_accuracy: float | None
    id_kept: float | None
    id_given_to_another: int
    cpu_s_per_frame: float


@dataclass(frozen=True, slots=True)
class Score:
    """A rehearsal's result, as in contract.md."""

    frames: int
    students: int
    minutes: float
    script: str
    seed: int
    pixels: PixelScore | None
    valence_correlation: float | None
    valence_mae: float | None
    interval_coverage: float | None
    delay_median_s: float | None
    flags: FlagScore
    moments: MomentScore

    def as_json(self) -> dict[str, Any]:
        """The object of `rehearse --json`; numbers that are not known are None."""
        told = asdict(self)
        pixels = told.pop("pixels") or {}
        head = ("frames", "students", "minutes", "script", "seed")
        ordered: dict[str, Any] = {key: told.pop(key) for key in head} | pixels | told
        return {key: _rounded(value) for key, value in ordered.items()}


def rehearse(
    settings: Settings,
    script: Script,
    students: int | None = None,
    minutes: float | None = None,
    seed: int = 1,
    *,
    pixels: bool = True,
    faces: FacePictures | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Score:
    """Runs a script and scores it. students, minutes: None takes the script's. progress: (looks done, of).

    faces: pictures to show instead of drawn faces, only with pixels. Raises ScriptError for a class that
    cannot be, ModelError when a model is missing.
    """
    if faces is not None and not pixels:
        raise ScriptError("face pictures need pixels; leave out --no-pixels or --faces")
    length = script.minutes if minutes is None else minutes
    source = (
        SyntheticSource(script, students, seed, length)
        if faces is None
        else PicturedSource(faces, script, students, seed, length)
    )
    every = 1 / settings.capture.rate
    frames = math.floor(60 * length / every + 1e-9)
    if frames < 1:
        raise ScriptError(f"{length:g} minutes hold no look at {settings.capture.rate:g} a second; give more")
    times = [every * number for number in range(frames)]
    scorer = _Scorer(source.plan, settings, length)
    try:
        if pixels:
            with MediaPipeFaceFinder(settings.faces) as finder:
                painted = _Painted(source, settings, finder, ExpressionCNN(settings.expression))
                painted.run(times, scorer, progress)
                seen: PixelScore | None = painted.score()
                owner = painted.owner
        else:
            seen, owner = None, {}
            for number, step in enumerate(drawn(source, settings, times, seed), 1):
                scorer.add(step.truth, step.mood, step.flags)
                progress(number, frames)
    finally:
        source.close()
    return scorer.score(frames, seed, seen, owner)


# --- Without pixels ---------------------------------------------------------------------------------------


class Readings:
    """Draws the network's probabilities for what a face truly shows, with errors that last as errors do."""

    def __init__(self, students: int, every: float, seed: int, small: bool = False) -> None:
        file = configs_folder() / "readings.json"
        table = json.loads(file.read_text(encoding="utf-8"))["sizes"]["24_jpeg40" if small else "48"]
        self._mean = np.asarray(table["mean"], np.float64)
        self._concentration = np.asarray(table["concentration"], np.float64)
        self._rng = np.random.default_rng([seed, 0x4EAD])
        shape = students, len(EXPRESSIONS)
        self._own = self._rng.normal(size=shape)
        self._lasting = self._rng.normal(size=shape)
        self._keep = math.exp(-every / LASTS)

    def draw(self, truth: Numbers) -> Numbers:
        """Probabilities [students, 7] for true ones [students, 7], at the next look.

        Dirichlet about the measured mean, with the measured concentration: gammas by their quantiles, whose
        places move slowly.
        """
        shape = truth.shape
        new = self._rng.normal(size=shape)
        self._lasting = self._keep * self._lasting + math.sqrt(1 - self._keep**2) * new
        single = self._rng.normal(size=shape)
        place = math.sqrt(OWN) * self._own + math.sqrt(LASTING) * self._lasting
        place += math.sqrt(1 - OWN - LASTING) * single
        shapes = (truth @ self._mean) * (truth @ self._concentration)[:, np.newaxis]
        gammas = np.maximum(gammaincinv(shapes, ndtr(place)), 1e-9)
        found: Numbers = gammas / gammas.sum(axis=1, keepdims=True)
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """One look without pixels: what is true, and what the product makes of the readings."""

    truth: Truth
    states: tuple[StudentState, ...]
    mood: ClassMood
    flags: tuple[Flag, ...]
    hint: Hint | None


def drawn(source: SyntheticSource, settings: Settings, times: Sequence[float], seed: int) -> Iterator[Step]:
    """The product from the mood on, over drawn readings."""
    mood, flags, hints = Mood(settings.mood), Flags(settings.flags), PaceHints(settings.flags)
    rng = np.random.default_rng([seed, 0xC0E5])
    every = times[1] - times[0] if len(times) > 1 else 1.0
    tiles = source.truth(0.0, faces=False).tiles
    side = FACE_OF_TILE * min((tile.box.h for tile in tiles), default=100)
    readings = Readings(source.plan.students, every, seed, side < SMALL or source.plan.script.noise >= NOISY)
    rest = rng.uniform(0.0, 0.3, source.plan.students)  # brows at rest differ
    since_cues = max(1, round(settings.faces.landmarks_every / every))
    known: dict[int, float] = {}
    waiting = _Markers(source.plan)
    for number, seconds in enumerate(times):
        for marker in waiting.until(seconds):
            flags.mark(marker)
            hints.mark(marker)
        truth = source.truth(seconds, faces=False)
        found = readings.draw(np.asarray([student.expression for student in truth.students]))
        looks = []
        for at, student in enumerate(truth.students):
            presence = _presence(student, seconds, known, settings.identity.forget_after)
            if presence is None:
                continue
            expression = cues = None
            if presence is Presence.SEEN and rng.random() < MISSED:
                presence = Presence.NO_FACE
            if presence is Presence.SEEN:
                probabilities = tuple(found[at].tolist())
                turned = student.cues.head_turn > settings.expression.max_turn
                unsure = max(probabilities) < settings.expression.min_confidence
                usable = not (turned or unsure)
                reason = "turned" if turned else "uncertain" if unsure else None
                expression = Expression(probabilities, usable, reason)
                presence = Presence.SEEN if usable else Presence.NOT_READABLE
                if (number + at) % since_cues == 0:
                    cues = _read_cues(student.cues, float(rest[at]), rng)
            looks.append(StudentLook(student.student, presence, student.tile, expression, cues))
        states, of_class = mood.update(seconds, looks)
        raised = flags.update(seconds, states, of_class)
        mood.freeze([flag.student for flag in raised if flag.cleared is None])
        yield Step(truth, states, of_class, raised, hints.update(seconds, states, of_class))


def _presence(
    student: StudentTruth, seconds: float, known: dict[int, float], forget_after: float
) -> Presence | None:
    """As the product would know it: who left is elsewhere at first, and gone later; None: not met yet."""
    if student.tile is not None:
        known[student.student] = seconds
        return student.presence
    if student.student not in known:
        return None
    return Presence.GONE if seconds - known[student.student] > forget_after else Presence.OTHER_PAGE


def _read_cues(true: Cues, rest: float, rng: np.random.Generator) -> Cues:
    yaw, pitch, eyes, brow = rng.normal(size=4)
    return Cues(
        yaw=max(-90.0, min(90.0, true.yaw + TURN_NOISE * yaw)),
        pitch=max(-90.0, min(90.0, true.pitch + TURN_NOISE * pitch)),
        eyes_closed=min(1.0, max(0.0, true.eyes_closed + EYES_NOISE * eyes)),
        brow_furrow=min(1.0, max(0.0, rest + (1 - rest) * true.brow_furrow + BROW_NOISE * brow)),
    )


# --- With pixels ------------------------------------------------------------------------------------------


class _Painted:
    """The whole pipeline over painted frames, and the score of what only pixels show."""

    def __init__(
        self, source: SyntheticSource, settings: Settings, finder: FaceFinder, model: ExpressionModel
    ) -> None:
        from classroom_monitor.cues import CueReader

        self._source = source
        self._cues = CueReader(settings.faces)
        self._pipeline = Pipeline(settings, finder, model, self._cues)
        self._faces = self._found = self._right_faces = 0
        self._tiles = self._right_states = 0
        self._seats = self._kept = self._another = 0
        self._first: dict[int, int] = {}
        self._cpu, self._frames = 0.0, 0
        #: The student of the script behind each number that the product gave.
        self.owner: dict[int, int] = {}

    def run(self, times: Sequence[float], scorer: _Scorer, progress: Callable[[int, int], None]) -> None:
        """Looks at every frame."""
        waiting = _Markers(self._source.plan)
        try:
            for number, seconds in enumerate(times, 1):
                image = self._source.grab(seconds)
                if image is None:
                    return
                for marker in waiting.until(seconds):
                    self._pipeline.mark(marker)
                begun = time.process_time()
                look = self._pipeline.look(Frame(image, seconds, START + timedelta(seconds=seconds)))
                self._cpu += time.process_time() - begun
                self._frames += 1
                truth = self._source.truth(seconds)
                self._score_faces(truth, look.gallery)
                self._score_students(truth, look.students)
                scorer.add(truth, look.mood, look.flags)
                progress(number, len(times))
        finally:
            self._cues.close()

    def score(self) -> PixelScore:
        """The score so far."""
        return PixelScore(
            recall=_share(self._right_faces, self._faces),
            precision=_share(self._right_faces, self._found),
            tile_state_accuracy=_share(self._right_states, self._tiles),
            id_kept=_share(self._kept, self._seats),
            id_given_to_another=self._another,
            cpu_s_per_frame=self._cpu / max(1, self._frames),
        )

    def _score_faces(self, truth: Truth, gallery: Gallery) -> None:
        open_tiles = [tile for tile in truth.tiles if not _covered(tile.box, truth)]
        live = [tile for tile in open_tiles if tile.state is TileState.FACE]
        true = [face for tile in live for face in (tile.face, tile.beside) if face is not None]
        found = [
            face.box
            for tile in gallery.tiles
            if tile.state is not TileState.PHOTO and not _covered(tile.box, truth)
            for face in tile.faces
        ]
        self._faces += len(true)
        self._found += len(found)
        self._right_faces += len(_pairs(true, found, SAME_FACE))
        where = _pairs([tile.box for tile in open_tiles], [tile.box for tile in gallery.tiles], SAME_TILE)
        self._tiles += len(open_tiles)
        self._right_states += sum(open_tiles[a].state is gallery.tiles[b].state for a, b in where.items())

    def _score_students(self, truth: Truth, states: Iterable[StudentState]) -> None:
        true = [tile for tile in truth.tiles if tile.student is not None and not _covered(tile.box, truth)]
        here = [(state.student, state.tile) for state in states if state.tile is not None]
        where = _pairs([tile.box for tile in true], [box for _, box in here], SAME_TILE)
        self._seats += len(true)
        for a, b in where.items():
            student, given = true[a].student, here[b][0]
            assert student is not None
            if given not in self.owner and student not in self._first:
                self.owner[given], self._first[student] = student, given
            self._kept += self._first.get(student) == given
            self._another += self.owner.setdefault(given, student) != student


def _covered(box: Box, truth: Truth) -> bool:
    return truth.covered is not None and box.overlap(truth.covered) > 0


def _pairs(true: Sequence[Box], found: Sequence[Box], least: float) -> dict[int, int]:
    """One to one, the best overlaps first: index of the true box to index of the found one."""
    overlaps = [
        (iou, a, b)
        for a, one in enumerate(true)
        for b, other in enumerate(found)
        if (iou := one.iou(other)) >= least
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, a, b in sorted(overlaps, key=lambda each: -each[0]):
        if a not in pairs and b not in taken:
            pairs[a] = b
            taken.add(b)
    return pairs


# --- The score --------------------------------------------------------------------------------------------


class _Markers:
    """The script's markers, each handed out once when its time has come."""

    def __init__(self, plan: Plan) -> None:
        self._waiting = sorted(plan.markers, key=lambda marker: marker.seconds)

    def until(self, seconds: float) -> list[Marker]:
        """Those whose time has come since the last call."""
        due = [marker for marker in self._waiting if marker.seconds <= seconds]
        self._waiting = self._waiting[len(due) :]
        return due


@dataclass(slots=True)
class _Scorer:
    """Gathers what the page shows beside what is true."""

    plan: Plan
    settings: Settings
    minutes: float
    _smooth: Numbers | None = None
    _last: float = 0.0
    _rows: list[tuple[float, ClassMood, float]] = field(default_factory=list)
    _flags: dict[int, Flag] = field(default_factory=dict)

    def add(self, true: Truth, mood: ClassMood, flags: Iterable[Flag]) -> None:
        """One look."""
        seconds = true.seconds
        now = np.asarray([student.valence for student in true.students])
        everyone = [self.plan.acting(student.student, seconds) for student in true.students]
        keep = math.exp(-(seconds - self._last) / self.settings.mood.smoothing)
        self._smooth = now if self._smooth is None else keep * self._smooth + (1 - keep) * now
        self._last = seconds
        on = [each.present and each.camera == "on" for each in everyone]
        truth = float(self._smooth[on].mean()) if any(on) else math.nan
        self._rows.append((seconds, mood, truth))
        self._flags |= {flag.number: flag for flag in flags}

    def score(self, frames: int, seed: int, pixels: PixelScore | None, owner: dict[int, int]) -> Score:
        """Everything against the script. owner: the script's student behind each number of the product."""
        said = [
            (mood.valence, mood.low, mood.high, truth)
            for _, mood, truth in self._rows
            if mood.valence is not None and mood.word is not ClassWord.TOO_FEW and not math.isnan(truth)
        ]
        page, low, high, true = np.asarray(said, np.float64).reshape(-1, 4).T
        moving = len(page) > 1 and page.std() > 0 and true.std() > 0
        return Score(
            frames=frames,
            students=self.plan.students,
            minutes=self.minutes,
            script=self.plan.script.name,
            seed=seed,
            pixels=pixels,
            valence_correlation=float(np.corrcoef(page, true)[0, 1]) if moving else None,
            valence_mae=float(np.abs(page - true).mean()) if len(page) else None,
            interval_coverage=float(((low <= true) & (true <= high)).mean()) if len(page) else None,
            delay_median_s=self._delay(pixels.cpu_s_per_frame if pixels else 0.0),
            flags=self._score_flags(owner),
            moments=self._score_moments(),
        )

    def _rounds(self) -> list[float]:
        """Where the rounds of a script that loops begin; once for others."""
        length = 60 * self.minutes
        rounds = math.ceil(length / self.plan.duration) if self.plan.script.loop else 1
        return [number * self.plan.duration for number in range(rounds)]

    def _delay(self, looking: float) -> float | None:
        """Median time from a scripted change until half of it, as shown, stands on the page.

        looking: seconds that a look takes. To that comes the wait for the store to write (with the last look
        of as many as fit into `commit_seconds`), and for the page to ask (half of `refresh` on average).
        """
        begins = self._rounds()
        changes = [(begin + each.seconds, each) for begin in begins for each in self.plan.changes]
        edges = [seconds for seconds, _ in changes] + [math.inf]
        every = 1 / self.settings.capture.rate
        together = max(1, math.ceil(self.settings.store.commit_seconds / every))
        rows = [
            (seconds, seconds + every * (together - 1 - number % together), mood.valence)
            for number, (seconds, mood, _) in enumerate(self._rows)
            if mood.valence is not None
        ]
        found = []
        for at, (seconds, change) in enumerate(changes):
            until = min(edges[at + 1], seconds + LEVEL_AFTER)
            before = [value for time_, _, value in rows if seconds - LEVEL_BEFORE <= time_ <= seconds]
            after = [(written, value) for time_, written, value in rows if seconds < time_ <= until]
            if not before or not after:
                continue
            sign = math.copysign(1, change.after - change.before)
            level = sum(before) / len(before)
            most = max(sign * value for _, value in after)
            half = (most + sign * level) / 2
            if most > half:  # else the page shows nothing of the change
                found.append(next(written for written, value in after if sign * value >= half) - seconds)
        return median(found) + looking + self.settings.dashboard.refresh / 2 if found else None

    def _score_flags(self, owner: dict[int, int]) -> FlagScore:
        length = 60 * self.minutes
        needs = [
            (need.student, need.kind, begin + need.start, begin + need.end)
            for begin in self._rounds()
            for need in self.plan.flags
            if begin + need.start < length
        ]
        raised = [(owner.get(flag.student, flag.student), flag) for flag in self._flags.values()]
        right = late = 0
        for student, kind, start, end in needs:
            times = [
                flag.raised - start
                for who, flag in raised
                if who == student and flag.kind is kind and start <= flag.raised <= end + AFTER
            ]
            if times:
                right += min(times) <= IN_TIME
                late += min(times) > IN_TIME
        false = sum(
            not any(
                who == student and start <= flag.raised <= end + AFTER for student, _, start, end in needs
            )
            for who, flag in raised
        )
        shown = sorted(flag.shown for _, flag in raised if flag.shown is not None)
        most = max((sum(first <= each < first + 600 for each in shown) for first in shown), default=0)
        return FlagScore(len(needs), right, late, false, false / (length / 3600), most)

    def _score_moments(self) -> MomentScore:
        length = 60 * self.minutes
        expected = [
            begin + each for begin in self._rounds() for each in self.plan.moments if begin + each < length
        ]
        frame = pd.DataFrame(
            [
                {"seconds": seconds, "valence": mood.valence, "spread": mood.spread, "word": mood.word.value}
                for seconds, mood, _ in self._rows
            ]
        )
        turns = [turn.seconds for turn in find_turns(frame, self.plan.markers)]
        edges = [begin + each for begin in self._rounds() for each in self._shared_edges()]
        return MomentScore(
            expected=len(expected),
            found=sum(any(abs(turn - each) <= FOUND_WITHIN for turn in turns) for each in expected),
            false=sum(
                not any(abs(turn - each) <= FOUND_WITHIN for each in [*expected, *edges]) for turn in turns
            ),
        )

    def _shared_edges(self) -> list[float]:
        """Starts and ends of every look, or absence, that a good part of the class puts on."""
        edges = []
        for event in self.plan.script.events:
            share = len(event.who.students) / self.plan.students if event.who.students else event.who.share
            if share < SHARED or (event.expression is None and event.camera is None and event.turn is None):
                continue
            start = event.at.of(self.plan.duration)
            edges.append(start)
            if event.length is not None:
                edges.append(start + event.length.of(self.plan.duration))
        return edges


def _share(part: int, of: int) -> float | None:
    return part / of if of else None


def _rounded(values: Any) -> Any:
    """Six digits are more than any of this is good for."""
    if isinstance(values, dict):
        return {key: _rounded(value) for key, value in values.items()}
    return round(values, 6) if isinstance(values, float) else values
