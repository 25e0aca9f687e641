"""Brings a layout found in a reduced picture to the exact pixel."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.gallery.edges import Array, Edges
from classroom_monitor.gallery.lattice import NEEDED, Layout

#: The two sides of a gap of fewer pixels are seen as one line, since edges are widened.
SEAM = 3.0


def refine(edges: Edges, layout: Layout, slack: float, aspect: float | None) -> Layout:
    """The layout moved and stretched to cover the most edge; rows and columns stay.

    Where the shape is known, one tile size and one gap hold across and down, which pools the evidence of all
    lines.

    Args:
        edges: of the picture in which the layout is given.
        layout: right to about `slack` pixels.
        slack: pixels.
        aspect: width by height of a tile; None where it is not known.
    """
    down = _Lines(edges.vertical, layout, across=True)
    along = _Lines(edges.horizontal, layout, across=False)
    if aspect is None:
        return _free(down, along, _free(down, along, layout, slack, slack, 0.5), 2.0, 1.0, 0.25)
    reach = slack + 0.01 * layout.w
    gaps = np.arange(0, max(4.0, 0.065 * layout.w), 1.0 if layout.w > 150 else 0.5)
    tiles = np.arange(layout.w - reach, layout.w + reach + 0.1, 0.5)
    pitch = layout.across
    w, gap = (v.ravel() for v in np.meshgrid(tiles, gaps, indexing="ij"))
    near = np.abs(w + gap - pitch) <= slack
    w, gap = w[near], gap[near]
    if not len(w):
        return layout
    shift = np.arange(-np.ceil(2 * slack), np.ceil(2 * slack) + 1)
    x_gain, x_at = down.best(layout.x + shift, w, w + gap)
    h = w / aspect
    y_gain, y_at = along.best(layout.y + shift, h, h + gap)
    top = int((x_gain + y_gain).argmax())
    found = replace(
        layout,
        x=float(x_at[top]),
        y=float(y_at[top]),
        w=float(w[top]),
        h=float(h[top]),
        across=float(w[top] + gap[top]),
        down=float(h[top] + gap[top]),
    )
    return _free(down, along, found, 2.0, 1.0, 0.25)  # rounding, and grids not quite of that shape


def _free(down: _Lines, along: _Lines, layout: Layout, slack: float, of_pitch: float, step: float) -> Layout:
    """Lets sizes and pitches across go apart from those down, by so many pixels, in such steps of pitch."""
    slack, of_pitch = max(1.0, slack), max(0.5, of_pitch)

    def each(lines: _Lines, start: float, size: float, pitch: float) -> tuple[float, float, float]:
        sizes, pitches = (
            v.ravel()
            for v in np.meshgrid(
                size + np.arange(-slack, slack + 0.1, 0.5), pitch + np.arange(-of_pitch, of_pitch + 0.1, step)
            )
        )
        keep = pitches >= sizes
        if not keep.any():
            return start, size, pitch
        sizes, pitches = sizes[keep], pitches[keep]
        gain, at = lines.best(start + np.arange(-np.ceil(slack), np.ceil(slack) + 1), sizes, pitches)
        gain -= 1e-3 * lines.length * (np.abs(sizes - size) + np.abs(pitches - pitch))
        top = int(gain.argmax())
        return float(at[top]), float(sizes[top]), float(pitches[top])

    x, w, across = each(down, layout.x, layout.w, layout.across)
    y, h, step = each(along, layout.y, layout.h, layout.down)
    return replace(layout, x=x, y=y, w=w, h=h, across=across, down=step)


class _Lines:
    """How much edge lies on each line (column or row) that the tiles of a layout could stand on."""

    def __init__(self, sums: Array, layout: Layout, across: bool) -> None:
        if not across:
            sums = sums.T
        self.most = sums.shape[1] - 1
        self.last = len(layout.rows) - 1 if not across else 0
        self.length = 0.0
        #: For each group of tiles that share lines: strength by line, length, first step, number of steps.
        self.groups: list[tuple[Array, float, NDArray[np.float64]]] = []
        spans: dict[tuple[float, ...], list[tuple[float, float]]] = {}
        if across:
            for row, (start, number) in enumerate(layout.rows):
                top = layout.y + row * layout.down
                steps = tuple(start + i for i in range(number))
                spans.setdefault(steps, []).append((top, top + layout.h))
        else:
            for row, (start, number) in enumerate(layout.rows):
                for i in range(number):
                    left = layout.x + (start + i) * layout.across
                    spans.setdefault((float(row),), []).append((left, left + layout.w))
        for steps, each in spans.items():
            total = np.zeros(self.most + 1, np.float32)
            length = 0.0
            for begin, end in each:
                inset = 0.08 * (end - begin)  # corners are rounded, and the other direction is not yet exact
                a, b = (int(np.clip(round(v), 0, sums.shape[0] - 1)) for v in (begin + inset, end - inset))
                total += sums[b] - sums[a]
                length += b - a
            smooth = cv2.blur(total[None], (3, 1), borderType=cv2.BORDER_REPLICATE)[0]
            self.groups.append((0.5 * (total + smooth), length, np.array(steps)))
            self.length += length * len(steps)

    def best(self, starts: Array, sizes: Array, pitches: Array) -> tuple[Array, Array]:
        """For each size and pitch the greatest gain over the starts, and that start."""
        gain = np.zeros((len(sizes), len(starts)), np.float32)
        seam = (pitches - sizes < SEAM)[:, None]  # the two sides of a narrow gap count half each
        for strength, length, steps in self.groups:
            low = starts[None, :, None] + steps[None, None, :] * pitches[:, None, None]
            at_low = self._gain(strength, length, low)
            at_high = self._gain(strength, length, low + sizes[:, None, None])
            both = at_low.sum(2) + at_high.sum(2)
            if len(steps) > 1:
                shared = at_low[:, :, 1:].sum(2) + at_high[:, :, :-1].sum(2)
            else:  # a row: its upper side is shared with the row above, its lower one with that below
                shared = at_low[:, :, 0] * (steps[0] > 0) + at_high[:, :, 0] * (steps[0] < self.last)
            gain += both - 0.5 * shared * seam
        at = gain.argmax(1)
        return gain[np.arange(len(sizes)), at], starts[at]

    def _gain(self, strength: Array, length: float, line: Array) -> Array:
        place = np.rint(line).astype(np.int64)
        inside = (place > 1) & (place < self.most - 1)
        value = strength[np.clip(place, 0, self.most)] - NEEDED * length
        return np.where(inside, value, 0).astype(np.float32)
