"""Shoulders and clothes."""

from __future__ import annotations

import cv2
import numpy as np

from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import Brush, Floats, at, field, rgb, smooth


def paint_clothes(look: Appearance, unit: float, room: Floats) -> None:
    """Draws shoulders and clothes over the room [h, w, 3]; unit: pixels a unit of the head."""
    h, w = room.shape[:2]
    x = ((np.arange(w, dtype=np.float32) + 0.5) - look.x * w) / unit
    y = ((np.arange(h, dtype=np.float32) + 0.5) - look.y * h) / unit
    gx, gy = np.meshgrid(x, y)
    rng = np.random.default_rng(look.seed + 2)
    wide = 1.55 + 0.25 * (look.jaw - 0.9) / 0.2 * 0.6
    along = np.abs(gx) / wide
    top = 1.22 + 0.30 * along + 0.55 * smooth(0.55, 1.12, along) ** 2
    edge = np.where(along < 1.13, gy - top, -1.0)
    arm = np.clip((1.13 + 0.10 * smooth(1.7, 3.5, gy) - along) * wide * unit, 0, 1)
    cover = np.clip(edge * unit + 0.5, 0, 1) * arm
    cloth = rgb(look.clothes)
    fold = cv2.GaussianBlur(field(rng, h, w, 7, 9), (0, 0), 0.06 * unit + 0.1)
    diagonal = np.sin((np.abs(gx) * 1.3 - gy * 1.1) * 7 + 2 * fold) * 0.03
    lit = (
        0.80
        + 0.20 * np.cos(np.clip(gx / wide, -1.2, 1.2) * 1.5)
        + 0.16 * look.light * np.clip(gx / wide, -1, 1)
    )
    lit = lit + 0.05 * fold + diagonal - 0.14 * np.exp(-np.square((gy - top) / 0.10))
    lit = lit - 0.22 * np.exp(-np.square(gx / 0.6) - np.square((gy - 1.35) / 0.28))
    color = cloth * (lit * look.exposure)[..., None]
    if look.covering != "hijab":
        brush = Brush(color, unit, float(x[0]) - 0.5 / unit, float(y[0]) - 0.5 / unit)
        if look.collar == 2:
            _paint_shirt(brush, cloth)
        else:
            neck = {0: 1.50, 1: 1.72, 3: 1.50}[look.collar]
            ring = np.abs(np.hypot(gx / 1.12, (gy - 1.02) / (neck - 1.0) * 0.47) - 0.50)
            color *= (1 - 0.22 * np.exp(-np.square(ring / 0.035)) * (gy > 1.1))[..., None]
        if look.collar == 3:
            hood = np.exp(-np.square((np.hypot(gx / 1.3, gy - 1.05) - 0.58) / 0.10)) * (gy > 1.12)
            color *= (1 + 0.18 * hood)[..., None]
            for side in (-1, 1):
                cord = at(((side * 0.22, 1.62), (side * 0.24, 1.9), (side * 0.21, 2.2)))
                brush.line(cord, np.clip(cloth * 1.5 + 20, 0, 255), 0.045, 0.9, 0.006)
    shadow = cv2.GaussianBlur(np.asarray(cover, np.float32), (0, 0), 0.22 * unit)
    room *= (1 - 0.22 * shadow)[..., None]
    room += (color - room) * cover[..., None]


def _paint_shirt(brush: Brush, cloth: Floats) -> None:
    """Two flaps of a collar, and the line of the buttons."""
    for side in (-1, 1):
        flap = at(((side * 0.46, 1.18), (side * 0.60, 1.30), (side * 0.34, 1.92), (side * 0.03, 1.66)))
        brush.shape(flap + at((0, 0.05)), cloth * 0.45, 0.6, 0.03)
        brush.shape(flap, np.clip(cloth * 1.14 + 10, 0, 255), 1.0, 0.006)
    brush.line(at(((0.0, 1.7), (0.005, 2.4), (0.0, 3.4))), cloth * 0.6, 0.03, 0.7, 0.008)
