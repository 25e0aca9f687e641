"""Drawn students: shaded heads whose brows, lids, eyes and mouth express a mixture of the seven classes.

A head is a surface in cylinder coordinates: at height `Y` (-1 crown, +1 chin) and angle `theta` (0 to the
front) it stands `rho` away from the axis. The picture is found by casting a ray per pixel onto that surface,
so that a turned head is really turned, and is shaded from the surface's own normals. What moves in a face
(brows, lids, iris, lips, teeth, folds) is painted into the skin before it is laid onto the surface. Hair
and head coverings are a second surface around the first.

The costly part of a head, its geometry for one turn of the head, is kept and used again for every expression.
"""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import EXPRESSIONS, Box, Image, Probabilities

Floats = NDArray[np.floating[Any]]
Color = tuple[int, int, int]

SKINS: Final[tuple[Color, ...]] = (
    (240, 204, 182),
    (232, 190, 160),
    (220, 172, 138),
    (204, 152, 114),
    (180, 128, 92),
    (154, 104, 74),
    (128, 84, 60),
    (104, 69, 51),
)
HAIRS: Final[tuple[Color, ...]] = (
    (28, 24, 24),
    (46, 34, 28),
    (74, 50, 34),
    (112, 74, 44),
    (168, 122, 70),
    (206, 168, 108),
    (140, 66, 36),
    (150, 148, 146),
)
STYLES: Final = ("short", "side", "buzz", "curly", "bob", "long", "wavy", "bun", "bald", "fringe")
#: Hair that falls over the ears.
_FALLING: Final = ("bob", "long", "wavy", "fringe")
COVERINGS: Final = ("none", "hijab", "turban", "beanie")
BACKGROUNDS: Final = ("room", "shelf", "window", "blur", "plain", "office")
CLOTHES: Final[tuple[Color, ...]] = (
    (60, 84, 132),
    (120, 48, 52),
    (52, 92, 74),
    (196, 188, 176),
    (70, 68, 76),
    (150, 120, 70),
    (98, 74, 122),
    (40, 44, 58),
    (178, 96, 74),
    (96, 138, 160),
)
IRISES: Final[tuple[Color, ...]] = ((70, 44, 26), (92, 62, 36), (84, 96, 62), (86, 118, 142), (110, 116, 118))


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a student looks like: everything that does not change during a session."""

    feminine: bool  # by the usual signs: chooses hair, beard, jaw, and the sort of name
    skin: Color
    hair: Color
    style: str
    covering: str
    covering_color: Color
    glasses: int  # 0 none, 1 thin round, 2 thick, 3 thin square
    beard: float  # 0 none .. 1 full
    clothes: Color
    collar: int  # 0 crew neck, 1 V neck, 2 shirt, 3 hood
    background: str
    light: float  # -1 key light from the left .. 1 from the right
    warmth: float  # -1 cold .. 1 warm
    exposure: float  # 0.7 .. 1.15
    width: float  # of the head
    jaw: float  # width of the jaw
    nose: float
    lips: float
    eyes: float
    brows: float
    iris: Color
    scale: float  # half the height of the head over the height of the picture
    x: float  # middle of the head in the picture, 0..1
    y: float
    roll: float  # degrees
    seed: int


@dataclass(frozen=True, slots=True)
class Pose:
    """How a face is held now.

    expression: seven weights in the order of EXPRESSIONS, summing to 1. yaw: degrees, positive to the
    viewer's right. pitch: degrees, positive looks down. closed, brow: 0..1. The last four move the whole
    head a little: shifts in half head heights, roll in degrees, size as a factor.
    """

    expression: Probabilities
    yaw: float = 0.0
    pitch: float = 0.0
    closed: float = 0.0
    brow: float = 0.0
    dx: float = 0.0
    dy: float = 0.0
    roll: float = 0.0
    size: float = 1.0


def appearance(seed: int, student: int) -> Appearance:
    """The student's looks, the same for the same seed and number."""
    rng = np.random.default_rng([seed, student, 0xFACE])

    def pick(options: Sequence[Any], weights: Sequence[float] | None = None) -> Any:
        share = None if weights is None else np.asarray(weights) / np.sum(weights)
        return options[int(rng.choice(len(options), p=share))]

    tone = int(rng.integers(len(SKINS)))
    dark = tone >= 4
    hair = pick(HAIRS, (6, 5, 2, 0.4, 0.1, 0.1, 0.1, 0.5) if dark else (3, 3, 4, 4, 2.5, 2, 1.4, 0.8))
    feminine = bool(rng.random() < 0.5)
    tight = 3.5 if dark else 1.5
    style = pick(
        STYLES,
        (0.5, 0.4, 0.3, tight, 4, 5, 4, 3, 0, 3)
        if feminine
        else (6, 5, 3.5, tight, 0, 0.4, 0, 0.3, 1.5, 0.4),
    )
    covering = pick(COVERINGS, (18, 3.5, 0, 1.0) if feminine else (18, 0, 1.6, 1.2))
    beard = 0.0 if feminine else float(rng.choice([0, 0.25, 0.5, 1.0], p=(0.45, 0.22, 0.18, 0.15)))
    if covering == "turban":
        beard = 1.0
    return Appearance(
        feminine=feminine,
        skin=SKINS[tone],
        hair=hair,
        style=style,
        covering=covering,
        covering_color=pick(
            ((70, 92, 122), (150, 76, 82), (60, 110, 104), (196, 176, 150), (44, 46, 56), (172, 132, 60))
        ),
        glasses=int(rng.choice(4, p=(0.68, 0.1, 0.12, 0.1))),
        beard=beard,
        clothes=pick(CLOTHES),
        collar=int(rng.integers(4)),
        background=pick(BACKGROUNDS, (4, 3, 3, 3, 1.5, 2)),
        light=float(rng.uniform(-1, 1)),
        warmth=float(rng.uniform(-0.7, 0.8)),
        exposure=float(rng.uniform(0.92, 1.1)),
        width=float(rng.uniform(0.93, 1.06)) * (0.985 if feminine else 1.015),
        jaw=float(rng.uniform(0.92, 1.1)) * (0.96 if feminine else 1.03),
        nose=float(rng.uniform(0.85, 1.2)),
        lips=float(rng.uniform(0.85, 1.2)) * (1.12 if dark else 1.0) * (1.08 if feminine else 0.96),
        eyes=float(rng.uniform(0.93, 1.12)),
        brows=float(rng.uniform(0.8, 1.25)) * (0.88 if feminine else 1.15),
        iris=IRISES[int(rng.integers(2))] if dark else pick(IRISES),
        scale=float(rng.uniform(0.245, 0.32)),
        x=float(rng.uniform(0.44, 0.56)),
        y=float(rng.uniform(0.47, 0.54)),
        roll=float(rng.normal(0, 2.2)),
        seed=int(rng.integers(1 << 31)),
    )


# --- The rig: what the seven classes do to a face -------------------------------------------------------

#: The controls of a face, each about 0..1 (lids may be negative: -1 droops).
CONTROLS: Final = (
    "smile",
    "frown",
    "open",
    "stretch",
    "press",
    "sneer",
    "inner",
    "outer",
    "lower",
    "lids",
    "squint",
    "cheek",
    "teeth",
    "droop",
)
_I: Final = {name: index for index, name in enumerate(CONTROLS)}


def _keys() -> Floats:
    """Controls of each class at full strength [7, controls], in the order of EXPRESSIONS."""
    # Set so that our own network, trained on photographs alone, reads the drawn faces as what they are.
    keys: dict[str, dict[str, float]] = {
        "angry": {
            "lower": 1.35,
            "sneer": 1.2,
            "open": 0.5,
            "teeth": 0.7,
            "squint": 0.2,
            "lids": 0.2,
            "stretch": -0.2,
        },
        "disgust": {
            "sneer": 1.6,
            "lower": 0.9,
            "squint": 1.0,
            "frown": 0.6,
            "cheek": 1.0,
            "lids": -0.4,
            "open": 0.15,
            "teeth": 0.6,
        },
        "fear": {
            "inner": 1.3,
            "outer": 0.1,
            "lids": 1.2,
            "stretch": 0.9,
            "open": 0.45,
            "frown": 0.6,
            "teeth": 0.7,
        },
        "happy": {"smile": 1.0, "cheek": 1.0, "squint": 0.5, "open": 0.12, "stretch": 0.35, "teeth": 1.0},
        "sad": {
            "inner": 1.4,
            "frown": 0.95,
            "lids": -0.8,
            "outer": -0.5,
            "squint": 0.35,
            "press": 0.25,
            "droop": 1.1,
        },
        "surprise": {"inner": 0.95, "outer": 1.0, "lids": 1.0, "open": 1.0, "stretch": -0.35},
        "neutral": {},
    }
    made = np.zeros((len(EXPRESSIONS), len(CONTROLS)), np.float32)
    for row, name in enumerate(EXPRESSIONS):
        for control, value in keys[name].items():
            made[row, _I[control]] = value
    return made


_KEYS: Final = _keys()
#: How much of its key a share of a class draws: gain and power, by class. Readers of faces (people, and our
#: network) see little in a slight expression and never all in a full one; so a mixture is drawn larger.
_GAINS: Final = np.asarray(
    ((1.15, 1.15, 1.15, 1.12, 1.2, 1.05, 0.0), (0.6, 0.6, 0.65, 0.7, 0.65, 0.75, 1.0)), np.float32
)
#: Poses are rounded to these steps, finer than can be seen at gallery size, so that they can be kept.
_STEPS: Final = 16
_YAW_STEP: Final = 4.0
_JAW_STEP: Final = 0.25


# --- Small helpers --------------------------------------------------------------------------------------


class Cache:
    """The newest values whose arrays fit into so many bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: OrderedDict[object, tuple[object, int]] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._bytes

    def get(self, key: object, make: Callable[[], Any], weigh: Callable[[Any], int]) -> Any:
        """The value of a key, made when it is not held."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
            return found[0]
        value = make()
        weight = weigh(value)
        self._held[key] = (value, weight)
        self._bytes += weight
        while self._bytes > self._capacity and len(self._held) > 1:
            _, (_, freed) = self._held.popitem(last=False)
            self._bytes -= freed
        return value


def _smooth(low: float, high: float, value: Any) -> Any:
    """0 below low, 1 above high, smooth in between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _at(values: Sequence[Any]) -> Floats:
    return np.asarray(values, np.float32)


def _rgb(color: Any, factor: float = 1.0) -> Floats:
    return np.asarray(color, np.float32) * np.float32(factor)


def _field(rng: np.random.Generator, h: int, w: int, cells_y: float, cells_x: float) -> Floats:
    """Smooth noise of mean 0 and deviation about 1, with so many cells over its height and width."""
    rows, columns = max(2, round(cells_y)), max(2, round(cells_x))
    small = rng.standard_normal((rows, columns)).astype(np.float32)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)


_CIRCLE: Final = np.stack(
    [f(np.linspace(0, 2 * math.pi, 24, endpoint=False)) for f in (np.cos, np.sin)], 1
).astype(np.float32)
_MIRROR: Final = np.asarray((-1, 1), np.float32)


@functools.cache
def _taper(count: int) -> Floats:
    """How wide a line is along its length, 0..1."""
    return np.asarray(np.sin(np.linspace(0.12, math.pi - 0.12, count)) ** 0.6, np.float32)


class _Brush:
    """Paints soft shapes into a float picture, in the units of the skin (x to the right, Y down)."""

    def __init__(self, picture: Floats, per_unit: float, x0: float, y0: float) -> None:
        self.picture = picture
        self.per_unit = per_unit
        self._origin = _at((x0, y0))

    def shape(
        self,
        points: Floats,
        color: Floats,
        alpha: float = 1.0,
        blur: float = 0.0,
        within: tuple[int, int, NDArray[np.uint8]] | None = None,
    ) -> tuple[int, int, NDArray[np.uint8]] | None:
        """Fills the polygon [n, 2]; blur in units. Returns its mask with its corner, to clip others by."""
        placed = self._mask(points, blur)
        if placed is None or alpha <= 0.003:
            return placed
        left, top, mask = placed
        if within is not None:
            mask = _meet(placed, within)
        h, w = mask.shape
        spot = self.picture[top : top + h, left : left + w]
        weight = mask.astype(np.float32)[..., None] * np.float32(alpha / 255.0)
        spot += (color - spot) * weight
        return placed

    def line(
        self, points: Floats, color: Floats, width: float, alpha: float = 1.0, blur: float = 0.0
    ) -> None:
        """A line of so many units through points [n, 2], tapering to both ends."""
        tangent = np.empty_like(points)
        tangent[1:-1] = points[2:] - points[:-2]
        tangent[0], tangent[-1] = points[1] - points[0], points[-1] - points[-2]
        length = np.maximum(np.sqrt(np.square(tangent).sum(1)), 1e-6)
        reach = _taper(len(points)) * (width / 2) / length
        side = tangent[:, ::-1] * _MIRROR * reach[:, None]
        self.shape(np.concatenate((points + side, (points - side)[::-1])), color, alpha, blur)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        color: Floats,
        alpha: float = 1.0,
        blur: float = 0.0,
        within: tuple[int, int, NDArray[np.uint8]] | None = None,
    ) -> None:
        """A filled ellipse."""
        self.shape(_CIRCLE * _at((rx, ry)) + _at((x, y)), color, alpha, blur, within)

    def _mask(self, points: Floats, blur: float) -> tuple[int, int, NDArray[np.uint8]] | None:
        fixed = np.rint((points - self._origin) * (16 * self.per_unit) - 8).astype(np.int32)
        soft = blur * self.per_unit
        pad = 2 + math.ceil(2.2 * soft)
        height, width = self.picture.shape[:2]
        x, y, w, h = cv2.boundingRect(fixed)
        left, top = max(0, (x >> 4) - pad), max(0, (y >> 4) - pad)
        right, bottom = min(width, ((x + w) >> 4) + pad + 2), min(height, ((y + h) >> 4) + pad + 2)
        if right <= left or bottom <= top:
            return None
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, 4, (-16 * left, -16 * top))
        if soft > 0.3:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
        return left, top, mask


def _meet(
    one: tuple[int, int, NDArray[np.uint8]], other: tuple[int, int, NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """The first mask, cut to the second."""
    left, top, mask = one
    other_left, other_top, clip = other
    cut = np.zeros_like(mask)
    x0, y0 = max(left, other_left), max(top, other_top)
    x1 = min(left + mask.shape[1], other_left + clip.shape[1])
    y1 = min(top + mask.shape[0], other_top + clip.shape[0])
    if x1 > x0 and y1 > y0:
        here = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        there = (slice(y0 - other_top, y1 - other_top), slice(x0 - other_left, x1 - other_left))
        cut[here] = cv2.min(mask[here], clip[there])
    return cut


# --- The surface ----------------------------------------------------------------------------------------

# Where the maps of the surface lie: x = _FRONT * theta in units, so that the front is not distorted.
_FRONT: Final = 0.82
_X_MAX: Final = _FRONT * math.pi
_Y_MIN, _Y_MAX = -1.5, 2.1

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


def _grid(per_unit: float) -> tuple[Floats, Floats]:
    """Where every cell of a map lies: x in units and Y of every cell of a map [rows, columns]."""
    w, h = round(2 * _X_MAX * per_unit), round((_Y_MAX - _Y_MIN) * per_unit)
    x = (np.arange(w, dtype=np.float32) + 0.5) / per_unit - _X_MAX
    y = (np.arange(h, dtype=np.float32) + 0.5) / per_unit + _Y_MIN
    return np.broadcast_to(x, (h, w)), np.broadcast_to(y[:, None], (h, w))


def _bump(x: Floats, y: Floats, cx: float, cy: float, sx: float, sy: float, mirrored: bool = True) -> Floats:
    """A round bump at (cx, cy), and at (-cx, cy)."""
    across = np.abs(x) if mirrored else x
    bump: Floats = np.exp(-np.square((across - cx) / sx) / 2 - np.square((y - cy) / sy) / 2)
    return bump


def _skull(look: Appearance, per_unit: float, jaw: float, plain: bool = False) -> Floats:
    """The map of rho for a head whose jaw is open by 0..1; plain: without nose, ears and lips."""
    x, y = _grid(per_unit)
    theta = x / _FRONT
    drop = 0.15 * jaw
    stretched = np.where(y > 0.35, 0.35 + (y - 0.35) * 0.65 / (0.65 + drop), y)
    column = stretched[:, 0]
    wide = _profile(_OUTLINE_W, column) * look.width
    low = _smooth(0.1, 0.8, column)
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
    solid = _smooth(0.02, 0.25, rho)
    add = 0.045 * n * _bump(x, y, 0, -0.02, 0.065, 0.16)
    add += 0.085 * n * _bump(x, y, 0, 0.20, 0.075, 0.13) + 0.095 * n * _bump(x, y, 0, 0.325, 0.085, 0.065)
    add += 0.055 * n * _bump(x, y, 0.115, 0.36, 0.045, 0.045)
    add += -0.055 * _bump(x, y, 0.31, 0.02, 0.13, 0.10) + 0.035 * _bump(x, y, 0.31, 0.03, 0.08, 0.06)
    add += 0.030 * _bump(x, y, 0.30, -0.17, 0.20, 0.05)
    add += 0.030 * _bump(x, y, 0.46, 0.25, 0.14, 0.12)
    add += 0.035 * _bump(x, y, 0, 0.60, 0.24, 0.13) - 0.02 * _bump(x, y, 0, 0.73, 0.14, 0.035)
    add += 0.045 * _bump(x, y, 0, 0.86, 0.15, 0.08)
    if look.beard >= 1:
        add += 0.05 * _smooth(0.55, 0.85, y) * _smooth(1.35, 0.9, np.abs(x))
    return np.asarray(rho + add * solid, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """What a ray from each pixel meets: cells of the map, distance along the view, coverage, and a shade."""

    map_x: Floats
    map_y: Floats
    z: Floats
    cover: Floats


#: Surfaces are kept in steps of 1/30000 of a unit, which halves their memory.
_PACK: Final = 30000.0


def _pack(rho: Floats) -> NDArray[np.uint16]:
    return np.asarray(np.clip(np.rint(rho * _PACK), 0, 65535), np.uint16)


def _cast(
    rho: NDArray[np.uint16],
    per_unit: float,
    xs: Floats,
    ys: Floats,
    yaw: float,
    pitch: float,
    far: bool = False,
) -> _Sight:
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
        map_x = (angle * _FRONT + _X_MAX) * np.float32(per_unit) - 0.5
        map_y = (inner_y - _Y_MIN) * np.float32(per_unit) - 0.5
        found = cv2.remap(rho, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        reach = found.astype(np.float32) * np.float32(1 / _PACK)
        depth = sign * np.sqrt(np.maximum(reach * reach - x * x, 0))
        z = (depth - y * sin_p) / cos_p
    cover = np.clip((reach - np.abs(x)) / pixel + 0.5, 0, 1) * np.clip(reach * 12 - 0.5, 0, 1)
    cover = cover.astype(np.float32)
    return _Sight(map_x, map_y, z.astype(np.float32), cover)


def _normals(z: Floats, pixel: float) -> tuple[Floats, Floats, Floats]:
    """Unit normals from the distance along the view."""
    calm = cv2.GaussianBlur(z, (0, 0), 1.0)
    dx = cv2.Sobel(calm, cv2.CV_32F, 1, 0, ksize=3, scale=1 / (8 * pixel))
    dy = cv2.Sobel(calm, cv2.CV_32F, 0, 1, ksize=3, scale=1 / (8 * pixel))
    length = 1.0 / np.sqrt(dx * dx + dy * dy + 1)
    return -dx * length, -dy * length, length


#: How light falls off in skin, by channel: shadows turn red, for light comes through.
_WARM: Final = (0.80, 1.0, 1.08)


def _shade(look: Appearance, z: Floats, pixel: float, gloss: float, skin: bool) -> Floats:
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
    if skin:
        channels = [np.power(np.maximum(light, 0.02), power) for power in _WARM]
    else:
        channels = [light, light, light]
    tint = (1 + 0.04 * look.warmth, 1.0, 1 - 0.06 * look.warmth)
    shade = np.stack([c * t for c, t in zip(channels, tint, strict=True)], 2)
    shade += (shine + rim)[..., None]
    return np.asarray(shade * look.exposure, np.float32)


# --- Skin and hair --------------------------------------------------------------------------------------


def _skin(look: Appearance, per_unit: float, hair_cover: Floats) -> Floats:
    """The skin without what moves [rows, columns, 3], 0..255."""
    rng = np.random.default_rng(look.seed)
    x, y = _grid(per_unit)
    h, w = x.shape
    base = _rgb(look.skin)
    mottle = 1 + 0.012 * _field(rng, h, w, 60, 90) + 0.012 * _field(rng, h, w, 16, 24)
    skin = np.repeat((mottle.astype(np.float32))[..., None], 3, 2) * base

    def toward(color: Floats, weight: Floats) -> None:
        nonlocal skin
        skin += (color - skin) * weight[..., None]

    depth = float(base.mean()) / 255
    blush = base * _rgb((1.02, 0.80, 0.78))
    toward(blush, (0.20 + 0.14 * depth) * _bump(x, y, 0.45, 0.30, 0.16, 0.13))
    toward(blush, 0.22 * _bump(x, y, 0, 0.34, 0.09, 0.07))
    toward(base * _rgb((0.80, 0.66, 0.62)), 0.35 * _bump(x, y, 0.31, 0.0, 0.14, 0.09))
    toward(base * _rgb((0.62, 0.50, 0.47)), 0.30 * _bump(x, y, 0.15, 0.0, 0.05, 0.06))
    toward(base * 1.10, 0.5 * _bump(x, y, 0, -0.38, 0.30, 0.14))
    toward(base * 1.12, 0.45 * _bump(x, y, 0, 0.17, 0.035, 0.14))
    toward(base * 1.06, 0.4 * _bump(x, y, 0.40, 0.17, 0.11, 0.05))
    toward(base * _rgb((0.55, 0.44, 0.42)), 0.34 * _bump(x, y, 0, 0.455, 0.10, 0.03))
    toward(base * _rgb((0.6, 0.5, 0.48)), 0.28 * _bump(x, y, 0, 0.735, 0.13, 0.035))
    toward(base * _rgb((0.6, 0.48, 0.45)), 0.22 * _bump(x, y, 0.135, 0.25, 0.03, 0.10))
    toward(base * _rgb((0.62, 0.52, 0.50)), 0.22 * np.asarray(_smooth(0.90, 1.04, y), np.float32))
    if depth > 0.6 and rng.random() < 0.3:  # freckles
        spots = _field(rng, h, w, 90, 130)
        place = _bump(x, y, 0.34, 0.24, 0.2, 0.1) + _bump(x, y, 0, 0.2, 0.1, 0.1)
        toward(
            base * _rgb((0.72, 0.55, 0.45)), np.asarray(0.5 * place * _smooth(1.0, 1.6, spots), np.float32)
        )
    if look.beard:
        chin = _smooth(
            0.50, 0.66, y - 0.30 * _smooth(0.55, 0.2, np.abs(x)) * 0 + 0.42 * _smooth(0.55, 1.05, np.abs(x))
        )
        cheeks = chin * _smooth(1.22, 1.08, np.abs(x))
        bare = _smooth(1.0, 1.5, np.square(x / 0.30) + np.square((y - 0.60) / 0.125))
        under = np.exp(-np.square((np.abs(x) - 0.12) / 0.15) / 2 - np.square((y - 0.505) / 0.035) / 2)
        patch = np.clip(cheeks * bare + under, 0, 1)
        grain = np.clip(0.85 + 0.22 * _field(rng, h, w, 130, 190), 0, 1.2)
        strength = {0.25: 0.26, 0.5: 0.55}.get(look.beard, 0.92)
        toward(
            _rgb(look.hair) * 0.9 + base * 0.06,
            np.asarray(np.clip(patch * grain * strength, 0, 1), np.float32),
        )
    shadow = cv2.GaussianBlur(hair_cover, (0, 0), 0.075 * per_unit)
    skin *= (1 - 0.42 * np.clip(shadow, 0, 1))[..., None]
    return np.clip(skin, 0, 255)


@dataclass(frozen=True, slots=True, eq=False)
class _Shell:
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


def _shell(look: Appearance, per_unit: float) -> _Shell | None:
    """The hair or covering of a head."""
    rng = np.random.default_rng(look.seed + 1)
    x, y = _grid(per_unit)
    h, w = x.shape
    across = np.abs(x)
    covered = look.covering != "none"
    style = look.style
    if style == "bald" and not covered:
        return None
    plain = _skull(look, per_unit, 0.0, plain=True)
    thick = {"hijab": 0.10, "turban": 0.20, "beanie": 0.10}[look.covering] if covered else _THICKNESS[style]
    # The skull, enlarged about its middle; long hair and cloth fall straight down from the ears.
    grow = 1 + thick
    centre = 0.02
    source = (y - centre) / grow + centre
    falling = (not covered and style in _FALLING) or look.covering == "hijab"
    if falling:
        source = np.where(source > 0.12, 0.12 + (source - 0.12) * 0.12, source)
    rows = ((source - _Y_MIN) * per_unit - 0.5).astype(np.float32)
    columns = np.ascontiguousarray(np.broadcast_to(np.arange(w, dtype=np.float32), (h, w)))
    shell = (
        np.asarray(cv2.remap(plain, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)) * grow
    )
    if falling:
        shell = shell * (
            1
            - 0.10 * _smooth(0.3, 1.1, y)
            + (0.55 if look.covering == "hijab" else 0.14) * _smooth(0.95, 1.7, y)
        )
    strands = _field(rng, h, w, 5, 150) * 0.55 + _field(rng, h, w, 8, 70) * 0.6
    if covered:
        fold = _field(rng, h, w, 9, 12)
        color = _rgb(look.covering_color) * (1 + 0.035 * fold)[..., None]
        if look.covering == "hijab":
            egg = np.square(across / (0.70 + 0.05 * (y > 0.4))) + np.square((y - 0.20) / 0.80)
            cover = np.asarray(_smooth(0.93, 1.02, egg) * _smooth(1.70, 1.64, y), np.float32)
            shell = shell * (1 + 0.03 * np.exp(-np.square((egg - 1.1) / 0.14)) + 0.012 * fold)
            color = color * (1 - 0.25 * np.exp(-np.square((egg - 1.0) / 0.07)))[..., None]
        elif look.covering == "turban":
            edge = -0.44 + 0.34 * np.square(across) - 0.18 * np.exp(-np.square(across / 0.22))
            cover = np.asarray(_smooth(0.02, -0.02, y - edge), np.float32)
            wrap = np.sin((y + 0.42 * across * np.sign(x + 0.02)) * 19)
            shell = shell * (1 + 0.022 * wrap + 0.10 * _smooth(-0.2, -0.7, y))
            color = color * (1 + 0.10 * wrap)[..., None]
        else:
            edge = -0.36 + 0.10 * across
            cover = np.asarray(_smooth(0.015, -0.015, y - edge), np.float32)
            knit = np.sin(x * 62) * 0.07
            cuff = _smooth(0.02, -0.01, np.abs(y - edge + 0.13) - 0.13)
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
            line = line + 0.10 * _smooth(0.0, 0.6, (x - part) * -np.sign(part)) * _smooth(0.85, 0.6, across)
    line = line + rough * strands * (1 + 0.9 * _smooth(0.6, 1.0, line))
    soft = 0.07 if style == "buzz" else 0.030
    cover = np.asarray(_smooth(soft, -soft, y - line), np.float32)
    if style == "buzz":
        cover *= 0.88
    lumps = 0.0 * x
    if style == "curly":
        lumps = 0.060 * _field(rng, h, w, 20, 26) * _smooth(0.0, -0.4, y) + 0.02 * _field(rng, h, w, 44, 60)
        lumps = np.clip(lumps, -0.08, 0.12)
        strands = _field(rng, h, w, 60, 80) * 0.9
    elif style == "wavy":
        lumps = 0.035 * np.sin(y * 13 + 3 * _field(rng, h, w, 3, 9)) * _smooth(-0.3, 0.5, y)
    elif style in ("short", "side"):
        lumps = 0.028 * _field(rng, h, w, 10, 22)
    shell = shell * (1 + lumps + 0.008 * strands)
    band = np.exp(-np.square((y + 0.62 + 0.05 * strands) / 0.16)) * (0.35 if style != "curly" else 0.1)
    light = np.clip(0.86 + 0.20 * strands + band, 0.35, 1.7)
    light = light * (1 - 0.25 * _smooth(0.2, 1.2, y))
    color = _rgb(look.hair) * light[..., None] + (6 * band)[..., None]
    return _kept(shell, cover, color, 0.10 if style != "curly" else 0.03)


def _kept(rho: Floats, cover: Floats, color: Floats, gloss: float) -> _Shell:
    """A shell in the form that takes little memory."""
    return _Shell(
        _pack(rho), (cover * 255 + 0.5).astype(np.uint8), np.clip(color, 0, 255).astype(np.uint8), gloss
    )


# --- What moves in a face -------------------------------------------------------------------------------


def _controls(pose: Pose) -> NDArray[np.int16]:
    """The rig's controls, the lids' closing and the brow, in steps."""
    weights = _GAINS[0] * np.asarray(pose.expression, np.float32) ** _GAINS[1]
    values = weights @ _KEYS
    values[_I["lower"]] = min(1.25, max(values[_I["lower"]], 1.2 * pose.brow))
    return np.round(np.append(values, pose.closed) * _STEPS).astype(np.int16)


def _curve(
    ends: tuple[float, float], middle: float, half: float, count: int = 19, power: float = 1.0
) -> Floats:
    """A symmetric curve from (-half, left end) over (0, middle) to (half, right end)."""
    t = np.linspace(-1, 1, count)
    base = ends[0] + (ends[1] - ends[0]) * (t + 1) / 2
    y = base + (middle - (ends[0] + ends[1]) / 2) * (1 - np.abs(t) ** 2) ** power
    return np.stack((t * half, y), 1).astype(np.float32)


def _eye(brush: _Brush, look: Appearance, side: int, c: Floats, closed: float) -> None:
    """One eye, side -1 to the viewer's left."""
    lids, squint, droop = (float(c[_I[name]]) for name in ("lids", "squint", "droop"))
    base = _rgb(look.skin)
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
    crease_lift = 0.052 + 0.012 * max(lids, 0) - 0.014 * float(c[_I["lower"]])
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
    brush.shape(np.concatenate((crease, upper[::-1])), base * _rgb((0.93, 0.84, 0.82)), 0.75, 0.010)
    brush.line(crease, base * _rgb((0.42, 0.32, 0.30)), 0.022, 0.55, 0.006)
    if closed < 0.85:
        white = brush.shape(np.concatenate((upper, bottom[::-1])), _rgb((232, 228, 224)), 1.0, 0.004)
        ix, iy = cx, cy - 0.014 * size + 0.018 * droop
        radius = 0.062 * size
        if white is not None:
            brush.ellipse(ix, iy, radius, radius, _rgb(look.iris, 0.62), 1.0, 0.003, white)
            brush.ellipse(
                ix, iy + 0.008, radius * 0.76, radius * 0.76, _rgb(look.iris, 1.15), 0.9, 0.008, white
            )
            brush.ellipse(ix, iy, radius * 0.46, radius * 0.46, _rgb((12, 10, 12)), 1.0, 0.003, white)
            top = upper + _at((0, 0.020))
            brush.shape(np.concatenate((upper, top[::-1])), _rgb((40, 30, 30)), 0.45, 0.012, white)
            glint = 0.020 if look.light > 0 else -0.020
            brush.ellipse(ix + glint, iy - 0.020, 0.014, 0.014, _rgb((255, 255, 255)), 0.95, 0.002, white)
            brush.ellipse(
                cx - side * half * 0.92, cy + 0.012, 0.016, 0.014, _rgb((196, 140, 130)), 0.7, 0.004, white
            )
    lash = 0.030 if look.beard == 0 else 0.024
    brush.line(upper - _at((0, 0.004)), _rgb((26, 18, 18)), lash, 0.92, 0.003)
    brush.line(bottom, base * _rgb((0.45, 0.33, 0.31)), 0.014, 0.55, 0.004)
    bag = bottom * _at((1, 1)) + _at((0, 0.035))
    brush.line(bag, base * _rgb((0.55, 0.42, 0.40)), 0.024, 0.30 + 0.35 * max(squint, 0), 0.014)


def _brow(brush: _Brush, look: Appearance, side: int, c: Floats) -> None:
    """One eyebrow."""
    inner, outer, lower = (float(c[_I[name]]) for name in ("inner", "outer", "lower"))
    sneer = float(c[_I["sneer"]])
    t = np.linspace(0, 1, 13)
    x = (0.125 - 0.035 * lower + 0.012 * inner) + (0.375 + 0.02 * lower) * t
    y = -0.125 - 0.050 * np.sin(np.clip(t * 1.25, 0, 1) * math.pi * 0.62) + 0.045 * t**3
    y += (-0.100 * inner * (1 - t) ** 1.2) - 0.085 * outer * (0.55 + 0.45 * np.sin(t * math.pi))
    y += 0.105 * lower * (1 - 0.50 * t) + 0.030 * sneer * (1 - t) + 0.02 * inner * t
    thick = 0.060 * look.brows * np.clip(1.0 - 0.72 * t**1.6, 0.2, 1) * np.clip(0.62 + t * 4, 0, 1)
    top = np.stack((side * x, y - thick / 2), 1)
    bottom = np.stack((side * x, y + thick / 2), 1)
    brow = np.concatenate((top, bottom[::-1])).astype(np.float32)
    base, dark = _rgb(look.skin), _rgb(look.hair) * 0.75
    if look.hair[0] > 130:
        dark = _rgb(look.hair) * 0.46
    brush.shape(brow + _at((0, 0.022)), base * _rgb((0.6, 0.48, 0.45)), 0.30 + 0.25 * lower, 0.022)
    brush.shape(brow, dark, 0.62, 0.016)
    brush.shape(brow, dark, 0.50, 0.004)


def _mouth(brush: _Brush, look: Appearance, c: Floats) -> None:
    """Lips, teeth and what is behind them."""
    smile, frown, stretch, press, sneer, teeth = (
        float(c[_I[name]]) for name in ("smile", "frown", "stretch", "press", "sneer", "teeth")
    )
    opened = max(0.0, float(c[_I["open"]]))
    base = _rgb(look.skin)
    depth = float(base.mean()) / 255
    red = base * (_rgb((0.90, 0.60, 0.58)) if depth > 0.5 else _rgb((0.95, 0.66, 0.64)))
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
    shade = base * _rgb((0.50, 0.38, 0.36))
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
        inside = brush.shape(hollow, _rgb((58, 20, 22)), 1.0, 0.005)
        if inside is not None:
            if opened > 0.5:
                brush.ellipse(
                    0, lower_in + 0.01, half * 0.55, space * 0.42, _rgb((176, 84, 84)), 0.85, 0.02, inside
                )
            show = min(1.0, teeth + 0.35 * opened)
            if show > 0.05:
                height = min(0.085, space * (0.92 if opened < 0.5 else 0.5)) * show**0.5
                edge = inner_top + _at((0, height))
                edge[:, 1] -= np.float32(height * 0.35) * np.abs(t) ** 3
                brush.shape(
                    np.concatenate((inner_top, edge[::-1])), _rgb((234, 227, 216)), 0.97, 0.005, inside
                )
                for side in (-1, 1):  # the row of teeth fades into the corners
                    brush.ellipse(
                        side * half * 0.92,
                        corner + 0.02,
                        half * 0.24,
                        0.07,
                        _rgb((70, 30, 30)),
                        0.75,
                        0.03,
                        inside,
                    )
                for gap_x in np.linspace(-0.62, 0.62, 7) * half if brush.per_unit > 75 else ():
                    notch = np.asarray(((gap_x, upper_in - 0.03), (gap_x, upper_in + height)), np.float32)
                    brush.line(np.repeat(notch, 2, 0), _rgb((150, 130, 122)), 0.006, 0.20, 0.004)
            brush.line(inner_top, _rgb((52, 20, 22)), 0.024, 0.6, 0.009)
    else:
        middle = (inner_top + inner_bottom) / 2
        brush.line(middle, base * _rgb((0.30, 0.18, 0.18)), 0.026, 0.9, 0.005)


def _face(look: Appearance, tex: Floats, per_unit: float, steps: NDArray[np.int16]) -> None:
    """Paints what moves into the skin."""
    values = steps.astype(np.float32) / _STEPS
    c, closed = values[:-1], float(values[-1])
    brush = _Brush(tex, per_unit, -_X_MAX, _Y_MIN)
    base = _rgb(look.skin)
    shade = base * _rgb((0.50, 0.38, 0.36))
    lower, inner, outer, sneer = (float(c[_I[name]]) for name in ("lower", "inner", "outer", "sneer"))
    # nose: nostrils, wings
    lift = -0.018 * sneer
    for side in (-1, 1):
        brush.ellipse(side * 0.068, 0.412 + lift, 0.030, 0.016, base * _rgb((0.25, 0.15, 0.15)), 0.85, 0.008)
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


def _glasses(brush: _Brush, look: Appearance) -> None:
    """Frames on the nose."""
    color = _rgb((34, 30, 32) if look.glasses != 1 else (120, 96, 60))
    width = 0.024 if look.glasses != 2 else 0.045
    power = 2.0 if look.glasses == 1 else 4.0
    turn: Floats = np.linspace(0, 2 * math.pi, 41)
    for side in (-1, 1):
        cosine, sine = np.cos(turn), np.sin(turn)
        x = side * 0.315 + 0.205 * np.sign(cosine) * np.abs(cosine) ** (2 / power)
        y = 0.075 + 0.128 * np.sign(sine) * np.abs(sine) ** (2 / power)
        ring = np.stack((x, y), 1).astype(np.float32)
        brush.shape(ring, _rgb((255, 255, 255)), 0.05, 0.0)
        glare = np.asarray(
            (
                (side * 0.315 - 0.12, 0.10),
                (side * 0.315 - 0.02, -0.08),
                (side * 0.315 + 0.05, -0.08),
                (side * 0.315 - 0.05, 0.10),
            ),
            np.float32,
        )
        brush.shape(glare, _rgb((255, 255, 255)), 0.10, 0.015)
        centre = _at((side * 0.315, 0.075))
        outer = (ring - centre) * np.float32(1 + width / 0.2) + centre
        band: Floats = np.concatenate((ring, outer[::-1]))
        brush.shape(band + _at((0, 0.02)), _rgb(look.skin, 0.4), 0.25, 0.012)
        brush.shape(band, color, 0.95, 0.003)
        arm = np.asarray(((side * 0.53, 0.0), (side * 0.8, -0.01), (side * 1.2, 0.0)), np.float32)
        brush.line(np.repeat(arm, 2, 0), color, width * 1.1, 0.9, 0.003)
    bridge = _curve((0.02, 0.02), -0.015, 0.11, 9)
    brush.line(bridge, color, width * 1.2, 0.95, 0.003)


# --- Heads and pictures ---------------------------------------------------------------------------------

_RHO: Final = 56.0  # cells a unit of the maps of the surface: smooth enough at every size
_LEFT, _RIGHT, _TOP, _BOTTOM = -1.32, 1.32, -1.52, 1.78  # of a head's picture, in units


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """A head turned one way, without its expression; pictures are premultiplied by their coverage."""

    map_1: NDArray[np.int16]
    map_2: NDArray[np.uint16]
    shade: Image  # 128 is 1
    cover: NDArray[np.uint8]
    behind: Image
    behind_cover: NDArray[np.uint8]
    front: Image
    front_cover: NDArray[np.uint8]
    box: Box  # of the skin in the picture

    @property
    def bytes(self) -> int:
        """Memory held."""
        arrays = (
            self.map_1, self.map_2, self.shade, self.cover, self.behind,
            self.behind_cover, self.front, self.front_cover,
        )  # fmt: skip
        return sum(a.nbytes for a in arrays)


@dataclass(frozen=True, slots=True, eq=False)
class _Head:
    """A head with its expression at the size of the picture: premultiplied colour and coverage [h, w, 4]."""

    picture: NDArray[np.uint8]


def _premultiplied(color: Floats, cover: Floats) -> Image:
    return np.asarray(np.clip(color * cover[..., None] + 0.5, 0, 255), np.uint8)


class Avatar:
    """One student, drawn at one picture size. `paint` gives the picture of a pose."""

    def __init__(self, look: Appearance, width: int, height: int, cache: Cache) -> None:
        self.look = look
        self.width, self.height = width, height
        self._cache = cache
        self._unit = look.scale * height  # pixels a unit
        self._tex = min(180.0, max(40.0, self._unit * 1.4))  # cells a unit of the skin
        self._key = (look.seed, width, height)

    def paint(self, pose: Pose, into: Image) -> None:
        """Draws the student into a picture [height, width, 3]."""
        into[:] = self._scene()
        steps = _controls(pose)
        head = self._head(steps, *self._turn(pose, steps))
        x, y, angle = self._place(pose)
        self._lay(head, into, x, y, angle, pose.size)

    def face_box(self, pose: Pose) -> Box:
        """Where the face stands in the picture, chin to hairline, in its pixels."""
        jaw, yaw, pitch = self._turn(pose, _controls(pose))
        x, y, angle = self._place(pose)
        return self._box(x, y, angle, pose.size * self._unit, yaw, pitch, jaw)

    def _turn(self, pose: Pose, steps: NDArray[np.int16]) -> tuple[float, float, float]:
        """Opening of the jaw, yaw and pitch, in the steps that are kept."""
        jaw = round(float(steps[_I["open"]]) / _STEPS / _JAW_STEP) * _JAW_STEP
        yaw = round(pose.yaw / _YAW_STEP) * _YAW_STEP
        return max(0.0, min(1.0, jaw)), yaw, round(pose.pitch / _YAW_STEP) * _YAW_STEP

    def _place(self, pose: Pose) -> tuple[float, float, float]:
        """Middle of the head in pixels, and its roll in radians."""
        x = self.look.x * self.width + pose.dx * self._unit
        y = self.look.y * self.height + pose.dy * self._unit
        return x, y, math.radians(self.look.roll + pose.roll)

    def _box(
        self, x: float, y: float, angle: float, unit: float, yaw: float, pitch: float, jaw: float
    ) -> Box:
        middle = 0.25 + 0.06 * jaw + 0.55 * math.sin(math.radians(pitch)) * 0.6
        across = 0.45 * math.sin(math.radians(yaw))
        cx = x + unit * (across * math.cos(angle) - middle * math.sin(angle))
        cy = y + unit * (across * math.sin(angle) + middle * math.cos(angle))
        side = (1.48 + 0.12 * jaw) * unit
        return Box(round(cx - side / 2), round(cy - side / 2), round(side), round(side))

    def _lay(self, head: _Head, into: Image, x: float, y: float, angle: float, scale: float) -> None:
        unit = self._unit
        c, s = math.cos(angle) * scale, math.sin(angle) * scale
        corners = [
            (x + c * u * unit - s * v * unit, y + s * u * unit + c * v * unit)
            for u in (_LEFT, _RIGHT)
            for v in (_TOP, _BOTTOM)
        ]
        left = max(0, math.floor(min(p[0] for p in corners)))
        top = max(0, math.floor(min(p[1] for p in corners)))
        right = min(self.width, math.ceil(max(p[0] for p in corners)))
        bottom = min(self.height, math.ceil(max(p[1] for p in corners)))
        if right <= left or bottom <= top:
            return
        origin = (-_LEFT * unit - 0.5, -_TOP * unit - 0.5)
        matrix = _at(
            (
                (c, -s, x - 0.5 - left - c * origin[0] + s * origin[1]),
                (s, c, y - 0.5 - top - s * origin[0] - c * origin[1]),
            )
        )
        size = (right - left, bottom - top)
        placed = cv2.warpAffine(head.picture, matrix, size, flags=cv2.INTER_LINEAR)
        spot = into[top:bottom, left:right]
        rest = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(placed, 3)), cv2.COLOR_GRAY2RGB)
        color = cv2.cvtColor(placed, cv2.COLOR_RGBA2RGB)
        spot[:] = cv2.add(cv2.multiply(spot, rest, scale=1 / 255), color)

    def _head(self, steps: NDArray[np.int16], jaw: float, yaw: float, pitch: float) -> _Head:
        def make() -> _Head:
            form: _Form = self._cache.get(
                (self._key, "form", jaw, yaw, pitch), lambda: self._form(jaw, yaw, pitch), lambda f: f.bytes
            )
            return self._compose(form, steps)

        key = (self._key, "head", steps.tobytes(), jaw, yaw, pitch)
        head: _Head = self._cache.get(key, make, lambda h: h.picture.nbytes)
        return head

    def _compose(self, form: _Form, steps: NDArray[np.int16]) -> _Head:
        base = self._base_skin()
        tex = base.astype(np.float32)
        _face(self.look, tex, self._tex, steps)
        b = form.box
        skin = cv2.remap(
            np.clip(tex, 0, 255).astype(np.uint8), form.map_1, form.map_2, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        skin = cv2.multiply(skin, form.shade, scale=1 / 128)
        picture = form.behind.copy()
        spot = picture[b.y : b.bottom, b.x : b.right]
        on = cv2.cvtColor(form.cover, cv2.COLOR_GRAY2RGB)
        kept = cv2.multiply(spot, cv2.bitwise_not(on), scale=1 / 255)
        spot[:] = cv2.add(kept, cv2.multiply(skin, on, scale=1 / 255))
        rest = cv2.cvtColor(cv2.bitwise_not(form.front_cover), cv2.COLOR_GRAY2RGB)
        picture = cv2.add(cv2.multiply(picture, rest, scale=1 / 255), form.front)
        cover = form.behind_cover.copy()
        under = cover[b.y : b.bottom, b.x : b.right]
        under[:] = cv2.max(under, form.cover)
        cover = cv2.max(cover, form.front_cover)
        both = cv2.merge((*cv2.split(picture), cover))
        return _Head(np.asarray(both, np.uint8))

    def _base_skin(self) -> Image:
        def make() -> Image:
            shell = self._shell()
            x, _ = _grid(self._tex)
            cover = np.zeros(x.shape, np.float32)
            if shell is not None:
                cover = cv2.resize(shell.cover, x.shape[::-1], interpolation=cv2.INTER_LINEAR) / np.float32(
                    255
                )
            return _skin(self.look, self._tex, cover).astype(np.uint8)

        made: Image = self._cache.get((self._key, "skin"), make, lambda a: a.nbytes)
        return made

    def _skull(self, jaw: float) -> NDArray[np.uint16]:
        made: NDArray[np.uint16] = self._cache.get(
            (self._key, "skull", jaw), lambda: _pack(_skull(self.look, _RHO, jaw)), lambda a: a.nbytes
        )
        return made

    def _shell(self) -> _Shell | None:
        made: _Shell | None = self._cache.get(
            (self._key, "shell"),
            lambda: _shell(self.look, max(_RHO, min(110.0, self._unit * 1.4))),
            lambda s: 1 if s is None else s.rho.nbytes * 3,
        )
        return made

    def _form(self, jaw: float, yaw: float, pitch: float) -> _Form:
        look, fine = self.look, self._unit
        w, h = round((_RIGHT - _LEFT) * fine), round((_BOTTOM - _TOP) * fine)
        xs = ((np.arange(w, dtype=np.float32) + 0.5) / fine + _LEFT).astype(np.float32)
        ys = ((np.arange(h, dtype=np.float32) + 0.5) / fine + _TOP).astype(np.float32)
        pixel = 1 / fine
        # skin
        low, high = math.floor((-1.15 - _TOP) * fine), math.ceil((1.35 - _TOP) * fine)
        left, right = math.floor((-1.0 - _LEFT) * fine), math.ceil((1.0 - _LEFT) * fine)
        box = Box(left, low, right - left, high - low)
        sight = _cast(self._skull(jaw), _RHO, xs[left:right], ys[low:high], yaw, pitch)
        y = (sight.map_y + 0.5) / _RHO + _Y_MIN
        drop = 0.15 * jaw
        y = np.where(y > 0.35, 0.35 + (y - 0.35) * 0.65 / (0.65 + drop), y)
        map_x = (sight.map_x + 0.5) * (self._tex / _RHO) - 0.5
        map_y = ((y - _Y_MIN) * self._tex - 0.5).astype(np.float32)
        map_1, map_2 = cv2.convertMaps(map_x.astype(np.float32), map_y, cv2.CV_16SC2)
        shade = _shade(look, sight.z, pixel, 0.09, skin=True)
        shade_8 = np.clip(shade * 128, 0, 255).astype(np.uint8)
        cover = (sight.cover * 255).astype(np.uint8)
        # neck and hair behind
        behind, behind_cover = self._neck(w, h, fine, yaw)
        front = np.zeros((h, w, 3), np.uint8)
        front_cover = np.zeros((h, w), np.uint8)
        shell = self._shell()
        if shell is not None:
            cells = shell.rho.shape[0] / (_Y_MAX - _Y_MIN)
            near = _cast(shell.rho, cells, xs, ys, yaw, pitch)
            on = cv2.remap(shell.cover, near.map_x, near.map_y, cv2.INTER_LINEAR) * (near.cover / 255)
            hidden = np.full((h, w), -9, np.float32)
            hidden[low:high, left:right] = np.where(sight.cover > 0.5, sight.z, -9)
            on = np.where(near.z < hidden - 0.02, 0, on).astype(np.float32)
            color = cv2.remap(shell.color, near.map_x, near.map_y, cv2.INTER_LINEAR)
            light = _shade(look, near.z, pixel, shell.gloss, skin=False)
            front = _premultiplied(np.clip(color * light, 0, 255), on)
            front_cover = (on * 255 + 0.5).astype(np.uint8)
            far = _cast(shell.rho, cells, xs, ys, yaw, pitch, far=True)
            back = cv2.remap(shell.cover, far.map_x, far.map_y, cv2.INTER_LINEAR) * (far.cover / 255)
            inner = cv2.remap(shell.color, far.map_x, far.map_y, cv2.INTER_LINEAR) * np.float32(0.42)
            neck, neck_cover = behind, behind_cover
            hair = _premultiplied(inner, np.asarray(back, np.float32))
            rest = cv2.cvtColor(cv2.bitwise_not(neck_cover), cv2.COLOR_GRAY2RGB)
            behind = np.asarray(cv2.add(cv2.multiply(hair, rest, scale=1 / 255), neck), np.uint8)
            behind_cover = np.asarray(cv2.max((back * 255).astype(np.uint8), neck_cover), np.uint8)
        if look.style == "bun" and look.covering == "none":
            self._bun(behind, behind_cover, fine, yaw)
        if not (look.covering == "hijab" or (look.covering == "none" and look.style in _FALLING)):
            for side in (-1, 1):
                facing = math.cos(side * 1.45 + math.radians(yaw)) > 0.15
                layer = (front, front_cover) if facing else (behind, behind_cover)
                self._ear(*layer, side, yaw, pitch)
        return _Form(
            map_1,
            map_2,
            shade_8,
            cover,
            behind,
            behind_cover,
            front,
            front_cover,
            box,
        )

    def _neck(self, w: int, h: int, fine: float, yaw: float) -> tuple[Image, NDArray[np.uint8]]:
        look = self.look
        layer = np.zeros((h, w, 3), np.float32)
        x = (np.arange(w, dtype=np.float32) + 0.5) / fine + _LEFT
        y = (np.arange(h, dtype=np.float32) + 0.5) / fine + _TOP
        gx, gy = np.meshgrid(x, y)
        thick = 0.43 * look.width * (1.06 if look.beard else 0.95)
        half = thick + 0.10 * _smooth(0.9, 1.5, gy) ** 2
        around = np.clip(gx / np.maximum(half, 1e-3), -1, 1)
        light = 0.60 + 0.30 * np.sqrt(1 - around**2) + 0.13 * around * look.light
        light = light * (1 - 0.40 * np.exp(-np.square((gy - 0.98) / 0.22)) * (1 - 0.3 * around**2))
        for channel, power in enumerate(_WARM):
            layer[..., channel] = look.skin[channel] * look.exposure * light**power
        deep = 1.50 if look.collar in (0, 3) else 1.66
        bottom = deep - (0.55 if look.collar == 1 else 0.30) * np.abs(around) ** (
            1.2 if look.collar == 1 else 2.2
        )
        cover = np.clip((half - np.abs(gx)) * fine + 0.5, 0, 1) * np.clip((bottom - gy) * fine + 0.5, 0, 1)
        cover *= _smooth(0.2, 0.3, gy)
        cover = np.asarray(cover, np.float32)
        return _premultiplied(layer, cover), (cover * 255 + 0.5).astype(np.uint8)

    def _bun(self, behind: Image, cover: NDArray[np.uint8], fine: float, yaw: float) -> None:
        look = self.look
        h, w = cover.shape
        x = (np.arange(w, dtype=np.float32) + 0.5) / fine + _LEFT
        y = (np.arange(h, dtype=np.float32) + 0.5) / fine + _TOP
        gx, gy = np.meshgrid(x - 0.5 * math.sin(math.radians(-yaw)), y + 1.10)
        radius = np.sqrt((gx / 0.33) ** 2 + (gy / 0.30) ** 2)
        on = np.clip((1 - radius) * 0.3 * fine + 0.5, 0, 1)
        swirl = 0.12 * np.sin(9 * radius + 2 * np.arctan2(gy, gx))
        light = 0.55 + 0.5 * np.sqrt(np.clip(1 - radius**2, 0, 1)) + swirl - 0.25 * gy + 0.3 * gx * look.light
        color = np.clip(_rgb(look.hair) * light[..., None], 0, 255)
        fresh = _premultiplied(np.asarray(color, np.float32), np.asarray(on, np.float32))
        rest = cv2.cvtColor(cv2.bitwise_not((on * 255).astype(np.uint8)), cv2.COLOR_GRAY2RGB)
        behind[:] = cv2.add(cv2.multiply(behind, rest, scale=1 / 255), fresh)
        np.maximum(cover, (on * 255).astype(np.uint8), out=cover)

    def _ear(self, layer: Image, cover: NDArray[np.uint8], side: int, yaw: float, pitch: float) -> None:
        """One ear, where the side of the head shows it."""
        look, fine = self.look, self._unit
        h, w = cover.shape
        angle = side * 1.45 + math.radians(yaw)
        wide = 0.080 + 0.05 * max(0.0, math.cos(angle))
        gx, gy = np.meshgrid(
            (np.arange(w, dtype=np.float32) + 0.5) / fine + _LEFT,
            (np.arange(h, dtype=np.float32) + 0.5) / fine + _TOP,
        )
        x = (gx - 0.745 * look.width * math.sin(angle)) * side
        y = gy - 0.13 - 0.3 * math.sin(math.radians(pitch)) * math.cos(angle)
        x = x - 0.16 * -y  # leans outward at the top
        radius = np.sqrt((x / wide) ** 2 + (y / (0.185 - 0.05 * np.clip(y * 4, 0, 1))) ** 2)
        on = np.clip((1 - radius) * 0.12 * fine + 0.5, 0, 1)
        hollow = np.exp(
            -np.square((np.sqrt(((x + 0.01) / wide) ** 2 + ((y + 0.01) / 0.17) ** 2) - 0.35) / 0.28)
        )
        light = (0.84 + 0.10 * side * look.light) * (1 - 0.20 * hollow)
        color = np.stack([look.skin[c] * look.exposure * light**power for c, power in enumerate(_WARM)], 2)
        fresh = _premultiplied(np.clip(color, 0, 255), on)
        rest = cv2.cvtColor(cv2.bitwise_not((on * 255).astype(np.uint8)), cv2.COLOR_GRAY2RGB)
        layer[:] = cv2.add(cv2.multiply(layer, rest, scale=1 / 255), fresh)
        np.maximum(cover, (on * 255).astype(np.uint8), out=cover)

    def _scene(self) -> Image:
        made: Image = self._cache.get((self._key, "scene"), self._paint_scene, lambda a: a.nbytes)
        return made

    def _paint_scene(self) -> Image:
        look = self.look
        w, h = self.width, self.height
        room = backdrop(look, w, h)
        self._body(room)
        return np.clip(room, 0, 255).astype(np.uint8)

    def _body(self, room: Floats) -> None:
        """Shoulders and clothes, drawn over the room."""
        look, unit = self.look, self._unit
        h, w = room.shape[:2]
        x = ((np.arange(w, dtype=np.float32) + 0.5) - look.x * w) / unit
        y = ((np.arange(h, dtype=np.float32) + 0.5) - look.y * h) / unit
        gx, gy = np.meshgrid(x, y)
        rng = np.random.default_rng(look.seed + 2)
        wide = 1.55 + 0.25 * (look.jaw - 0.9) / 0.2 * 0.6
        along = np.abs(gx) / wide
        top = 1.22 + 0.30 * along + 0.55 * _smooth(0.55, 1.12, along) ** 2
        edge = np.where(along < 1.13, gy - top, -1.0)
        arm = np.clip((1.13 + 0.10 * _smooth(1.7, 3.5, gy) - along) * wide * unit, 0, 1)
        cover = np.clip(edge * unit + 0.5, 0, 1) * arm
        neck_y = {0: 1.50, 1: 1.72, 2: 1.60, 3: 1.50}[look.collar]
        cloth = _rgb(look.clothes)
        fold = cv2.GaussianBlur(_field(rng, h, w, 7, 9), (0, 0), 0.06 * unit + 0.1)
        diagonal = np.sin((gx * np.sign(gx) * 1.3 - gy * 1.1) * 7 + 2 * fold) * 0.03
        lit = (
            0.80
            + 0.20 * np.cos(np.clip(gx / wide, -1.2, 1.2) * 1.5)
            + 0.16 * look.light * np.clip(gx / wide, -1, 1)
        )
        lit = lit + 0.05 * fold + diagonal - 0.14 * np.exp(-np.square((gy - top) / 0.10))
        lit = lit - 0.22 * np.exp(-np.square(gx / 0.6) - np.square((gy - 1.35) / 0.28))
        color = cloth * (lit * look.exposure)[..., None]
        if look.covering == "none" or look.covering != "hijab":
            if look.collar == 2:  # a shirt: two flaps
                for side in (-1, 1):
                    flap = np.asarray(
                        ((side * 0.46, 1.18), (side * 0.60, 1.30), (side * 0.34, 1.92), (side * 0.03, 1.66)),
                        np.float32,
                    )
                    brush = _Brush(color, unit, float(x[0]) - 0.5 / unit, float(y[0]) - 0.5 / unit)
                    brush.shape(flap + _at((0, 0.05)), cloth * 0.45, 0.6, 0.03)
                    brush.shape(flap, np.clip(cloth * 1.14 + 10, 0, 255), 1.0, 0.006)
                brush = _Brush(color, unit, float(x[0]) - 0.5 / unit, float(y[0]) - 0.5 / unit)
                brush.line(
                    np.asarray(((0.0, 1.7), (0.005, 2.4), (0.0, 3.4)), np.float32),
                    cloth * 0.6,
                    0.03,
                    0.7,
                    0.008,
                )
            else:
                ring = np.abs(np.hypot(gx / 1.12, (gy - 1.02) / (neck_y - 1.0) * 0.47) - 0.50)
                trim = np.exp(-np.square(ring / 0.035)) * (gy > 1.1)
                color = color * (1 - 0.22 * trim)[..., None]
                if look.collar == 3:
                    hood = np.exp(-np.square((np.hypot(gx / 1.3, gy - 1.05) - 0.58) / 0.10)) * (gy > 1.12)
                    color = color * (1 + 0.18 * hood)[..., None]
                    brush = _Brush(color, unit, float(x[0]) - 0.5 / unit, float(y[0]) - 0.5 / unit)
                    for side in (-1, 1):
                        cord = np.asarray(
                            ((side * 0.22, 1.62), (side * 0.24, 1.9), (side * 0.21, 2.2)), np.float32
                        )
                        brush.line(cord, np.clip(cloth * 1.5 + 20, 0, 255), 0.045, 0.9, 0.006)
        shadow = cv2.GaussianBlur(np.asarray(cover, np.float32), (0, 0), 0.22 * unit)
        room *= (1 - 0.22 * shadow)[..., None]
        room += (color - room) * cover[..., None]


# --- Rooms ----------------------------------------------------------------------------------------------


def backdrop(look: Appearance, w: int, h: int) -> Floats:
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
    wall = _rgb(walls[int(rng.integers(len(walls)))])
    room = np.ones((h, w, 3), np.float32) * wall
    from_x = aspect * (0.5 + 0.5 * look.light)
    glow = np.exp(-(np.square((gx - from_x) / (0.9 * aspect)) + np.square((gy - 0.1) / 1.0)))
    room *= (0.66 + 0.42 * glow)[..., None]
    brush = _Brush(room, h, 0.0, 0.0)

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
        block(side + 0.02, 0.10, side + 0.42, 0.42, _rgb((60, 50, 40)), 0.35, 0.02)
        block(side, 0.08, side + 0.38, 0.38, _rgb((70, 58, 48)))
        block(side + 0.015, 0.095, side + 0.365, 0.365, _rgb((226, 220, 208)))
        art = [tuple(rng.integers(60, 210, 3)) for _ in range(4)]
        for shade_of in art:
            ax, ay = side + rng.uniform(0.08, 0.30), rng.uniform(0.15, 0.30)
            brush.ellipse(
                ax, ay, rng.uniform(0.03, 0.08), rng.uniform(0.02, 0.06), _rgb(shade_of), 0.8, 0.004
            )
        lamp = aspect - 0.25 if side < 0.5 else 0.22
        block(lamp - 0.008, 0.45, lamp + 0.008, 1.0, _rgb((90, 80, 70)))
        brush.ellipse(lamp, 0.40, 0.30, 0.30, _rgb((255, 226, 170)), 0.35, 0.09)
        shade_points = np.asarray(
            ((lamp - 0.06, 0.30), (lamp + 0.06, 0.30), (lamp + 0.11, 0.47), (lamp - 0.11, 0.47)), np.float32
        )
        brush.shape(shade_points, _rgb((250, 226, 180)), 1.0, 0.004)
        if rng.random() < 0.6:
            _plant(brush, rng, aspect - lamp, 0.95)
    elif kind == "shelf":
        wood = _rgb(((116, 84, 58), (190, 180, 166), (70, 56, 48))[int(rng.integers(3))])
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
                spine = _rgb(rng.integers(40, 190, 3)) * 0.38 + 0.62 * _rgb((138, 112, 92))
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
            block(0, floor + 0.006, aspect, floor + 0.03, _rgb((20, 14, 10)), 0.45, 0.01)
        room *= (0.62 + 0.45 * glow)[..., None]
    elif kind == "window":
        left = 0.06 if look.light < 0 else aspect - 0.68
        sky = _rgb((222, 234, 246))
        block(left - 0.05, 0.0, left + 0.65, 0.78, _rgb((236, 234, 228)), 1.0, 0.004)
        block(left, 0.0, left + 0.60, 0.73, sky)
        brush.ellipse(left + 0.3, 0.75, 0.36, 0.22, _rgb((120, 150, 110)), 0.8, 0.05)
        block(left, 0.73, left + 0.60, 1.0, wall * 0.85)
        block(left + 0.29, 0.0, left + 0.31, 0.73, _rgb((240, 238, 232)))
        block(left, 0.36, left + 0.60, 0.375, _rgb((240, 238, 232)))
        drape = _rgb(((150, 130, 110), (120, 140, 150), (170, 110, 100))[int(rng.integers(3))])
        for k in range(4):
            x0 = (left + 0.62 + 0.05 * k) if look.light < 0 else (left - 0.26 + 0.05 * k)
            block(x0, 0, x0 + 0.05, 1.0, drape * (0.8 + 0.12 * (k % 2)), 1.0, 0.006)
        brush.ellipse(left + 0.3, 0.35, 0.8, 0.7, _rgb((255, 252, 244)), 0.20, 0.2)
    elif kind == "office":
        block(0, 0.70, aspect, 1.0, wall * 0.55, 1.0, 0.002)
        block(0.08, 0.12, 0.60, 0.48, _rgb((240, 240, 238)))
        block(0.08, 0.12, 0.60, 0.135, _rgb((150, 150, 150)))
        for k in range(4):
            wave = np.linspace(0.12, rng.uniform(0.3, 0.55), 12)
            ink = np.stack((wave, 0.19 + 0.06 * k + 0.012 * rng.standard_normal(12)), 1).astype(np.float32)
            brush.line(
                ink,
                _rgb(((60, 80, 160), (180, 60, 60), (60, 60, 60))[int(rng.integers(3))]),
                0.008,
                0.8,
                0.001,
            )
        block(aspect - 0.5, 0.0, aspect - 0.12, 0.72, _rgb((124, 96, 72)))
        block(aspect - 0.47, 0.03, aspect - 0.15, 0.72, _rgb((142, 112, 84)))
        brush.ellipse(aspect - 0.19, 0.42, 0.014, 0.014, _rgb((220, 200, 140)), 1.0, 0.002)
    else:
        tint = _rgb(((92, 122, 150), (120, 104, 140), (96, 134, 118), (150, 128, 104))[int(rng.integers(4))])
        room[:] = tint * (0.7 + 0.5 * glow)[..., None]
    warm = _rgb((1 + 0.06 * look.warmth, 1.0, 1 - 0.08 * look.warmth), look.exposure * 0.92)
    room *= warm
    if blur:
        room = np.asarray(cv2.GaussianBlur(room, (0, 0), max(0.4, blur * h)), np.float32)
    return room


def _plant(brush: _Brush, rng: np.random.Generator, x: float, y: float) -> None:
    for _ in range(9):
        lean, tall = rng.uniform(-0.16, 0.16), rng.uniform(0.18, 0.42)
        t = np.linspace(0, 1, 9)
        leaf = np.stack((x + lean * t**1.6, y - tall * t), 1).astype(np.float32)
        green = _rgb((52, 92, 58)) * float(rng.uniform(0.7, 1.35))
        brush.line(leaf, green, float(rng.uniform(0.03, 0.055)), 0.95, 0.003)
