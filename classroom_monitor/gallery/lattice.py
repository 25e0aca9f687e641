"""Finds lattices of equal tiles in a picture, from the straight edges of their sides.

A slot of the right shape scores by how far its four sides are covered by edges. A lattice is a set of
slots of one size at one pitch: full rows, and a last row that may be short, centred or left-aligned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from classroom_monitor.gallery.edges import Array, find_edges
from classroom_monitor.records import Box, Image

WIDE = 16 / 9

#: Positions are tried every so many pixels; edges are widened accordingly.
STRIDE = 2

#: A slot with this score explains itself; below it speaks against the lattice. Small slots score higher by
#: chance, which the second figure (divided by their height in pixels) offsets.
ENOUGH, SMALL = 0.38, 1.5

#: A line covered less than this speaks against standing there: else more lines would always win.
NEEDED = 0.3

#: The two sides of a gap of fewer pixels are seen as one line, since edges are widened.
SEAM = 2 * STRIDE + 1

#: What a tile that only shows a name in its middle counts at least, above what is enough.
NAMED = 0.1

#: Mean cover of a line through all tiles from which they are the fields of a table.
STRIPED = 0.75

#: Mean cover of the sides that a layout needs, and that one of two or three tiles needs.
COVER, COVER_FEW = 0.5, 0.7

#: An outer row or column needs so much cover of its sides, apart from those of its neighbours.
#: More where there is nothing in them, less where they end with the picture.
OWN, OWN_BLANK, OWN_CUT = 0.45, 0.8, 0.25

#: A line through the whole picture counts as a side of tiles above this cover; so many combs are combined.
COMB, COMBS = 0.12, 7

#: A tile of a lattice of its own, such as a speaker, is at least so wide as a share of the picture.
LARGE = 0.35

#: Shapes of tiles, width by height, apart from 16:9.
NARROWEST, WIDEST = 0.7, 2.1

#: Levels from which a pixel is near-white, and within 3 x 3 pixels from which something is there.
WHITE, BUSY = 225, 14

#: Tiles may be cut by the border of the picture down to this share of their width or height.
LEAST_VISIBLE = 0.4


@dataclass(frozen=True, slots=True)
class Layout:
    """A lattice of tiles. Lengths are in pixels, with fractions.

    x, y: top-left corner of the first tile of a full row. w, h: a tile. across, down: from one tile to the
    next. rows: for each row its first column (in tiles from x, may be a half) and its number of tiles.
    score: evidence, in pixels of covered edge.
    """

    x: float
    y: float
    w: float
    h: float
    across: float
    down: float
    rows: tuple[tuple[float, int], ...]
    score: float = 0.0

    @property
    def count(self) -> int:
        """Number of tiles."""
        return sum(number for _, number in self.rows)

    def scaled(self, factor: float) -> Layout:
        """The same layout in a picture `factor` times as large."""
        x, y, w, h, across, down = (
            value * factor for value in (self.x, self.y, self.w, self.h, self.across, self.down)
        )
        return Layout(x, y, w, h, across, down, self.rows, self.score)

    def corners(self) -> Array:
        """Left, top, right, bottom of each tile, row by row; float32 [count, 4]."""
        found = [
            (self.x + (start + i) * self.across, self.y + row * self.down)
            for row, (start, number) in enumerate(self.rows)
            for i in range(number)
        ]
        corner = np.array(found, np.float32).reshape(-1, 2)
        return np.hstack([corner, corner + np.array([self.w, self.h], np.float32)])

    def boxes(self, width: int, height: int) -> Iterator[tuple[int, int, Box]]:
        """Row, column and box (clipped to the picture) of each tile."""
        places = ((row, i) for row, (_, number) in enumerate(self.rows) for i in range(number))
        for (row, column), (left, top, right, bottom) in zip(places, np.rint(self.corners()), strict=True):
            box = Box(int(left), int(top), int(right - left), int(bottom - top))
            yield row, column, box.clip(width, height)


def openings(layout: Layout, width: int, height: int) -> Array:
    """Slots around the tiles, on whole and half steps, where a tile may appear; float32 [N, 4] as `corners`.

    Only those of which enough lies in a picture of that size.
    """
    columns = max(number for _, number in layout.rows)
    cells = [
        (row, start)
        for row in range(-1, len(layout.rows) + 1)
        for start in np.arange(-1.0, columns + 0.5, 0.5)
        if not 0 <= row < len(layout.rows) - 1 or start in (-1.0, columns)
    ]
    corner = np.array([(layout.x + c * layout.across, layout.y + r * layout.down) for r, c in cells])
    corners = np.hstack([corner, corner + np.array([layout.w, layout.h])])
    inside = np.clip(corners, 0, np.array([width, height, width, height]))
    seen = (inside[:, 2] - inside[:, 0]) * (inside[:, 3] - inside[:, 1])
    return np.asarray(corners[seen >= LEAST_VISIBLE * layout.w * layout.h], np.float32)


class SlotScores:
    """Scores of slots anywhere in a picture."""

    def __init__(self, image: Image) -> None:
        self.edges = edges = find_edges(image, widen=2 * STRIDE + 1)
        self._white = _sums(image.min(axis=2) > WHITE)
        around = np.ones((3, 3), np.uint8)
        self._busy = _sums((cv2.dilate(image, around) - cv2.erode(image, around)).max(axis=2) > BUSY)
        self.pad = max(edges.width, edges.height)
        ring = ((self.pad, self.pad), (self.pad, self.pad))
        self._vertical = np.pad(edges.vertical, ring, mode="edge")
        self._horizontal = np.pad(edges.horizontal, ring, mode="edge")
        # Every STRIDE-th position of each phase apart, so that reading them runs through memory in order.
        self._phases = [
            [[np.ascontiguousarray(sums[y::STRIDE, x::STRIDE]) for x in range(STRIDE)] for y in range(STRIDE)]
            for sums in (self._vertical, self._horizontal)
        ]

    def everywhere(self, w: int, h: int) -> tuple[Array, Array, int, int]:
        """Slots w x h at each STRIDE-th position: score, visible length of their sides, first corner."""
        width, height = self.edges.width, self.edges.height
        x0 = -int(w * (1 - LEAST_VISIBLE)) // STRIDE * STRIDE
        y0 = -int(h * (1 - LEAST_VISIBLE)) // STRIDE * STRIDE
        xs = np.arange(x0, width - w * LEAST_VISIBLE, STRIDE)
        ys = np.arange(y0, height - h * LEAST_VISIBLE, STRIDE)

        rows, columns = len(ys), len(xs)

        def at(which: int, x: int, y: int) -> Array:
            top, left = self.pad + y0 + y, self.pad + x0 + x
            sums = self._phases[which][top % STRIDE][left % STRIDE]
            top, left = top // STRIDE, left // STRIDE
            return np.asarray(sums[top : top + rows, left : left + columns])

        tall = (np.minimum(ys + h, height) - np.maximum(ys, 0)).astype(np.float32)[:, None]
        long = (np.minimum(xs + w, width) - np.maximum(xs, 0)).astype(np.float32)[None]
        sides = (
            (at(0, 0, h) - at(0, 0, 0)) * (1 / tall),
            (at(0, w, h) - at(0, w, 0)) * (1 / tall),
            (at(1, w, 0) - at(1, 0, 0)) * (1 / long),
            (at(1, w, h) - at(1, 0, h)) * (1 / long),
        )
        hidden = (
            (xs < 3)[None],
            (xs + w > width - 3)[None],
            (ys < 3)[:, None],
            (ys + h > height - 3)[:, None],
        )
        visible = 0.5 * (tall * (2.0 - hidden[0] - hidden[1]) + long * (2.0 - hidden[2] - hidden[3]))
        return _score(sides, hidden), visible.astype(np.float32), x0, y0

    def of(self, left: Array, top: Array, w: float, h: float) -> Array:
        """Scores of slots of one size at the given corners (any one shape), pillarboxed video allowed for."""
        width, height = self.edges.width, self.edges.height
        x, y = (np.rint(v).astype(np.int64) for v in (left, top))
        right, bottom = (np.rint(v).astype(np.int64) for v in (left + w, top + h))
        near = self.pad - 2
        hidden = (x < 3, right > width - 3, y < 3, bottom > height - 3)
        x, right = np.clip(x, -near, width + near), np.clip(right, -near, width + near)
        y, bottom = np.clip(y, -near, height + near), np.clip(bottom, -near, height + near)
        tall = np.maximum(np.minimum(bottom, height) - np.maximum(y, 0), 1)
        long = np.maximum(np.minimum(right, width) - np.maximum(x, 0), 1)

        def vertical(at: Array) -> Array:
            return np.asarray((self._down(at, bottom) - self._down(at, y)) / tall)

        def horizontal(at: Array, x: Array = x, right: Array = right, long: Array = long) -> Array:
            return np.asarray((self._along(right, at) - self._along(x, at)) / long)

        sides = (vertical(x), vertical(right), horizontal(y), horizontal(bottom))
        score = _score(sides, hidden)
        for share in (0.125, 0.2, 0.28, 0.34):  # bars of 4:3, square and portrait video in a wide slot
            inset = round(w * share)
            inner = (
                np.maximum(vertical(x + inset), sides[0]),
                np.maximum(vertical(right - inset), sides[1]),
                horizontal(y, x + inset, right - inset, np.maximum(long - 2 * inset, 1)),
                horizontal(bottom, x + inset, right - inset, np.maximum(long - 2 * inset, 1)),
            )
            score = np.maximum(score, np.where(hidden[0] | hidden[1], 0, _score(inner, hidden) - 0.1))
        outside = (right <= w * LEAST_VISIBLE) | (bottom <= h * LEAST_VISIBLE)
        outside |= (x >= width - w * LEAST_VISIBLE) | (y >= height - h * LEAST_VISIBLE)
        score = np.where(outside, 0, score).astype(np.float32)
        white = _share(self._white, x, y, right, bottom)  # a document or chat is no tile
        score -= np.where(white > 0.45, np.float32(0.45), np.float32(0))
        return score

    def visible(self, left: Array, top: Array, w: float, h: float) -> Array:
        """Half the length of the sides that lie inside the picture, in pixels."""
        width, height = self.edges.width, self.edges.height
        sides = (left > 2).astype(np.float32) + (left + w < width - 2)
        ends = (top > 2).astype(np.float32) + (top + h < height - 2)
        tall = np.clip(np.minimum(top + h, height) - np.maximum(top, 0), 0, None)
        long = np.clip(np.minimum(left + w, width) - np.maximum(left, 0), 0, None)
        return np.asarray(0.5 * (tall * sides + long * ends), np.float32)

    def sides(self, corners: Array) -> tuple[Array, Array]:
        """Cover of the four sides of slots (left, top, right, bottom, [N, 4]) and their visible lengths.

        Both float32 [N, 4] (left, right, top, bottom); a side outside the picture has length 0.
        """
        width, height = self.edges.width, self.edges.height
        left, top, right, bottom = np.rint(corners).astype(np.int64).T
        near = self.pad - 2
        inside = (left >= 3, right <= width - 3, top >= 3, bottom <= height - 3)
        left, right = np.clip(left, -near, width + near), np.clip(right, -near, width + near)
        top, bottom = np.clip(top, -near, height + near), np.clip(bottom, -near, height + near)
        tall = np.maximum(np.minimum(bottom, height) - np.maximum(top, 0), 1)
        long = np.maximum(np.minimum(right, width) - np.maximum(left, 0), 1)
        cover = np.stack(
            [
                (self._down(left, bottom) - self._down(left, top)) / tall,
                (self._down(right, bottom) - self._down(right, top)) / tall,
                (self._along(right, top) - self._along(left, top)) / long,
                (self._along(right, bottom) - self._along(left, bottom)) / long,
            ],
            axis=1,
        )
        length = np.stack([tall, tall, long, long], axis=1) * np.stack(inside, axis=1)
        return cover.astype(np.float32), length.astype(np.float32)

    def _down(self, x: Array, y: Array) -> Array:
        return np.asarray(self._vertical[y + self.pad, x + self.pad])

    def _along(self, x: Array, y: Array) -> Array:
        return np.asarray(self._horizontal[y + self.pad, x + self.pad])

    def named(self, left: Array, top: Array, w: float, h: float) -> Array:
        """Whether slots of one size at these corners show a line in the middle, and nothing around."""

        def share(x0: float, y0: float, x1: float, y1: float) -> Array:
            edges = (left + x0 * w, top + y0 * h, left + x1 * w, top + y1 * h)
            return _share(self._busy, *(np.rint(edge).astype(np.int64) for edge in edges))

        around = np.maximum(share(0.05, 0.08, 0.95, 0.34), share(0.05, 0.66, 0.95, 0.8))
        sides = np.maximum(share(0.04, 0.34, 0.1, 0.66), share(0.9, 0.34, 0.96, 0.66))
        return np.asarray((share(0.2, 0.4, 0.8, 0.6) > 0.01) & (np.maximum(around, sides) < 0.002))

    def whole(self, corners: Array) -> Array:
        """Whether slots given by left, top, right, bottom lie in the picture, nearly; bool [N]."""
        left, top, right, bottom = corners.T
        spare = 0.04 * (right - left)
        inside = (left >= -spare) & (top >= -spare)
        return np.asarray(
            inside & (right <= self.edges.width + spare) & (bottom <= self.edges.height + spare)
        )

    def white(self, corners: Array) -> Array:
        """Share of near-white pixels in slots given by left, top, right, bottom; float [N]."""
        return _share(self._white, *np.rint(corners).astype(np.int64).T)

    def blank(self, corners: Array) -> Array:
        """Whether there is nothing inside slots given by left, top, right, bottom; bool [N]."""
        left, top, right, bottom = corners.T
        dx, dy = 0.06 * (right - left), 0.06 * (bottom - top)
        inner = (np.rint(v).astype(np.int64) for v in (left + dx, top + dy, right - dx, bottom - dy))
        return np.asarray(_share(self._busy, *inner) < 0.002)


def _sums(mask: Array) -> Array:
    """Running sums float32 [H + 1, W + 1] of a mask."""
    return np.asarray(cv2.integral(mask.astype(np.uint8)), np.float32)


def _share(sums: Array, left: Array, top: Array, right: Array, bottom: Array) -> Array:
    """Mean of the mask in boxes, as far as they lie in the picture."""
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    left, right = np.clip(left, 0, width), np.clip(right, 0, width)
    top, bottom = np.clip(top, 0, height), np.clip(bottom, 0, height)
    total = sums[bottom, right] - sums[bottom, left] - sums[top, right] + sums[top, left]
    return np.asarray(total / np.maximum((right - left) * (bottom - top), 1))


def _score(sides: tuple[Array, ...], hidden: tuple[Array, ...]) -> Array:
    """Four fifths the mean and one fifth the least coverage of the four sides.

    A side outside the picture is taken for as good as the one across, or where that is hidden as the others.
    """
    left, right, top, bottom = (np.broadcast_to(h, sides[0].shape) for h in hidden)
    score = [np.array(side, np.float32) for side in sides]
    for one, other, hide, hide_other in ((0, 1, left, right), (2, 3, top, bottom)):
        if hide.any():
            np.copyto(score[one], sides[other], where=hide)
        if hide_other.any():
            np.copyto(score[other], sides[one], where=hide_other)
    for one, other, rest in ((0, 1, 2), (2, 3, 0)):
        both = (left & right) if one == 0 else (top & bottom)
        if both.any():
            spare = 0.5 * (score[rest] + score[rest + 1])
            np.copyto(score[one], spare, where=both)
            np.copyto(score[other], spare, where=both)
    least = np.minimum(np.minimum(score[0], score[1]), np.minimum(score[2], score[3]))
    total = score[0] + score[1] + score[2] + score[3] + least
    total *= 0.2
    out = hidden[0].astype(np.float32) + hidden[1] + hidden[2] + hidden[3]
    total -= 0.04 * out
    return np.asarray(np.where(out > 2.5, np.float32(0), total))


def candidates(
    scores: SlotScores, least: int, most: int, aspect: float = WIDE
) -> tuple[list[Layout], list[Layout]]:
    """Promising lattices, and promising single large tiles, best first; heights in pixels.

    Of a lattice one row and column is given, to be completed.
    """
    found: list[Layout] = []
    large: list[Layout] = []
    height = float(least)
    while height <= most:
        h = round(height)
        w = round(h * aspect)
        height = max(h + 1, height * 1.008)
        score, visible, x0, y0 = scores.everywhere(w, h)
        if not score.size:
            continue
        found += _lattice(score, visible, x0, y0, w, h)
        if w >= LARGE * scores.edges.width:
            large += _alone(scores, score, x0, y0, w, h)
    found.sort(key=lambda layout: -layout.score)
    chosen: list[Layout] = []
    for layout in found:
        alike = sum(abs(layout.w - other.w) < 0.04 * layout.w for other in chosen)
        if alike < 4:
            chosen.append(layout)
    large.sort(key=lambda layout: -layout.score)
    apart: list[Layout] = []
    for layout in large:
        if all(_shared(layout, other) < 0.8 for other in apart):
            apart.append(layout)
    return chosen, apart


def _shared(one: Layout, other: Layout) -> float:
    """Intersection by union of two single tiles."""
    across = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    down = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    both = max(0.0, across) * max(0.0, down)
    return both / (one.w * one.h + other.w * other.h - both)


def _alone(scores: SlotScores, score: Array, x0: int, y0: int, w: int, h: int) -> Iterator[Layout]:
    """The slot that stands out most among those of a size that lie wholly in the picture."""
    top, left = -y0 // STRIDE, -x0 // STRIDE
    inside = score[top : (scores.edges.height - h - y0) // STRIDE + 1, left:]
    inside = inside[:, : (scores.edges.width - w) // STRIDE + 1]
    if inside.size and inside.max() >= COVER:
        y, x = divmod(int(inside.argmax()), inside.shape[1])
        gain = float(inside[y, x]) * (w + h)
        yield Layout(x * STRIDE, y * STRIDE, w, h, w, h, ((0.0, 1),), gain)


def other_shapes(scores: SlotScores, least: int) -> Iterator[Layout]:
    """Lattices of tiles of any one shape: the best combs of upright lines with the best of level lines."""
    edges = scores.edges
    upright = _combs(edges.vertical[-1] / max(1, edges.height), least)
    level = _combs(edges.horizontal[:, -1] / max(1, edges.width), least)
    for x, w, across in upright:
        for y, h, down in level:
            if NARROWEST <= w / h <= WIDEST:
                yield Layout(x, y, w, h, across, down, ((0.0, 1),))


def _combs(lines: Array, least: int) -> list[tuple[int, int, int]]:
    """Start, size and pitch of the equal, equally spaced fields that lines of this strength bound best."""
    gain = cv2.blur(lines.reshape(1, -1), (3, 1))[0] - COMB
    found: list[tuple[float, int, int, int]] = []
    for size in range(least, len(lines)):
        best = (0.0, 0, 0, 0)
        both = gain[:-size] + gain[size:]
        for gap in sorted({round(g) for g in np.linspace(0, max(1.0, 0.09 * size), 7)}):
            pitch = size + gap
            sums = np.full(-(-len(both) // pitch) * pitch, -1.0, np.float32)
            sums[: len(both)] = both
            sums = sums.reshape(-1, pitch).cumsum(axis=0)
            runs = sums - np.minimum(np.minimum.accumulate(sums, axis=0), 0)  # the best that ends there
            end, at = divmod(int(runs.argmax()), pitch)
            if runs[end, at] > best[0]:
                best = (float(runs[end, at]), at, size, pitch)
        found.append(best)
    chosen: list[tuple[float, int, int, int]] = []
    for comb in sorted(found, reverse=True):
        if comb[0] <= 0 or len(chosen) == COMBS:
            break
        if all(abs(comb[2] - other[2]) > 2 for other in chosen):
            chosen.append(comb)
    return [comb[1:] for comb in chosen]


def cut_out(scores: SlotScores, aspect: float = WIDE) -> Iterator[Layout]:
    """Up to four tiles that fill the picture to its border, where only inner sides can be seen."""
    width, height = scores.edges.width, scores.edges.height
    for columns in range(1, 5):
        for rows in range(1, 4 // columns + 1):
            for gap in range(max(3, round(0.05 * width / columns))):
                w = (width - (columns - 1) * gap) / columns
                h = w / aspect
                if columns * rows > 1 and abs(rows * h + (rows - 1) * gap - height) < 0.012 * height:
                    down = (height + gap) / rows
                    layout = Layout(0, 0, w, down - gap, w + gap, down, ((0.0, columns),) * rows)
                    if mean_cover(scores, layout) >= COVER_FEW:
                        yield replace(layout, score=evidence(scores, layout))


def _lattice(score: Array, visible: Array, x0: int, y0: int, w: int, h: int) -> list[Layout]:
    """The best lattice of slots of a size, from their scores everywhere; one or none."""
    enough = 0.45 + 3.6 / h
    excess = np.maximum(cv2.dilate(score, np.ones((3, 3), np.uint8)) - enough, 0) * visible
    best: Layout | None = None
    for at_y, at_x in _peaks(score, enough + 0.02, round(w * 0.45) // STRIDE, round(h * 0.45) // STRIDE):
        for gap in sorted({round(g) for g in np.linspace(-1, max(2.0, 0.05 * w), 9)}):
            across, down = (w + gap) / STRIDE, (h + gap) / STRIDE
            rows = np.arange(-int(at_y / down), int((score.shape[0] - 1 - at_y) / down) + 1)
            halves = np.arange(-int(at_x / across * 2), int((score.shape[1] - 1 - at_x) / across * 2) + 1)
            y = np.rint(at_y + rows * down).astype(np.int64)
            x = np.rint(at_x + halves * across / 2).astype(np.int64)
            cells = excess[y][:, x]
            even, odd = cells[:, halves % 2 == 0].sum(1), cells[:, halves % 2 == 1].sum(1)
            total = float(np.maximum(even, odd).sum())
            if best is None or total > best.score:
                corner = at_x * STRIDE + x0, at_y * STRIDE + y0
                best = Layout(*corner, w, h, w + gap, h + gap, ((0, 1),), total)
    return [] if best is None else [best]


def _peaks(score: Array, enough: float, half_w: int, half_h: int) -> Iterator[tuple[int, int]]:
    """Up to five separate best positions (y, x)."""
    left = score.copy()
    for _ in range(5):
        y, x = divmod(int(left.argmax()), left.shape[1])
        if left[y, x] < enough:
            return
        yield y, x
        left[max(0, y - half_h) : y + half_h + 1, max(0, x - half_w) : x + half_w + 1] = 0


def striped(scores: SlotScores, layout: Layout) -> bool:
    """Whether lines run through the tiles at one and the same place in most, as in a table or a board."""
    left, top, right, bottom = layout.corners().T
    for share in np.linspace(0.08, 0.92, 57):
        x, y = left + share * layout.w, top + share * layout.h
        upright, _ = scores.sides(np.stack([x, top, x + 1, bottom], axis=1))
        level, _ = scores.sides(np.stack([left, y, right, y + 1], axis=1))
        if upright[:, 0].mean() > STRIPED or level[:, 2].mean() > STRIPED:
            return True
    return False


def evidence(scores: SlotScores, layout: Layout) -> float:
    """How much more edge the sides of a layout cover than needed, in pixels, each line counted once."""
    cover, length = scores.sides(layout.corners())
    counts = np.array([number for _, number in layout.rows])
    inner = np.ones(layout.count, bool)
    inner[counts.cumsum() - 1] = False
    if layout.across - layout.w < SEAM:  # the right side of a tile and the left one of the next are one line
        length[inner, 1] *= 0.5
        length[np.roll(inner, 1), 0] *= 0.5
    if layout.down - layout.h < SEAM:
        length[: layout.count - counts[-1], 3] *= 0.5
        length[counts[0] :, 2] *= 0.5
    return float(((cover - NEEDED) * length).sum())


def mean_cover(scores: SlotScores, layout: Layout) -> float:
    """Mean cover of the sides of a layout inside the picture, about 0..1."""
    cover, length = scores.sides(layout.corners())
    return float((cover * length).sum() / max(1.0, float(length.sum())))


def trim(scores: SlotScores, layout: Layout) -> Layout | None:
    """The layout without outer rows and columns that only borrow the sides of the tiles next to them."""
    while layout.count > 1:
        for fewer, mine in _outer(scores, layout):
            cover, length = scores.sides(layout.corners())
            own = [
                (cover[i, side], length[i, side]) for i, shared in mine for side in range(4) if side != shared
            ]
            corners = layout.corners()[[i for i, _ in mine]]
            named = scores.named(corners[:, 0], corners[:, 1], layout.w, layout.h)
            if (named & scores.whole(corners)).mean() >= 0.5:
                continue
            total = sum(n for _, n in own)
            if scores.blank(corners).all():
                needed = OWN_BLANK
            elif scores.whole(corners).all() and any(length[i, shared ^ 1] == 0 for i, shared in mine):
                needed = OWN_CUT
            else:
                needed = OWN
            if total > 0 and sum(c * n for c, n in own) / total >= needed:
                continue
            if total == 0 and needed == OWN_CUT:
                continue  # a picture cut out along the tiles: nothing can be seen of their outer sides
            layout = fewer
            break
        else:
            return replace(layout, score=evidence(scores, layout))
    return None


def _outer(scores: SlotScores, layout: Layout) -> Iterator[tuple[Layout, list[tuple[int, int]]]]:
    """Each way to leave out an outer row or column: what stays, and the tiles lost with their shared side."""
    rows, count = layout.rows, layout.count
    first, last = rows[0][1], rows[-1][1]
    if len(rows) > 1:
        bottom = [(i, 2) for i in range(count - last, count)]
        yield replace(layout, rows=rows[:-1]), bottom
        if rows[1][1] == first:
            yield replace(layout, y=layout.y + layout.down, rows=rows[1:]), [(i, 3) for i in range(first)]
    full = [row for row in rows if row == rows[0]]
    if first > 1:
        starts = [i * first for i in range(len(full))]
        short = rows[len(full) :]
        if all(start + number <= first - 1 for start, number in short):
            narrow = tuple((0.0, first - 1) for _ in full) + short
            yield replace(layout, rows=narrow), [(i + first - 1, 0) for i in starts]
        if all(start >= 1 for start, _ in short):
            narrow = tuple((0.0, first - 1) for _ in full) + tuple((start - 1, n) for start, n in short)
            yield replace(layout, x=layout.x + layout.across, rows=narrow), [(i, 1) for i in starts]
    if rows[-1] != rows[0] and last > 2:
        start = rows[-1][0]
        ends = [(count - last, 1), (count - 1, 0)]
        yield replace(layout, rows=(*rows[:-1], (start + 1, last - 2))), ends
    if len(rows) > 1 and last > 1:
        start = rows[-1][0]
        blank = scores.blank(layout.corners()[[count - last, count - 1]])
        if blank[0] and start + 1 == (first - last + 1) / 2:  # what stays is centred
            yield replace(layout, rows=(*rows[:-1], (start + 1, last - 1))), [(count - last, 1)]
        if blank[1] and start == 0:
            yield replace(layout, rows=(*rows[:-1], (0.0, last - 1))), [(count - 1, 0)]


def complete(scores: SlotScores, seed: Layout) -> Layout | None:
    """The rows and columns that the picture supports on the seed's lattice; None where there are none."""
    w, h, across, down = seed.w, seed.h, seed.across, seed.down
    width, height = scores.edges.width, scores.edges.height
    first = -int((seed.y + h * (1 - LEAST_VISIBLE)) // down)
    last = int((height - h * LEAST_VISIBLE - seed.y) // down)
    left = -int((seed.x + w * (1 - LEAST_VISIBLE)) // (across / 2))
    right = int((width - w * LEAST_VISIBLE - seed.x) // (across / 2))
    rows, halves = np.arange(first, last + 1), np.arange(left, right + 1)
    if not len(rows) or not len(halves):
        return None
    x, y = np.meshgrid(seed.x + halves * across / 2, seed.y + rows * down)
    gain = scores.of(x, y, w, h) - (ENOUGH + SMALL / h)
    # Where tiles without video touch there is no edge between them, but a name in each.
    inside = (x >= 0) & (y >= 0) & (x + w <= width) & (y + h <= height)
    gain = np.where(scores.named(x, y, w, h) & inside, np.maximum(gain, NAMED), gain)
    gain *= scores.visible(x, y, w, h)
    runs = _every_other(gain)
    best, start, columns, top, bottom = 0.0, 0, 0, 0, 0
    for a in range(len(halves)):
        for number in range(1, (len(halves) - a + 1) // 2 + 1):
            body = runs[:, a + 2 * number] - runs[:, a]
            above = np.concatenate([[0.0], body.cumsum()])
            total = above[1:] - np.minimum.accumulate(above[:-1])
            total[:-1] += _short_rows(runs, a, number).max(axis=(0, 2), initial=0)[1:]
            at = int(total.argmax())
            if total[at] > best:
                best, start, columns, bottom = float(total[at]), a, number, at + 1
                top = int(above[:bottom].argmin())
    if best <= 0:
        return None
    shape = ((0.0, columns),) * (bottom - top)
    if bottom < len(rows) and columns > 1:
        short = _short_rows(runs, start, columns)[:, bottom]
        way, number = divmod(int(short.argmax()), columns - 1)
        if short[way, number] > 0:
            shape += (((columns - number - 1) / 2 if way == 0 else 0.0, number + 1),)
    corner = seed.x + int(halves[start]) * across / 2, seed.y + int(rows[top]) * down
    return replace(seed, x=corner[0], y=corner[1], rows=shape, score=best)


def _every_other(gain: Array) -> Array:
    """Running sums of every second column: [:, j + 2 n] - [:, j] is the sum of n columns from j on."""
    runs = np.zeros((gain.shape[0], gain.shape[1] + 2))
    for first in (0, 1):
        np.cumsum(gain[:, first::2], axis=1, out=runs[:, first + 2 :: 2])
    return runs


def _short_rows(runs: Array, start: int, columns: int) -> Array:
    """Gain of each row as a short one under full columns from half column `start`; [2, rows, columns - 1].

    First centred, then left-aligned; of 1, 2, ... tiles.
    """
    middle, end = start + columns, start + 2 * columns
    centred = runs[:, middle + 1 : end] - runs[:, start + 1 : middle][:, ::-1]
    return np.stack([centred, runs[:, start + 2 : end : 2] - runs[:, start, None]])
