"""Tiles of a picture, kept from look to look while they fit and searched anew when they do not."""

from __future__ import annotations

import cv2
import numpy as np

from classroom_monitor.gallery.edges import find_edges
from classroom_monitor.gallery.lattice import WIDE, Layout, SlotScores, candidates, complete, white_sums
from classroom_monitor.gallery.refine import refine
from classroom_monitor.gallery.states import Content, content_of
from classroom_monitor.records import Box, Gallery, Image, Tile, TileState

#: Longest side of the pictures in which lattices are searched, and brought to the pixel.
SEARCH_SIDE, FINE_SIDE = 960, 1600

#: Least height of a tile in the search picture.
LEAST_TILE = 36

#: Candidates that are completed.
TRIED = 30


def label_box(tile: Tile) -> Box:
    """Where the name label of a tile stands: its lower left."""
    height = max(8, round(0.17 * tile.box.h))
    return Box(tile.box.x, tile.box.bottom - height, round(0.75 * tile.box.w), height)


class GalleryReader:
    """Reads galleries from the frames of one source, in order."""

    def __init__(self) -> None:
        self._layouts: tuple[Layout, ...] = ()
        self._size = (0, 0)

    def read(self, image: Image) -> Gallery:
        """The tiles of a frame (uint8 RGB [H, W, 3]).

        A tile's state is CAMERA_OFF, PHOTO (a suspicion), or NO_FACE for one that looks live and has not
        been searched for faces yet.
        """
        layouts = find_layouts(image)
        height, width = image.shape[:2]
        tiles = []
        for layout in layouts:
            for row, column, box in layout.boxes(width, height):
                content = content_of(box.cut(image))
                state = TileState.NO_FACE
                if content.off:
                    state = TileState.CAMERA_OFF
                elif content is Content.PHOTO:
                    state = TileState.PHOTO
                tiles.append(Tile(box, state, (), row, column))
        return Gallery(tuple(tiles), bool(tiles))


def find_layouts(image: Image) -> tuple[Layout, ...]:
    """The lattices of tiles in a picture, in its pixels; the one with most evidence first."""
    small, scale = _reduced(image, SEARCH_SIDE)
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
    fine, fine_scale = _reduced(image, FINE_SIDE)
    exact = refine(find_edges(fine), best.scaled(fine_scale / scale), 2.5 * fine_scale / scale, WIDE)
    return (exact.scaled(1 / fine_scale),)


def _reduced(image: Image, side: int) -> tuple[Image, float]:
    scale = min(1.0, side / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)), scale
