"""What moves in a face (brows, lids, iris, lips, teeth, folds), painted into the skin; and glasses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import Brush, Floats, at, rgb
from classroom_monitor.synthetic.avatar.muscles import INDEX, STEPS
from classroom_monitor.synthetic.avatar.surface import X_MAX, Y_MIN


def paint_features(look: Appearance, skin: Floats, per_unit: float, steps: NDArray[np.int16]) -> None:
    """Paints what moves, by the steps of `controls`, into the skin [rows, columns, 3]."""
    values = steps.astype(np.float32) / STEPS
    c, closed = values[:-1], float(values[-1])
    brush = Brush(skin, per_unit, -X_MAX, Y_MIN)
    base = rgb(look.skin)
    shade = base * rgb((0.50, 0.38, 0.36))
    lower, inner, outer, sneer = (float(c[INDEX[name]]) for name in ("lower", "inner", "outer", "sneer"))
    # nose: nostrils, wings
    lift = -0.018 * sneer
    for side in (-1, 1):
        brush.ellipse(side * 0.068, 0.412 + lift, 0.030, 0.016, base * rgb((0.25, 0.15, 0.15)), 0.85, 0.008)
        bend = np.linspace(0, 1, 9)
        wing = np.stack(
            (side * (0.125 + 0.028 * np.sin(bend * math.pi)), 0.315 + lift + 0.105 * bend), 1
        ).astype(np.float32)
        brush.line(wing, shade, 0.030, 0.55, 0.010)
        if sneer > 0.1 or lower > 0.3:
            for k in (0, 1):
                wrinkle = np.asarray(
                    (
                        (side * 0.03, 0.05 + 0.06 * k),
                        (side * 0.075, 0.075 + 0.06 * k),
                        (side * 0.11, 0.12 + 0.06 * k),
                    ),
                    np.float32,
                )
                brush.line(wrinkle, shade, 0.022, 0.26 * max(sneer, 0.15 * lower), 0.014)
    brush.ellipse(0.025 * look.light, 0.315 + lift, 0.030, 0.026, base * 1.30, 0.35, 0.018)
    for side in (-1, 1):
        _eye(brush, look, side, c, closed)
    if look.glasses:
        _glasses(brush, look)
    for side in (-1, 1):  # over the frames: a lowered brow is seen above them
        _brow(brush, look, side, c)
    if lower > 0.05:
        for side in (-1, 1):
            groove = np.asarray(
                ((side * 0.036, -0.17), (side * 0.044, -0.11), (side * 0.034, -0.04)), np.float32
            )
            brush.line(groove, shade, 0.034, 0.62 * lower, 0.012)
        brush.ellipse(0, -0.10, 0.05, 0.05, shade, 0.25 * lower, 0.03)
    lifted = max(0.0, 0.65 * inner + 0.45 * outer)
    if lifted > 0.1:
        for k in range(3):
            width = 0.34 if outer > 0.3 else 0.20
            wave = _curve((-0.33 - 0.075 * k,) * 2, -0.315 - 0.078 * k, width, 13)
            brush.line(wave, shade, 0.026, 0.30 * lifted, 0.010)
    _mouth(brush, look, c)


def _eye(brush: Brush, look: Appearance, side: int, c: Floats, closed: float) -> None:
    """One eye, side -1 to the viewer's left."""
    lids, squint, droop = (float(c[INDEX[name]]) for name in ("lids", "squint", "droop"))
    base = rgb(look.skin)
    size = look.eyes
    cx, cy = side * 0.305, 0.03
    half = 0.132 * size
    opening = (
        0.062 * size * (1 + 0.55 * max(lids, 0) + 0.50 * min(lids, 0)) * (1 - 0.16 * squint) * (1 - closed)
    )
    lower = 0.046 * size * (1 + 0.25 * max(lids, 0) - 0.62 * squint) * (1 - 0.35 * closed)
    t = np.linspace(-1, 1, 17)
    # The outer corner is a little higher, unless the lids droop.
    tilt = (-0.012 + 0.030 * droop) * side * t
    arch = (1 - np.abs(t) ** 2.3) ** 0.9
    skew = 1 + (0.18 + 0.25 * droop) * side * -t
    upper_y = cy + 0.018 * closed + tilt - opening * arch * skew
    lower_y = cy + 0.018 * closed + tilt + lower * (1 - t**2) * (1 if closed < 0.9 else 0.9)
    if closed > 0.85:
        upper_y = lower_y - 0.004
    xs = cx + t * half
    upper = np.stack((xs, upper_y), 1).astype(np.float32)
    bottom = np.stack((xs, lower_y), 1).astype(np.float32)
    # the lid between crease and lashes
    crease_lift = 0.052 + 0.012 * max(lids, 0) - 0.014 * float(c[INDEX["lower"]])
    crease = np.stack(
        (
            cx + t * half * 1.10,
            np.minimum(
                cy + tilt - (0.070 * size * arch * (1 + 0.4 * max(lids, 0))) - crease_lift * arch,
                upper_y - 0.012,
            ),
        ),
        1,
    ).astype(np.float32)
    brush.shape(np.concatenate((crease, upper[::-1])), base * rgb((0.93, 0.84, 0.82)), 0.75, 0.010)
    brush.line(crease, base * rgb((0.42, 0.32, 0.30)), 0.022, 0.55, 0.006)
    if closed < 0.85:
        white = brush.shape(np.concatenate((upper, bottom[::-1])), rgb((232, 228, 224)), 1.0, 0.004)
        ix, iy = cx, cy - 0.014 * size + 0.018 * droop
        radius = 0.062 * size
        if white is not None:
            brush.ellipse(ix, iy, radius, radius, rgb(look.iris, 0.62), 1.0, 0.003, white)
            brush.ellipse(
                ix, iy + 0.008, radius * 0.76, radius * 0.76, rgb(look.iris, 1.15), 0.9, 0.008, white
            )
            brush.ellipse(ix, iy, radius * 0.46, radius * 0.46, rgb((12, 10, 12)), 1.0, 0.003, white)
            top = upper + at((0, 0.020))
            brush.shape(np.concatenate((upper, top[::-1])), rgb((40, 30, 30)), 0.45, 0.012, white)
            glint = 0.020 if look.light > 0 else -0.020
            brush.ellipse(ix + glint, iy - 0.020, 0.014, 0.014, rgb((255, 255, 255)), 0.95, 0.002, white)
            brush.ellipse(
                cx - side * half * 0.92, cy + 0.012, 0.016, 0.014, rgb((196, 140, 130)), 0.7, 0.004, white
            )
    lash = 0.030 if look.beard == 0 else 0.024
    brush.line(upper - at((0, 0.004)), rgb((26, 18, 18)), lash, 0.92, 0.003)
    brush.line(bottom, base * rgb((0.45, 0.33, 0.31)), 0.014, 0.55, 0.004)
    bag = bottom * at((1, 1)) + at((0, 0.035))
    brush.line(bag, base * rgb((0.55, 0.42, 0.40)), 0.024, 0.30 + 0.35 * max(squint, 0), 0.014)


def _brow(brush: Brush, look: Appearance, side: int, c: Floats) -> None:
    """One eyebrow."""
    inner, outer, lower = (float(c[INDEX[name]]) for name in ("inner", "outer", "lower"))
    sneer = float(c[INDEX["sneer"]])
    t = np.linspace(0, 1, 13)
    x = (0.125 - 0.035 * lower + 0.012 * inner) + (0.375 + 0.02 * lower) * t
    y = -0.125 - 0.050 * np.sin(np.clip(t * 1.25, 0, 1) * math.pi * 0.62) + 0.045 * t**3
    y += (-0.100 * inner * (1 - t) ** 1.2) - 0.085 * outer * (0.55 + 0.45 * np.sin(t * math.pi))
    y += 0.105 * lower * (1 - 0.50 * t) + 0.030 * sneer * (1 - t) + 0.02 * inner * t
    thick = 0.060 * look.brows * np.clip(1.0 - 0.72 * t**1.6, 0.2, 1) * np.clip(0.62 + t * 4, 0, 1)
    top = np.stack((side * x, y - thick / 2), 1)
    bottom = np.stack((side * x, y + thick / 2), 1)
    brow = np.concatenate((top, bottom[::-1])).astype(np.float32)
    base, dark = rgb(look.skin), rgb(look.hair) * 0.75
    if look.hair[0] > 130:
        dark = rgb(look.hair) * 0.46
    brush.shape(brow + at((0, 0.022)), base * rgb((0.6, 0.48, 0.45)), 0.30 + 0.25 * lower, 0.022)
    brush.shape(brow, dark, 0.62, 0.016)
    brush.shape(brow, dark, 0.50, 0.004)


def _mouth(brush: Brush, look: Appearance, c: Floats) -> None:
    """Lips, teeth and what is behind them."""
    smile, frown, stretch, press, sneer, teeth = (
        float(c[INDEX[name]]) for name in ("smile", "frown", "stretch", "press", "sneer", "teeth")
    )
    opened = max(0.0, float(c[INDEX["open"]]))
    base = rgb(look.skin)
    depth = float(base.mean()) / 255
    red = base * (rgb((0.90, 0.60, 0.58)) if depth > 0.5 else rgb((0.95, 0.66, 0.64)))
    half = 0.235 * (1 + 0.26 * smile + 0.24 * stretch - 0.06 * frown - 0.10 * opened * (1 - smile))
    cy = 0.60
    corner = cy - 0.088 * smile + 0.076 * frown + 0.03 * opened
    gap = 0.30 * opened
    upper_in = cy + 0.012 - 0.030 * smile - 0.016 * sneer - 0.18 * gap - 0.014 * frown
    lower_in = cy + 0.014 + 0.036 * smile + 0.82 * gap - 0.014 * frown + 0.022 * teeth * (smile > 0)
    thin = 1 - 0.5 * press - 0.16 * smile
    up = upper_in - 0.055 * look.lips * (thin - 0.12 * smile) - 0.018 * sneer
    down = lower_in + 0.080 * look.lips * thin
    ends = (corner, corner)
    count = 23
    curve = 1.0 if opened < 0.4 else 0.75
    inner_top = _curve(ends, upper_in, half, count, curve)
    inner_bottom = _curve(ends, lower_in, half, count, curve)
    outer_top = _curve(ends, up, half * 1.06, count, 0.85)
    t = np.linspace(-1, 1, count)
    outer_top[:, 1] += (
        0.018 * np.exp(-np.square(t / 0.13)) - 0.006 * np.exp(-np.square((np.abs(t) - 0.24) / 0.14))
    ) * (1 - 0.4 * smile)
    outer_bottom = _curve(ends, down, half * 1.04, count, 0.85)
    shade = base * rgb((0.50, 0.38, 0.36))
    if frown > 0.2:  # the chin is pushed up
        brush.ellipse(0, down + 0.115, 0.075, 0.040, base * 1.12, 0.35 * frown, 0.03)
        dent = _curve((down + 0.165,) * 2, down + 0.075, 0.13, 11)
        brush.line(dent, shade, 0.040, 0.38 * frown, 0.016)
    # shadow around the mouth, folds beside it
    brush.ellipse(0, down + 0.045, half * 0.62, 0.030, shade, 0.30, 0.025)
    fold = max(smile, 0.75 * sneer, 0.55 * frown, 0.12)
    for side in (-1, 1):
        bend = np.linspace(0, 1, 11)
        start, end = 0.150, half + 0.075 + 0.02 * smile
        fx = start + (end - start) * bend**0.75
        fy = 0.375 - 0.03 * sneer + (corner + 0.03 - 0.375) * bend**1.15
        brush.line(np.stack((side * fx, fy), 1).astype(np.float32), shade, 0.050, 0.62 * fold, 0.020)
        brush.ellipse(side * (half + 0.02), corner, 0.028, 0.026, shade, 0.42 + 0.2 * abs(smile), 0.014)
        if smile > 0.1:
            brush.ellipse(side * 0.42, 0.30, 0.13, 0.085, base * 1.16, 0.42 * smile, 0.05)
            brush.ellipse(side * 0.41, 0.415, 0.13, 0.030, shade, 0.20 * smile, 0.03)
        if frown > 0.1:
            down_line = np.asarray(
                (
                    (side * (half + 0.01), corner),
                    (side * (half + 0.045), corner + 0.05),
                    (side * (half + 0.05), corner + 0.11),
                ),
                np.float32,
            )
            brush.line(down_line, shade, 0.035, 0.5 * frown, 0.014)
    lips = brush.shape(np.concatenate((outer_top, outer_bottom[::-1])), red, 0.85, 0.008)
    brush.shape(np.concatenate((outer_top, inner_top[::-1])), red * 0.80, 0.75, 0.008)
    if lips is not None:
        brush.ellipse(
            0.02 * look.light,
            (lower_in + down) / 2 - 0.004,
            half * 0.42,
            0.016,
            base * 1.22,
            0.30,
            0.014,
            lips,
        )
    hollow = np.concatenate((inner_top, inner_bottom[::-1])).astype(np.float32)
    space = lower_in - upper_in
    if space > 0.018:
        inside = brush.shape(hollow, rgb((58, 20, 22)), 1.0, 0.005)
        if inside is not None:
            if opened > 0.5:
                brush.ellipse(
                    0, lower_in + 0.01, half * 0.55, space * 0.42, rgb((176, 84, 84)), 0.85, 0.02, inside
                )
            show = min(1.0, teeth + 0.35 * opened)
            if show > 0.05:
                height = min(0.085, space * (0.92 if opened < 0.5 else 0.5)) * show**0.5
                edge = inner_top + at((0, height))
                edge[:, 1] -= np.float32(height * 0.35) * np.abs(t) ** 3
                brush.shape(
                    np.concatenate((inner_top, edge[::-1])), rgb((234, 227, 216)), 0.97, 0.005, inside
                )
                for side in (-1, 1):  # the row of teeth fades into the corners
                    brush.ellipse(
                        side * half * 0.92,
                        corner + 0.02,
                        half * 0.24,
                        0.07,
                        rgb((70, 30, 30)),
                        0.75,
                        0.03,
                        inside,
                    )
                for gap_x in np.linspace(-0.62, 0.62, 7) * half if brush.per_unit > 75 else ():
                    notch = np.asarray(((gap_x, upper_in - 0.03), (gap_x, upper_in + height)), np.float32)
                    brush.line(np.repeat(notch, 2, 0), rgb((150, 130, 122)), 0.006, 0.20, 0.004)
            brush.line(inner_top, rgb((52, 20, 22)), 0.024, 0.6, 0.009)
    else:
        middle = (inner_top + inner_bottom) / 2
        brush.line(middle, base * rgb((0.30, 0.18, 0.18)), 0.026, 0.9, 0.005)


def _glasses(brush: Brush, look: Appearance) -> None:
    """Frames on the nose."""
    color = rgb((34, 30, 32) if look.glasses != 1 else (120, 96, 60))
    width = 0.024 if look.glasses != 2 else 0.045
    power = 2.0 if look.glasses == 1 else 4.0
    turn: Floats = np.linspace(0, 2 * math.pi, 41)
    for side in (-1, 1):
        cosine, sine = np.cos(turn), np.sin(turn)
        x = side * 0.315 + 0.205 * np.sign(cosine) * np.abs(cosine) ** (2 / power)
        y = 0.075 + 0.128 * np.sign(sine) * np.abs(sine) ** (2 / power)
        ring = np.stack((x, y), 1).astype(np.float32)
        brush.shape(ring, rgb((255, 255, 255)), 0.05, 0.0)
        glare = np.asarray(
            (
                (side * 0.315 - 0.12, 0.10),
                (side * 0.315 - 0.02, -0.08),
                (side * 0.315 + 0.05, -0.08),
                (side * 0.315 - 0.05, 0.10),
            ),
            np.float32,
        )
        brush.shape(glare, rgb((255, 255, 255)), 0.10, 0.015)
        centre = at((side * 0.315, 0.075))
        outer = (ring - centre) * np.float32(1 + width / 0.2) + centre
        band: Floats = np.concatenate((ring, outer[::-1]))
        brush.shape(band + at((0, 0.02)), rgb(look.skin, 0.4), 0.25, 0.012)
        brush.shape(band, color, 0.95, 0.003)
        arm = np.asarray(((side * 0.53, 0.0), (side * 0.8, -0.01), (side * 1.2, 0.0)), np.float32)
        brush.line(np.repeat(arm, 2, 0), color, width * 1.1, 0.9, 0.003)
    bridge = _curve((0.02, 0.02), -0.015, 0.11, 9)
    brush.line(bridge, color, width * 1.2, 0.95, 0.003)


def _curve(
    ends: tuple[float, float], middle: float, half: float, count: int = 19, power: float = 1.0
) -> Floats:
    """A symmetric curve from (-half, left end) over (0, middle) to (half, right end)."""
    t = np.linspace(-1, 1, count)
    base = ends[0] + (ends[1] - ends[0]) * (t + 1) / 2
    y = base + (middle - (ends[0] + ends[1]) / 2) * (1 - np.abs(t) ** 2) ** power
    return np.stack((t * half, y), 1).astype(np.float32)
