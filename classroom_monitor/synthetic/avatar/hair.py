"""Hair and head coverings: a second surface around the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Image
from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import Floats, field, rgb, smooth
from classroom_monitor.synthetic.avatar.surface import Y_MIN, grid, pack, skull_of

#: Hair that falls over the ears.
FALLING: Final = ("bob", "long", "wavy", "fringe")


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """Hair, or a covering, around the head: packed map of rho, coverage 0..255 and colour."""

    rho: NDArray[np.uint16]
    cover: NDArray[np.uint8]
    color: Image
    gloss: float


_HAIRLINES: Final[dict[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "short": (
        (0, 0.4, 0.66, 0.84, 0.98, 1.12, 1.42, 1.6, 2.6),
        (-0.58, -0.60, -0.53, -0.36, -0.02, -0.06, -0.02, 0.45, 0.5),
    ),
    "side": (
        (0, 0.4, 0.66, 0.84, 0.98, 1.12, 1.42, 1.6, 2.6),
        (-0.56, -0.58, -0.50, -0.34, 0.06, -0.04, 0.0, 0.5, 0.55),
    ),
    "fringe": (
        (0, 0.3, 0.56, 0.74, 0.86, 1.0, 1.5, 2.6),
        (-0.27, -0.28, -0.24, -0.02, 0.5, 1.02, 1.05, 1.05),
    ),
    "bob": ((0, 0.25, 0.5, 0.68, 0.82, 0.95, 1.5, 2.6), (-0.64, -0.56, -0.40, -0.12, 0.45, 1.0, 1.02, 1.02)),
    "long": ((0, 0.25, 0.5, 0.68, 0.82, 0.98, 1.5, 2.6), (-0.66, -0.58, -0.42, -0.14, 0.4, 1.62, 1.68, 1.68)),
    "bun": (
        (0, 0.4, 0.66, 0.84, 0.98, 1.12, 1.42, 1.6, 2.6),
        (-0.62, -0.62, -0.52, -0.36, -0.02, -0.1, -0.02, 0.45, 0.5),
    ),
}
_HAIRLINES["buzz"] = _HAIRLINES["curly"] = _HAIRLINES["short"]
_HAIRLINES["wavy"] = _HAIRLINES["long"]
_THICKNESS: Final = {
    "short": 0.075,
    "side": 0.10,
    "fringe": 0.09,
    "bob": 0.10,
    "long": 0.085,
    "wavy": 0.12,
    "bun": 0.035,
    "buzz": 0.018,
    "curly": 0.22,
}


def hair_of(look: Appearance, per_unit: float) -> Shell | None:
    """The hair or covering of a head."""
    rng = np.random.default_rng(look.seed + 1)
    x, y = grid(per_unit)
    h, w = x.shape
    across = np.abs(x)
    covered = look.covering != "none"
    style = look.style
    if style == "bald" and not covered:
        return None
    plain = skull_of(look, per_unit, 0.0, plain=True)
    thick = {"hijab": 0.10, "turban": 0.20, "beanie": 0.10}[look.covering] if covered else _THICKNESS[style]
    # The skull, enlarged about its middle; long hair and cloth fall straight down from the ears.
    grow = 1 + thick
    centre = 0.02
    source = (y - centre) / grow + centre
    falling = (not covered and style in FALLING) or look.covering == "hijab"
    if falling:
        source = np.where(source > 0.12, 0.12 + (source - 0.12) * 0.12, source)
    rows = ((source - Y_MIN) * per_unit - 0.5).astype(np.float32)
    columns = np.ascontiguousarray(np.broadcast_to(np.arange(w, dtype=np.float32), (h, w)))
    shell = (
        np.asarray(cv2.remap(plain, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)) * grow
    )
    if falling:
        shell = shell * (
            1
            - 0.10 * smooth(0.3, 1.1, y)
            + (0.55 if look.covering == "hijab" else 0.14) * smooth(0.95, 1.7, y)
        )
    strands = field(rng, h, w, 5, 150) * 0.55 + field(rng, h, w, 8, 70) * 0.6
    if covered:
        fold = field(rng, h, w, 9, 12)
        color = rgb(look.covering_color) * (1 + 0.035 * fold)[..., None]
        if look.covering == "hijab":
            egg = np.square(across / (0.70 + 0.05 * (y > 0.4))) + np.square((y - 0.20) / 0.80)
            cover = np.asarray(smooth(0.93, 1.02, egg) * smooth(1.70, 1.64, y), np.float32)
            shell = shell * (1 + 0.03 * np.exp(-np.square((egg - 1.1) / 0.14)) + 0.012 * fold)
            color = color * (1 - 0.25 * np.exp(-np.square((egg - 1.0) / 0.07)))[..., None]
        elif look.covering == "turban":
            edge = -0.44 + 0.34 * np.square(across) - 0.18 * np.exp(-np.square(across / 0.22))
            cover = np.asarray(smooth(0.02, -0.02, y - edge), np.float32)
            wrap = np.sin((y + 0.42 * across * np.sign(x + 0.02)) * 19)
            shell = shell * (1 + 0.022 * wrap + 0.10 * smooth(-0.2, -0.7, y))
            color = color * (1 + 0.10 * wrap)[..., None]
        else:
            edge = -0.36 + 0.10 * across
            cover = np.asarray(smooth(0.015, -0.015, y - edge), np.float32)
            knit = np.sin(x * 62) * 0.07
            cuff = smooth(0.02, -0.01, np.abs(y - edge + 0.13) - 0.13)
            shell = shell * (1 + 0.008 * np.sin(x * 62) + 0.045 * cuff)
            color = color * (1 + knit - 0.10 * np.exp(-np.square((y - edge + 0.27) / 0.02)))[..., None]
        return _kept(shell, cover, color, 0.05)
    points, heights = _HAIRLINES[style]
    line = np.interp(across, points, heights)
    rough = {"buzz": 0.012, "curly": 0.05}.get(style, 0.035)
    if style in ("side", "long", "wavy", "bob"):
        part = 0.28 if look.seed % 2 else -0.28
        line = np.interp(np.abs(x - part * np.exp(-np.square(x / 0.8))), points, heights)
        if style == "side":
            line = line + 0.10 * smooth(0.0, 0.6, (x - part) * -np.sign(part)) * smooth(0.85, 0.6, across)
    line = line + rough * strands * (1 + 0.9 * smooth(0.6, 1.0, line))
    soft = 0.07 if style == "buzz" else 0.030
    cover = np.asarray(smooth(soft, -soft, y - line), np.float32)
    if style == "buzz":
        cover *= 0.88
    lumps = 0.0 * x
    if style == "curly":
        lumps = 0.060 * field(rng, h, w, 20, 26) * smooth(0.0, -0.4, y) + 0.02 * field(rng, h, w, 44, 60)
        lumps = np.clip(lumps, -0.08, 0.12)
        strands = field(rng, h, w, 60, 80) * 0.9
    elif style == "wavy":
        lumps = 0.035 * np.sin(y * 13 + 3 * field(rng, h, w, 3, 9)) * smooth(-0.3, 0.5, y)
    elif style in ("short", "side"):
        lumps = 0.028 * field(rng, h, w, 10, 22)
    shell = shell * (1 + lumps + 0.008 * strands)
    band = np.exp(-np.square((y + 0.62 + 0.05 * strands) / 0.16)) * (0.35 if style != "curly" else 0.1)
    light = np.clip(0.86 + 0.20 * strands + band, 0.35, 1.7)
    light = light * (1 - 0.25 * smooth(0.2, 1.2, y))
    color = rgb(look.hair) * light[..., None] + (6 * band)[..., None]
    return _kept(shell, cover, color, 0.10 if style != "curly" else 0.03)


def _kept(rho: Floats, cover: Floats, color: Floats, gloss: float) -> Shell:
    """A shell in the form that takes little memory."""
    return Shell(
        pack(rho), (cover * 255 + 0.5).astype(np.uint8), np.clip(color, 0, 255).astype(np.uint8), gloss
    )
