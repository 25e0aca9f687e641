"""Straight edges of a picture, and how much of any upright segment is covered by them.

Tiles of a call are told from what they show by their sides: long, straight, upright edges. The signed
difference is averaged *along* an edge before its size is taken, which removes texture and JPEG noise and
still sees the step from a background of 17 to a fill of 34.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Image

#: Numbers, mostly float32; their shapes stand where they are used.
Array = NDArray[Any]

#: Pixels along an edge over which the signed difference is averaged.
ALONG = 15

#: Pixels of the neighbourhood whose mean strength is what a line there would be covered by chance.
AROUND = 41

#: Levels of difference at which an edge begins, and at which it is certain.
FAINT, CERTAIN = 2.0, 8.0


@dataclass(frozen=True, slots=True)
class Edges:
    """Running sums of edge strength along the edges.

    Strength is 1 on an edge and on average 0 where edges are no denser than around, as in text or noise.

    vertical: float32 [H + 1, W + 1], summed down; column x is the line left of pixel x.
    horizontal: float32 [H + 1, W + 1], summed to the right; row y is the line above pixel y.
    """

    vertical: Array
    horizontal: Array

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.vertical.shape[1]) - 1

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.vertical.shape[0]) - 1


def find_edges(image: Image, widen: int = 3) -> Edges:
    """The edges of a picture [H, W, 3]; `widen` (odd, pixels) thickens them across."""
    pixels = image.astype(np.float32)
    down = _strength(pixels, widen)
    across = _strength(np.ascontiguousarray(pixels.transpose(1, 0, 2)), widen)
    vertical = np.zeros((image.shape[0] + 1, image.shape[1] + 1), np.float32)
    np.cumsum(down, axis=0, out=vertical[1:])
    horizontal = np.zeros((image.shape[0] + 1, image.shape[1] + 1), np.float32)
    np.cumsum(across.T, axis=1, out=horizontal[:, 1:])
    return Edges(vertical, horizontal)


def _strength(pixels: Array, widen: int) -> Array:
    """Strength of the vertical line left of each pixel; float32 [H, W + 1], borders 0."""
    height, width = pixels.shape[:2]
    strength = np.zeros((height, width + 1), np.float32)
    if width < 4:
        return strength
    pair = pixels[:, 1:] + pixels[:, :-1]
    step = (pair[:, 2:] - pair[:, :-2]) * 0.5  # line x: pixels x, x+1 against x-2, x-1
    step = cv2.blur(step, (1, ALONG), borderType=cv2.BORDER_REFLECT_101)
    across = np.ones((1, 7), np.uint8)
    best = np.zeros(step.shape[:2], np.float32)
    for sign in (1, -1):  # apart, so that the two sides of a narrow gap both stay
        size = np.maximum((sign * step).max(axis=2), 0)
        ridge = np.where(size >= cv2.dilate(size, across), size, 0)
        np.maximum(best, ridge, out=best)
    best = np.clip((best - FAINT) / (CERTAIN - FAINT), 0, 1)
    strength[:, 2:-2] = best
    strength = cv2.dilate(strength, np.ones((1, widen), np.uint8))
    chance = np.minimum(cv2.blur(strength, (AROUND, AROUND), borderType=cv2.BORDER_REFLECT_101), 0.8)
    return np.asarray((strength - chance) / (1 - chance), np.float32)
