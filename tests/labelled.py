"""Labelled pictures that a network can learn in seconds: each class is a bright bar at a place of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classroom_monitor.network import NetworkConfig
from training.augment import Augmentation
from training.data import VOTE_COLUMNS, Faces
from training.recipe import LossRecipe, Recipe, ScheduleRecipe

TINY = NetworkConfig(stem=8, widths=(8, 16), blocks=(1, 1), dropout=0.0)

CALM = Augmentation(
    flip=0, rotate=0, scale_low=1, scale_high=1, stretch=0, shift=0, light=0, ramp=0, blur=0, sharpen=0,
    noise=0,
    erase=0, strip=0, low_resolution=0, jpeg=0,
)  # fmt: skip


def bars(n: int, seed: int = 0, side: int = 48) -> Faces:
    """So many pictures, classes in turn, with votes: seven for the class, two for the next, one unknown."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 7
    images = rng.integers(60, 120, (n, side, side)).astype(np.uint8)
    votes = np.zeros((n, 10), np.int64)
    for i, label in enumerate(labels):
        top = int(label) * side // 7
        images[i, top : top + side // 9] = 220
        votes[i, VOTE_COLUMNS[label]] += 7
        votes[i, VOTE_COLUMNS[(label + 1) % 7]] += 2
        votes[i, 8] += 1
    return Faces(images, labels.astype(np.int64), votes)


def write(file: Path, faces: Faces, **other: NDArray[np.generic]) -> Path:
    """The faces as .npz; keywords replace or add arrays."""
    arrays: dict[str, NDArray[np.generic]] = {"image": faces.images, "label": faces.labels}
    if faces.votes is not None:
        arrays["votes"] = faces.votes
    np.savez(file, **(arrays | other))  # type: ignore[arg-type]
    return file


def recipe(epochs: int = 4, augmentation: Augmentation = CALM, loss: LossRecipe | None = None) -> Recipe:
    """A recipe that learns the bars in a few seconds on one thread."""
    schedule = ScheduleRecipe(
        epochs=epochs, batch=50, learning_rate=4e-3, warmup=0.5, threads=1, ema=0.9, clean_end=0.1, bf16=False
    )
    return Recipe(
        "bars", network=TINY, schedule=schedule, augmentation=augmentation, loss=loss or LossRecipe()
    )
