"""Finds the layouts in one picture: searched small, brought to the pixel large."""

from __future__ import annotations

import cv2
import numpy as np

from classroom_monitor.gallery.edges import find_edges
from classroom_monitor.gallery.lattice import WIDE, Layout, SlotScores, candidates, complete, white_sums
from classroom_monitor.gallery.refine import refine
from classroom_monitor.records import Image

#: Longest side of the pictures in which lattices are searched, and brought to the pixel.
SEARCH_SIDE, FINE_SIDE = 960, 1600

#: Least height of a tile in the search picture.
LEAST_TILE = 36

#: Candidates that are completed.
TRIED = 30


def find_layouts(image: Image) -> tuple[Layout, ...]:
    """The lattices of tiles in a picture (uint8 RGB), in its pixels; the one with most evidence first."""
    small, scale = reduced(image, SEARCH_SIDE)
    height, width = small.shape[:2]
    if min(height, width) < LEAST_TILE * 1.5:
        return ()
    scores = SlotScores(find_edges(small, widen=5), white_sums(small))
    most = int(1.1 * min(height, width / WIDE))
    found = [
        done for seed in candidates(scores, LEAST_TILE, most)[:TRIED] if (done := complete(scores, seed))
    ]
    found = [layout for layout in found if layout.count > 1]
    if not found:
        return ()
    best = max(found, key=lambda layout: layout.score)
    return (_exact(image, best.scaled(1 / scale), 2.5 / scale),)


def follow(image: Image, layouts: tuple[Layout, ...]) -> tuple[Layout, ...]:
    """The same lattices with the rows and columns that the picture supports now."""
    small, scale = reduced(image, SEARCH_SIDE)
    scores = SlotScores(find_edges(small, widen=5), white_sums(small))
    followed = []
    for layout in layouts:
        now = complete(scores, layout.scaled(scale))
        if now is None or now.rows == layout.rows:
            followed.append(layout)
        else:
            followed.append(_exact(image, now.scaled(1 / scale), 1.0 / scale))
    return tuple(followed)


def _exact(image: Image, layout: Layout, slack: float) -> Layout:
    fine, scale = reduced(image, FINE_SIDE)
    exact = refine(find_edges(fine), layout.scaled(scale), slack * scale, WIDE)
    return exact.scaled(1 / scale)


def reduced(image: Image, side: int) -> tuple[Image, float]:
    """The picture brought to at most that longest side, and by how much."""
    scale = min(1.0, side / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale
