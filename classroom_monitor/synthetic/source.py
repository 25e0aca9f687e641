"""The synthetic class as a source of frames, with the truth of every frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from classroom_monitor.errors import SourceError
from classroom_monitor.records import Box, Cues, Image, Presence, Probabilities, SourceSpec, TileState
from classroom_monitor.synthetic.avatar import Avatar, Pose, appearance
from classroom_monitor.synthetic.cache import Cache
from classroom_monitor.synthetic.painting import Face, Painter
from classroom_monitor.synthetic.plan import PER_PAGE, Acting, Plan
from classroom_monitor.synthetic.script import Script, read_script

#: Names nobody in particular bears, as varied as a real class; every sign is in the font. The first row goes
#: to students drawn with the usual signs of women, the second with those of men.
NAMES: Final = (
    (
        "Amira", "Zoë", "Priya", "Hana", "Elif", "Nia", "Ingrid", "Светлана", "Maëlle", "Yuki", "Lucía",
        "Fatou", "Noor (she/her)", "Ayşe", "Mei-Lin", "Salma", "Ioana", "Sóley", "Людмила", "Beatriz",
        "Anne-Sophie", "小雨", "Wambui", "Gŵen", "Leilani", "さくら", "Octavia", "Imani",
        "Maximiliana Alexandrine", "Freya", "Paloma", "Çağla", "Neha", "Thảo", "Agnieszka", "Ximena",
        "Adaeze", "Sigríður",
    ),
    (
        "Jonas", "Mateus", "Łukasz", "Kofi", "Søren", "Tomáš", "Álvaro", "Omar", "Bá Nhân", "Chidi", "Ravi",
        "민준", "Andrei", "Konstantinos", "Pádraig", "Dušan", "Theo (he/him)", "Kwame", "Hugo", "Farid",
        "Tariq", "Emil", "Bogdan", "Rúben", "Kaito", "Idris", "Viktor", "Matthias", "Юрий", "Björn",
        "Nikhil", "Étienne", "大輔", "Olumide", "Giōrgos", "Ferenc", "Jean-Baptiste Olivier", "Yiğit",
    ),
)  # fmt: skip
#: How students may sit that is special, and where faces are then drawn off their place, in units of the head.
SITS: Final = ("upright", "pair", "low", "aside")
ASIDE: Final = {"low": (0.0, 0.7), "aside": (-2.2, 0.0)}
#: Width by height of a phone's upright picture.
UPRIGHT: Final = 9 / 16
#: Who sits beside a student looks like the student of a number so much higher.
BESIDE: Final = 10_000
#: Bytes of pictures and surfaces kept: enough for a page of 49 at 1920x1080.
_MEMORY: Final = 112 << 20


@dataclass(frozen=True, slots=True)
class StudentTruth:
    """The truth of one student in one frame.

    tile: the slot in the frame, None where the frame does not show it (gone, or on another page).
    face: chin to hairline, in pixels of the frame, where a live face is drawn. speaking is not a cue.
    """

    student: int
    name: str
    presence: Presence
    tile: Box | None
    state: TileState | None
    face: Box | None
    expression: Probabilities
    valence: float
    cues: Cues


@dataclass(frozen=True, slots=True)
class TileTruth:
    """The truth of one tile: its slot, state, name and student (None: the teacher's own).

    beside: the face of somebody who sits next to the student.
    """

    box: Box
    state: TileState
    name: str
    student: int | None
    face: Box | None
    beside: Box | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one frame. tiles: in reading order. valence: mean over the students with cameras on,
    whatever page they are on; None when there is none. covered: the box of a pop-up. strip: slides are
    shown and the gallery is a strip above them.
    """

    seconds: float
    width: int
    height: int
    students: tuple[StudentTruth, ...]
    tiles: tuple[TileTruth, ...]
    valence: float | None
    page: int
    pages: int
    strip: bool
    covered: Box | None


@dataclass(frozen=True, slots=True)
class _Seat:
    """What is fixed about a student in the picture."""

    name: str
    muted: bool
    off_kind: int
    aspect: float  # width over height of the camera's picture
    sits: str  # "", or what is special: "upright", "pair", "low", "aside"
    blink: float  # seconds between blinks
    phase: float


@dataclass(frozen=True, slots=True)
class _Stage:
    """What one frame is going to show."""

    slots: tuple[Box, ...]
    shown: tuple[int, ...]
    page: int
    pages: int
    strip: bool


class SyntheticSource:
    """A drawn class in a drawn call. The same script, students, seed and second give the same picture.

    students and minutes override the script's; a script that loops goes on for ever unless minutes are given.
    theme overrides the script's look. quality: of a JPEG the picture passes through, as a video would (None:
    as painted). Raises ScriptError for values out of range.
    """

    #: Whether students can sit in special ways; pictures of faces cannot.
    varied = True

    def __init__(
        self,
        script: Script,
        students: int | None = None,
        seed: int = 1,
        minutes: float | None = None,
        *,
        width: int = 1920,
        height: int = 1080,
        theme: str | None = None,
        quality: int | None = None,
    ) -> None:
        if width < 320 or height < 180:
            raise SourceError(f"a synthetic class of {width}x{height} pixels is too small; at least 320x180")
        self.plan = Plan(script, students, seed, minutes)
        self.description = f"synthetic class of {self.plan.students} ({script.name})"
        self._cache = Cache(_MEMORY)
        self._painter = Painter(theme or script.theme, width, height, self._cache, script.panel)
        self._quality = 72 if quality is None and self._painter.theme.chrome == "player" else quality
        self._avatars: dict[tuple[int, int, int], Avatar] = {}
        self._seats = self._seat()
        self._noise = _noise(seed, script.noise)
        # Where noise is strong there is little light, as in real rooms.
        self._light = 1.0 - 0.45 * min(1.0, max(0.0, (script.noise - 5) / 12))

    def grab(self, seconds: float) -> Image | None:
        """The picture at a second, uint8 RGB [height, width, 3]; None once the class is over."""
        if seconds < 0:
            raise ValueError(f"seconds must not be negative, got {seconds}")
        if self.plan.ended(seconds):
            return None
        return self._paint(seconds)

    def truth(self, seconds: float, *, faces: bool = True) -> Truth:
        """The truth of the picture at that second, without painting it. faces: False leaves out the boxes of
        the faces, which need their drawing laid out.
        """
        stage = self._stage(seconds)
        where = dict(zip(stage.shown, stage.slots, strict=True))
        students, boxes = [], {}
        for number in range(1, self.plan.students + 1):
            act = self.plan.acting(number, seconds)
            tile = where.get(number)
            face = (
                self._face_box(number, act, tile, seconds)
                if faces and tile is not None and act.camera == "on"
                else None
            )
            boxes[number] = face
            students.append(
                StudentTruth(
                    student=number,
                    name=self._name(number, seconds),
                    presence=_presence(act, tile is not None),
                    tile=tile,
                    state=act.state if tile is not None else None,
                    face=face,
                    expression=act.expression,
                    valence=act.valence,
                    cues=act.cues,
                )
            )
        tiles = tuple(
            TileTruth(
                box=box,
                state=TileState.FACE if number == 0 else self.plan.acting(number, seconds).state,
                name=self._name(number, seconds),
                student=number or None,
                face=(
                    boxes[number]
                    if number
                    else self._face_box(0, self._teacher(), box, seconds)
                    if faces
                    else None
                ),
                beside=self._beside(number, box, seconds) if boxes.get(number) else None,
            )
            for number, box in zip(stage.shown, stage.slots, strict=True)
        )
        popup = self.plan.popup(seconds)
        return Truth(
            seconds=seconds,
            width=self._painter.width,
            height=self._painter.height,
            students=tuple(students),
            tiles=tiles,
            valence=self.plan.valence(seconds),
            page=stage.page,
            pages=stage.pages,
            strip=stage.strip,
            covered=self._painter.popup_box() if popup else None,
        )

    def close(self) -> None:
        """Forgets what was kept for painting."""
        self._cache = Cache(_MEMORY)
        self._avatars.clear()

    @property
    def memory(self) -> int:
        """Bytes of pictures and surfaces kept for painting."""
        return self._cache.size

    # Who sits where

    def _seat(self) -> dict[int, _Seat]:
        rng = np.random.default_rng([self.plan.seed, 0x5EA7])
        rows = [[row[i] for i in rng.permutation(len(row))] for row in NAMES]
        given = [0, 0]
        seats = {0: _Seat("You", False, 0, 16 / 9, "", 4.0, 0.0)}
        variety = np.random.default_rng([self.plan.seed, 0x5175])
        for number in range(1, self.plan.students + 1):
            which = 0 if appearance(self.plan.seed, number).feminine else 1
            again, at = divmod(given[which], len(rows[which]))
            given[which] += 1
            name = rows[which][at]
            special = self.varied and bool(variety.random() < self.plan.script.variety)
            sits = str(variety.choice(SITS)) if special else ""
            muted, off_kind = bool(rng.random() < 0.8), int(rng.choice(5, p=(0.35, 0.25, 0.25, 0.1, 0.05)))
            aspect = float(rng.choice((16 / 9, 4 / 3), p=(0.88, 0.12)))
            seats[number] = _Seat(
                name=f"{name} {chr(65 + again)}." if again else name,
                muted=muted,
                off_kind=off_kind,
                aspect=UPRIGHT if sits == "upright" else aspect,
                sits=sits,
                blink=float(rng.uniform(2.8, 5.5)),
                phase=float(rng.uniform(0, 100)),
            )
        return seats

    def _name(self, number: int, seconds: float) -> str:
        return (self.plan.renamed(number, seconds) if number else None) or self._seats[number].name

    def _stage(self, seconds: float) -> _Stage:
        order = self.plan.order(seconds)
        script = self.plan.script
        if self.plan.shared(seconds):
            slots = self._painter.strip(len(order))
            return _Stage(
                slots, order[: len(slots)], 1, max(1, math.ceil(len(order) / max(1, len(slots)))), True
            )
        per_page = min(self.plan.per_page, PER_PAGE)
        pages = max(1, math.ceil(len(order) / per_page))
        page = min(self.plan.page(seconds), pages)
        here = order[(page - 1) * per_page : page * per_page]
        columns = script.columns
        if pages > 1 and not columns:
            # A short last page keeps the size of the others, as calls do.
            columns = len({box.x for box in self._painter.slots(per_page, 0)[: max(1, per_page)]})
        slots = self._painter.slots(len(here), columns)
        return _Stage(slots, here, page, pages, False)

    def _teacher(self) -> Acting:
        calm = (0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.75)
        return Acting(True, "on", calm, 0.0, 4.0, 0.0, 0.0, 0.0)

    # Painting

    def _paint(self, seconds: float) -> Image:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            return self._paint_all(seconds)
        finally:
            cv2.setNumThreads(threads)

    def _paint_all(self, seconds: float) -> Image:
        painter = self._painter
        stage = self._stage(seconds)
        picture = painter.canvas(seconds, stage.pages, stage.page)
        if stage.strip and stage.slots:
            painter.slides(picture, stage.slots[0].bottom, int(seconds // 75))
        speaker = self._speaker(seconds, stage)
        for number, box in zip(stage.shown, stage.slots, strict=True):
            seat, name = self._seats[number], self._name(number, seconds)
            act = self.plan.acting(number, seconds) if number else self._teacher()
            if act.camera == "off":
                painter.off(picture, box, name, seat.off_kind)
            elif act.camera == "photo":
                self._photo(picture, box, number)
            else:
                self._video(picture, box, number, act, seconds)
            sign = self._sign(number, seconds)
            painter.finish(
                picture,
                box,
                Face(
                    name,
                    seat.muted and number != speaker,
                    number == speaker,
                    sign == 1,
                    max(0, sign - 1),
                ),
            )
        if stage.pages > 1 and not stage.strip:
            painter.arrows(picture, stage.page, stage.pages)
        popup = self.plan.popup(seconds)
        if popup:
            painter.popup(picture, popup)
        painter.player(picture, min(1.0, seconds / self.plan.duration))
        if self._quality is not None:
            _, coded = cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, self._quality))
            picture = np.ascontiguousarray(
                np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
            )
        return picture

    def _avatar(self, number: int, width: int, height: int) -> Avatar:
        key = (number, width, height)
        found = self._avatars.get(key)
        if found is None:
            found = Avatar(appearance(self.plan.seed, number), width, height, self._cache)
            self._avatars[key] = found
        return found

    def _view(self, number: int, box: Box) -> Box:
        """Where the student's part of the camera's picture stands in the slot."""
        seat = self._seats[number]
        width = min(box.w, round(box.h * seat.aspect))
        left = box.x + (box.w - width) // 2
        return Box(left, box.y, width // 2 if seat.sits == "pair" else width, box.h)

    def _other_view(self, number: int, box: Box) -> Box:
        """Where somebody beside the student stands."""
        view = self._view(number, box)
        return view.shift(view.w, 0)

    def _video(self, picture: Image, box: Box, number: int, act: Acting, seconds: float) -> None:
        if self._view(number, box).w < box.w:
            box.cut(picture)[:] = self._painter.theme.fill
        view = self._film(picture, box, number, act, seconds)
        spot = view.cut(picture)
        if self._light < 1:
            spot[:] = cv2.convertScaleAbs(spot, alpha=self._light)
        side = self._noise.shape[0]
        at = int(seconds * 25) * 7919 + number * 104729
        y, x = (at // 613) % max(1, side - view.h), at % max(1, side - view.w)
        grain = self._noise[y : y + view.h, x : x + view.w]
        if grain.shape == spot.shape:
            spot[:] = cv2.add(spot, grain, dtype=cv2.CV_8U)

    def _film(self, picture: Image, box: Box, number: int, act: Acting, seconds: float) -> Box:
        """What stands before the camera, still without its grain; where in the picture that is."""
        view = self._view(number, box)
        self._avatar(number, view.w, view.h).paint(self._pose(number, act, seconds), view.cut(picture))
        if self._seats[number].sits != "pair":
            return view
        other = self._other_view(number, box)
        self._avatar(number + BESIDE, other.w, other.h).paint(self._calm(number, seconds), other.cut(picture))
        return Box(view.x, view.y, 2 * view.w, view.h)

    def _photo(self, picture: Image, box: Box, number: int) -> None:
        """A still, square profile picture."""
        side = round(box.h * (0.5, 0.62, 1.0)[number % 3])
        box.cut(picture)[:] = self._painter.theme.fill
        at = Box(box.x + (box.w - side) // 2, box.y + (box.h - side) // 2, side, side)
        wide = np.empty((side, side, 3), np.uint8)
        smile = (0.0, 0.0, 0.0, 0.8, 0.0, 0.0, 0.2)
        self._avatar(number, side, side).paint(Pose(smile, yaw=6.0), wide)
        at.cut(picture)[:] = wide

    def _pose(self, number: int, act: Acting, seconds: float) -> Pose:
        seat = self._seats[number]
        t = seconds + seat.phase
        since = t % seat.blink
        closed = 1.0 if since < 0.16 else act.eyes
        return Pose(
            expression=act.expression,
            yaw=act.yaw,
            pitch=act.pitch,
            closed=max(act.eyes, closed),
            brow=act.brow,
            dx=ASIDE.get(seat.sits, (0, 0))[0] + 0.035 * math.sin(t / 3.1) + 0.02 * math.sin(t / 1.27),
            dy=ASIDE.get(seat.sits, (0, 0))[1] + 0.022 * math.sin(t / 2.3 + 1) + 0.012 * math.sin(t / 0.9),
            roll=1.6 * math.sin(t / 4.3 + 2),
            size=1 + 0.012 * math.sin(t / 6.1),
        )

    def _face_box(self, number: int, act: Acting, box: Box, seconds: float) -> Box:
        view = self._view(number, box)
        face = self._avatar(number, view.w, view.h).face_box(self._pose(number, act, seconds))
        return _within(face.shift(view.x, view.y), view)

    def _calm(self, number: int, seconds: float) -> Pose:
        """Somebody beside a student, who only listens."""
        t = seconds + 1.7 * self._seats[number].phase
        return Pose((0.0, 0.0, 0.0, 0.2, 0.0, 0.0, 0.8), yaw=6.0, dx=0.03 * math.sin(t / 3.7))

    def _beside(self, number: int, box: Box, seconds: float) -> Box | None:
        if self._seats[number].sits != "pair":
            return None
        view = self._other_view(number, box)
        face = self._avatar(number + BESIDE, view.w, view.h).face_box(self._calm(number, seconds))
        return _within(face.shift(view.x, view.y), view)

    def _speaker(self, seconds: float, stage: _Stage) -> int:
        on = [n for n in stage.shown if n == 0 or self.plan.acting(n, seconds).camera == "on"]
        if not on:
            return -1
        turn = int(seconds // 11)
        return on[(turn * 7919 + self.plan.seed) % len(on)]

    def _sign(self, number: int, seconds: float) -> int:
        """0 nothing, 1 a raised hand, 2 and 3 reactions: now and then, for some seconds."""
        if number == 0:
            return 0
        slot = int((seconds + self._seats[number].phase) // 9)
        mixed = (slot * 2654435761 + number * 40503 + self.plan.seed * 69069) & 0xFFFFFFFF
        draw = ((mixed ^ (mixed >> 15)) * 2246822519 & 0xFFFFFFFF) / 2**32
        return 1 if draw < 0.012 else 2 if draw < 0.022 else 3 if draw < 0.032 else 0


def _within(box: Box, view: Box) -> Box:
    """The part of a box inside another."""
    inside = box.shift(-view.x, -view.y).clip(view.w, view.h)
    return inside.shift(view.x, view.y)


def _presence(act: Acting, visible: bool) -> Presence:
    if not act.present:
        return Presence.GONE
    if not visible:
        return Presence.OTHER_PAGE
    return {"on": Presence.SEEN, "off": Presence.CAMERA_OFF, "photo": Presence.PHOTO}[act.camera]


def _noise(seed: int, deviation: float) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    """A sheet of camera noise to cut from, a little softened as video coding does."""
    rng = np.random.default_rng([seed, 0x4015])
    sheet = rng.normal(0, 1, (1400, 2000, 1)).astype(np.float32)
    sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 0.7))[..., None]
    sheet *= deviation / max(float(sheet.std()), 1e-6)
    return np.repeat(np.clip(np.round(sheet), -127, 127).astype(np.int8), 3, 2)


def from_spec(spec: SourceSpec) -> SyntheticSource:
    """The synthetic class a source specification asks for; the script is `demo` where none is named.

    Raises ScriptError.
    """
    return SyntheticSource(read_script(spec.script or "demo"), spec.students, spec.seed, spec.minutes)
