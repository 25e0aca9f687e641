"""The head as a surface, rays onto it, and the light on it.

A surface is a map of rho over x and Y in units of half the head's height: at height Y (-1 crown, +1 chin) and
angle theta (0 to the front) it stands rho away from the axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import Floats, smooth

# Where the maps of the surface lie: x = FRONT * theta in units, so that the front is not distorted.
FRONT: Final = 0.82
X_MAX: Final = FRONT * math.pi
Y_MIN, Y_MAX = -1.5, 2.1

_OUTLINE_Y: Final = (-1.0, -0.94, -0.8, -0.6, -0.3, 0.0, 0.25, 0.45, 0.65, 0.8, 0.91, 0.97, 1.0)
_OUTLINE_W: Final = (0.0, 0.30, 0.52, 0.655, 0.735, 0.735, 0.70, 0.65, 0.555, 0.44, 0.31, 0.18, 0.0)
_FRONT_D: Final = (0.0, 0.36, 0.60, 0.75, 0.835, 0.83, 0.835, 0.84, 0.83, 0.80, 0.70, 0.45, 0.0)
_BACK_D: Final = (0.0, 0.40, 0.68, 0.86, 0.98, 0.96, 0.84, 0.66, 0.46, 0.36, 0.25, 0.14, 0.0)


def _profile(values: Sequence[float], y: Floats) -> Floats:
    """A round outline through the values: their squares are interpolated and smoothed."""
    dense = np.linspace(-1.02, 1.02, 409)
    squares = np.interp(dense, _OUTLINE_Y, np.square(values), left=0, right=0)
    kernel = np.hanning(23)
    squares = np.convolve(np.pad(squares, 11, mode="edge"), kernel / kernel.sum(), "valid")
    return np.sqrt(np.interp(y, dense, squares, left=0, right=0)).astype(np.float32)


def grid(per_unit: float) -> tuple[Floats, Floats]:
    """Where every cell of a map lies: x in units and Y of every cell of a map [rows, columns]."""
    w, h = round(2 * X_MAX * per_unit), round((Y_MAX - Y_MIN) * per_unit)
    x = (np.arange(w, dtype=np.float32) + 0.5) / per_unit - X_MAX
    y = (np.arange(h, dtype=np.float32) + 0.5) / per_unit + Y_MIN
    return np.broadcast_to(x, (h, w)), np.broadcast_to(y[:, None], (h, w))


def bump(x: Floats, y: Floats, cx: float, cy: float, sx: float, sy: float, mirrored: bool = True) -> Floats:
    """A round bump at (cx, cy), and at (-cx, cy)."""
    across = np.abs(x) if mirrored else x
    found: Floats = np.exp(-np.square((across - cx) / sx) / 2 - np.square((y - cy) / sy) / 2)
    return found


def closed_jaw(y: Floats, jaw: float) -> Floats:
    """Where the skin at height y of a head whose jaw is open by 0..1 stands when it is closed."""
    return np.where(y > 0.35, 0.35 + (y - 0.35) * 0.65 / (0.65 + 0.15 * jaw), y)


def skull_of(look: Appearance, per_unit: float, jaw: float, plain: bool = False) -> Floats:
    """The map of rho for a head whose jaw is open by 0..1; plain: without nose, ears and lips."""
    x, y = grid(per_unit)
    theta = x / FRONT
    stretched = closed_jaw(y, jaw)
    column = stretched[:, 0]
    wide = _profile(_OUTLINE_W, column) * look.width
    low = smooth(0.1, 0.8, column)
    wide = wide * (1 + (look.jaw - 1) * low) * (1 - 0.05 * jaw * low)
    front, back = _profile(_FRONT_D, column), _profile(_BACK_D, column)
    sine, cosine = np.abs(np.sin(theta[0])), np.cos(theta[0])
    deep = np.where(cosine[None, :] > 0, front[:, None], back[:, None])
    power = 2.25
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = (sine[None, :] / wide[:, None]) ** power + (np.abs(cosine)[None, :] / deep) ** power
        reach = inverse ** (-1 / power)
    rho: Floats = np.nan_to_num(reach, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    if plain:
        return rho
    y = stretched
    n = look.nose
    solid = smooth(0.02, 0.25, rho)
    add = 0.045 * n * bump(x, y, 0, -0.02, 0.065, 0.16)
    add += 0.085 * n * bump(x, y, 0, 0.20, 0.075, 0.13) + 0.095 * n * bump(x, y, 0, 0.325, 0.085, 0.065)
    add += 0.055 * n * bump(x, y, 0.115, 0.36, 0.045, 0.045)
    add += -0.055 * bump(x, y, 0.31, 0.02, 0.13, 0.10) + 0.035 * bump(x, y, 0.31, 0.03, 0.08, 0.06)
    add += 0.030 * bump(x, y, 0.30, -0.17, 0.20, 0.05)
    add += 0.030 * bump(x, y, 0.46, 0.25, 0.14, 0.12)
    add += 0.035 * bump(x, y, 0, 0.60, 0.24, 0.13) - 0.02 * bump(x, y, 0, 0.73, 0.14, 0.035)
    add += 0.045 * bump(x, y, 0, 0.86, 0.15, 0.08)
    if look.beard >= 1:
        add += 0.05 * smooth(0.55, 0.85, y) * smooth(1.35, 0.9, np.abs(x))
    return np.asarray(rho + add * solid, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a ray from each pixel meets: cells of the map, distance along the view, and coverage."""

    map_x: Floats
    map_y: Floats
    z: Floats
    cover: Floats


#: Surfaces are kept in steps of 1/30000 of a unit, which halves their memory.
_PACK: Final = 30000.0


def pack(rho: Floats) -> NDArray[np.uint16]:
    """A map of rho in the form that `cast` takes."""
    return np.asarray(np.clip(np.rint(rho * _PACK), 0, 65535), np.uint16)


def cast(
    rho: NDArray[np.uint16],
    per_unit: float,
    xs: Floats,
    ys: Floats,
    yaw: float,
    pitch: float,
    far: bool = False,
) -> Sight:
    """Rays onto a surface from pixels at xs [w], ys [h] (units); far: onto its far inside."""
    a, p = math.radians(yaw), math.radians(pitch)
    cos_p, sin_p = math.cos(p), math.sin(p)
    x = np.ascontiguousarray(np.broadcast_to(xs, (len(ys), len(xs))))
    y = np.ascontiguousarray(np.broadcast_to(ys[:, None], x.shape))
    sign = np.float32(-1.0 if far else 1.0)
    z = np.full_like(x, 0.7 * sign)
    pixel = np.float32(xs[1] - xs[0])
    rounds = 5 if pitch or yaw else 4
    for _ in range(rounds):
        inner_y = y * cos_p - z * sin_p
        inner_z = y * sin_p + z * cos_p
        angle = cv2.phase(inner_z, x)  # 0..2 pi
        angle -= np.float32(a)
        angle = np.mod(angle + math.pi, 2 * math.pi) - math.pi
        map_x = (angle * FRONT + X_MAX) * np.float32(per_unit) - 0.5
        map_y = (inner_y - Y_MIN) * np.float32(per_unit) - 0.5
        found = cv2.remap(rho, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        reach = found.astype(np.float32) * np.float32(1 / _PACK)
        depth = sign * np.sqrt(np.maximum(reach * reach - x * x, 0))
        z = (depth - y * sin_p) / cos_p
    cover = np.clip((reach - np.abs(x)) / pixel + 0.5, 0, 1) * np.clip(reach * 12 - 0.5, 0, 1)
    cover = cover.astype(np.float32)
    return Sight(map_x, map_y, z.astype(np.float32), cover)


def _normals(z: Floats, pixel: float) -> tuple[Floats, Floats, Floats]:
    """Unit normals from the distance along the view."""
    calm = cv2.GaussianBlur(z, (0, 0), 1.0)
    dx = cv2.Sobel(calm, cv2.CV_32F, 1, 0, ksize=3, scale=1 / (8 * pixel))
    dy = cv2.Sobel(calm, cv2.CV_32F, 0, 1, ksize=3, scale=1 / (8 * pixel))
    length = 1.0 / np.sqrt(dx * dx + dy * dy + 1)
    return -dx * length, -dy * length, length


#: How light falls off in skin, by channel: shadows turn red, for light comes through.
WARM: Final = (0.80, 1.0, 1.08)


def shade(look: Appearance, z: Floats, pixel: float, gloss: float, skin: bool) -> Floats:
    """Light on a surface [h, w, 3] around 1; in skin, shadows are warm, for light comes through it."""
    nx, ny, nz = _normals(z, pixel)
    key = np.asarray((0.62 * look.light, -0.50, 0.78), np.float32)
    key /= np.linalg.norm(key)
    facing = nx * key[0] + ny * key[1] + nz * key[2]
    light = 0.62 * np.clip((facing + 0.40) / 1.40, 0, 1) + 0.34 * (0.25 + 0.75 * np.clip(nz, 0, 1)) + 0.07
    half = key + np.asarray((0, 0, 1), np.float32)
    half /= np.linalg.norm(half)
    shine = gloss * np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1) ** 20
    rim = 0.14 * np.clip(1 - nz, 0, 1) ** 3 * np.clip(nx * (-1 if look.light > 0 else 1), 0, 1)
    channels = [np.power(np.maximum(light, 0.02), power) if skin else light for power in WARM]
    tint = (1 + 0.04 * look.warmth, 1.0, 1 - 0.06 * look.warmth)
    shade = np.stack([c * t for c, t in zip(channels, tint, strict=True)], 2)
    shade += (shine + rim)[..., None]
    return np.asarray(shade * look.exposure, np.float32)
