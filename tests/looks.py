"""Draws calls of many looks from the tiles of real ones, reads them, and counts what was right.

`python tests/looks.py --seeds 500-510` (with the test data named by CLASSROOM_TEST_DATA; `--list` names the
looks). Nothing is written: the pictures live in memory only.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import cv2
import gallery_scoring
import numpy as np

from classroom_monitor.faces import FaceReader, MediaPipeFaceFinder
from classroom_monitor.gallery import GalleryReader
from classroom_monitor.pictures import open_picture
from classroom_monitor.records import Box, Gallery, Image, TileState
from classroom_monitor.settings import load_settings

Point = tuple[float, float]

NAMES = ("Anna K", "Tom", "Maria L.", "Jose", "Ivy", "Bo Li", "Student with a long name")
WIDE = 16 / 9


@dataclass(frozen=True)
class Person:
    """A tile of a real call: its picture, where its faces are in it and how high they are (pixels)."""

    picture: Image
    faces: tuple[Point, ...]
    high: float


@dataclass(frozen=True)
class Slot:
    """The truth of a drawn tile, in pixels of the drawn call."""

    box: Box
    state: TileState
    faces: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Style:
    """How tiles are drawn. off: share of cameras that are off; photo: share of these with a photograph."""

    fill: tuple[int, int, int] = (34, 34, 34)
    radius: float = 0.0  # of the corners, in tile heights
    off: float = 0.12
    photo: float = 0.0
    round: bool = False  # initials and photographs stand in discs
    label: str = "box"
    faces: str = "usual"  # or "far", "two", "virtual"
    ring: tuple[int, int, int] = (118, 218, 108)


@dataclass
class Call:
    """A call being drawn."""

    image: Image
    people: list[Person]
    random: np.random.Generator
    slots: list[Slot] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[1], self.image.shape[0]

    def tile(self, box: Box, style: Style) -> None:
        """Draws one tile; one that lies partly outside is cut."""
        kind = "video" if self.random.random() >= style.off else "off"
        if kind == "off" and self.random.random() < style.photo:
            kind = "photo"
        if kind == "video":
            pixels, faces = self._video(box.w, box.h, style)
        else:
            pixels, faces = self._off(box.w, box.h, style, kind == "photo"), ()
        self._label(pixels, style)
        if style.radius:
            mask = rounded(box.w, box.h, style.radius * box.h)
            under = np.zeros_like(pixels)
            seen = box.clip(*self.size)
            inner = under[seen.y - box.y : seen.bottom - box.y, seen.x - box.x : seen.right - box.x]
            inner[:] = seen.cut(self.image)
            pixels = blended(under, pixels, mask)
        seen = box.clip(*self.size)
        seen.cut(self.image)[:] = pixels[
            seen.y - box.y : seen.bottom - box.y, seen.x - box.x : seen.right - box.x
        ]
        here = tuple((box.x + x, box.y + y) for x, y in faces if seen.holds(box.x + x, box.y + y))
        state = {"off": TileState.CAMERA_OFF, "photo": TileState.PHOTO}.get(kind, TileState.FACE)
        if kind == "video" and not here:
            state = TileState.NO_FACE
        self.slots.append(Slot(seen, state, here))

    def tiles(self, boxes: list[Box], style: Style) -> None:
        """Draws the tiles; now and then somebody speaks, and somebody raises a hand."""
        for box in boxes:
            self.tile(box, style)
        if self.random.random() < 0.5:
            box = boxes[int(self.random.integers(len(boxes)))]
            wide = max(2, round(0.015 * box.h))
            where = Box(box.x + 1, box.y + 1, box.w - 2, box.h - 2)
            outline(self.image, where, style.radius * box.h, style.ring, wide)
        if self.random.random() < 0.3:
            box = boxes[int(self.random.integers(len(boxes)))]
            at = (box.x + round(0.13 * box.h), box.y + round(0.13 * box.h))
            cv2.circle(self.image, at, max(2, round(0.08 * box.h)), (250, 200, 60), -1, cv2.LINE_AA)

    def person(self, faces: int | None = None) -> Person:
        """Somebody; with so many faces where told."""
        some = [p for p in self.people if faces is None or len(p.faces) == faces]
        return some[int(self.random.integers(len(some)))]

    def _video(self, w: int, h: int, style: Style) -> tuple[Image, tuple[Point, ...]]:
        if style.faces == "two":
            wide = round(0.6 * w)
            left, at = self._cropped(self.person(1), wide, h)
            right, also = self._cropped(self.person(1), wide, h)
            pixels = np.hstack([left[:, : w - wide], right])
            over = np.linspace(1, 0, 2 * wide - w, dtype=np.float32)[None].repeat(h, 0)
            middle = slice(w - wide, wide)
            pixels[:, middle] = blended(pixels[:, middle], left[:, w - wide :], over)
            return pixels, (*at, *((x + w - wide, y) for x, y in also))
        if style.faces in ("far", "virtual"):
            return self._set_into(w, h, far=style.faces == "far")
        return self._cropped(self.person(), w, h)

    def _cropped(self, person: Person, w: int, h: int) -> tuple[Image, tuple[Point, ...]]:
        """The middle of the tile that has the shape asked for, around its face where there is one."""
        picture = person.picture
        high, wide = picture.shape[:2]
        if w / h < wide / high:
            cut = max(8, round(high * w / h))
            centre = person.faces[0][0] if len(person.faces) == 1 else wide / 2
            x0, y0 = int(np.clip(centre - cut / 2, 0, wide - cut)), 0
            part = picture[:, x0 : x0 + cut]
        else:
            cut = max(8, round(wide * h / w))
            centre = person.faces[0][1] if len(person.faces) == 1 else high / 2
            x0, y0 = 0, int(np.clip(centre - cut / 2, 0, high - cut))
            part = picture[y0 : y0 + cut]
        scale = w / part.shape[1], h / part.shape[0]
        faces = tuple(((x - x0) * scale[0], (y - y0) * scale[1]) for x, y in person.faces)
        return resized(part, w, h), tuple((x, y) for x, y in faces if 0 <= x < w and 0 <= y < h)

    def _set_into(self, w: int, h: int, far: bool) -> tuple[Image, tuple[Point, ...]]:
        """Somebody in front of a virtual background, or far from the camera, with a face of about 20 px."""
        person = self.person(1)
        (x, y), high = person.faces[0], person.high
        room = self.random.integers(40, 220, (3, 5, 3), dtype=np.uint8)
        picture = cv2.resize(room, (w, h), interpolation=cv2.INTER_CUBIC)
        if not far:  # furniture of a drawn room
            for _ in range(4):
                a, b = int(self.random.integers(0, w)), int(self.random.integers(0, h))
                colour = self.random.integers(0, 256, 3).tolist()
                cv2.rectangle(picture, (a, b), (a + w // 5, b + h // 4), colour, -1)
        scale = (20.0 if far else 0.42 * h) / high
        centre = np.array([w * self.random.uniform(0.35, 0.65), h * self.random.uniform(0.42, 0.55)])
        move = np.float64([[scale, 0, centre[0] - scale * x], [0, scale, centre[1] - scale * y]])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        moved = cv2.warpAffine(person.picture, move, (w, h), flags=how, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((h, w), np.float32)
        face = scale * high
        at = (round(centre[0]), round(centre[1]))
        cv2.ellipse(mask, at, (round(0.55 * face), round(0.75 * face)), 0, 0, 360, 1, -1)
        body = (at[0], round(at[1] + 1.5 * face))
        cv2.ellipse(mask, body, (round(1.1 * face), round(0.95 * face)), 0, 0, 360, 1, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), max(0.6, 0.04 * face))
        return blended(picture, moved, mask), ((float(centre[0]), float(centre[1])),)

    def _off(self, w: int, h: int, style: Style, photo: bool) -> Image:
        pixels = np.full((h, w, 3), style.fill, np.uint8)
        name = NAMES[int(self.random.integers(len(NAMES)))]
        if not style.round and not photo:
            text(pixels, name, (w / 2, h / 2), w / 420)
            return pixels
        share = self.random.uniform(0.35, 0.6) if style.round else self.random.choice([0.5, 0.75, 1.0])
        side = round(float(share) * min(h, w))
        x, y = (w - side) // 2, (h - side) // 2
        if photo:
            person = self.person(1)
            (fx, fy), high = person.faces[0], person.high
            reach = round(min(1.3 * high, fx, fy, person.picture.shape[1] - fx, person.picture.shape[0] - fy))
            a, b = round(fx), round(fy)
            stamp = resized(person.picture[b - reach : b + reach, a - reach : a + reach], side, side)
        else:
            stamp = np.full((side, side, 3), self.random.integers(40, 200, 3), np.uint8)
            text(stamp, name[0], (side / 2, side / 2), side / 45)
        mask = rounded(side, side, side / 2 if style.round else 0.04 * side * (style.radius > 0))
        part = pixels[y : y + side, x : x + side]
        part[:] = blended(part.copy(), stamp, mask)
        return pixels

    def _label(self, pixels: Image, style: Style) -> None:
        h = pixels.shape[0]
        if style.label == "none" or self.random.random() < 0.1:
            return
        name = NAMES[int(self.random.integers(len(NAMES)))]
        size = h / 420
        (wide, high), _ = cv2.getTextSize(name, 0, size, 1)
        x, y = round(0.03 * h), round(0.96 * h)
        if style.label == "box":
            box = pixels[max(0, y - 2 * high) : h, : x + wide + x]
            box[:] = (0.35 * box).astype(np.uint8)
        cv2.putText(pixels, name, (x, y - high // 3), 0, size, (250,) * 3, 1, cv2.LINE_AA)

    def slide(self, box: Box) -> None:
        """A shared slide."""
        part = box.clip(*self.size).cut(self.image)
        part[:] = self.random.choice([(252, 252, 250), (24, 38, 66), (245, 240, 225)])
        ink = (40, 45, 60) if part.mean() > 128 else (235, 235, 240)
        unit = box.h / 600
        text(part, "A title of the slide", (box.w * 0.35, 60 * unit), 1.3 * unit, ink)
        for line in range(6):
            text(
                part, "What one should know of it", (box.w * 0.25, (140 + 55 * line) * unit), 0.7 * unit, ink
            )
        colour = self.random.integers(40, 220, 3).tolist()
        cv2.rectangle(part, (box.w * 5 // 9, box.h // 3), (box.w * 17 // 18, box.h * 8 // 9), colour, -1)

    def bar(self, y: int, high: int, colour: tuple[int, int, int], words: str = "", buttons: int = 0) -> None:
        """A bar across the picture with words at its left, or round buttons in its middle."""
        self.image[y : y + high] = colour
        ink = (40,) * 3 if sum(colour) > 380 else (215,) * 3
        if words:
            cv2.putText(self.image, words, (14, y + round(0.66 * high)), 0, high / 55, ink, 1, cv2.LINE_AA)
        for k in range(buttons):
            at = (self.size[0] // 2 + round((k - buttons / 2) * 1.3 * high), y + high // 2)
            cv2.circle(self.image, at, high // 4, ink, 2, cv2.LINE_AA)

    def panel(self, box: Box, light: bool) -> None:
        """A list of participants with small round portraits."""
        part = box.clip(*self.size).cut(self.image)
        part[:] = 252 if light else 40
        ink = (50,) * 3 if light else (225,) * 3
        text(part, "People", (70, 40), 0.7, ink)
        for y in range(80, box.h - 40, 52):
            side = 32
            person = self.person(1)
            (fx, fy), reach = person.faces[0], round(0.8 * person.high)
            a, b = max(reach, round(fx)), max(reach, round(fy))
            stamp = resized(person.picture[b - reach : b + reach, a - reach : a + reach], side, side)
            spot = part[y : y + side, 16 : 16 + side]
            if spot.shape[:2] == (side, side):
                spot[:] = blended(spot.copy(), stamp, rounded(side, side, side / 2))
            cv2.putText(part, NAMES[y % len(NAMES)], (62, y + 21), 0, 0.5, ink, 1, cv2.LINE_AA)


def resized(picture: Image, w: int, h: int) -> Image:
    how = cv2.INTER_AREA if picture.shape[0] > h else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (w, h), interpolation=how), np.uint8)


def rounded(w: int, h: int, radius: float) -> np.ndarray:
    """A mask 0..1 of a rectangle with round corners, smooth at its border."""
    x = np.abs(np.arange(w) + 0.5 - w / 2) - (w / 2 - radius)
    y = np.abs(np.arange(h) + 0.5 - h / 2) - (h / 2 - radius)
    out = np.hypot(np.maximum(x, 0)[None], np.maximum(y, 0)[:, None])
    return (
        np.clip(radius - out + 0.5, 0, 1).astype(np.float32) if radius >= 1 else np.ones((h, w), np.float32)
    )


def blended(under: Image, over: Image, mask: np.ndarray) -> Image:
    return np.rint(under + (over.astype(np.float32) - under) * mask[..., None]).astype(np.uint8)


def outline(image: Image, box: Box, radius: float, colour: tuple[int, int, int], wide: int) -> None:
    seen = box.clip(image.shape[1], image.shape[0])
    ring = rounded(box.w, box.h, radius)
    inner = np.zeros_like(ring)
    inner[wide : box.h - wide, wide : box.w - wide] = rounded(
        box.w - 2 * wide, box.h - 2 * wide, max(0.0, radius - wide)
    )
    ring = (ring - inner)[seen.y - box.y : seen.bottom - box.y, seen.x - box.x : seen.right - box.x]
    part = seen.cut(image)
    part[:] = blended(part.copy(), np.full_like(part, colour), np.clip(ring, 0, 1))


def text(
    image: Image, words: str, centre: Point, size: float, ink: tuple[int, int, int] = (235,) * 3
) -> None:
    thick = max(1, round(2 * size))
    (wide, high), _ = cv2.getTextSize(words, 0, size, thick)
    at = (round(centre[0] - wide / 2), round(centre[1] + high / 2))
    cv2.putText(image, words, at, 0, size, ink, thick, cv2.LINE_AA)


def lattice(
    columns: int, count: int, corner: Point, w: float, h: float, gap: float, left: bool = False
) -> list[Box]:
    """Full rows and a short last one, centred unless told."""
    boxes = []
    for i in range(count):
        row, column = divmod(i, columns)
        here = min(columns, count - row * columns)
        start = column + (0 if left else (columns - here) / 2)
        x, y = corner[0] + start * (w + gap), corner[1] + row * (h + gap)
        boxes.append(Box(round(x), round(y), round(x + w) - round(x), round(y + h) - round(y)))
    return boxes


def packed(area: Box, count: int, gap: float, shape: float = WIDE, left: bool = False) -> list[Box]:
    """The largest tiles of a shape that so many fit into an area, in its middle."""

    def width(columns: int) -> float:
        rows = -(-count // columns)
        return min((area.w + gap) / columns - gap, ((area.h + gap) / rows - gap) * shape)

    columns = max(range(1, count + 1), key=width)
    rows, w = -(-count // columns), width(columns)
    h = w / shape
    x = area.x + (area.w - columns * (w + gap) + gap) / 2
    y = area.y + (area.h - rows * (h + gap) + gap) / 2
    return lattice(columns, count, (x, y), w, h, gap, left)


Draw = Callable[[list[Person], np.random.Generator], Call]
LOOKS: dict[str, Draw] = {}


def look(name: str) -> Callable[[Draw], Draw]:
    def kept(draw: Draw) -> Draw:
        LOOKS[name] = draw
        return draw

    return kept


def blank(people: list[Person], random: np.random.Generator, w: int, h: int, colour: object) -> Call:
    return Call(np.full((h, w, 3), colour, np.uint8), people, random)


def grids(name: str, shape: float = WIDE, gaps: tuple[float, ...] = (0, 0, 1, 2, 3, 4, 6, 8, 12, 16)) -> None:
    """Looks of one lattice with any size, gap, margins and background."""

    def draw(people: list[Person], random: np.random.Generator) -> Call:
        columns, rows = int(random.integers(1, 8)), int(random.integers(1, 7))
        rows = max(rows, 2 if columns == 1 else 1)
        w = min(float(random.uniform(110, 420)), 2400 / columns, 1500 * shape / rows)
        h, gap = w / shape, min(float(random.choice(gaps)), 0.06 * w)
        ground = int(random.choice([0, 13, 17, 26, 32]))
        last = int(random.integers(1, columns + 1)) if random.random() < 0.5 and rows > 1 else columns
        margins = [int(random.integers(0, 90)) for _ in range(4)]
        top, bottom = int(random.choice([0, 30, 44])), int(random.choice([0, 50, 70]))
        if name == "cut by the frame":
            top = bottom = 0
            for k in range(4):
                if random.random() < 0.5 and (columns, rows)[k % 2] > 1:
                    margins[k] = -int((w, h)[k % 2] * random.uniform(0.1, 0.45))
        width = round(margins[0] + margins[2] + columns * (w + gap) - gap)
        height = round(margins[1] + margins[3] + rows * (h + gap) - gap) + top + bottom
        call = blank(people, random, width, height, ground)
        if top:
            call.bar(0, top, (45, 45, 45), "Meeting")
        if bottom:
            call.bar(height - bottom, bottom, (26, 26, 26), buttons=7)
        fill = (ground + int(random.integers(8, 20)),) * 3
        boxes = lattice(
            columns,
            columns * (rows - 1) + last,
            (margins[0], top + margins[1]),
            w,
            h,
            gap,
            left=bool(random.random() < 0.25),
        )
        call.tiles(boxes, Style(fill=fill, photo=0.25))
        return call

    LOOKS[name] = draw


grids("plain grid")
grids("tiles that touch", gaps=(0,))
grids("cut by the frame")
grids("tiles of 4:3", 4 / 3)
grids("square tiles", 1.0)


def screen(people: list[Person], random: np.random.Generator) -> tuple[Call, int, Style]:
    """A dark screen of 16:9, a gap, and a style."""
    w = int(random.choice([1280, 1440, 1920]))
    ground = int(random.choice([0, 13, 17, 26, 32]))
    call = blank(people, random, w, w * 9 // 16, ground)
    return call, int(random.choice([0, 2, 6, 10])), Style(fill=(ground + 14,) * 3)


def strip(call: Call, gap: int, style: Style) -> int:
    """A row of tiles at the top; its lower end."""
    width = call.size[0]
    count, w = int(call.random.integers(3, 7)), int(call.random.uniform(0.1, 0.14) * width)
    h, y = w * 9 // 16, int(call.random.integers(2, 14))
    x = (width - count * (w + gap)) // 2
    call.tiles([Box(x + i * (w + gap), y, w, h) for i in range(count)], style)
    return y + h


@look("strip above a speaker")
def _(people: list[Person], random: np.random.Generator) -> Call:
    call, gap, style = screen(people, random)
    width, height = call.size
    y = strip(call, gap, style) + int(random.integers(6, 20))
    h = height - y - int(random.integers(0, 60))
    w = min(h * 16 // 9, width)
    call.tile(Box((width - w) // 2, y, w, h), style)
    return call


@look("strip above a share")
def _(people: list[Person], random: np.random.Generator) -> Call:
    call, gap, style = screen(people, random)
    width, height = call.size
    y = strip(call, gap, style) + int(random.integers(6, 20))
    w = min((height - y) * 16 // 9, width)
    call.slide(Box((width - w) // 2, y, w, height - y))
    return call


def column(call: Call, gap: int, style: Style, right: bool) -> Box:
    """A column of tiles at one side; the area beside it."""
    width, height = call.size
    count = int(call.random.integers(2, 8))
    h = int(min(0.15 * width * 9 / 16, (height - 20) / count - gap))
    w, edge = h * 16 // 9, int(call.random.integers(0, 14))
    x = width - w - edge if right else edge
    y = (height - count * (h + gap)) // 2 if call.random.random() < 0.7 else int(call.random.integers(2, 20))
    call.tiles([Box(x, y + i * (h + gap), w, h) for i in range(count)], style)
    rest = width - w - edge - 12
    return Box(6 if right else width - rest - 6, 0, rest, height)


@look("column beside a speaker")
def _(people: list[Person], random: np.random.Generator) -> Call:
    call, gap, style = screen(people, random)
    beside = column(call, gap, style, right=bool(random.random() < 0.7))
    w = min(beside.w, beside.h * 16 // 9)
    h = w * 9 // 16
    call.tile(Box(beside.x, (beside.h - h) // 2, w, h), style)
    return call


@look("column beside a share")
def _(people: list[Person], random: np.random.Generator) -> Call:
    call, gap, style = screen(people, random)
    beside = column(call, gap, style, right=bool(random.random() < 0.7))
    h = min(beside.h, round(beside.w / random.choice([WIDE, 1.6, 4 / 3])))
    call.slide(Box(beside.x, (beside.h - h) // 2, beside.w, h))
    return call


@look("grid beside a share")
def _(people: list[Person], random: np.random.Generator) -> Call:
    call, gap, style = screen(people, random)
    width, height = call.size
    wide = int(0.36 * width)
    count = int(random.integers(3, 16))
    call.tiles(packed(Box(width - wide, 40, wide - 10, height - 80), count, gap), style)
    call.slide(Box(10, 60, width - wide - 20, height - 140))
    return call


@look("Meet")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w = int(random.choice([1280, 1440, 1920]))
    h = round(w * random.choice([0.5, 0.5625, 0.6]))
    call = blank(people, random, w, h, (32, 33, 36))
    panel = round(0.25 * w) if random.random() < 0.4 else 0
    area = Box(16, 16, w - panel - 32, h - 112)
    style = Style((60, 64, 67), 0.05, 0.25, 0.5, True, "plain", ring=(132, 156, 202))
    gap = int(random.integers(6, 13))
    call.tiles(packed(area, int(random.integers(2, 26)), gap, left=bool(random.random() < 0.2)), style)
    call.bar(h - 80, 80, (32, 33, 36), buttons=8)
    if panel:
        call.panel(Box(w - panel, 16, panel - 16, h - 112), light=True)
    return call


@look("Teams")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w = int(random.choice([1280, 1440, 1920]))
    h = round(w * random.choice([0.5, 0.5625, 0.6]))
    light = random.random() < 0.4
    ground = (245, 245, 245) if light else (31, 31, 31)
    call = blank(people, random, w, h, ground)
    call.bar(0, 48, (235, 235, 235) if light else (20, 20, 20), "Lecture | 12:31", buttons=6)
    panel = round(0.22 * w) if random.random() < 0.4 else 0
    area = Box(8, 56, w - panel - 16, h - 64)
    fill = (225, 223, 230) if light else (50, 48, 56)
    style = Style(fill, 0.03, 0.3, 0.4, True, "box", ring=(123, 131, 235))
    shape = float(random.choice([WIDE, WIDE, 1.5, 1.33]))
    call.tiles(packed(area, int(random.integers(2, 26)), int(random.integers(4, 9)), shape), style)
    if panel:
        call.panel(Box(w - panel, 48, panel, h - 48), light=light)
    return call


def zoom(
    people: list[Person], random: np.random.Generator, w: int, h: int, count: int, style: Style | None = None
) -> Call:
    """A window of Zoom with a grid."""
    ground, fill = [((26,) * 3, (36,) * 3), ((13,) * 3, (32,) * 3), ((0,) * 3, (34,) * 3)][
        int(random.integers(3))
    ]
    call = blank(people, random, w, h, ground)
    call.bar(0, 30, (250, 250, 250), "Zoom Meeting")
    call.bar(h - 56, 56, (26, 26, 26), buttons=9)
    area = Box(4, 34, w - 8, h - 94)
    style = style or Style(fill, 0.04 if random.random() < 0.5 else 0.0, 0.15, 0.3)
    call.tiles(packed(area, count, int(random.choice([2, 4, 6]))), style)
    return call


def wallpaper(random: np.random.Generator, w: int, h: int) -> Image:
    coarse = random.integers(20, 236, (3, 4, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC), np.uint8)


def set_on(call: Call, under: Image, x: int, y: int) -> Call:
    """The call as a window in another picture."""
    w, h = call.size
    under[y : y + h, x : x + w] = call.image
    slots = [Slot(s.box.shift(x, y), s.state, tuple((a + x, b + y) for a, b in s.faces)) for s in call.slots]
    return Call(under, call.people, call.random, slots)


@look("window on a desktop")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w, h = [(1920, 1080), (2560, 1440), (1366, 768)][int(random.integers(3))]
    part = random.uniform(0.5, 0.85, 2)
    inner = zoom(people, random, round(w * part[0]), round(h * part[1]), int(random.integers(2, 26)))
    desk = blank(people, random, w, h, 0)
    desk.image[:] = wallpaper(random, w, h)
    other = Box(int(random.uniform(0, 0.5) * w), int(random.uniform(0, 0.4) * h), w // 3, h // 2)
    other.cut(desk.image)[:] = 253
    for line in range(other.y + 40, other.bottom - 20, 24):
        words = "A document that lies behind the call"
        cv2.putText(desk.image, words, (other.x + 20, line), 0, 0.5, (40,) * 3, 1, cv2.LINE_AA)
    desk.bar(h - 40, 40, (235, 238, 245), "Start")
    room = w - inner.size[0], h - 40 - inner.size[1]
    return set_on(inner, desk.image, int(random.integers(0, room[0])), int(random.integers(0, room[1])))


@look("call in a browser")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w, h = [(1920, 1080), (1440, 900), (1280, 720)][int(random.integers(3))]
    inner = LOOKS["Meet" if random.random() < 0.7 else "plain grid"](people, random)
    scale = min(w / inner.size[0], (h - 86) / inner.size[1])
    inner = scaled(inner, scale)
    page = blank(people, random, w, h, (32, 33, 36))
    page.bar(0, 40, (222, 225, 230), "Meet - lecture   x     Calendar   x")
    page.bar(40, 46, (255, 255, 255), "https://meet.example/abc-defg-hij")
    return set_on(inner, page.image, (w - inner.size[0]) // 2, 86)


def scaled(call: Call, factor: float) -> Call:
    """The call as a screen scaled by the system shows it: interpolated."""
    w, h = (round(v * factor) for v in call.size)
    image = np.asarray(cv2.resize(call.image, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)
    slots = []
    for s in call.slots:
        x, y = round(s.box.x * factor), round(s.box.y * factor)
        box = Box(x, y, round(s.box.right * factor) - x, round(s.box.bottom * factor) - y).clip(w, h)
        slots.append(Slot(box, s.state, tuple((a * factor, b * factor) for a, b in s.faces)))
    return Call(image, call.people, call.random, slots)


@look("scaled by 125 or 150 %")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w, h = [(1280, 720), (1366, 768), (1536, 864)][int(random.integers(3))]
    call = zoom(people, random, w, h, int(random.integers(2, 26)))
    return scaled(call, float(random.choice([1.25, 1.5])))


@look("last page partly full")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w, h = [(1920, 1080), (1440, 900), (1280, 720)][int(random.integers(3))]
    call = blank(people, random, w, h, 13)
    call.bar(h - 56, 56, (26, 26, 26), buttons=9)
    columns, rows = [(5, 5), (4, 4), (7, 7), (3, 3)][int(random.integers(4))]
    area = Box(50, 20, w - 100, h - 90)
    full = packed(area, columns * rows, 6)[0]
    count = int(random.integers(1, columns * rows))
    width = columns * (full.w + 6) - 6
    boxes = lattice(columns, count, ((w - width) / 2, full.y), full.w, full.h, 6)
    call.tiles(boxes, Style((30,) * 3, 0.04, 0.15, 0.3))
    for x, words in ((4, "2/2"), (w - 40, "2/2")):
        cv2.putText(call.image, words, (x, h // 2), 0, 0.5, (220,) * 3, 1, cv2.LINE_AA)
    return call


@look("one or two tiles")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w, h = [(1920, 1080), (1440, 900), (1280, 720), (1000, 760)][int(random.integers(4))]
    return zoom(people, random, w, h, int(random.integers(1, 3)), Style(off=0.0, radius=0.02))


@look("49 at 1280 x 720")
def _(people: list[Person], random: np.random.Generator) -> Call:
    return zoom(people, random, 1280, 720, 49)


def with_faces(name: str, faces: str) -> None:
    def draw(people: list[Person], random: np.random.Generator) -> Call:
        w, h = [(1920, 1080), (1440, 900), (1280, 720)][int(random.integers(3))]
        return zoom(people, random, w, h, int(random.integers(2, 17)), Style(off=0.1, faces=faces))

    LOOKS[name] = draw


with_faces("virtual backgrounds", "virtual")
with_faces("two people in a tile", "two")
with_faces("far from the camera", "far")


@look("photographs instead of video")
def _(people: list[Person], random: np.random.Generator) -> Call:
    w, h = [(1920, 1080), (1440, 900), (1280, 720)][int(random.integers(3))]
    disc = bool(random.random() < 0.6)
    style = Style((34,) * 3, 0.03, 0.5, 0.8, disc, "box")
    return zoom(people, random, w, h, int(random.integers(4, 17)), style)


def people_of(test_data: Path) -> list[Person]:
    """The tiles of the real galleries that are large enough, apart from photographs."""
    found = []
    for truth in gallery_scoring.annotations(test_data):
        image = open_picture(test_data / "galleries" / truth["file"], 12000)
        for slot in truth["tiles_list"] or ():
            x, y, w, h = (int(v) for v in slot["box"])
            box = Box(x + 3, y + 3, w - 6, h - 6).clip(image.shape[1], image.shape[0])
            if abs(w / h - WIDE) > 0.08 or w < 200 or slot["state"] == "photo":
                continue
            points = [(p["x"], p["y"]) for p in truth["points"] if p["kind"] == "live"]
            faces = tuple((a - box.x, b - box.y) for a, b in points if box.holds(a, b))
            if faces:
                found.append(Person(box.cut(image).copy(), faces, float(truth["face_height_px"])))
    return found


def drawn(name: str, seed: int, people: list[Person]) -> Call:
    """The call of a look and a seed, coded as JPEG of quality 45 to 95 in half of the cases."""
    random = np.random.default_rng([seed, sum(map(ord, name))])
    call = LOOKS[name](people, random)
    if random.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(45, 96))]
        coded = cv2.imencode(".jpg", call.image[..., ::-1], quality)[1]
        call.image = np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])
    return call


@dataclass
class Tally:
    """Sums over the calls of a look."""

    calls: int = 0
    counts: int = 0
    tiles: int = 0
    found: int = 0
    states: int = 0
    faces: int = 0
    seen: int = 0
    false: int = 0
    photos: int = 0
    taken: int = 0
    seconds: float = 0.0
    wrong: list[int] = field(default_factory=list)

    def add(self, seed: int, call: Call, gallery: Gallery) -> None:
        """taken: photographs taken for somebody live. false: other live faces where there is none."""
        self.calls += 1
        right = len(gallery.tiles) == len(call.slots)
        self.counts += right
        live = [face.box for t in gallery.tiles if t.state is not TileState.PHOTO for face in t.faces]
        faces = [point for slot in call.slots for point in slot.faces]
        photos = [slot.box for slot in call.slots if slot.state is TileState.PHOTO]
        self.faces += len(faces)
        self.seen += sum(any(box.holds(*point) for box in live) for point in faces)
        rest = [box for box in live if not any(box.holds(*point) for point in faces)]
        centres = [(box.x + box.w / 2, box.y + box.h / 2) for box in rest]
        taken = [any(photo.holds(*centre) for photo in photos) for centre in centres]
        self.photos += len(photos)
        self.taken += sum(taken)
        self.false += len(taken) - sum(taken)
        hit = 0
        for slot in call.slots:
            self.tiles += 1
            tile = max(gallery.tiles, key=lambda t: t.box.iou(slot.box), default=None)
            if tile is not None and tile.box.iou(slot.box) >= 0.8:
                hit += 1
                same = tile.state is slot.state
                self.states += same or {tile.state, slot.state} == {TileState.FACE, TileState.TOO_SMALL}
        self.found += hit
        if not right or hit < len(call.slots):
            self.wrong.append(seed)

    def __str__(self) -> str:
        return (
            f"| {self.counts} of {self.calls} | {self.found} of {self.tiles} | {self.states} of {self.found} "
            f"| {self.seen} of {self.faces} | {self.false} | {self.taken} of {self.photos} |"
        )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--looks", help="names, separated by commas; all where absent")
    asked.add_argument("--seeds", default="500-510", help="first and end, as in 500-510")
    asked.add_argument("--list", action="store_true")
    told = asked.parse_args()
    if told.list:
        print(*LOOKS, sep="\n")
        return
    people = people_of(Path(os.environ["CLASSROOM_TEST_DATA"]))
    begin, end = (int(v) for v in told.seeds.split("-"))
    settings = load_settings().faces
    print("| look | counts | boxes | states | live faces | false | photographs taken for live |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with MediaPipeFaceFinder(settings) as finder:
        for name in told.looks.split(",") if told.looks else LOOKS:
            tally = Tally()
            for seed in range(begin, end):
                call = drawn(name, seed, people)
                start = time.process_time()
                tiles = GalleryReader().read(call.image)
                tally.seconds += time.process_time() - start
                tally.add(seed, call, FaceReader(finder, settings).read(call.image, tiles))
            print(f"| {name} {tally}", flush=True)
            wrong = f"; tiles wrong in {tally.wrong}" if tally.wrong else ""
            print(f"{name}: search {tally.seconds / tally.calls:.2f} CPU s{wrong}", file=sys.stderr)


if __name__ == "__main__":
    main()
