"""Augmentation that imitates a tile of a video call.

Everything happens to the uint8 picture in the order in which it happens to a face in a call: framing,
light, something before the face, the camera's blur, then the reduction and compression of the call. The
enlargement after it is not ours: it is the one of `preprocess`, the product's own. OpenCV and numpy do
this in 0.05 ms a picture (measured), about 1/25 of what the network costs, one picture at a time and with a
generator of their own; so torchvision's transforms are not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.expression import preprocess

_BORDERS = (cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT)
_REDUCE = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How strongly pictures are changed; probabilities are 0..1 and each picture draws for itself.

    rotate: degrees either way. scale_low..scale_high: 1 keeps the framing, more is a tighter box.
    stretch: width against height, as boxes are seldom square on the face. shift: share of the side.
    low_resolution: probability of a reduction to side_low..side_high pixels. jpeg: probability of compression
    at that size (or at full size for others, with a quarter of it), quality jpeg_low..jpeg_high.
    """

    flip: float = 0.5
    rotate: float = 15.0
    scale_low: float = 0.78
    scale_high: float = 1.25
    stretch: float = 0.06
    shift: float = 0.10
    light: float = 0.6
    ramp: float = 0.2
    blur: float = 0.12
    sharpen: float = 0.1
    noise: float = 0.3
    erase: float = 0.25
    strip: float = 0.1
    low_resolution: float = 0.5
    side_low: int = 13
    side_high: int = 44
    jpeg: float = 0.5
    jpeg_low: int = 20
    jpeg_high: int = 90


def augment(
    images: NDArray[np.uint8], rng: np.random.Generator, settings: Augmentation
) -> NDArray[np.float32]:
    """Changed and preprocessed copies: uint8 [N, H, W] to float32 [N, 48, 48]."""
    n = len(images)
    framed = _frame(images, rng, settings)
    lit = _light(framed, rng, settings)
    _occlude(lit, rng, settings)
    lit = _camera(lit, rng, settings)
    reduces: NDArray[np.bool_] = rng.random(n) < settings.low_resolution
    sides: NDArray[np.int64] = rng.integers(settings.side_low, settings.side_high + 1, n)
    compresses: NDArray[np.bool_] = rng.random(n) < np.where(reduces, settings.jpeg, settings.jpeg / 4)
    quality: NDArray[np.int64] = rng.integers(settings.jpeg_low, settings.jpeg_high + 1, n)
    how: NDArray[np.int64] = rng.integers(0, len(_REDUCE), n)
    out = np.empty((n, *preprocess(images[0]).shape), np.float32)
    for i in range(n):
        picture = lit[i]
        if reduces[i]:
            side = int(sides[i])
            picture = cv2.resize(picture, (side, side), interpolation=_REDUCE[how[i]])
        if compresses[i]:
            picture = compress(picture, int(quality[i]))
        out[i] = preprocess(picture)
    return out


def compress(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The picture after a round trip through JPEG of that quality (1..100)."""
    good, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    assert good
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)


def _frame(images: NDArray[np.uint8], rng: np.random.Generator, s: Augmentation) -> NDArray[np.uint8]:
    n: int = images.shape[0]
    height, width = int(images.shape[1]), int(images.shape[2])
    angle = np.deg2rad(rng.uniform(-s.rotate, s.rotate, n))
    scale = np.exp(rng.uniform(np.log(s.scale_low), np.log(s.scale_high), n))
    stretch = np.exp(rng.uniform(-s.stretch, s.stretch, n))
    mirror = np.where(rng.random(n) < s.flip, -1.0, 1.0)
    shift = rng.uniform(-s.shift, s.shift, (n, 2))
    border: NDArray[np.int64] = rng.integers(0, len(_BORDERS), n)
    gray: NDArray[np.int64] = rng.integers(0, 256, n)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.stack(
        [np.stack([mirror * cos * stretch, -sin], 1), np.stack([mirror * sin * stretch, cos], 1)], 1
    )
    move = centre - turn @ centre + shift * (width, height)
    matrices = np.concatenate([turn, move[:, :, None]], 2)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = cv2.warpAffine(
            images[i],
            matrices[i],
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=_BORDERS[border[i]],
            borderValue=float(gray[i]),
        )
    return out


def _light(images: NDArray[np.uint8], rng: np.random.Generator, s: Augmentation) -> NDArray[np.uint8]:
    n: int = images.shape[0]
    height, width = int(images.shape[1]), int(images.shape[2])
    changes = rng.random(n) < s.light
    gamma = np.where(changes, np.exp(rng.uniform(np.log(0.45), np.log(1.9), n)), 1.0)
    contrast = np.where(changes, rng.uniform(0.5, 1.4, n), 1.0)
    middle = np.where(changes, rng.uniform(90, 165, n), 127.5)
    levels = (np.arange(256) / 255.0)[None] ** gamma[:, None] * 255
    tables = np.clip((levels - 127.5) * contrast[:, None] + middle[:, None], 0, 255)
    out = np.take_along_axis(tables.astype(np.float32), images.reshape(n, -1).astype(np.intp), 1)
    out = out.reshape(images.shape)
    ramps = np.flatnonzero(rng.random(n) < s.ramp)
    if len(ramps):
        direction = rng.uniform(0, 2 * np.pi, len(ramps))[:, None, None]
        strength = rng.uniform(0.2, 0.7, len(ramps))[:, None, None]
        across = np.linspace(-1, 1, width)[None, None, :] * np.cos(direction)
        down = np.linspace(-1, 1, height)[None, :, None] * np.sin(direction)
        out[ramps] *= (1 + strength * (across + down) / np.sqrt(2) * 1.4).astype(np.float32)
    noisy = np.flatnonzero(rng.random(n) < s.noise)
    if len(noisy):
        spread = rng.uniform(1, 9, (len(noisy), 1, 1)).astype(np.float32)
        out[noisy] += rng.standard_normal((len(noisy), height, width), np.float32) * spread
    return np.rint(np.clip(out, 0, 255)).astype(np.uint8)


def _occlude(images: NDArray[np.uint8], rng: np.random.Generator, s: Augmentation) -> None:
    n: int = images.shape[0]
    height, width = int(images.shape[1]), int(images.shape[2])
    for i in np.flatnonzero(rng.random(n) < s.erase):
        area = rng.uniform(0.02, 0.22) * height * width
        ratio = np.exp(rng.uniform(-1, 1))
        h = int(min(height - 1, max(2, np.sqrt(area * ratio))))
        w = int(min(width - 1, max(2, np.sqrt(area / ratio))))
        y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
        if rng.random() < 0.5:  # a hand or a cup: one shade; else what noise the codec makes of it
            cv2.ellipse(
                images[i],
                (x + w // 2, y + h // 2),
                (w // 2, h // 2),
                0,
                0,
                360,
                int(rng.integers(0, 256)),
                -1,
            )
        else:
            images[i, y : y + h, x : x + w] = rng.integers(0, 256, (h, w), np.uint8)
    for i in np.flatnonzero(rng.random(n) < s.strip):  # a name tag
        top = int(height * rng.uniform(0.8, 0.95))
        images[i, top:] = int(rng.integers(0, 80))
        images[i, top + 1 :: 2, : int(width * rng.uniform(0.3, 0.9)) : 2] = 230


def _camera(images: NDArray[np.uint8], rng: np.random.Generator, s: Augmentation) -> NDArray[np.uint8]:
    draw = rng.random(len(images))
    amount = rng.uniform(0.4, 1.3, len(images))
    for i in np.flatnonzero(draw < s.blur + s.sharpen):
        soft = cv2.GaussianBlur(images[i], (0, 0), float(amount[i]))
        if draw[i] >= s.blur:
            soft = cv2.addWeighted(images[i], 1 + float(amount[i]), soft, -float(amount[i]), 0)
        images[i] = soft
    return images
