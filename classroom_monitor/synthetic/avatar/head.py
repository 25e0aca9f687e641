"""A head turned one way: skin, neck, ears and hair as layers, without its expression."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Box, Image
from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import Floats, rgb, smooth
from classroom_monitor.synthetic.avatar.hair import FALLING, Shell
from classroom_monitor.synthetic.avatar.layers import Layer, over, premultiplied
from classroom_monitor.synthetic.avatar.surface import WARM, Y_MAX, Y_MIN, cast, closed_jaw, shade

#: Cells a unit of the maps of the surface: smooth enough at every size.
RHO: Final = 56.0

#: What the picture of a head reaches over, in units.
LEFT, RIGHT, TOP, BOTTOM = -1.32, 1.32, -1.52, 1.78


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A head turned one way, at one size."""

    map_1: NDArray[np.int16]  # where each pixel of the box lies in the skin, as cv2.remap takes it
    map_2: NDArray[np.uint16]
    shade: Image  # 128 is 1
    cover: NDArray[np.uint8]
    behind: Layer
    front: Layer
    box: Box  # of the skin in the picture

    @property
    def nbytes(self) -> int:
        """Memory held."""
        parts = (self.map_1, self.map_2, self.shade, self.cover, self.behind, self.front)
        return sum(part.nbytes for part in parts)

    def wear(self, skin: Image) -> NDArray[np.uint8]:
        """The head with that skin: premultiplied colour and coverage [h, w, 4]."""
        b = self.box
        turned = cv2.remap(skin, self.map_1, self.map_2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        turned = cv2.multiply(turned, self.shade, scale=1 / 128)
        turned = cv2.multiply(turned, cv2.cvtColor(self.cover, cv2.COLOR_GRAY2RGB), scale=1 / 255)
        picture, cover = self.behind.picture.copy(), self.behind.cover.copy()
        spot, under = picture[b.y : b.bottom, b.x : b.right], cover[b.y : b.bottom, b.x : b.right]
        spot[:] = over(spot, np.asarray(turned, np.uint8), self.cover)
        under[:] = cv2.max(under, self.cover)
        picture = over(picture, self.front.picture, self.front.cover)
        return np.asarray(cv2.merge((*cv2.split(picture), cv2.max(cover, self.front.cover))), np.uint8)


def form_of(
    look: Appearance,
    unit: float,
    cells: float,
    skull: NDArray[np.uint16],
    shell: Shell | None,
    jaw: float,
    yaw: float,
    pitch: float,
) -> Form:
    """A head turned by yaw and pitch (degrees), its jaw open by 0..1.

    unit: pixels a unit. cells: cells a unit of the skin that it is to wear. skull: its packed surface, of RHO
    cells a unit.
    """
    w, h = round((RIGHT - LEFT) * unit), round((BOTTOM - TOP) * unit)
    xs, ys = _pixels(w, h, unit)
    low, high = math.floor((-1.15 - TOP) * unit), math.ceil((1.35 - TOP) * unit)
    left, right = math.floor((-1.0 - LEFT) * unit), math.ceil((1.0 - LEFT) * unit)
    box = Box(left, low, right - left, high - low)
    sight = cast(skull, RHO, xs[left:right], ys[low:high], yaw, pitch)
    y = closed_jaw((sight.map_y + 0.5) / RHO + Y_MIN, jaw)
    map_x = (sight.map_x + 0.5) * (cells / RHO) - 0.5
    map_y = ((y - Y_MIN) * cells - 0.5).astype(np.float32)
    map_1, map_2 = cv2.convertMaps(map_x.astype(np.float32), map_y, cv2.CV_16SC2)
    light = shade(look, sight.z, 1 / unit, 0.09, skin=True)
    behind = _neck(look, w, h, unit)
    front = Layer(np.zeros((h, w, 3), np.uint8), np.zeros((h, w), np.uint8))
    if shell is not None:
        cells = shell.rho.shape[0] / (Y_MAX - Y_MIN)
        near = cast(shell.rho, cells, xs, ys, yaw, pitch)
        on = cv2.remap(shell.cover, near.map_x, near.map_y, cv2.INTER_LINEAR) * (near.cover / 255)
        hidden = np.full((h, w), -9, np.float32)
        hidden[low:high, left:right] = np.where(sight.cover > 0.5, sight.z, -9)
        on = np.where(near.z < hidden - 0.02, 0, on).astype(np.float32)
        color = cv2.remap(shell.color, near.map_x, near.map_y, cv2.INTER_LINEAR)
        color = np.clip(color * shade(look, near.z, 1 / unit, shell.gloss, skin=False), 0, 255)
        front = Layer(premultiplied(color, on), (on * 255 + 0.5).astype(np.uint8))
        far = cast(shell.rho, cells, xs, ys, yaw, pitch, far=True)
        back = cv2.remap(shell.cover, far.map_x, far.map_y, cv2.INTER_LINEAR) * (far.cover / 255)
        inner = cv2.remap(shell.color, far.map_x, far.map_y, cv2.INTER_LINEAR) * np.float32(0.42)
        hair = premultiplied(inner, np.asarray(back, np.float32))
        cover = cv2.max((back * 255).astype(np.uint8), behind.cover)
        behind = Layer(over(hair, behind.picture, behind.cover), np.asarray(cover, np.uint8))
    if look.style == "bun" and look.covering == "none":
        _lay_bun(look, behind, unit, yaw)
    if not (look.covering == "hijab" or (look.covering == "none" and look.style in FALLING)):
        for side in (-1, 1):
            facing = math.cos(side * 1.45 + math.radians(yaw)) > 0.15
            _lay_ear(look, front if facing else behind, unit, side, yaw, pitch)
    shade_8 = np.clip(light * 128, 0, 255).astype(np.uint8)
    return Form(map_1, map_2, shade_8, (sight.cover * 255).astype(np.uint8), behind, front, box)


def _pixels(w: int, h: int, unit: float) -> tuple[Floats, Floats]:
    """Where the columns [w] and rows [h] of the picture of a head lie, in units."""
    x = (np.arange(w, dtype=np.float32) + 0.5) / unit + LEFT
    y = (np.arange(h, dtype=np.float32) + 0.5) / unit + TOP
    return x, y


def _neck(look: Appearance, w: int, h: int, unit: float) -> Layer:
    layer = np.zeros((h, w, 3), np.float32)
    gx, gy = np.meshgrid(*_pixels(w, h, unit))
    thick = 0.43 * look.width * (1.06 if look.beard else 0.95)
    half = thick + 0.10 * smooth(0.9, 1.5, gy) ** 2
    around = np.clip(gx / np.maximum(half, 1e-3), -1, 1)
    light = 0.60 + 0.30 * np.sqrt(1 - around**2) + 0.13 * around * look.light
    light = light * (1 - 0.40 * np.exp(-np.square((gy - 0.98) / 0.22)) * (1 - 0.3 * around**2))
    for channel, power in enumerate(WARM):
        layer[..., channel] = look.skin[channel] * look.exposure * light**power
    deep = 1.50 if look.collar in (0, 3) else 1.66
    bottom = deep - (0.55 if look.collar == 1 else 0.30) * np.abs(around) ** (
        1.2 if look.collar == 1 else 2.2
    )
    cover = np.clip((half - np.abs(gx)) * unit + 0.5, 0, 1) * np.clip((bottom - gy) * unit + 0.5, 0, 1)
    cover *= smooth(0.2, 0.3, gy)
    cover = np.asarray(cover, np.float32)
    return Layer(premultiplied(layer, cover), (cover * 255 + 0.5).astype(np.uint8))


def _lay_bun(look: Appearance, layer: Layer, unit: float, yaw: float) -> None:
    h, w = layer.cover.shape
    x, y = _pixels(w, h, unit)
    gx, gy = np.meshgrid(x - 0.5 * math.sin(math.radians(-yaw)), y + 1.10)
    radius = np.sqrt((gx / 0.33) ** 2 + (gy / 0.30) ** 2)
    swirl = 0.12 * np.sin(9 * radius + 2 * np.arctan2(gy, gx))
    light = 0.55 + 0.5 * np.sqrt(np.clip(1 - radius**2, 0, 1)) + swirl - 0.25 * gy + 0.3 * gx * look.light
    color = np.clip(rgb(look.hair) * light[..., None], 0, 255)
    layer.lay(color, np.clip((1 - radius) * 0.3 * unit + 0.5, 0, 1))


def _lay_ear(look: Appearance, layer: Layer, unit: float, side: int, yaw: float, pitch: float) -> None:
    """One ear, where the side of the head shows it."""
    h, w = layer.cover.shape
    angle = side * 1.45 + math.radians(yaw)
    wide = 0.080 + 0.05 * max(0.0, math.cos(angle))
    gx, gy = np.meshgrid(*_pixels(w, h, unit))
    x = (gx - 0.745 * look.width * math.sin(angle)) * side
    y = gy - 0.13 - 0.3 * math.sin(math.radians(pitch)) * math.cos(angle)
    x = x - 0.16 * -y  # leans outward at the top
    radius = np.sqrt((x / wide) ** 2 + (y / (0.185 - 0.05 * np.clip(y * 4, 0, 1))) ** 2)
    hollow = np.exp(-np.square((np.sqrt(((x + 0.01) / wide) ** 2 + ((y + 0.01) / 0.17) ** 2) - 0.35) / 0.28))
    light = (0.84 + 0.10 * side * look.light) * (1 - 0.20 * hollow)
    color = np.stack([look.skin[c] * look.exposure * light**power for c, power in enumerate(WARM)], 2)
    layer.lay(np.clip(color, 0, 255), np.clip((1 - radius) * 0.12 * unit + 0.5, 0, 1))
