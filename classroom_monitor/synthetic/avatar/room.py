"""Rooms behind the students."""

from __future__ import annotations

import cv2
import numpy as np

from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import Brush, Floats, rgb


def room_of(look: Appearance, w: int, h: int) -> Floats:
    """The room behind a student [h, w, 3], 0..255."""
    rng = np.random.default_rng(look.seed + 3)
    gx = np.broadcast_to((np.arange(w, dtype=np.float32) / h), (h, w))  # in heights
    gy = np.broadcast_to((np.arange(h, dtype=np.float32) / h)[:, None], (h, w))
    aspect = w / h
    walls = (
        (206, 200, 190),
        (186, 196, 200),
        (214, 206, 186),
        (176, 186, 178),
        (200, 190, 194),
        (160, 168, 180),
    )
    wall = rgb(walls[int(rng.integers(len(walls)))])
    room = np.ones((h, w, 3), np.float32) * wall
    from_x = aspect * (0.5 + 0.5 * look.light)
    glow = np.exp(-(np.square((gx - from_x) / (0.9 * aspect)) + np.square((gy - 0.1) / 1.0)))
    room *= (0.66 + 0.42 * glow)[..., None]
    brush = Brush(room, h, 0.0, 0.0)

    def block(
        x0: float, y0: float, x1: float, y1: float, color: Floats, alpha: float = 1.0, blur: float = 0.0
    ) -> None:
        brush.shape(np.asarray(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), np.float32), color, alpha, blur)

    blur = {"room": 0.006, "shelf": 0.005, "window": 0.007, "blur": 0.035, "plain": 0.0, "office": 0.006}[
        look.background
    ]
    kind = look.background
    if kind == "blur":
        kind = ("room", "shelf", "window", "office")[int(rng.integers(4))]
    if kind == "room":
        side = 0.03 if rng.random() < 0.5 else aspect - 0.42
        block(side + 0.02, 0.10, side + 0.42, 0.42, rgb((60, 50, 40)), 0.35, 0.02)
        block(side, 0.08, side + 0.38, 0.38, rgb((70, 58, 48)))
        block(side + 0.015, 0.095, side + 0.365, 0.365, rgb((226, 220, 208)))
        art = [tuple(rng.integers(60, 210, 3)) for _ in range(4)]
        for shade_of in art:
            ax, ay = side + rng.uniform(0.08, 0.30), rng.uniform(0.15, 0.30)
            brush.ellipse(ax, ay, rng.uniform(0.03, 0.08), rng.uniform(0.02, 0.06), rgb(shade_of), 0.8, 0.004)
        lamp = aspect - 0.25 if side < 0.5 else 0.22
        block(lamp - 0.008, 0.45, lamp + 0.008, 1.0, rgb((90, 80, 70)))
        brush.ellipse(lamp, 0.40, 0.30, 0.30, rgb((255, 226, 170)), 0.35, 0.09)
        shade_points = np.asarray(
            ((lamp - 0.06, 0.30), (lamp + 0.06, 0.30), (lamp + 0.11, 0.47), (lamp - 0.11, 0.47)), np.float32
        )
        brush.shape(shade_points, rgb((250, 226, 180)), 1.0, 0.004)
        if rng.random() < 0.6:
            _plant(brush, rng, aspect - lamp, 0.95)
    elif kind == "shelf":
        wood = rgb(((116, 84, 58), (190, 180, 166), (70, 56, 48))[int(rng.integers(3))])
        block(0, 0, aspect, 1, wood * 0.55)
        rows = int(rng.integers(3, 5))
        for row in range(rows):
            floor = (row + 1) / rows
            at = rng.uniform(0, 0.03)
            while at < aspect:
                thick = float(rng.uniform(0.018, 0.045))
                tall = float(rng.uniform(0.55, 0.86)) / rows
                if rng.random() < 0.12:
                    at += float(rng.uniform(0.04, 0.14))
                    continue
                spine = rgb(rng.integers(40, 190, 3)) * 0.38 + 0.62 * rgb((138, 112, 92))
                spine = spine * float(rng.uniform(0.6, 1.1))
                block(at, floor - tall, at + thick, floor - 0.012, spine)
                block(at, floor - tall, at + 0.006, floor - 0.012, spine * 1.25, 0.7)
                if thick > 0.026:
                    block(
                        at + 0.007,
                        floor - tall * 0.8,
                        at + thick - 0.006,
                        floor - tall * 0.72,
                        spine * 1.5,
                        0.6,
                    )
                at += thick + 0.002
            block(0, floor - 0.016, aspect, floor + 0.006, wood)
            block(0, floor + 0.006, aspect, floor + 0.03, rgb((20, 14, 10)), 0.45, 0.01)
        room *= (0.62 + 0.45 * glow)[..., None]
    elif kind == "window":
        left = 0.06 if look.light < 0 else aspect - 0.68
        sky = rgb((222, 234, 246))
        block(left - 0.05, 0.0, left + 0.65, 0.78, rgb((236, 234, 228)), 1.0, 0.004)
        block(left, 0.0, left + 0.60, 0.73, sky)
        brush.ellipse(left + 0.3, 0.75, 0.36, 0.22, rgb((120, 150, 110)), 0.8, 0.05)
        block(left, 0.73, left + 0.60, 1.0, wall * 0.85)
        block(left + 0.29, 0.0, left + 0.31, 0.73, rgb((240, 238, 232)))
        block(left, 0.36, left + 0.60, 0.375, rgb((240, 238, 232)))
        drape = rgb(((150, 130, 110), (120, 140, 150), (170, 110, 100))[int(rng.integers(3))])
        for k in range(4):
            x0 = (left + 0.62 + 0.05 * k) if look.light < 0 else (left - 0.26 + 0.05 * k)
            block(x0, 0, x0 + 0.05, 1.0, drape * (0.8 + 0.12 * (k % 2)), 1.0, 0.006)
        brush.ellipse(left + 0.3, 0.35, 0.8, 0.7, rgb((255, 252, 244)), 0.20, 0.2)
    elif kind == "office":
        block(0, 0.70, aspect, 1.0, wall * 0.55, 1.0, 0.002)
        block(0.08, 0.12, 0.60, 0.48, rgb((240, 240, 238)))
        block(0.08, 0.12, 0.60, 0.135, rgb((150, 150, 150)))
        for k in range(4):
            wave = np.linspace(0.12, rng.uniform(0.3, 0.55), 12)
            ink = np.stack((wave, 0.19 + 0.06 * k + 0.012 * rng.standard_normal(12)), 1).astype(np.float32)
            brush.line(
                ink,
                rgb(((60, 80, 160), (180, 60, 60), (60, 60, 60))[int(rng.integers(3))]),
                0.008,
                0.8,
                0.001,
            )
        block(aspect - 0.5, 0.0, aspect - 0.12, 0.72, rgb((124, 96, 72)))
        block(aspect - 0.47, 0.03, aspect - 0.15, 0.72, rgb((142, 112, 84)))
        brush.ellipse(aspect - 0.19, 0.42, 0.014, 0.014, rgb((220, 200, 140)), 1.0, 0.002)
    else:
        tint = rgb(((92, 122, 150), (120, 104, 140), (96, 134, 118), (150, 128, 104))[int(rng.integers(4))])
        room[:] = tint * (0.7 + 0.5 * glow)[..., None]
    warm = rgb((1 + 0.06 * look.warmth, 1.0, 1 - 0.08 * look.warmth), look.exposure * 0.92)
    room *= warm
    if blur:
        room = np.asarray(cv2.GaussianBlur(room, (0, 0), max(0.4, blur * h)), np.float32)
    return room


def _plant(brush: Brush, rng: np.random.Generator, x: float, y: float) -> None:
    for _ in range(9):
        lean, tall = rng.uniform(-0.16, 0.16), rng.uniform(0.18, 0.42)
        t = np.linspace(0, 1, 9)
        leaf = np.stack((x + lean * t**1.6, y - tall * t), 1).astype(np.float32)
        green = rgb((52, 92, 58)) * float(rng.uniform(0.7, 1.35))
        brush.line(leaf, green, float(rng.uniform(0.03, 0.055)), 0.95, 0.003)
