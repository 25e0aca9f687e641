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

#: Where nearly everything is edge, as in noise, no line can stand out more than this allows.
LEAST_ROOM = 0.3

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
    height, width = image.shape[:2]
    vertical = np.zeros((height + 1, width + 1), np.float32)
    horizontal = np.zeros((height + 1, width + 1), np.float32)
    if min(height, width) >= 4:
        np.cumsum(_strength(image, widen, True), axis=0, out=vertical[1:, :-1])
        np.cumsum(_strength(image, widen, False), axis=1, out=horizontal[:-1, 1:])
    return Edges(vertical, horizontal)


def _strength(image: Image, widen: int, upright: bool) -> Array:
    """Strength of the line left of each pixel (or above it, where not upright); float32 [H, W]."""
    # Line x: the mean of pixels x and x + 1 against that of x - 2 and x - 1.
    step = np.array([-0.5, -0.5, 0.5, 0.5], np.float32)
    mean = np.full(ALONG, 1 / ALONG, np.float32)
    across, along, anchor = (step, mean, (2, -1)) if upright else (mean, step, (-1, 2))
    filtered = cv2.sepFilter2D(
        image, cv2.CV_32F, across, along, anchor=anchor, borderType=cv2.BORDER_REPLICATE
    )
    steps = cv2.split(filtered)
    up = cv2.max(cv2.max(steps[0], steps[1]), steps[2])
    down = -cv2.min(cv2.min(steps[0], steps[1]), steps[2])
    near, wide = ((1, 5), (1, widen)) if upright else ((5, 1), (widen, 1))
    best = np.zeros(image.shape[:2], np.float32)
    for size in (up, down):  # apart, so that the two sides of a narrow gap both stay
        ridge = size * (size >= cv2.dilate(size, np.ones(near, np.uint8)))
        cv2.max(best, ridge, dst=best)
    strength = np.clip((best - FAINT) * (1 / (CERTAIN - FAINT)), 0, 1)
    border = strength if upright else strength.T
    border[:, :2] = border[:, -1:] = 0
    strength = cv2.dilate(strength, np.ones(wide, np.uint8))
    chance = cv2.blur(strength, (AROUND, AROUND), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray((strength - chance) / cv2.max(1 - chance, LEAST_ROOM), np.float32)
