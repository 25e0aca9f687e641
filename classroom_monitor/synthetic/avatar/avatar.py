"""A student's picture: room, clothes and head put together in a pose."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Box, Image
from classroom_monitor.synthetic.avatar.appearance import Appearance
from classroom_monitor.synthetic.avatar.brush import at
from classroom_monitor.synthetic.avatar.clothes import paint_clothes
from classroom_monitor.synthetic.avatar.features import paint_features
from classroom_monitor.synthetic.avatar.hair import Shell, hair_of
from classroom_monitor.synthetic.avatar.head import BOTTOM, LEFT, RHO, RIGHT, TOP, Form, form_of
from classroom_monitor.synthetic.avatar.layers import over
from classroom_monitor.synthetic.avatar.muscles import INDEX, STEPS, Pose, controls
from classroom_monitor.synthetic.avatar.room import room_of
from classroom_monitor.synthetic.avatar.skin import skin_of
from classroom_monitor.synthetic.avatar.surface import grid, pack, skull_of
from classroom_monitor.synthetic.cache import Cache

#: Heads are turned (degrees), and jaws opened, in steps that can hardly be seen, so that they can be kept.
_YAW_STEP: Final = 4.0
_JAW_STEP: Final = 0.25


class Avatar:
    """One student, drawn at one picture size. `paint` gives the picture of a pose.

    The costly part of a head, its form for one turn, is kept and used again for every expression.
    """

    def __init__(self, look: Appearance, width: int, height: int, cache: Cache) -> None:
        self.look = look
        self.width, self.height = width, height
        self._cache = cache
        self._unit = look.scale * height  # pixels a unit
        self._cells = min(180.0, max(40.0, self._unit * 1.4))  # cells a unit of the skin
        self._key = (look.seed, width, height)

    def paint(self, pose: Pose, into: Image) -> None:
        """Draws the student into a picture [height, width, 3]."""
        into[:] = self.scene
        steps = controls(pose)
        head = self._head(steps, *self._turn(pose, steps))
        x, y, angle = self._place(pose)
        self._lay(head, into, x, y, angle, pose.size)

    def face_box(self, pose: Pose) -> Box:
        """Where the face stands in the picture, chin to hairline, in its pixels."""
        jaw, yaw, pitch = self._turn(pose, controls(pose))
        x, y, angle = self._place(pose)
        unit = pose.size * self._unit
        middle = 0.25 + 0.06 * jaw + 0.55 * math.sin(math.radians(pitch)) * 0.6
        across = 0.45 * math.sin(math.radians(yaw))
        cx = x + unit * (across * math.cos(angle) - middle * math.sin(angle))
        cy = y + unit * (across * math.sin(angle) + middle * math.cos(angle))
        side = (1.48 + 0.12 * jaw) * unit
        return Box(round(cx - side / 2), round(cy - side / 2), round(side), round(side))

    def _turn(self, pose: Pose, steps: NDArray[np.int16]) -> tuple[float, float, float]:
        """Opening of the jaw, yaw and pitch, in the steps that are kept."""
        jaw = round(float(steps[INDEX["open"]]) / STEPS / _JAW_STEP) * _JAW_STEP
        yaw = round(pose.yaw / _YAW_STEP) * _YAW_STEP
        return max(0.0, min(1.0, jaw)), yaw, round(pose.pitch / _YAW_STEP) * _YAW_STEP

    def _place(self, pose: Pose) -> tuple[float, float, float]:
        """Middle of the head in pixels, and its roll in radians."""
        x = self.look.x * self.width + pose.dx * self._unit
        y = self.look.y * self.height + pose.dy * self._unit
        return x, y, math.radians(self.look.roll + pose.roll)

    def _lay(
        self, head: NDArray[np.uint8], into: Image, x: float, y: float, angle: float, scale: float
    ) -> None:
        unit = self._unit
        c, s = math.cos(angle) * scale, math.sin(angle) * scale
        corners = [
            (x + c * u * unit - s * v * unit, y + s * u * unit + c * v * unit)
            for u in (LEFT, RIGHT)
            for v in (TOP, BOTTOM)
        ]
        left = max(0, math.floor(min(p[0] for p in corners)))
        top = max(0, math.floor(min(p[1] for p in corners)))
        right = min(self.width, math.ceil(max(p[0] for p in corners)))
        bottom = min(self.height, math.ceil(max(p[1] for p in corners)))
        if right <= left or bottom <= top:
            return
        origin = (-LEFT * unit - 0.5, -TOP * unit - 0.5)
        matrix = at(
            (
                (c, -s, x - 0.5 - left - c * origin[0] + s * origin[1]),
                (s, c, y - 0.5 - top - s * origin[0] - c * origin[1]),
            )
        )
        placed = cv2.warpAffine(head, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        spot = into[top:bottom, left:right]
        color = np.asarray(cv2.cvtColor(placed, cv2.COLOR_RGBA2RGB), np.uint8)
        spot[:] = over(spot, color, np.asarray(cv2.extractChannel(placed, 3), np.uint8))

    def _head(self, steps: NDArray[np.int16], jaw: float, yaw: float, pitch: float) -> NDArray[np.uint8]:
        """The head with its expression, at the size of the picture: premultiplied colour and coverage."""

        def make() -> NDArray[np.uint8]:
            skin = self._skin().astype(np.float32)
            paint_features(self.look, skin, self._cells, steps)
            return self._form(jaw, yaw, pitch).wear(np.clip(skin, 0, 255).astype(np.uint8))

        key = (self._key, "head", steps.tobytes(), jaw, yaw, pitch)
        head: NDArray[np.uint8] = self._cache.get(key, make, lambda a: a.nbytes)
        return head

    def _form(self, jaw: float, yaw: float, pitch: float) -> Form:
        def make() -> Form:
            skull, shell = self._skull(jaw), self._shell()
            return form_of(self.look, self._unit, self._cells, skull, shell, jaw, yaw, pitch)

        form: Form = self._cache.get((self._key, "form", jaw, yaw, pitch), make, lambda f: f.nbytes)
        return form

    def _skin(self) -> Image:
        def make() -> Image:
            shell = self._shell()
            x, _ = grid(self._cells)
            cover = np.zeros(x.shape, np.float32)
            if shell is not None:
                cover = cv2.resize(shell.cover, x.shape[::-1], interpolation=cv2.INTER_LINEAR) / np.float32(
                    255
                )
            return skin_of(self.look, self._cells, cover).astype(np.uint8)

        made: Image = self._cache.get((self._key, "skin"), make, lambda a: a.nbytes)
        return made

    def _skull(self, jaw: float) -> NDArray[np.uint16]:
        made: NDArray[np.uint16] = self._cache.get(
            (self._key, "skull", jaw), lambda: pack(skull_of(self.look, RHO, jaw)), lambda a: a.nbytes
        )
        return made

    def _shell(self) -> Shell | None:
        made: Shell | None = self._cache.get(
            (self._key, "shell"),
            lambda: hair_of(self.look, max(RHO, min(110.0, self._unit * 1.4))),
            lambda s: 1 if s is None else s.rho.nbytes * 3,
        )
        return made

    @property
    def scene(self) -> Image:
        """The room and the clothes, without a head; uint8 [height, width, 3]."""

        def make() -> Image:
            room = room_of(self.look, self.width, self.height)
            paint_clothes(self.look, self._unit, room)
            return np.clip(room, 0, 255).astype(np.uint8)

        made: Image = self._cache.get((self._key, "scene"), make, lambda a: a.nbytes)
        return made
