"""Pictures that are laid over others by their coverage."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Image
from classroom_monitor.synthetic.avatar.brush import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A picture [h, w, 3], already multiplied by its coverage, and that coverage [h, w], 0..255."""

    picture: Image
    cover: NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.picture.nbytes + self.cover.nbytes

    def lay(self, color: Floats, cover: Floats) -> None:
        """Paints over it; color 0..255, cover 0..1."""
        on = (cover * 255).astype(np.uint8)
        self.picture[:] = over(self.picture, premultiplied(color, cover), on)
        np.maximum(self.cover, on, out=self.cover)


def premultiplied(color: Floats, cover: Floats) -> Image:
    """A picture 0..255 multiplied by its coverage 0..1."""
    return np.asarray(np.clip(color * cover[..., None] + 0.5, 0, 255), np.uint8)


def over(under: Image, picture: Image, cover: NDArray[np.uint8]) -> Image:
    """A premultiplied picture, with its coverage 0..255, laid over another."""
    rest = cv2.cvtColor(cv2.bitwise_not(cover), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.add(cv2.multiply(under, rest, scale=1 / 255), picture), np.uint8)
