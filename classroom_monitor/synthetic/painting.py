"""The picture of a call: tiles, labels, bars, slides and pop-ups, in the looks of the calls of today.

Sizes follow what was measured on real galleries: slots of exactly 16:9, equal, the short last row in the
middle; gaps, colours, corners, labels and borders by theme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Box, Image
from classroom_monitor.synthetic.cache import Cache

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Theme:
    """How one kind of call looks. Lengths are pixels of a picture 1080 high."""

    background: Color
    fill: Color  # camera off, and beside video that is not 16:9
    gap: int
    radius: int
    label: str  # "flush", "pill", "plain", "caption" (the name alone, low in the tile)
    label_height: float  # of the tile
    border: Color  # of the one who speaks
    border_width: int
    border_outside: bool
    top: int  # heights of the bars
    bottom: int
    chrome: str  # "mac", "windows", "meet", "teams", "player", "none"
    light: bool = False
    left_aligned: bool = False


LOOKS: Final[dict[str, Theme]] = {
    "zoom_2020": Theme((0, 0, 0), (34, 34, 34), 4, 0, "flush", 0.105, (165, 201, 102), 4, True, 0, 62, "mac"),
    "zoom_mac": Theme(
        (17, 17, 17), (34, 34, 34), 12, 12, "flush", 0.10, (118, 218, 108), 4, False, 44, 74, "mac"
    ),
    "zoom_windows": Theme(
        (26, 26, 26), (36, 36, 36), 6, 0, "flush", 0.10, (137, 226, 11), 3, False, 32, 64, "windows"
    ),
    "zoom_new": Theme(
        (13, 13, 13), (33, 33, 33), 0, 0, "pill", 0.105, (0, 255, 145), 4, False, 40, 76, "windows"
    ),
    "zoom_recording": Theme(
        (0, 0, 0), (32, 32, 32), 2, 0, "flush", 0.135, (130, 236, 35), 4, False, 0, 0, "player"
    ),
    "meet": Theme(
        (32, 33, 36), (60, 64, 67), 10, 10, "plain", 0.10, (138, 180, 248), 4, False, 0, 88, "meet"
    ),
    "meet_2020": Theme(
        (0, 0, 28),
        (44, 48, 56),
        0,
        0,
        "plain",
        0.10,
        (132, 156, 202),
        3,
        False,
        0,
        0,
        "none",
        left_aligned=True,
    ),
    "teams": Theme((31, 31, 31), (46, 46, 46), 4, 4, "pill", 0.10, (130, 133, 228), 4, False, 56, 0, "teams"),
}

_FONTS: Final[dict[str, Any]] = {}


def _points(values: Sequence[Sequence[float]]) -> NDArray[np.int32]:
    return np.asarray(values, np.int32)


def _font() -> Any:
    # OpenCV 5 carries its own fonts, which know accents, Cyrillic and CJK.
    if not _FONTS:
        _FONTS["sans"] = cv2.FontFace("sans")
    return _FONTS["sans"]


def text_width(text: str, size: float, weight: int = 400) -> int:
    """Pixels a text of so many pixels takes."""
    box = cv2.getTextSize((4000, 400), text, (0, 0), _font(), max(6, round(size)), weight)
    return int(box[2])


def write(
    picture: Image, text: str, x: float, y: float, size: float, color: Color, weight: int = 400
) -> None:
    """Writes text with its base line at y."""
    cv2.putText(picture, text, (round(x), round(y)), color, _font(), max(6, round(size)), weight)


def shorten(text: str, size: float, room: int) -> str:
    """The text, cut with "..." where it is too wide."""
    if text_width(text, size) <= room:
        return text
    while len(text) > 1 and text_width(text + "...", size) > room:
        text = text[:-1]
    return text.rstrip() + "..."


def blend(picture: Image, x: int, y: int, color: Image, cover: NDArray[np.uint8]) -> None:
    """Lays a colour picture over another by coverage 0..255, clipped to it."""
    h, w = cover.shape
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(picture.shape[1], x + w), min(picture.shape[0], y + h)
    if x1 <= x0 or y1 <= y0:
        return
    part = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
    on = cv2.cvtColor(np.ascontiguousarray(cover[part]), cv2.COLOR_GRAY2RGB)
    spot = picture[y0:y1, x0:x1]
    kept = cv2.multiply(spot, cv2.bitwise_not(on), scale=1 / 255)
    spot[:] = cv2.add(kept, cv2.multiply(np.ascontiguousarray(color[part]), on, scale=1 / 255))


def rounded(w: int, h: int, radius: float) -> NDArray[np.uint8]:
    """Coverage of a rounded rectangle."""
    over = 4
    mask = np.zeros((h * over, w * over), np.uint8)
    r = max(0, round(min(radius, w / 2, h / 2) * over))
    cv2.rectangle(mask, (r, 0), (w * over - 1 - r, h * over - 1), 255, -1)
    cv2.rectangle(mask, (0, r), (w * over - 1, h * over - 1 - r), 255, -1)
    for cx in (r, w * over - 1 - r):
        for cy in (r, h * over - 1 - r):
            cv2.circle(mask, (cx, cy), r, 255, -1)
    return np.asarray(cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA), np.uint8)


def panel(picture: Image, box: Box, color: Color, radius: float = 0, alpha: float = 1.0) -> None:
    """A filled, rounded panel."""
    if box.w <= 0 or box.h <= 0:
        return
    cover = rounded(box.w, box.h, radius)
    if alpha < 1:
        cover = (cover * alpha).astype(np.uint8)
    flat = np.empty((box.h, box.w, 3), np.uint8)
    flat[:] = color
    blend(picture, box.x, box.y, flat, cover)


# --- Layout ---------------------------------------------------------------------------------------------


def grid(count: int, area: Box, gap: int, columns: int = 0, left_aligned: bool = False) -> tuple[Box, ...]:
    """Equal 16:9 slots for so many tiles in an area, as large as fit; the short last row is in the middle."""
    if count < 1:
        return ()
    best, best_w = 1, 0
    for tried in range(1, count + 1) if not columns else (min(columns, count),):
        rows = math.ceil(count / tried)
        w = min((area.w - gap * (tried - 1)) / tried, (area.h - gap * (rows - 1)) / rows * 16 / 9)
        unit = math.floor(w / 16)
        if unit > best_w:
            best, best_w = tried, unit
    w, h = max(16, best_w * 16), max(9, best_w * 9)
    rows = math.ceil(count / best)
    top = area.y + (area.h - rows * h - gap * (rows - 1)) // 2
    boxes: list[Box] = []
    for row in range(rows):
        here = min(best, count - row * best)
        wide = (best if left_aligned else here) * (w + gap) - gap
        left = area.x + (area.w - wide) // 2
        boxes.extend(Box(left + i * (w + gap), top + row * (h + gap), w, h) for i in range(here))
    return tuple(boxes)


@dataclass(frozen=True, slots=True)
class Face:
    """What one tile is to show beside its picture."""

    name: str
    muted: bool
    speaking: bool
    hand: bool
    reaction: int  # 0 none


class Painter:
    """Paints calls of one theme and size. panel: with a chat at the right."""

    def __init__(self, theme: str, width: int, height: int, cache: Cache, panel: bool = False) -> None:
        self.theme = LOOKS[theme]
        self.name = theme
        self.width, self.height = width, height
        self._unit = height / 1080
        self._cache = cache
        self.gap = round(self.theme.gap * self._unit) if self.theme.gap else 0
        self.radius = round(self.theme.radius * self._unit)
        self._panel = round(0.22 * width) if panel else 0

    def px(self, length: float) -> int:
        """Pixels of a length given for a picture 1080 high."""
        return round(length * self._unit)

    def area(self) -> Box:
        """Where tiles may stand."""
        top, bottom = self.px(self.theme.top), self.px(self.theme.bottom)
        side = self.px(0 if self.theme.gap == 0 else 8)
        wide = self.width - self._panel - 2 * side
        return Box(side, top + side // 2, wide, self.height - top - bottom - side)

    def slots(self, count: int, columns: int) -> tuple[Box, ...]:
        """The tiles of a gallery."""
        return grid(count, self.area(), self.gap, columns, self.theme.left_aligned)

    def strip(self, count: int) -> tuple[Box, ...]:
        """The tiles of a strip above slides: six at most, as calls do."""
        area = self.area()
        unit = max(1, self.height // 8 // 9)
        w, h = unit * 16, unit * 9
        fit = min(count, 6, (area.w + self.gap) // (w + self.gap))
        wide = fit * (w + self.gap) - self.gap
        left = area.x + (area.w - wide) // 2
        return tuple(Box(left + i * (w + self.gap), area.y + self.px(4), w, h) for i in range(fit))

    # The call around the tiles

    def canvas(self, seconds: float, pages: int, page: int) -> Image:
        """An empty call: background and bars."""
        key = ("chrome", self.name, self.width, self.height)
        still: Image = self._cache.get(key, self._chrome, lambda a: a.nbytes)
        picture = still.copy()
        self._clock(picture, seconds)
        return picture

    def _clock(self, picture: Image, seconds: float) -> None:
        minutes, rest = divmod(int(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        told = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"
        if self.theme.chrome in ("mac", "windows", "teams") and self.theme.top:
            x = self.width - self.px(150) if self.theme.chrome != "teams" else self.px(20)
            write(picture, told, x, self.px(self.theme.top * 0.66), self.px(17), (190, 190, 190))
        elif self.theme.chrome == "meet":
            write(picture, told, self.px(28), self.height - self.px(36), self.px(18), (232, 234, 237))

    def _chrome(self) -> Image:
        picture = np.empty((self.height, self.width, 3), np.uint8)
        picture[:] = self.theme.background
        kind = self.theme.chrome
        if kind in ("mac", "windows"):
            self._zoom_bars(picture)
        elif kind == "meet":
            y = self.height - self.px(44)
            for k, color in enumerate(((60, 64, 67),) * 5 + ((234, 67, 53),)):
                x = self.width // 2 + self.px((k - 2.5) * 62)
                cv2.circle(picture, (x, y), self.px(23), color, -1, cv2.LINE_AA)
                self._glyph(picture, k, x, y, self.px(10), (240, 240, 240))
        elif kind == "teams":
            cv2.rectangle(picture, (0, 0), (self.width, self.px(56) - 1), (41, 40, 40), -1)
            for k in range(7):
                x = self.width - self.px(520 - 62 * k)
                self._glyph(picture, k, x, self.px(28), self.px(10), (220, 220, 220))
            panel(
                picture,
                Box(self.width - self.px(96), self.px(12), self.px(80), self.px(32)),
                (196, 49, 75),
                self.px(4),
            )
            write(picture, "Leave", self.width - self.px(80), self.px(34), self.px(16), (255, 255, 255))
        if self._panel:
            self._chat(picture)
        return picture

    def _chat(self, picture: Image) -> None:
        """A chat: who wrote, with a round picture, and what."""
        x, top = self.width - self._panel, self.px(self.theme.top)
        picture[top : self.height - self.px(self.theme.bottom), x:] = (250, 250, 250)
        colors = ((124, 90, 178), (56, 120, 180), (190, 96, 60), (70, 140, 96))
        lines = (
            "Good morning!",
            "Could you say that again?",
            "Thanks",
            "Is this in the notes?",
            "Yes, page 12",
        )
        for k in range(2 * len(lines)):
            y = top + self.px(50 + 84 * k)
            if y > self.height - self.px(self.theme.bottom + 60):
                break
            cv2.circle(picture, (x + self.px(30), y), self.px(15), colors[k % 4], -1, cv2.LINE_AA)
            write(
                picture, f"Student {k + 1}", x + self.px(58), y - self.px(4), self.px(16), (70, 72, 78), 600
            )
            write(picture, lines[k % len(lines)], x + self.px(58), y + self.px(22), self.px(18), (30, 32, 36))

    def _zoom_bars(self, picture: Image) -> None:
        theme = self.theme
        top, bottom = self.px(theme.top), self.px(theme.bottom)
        if top:
            if theme.chrome == "mac":
                for y in range(top):
                    picture[y] = 52 - round(6 * y / max(1, top))
                for k, color in enumerate(((255, 95, 87), (254, 188, 46), (40, 200, 64))):
                    cv2.circle(picture, (self.px(24 + 22 * k), top // 2), self.px(7), color, -1, cv2.LINE_AA)
                title = "Zoom Meeting"
                write(
                    picture,
                    title,
                    (self.width - text_width(title, self.px(17))) / 2,
                    top * 0.66,
                    self.px(17),
                    (205, 205, 205),
                    500,
                )
            else:
                picture[:top] = (40, 40, 40)
                write(picture, "Zoom Meeting", self.px(16), top * 0.68, self.px(16), (215, 215, 215))
        cv2.circle(
            picture, (self.px(330), max(top // 2, 1)), self.px(7), (80, 190, 100), -1, cv2.LINE_AA
        ) if top else None
        if bottom:
            y0 = self.height - bottom
            picture[y0:] = tuple(min(255, v + 8) for v in theme.background)
            names = ("Mute", "Stop Video", "Participants", "Chat", "Share Screen", "Record", "Reactions")
            step = self.px(118)
            left = self.width // 2 - step * (len(names) - 1) // 2
            for k, name in enumerate(names):
                x = left + k * step
                color = (96, 208, 110) if name == "Share Screen" else (196, 196, 196)
                self._glyph(picture, k, x, y0 + round(bottom * 0.38), self.px(10), color)
                size = self.px(13)
                write(picture, name, x - text_width(name, size) / 2, y0 + bottom * 0.84, size, color)
            panel(
                picture,
                Box(self.width - self.px(100), y0 + bottom // 2 - self.px(17), self.px(76), self.px(34)),
                (224, 56, 56),
                self.px(7),
            )
            word = "Leave"
            write(
                picture,
                word,
                self.width - self.px(62) - text_width(word, self.px(16), 600) / 2,
                y0 + bottom // 2 + self.px(6),
                self.px(16),
                (255, 255, 255),
                600,
            )

    def _glyph(self, picture: Image, kind: int, x: int, y: int, r: int, color: Color) -> None:
        """Small signs of the bar: microphone, camera, people, chat, share, record, smile."""
        aa, t = cv2.LINE_AA, max(1, r // 5)
        if kind == 0:
            cv2.ellipse(picture, (x, y - r // 3), (r // 3, round(r * 0.6)), 0, 0, 360, color, -1, aa)
            cv2.ellipse(picture, (x, y - r // 6), (round(r * 0.62), round(r * 0.7)), 0, 10, 170, color, t, aa)
            cv2.line(picture, (x, y + round(r * 0.55)), (x, y + r), color, t, aa)
        elif kind == 1:
            cv2.rectangle(picture, (x - r, y - r // 2), (x + r // 3, y + r // 2), color, -1)
            cv2.fillPoly(
                picture, [_points(((x + r // 2, y), (x + r, y - r // 2), (x + r, y + r // 2)))], color, aa
            )
        elif kind == 2:
            cv2.circle(picture, (x, y - r // 2), r // 2, color, -1, aa)
            cv2.ellipse(picture, (x, y + r), (r, r), 0, 180, 360, color, -1, aa)
        elif kind == 3:
            cv2.rectangle(picture, (x - r, y - r), (x + r, y + r // 2), color, -1)
            cv2.fillPoly(
                picture,
                [_points(((x - r // 2, y + r // 2), (x, y + r // 2), (x - r // 2, y + r)))],
                color,
                aa,
            )
        elif kind == 4:
            cv2.rectangle(picture, (x - r, y - round(r * 0.8)), (x + r, y + round(r * 0.8)), color, t, aa)
            cv2.arrowedLine(picture, (x, y + r // 2), (x, y - r // 2), color, t, aa, tipLength=0.5)
        elif kind == 5:
            cv2.circle(picture, (x, y), r, color, t, aa)
            cv2.circle(picture, (x, y), r // 2, color, -1, aa)
        else:
            cv2.circle(picture, (x, y), r, color, t, aa)
            cv2.ellipse(picture, (x, y), (r // 2, r // 2), 0, 20, 160, color, t, aa)
            for side in (-1, 1):
                cv2.circle(picture, (x + side * r // 3, y - r // 3), max(1, r // 6), color, -1, aa)

    # One tile

    def finish(self, picture: Image, box: Box, face: Face) -> None:
        """What lies over a tile's picture: label, border, hand, reaction, corners."""
        spot = box.cut(picture)
        if self.theme.label != "none":
            self._label(spot, face)
        if face.hand or face.reaction:
            self._sign(spot, face)
        self.corners(spot)
        if face.speaking:
            self._border(picture, box)

    def corners(self, spot: Image) -> None:
        """Rounds a tile's corners, where the theme does."""
        r = self.radius
        if r < 2 or min(spot.shape[:2]) < 4 * r:
            return
        key = ("corner", r)
        mask: NDArray[np.uint8] = self._cache.get(
            key, lambda: cv2.bitwise_not(rounded(4 * r, 4 * r, r)[:r, :r]), lambda a: a.nbytes
        )
        flat = np.empty((r, r, 3), np.uint8)
        flat[:] = self.theme.background
        h, w = spot.shape[:2]
        for turned, x, y in (
            (mask, 0, 0),
            (mask[:, ::-1], w - r, 0),
            (mask[::-1], 0, h - r),
            (mask[::-1, ::-1], w - r, h - r),
        ):
            blend(spot, x, y, flat, np.ascontiguousarray(turned))

    def _border(self, picture: Image, box: Box) -> None:
        t = max(1, self.px(self.theme.border_width))
        if self.theme.border_outside:
            box = Box(box.x - t, box.y - t, box.w + 2 * t, box.h + 2 * t)
        if self.radius < 2:
            for part in (
                Box(box.x, box.y, box.w, t),
                Box(box.x, box.bottom - t, box.w, t),
                Box(box.x, box.y, t, box.h),
                Box(box.right - t, box.y, t, box.h),
            ):
                part.clip(self.width, self.height).cut(picture)[:] = self.theme.border
            return
        key = ("border", box.w, box.h, t)

        def ring() -> NDArray[np.uint8]:
            outer = rounded(box.w, box.h, self.radius)
            inner = rounded(box.w - 2 * t, box.h - 2 * t, max(1, self.radius - t))
            outer[t : box.h - t, t : box.w - t] -= np.minimum(outer[t : box.h - t, t : box.w - t], inner)
            return outer

        cover: NDArray[np.uint8] = self._cache.get(key, ring, lambda a: a.nbytes)
        flat = np.empty((box.h, box.w, 3), np.uint8)
        flat[:] = self.theme.border
        blend(picture, box.x, box.y, flat, cover)

    def _label(self, spot: Image, face: Face) -> None:
        h, w = spot.shape[:2]
        key = ("label", self.name, face.name, face.muted, h, w)
        color, cover = self._cache.get(
            key, lambda: self._make_label(face, h, w), lambda pair: pair[0].nbytes + pair[1].nbytes
        )
        lh = cover.shape[0]
        inset = round(h * 0.035) if self.theme.label == "pill" else 0
        blend(spot, inset, h - lh - inset, color, cover)
        if self.theme.label == "plain" and face.muted:
            r = max(5, round(h * 0.065))
            cx, cy = w - round(r * 1.7), round(r * 1.7)
            cv2.circle(spot, (cx, cy), r, (70, 74, 78), -1, cv2.LINE_AA)
            self._crossed(spot, cx, cy, round(r * 0.62), (240, 240, 240))

    def _make_label(self, face: Face, h: int, w: int) -> tuple[Image, NDArray[np.uint8]]:
        """The label's colour and coverage, drawn over nothing."""
        lh = max(13, min(round(h * self.theme.label_height), self.px(36)))
        size = max(9, round(lh * (0.70 if self.theme.label != "plain" else 0.82)))
        icon = round(lh * 0.95) if face.muted and self.theme.label != "plain" else round(lh * 0.30)
        name = shorten(face.name, size, w - icon - round(lh * 0.9))
        lw = min(w, icon + text_width(name, size) + round(lh * 0.38))
        if self.theme.label == "plain":
            lh, lw = round(lh * 1.5), lw + round(lh * 0.5)
        text = np.zeros((lh, lw, 3), np.uint8)
        baseline = lh * 0.5 + size * 0.33
        write(
            text,
            name,
            icon if self.theme.label != "plain" else round(h * 0.05),
            baseline,
            size,
            (255, 255, 255),
            450,
        )
        ink = text[..., 0].astype(np.float32) / 255
        ground = {"flush": 0.62, "pill": 0.68, "plain": 0.0}.get(self.theme.label, 0.6)
        shape: NDArray[Any] = np.ones((lh, lw), np.float32)
        if self.theme.label == "pill":
            shape = rounded(lw, lh, lh * 0.3).astype(np.float32) / 255
        cover = ink + (1 - ink) * ground * shape
        if self.theme.label == "plain":
            halo = np.asarray(cv2.GaussianBlur(ink, (0, 0), max(1.0, size * 0.12)), np.float32)
            cover = np.maximum(ink, np.clip(halo * 0.7, 0, 0.6))
        color = np.zeros((lh, lw, 3), np.float32)
        color += (255 * ink / np.maximum(cover, 1e-3))[..., None]
        color_8 = np.clip(color, 0, 255).astype(np.uint8)
        cover_8 = (np.clip(cover, 0, 1) * 255).astype(np.uint8)
        if face.muted and self.theme.label != "plain":
            over = np.zeros((lh, lw, 3), np.uint8)
            self._crossed(over, icon // 2, lh // 2, max(3, round(lh * 0.30)), (232, 64, 60))
            on = over.max(2)
            color_8 = np.where(on[..., None] > 40, over, color_8)
            cover_8 = np.maximum(cover_8, on)
        return color_8, cover_8

    def _crossed(self, picture: Image, x: int, y: int, r: int, color: Color) -> None:
        self._glyph(picture, 0, x, y, r, color)
        cv2.line(picture, (x - r, y + r), (x + r, y - r), color, max(1, round(r * 0.25)), cv2.LINE_AA)

    def _sign(self, spot: Image, face: Face) -> None:
        """A raised hand or a reaction, at the top left."""
        h = spot.shape[0]
        r = max(6, round(h * 0.085))
        x = y = round(r * 1.5)
        if face.hand:
            yellow, edge = (250, 196, 66), (196, 140, 30)
            cv2.ellipse(
                spot, (x, y + r // 3), (round(r * 0.62), round(r * 0.7)), 0, 0, 360, yellow, -1, cv2.LINE_AA
            )
            for k, (lean, tall) in enumerate(((-0.52, 0.75), (-0.18, 1.02), (0.18, 1.0), (0.5, 0.8))):
                tip = (round(x + lean * r * 1.15), round(y - tall * r * 0.95))
                cv2.line(
                    spot,
                    (round(x + lean * r * 0.8), y + r // 4),
                    tip,
                    yellow,
                    max(2, round(r * 0.30)),
                    cv2.LINE_AA,
                )
                if k:
                    cv2.line(
                        spot,
                        (round(x + (lean - 0.18) * r), y),
                        (round(x + (lean - 0.18) * r), round(y - 0.3 * r)),
                        edge,
                        1,
                        cv2.LINE_AA,
                    )
            cv2.line(
                spot,
                (round(x + 0.5 * r), round(y + 0.6 * r)),
                (round(x + 1.0 * r), y),
                yellow,
                max(2, round(r * 0.3)),
                cv2.LINE_AA,
            )
        elif face.reaction == 1:
            red = (232, 58, 78)
            for side in (-1, 1):
                cv2.circle(
                    spot,
                    (round(x + side * 0.42 * r), round(y - 0.25 * r)),
                    round(r * 0.48),
                    red,
                    -1,
                    cv2.LINE_AA,
                )
            cv2.fillPoly(
                spot,
                [_points(((x - round(0.88 * r), y), (x + round(0.88 * r), y), (x, y + r)))],
                red,
                cv2.LINE_AA,
            )
        else:
            yellow = (252, 206, 72)
            cv2.ellipse(
                spot, (x, y + r // 4), (round(0.55 * r), round(0.55 * r)), 0, 0, 360, yellow, -1, cv2.LINE_AA
            )
            cv2.line(spot, (x - r // 4, y), (x - r // 8, y - r), yellow, max(2, round(r * 0.42)), cv2.LINE_AA)

    def off(self, picture: Image, box: Box, name: str, kind: int) -> None:
        """A tile whose camera is off: 0, 1 the name, 2 an initial on a square, 3 a figure, 4 black."""
        spot = box.cut(picture)
        h, w = spot.shape[:2]
        spot[:] = (0, 0, 0) if kind == 4 else self.theme.fill
        if kind in (0, 1):
            size = h * 0.15
            told = shorten(name, size, round(w * 0.86))
            write(spot, told, (w - text_width(told, size)) / 2, h * 0.5 + size * 0.33, size, (240, 240, 240))
        elif kind == 2:
            colors = (
                (124, 90, 178),
                (56, 120, 180),
                (190, 96, 60),
                (70, 140, 96),
                (176, 70, 110),
                (90, 100, 120),
            )
            side = round(h * 0.46)
            color = colors[sum(map(ord, name)) % len(colors)]
            at = Box((w - side) // 2, (h - side) // 2 - round(h * 0.02), side, side)
            panel(spot, at, color, side / 2 if self.name.startswith(("meet", "teams")) else side * 0.12)
            size = side * 0.56
            write(
                spot,
                name[:1],
                (w - text_width(name[:1], size)) / 2,
                at.y + side * 0.5 + size * 0.35,
                size,
                (255, 255, 255),
            )
        elif kind == 3:
            side = round(h * 0.6)
            x0, y0 = (w - side) // 2, (h - side) // 2
            figure = np.full((side, side, 3), 236, np.uint8)
            grey = (168, 172, 178)
            cv2.circle(figure, (side // 2, round(side * 0.40)), round(side * 0.19), grey, -1, cv2.LINE_AA)
            cv2.ellipse(
                figure,
                (side // 2, round(side * 1.0)),
                (round(side * 0.36), round(side * 0.36)),
                0,
                180,
                360,
                grey,
                -1,
                cv2.LINE_AA,
            )
            spot[y0 : y0 + side, x0 : x0 + side] = figure

    # Over and around the tiles

    def popup_box(self) -> Box:
        """Where a pop-up stands."""
        w, h = self.px(520), self.px(150)
        return Box((self.width - w) // 2 + self.px(120), round(self.height * 0.36), w, h)

    def popup(self, picture: Image, text: str) -> None:
        """A pop-up over the tiles."""
        box = self.popup_box()
        w, h = box.w, box.h
        for grow in range(self.px(14), 0, -2):
            panel(
                picture,
                Box(box.x - grow, box.y - grow + self.px(5), w + 2 * grow, h + 2 * grow),
                (0, 0, 0),
                self.px(14),
                0.05,
            )
        panel(picture, box, (246, 246, 247), self.px(10))
        write(
            picture,
            shorten(text, self.px(22), w - self.px(48)),
            box.x + self.px(24),
            box.y + self.px(48),
            self.px(22),
            (30, 32, 36),
            600,
        )
        write(
            picture,
            "It will close by itself.",
            box.x + self.px(24),
            box.y + self.px(80),
            self.px(16),
            (96, 100, 108),
        )
        panel(
            picture,
            Box(box.right - self.px(110), box.bottom - self.px(50), self.px(86), self.px(34)),
            (14, 114, 237),
            self.px(7),
        )
        write(
            picture,
            "OK",
            box.right - self.px(80),
            box.bottom - self.px(27),
            self.px(16),
            (255, 255, 255),
            600,
        )

    def arrows(self, picture: Image, page: int, pages: int) -> None:
        """The tabs that turn the page, over the outer tiles."""
        w, h = self.px(44), self.px(84)
        y = (self.height - h) // 2
        told = f"{page}/{pages}"
        for side in (0, 1):
            box = Box(0 if side == 0 else self.width - w, y, w, h)
            panel(picture, box, (28, 28, 28), self.px(6), 0.8)
            cx, cy, r = box.x + w // 2, y + self.px(32), self.px(9)
            tip = r if side else -r
            cv2.fillPoly(
                picture,
                [_points(((cx - tip, cy - r), (cx - tip, cy + r), (cx + tip, cy)))],
                (225, 225, 225),
                cv2.LINE_AA,
            )
            write(
                picture,
                told,
                cx - text_width(told, self.px(15)) / 2,
                y + self.px(68),
                self.px(15),
                (225, 225, 225),
            )

    def slides(self, picture: Image, below: int, number: int) -> None:
        """The teacher's slides below a strip of tiles."""
        area = self.area()
        h = area.bottom - below - self.px(16)
        w = min(area.w - self.px(40), h * 16 // 9)
        h = w * 9 // 16
        box = Box(area.x + (area.w - w) // 2, below + self.px(12), w, h)
        key = ("slide", w, h, number % 4)
        page: Image = self._cache.get(key, lambda: _slide(w, h, number % 4), lambda a: a.nbytes)
        box.cut(picture)[:] = page

    def player(self, picture: Image, share: float) -> None:
        """The bar of a video player over the last row, where the theme is a recording."""
        if self.theme.chrome != "player":
            return
        tall = self.px(58)
        top = self.height - tall
        fade = np.linspace(0.0, 0.75, tall)[:, None, None]
        picture[top:] = (picture[top:] * (1 - fade)).astype(np.uint8)
        x0, x1, y = self.px(24), self.width - self.px(24), top + self.px(16)
        cv2.line(picture, (x0, y), (x1, y), (150, 150, 150), self.px(4), cv2.LINE_AA)
        cv2.line(picture, (x0, y), (round(x0 + (x1 - x0) * share), y), (235, 50, 40), self.px(4), cv2.LINE_AA)
        cv2.fillPoly(
            picture,
            [_points(((x0, y + self.px(14)), (x0, y + self.px(34)), (x0 + self.px(16), y + self.px(24))))],
            (240, 240, 240),
            cv2.LINE_AA,
        )
        write(
            picture, "zoom", self.width - self.px(120), top - self.px(14), self.px(26), (225, 225, 225), 700
        )


def _slide(w: int, h: int, number: int) -> Image:
    """A slide: a title with lines, a chart, a table or a formula."""
    page = np.full((h, w, 3), 252, np.uint8)
    titles = ("Where the energy goes", "Measured and predicted", "Three ways to count", "What to remember")
    u = h / 720
    cv2.rectangle(page, (0, 0), (round(14 * u), h), (32, 92, 148), -1)
    write(page, titles[number], 60 * u, 100 * u, 46 * u, (28, 40, 58), 600)
    cv2.line(
        page,
        (round(60 * u), round(128 * u)),
        (round(420 * u), round(128 * u)),
        (32, 92, 148),
        max(1, round(3 * u)),
        cv2.LINE_AA,
    )
    rng = np.random.default_rng(number)
    if number in (0, 3):
        lines = (
            "Every system keeps what it does not give away",
            "Small steps add up: look at the slope first",
            "Ask which quantity stays the same",
            "Then ask what changes, and how fast",
        )
        for k, line in enumerate(lines):
            cv2.circle(
                page,
                (round(80 * u), round((208 + 96 * k) * u)),
                max(2, round(6 * u)),
                (32, 92, 148),
                -1,
                cv2.LINE_AA,
            )
            write(page, line, 108 * u, (218 + 96 * k) * u, 30 * u, (52, 60, 74))
    else:
        x0, y0, x1, y1 = 110 * u, 610 * u, 1160 * u, 190 * u
        cv2.line(
            page,
            (round(x0), round(y0)),
            (round(x1), round(y0)),
            (70, 78, 90),
            max(1, round(2 * u)),
            cv2.LINE_AA,
        )
        cv2.line(
            page,
            (round(x0), round(y0)),
            (round(x0), round(y1)),
            (70, 78, 90),
            max(1, round(2 * u)),
            cv2.LINE_AA,
        )
        if number == 1:
            t = np.linspace(0, 1, 60)
            curve = np.stack((x0 + (x1 - x0) * t, y0 + (y1 - y0) * (1 - np.exp(-3.2 * t)) * 0.9), 1)
            cv2.polylines(
                page, [curve.astype(np.int32)], False, (32, 92, 148), max(1, round(4 * u)), cv2.LINE_AA
            )
            for k in range(4, 60, 6):
                dot = (round(curve[k, 0]), round(curve[k, 1] + rng.normal(0, 14 * u)))
                cv2.circle(page, dot, max(2, round(8 * u)), (206, 96, 40), -1, cv2.LINE_AA)
        else:
            for k in range(7):
                tall = rng.uniform(0.25, 0.95)
                left = x0 + (40 + 145 * k) * u
                cv2.rectangle(
                    page,
                    (round(left), round(y0)),
                    (round(left + 90 * u), round(y0 + (y1 - y0) * tall)),
                    (84, 150, 190) if k != 4 else (206, 96, 40),
                    -1,
                )
    write(page, str(12 + number), w - 60 * u, h - 30 * u, 20 * u, (140, 146, 156))
    return page
