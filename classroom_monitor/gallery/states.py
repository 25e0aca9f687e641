"""What one tile shows, told from its pixels alone: video, a profile photo, or nothing but a name.

In a single picture a photo is a suspicion (a still, square picture between two equal bars); over several
pictures stillness confirms it and movement clears it.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np

from classroom_monitor.gallery.edges import Array
from classroom_monitor.records import Image

#: A tile is judged at this size; the lowest part, where the name stands, is left out.
WIDTH, HEIGHT = 160, 90
NAME = 0.18

#: Pixels of that size at its border in which the ring around a speaker lies; beside them those of the bars.
RING, BAR = 3, 5

#: Discs are looked for in pictures of so many pixels a side.
DISC = 64

#: Levels within which a pixel counts as the colour of the fill (JPEG noise is about 3).
SAME = 6


class Content(Enum):
    """What a tile shows."""

    VIDEO = "video"
    PHOTO = "photo"
    EMPTY = "empty"
    NAME = "name"
    SIGN = "sign"

    @property
    def off(self) -> bool:
        """Whether the camera is off and no photo stands in for it: a name, an initial, or nothing."""
        return self in (Content.EMPTY, Content.NAME, Content.SIGN)


def sketch(tile: Image) -> Array:
    """A tiny gray copy of a tile without its border and name, by which movement is told; float32 [16, 28]."""
    height, width = tile.shape[:2]
    inner = tile[height // 16 : max(1, round(height * (1 - NAME))), width // 32 : max(1, width - width // 32)]
    inner = inner[:: max(1, height // 96), :: max(1, width // 168)]
    gray = cv2.cvtColor(np.ascontiguousarray(inner), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(gray, (28, 16), interpolation=cv2.INTER_AREA), np.float32)


def _filmed(tile: Image) -> bool:
    """Whether the sides of a tile are clearly not of one colour: the usual case, told at little cost."""
    height, width = tile.shape[:2]
    rows = np.linspace(0.26, 0.78, 14) * height  # below raised hands, above names
    columns = np.array([0.027, 0.033, 0.967, 0.973]) * width  # inside the border of who speaks
    samples = tile[rows.astype(np.int64)[:, None], columns.astype(np.int64)].reshape(-1, 3).astype(np.int16)
    far = (np.abs(samples - np.median(samples, axis=0)) > 2 * SAME).any(axis=1)
    return bool(far.mean() > 0.3)


def content_of(tile: Image) -> Content:
    """What the pixels of a tile [H, W, 3] show."""
    if min(tile.shape[:2]) < 4 or _filmed(tile):
        return Content.VIDEO
    tile = tile[:: max(1, tile.shape[0] // (2 * HEIGHT)), :: max(1, tile.shape[1] // (2 * WIDTH))]
    small = cv2.resize(tile, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    body = small[RING : int(HEIGHT * (1 - NAME)), RING:-RING].astype(np.int16)
    fill = _fill(body)
    if fill is None:
        return Content.VIDEO
    differs = (np.abs(body - fill) > SAME).any(axis=2)
    corner = round(0.25 * HEIGHT), round(0.17 * WIDTH)  # raised hands, reactions and mute signs stand there
    strip = body[:BAR, corner[1] : -corner[1]]  # what coding makes of the ring is there of one colour, too
    plain = (np.abs(strip - np.median(strip, axis=1, keepdims=True)) <= SAME).all(axis=2).mean(axis=1) > 0.9
    differs[:BAR][plain] = differs[:, :BAR] = differs[:, -BAR:] = False
    differs[: corner[0], : corner[1]] = differs[: corner[0], -corner[1] :] = False
    if differs.mean() < 0.003:
        return Content.EMPTY
    columns = np.flatnonzero(differs.mean(axis=0) > 0.04)
    rows = np.flatnonzero(differs.mean(axis=1) > 0.02)
    if not len(columns) or not len(rows):
        return Content.EMPTY
    left, right = int(columns[0]), int(columns[-1]) + 1
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    width, height = right - left, bottom - top
    centred = abs(left + right - body.shape[1]) < 0.16 * body.shape[1]
    if height < 0.27 * HEIGHT or (height < 0.4 * HEIGHT and width > 1.6 * height):
        if centred:
            return Content.NAME
        return Content.EMPTY if differs.mean() < 0.08 else Content.VIDEO
    if not centred:
        return Content.EMPTY if differs.mean() < 0.03 else Content.VIDEO
    reaches_top = top <= 2
    reaches_bottom = bottom >= body.shape[0] - 1
    if not reaches_top or not reaches_bottom:  # a picture that floats in the slot: no video does
        return Content.SIGN if _two_colours(body[top:bottom, left:right]) else Content.PHOTO
    full = HEIGHT  # it reaches both ends, so it is as high as the slot
    if 0.88 <= width / full <= 1.14:
        return Content.SIGN if _two_colours(body[top:bottom, left:right]) else Content.PHOTO
    return Content.VIDEO


def is_disc(picture: Image) -> bool:
    """Whether a picture [H, W, 3] has a disc on one colour in its middle, as portraits in lists are."""
    small = cv2.resize(picture, (DISC, DISC), interpolation=cv2.INTER_AREA).astype(np.int16)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    ground = np.median(border, axis=0)
    differs = (np.abs(small - ground) > 2 * SAME).any(axis=2).astype(np.uint8)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(differs, connectivity=4)
    number = int(pieces[DISC // 2, DISC // 2])
    x, y, w, h, area = (int(v) for v in stats[number])
    if not number or min(x, y) < 1 or max(x + w, y + h) >= DISC or not 0.85 < w / h < 1.18:
        return False
    # A disc fills its square to .785, and leaves the corners free.
    cut = max(1, round(0.12 * w))
    square = pieces[y : y + h, x : x + w] == number
    corners = [square[:cut, :cut], square[:cut, -cut:], square[-cut:, :cut], square[-cut:, -cut:]]
    return 0.66 < area / (w * h) < 0.86 and all(corner.mean() < 0.25 for corner in corners)


def _fill(body: Array) -> Array | None:
    """The colour of both side bars, or of a tile of nearly one colour; None where there is neither.

    Where somebody speaks the outer columns have another colour each, by what coding makes of the ring.
    """
    below = body[round(0.25 * HEIGHT) :]  # raised hands and reactions stand above
    sides = np.concatenate([below[:, :BAR], below[:, -BAR:]], axis=1)
    inner = sides[:, BAR - 1 : BAR + 1].reshape(-1, 3)
    middle = np.median(inner, axis=0)
    columns = np.median(sides, axis=0)
    flat = (np.abs(sides - columns) <= SAME).all(axis=2).mean() > 0.97
    if flat and (np.abs(inner - middle) <= SAME).all(axis=1).mean() > 0.97:
        return np.asarray(middle, np.int16)
    return None


def _two_colours(content: Array) -> bool:
    """Whether two colours make up most of it, as in an initial on a square or in a disc, or a silhouette.

    Of drawn initials at least .68, of photographs at most .5.
    """
    pixels = content.reshape(-1, 3)
    share = 0.0
    for _ in range(2):
        if not len(pixels):
            return True
        code = (pixels // 12).astype(np.int32) @ np.array([1, 32, 1024], np.int32)
        common = np.bincount(code).argmax()
        colour = np.median(pixels[code == common], axis=0)
        close = (np.abs(pixels - colour) <= 10).all(axis=1)
        share += close.sum() / (content.shape[0] * content.shape[1])
        pixels = pixels[~close]
    return share > 0.6
