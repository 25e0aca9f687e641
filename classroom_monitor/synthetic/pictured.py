"""The synthetic class with pictures of real faces in the tiles, for measuring (`rehearse --faces FILE.npz`).

The pictures are the user's own data; none is part of the product, and none is written anywhere.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.errors import DataError
from classroom_monitor.records import EXPRESSIONS, Box, FlagKind, Image, Probabilities
from classroom_monitor.synthetic.plan import Acting, ExpectedFlag, default_coordinates
from classroom_monitor.synthetic.script import Script
from classroom_monitor.synthetic.source import SyntheticSource, Truth

#: The columns of FER+'s ten votes that belong to the seven expressions, in the order of EXPRESSIONS.
VOTES: Final = (4, 5, 6, 1, 3, 2, 0)

#: Height of a face picture in heights of the tile, as people sit before their cameras.
HEIGHT: Final = 0.55

#: And how far it sways, in heights of the tile.
SWAY: Final = 0.02

#: A student shows another picture of the same look after so many seconds, of at most so many.
CHANGES: Final = 15.0
PICTURES: Final = 4

#: Pictures look the same up to this squared distance of their shares: a vote or two of ten.
SAME: Final = 0.05

#: Pictures from which those of a student are chosen, where it is not known who is on them.
POOL: Final = 400


@dataclass(frozen=True, slots=True, eq=False)
class FacePictures:
    """Pictures cut to the face, with what they show. images: uint8 [N, H, W, 3]; shows [N, 7]: shares of the
    seven in the votes, or the label; person: number of who it is [N], or None.
    """

    images: NDArray[np.uint8]
    shows: NDArray[np.float64]
    person: NDArray[np.int64] | None

    @property
    def valence(self) -> NDArray[np.float64]:
        """What people see in each, -1..1 [N]."""
        seen: NDArray[np.float64] = self.shows @ np.asarray(default_coordinates())
        return seen


def read_face_pictures(file: Path) -> FacePictures:
    """Reads an .npz with `image`, `label` and perhaps `votes` [N, 10] and `person` [N]. Raises DataError.

    Pictures of which neither the label nor a vote for one of the seven is known are left out.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            given = [name for name in ("image", "label", "votes", "person") if name in stored.files]
            arrays = {name: stored[name] for name in given}
    except FileNotFoundError:
        raise DataError(f"{file}: no such file") from None
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error):
        raise DataError(f"{file.name}: is not a whole .npz file; give one with image and label") from None
    for name in ("image", "label"):
        if name not in arrays:
            raise DataError(f"{file.name}: has no array {name!r}")
    image, label = arrays["image"], arrays["label"]
    if image.dtype != np.uint8 or image.ndim not in (3, 4) or (image.ndim == 4 and image.shape[3] != 3):
        raise DataError(
            f"{file.name}: image is {image.dtype} {list(image.shape)}, needed is uint8 [N, H, W] or "
            "[N, H, W, 3]"
        )
    for name, shape in (("label", (len(image),)), ("votes", (len(image), 10)), ("person", (len(image),))):
        if name in arrays and arrays[name].shape != shape:
            has = list(arrays[name].shape)
            raise DataError(f"{file.name}: {name} has shape {has}, needed is {list(shape)}")
    if label.size and label.max() >= len(EXPRESSIONS):
        raise DataError(f"{file.name}: label {label.max()} is out of range; 0..{len(EXPRESSIONS) - 1}")
    shows = (label[:, np.newaxis] == np.arange(len(EXPRESSIONS))).astype(np.float64)
    if "votes" in arrays:
        votes = arrays["votes"][:, VOTES].astype(np.float64)
        seen = votes.sum(axis=1) > 0
        shows[seen] = votes[seen] / votes[seen].sum(axis=1, keepdims=True)
    known = shows.any(axis=1)
    if not known.any():
        raise DataError(f"{file.name}: of no picture it is known what it shows")
    if image.ndim == 3:
        image = np.repeat(image[..., np.newaxis], 3, axis=3)
    person = arrays["person"][known].astype(np.int64) if "person" in arrays else None
    return FacePictures(image[known], shows[known], person)


class PicturedSource(SyntheticSource):
    """The synthetic class whose students show pictures of faces; what they look like follows the script.

    A student keeps one person where persons are given. The truth is the valence of the picture shown.
    """

    varied = False

    def __init__(self, pictures: FacePictures, script: Script, *told: Any, **more: Any) -> None:
        super().__init__(script, *told, **more)
        self._pictures = pictures
        self._valence = pictures.valence
        rng = np.random.default_rng([self.plan.seed, 0xFACE])
        self._cast = {number: self._choose(rng, number) for number in range(self.plan.students + 1)}
        self._alike: dict[tuple[int, Probabilities], NDArray[np.int64]] = {}
        self.plan.flags = tuple(need for need in self.plan.flags if self._can_be_seen(need))

    def truth(self, seconds: float, *, faces: bool = True) -> Truth:
        """The truth of the picture at that second; each student's valence is that of the face shown."""
        truth = super().truth(seconds, faces=faces)
        students = []
        for each in truth.students:
            act = self.plan.acting(each.student, seconds)
            valence = float(self._valence[self._shown(each.student, act, seconds)])
            students.append(replace(each, valence=valence))
        on = [
            each.valence
            for each in students
            if (act := self.plan.acting(each.student, seconds)).present and act.camera == "on"
        ]
        return replace(truth, students=tuple(students), valence=float(np.mean(on)) if on else None)

    def _choose(self, rng: np.random.Generator, number: int) -> NDArray[np.int64]:
        """Rows of the pictures that a student has."""
        rows = np.arange(len(self._pictures.shows))
        if self._pictures.person is not None:
            people = np.unique(self._pictures.person)
            rows = rows[self._pictures.person == people[number % len(people)]]
            return rng.permutation(rows)
        return rng.permutation(rows)[:POOL]

    def _shown(self, number: int, act: Acting, seconds: float) -> int:
        """The row of the picture that a student shows: one of those nearest to what the script wants."""
        rows = self._alike.get((number, act.expression))
        if rows is None:
            cast = self._cast[number]
            apart = np.square(self._pictures.shows[cast] - np.asarray(act.expression)).sum(axis=1)
            nearest = np.argsort(apart, kind="stable")[:PICTURES]
            rows = cast[nearest[apart[nearest] <= apart[nearest[0]] + SAME]]
            self._alike[number, act.expression] = rows
        return int(rows[int(seconds // CHANGES + number) % len(rows)])

    def _can_be_seen(self, need: ExpectedFlag) -> bool:
        """Whether a picture shows what the script expects: none turns its head when told, and not of everyone
        is there one that looks sad.
        """
        middle = (need.start + need.end) / 2
        act = self.plan.acting(need.student, middle)
        shows = self._pictures.shows[self._shown(need.student, act, middle)]
        return need.kind is FlagKind.LOWER and int(shows.argmax()) == int(np.argmax(act.expression))

    def _place(self, number: int, box: Box, seconds: float) -> Box:
        """Where the face stands in its tile: it sways a little, as nobody sits quite still."""
        view = self._view(number, box)
        side = round(HEIGHT * view.h)
        sway = SWAY * view.h * math.sin(seconds / 3.1 + number)
        nod = SWAY * view.h * math.sin(seconds / 2.3 + 2 * number)
        x, y = (view.w - side) / 2 + sway, (view.h - side) / 2 - 0.05 * view.h + nod
        return Box(view.x + round(x), view.y + round(y), side, side)

    def _film(self, picture: Image, box: Box, number: int, act: Acting, seconds: float) -> Box:
        face = self._pictures.images[self._shown(number, act, seconds)]
        view, place = self._view(number, box), self._place(number, box, seconds)
        view.cut(picture)[:] = self._avatar(number, view.w, view.h).scene
        how = cv2.INTER_AREA if place.h < face.shape[0] else cv2.INTER_CUBIC
        place.cut(picture)[:] = cv2.resize(face, (place.w, place.h), interpolation=how)
        return view

    def _face_box(self, number: int, act: Acting, box: Box, seconds: float) -> Box:
        return self._place(number, box, seconds).clip(self._painter.width, self._painter.height)
