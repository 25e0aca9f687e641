"""Soft shapes, colours and smooth noise: what every part of a picture is painted with."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def smooth(low: float, high: float, value: Any) -> Any:
    """0 below low, 1 above high, smooth in between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def at(values: Sequence[Any]) -> Floats:
    """A point or points in the numbers that brushes take."""
    return np.asarray(values, np.float32)


def rgb(color: Any, factor: float = 1.0) -> Floats:
    """A colour [3], made lighter or darker by a factor."""
    return np.asarray(color, np.float32) * np.float32(factor)


def field(rng: np.random.Generator, h: int, w: int, cells_y: float, cells_x: float) -> Floats:
    """Smooth noise of mean 0 and deviation about 1, with so many cells over its height and width."""
    rows, columns = max(2, round(cells_y)), max(2, round(cells_x))
    small = rng.standard_normal((rows, columns)).astype(np.float32)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)


_CIRCLE: Final = np.stack(
    [f(np.linspace(0, 2 * math.pi, 24, endpoint=False)) for f in (np.cos, np.sin)], 1
).astype(np.float32)
_MIRROR: Final = np.asarray((-1, 1), np.float32)


@functools.cache
def _taper(count: int) -> Floats:
    """How wide a line is along its length, 0..1."""
    return np.asarray(np.sin(np.linspace(0.12, math.pi - 0.12, count)) ** 0.6, np.float32)


class Brush:
    """Paints soft shapes into a float picture, in the units of the skin (x to the right, Y down)."""

    def __init__(self, picture: Floats, per_unit: float, x0: float, y0: float) -> None:
        self.picture = picture
        self.per_unit = per_unit
        self._origin = at((x0, y0))

    def shape(
        self,
        points: Floats,
        color: Floats,
        alpha: float = 1.0,
        blur: float = 0.0,
        within: tuple[int, int, NDArray[np.uint8]] | None = None,
    ) -> tuple[int, int, NDArray[np.uint8]] | None:
        """Fills the polygon [n, 2]; blur in units. Returns its mask with its corner, to clip others by."""
        placed = self._mask(points, blur)
        if placed is None or alpha <= 0.003:
            return placed
        left, top, mask = placed
        if within is not None:
            mask = _meet(placed, within)
        h, w = mask.shape
        spot = self.picture[top : top + h, left : left + w]
        weight = mask.astype(np.float32)[..., None] * np.float32(alpha / 255.0)
        spot += (color - spot) * weight
        return placed

    def line(
        self, points: Floats, color: Floats, width: float, alpha: float = 1.0, blur: float = 0.0
    ) -> None:
        """A line of so many units through points [n, 2], tapering to both ends."""
        tangent = np.empty_like(points)
        tangent[1:-1] = points[2:] - points[:-2]
        tangent[0], tangent[-1] = points[1] - points[0], points[-1] - points[-2]
        length = np.maximum(np.sqrt(np.square(tangent).sum(1)), 1e-6)
        reach = _taper(len(points)) * (width / 2) / length
        side = tangent[:, ::-1] * _MIRROR * reach[:, None]
        self.shape(np.concatenate((points + side, (points - side)[::-1])), color, alpha, blur)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        color: Floats,
        alpha: float = 1.0,
        blur: float = 0.0,
        within: tuple[int, int, NDArray[np.uint8]] | None = None,
    ) -> None:
        """A filled ellipse."""
        self.shape(_CIRCLE * at((rx, ry)) + at((x, y)), color, alpha, blur, within)

    def _mask(self, points: Floats, blur: float) -> tuple[int, int, NDArray[np.uint8]] | None:
        fixed = np.rint((points - self._origin) * (16 * self.per_unit) - 8).astype(np.int32)
        soft = blur * self.per_unit
        pad = 2 + math.ceil(2.2 * soft)
        height, width = self.picture.shape[:2]
        x, y, w, h = cv2.boundingRect(fixed)
        left, top = max(0, (x >> 4) - pad), max(0, (y >> 4) - pad)
        right, bottom = min(width, ((x + w) >> 4) + pad + 2), min(height, ((y + h) >> 4) + pad + 2)
        if right <= left or bottom <= top:
            return None
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, 4, (-16 * left, -16 * top))
        if soft > 0.3:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
        return left, top, mask


def _meet(
    one: tuple[int, int, NDArray[np.uint8]], other: tuple[int, int, NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """The first mask, cut to the second."""
    left, top, mask = one
    other_left, other_top, clip = other
    cut = np.zeros_like(mask)
    x0, y0 = max(left, other_left), max(top, other_top)
    x1 = min(left + mask.shape[1], other_left + clip.shape[1])
    y1 = min(top + mask.shape[0], other_top + clip.shape[0])
    if x1 > x0 and y1 > y0:
        here = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        there = (slice(y0 - other_top, y1 - other_top), slice(x0 - other_left, x1 - other_left))
        cut[here] = cv2.min(mask[here], clip[there])
    return cut
