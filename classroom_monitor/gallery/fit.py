"""Checks in a few milliseconds whether known tiles still stand where they stood."""

from __future__ import annotations

import numpy as np

from classroom_monitor.gallery.edges import CERTAIN, FAINT, Array
from classroom_monitor.records import Image

#: Points looked at along each side, in groups whose signed difference is averaged.
POINTS, GROUP = 40, 8

#: Pixels looked at on either side of a line: smaller shifts are invisible, and harmless.
REACH = 5


def side_strengths(image: Image, corners: Array) -> Array:
    """How much edge lies on the four sides of each tile now; float32 [N, 4] (left, right, top, bottom), 0..1.

    Args:
        image: the frame, uint8 RGB [H, W, 3].
        corners: left, top, right, bottom of each tile in pixels, [N, 4].

    Returns:
        NaN for sides at or beyond the border of the frame.
    """
    height, width = image.shape[:2]
    left, top, right, bottom = (corners[:, i] for i in range(4))
    share = (np.arange(POINTS, dtype=np.float32) + 0.5) / POINTS * 0.84 + 0.08
    down = (
        np.clip(top, 0, height)[:, None]
        + share * (np.clip(bottom, 0, height) - np.clip(top, 0, height))[:, None]
    )
    along = (
        np.clip(left, 0, width)[:, None]
        + share * (np.clip(right, 0, width) - np.clip(left, 0, width))[:, None]
    )
    reach = np.arange(-REACH - 1, REACH + 1)
    strength = np.full((len(corners), 4), np.nan, np.float32)
    for side, line in enumerate((left, right)):
        x = np.rint(line).astype(np.int64)[:, None] + reach
        seen = (line > REACH) & (line < width - REACH)
        y = np.clip(down, 0, height - 1).astype(np.int64)
        samples = image[y[:, :, None], np.clip(x, 0, width - 1)[:, None, :]]
        strength[:, side] = np.where(seen, _strength(samples), np.nan)
    for side, line in enumerate((top, bottom)):
        y = np.rint(line).astype(np.int64)[:, None] + reach
        seen = (line > REACH) & (line < height - REACH)
        x = np.clip(along, 0, width - 1).astype(np.int64)
        samples = image[np.clip(y, 0, height - 1)[:, None, :], x[:, :, None]]
        strength[:, side + 2] = np.where(seen, _strength(samples), np.nan)
    return strength


def _strength(samples: Array) -> Array:
    """Mean strength 0..1 along the strongest line in samples [N, POINTS, across, 3]."""
    number, _, across, _ = samples.shape
    groups = samples.reshape(number, POINTS // GROUP, GROUP, across, 3).astype(np.float32).mean(axis=2)
    step = np.abs(groups[:, :, 2:] - groups[:, :, :-2]).max(axis=3)
    strength = np.clip((step - FAINT) / (CERTAIN - FAINT), 0, 1).mean(axis=1)
    chance = np.minimum(np.median(strength, axis=1), 0.8)
    return np.asarray((strength.max(axis=1) - chance) / (1 - chance), np.float32)
