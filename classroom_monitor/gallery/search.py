"""Finds the layouts in one picture: searched small, brought to the pixel large."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import cv2
import numpy as np

from classroom_monitor.gallery.edges import find_edges
from classroom_monitor.gallery.lattice import (
    COVER,
    COVER_FEW,
    WIDE,
    Layout,
    SlotScores,
    candidates,
    complete,
    cut_out,
    evidence,
    mean_cover,
    other_shapes,
    striped,
    trim,
)
from classroom_monitor.gallery.refine import refine
from classroom_monitor.gallery.states import Content, content_of
from classroom_monitor.records import Image

#: Longest side of the pictures in which lattices are searched, and brought to the pixel.
SEARCH_SIDE, FINE_SIDE = 960, 1600

#: Least height of a tile in the search picture.
LEAST_TILE = 36

#: Candidates that are completed, and the best of them that are refined.
TRIED, REFINED = 30, 3

#: Mean cover from which no other shape than 16:9 is tried, and how much more evidence another shape needs.
SURE, BETTER = 0.92, 1.15

#: Tiles are 16:9 if their shape differs by less; others need so much mean cover.
LIKE_WIDE, COVER_SHAPED = 0.05, 0.8

#: Lattices in one picture, and the mean cover that each but the first needs.
LAYOUTS, COVER_BESIDE = 3, 0.8

#: Tiles of a lattice that is looked at more closely: any straight lines of a picture may bound so few.
FEW = 3

#: Single large tiles that are looked at; cover that all sides but the weakest need; what one counts for
#: against a lattice of several, whose sides could also be those of the window around them.
SPEAKERS, COVER_SPEAKER, ALONE = 3, 0.8, 0.5

#: Share of the tiles of a call that show something.
FILLED = 0.25


def find_layouts(image: Image) -> tuple[Layout, ...]:
    """The lattices of tiles in a picture (uint8 RGB), in its pixels; the one with most evidence first."""
    small, scale = reduced(image, SEARCH_SIDE)
    height, width = small.shape[:2]
    if min(height, width) < LEAST_TILE * 1.5:
        return ()
    scores = SlotScores(small)
    fine = _Fine(image)
    seeds, large = candidates(scores, LEAST_TILE, int(1.1 * min(height, width / WIDE)))
    wide = _completed_all(scores, seeds[:TRIED])
    found = [*_refined(scores, fine, wide, scale), *cut_out(scores)]
    found = [layout for layout in found if _believable(scores, small, layout)]
    best = max(found, key=partial(_merit, scores), default=None)
    if best is None or mean_cover(scores, best) < SURE or not scores.whole(best.corners()).all():
        shaped = _completed_all(scores, other_shapes(scores, LEAST_TILE))
        least = 0.0 if best is None else BETTER * _merit(scores, best)
        for layout in _refined(scores, fine, shaped, scale):
            sure = _like_wide(layout) or mean_cover(scores, layout) >= COVER_SHAPED
            if _merit(scores, layout) > least and sure and _believable(scores, small, layout):
                best, least = layout, _merit(scores, layout)
    exact = [fine.exact(layout.scaled(1 / scale), 2.5 / scale).scaled(scale) for layout in large[:SPEAKERS]]
    exact = [replace(layout, score=evidence(scores, layout)) for layout in exact]
    speakers = [layout for layout in exact if _speaks(scores, small, layout)]
    lone = max(speakers, key=partial(_merit, scores), default=None)
    if lone is not None and (best is None or ALONE * _merit(scores, lone) > _merit(scores, best)):
        best = lone
    if best is None:
        return ()
    chosen = [best]
    beside = [layout for layout in [*found, *wide] if mean_cover(scores, layout) >= COVER_BESIDE]
    for layout in sorted([*beside, *speakers], key=lambda layout: -layout.score):
        if len(chosen) == LAYOUTS:
            break
        apart = _stands_apart(layout, chosen)
        if apart and (layout in speakers or _beside(scores, small, layout)):
            chosen.append(layout)
    return tuple(fine.exact(layout.scaled(1 / scale), 1.0 / scale) for layout in chosen)


def _refined(scores: SlotScores, fine: _Fine, layouts: Sequence[Layout], scale: float) -> list[Layout]:
    """The first that can be, brought to the pixel and completed again; still in pixels of the search."""
    exact = []
    whole = (layout for layout in layouts if layout.count > FEW or scores.whole(layout.corners()).all())
    for layout in islice(whole, REFINED):
        better = fine.exact(layout.scaled(1 / scale), 2.5 / scale)
        again = _completed(scores, better.scaled(scale))
        if again is not None:
            exact.append(again)
    return exact


def _merit(scores: SlotScores, layout: Layout) -> float:
    """By which lattices are compared: their evidence, less where lines are missing."""
    return layout.score * mean_cover(scores, layout)


def _like_wide(layout: Layout) -> bool:
    return abs(layout.w / layout.h / WIDE - 1) < LIKE_WIDE


def _completed_all(scores: SlotScores, seeds: Iterable[Layout]) -> list[Layout]:
    """What the picture supports of the seeds' lattices, most evidence first."""
    found = [done for seed in seeds if (done := _completed(scores, seed)) is not None]
    return sorted(found, key=lambda layout: -layout.score)


def _stands_apart(layout: Layout, others: Sequence[Layout]) -> bool:
    """Whether none of its tiles meets one of the others, and its tiles are of another size."""
    left, top, right, bottom = layout.corners().T[:, :, None]
    for other in others:
        if 0.75 < layout.w / other.w < 1.33:
            return False
        x0, y0, x1, y1 = other.corners().T[:, None]
        across = np.minimum(right, x1) - np.maximum(left, x0)
        down = np.minimum(bottom, y1) - np.maximum(top, y0)
        if ((across > 0.03 * other.w) & (down > 0.03 * other.h)).any():
            return False
    return True


def _beside(scores: SlotScores, image: Image, layout: Layout) -> bool:
    """Whether a second lattice, such as a strip above a speaker, can be true."""
    if striped(scores, layout):
        return False
    return bool(scores.whole(layout.corners()).all()) and _believable(scores, image, layout)


def _speaks(scores: SlotScores, image: Image, layout: Layout) -> bool:
    """Whether a single large tile can be true: all sides but one stand out, since its shape is known."""
    cover, length = scores.sides(layout.corners())
    seen = np.sort(cover[length > 0])
    if len(seen) < 3 or seen.mean() < COVER or seen[1:].mean() < COVER_SPEAKER:
        return False
    if not scores.whole(layout.corners()).all() or scores.white(layout.corners())[0] > 0.45:
        return False
    ((_, _, box),) = layout.boxes(image.shape[1], image.shape[0])
    return content_of(box.cut(image)) is not Content.EMPTY


def follow(image: Image, layouts: tuple[Layout, ...]) -> tuple[Layout, ...]:
    """The same lattices with the rows and columns that the picture supports now."""
    small, scale = reduced(image, SEARCH_SIDE)
    scores = SlotScores(small)
    followed = []
    for layout in layouts:
        now = _completed(scores, layout.scaled(scale))
        if now is None or now.rows == layout.rows:
            followed.append(layout)
        else:
            followed.append(_Fine(image).exact(now.scaled(1 / scale), 1.0 / scale))
    return tuple(followed)


def _completed(scores: SlotScores, seed: Layout) -> Layout | None:
    full = complete(scores, seed)
    return None if full is None else trim(scores, full)


def _believable(scores: SlotScores, image: Image, layout: Layout) -> bool:
    """Whether it can be a call: sides well covered, no table, and not all tiles empty."""
    few = layout.count <= FEW
    if mean_cover(scores, layout) < (COVER_FEW if few else COVER):
        return False
    if not scores.whole(layout.corners()).all() if few else striped(scores, layout):
        return False
    if (scores.white(layout.corners()) > 0.45).mean() > 0.5:
        return False
    height, width = image.shape[:2]
    contents = [content_of(box.cut(image)) for _, _, box in layout.boxes(width, height)]
    return sum(content is not Content.EMPTY for content in contents) >= FILLED * len(contents)


class _Fine:
    """A picture at the size in which layouts are brought to the pixel."""

    def __init__(self, image: Image) -> None:
        fine, self._scale = reduced(image, FINE_SIDE)
        self._edges = find_edges(fine)

    def exact(self, layout: Layout, slack: float) -> Layout:
        """The layout (in pixels of the picture) refined; it is right to about `slack` pixels."""
        aspect = WIDE if _like_wide(layout) else None
        found = refine(self._edges, layout.scaled(self._scale), slack * self._scale, aspect)
        return found.scaled(1 / self._scale)


def reduced(image: Image, side: int) -> tuple[Image, float]:
    """The picture brought to at most that longest side, and by how much."""
    scale = min(1.0, side / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale
