"""Finds the layouts in one picture: searched small, brought to the pixel large."""

from __future__ import annotations

from dataclasses import replace

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
    mean_cover,
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
    found: list[Layout] = []
    for seed in candidates(scores, LEAST_TILE, int(1.1 * min(height, width / WIDE)))[:TRIED]:
        done = _completed(scores, seed)
        if done is not None:
            found.append(done)
    found.sort(key=lambda layout: -layout.score)
    exact = []
    for layout in found[:REFINED]:
        better = fine.exact(layout.scaled(1 / scale), 2.5 / scale)
        again = _completed(scores, better.scaled(scale))
        if again is not None:
            exact.append(replace(again.scaled(1 / scale), score=again.score))
    exact += [replace(layout.scaled(1 / scale), score=layout.score) for layout in cut_out(scores)]
    if not exact:
        return ()
    best = max(exact, key=lambda layout: layout.score)
    if not _believable(scores, small, best.scaled(scale)):
        return ()
    return (fine.exact(best, 1.0 / scale),)


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
    few = layout.count <= 3
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
        found = refine(self._edges, layout.scaled(self._scale), slack * self._scale, WIDE)
        return found.scaled(1 / self._scale)


def reduced(image: Image, side: int) -> tuple[Image, float]:
    """The picture brought to at most that longest side, and by how much."""
    scale = min(1.0, side / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale
