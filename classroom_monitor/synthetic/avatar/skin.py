"""Skin and beard: what of a face does not move."""

from __future__ import annotations

import cv2
import numpy as np

from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import Floats, field, rgb, smooth
from classroom_monitor.synthetic.avatar.surface import bump, grid


def skin_of(look: Appearance, per_unit: float, hair_cover: Floats) -> Floats:
    """The skin without what moves [rows, columns, 3], 0..255."""
    rng = np.random.default_rng(look.seed)
    x, y = grid(per_unit)
    h, w = x.shape
    base = rgb(look.skin)
    mottle = 1 + 0.012 * field(rng, h, w, 60, 90) + 0.012 * field(rng, h, w, 16, 24)
    skin = np.repeat((mottle.astype(np.float32))[..., None], 3, 2) * base

    def toward(color: Floats, weight: Floats) -> None:
        nonlocal skin
        skin += (color - skin) * weight[..., None]

    depth = float(base.mean()) / 255
    blush = base * rgb((1.02, 0.80, 0.78))
    toward(blush, (0.20 + 0.14 * depth) * bump(x, y, 0.45, 0.30, 0.16, 0.13))
    toward(blush, 0.22 * bump(x, y, 0, 0.34, 0.09, 0.07))
    toward(base * rgb((0.80, 0.66, 0.62)), 0.35 * bump(x, y, 0.31, 0.0, 0.14, 0.09))
    toward(base * rgb((0.62, 0.50, 0.47)), 0.30 * bump(x, y, 0.15, 0.0, 0.05, 0.06))
    toward(base * 1.10, 0.5 * bump(x, y, 0, -0.38, 0.30, 0.14))
    toward(base * 1.12, 0.45 * bump(x, y, 0, 0.17, 0.035, 0.14))
    toward(base * 1.06, 0.4 * bump(x, y, 0.40, 0.17, 0.11, 0.05))
    toward(base * rgb((0.55, 0.44, 0.42)), 0.34 * bump(x, y, 0, 0.455, 0.10, 0.03))
    toward(base * rgb((0.6, 0.5, 0.48)), 0.28 * bump(x, y, 0, 0.735, 0.13, 0.035))
    toward(base * rgb((0.6, 0.48, 0.45)), 0.22 * bump(x, y, 0.135, 0.25, 0.03, 0.10))
    toward(base * rgb((0.62, 0.52, 0.50)), 0.22 * np.asarray(smooth(0.90, 1.04, y), np.float32))
    if depth > 0.6 and rng.random() < 0.3:  # freckles
        spots = field(rng, h, w, 90, 130)
        place = bump(x, y, 0.34, 0.24, 0.2, 0.1) + bump(x, y, 0, 0.2, 0.1, 0.1)
        toward(base * rgb((0.72, 0.55, 0.45)), np.asarray(0.5 * place * smooth(1.0, 1.6, spots), np.float32))
    if look.beard:
        chin = smooth(0.50, 0.66, y + 0.42 * smooth(0.55, 1.05, np.abs(x)))
        cheeks = chin * smooth(1.22, 1.08, np.abs(x))
        bare = smooth(1.0, 1.5, np.square(x / 0.30) + np.square((y - 0.60) / 0.125))
        under = np.exp(-np.square((np.abs(x) - 0.12) / 0.15) / 2 - np.square((y - 0.505) / 0.035) / 2)
        patch = np.clip(cheeks * bare + under, 0, 1)
        grain = np.clip(0.85 + 0.22 * field(rng, h, w, 130, 190), 0, 1.2)
        strength = {0.25: 0.26, 0.5: 0.55}.get(look.beard, 0.92)
        toward(
            rgb(look.hair) * 0.9 + base * 0.06,
            np.asarray(np.clip(patch * grain * strength, 0, 1), np.float32),
        )
    shadow = cv2.GaussianBlur(hair_cover, (0, 0), 0.075 * per_unit)
    skin *= (1 - 0.42 * np.clip(shadow, 0, 1))[..., None]
    return np.clip(skin, 0, 255)
