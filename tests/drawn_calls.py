"""Small drawn calls for the tests of labels, names and identity: noisy video with labels over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Box, Gallery, Image, Tile, TileState

GAP = 6
#: Twelve names of nobody, as unlike as names are.
TWELVE = (
    "Amelie Novak", "Bo", "Chidi Okafor", "Émile Durand", "Fatima Zahra Benali", "Иван Петров",
    "Jörg Schüßler", "李小雨", "Leo (he/him)", "Mónica Ruiz", "Priya R...", "Tuan Anh",
)  # fmt: skip


@dataclass(frozen=True)
class Seat:
    """What one tile shows. room: the seed of the picture behind; camera off has a plain tile."""

    name: str
    room: int
    muted: bool = False
    off: bool = False
    speaks: bool = False


def _font() -> object:
    return cv2.FontFace("sans")


def room(seed: int, width: int, height: int, look: int = 0) -> NDArray[np.float32]:
    """A blurred room with somebody in it, who sways a little from look to look."""
    rng = np.random.default_rng(seed)
    cells = (0.7 * rng.integers(20, 230, (4, 6, 1)) + 0.3 * rng.integers(20, 230, (4, 6, 3))).astype(np.uint8)
    picture = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng((seed, look))
    sway = noise.normal(0, 0.008, 2)
    centre = (round(width * (0.5 + sway[0])), round(height * (0.55 + sway[1])))
    color = tuple(int(c) for c in rng.integers(30, 220, 3))
    cv2.ellipse(picture, centre, (round(height * 0.22), round(height * 0.3)), 0, 0, 360, color, -1)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32)
    return picture + noise.normal(0, 4, picture.shape).astype(np.float32)


def paint_tile(seat: Seat, height: int, style: str = "box", look: int = 0) -> Image:
    """One tile of 16:9 with its label. style: box, pill, plain or none."""
    width = round(height * 16 / 9)
    picture = (
        np.full((height, width, 3), 34, np.float32) if seat.off else room(seat.room, width, height, look)
    )
    font, size = _font(), max(9, round(height * 0.07))
    text_width = cv2.getTextSize((4000, 400), seat.name, (0, 0), font, size, 400)[2]
    caps = size * 0.73
    inset = round(0.03 * height) if style == "pill" else 0
    icon = 1.3 * caps if seat.muted and style != "plain" else 0.0
    if style in ("box", "pill"):
        end = round(inset + 1.1 * caps + icon + text_width)
        picture[round(height - inset - 2.1 * caps) : height - inset, inset:end] *= 0.4
    shown = np.clip(picture, 0, 255).astype(np.uint8)
    base = round(height - inset - (1.6 if style == "plain" else 0.6) * caps)
    if icon:
        cv2.circle(
            shown, (round(inset + caps), round(base - caps / 2)), round(0.4 * caps), (225, 60, 60), -1, 16
        )
    if style != "none":
        cv2.putText(
            shown, seat.name, (round(inset + 0.55 * caps + icon), base), (255, 255, 255), font, size, 400
        )
    if seat.speaks:
        cv2.rectangle(shown, (0, 0), (width - 1, height - 1), (118, 218, 108), 3)
    return shown


def paint_call(
    seats: Sequence[Seat | None],
    height: int = 150,
    columns: int = 4,
    style: str = "box",
    look: int = 0,
    quality: int | None = 80,
) -> tuple[Image, Gallery]:
    """A call of these seats in reading order (None: an empty slot), and its tiles as the reader gives them.

    quality: of the JPEG that the picture passes through.
    """
    width = round(height * 16 / 9)
    rows = -(-len(seats) // columns)
    image = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), 20, np.uint8)
    tiles: list[Tile] = []
    for i, seat in enumerate(seats):
        if seat is None:
            continue
        row, column = divmod(i, columns)
        box = Box(GAP + column * (width + GAP), GAP + row * (height + GAP), width, height)
        box.cut(image)[:] = paint_tile(seat, height, style, look)
        state = TileState.CAMERA_OFF if seat.off else TileState.NO_FACE
        tiles.append(Tile(box, state, (), row, column))
    if quality is not None:
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return image, Gallery(tuple(tiles), True)


def seats(names: Sequence[str], **fields: bool) -> list[Seat]:
    """A seat for each name, each with a room of its own."""
    return [Seat(name, 100 + i, muted=i % 2 == 0, **fields) for i, name in enumerate(names)]
