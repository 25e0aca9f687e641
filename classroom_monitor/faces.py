"""The face finder, and the face reader that puts the faces into the tiles of a gallery.

One detection per tile at full resolution, never on the whole frame: a detector made for selfies finds
1 % of the faces of a gallery there. A face once found is looked for where it was, four faces in one
detection, and its whole tile only every few looks. Outside the tiles, overlapping crops are swept. Tiles
that are left out are never cropped.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol

import cv2
import numpy as np

from classroom_monitor import models
from classroom_monitor.gallery.states import DISC, is_disc
from classroom_monitor.records import Box, Face, Gallery, Image, Tile, TileState
from classroom_monitor.settings import FacesSettings

#: BlazeFace's square reaches from above the brows to the chin; hairline to chin is so many of its heights,
#: with the centre so far from its top (median over the real galleries, against the mesh of the landmarker).
FACE_HEIGHT, FACE_CENTRE = 1.22, 0.40

#: Candidates below this are not even reported by the detector.
LEAST_SCORE = 0.3

#: A larger crop is reduced to this height first, by averaging: the detector samples at 128 px without (on the
#: real galleries one false face fewer and two faces more than unreduced).
CROP_HEIGHT = 108

#: Tangent of the head's turn by how far the nose is from between the ears, in half ear distances (fitted to
#: the landmarker's turn on the real galleries, for turns over 25 degrees).
NOSE = 0.6

#: Faces are compared for sharpness at this side.
SHARPNESS_SIDE = 48


class FaceFinder(Protocol):
    """Finds faces in a crop of a few face heights, such as one tile."""

    def find(self, image: Image) -> tuple[Face, ...]:
        """Faces in a picture uint8 RGB [H, W, 3], in its pixels; box, confidence, key points filled."""
        ...

    def close(self) -> None:
        """Frees the model."""
        ...


class MediaPipeFaceFinder:
    """BlazeFace, short range, through MediaPipe Tasks in IMAGE mode."""

    def __init__(self, settings: FacesSettings) -> None:
        """Loads the model.

        Raises:
            ModelError: the model is not installed, or was altered.
        """
        model = models.face_detector()
        with quiet():
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision

            self._mediapipe = mediapipe
            options = vision.FaceDetectorOptions(
                base_options=BaseOptions(model_asset_buffer=model),
                min_detection_confidence=min(LEAST_SCORE, settings.confidence),
            )
            self._task = vision.FaceDetector.create_from_options(options)
            self.find(np.zeros((64, 64, 3), np.uint8))  # its first run writes to stderr, too

    def find(self, image: Image) -> tuple[Face, ...]:
        """Faces in a picture uint8 RGB [H, W, 3], in its pixels, best first; may reach over its border."""
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return ()
        pixels = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )
        found = []
        for each in self._task.detect(pixels).detections:
            box = each.bounding_box
            side = round(FACE_HEIGHT * box.height)
            centre_x = box.origin_x + box.width / 2
            centre_y = box.origin_y + FACE_CENTRE * box.height
            points = tuple((p.x * width, p.y * height) for p in each.keypoints)
            place = Box(round(centre_x - side / 2), round(centre_y - side / 2), side, side)
            found.append(Face(place, float(each.categories[0].score), points))
        return tuple(sorted(found, key=lambda face: -face.confidence))

    def close(self) -> None:
        """Frees the model; needed, since MediaPipe fails noisily when it is freed at exit."""
        self._task.close()

    def __enter__(self) -> MediaPipeFaceFinder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class GivenFaces:
    """The fake finder: gives the same faces for every crop, where they lie inside it."""

    def __init__(self, *faces: Face) -> None:
        self.faces = faces
        #: Height and width of every crop it was asked about.
        self.asked: list[tuple[int, int]] = []

    def find(self, image: Image) -> tuple[Face, ...]:
        """The given faces whose centre lies in a crop of that size."""
        height, width = image.shape[:2]
        self.asked.append((height, width))
        crop = Box(0, 0, width, height)
        return tuple(face for face in self.faces if crop.holds(*_centre(face.box)))

    def close(self) -> None:
        """Nothing to free."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what native code writes to standard error, as MediaPipe does on loading, from the user."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  (a device, not a path)
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


#: A face found only at a second look: the scores of the ways that agree on it sum to so much.
AGREED = 1.0

#: Mean level below which a tile is worth a brightened look.
DARK = 90

#: A face outside the tiles must score so much, twice: in a swept crop and in one around it. Beside a grid
#: there are few to find (a speaker, large and clear) and much to mistake.
ALONE_SCORE, BESIDE_SCORE = 0.6, 0.7

#: A face so small against the largest in its tile is somebody passing by or a picture on the wall.
BESIDE = 0.4

#: A face beside another counts when it is so sure, or found again from closer with this IoU. Drawn shelves
#: gave second faces of .5 to .7; of 25 such one is found again.
SURE_BESIDE, SAME_BESIDE = 0.8, 0.5

#: Second looks at tiles, and swept crops beside a grid and without one, in one frame of a known layout.
SECOND_LOOKS, SWEPT_BESIDE, SWEPT_ALONE = 2, 4, 12

#: A tile without a face is looked into by crops of a half, a quarter … of its height, down to so many times
#: the least side of a face: the detector sees a tile at 128 px, of which a face far from the camera has few.
#: A crop must show so much more than the whole tile.
CLOSER, CLOSER_SHARE = 5.0, 0.7

#: How far such crops lie apart, in their sides, and how many are looked at in a frame of a known layout.
CLOSER_STEP, CLOSER_CROPS = 0.7, 8

#: A face in such a crop must score so much, twice: in 131 real tiles one thing that is none does.
CLOSER_SCORE = 0.65

#: Standard deviation of levels in a crop below which there is nothing in it.
PLAIN = 4.0

#: Sides of the swept crops in pixels of a picture of at most SWEEP_SIDE: faces of 15 to 570 px.
SWEEP_SIDE = 1600
SWEEP_CROPS = (120, 200, 340, 570, 950)

#: Known faces are looked for on a sheet of so many pixels (twice what the detector sees: it tells places in
#: whole pixels of what it is given), so many crops abreast, each of so many face heights: 98 of 100 faces of
#: the real galleries are found again, in the same boxes.
SHEET, ABREAST, CLOSE = 256, 2, 2.0

#: A face that moved by more of its height since the last look is looked for in its whole tile.
MOVED = 0.35

#: The whole tile is looked at every so many looks: somebody may have sat down beside.
WHOLE_EVERY = 8

#: Which parts of a picture tiles take is noted in squares of so many pixels.
COARSE = 8

#: A round portrait in a list is looked for in a square of so many face heights.
PORTRAIT = 3.2

#: A face outside the grid is at least so large against those inside: portraits in lists are not.
OUTSIDE_SIZE = 0.6

#: A tile is odd among the others when it is so many times as large or as small.
ODD = 2.0

#: Share of camera-off tiles from which a call needs no face to be one.
ALL_OFF = 0.8

#: Mean difference in levels of two tiny copies of frames from which the scene is another one.
ANOTHER_SCENE = 12.0


class FaceReader:
    """Fills the tiles of the galleries of one source with faces, frame after frame."""

    def __init__(self, finder: FaceFinder, settings: FacesSettings) -> None:
        self._finder = finder
        self._settings = settings
        self._slots: frozenset[Box] = frozenset()
        self._shown: frozenset[Box] | None = None
        self._scene: Image | None = None
        self._outside: list[Face] = []
        self._turn = 0
        self._helped: set[Box] = set()
        self._crops: list[Box] = []
        self._known: dict[Box, Box] = {}
        self._faced: set[Box] = set()
        self._far: dict[Box, Box] = {}

    def read(self, image: Image, gallery: Gallery, left_out: Collection[Box] = ()) -> Gallery:
        """The gallery with faces and the states that follow from them.

        Args:
            image: the frame, uint8 RGB [H, W, 3].
            gallery: its tiles.
            left_out: boxes of tiles that are left out: these pixels are blanked before anything is cropped.

        Returns:
            The same tiles, then one tile for each face that stands outside all of them (its box the face's).
        """
        if left_out:
            image = image.copy()
            for box in left_out:
                box.clip(image.shape[1], image.shape[0]).cut(image)[...] = 0
        anew = self._is_new(image, gallery)
        again = self._find_again(image, gallery, left_out)
        tiles = [self._tile(image, tile, left_out, again.get(tile.box)) for tile in gallery.tiles]
        self._known = {tile.box: tile.faces[0].box for tile in tiles if len(tile.faces) == 1}
        slots = self._second_looks(image, tiles, len(tiles) if anew else SECOND_LOOKS)
        tiles = self._without_slides(slots)
        slides = [tile for tile in slots if tile not in tiles]
        tiles = self._closer_looks(image, tiles, anew)
        if not self._believed(tiles):
            tiles, slides, gallery = [], [], Gallery((), False)
        sizes = [face.side for tile in tiles for face in tile.faces]
        least = OUTSIDE_SIZE * float(np.median(sizes)) if sizes else 0.0
        self._outside = self._find_outside(image, tiles, anew, least)
        tiles += self._speakers(slides)
        tiles += [
            Tile(face.box, self._state(TileState.FACE, (face,)), (face,))
            for face in sorted(self._outside, key=lambda face: (face.box.y, face.box.x))
        ]
        return Gallery(tuple(tiles), gallery.grid)

    def _is_new(self, image: Image, gallery: Gallery) -> bool:
        """Whether the layout, or without one the scene, is another than last time."""
        slots = frozenset(tile.box for tile in gallery.tiles)
        scene = cv2.resize(
            image[:: max(1, image.shape[0] // 144), :: max(1, image.shape[1] // 256)],
            (32, 18),
            interpolation=cv2.INTER_AREA,
        )
        last, self._scene = self._scene, scene
        changed = last is None or slots != self._slots
        if not changed and last is not None and not slots:
            changed = float(cv2.absdiff(scene, last).mean()) > ANOTHER_SCENE
        if changed:
            self._outside, self._helped, self._turn = [], set(), 0
            self._known, self._faced, self._far = {}, set(), {}
        self._slots = slots
        return changed

    def _without_slides(self, tiles: list[Tile]) -> list[Tile]:
        """Leaves out tiles of quite another size that never showed a face: slides, not speakers."""
        self._faced |= {tile.box for tile in tiles if tile.faces or tile.state is TileState.LEFT_OUT}
        faced = [tile.box.area for tile in tiles if tile.box in self._faced]
        if faced:  # a slide may be cut into more fields than there are students
            most = ODD * float(np.median(faced))
            tiles = [tile for tile in tiles if tile.box in self._faced or tile.box.area < most]
        usual = float(np.median([tile.box.area for tile in tiles])) if tiles else 0.0
        return [tile for tile in tiles if tile.box in self._faced or 1 / ODD < tile.box.area / usual < ODD]

    def _speakers(self, slides: list[Tile]) -> list[Tile]:
        """Those taken for slides in which faces were found after all: speakers far from the camera."""
        speakers = []
        for tile in slides:
            faces = tuple(face for face in self._outside if tile.box.holds(*_centre(face.box)))
            if faces and tile.state is TileState.NO_FACE:
                speakers.append(replace(tile, faces=faces, state=self._state(tile.state, faces)))
                self._outside = [face for face in self._outside if face not in faces]
                self._faced.add(tile.box)
                self._far[tile.box] = faces[0].box
        return speakers

    def _believed(self, tiles: list[Tile]) -> bool:
        """Whether the tiles can be a call: one has shown a face, or nearly all cameras are off.

        A page of film stills, or a calendar, has equal fields, too.
        """
        if any(tile.faces or tile.state is TileState.LEFT_OUT for tile in tiles):
            self._shown = self._slots
        off = sum(tile.state is TileState.CAMERA_OFF for tile in tiles)
        return self._shown == self._slots or off >= ALL_OFF * max(1, len(tiles))

    def _find_again(self, image: Image, gallery: Gallery, left_out: Collection[Box]) -> dict[Box, Face]:
        """The faces that are about where they were, by tile; several are looked for in one detection."""
        due = [
            tile.box
            for number, tile in enumerate(gallery.tiles)
            if tile.box in self._known
            and tile.box not in left_out
            and tile.state is not TileState.CAMERA_OFF
            and (number + self._turn) % WHOLE_EVERY
        ]
        found: dict[Box, Face] = {}
        for begin in range(0, len(due), ABREAST**2):
            slots = due[begin : begin + ABREAST**2]
            if len(slots) == 1:
                break  # one alone is as well looked for in its whole tile
            places = [around(self._known[slot], CLOSE) for slot in slots]
            for at, face in self._look_abreast(image, places):
                x, y = _centre(face.box)
                last_x, last_y = _centre(self._known[slots[at]])
                if max(abs(x - last_x), abs(y - last_y)) <= MOVED * face.side and slots[at].holds(x, y):
                    found.setdefault(slots[at], face)
        return found

    def _look_abreast(self, image: Image, places: Sequence[Box]) -> Iterator[tuple[int, Face]]:
        """Faces in several squares of the frame at once, best first: which square, and the face."""
        cell = SHEET // ABREAST
        sheet = np.zeros((SHEET, SHEET, 3), np.uint8)
        for number, place in enumerate(places):
            row, column = divmod(number, ABREAST)
            sheet[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = _square(
                image, place, cell
            )
        for face in self._finder.find(sheet):
            x, y = _centre(face.box)
            row, column = int(y // cell), int(x // cell)
            number = row * ABREAST + column
            if face.confidence < self._settings.confidence or number >= len(places) or column >= ABREAST:
                continue
            place, scale = places[number], places[number].h / cell
            yield (
                number,
                _moved(
                    face,
                    scale,
                    place.x - round(column * place.h),
                    place.y - round(row * place.h),
                ),
            )

    def _tile(self, image: Image, tile: Tile, left_out: Collection[Box], again: Face | None) -> Tile:
        if tile.box in left_out:
            return replace(tile, state=TileState.LEFT_OUT, faces=())
        if tile.state is TileState.CAMERA_OFF:
            return tile
        faces = [again] if again else self._look(image, tile.box, self._settings.confidence)
        if not faces and tile.box in self._far:
            faces = self._look(image, around(self._far[tile.box], 3.0), self._settings.confidence)
        return self._filled(tile, image, faces)

    def _filled(self, tile: Tile, image: Image, faces: Collection[Face]) -> Tile:
        inside = [face for face in faces if tile.box.holds(*_centre(face.box))]
        largest = max((face.side for face in inside), default=0)
        inside = [face for face in inside if face.side >= BESIDE * largest]
        first = max(inside, key=lambda face: face.confidence, default=None)
        inside = [face for face in inside if face is first or self._again(image, face)]
        found = tuple(_measured(image, face) for face in inside)
        return replace(tile, faces=found, state=self._state(tile.state, found))

    def _again(self, image: Image, face: Face) -> bool:
        """Whether a face beside another is there also from closer: shelves and posters seldom are."""
        if face.confidence >= SURE_BESIDE:
            return True
        near = self._look(image, around(face.box, 2.0), self._settings.confidence)
        return any(each.box.iou(face.box) >= SAME_BESIDE for each in near)

    def _state(self, state: TileState, faces: tuple[Face, ...]) -> TileState:
        if state is TileState.PHOTO or not faces:
            return state
        large = any(face.side >= self._settings.min_side for face in faces)
        return TileState.FACE if large else TileState.TOO_SMALL

    def _look(self, image: Image, box: Box, score: float) -> list[Face]:
        """Faces in a crop of the frame, in pixels of the frame."""
        box = box.clip(image.shape[1], image.shape[0])
        if min(box.w, box.h) < 8:
            return []
        return [
            _moved(face, 1 / scale, box.x, box.y)
            for crop, scale in [_reduced(box.cut(image))]
            for face in self._finder.find(crop)
            if face.confidence >= score
        ]

    def _second_looks(self, image: Image, tiles: list[Tile], most: int) -> list[Tile]:
        """Looks again, in other ways, at tiles that look live and gave no face; at most so many."""
        missing = [i for i, tile in enumerate(tiles) if tile.state is TileState.NO_FACE and not tile.faces]
        self._turn += 1
        start = self._turn * most % max(1, len(missing))
        missing = missing[start:] + missing[:start]
        missing.sort(key=lambda i: tiles[i].box not in self._helped)  # where it helped before comes first
        for i in missing[:most]:
            box = tiles[i].box
            tiles[i] = self._filled(tiles[i], image, self._look_again(image, box))
            if tiles[i].faces:
                self._helped.add(box)
        return tiles

    def _closer_looks(self, image: Image, tiles: list[Tile], anew: bool) -> list[Tile]:
        """Looks into large tiles that look live and gave no face, at all of them in a new layout.

        Not into one alone: a single rectangle may be anything, and the sweep finds a face in it as well.
        """
        if len(tiles) < 2:
            return tiles
        least = round(CLOSER * self._settings.min_side)
        places = [
            (number, place)
            for number, tile in enumerate(tiles)
            if tile.state is TileState.NO_FACE and not tile.faces
            for place in _closer(tile.box, least)
        ]
        if places and not anew:
            start = self._turn * CLOSER_CROPS % len(places)
            places = (places[start:] + places[:start])[:CLOSER_CROPS]
        for number in {number for number, _ in places}:
            tile = tiles[number]
            crops = [place for of, place in places if of == number]
            tiles[number] = self._filled(tile, image, self._search(image, crops, CLOSER_SCORE))
            if tiles[number].faces:
                self._far[tile.box] = tiles[number].faces[0].box
        return tiles

    def _look_again(self, image: Image, box: Box) -> list[Face]:
        """The face on which several ways of looking at a tile agree; one or none."""
        seen = [face for way in WAYS for face in self._look_so(image, box, way)]
        best: Face | None = None
        most = AGREED
        for face in seen:
            alike = [other for other in seen if other.box.iou(face.box) > 0.4]
            total = sum(other.confidence for other in alike)
            if len(alike) > 1 and total > most and box.holds(*_centre(face.box)):
                best, most = max(alike, key=lambda other: other.confidence), total
        return [best] if best else []

    def _look_so(self, image: Image, box: Box, way: Way) -> list[Face]:
        around_box = Box(
            round(box.x - way.pad * box.w),
            round(box.y - way.pad * box.h),
            round(box.w * (1 + 2 * way.pad)),
            round(box.h * (1 + 2 * way.pad)),
        ).clip(image.shape[1], image.shape[0])
        if min(around_box.w, around_box.h) < 8:
            return []
        crop, scale = _reduced(around_box.cut(image))
        if way.bright:
            if crop.mean() > DARK:
                return []
            crop = _brightened(crop)
        back = np.eye(3)
        if way.turn:
            height, width = crop.shape[:2]
            matrix = cv2.getRotationMatrix2D((width / 2, height / 2), way.turn, 1.0)
            crop = np.asarray(
                cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
            )
            back[:2] = cv2.invertAffineTransform(matrix)
        if way.mirror:
            crop = np.ascontiguousarray(crop[:, ::-1])
            back = np.array([[-1.0, 0, crop.shape[1]], [0, 1, 0], [0, 0, 1]])
        faces = [_turned(face, back, way.mirror) for face in self._finder.find(crop)]
        return [_moved(face, 1 / scale, around_box.x, around_box.y) for face in faces]

    def _find_outside(self, image: Image, tiles: list[Tile], anew: bool, least: float) -> list[Face]:
        boxes = [tile.box for tile in tiles]
        known: list[Face] = []

        def add(face: Face) -> None:
            x, y = _centre(face.box)
            if face.side < least or any(box.holds(x, y) for box in boxes):
                return
            if is_disc(_square(image, around(face.box, PORTRAIT), DISC)):
                return
            if any(other.box.holds(x, y) or face.box.holds(*_centre(other.box)) for other in known):
                return
            known.append(_measured(image, face))

        for face in self._outside:
            for again in self._look(image, around(face.box, 3.0), self._settings.confidence)[:1]:
                add(again)
        score = BESIDE_SCORE if boxes else ALONE_SCORE
        for face in self._search(image, self._next_crops(image, boxes, anew), score, known):
            add(face)
        return known

    def _next_crops(self, image: Image, boxes: list[Box], anew: bool) -> list[Box]:
        """Crops outside the tiles: all of them, or the next few."""
        if anew or not self._crops:
            self._crops = list(_crops(image.shape[1], image.shape[0], boxes))
        if anew or not self._crops:
            return self._crops
        most = SWEPT_BESIDE if boxes else SWEPT_ALONE
        start = self._turn * most % len(self._crops)
        return (self._crops[start:] + self._crops[:start])[:most]

    def _search(
        self, image: Image, places: Sequence[Box], score: float, known: Sequence[Face] = ()
    ) -> list[Face]:
        """Faces in crops of the frame, best first, each seen again in a crop around it; no known ones."""
        seen = [
            face
            for place in places
            if float(place.cut(image)[::8, ::8].std()) >= PLAIN
            for face in self._look(image, place, score)
            if 0.1 * place.h <= face.side <= 0.85 * place.h
        ]
        found: list[Face] = []
        for face in sorted(seen, key=lambda face: -face.confidence):
            if not any(other.box.iou(face.box) > 0.2 for other in (*known, *found)):
                again = self._look(image, around(face.box, 3.0), score)
                found += [each for each in again if each.box.iou(face.box) > 0.35][:1]
        return found


@dataclass(frozen=True, slots=True)
class Way:
    """Another way to look at a tile: padded by a share of it, turned by degrees, mirrored, brightened."""

    pad: float = 0.0
    turn: float = 0.0
    mirror: bool = False
    bright: bool = False


WAYS = (Way(pad=0.15), Way(mirror=True), Way(turn=30.0), Way(turn=-30.0), Way(bright=True))


def _crops(width: int, height: int, boxes: list[Box]) -> Iterator[Box]:
    """Half-overlapping square crops of a picture that do not lie within the tiles."""
    taken = np.zeros((height // COARSE + 1, width // COARSE + 1), np.float32)
    for box in boxes:
        taken[box.y // COARSE : box.bottom // COARSE + 1, box.x // COARSE : box.right // COARSE + 1] = 1
    larger = max(1.0, max(width, height) / SWEEP_SIDE)
    for each in SWEEP_CROPS:
        side = round(each * larger)
        if side > 1.6 * min(width, height) and each != SWEEP_CROPS[0]:
            continue
        for y in _starts(height, side):
            for x in _starts(width, side):
                a, b = ((v + side // 4) // COARSE for v in (x, y))
                half = max(1, side // 2 // COARSE)
                middle = taken[b : b + half, a : a + half]
                if not middle.size or middle.mean() < 0.9:
                    yield Box(x, y, side, side).clip(width, height)


def _closer(box: Box, least: int) -> Iterator[Box]:
    """Overlapping square crops of a tile, of a half, a quarter … of its height, down to `least` pixels."""
    side = box.h
    while side > least:
        side = max(least, side // 2)
        if side > CLOSER_SHARE * box.h:
            return
        for y in _starts(box.h, side, CLOSER_STEP):
            for x in _starts(box.w, side, CLOSER_STEP):
                yield Box(box.x + x, box.y + y, side, side)


def _starts(length: int, side: int, step: float = 0.5) -> list[int]:
    """Where crops of a side begin so that they lie at most so many sides apart and cover a length."""
    if length <= side:
        return [0]
    steps = math.ceil((length - side) / (side * step))
    return [round((length - side) * step / steps) for step in range(steps + 1)]


def _reduced(crop: Image) -> tuple[Image, float]:
    height, width = crop.shape[:2]
    if height <= CROP_HEIGHT:
        return crop, 1.0
    scale = CROP_HEIGHT / height
    size = (max(1, round(width * scale)), CROP_HEIGHT)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _square(image: Image, place: Box, side: int) -> Image:
    """A square of the frame at side x side pixels; where it reaches over the frame, its border goes on."""
    seen = place.clip(image.shape[1], image.shape[0])
    crop = seen.cut(image)
    if seen != place:
        over = (seen.y - place.y, place.bottom - seen.bottom, seen.x - place.x, place.right - seen.right)
        crop = np.asarray(cv2.copyMakeBorder(crop, *over, cv2.BORDER_REPLICATE), np.uint8)
    step = max(1, place.h // (4 * side))
    how = cv2.INTER_AREA if place.h > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop[::step, ::step], (side, side), interpolation=how), np.uint8)


def _brightened(crop: Image) -> Image:
    table = (255 * (np.arange(256) / 255) ** 0.5).astype(np.uint8)
    return np.asarray(cv2.LUT(crop, table), np.uint8)


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.w / 2, box.y + box.h / 2


def around(box: Box, heights: float) -> Box:
    """A square of so many box heights with the same centre; it may reach over the frame."""
    side = round(heights * box.h)
    x, y = _centre(box)
    return Box(round(x - side / 2), round(y - side / 2), side, side)


def _moved(face: Face, scale: float, x: int, y: int) -> Face:
    box = face.box
    place = Box(
        round(box.x * scale) + x, round(box.y * scale) + y, round(box.w * scale), round(box.h * scale)
    )
    return replace(
        face, box=place, keypoints=tuple((px * scale + x, py * scale + y) for px, py in face.keypoints)
    )


def _turned(face: Face, back: np.ndarray, mirrored: bool) -> Face:
    """The face of a turned or mirrored crop, in the pixels of the crop as it was."""

    def to(x: float, y: float) -> tuple[float, float]:
        point = back @ np.array([x, y, 1.0])
        return float(point[0]), float(point[1])

    x, y = to(*_centre(face.box))
    points = tuple(to(*point) for point in face.keypoints)
    if mirrored and len(points) == 6:
        points = tuple(points[i] for i in (1, 0, 2, 3, 5, 4))
    box = Box(round(x - face.box.w / 2), round(y - face.box.h / 2), face.box.w, face.box.h)
    return replace(face, box=box, keypoints=points)


def _measured(image: Image, face: Face) -> Face:
    """The face clipped to the frame, with its sharpness and turn."""
    box = face.box.clip(image.shape[1], image.shape[0])
    sharpness = 0.0
    if min(box.w, box.h) > 2:
        gray = cv2.cvtColor(box.cut(image), cv2.COLOR_RGB2GRAY)
        inside = cv2.resize(
            gray,
            (SHARPNESS_SIDE, SHARPNESS_SIDE),
            interpolation=cv2.INTER_AREA if box.h > SHARPNESS_SIDE else cv2.INTER_LINEAR,
        )
        sharpness = float(cv2.Laplacian(inside, cv2.CV_32F).var())
    return replace(face, box=box, sharpness=sharpness, turn=turn_of(face.keypoints))


def turn_of(keypoints: tuple[tuple[float, float], ...]) -> float:
    """Rough turn of the head in degrees (0..90) from six key points: how far the nose is from mid-ears."""
    if len(keypoints) != 6:
        return 0.0
    points = np.array(keypoints)
    eyes = points[1] - points[0]
    length = float(np.hypot(*eyes))
    if length < 1e-6:
        return 90.0
    along = points @ (eyes / length)
    half = max(1e-6, abs(along[5] - along[4]) / 2)
    off = abs(float(along[2]) - float(along[4] + along[5]) / 2) / half
    return math.degrees(math.atan(NOSE * off))
