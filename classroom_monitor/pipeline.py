"""The chain from a frame to the flags: gallery, faces, identity, expression, mood.

A pure function of the frames, their times and the slow readings that arrive beside them: no thread, no
clock. The same frames give the same looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from classroom_monitor.cues import CueReader
from classroom_monitor.expression import ExpressionModel
from classroom_monitor.faces import FaceFinder, FaceReader
from classroom_monitor.flags import Flags
from classroom_monitor.gallery import GalleryReader
from classroom_monitor.hints import PaceHints
from classroom_monitor.identity import Identity
from classroom_monitor.mood import Mood
from classroom_monitor.records import (
    Answer,
    Cues,
    Expression,
    Face,
    Frame,
    Image,
    Look,
    Marker,
    Presence,
    StudentLook,
    Tile,
    TileState,
)
from classroom_monitor.settings import Settings

#: What the state of a tile says of the student in it, before the face is scored.
PRESENCE = {
    TileState.FACE: Presence.SEEN,
    TileState.CAMERA_OFF: Presence.CAMERA_OFF,
    TileState.PHOTO: Presence.PHOTO,
    TileState.NO_FACE: Presence.NO_FACE,
    TileState.TOO_SMALL: Presence.TOO_SMALL,
    TileState.NOT_READABLE: Presence.NOT_READABLE,
    TileState.LEFT_OUT: Presence.LEFT_OUT,
}


class Pipeline:
    """Turns frames into looks. The models are handed in, so each can be a fake.

    stage: opened around each stage by its name; `bench` measures with it.
    """

    def __init__(
        self,
        settings: Settings,
        finder: FaceFinder,
        model: ExpressionModel,
        cues: CueReader | None = None,
        stage: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._stage = stage
        self._landmarks_every = settings.faces.landmarks_every
        self._gallery = GalleryReader()
        self._faces = FaceReader(finder, settings.faces)
        self._identity = Identity(settings.identity, settings.names)
        self._model = model
        self._cues = cues
        self._cues_read: dict[int, float] = {}
        self._last_cues = -math.inf
        self._mood = Mood(settings.mood)
        self._flags = Flags(settings.flags)
        self._hints = PaceHints(settings.flags)

    def look(self, frame: Frame) -> Look:
        """One look at one frame. Frames come in the order of their `seconds`."""
        with self._stage("gallery"):
            gallery = self._gallery.read(frame.image)
        with self._stage("identity"):
            left_out = self._identity.left_out_boxes(frame.image, gallery)
        with self._stage("faces"):
            gallery = self._faces.read(frame.image, gallery, left_out)
        with self._stage("identity"):
            students = self._identity.assign(frame.seconds, frame.image, gallery)
        looks = self._students(frame, gallery.tiles, students)
        with self._stage("mood"):
            states, mood = self._mood.update(frame.seconds, looks)
            flags = self._flags.update(frame.seconds, states, mood)
            hint = self._hints.update(frame.seconds, states, mood)
        return Look(frame.seconds, frame.utc, gallery, states, mood, flags, hint)

    def mark(self, marker: Marker) -> None:
        """The teacher set a marker, which changes what counts as worth a glance."""
        self._flags.mark(marker)
        self._hints.mark(marker)

    def answer(self, number: int, answer: Answer, seconds: float) -> None:
        """The teacher answered the flag of that number."""
        self._flags.answer(number, answer, seconds)

    def leave_out(self, student: int, out: bool) -> None:
        """From the next look on that student's tile is not cropped, or is again."""
        self._identity.leave_out(student, out)

    def expect_own(self, point: tuple[float, float] | None, label: str) -> None:
        """Before the first look: where the teacher's own tile is (shares of the picture), or its name."""
        self._identity.expect_own(point, label)

    def own(self, student: int) -> None:
        """That tile is the teacher's: left out from the next look on."""
        self._identity.own(student)

    @property
    def own_name(self) -> str:
        """The name on the teacher's own tile; empty while it is not known."""
        return self._identity.own_name

    def merge(self, student: int, into: int) -> None:
        """The teacher said that two students are one: the second number goes on."""
        self._identity.merge(student, into)

    def split(self, student: int) -> None:
        """The teacher took a merge back."""
        self._identity.split(student)

    def name(self, student: int, name: str) -> None:
        """A name was read behind, or corrected by the teacher."""
        self._identity.name(student, name)

    def labels(self) -> dict[int, Image]:
        """The label pictures of all students, for a reader that runs behind."""
        found = ((student, self._identity.label(student)) for student in self._identity.students)
        return {student: label for student, label in found if label is not None}

    def renamed(self) -> frozenset[int]:
        """The students whose label says something else since the last call, and must be read again."""
        return self._identity.renamed()

    def _students(
        self, frame: Frame, tiles: Sequence[Tile], students: Sequence[int | None]
    ) -> tuple[StudentLook, ...]:
        here = {student: tile for student, tile in zip(students, tiles, strict=True) if student is not None}
        faces = {s: _largest(tile) for s, tile in here.items() if tile.state is TileState.FACE and tile.faces}
        with self._stage("expression"):
            scored = dict(zip(faces, self._model.score(frame.image, list(faces.values())), strict=True))
        with self._stage("landmarks"):
            cues = self._read_cues(frame, faces, scored)
        gone = self._identity.gone(frame.seconds)
        looks = []
        for student in self._identity.students:
            tile = here.get(student)
            expression = scored.get(student)
            if student in self._identity.left_out:
                looks.append(StudentLook(student, Presence.LEFT_OUT, tile.box if tile else None))
            elif tile is None:
                looks.append(StudentLook(student, Presence.GONE if student in gone else Presence.OTHER_PAGE))
            else:
                presence = PRESENCE[tile.state]
                if expression is not None and not expression.usable:
                    presence = (
                        Presence.TOO_SMALL if expression.reason == "too_small" else Presence.NOT_READABLE
                    )
                looks.append(StudentLook(student, presence, tile.box, expression, cues.get(student)))
        return tuple(looks)

    def _read_cues(
        self, frame: Frame, faces: dict[int, Face], scored: dict[int, Expression]
    ) -> dict[int, Cues]:
        """Landmarks cost six detections: a share of the faces at each look, the longest unread first."""
        if self._cues is None:
            return {}
        passed, self._last_cues = frame.seconds - self._last_cues, frame.seconds
        quota = math.ceil(len(faces) * min(1.0, max(0.0, passed) / self._landmarks_every))
        longest_unread = sorted(faces, key=lambda student: self._cues_read.get(student, -math.inf))
        found: dict[int, Cues] = {}
        for student in longest_unread[:quota]:
            self._cues_read[student] = frame.seconds
            if scored[student].reason == "too_small":
                continue
            cues = self._cues.read(frame.image, faces[student])
            if cues is not None:
                found[student] = cues
        return found


def _largest(tile: Tile) -> Face:
    """Two people in a tile are two faces; the nearer one is taken for the student."""
    return max(tile.faces, key=lambda face: face.box.area)
