"""Paints galleries with any grid, gap, theme and scale, and pictures that look like one but are none."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from classroom_monitor.records import Box, Image


@dataclass(frozen=True)
class Painted:
    image: Image
    boxes: list[Box]
    off: list[bool]


def video(random: np.random.Generator, w: int, h: int) -> Image:
    """Something like a webcam's picture: a soft room, furniture, a person without a face, noise."""
    coarse = random.integers(30, 226, (*random.integers(2, 6, 2), 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(random.integers(1, 6))):
        x, y = int(random.integers(0, w)), int(random.integers(0, h))
        corner = (x + int(random.integers(5, max(6, w // 2))), y + int(random.integers(5, max(6, h // 2))))
        cv2.rectangle(picture, (x, y), corner, random.integers(0, 256, 3).tolist(), -1)
    centre = (int(w * random.uniform(0.35, 0.65)), int(h * random.uniform(0.5, 0.7)))
    cv2.ellipse(picture, centre, (h // 5, h // 3), 0, 0, 360, random.integers(40, 220, 3).tolist(), -1)
    noise = random.normal(0, 3, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def gallery(
    seed: int,
    columns: int,
    counts: list[int],
    tile_w: float,
    gap: float,
    *,
    background: int = 17,
    fill: int = 34,
    off: float = 0.15,
    margins: tuple[int, int, int, int] = (30, 40, 30, 40),
    left_aligned: bool = False,
    bars: float = 0.1,
    shape: float = 16 / 9,
) -> Painted:
    """counts: tiles of each row. margins: left, top, right, bottom; negative ones cut the tiles."""
    random = np.random.default_rng(seed)
    tile_h = tile_w / shape
    left, top, right, bottom = margins
    width = round(left + right + columns * (tile_w + gap) - gap)
    height = round(top + bottom + len(counts) * (tile_h + gap) - gap)
    image = np.full((height, width, 3), background, np.uint8)
    boxes, offs = [], []
    for row, count in enumerate(counts):
        start = 0.0 if left_aligned else (columns - count) / 2
        for column in range(count):
            x = round(left + (start + column) * (tile_w + gap))
            y = round(top + row * (tile_h + gap))
            w = round(left + (start + column) * (tile_w + gap) + tile_w) - x
            h = round(top + row * (tile_h + gap) + tile_h) - y
            is_off = bool(random.random() < off)
            tile = np.full((h, w, 3), fill, np.uint8)
            if is_off:
                size = w / 400
                text = "Name " + "abcdefg"[: int(random.integers(1, 8))]
                (long, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
                place = ((w - long) // 2, (h + high) // 2)
                cv2.putText(tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (230,) * 3, 1, cv2.LINE_AA)
            else:
                inset = round(w * 0.125) if random.random() < bars else 0
                tile[:, inset : w - inset] = video(random, w - 2 * inset, h)
            box = Box(x, y, w, h).clip(width, height)
            image[box.y : box.bottom, box.x : box.right] = tile[
                box.y - y : box.y - y + box.h, box.x - x : box.x - x + box.w
            ]
            boxes.append(box)
            offs.append(is_off)
    return Painted(image, boxes, offs)


def hostile(kind: str, seed: int = 1) -> Image:
    """A picture of 800 x 560 without any call in it."""
    random = np.random.default_rng(seed)
    image = np.full((560, 800, 3), 250, np.uint8)
    if kind == "noise":
        return random.integers(0, 256, image.shape, dtype=np.uint8)
    if kind == "black":
        return np.zeros_like(image)
    if kind == "chess":
        rows, columns = np.indices(image.shape[:2]) // 60
        return np.where(((rows + columns) % 2)[..., None], np.uint8(230), np.uint8(40)) * np.ones(3, np.uint8)
    if kind in ("calendar", "dark calendar"):
        dark = kind.startswith("dark")
        image[:] = 32 if dark else 252
        for day in range(35):
            x, y = 10 + day % 7 * 112, 60 + day // 7 * 63
            cv2.rectangle(image, (x, y), (x + 112, y + 63), (70,) * 3 if dark else (200,) * 3, 1)
            cv2.putText(image, str(day + 1), (x + 5, y + 15), 0, 0.4, (200,) * 3 if dark else (60,) * 3, 1)
            if day % 3 == 0:
                cv2.rectangle(image, (x + 4, y + 25), (x + 100, y + 40), (66, 133, 244), -1)
        return image
    if kind == "spreadsheet":
        for x in range(0, 800, 64):
            image[:, x] = 200
        for y in range(0, 560, 20):
            image[y] = 200
        for _ in range(300):
            place = (int(random.integers(0, 12)) * 64 + 4, int(random.integers(0, 27)) * 20 + 15)
            cv2.putText(image, str(random.integers(0, 9999)), place, 0, 0.4, (30,) * 3, 1)
        return image
    if kind == "thumbnails":
        for i in range(16):
            x, y = 20 + i % 4 * 192, 12 + i // 4 * 135
            image[y : y + 99, x : x + 176] = video(random, 176, 99)
            cv2.putText(image, "A title of a film", (x, y + 114), 0, 0.4, (20,) * 3, 1)
        return image
    if kind == "tight thumbnails":
        image[:] = 20
        for i in range(16):
            x, y = 6 + i % 4 * 198, 20 + i // 4 * 114
            image[y : y + 108, x : x + 192] = video(random, 192, 108)
        return image
    if kind == "text":
        for line in range(25):
            words = "".join(random.choice(list("abcdefghij   "), 70))
            cv2.putText(image, words, (20, 20 + line * 21), 0, 0.5, (20,) * 3, 1)
        return image
    raise ValueError(kind)


HOSTILE = (
    "noise",
    "black",
    "chess",
    "calendar",
    "dark calendar",
    "spreadsheet",
    "thumbnails",
    "tight thumbnails",
    "text",
)
