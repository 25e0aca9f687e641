"""Tiles of a picture, kept from look to look while they fit and searched anew when they do not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import cv2
import numpy as np

from classroom_monitor.gallery.edges import Array
from classroom_monitor.gallery.fit import side_strengths
from classroom_monitor.gallery.lattice import Layout, openings
from classroom_monitor.gallery.search import find_layouts, follow
from classroom_monitor.gallery.states import Content, content_of, sketch
from classroom_monitor.records import Box, Gallery, Image, Tile, TileState

#: A layout fits while its sides are at least so strong as a share of when it was found: the weaker of upright
#: and level sides. Recompression costs 0.1 at most, a shift by 8 px or an enlargement by 6 % at least 0.3.
FITS, LOST = 0.85, 0.6

#: Looks in a row that do not fit, without being quite lost, before a new search.
PATIENCE = 2

#: Looks after which a known layout is checked for tiles that came or went although nothing hints at it, and a
#: picture without tiles is searched again.
FOLLOW_EVERY, SEARCH_EVERY = 60, 15

#: A side of the reduced picture in which changes around the tiles are seen.
AROUND_SIDE = 240

#: Somebody may have come where this share of a slot around the tiles changed by so many levels.
CAME, CHANGED = 0.3, 5.0

#: Somebody may have gone from where the sides of a tile have less than this share of their strength.
GONE = 0.5

#: Looks between two checks that something hints at: a slide or a pointer beside the tiles may hint each time.
REST = 3

#: Layouts remembered for when they come back: pages, and a share that ends.
REMEMBERED = 4

#: Mean difference in levels of two tiny copies of frames from which the scene is another one.
ANOTHER_SCENE = 12.0

#: Levels by which some part of a tile changes when somebody is in it, and when it is a still picture.
MOVES, STILL = 3.0, 1.2

#: Still looks, while others move, after which a square picture and then any picture is taken for a photo.
STILL_SQUARE, STILL_ANY = 3, 8

#: Mean change in levels with which a slot shows another person or picture altogether.
REPLACED = 28.0


@dataclass(slots=True)
class _Slot:
    """What is known of the picture in one slot."""

    sketch: Array
    content: Content
    judged: Array  # the sketch when the content was told
    still: int = 0
    moved: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """Layouts as found together, with the strength of the sides of their tiles then, [tiles, 4]."""

    layouts: tuple[Layout, ...]
    size: tuple[int, int]
    sides: Array


class GalleryReader:
    """Reads galleries from the frames of one source, in order."""

    def __init__(self) -> None:
        self._known: _Known | None = None
        self._past: list[_Known] = []
        self._misses = 0
        self._looks = 0
        self._scene: Image | None = None
        self._slots: dict[Box, _Slot] = {}
        #: As it was when the layout was last checked: the picture reduced, and the sides of the tiles.
        self._around: Image | None = None
        self._sides: Array | None = None

    def read(self, image: Image) -> Gallery:
        """The tiles of a frame (uint8 RGB [H, W, 3]).

        A tile's state is CAMERA_OFF, PHOTO (a suspicion), or NO_FACE for one that looks live and has not
        been searched for faces yet.
        """
        self._update(image)
        if self._known is None:
            self._slots = {}
            return Gallery((), False)
        height, width = image.shape[:2]
        places = [place for layout in self._known.layouts for place in layout.boxes(width, height)]
        before = [0, *accumulate(len(layout.rows) for layout in self._known.layouts)]
        rows = np.repeat(before[:-1], [layout.count for layout in self._known.layouts])
        self._watch(image, [box for _, _, box in places])
        tiles = [
            Tile(box, self._state(box), (), int(first) + row, column)
            for first, (row, column, box) in zip(rows, places, strict=True)
        ]
        return Gallery(tuple(tiles), True)

    def _update(self, image: Image) -> None:
        """Keeps, follows or searches the layout."""
        size = (image.shape[1], image.shape[0])
        scene = np.asarray(
            cv2.resize(
                image[:: max(1, size[1] // 144), :: max(1, size[0] // 256)],
                (32, 18),
                interpolation=cv2.INTER_AREA,
            ),
            np.uint8,
        )
        last, self._scene = self._scene, scene
        self._looks += 1
        if self._known is None or self._known.size != size:
            another = last is None or float(cv2.absdiff(scene, last).mean()) > ANOTHER_SCENE
            if self._known is not None or another or self._looks >= SEARCH_EVERY:
                self._search(image, size)
            return
        sides = _sides(image, self._known.layouts)
        fit = _fit(sides, self._known)
        if fit >= FITS:
            self._misses = 0
            if self._looks >= FOLLOW_EVERY or (self._looks >= REST and self._hinted(image, sides)):
                self._looks = 0
                self._keep(image, size, follow(image, self._known.layouts))
            return
        self._misses += 1
        if fit < LOST or self._misses >= PATIENCE:
            self._search(image, size)

    def _hinted(self, image: Image, sides: Array) -> bool:
        """Whether a tile may have come or gone since the layout was last checked."""
        assert self._known is not None
        assert self._sides is not None
        assert self._around is not None
        with np.errstate(invalid="ignore"):  # a side beyond the picture is NaN
            before, now = np.nanmean(self._sides, axis=1), np.nanmean(sides, axis=1)
            if ((before > 0.4) & (now < GONE * before)).any():
                return True
        around, scale = _reduced(image)
        changed = (cv2.absdiff(around, self._around) > CHANGED).astype(np.float32)
        width, height = self._known.size
        for layout in self._known.layouts:
            for left, top, right, bottom in openings(layout, width, height):
                x, y = max(0, round(left * scale)), max(0, round(top * scale))
                cell = changed[y : round(bottom * scale), x : round(right * scale)]
                if cell.size and float(cell.mean()) > CAME:
                    return True
        return False

    def _search(self, image: Image, size: tuple[int, int]) -> None:
        self._looks = self._misses = 0
        past = [known for known in self._past if known is not self._known and known.size == size]
        fits = [_fit(_sides(image, known.layouts), known) for known in past]
        if fits and max(fits) >= FITS:
            self._known = past[int(np.argmax(fits))]
            self._keep(image, size, follow(image, self._known.layouts))  # its last row may be another
        else:
            self._keep(image, size, find_layouts(image))

    def _keep(self, image: Image, size: tuple[int, int], layouts: tuple[Layout, ...]) -> None:
        if not layouts:
            self._known = None
        elif self._known is not None and self._known.size == size and self._known.layouts == layouts:
            self._take(image, self._known)
        else:
            self._take(image, _Known(layouts, size, _sides(image, layouts)))
            self._past = [known for known in self._past if known.layouts != layouts]
            self._past = [self._known, *self._past][:REMEMBERED] if self._known else self._past

    def _take(self, image: Image, known: _Known) -> None:
        """The layout holds for this frame."""
        self._known = known
        self._around, _ = _reduced(image)
        self._sides = _sides(image, known.layouts)

    def _watch(self, image: Image, boxes: list[Box]) -> None:
        """Notes which slots move. Where none does, the whole picture stands still and nothing is learnt."""
        changes: list[tuple[_Slot, float, Array]] = []
        slots: dict[Box, _Slot] = {}
        for box in boxes:
            now = sketch(box.cut(image))
            slot = self._slots.get(box)
            if slot is None or float(np.abs(now - slot.sketch).mean()) > REPLACED:
                slots[box] = _Slot(now, content_of(box.cut(image)), now)
                continue
            slots[box] = slot
            if float(np.abs(now - slot.judged).max()) > STILL:
                slot.content, slot.judged = content_of(box.cut(image)), now
            changes.append((slot, float(np.quantile(np.abs(now - slot.sketch), 0.98)), now))
        self._slots = slots
        alive = any(change > MOVES for _, change, _ in changes)
        for slot, change, now in changes:
            slot.sketch = now
            if change > MOVES:
                slot.moved, slot.still = True, 0
            elif change < STILL and alive:
                slot.still += 1

    def _state(self, box: Box) -> TileState:
        slot = self._slots[box]
        content = slot.content
        if content.off:
            return TileState.CAMERA_OFF
        if slot.still >= STILL_ANY or (content is Content.PHOTO and slot.still >= STILL_SQUARE):
            return TileState.PHOTO
        if content is Content.PHOTO and not slot.moved:
            return TileState.PHOTO
        return TileState.NO_FACE


def _reduced(image: Image) -> tuple[Image, float]:
    """A small gray copy of a frame, and its scale."""
    height, width = image.shape[:2]
    scale = min(1.0, AROUND_SIDE / max(height, width))
    step = max(1, int(0.25 / scale))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image[::step, ::step], size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8), scale


def _sides(image: Image, layouts: tuple[Layout, ...]) -> Array:
    """Strength of the sides of all tiles [tiles, 4]; NaN beyond the picture."""
    return side_strengths(image, np.vstack([layout.corners() for layout in layouts]))


def _strength(sides: Array) -> tuple[float, float]:
    """Mean strength of the upright and of the level sides that are inside the picture."""

    def mean(some: Array) -> float:
        seen = some[~np.isnan(some)]
        return float(seen.mean()) if len(seen) else 0.0

    return mean(sides[:, :2]), mean(sides[:, 2:])


def _fit(sides: Array, known: _Known) -> float:
    """How strong the sides still are, as a share of when the layout was found."""
    both = zip(_strength(sides), _strength(known.sides), strict=True)
    return min(now / max(then, 0.05) for now, then in both)
