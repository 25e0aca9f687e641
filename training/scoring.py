"""Labelled pictures through the network, as they are and at the sizes of contract.md."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from classroom_monitor.expression import preprocess
from classroom_monitor.network import HEADS, INPUT_SIDE, ExpressionNetwork
from classroom_monitor.records import EXPRESSIONS
from training.augment import compress

#: The sizes of contract.md: side in pixels, and the JPEG quality in between.
SIZES: dict[str, tuple[int, int | None]] = {
    "48": (48, None),
    "32": (32, None),
    "24": (24, None),
    "16": (16, None),
    "24_jpeg40": (24, 40),
}

BATCH = 128


def reduced(image: NDArray[np.uint8], side: int, quality: int | None) -> NDArray[np.uint8]:
    """The picture reduced by area to side x side, perhaps coded as JPEG, then enlarged bicubic to 48."""
    if image.shape[:2] != (side, side):
        image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    if quality is not None:
        if image.ndim == 3:
            image = np.ascontiguousarray(
                compress(np.ascontiguousarray(image[:, :, ::-1]), quality)[:, :, ::-1]
            )
        else:
            image = compress(image, quality)
    if side != INPUT_SIDE:
        image = np.asarray(
            cv2.resize(image, (INPUT_SIDE, INPUT_SIDE), interpolation=cv2.INTER_CUBIC), np.uint8
        )
    return image


def prepared(images: NDArray[np.uint8], size: str | None = None) -> NDArray[np.float32]:
    """Pictures [N, H, W] or [N, H, W, 3] as the network takes them, [N, 48, 48]; size: a key of SIZES."""
    out = np.empty((len(images), INPUT_SIDE, INPUT_SIDE), np.float32)
    for i, image in enumerate(images):
        out[i] = preprocess(image if size is None else reduced(image, *SIZES[size]))
    return out


def network_logits(
    network: ExpressionNetwork, faces: NDArray[np.float32], fast: bool = False
) -> NDArray[np.float32]:
    """Preprocessed faces [N, 48, 48] to logits [N, 2, 7]. fast: in bf16, good enough to follow a training."""
    was_training = network.training
    network.eval()
    out = np.empty((len(faces), len(HEADS), len(EXPRESSIONS)), np.float32)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=fast):
        for start in range(0, len(faces), BATCH):
            batch = torch.from_numpy(faces[start : start + BATCH]).unsqueeze(1)
            batch = batch.contiguous(memory_format=torch.channels_last)
            out[start : start + BATCH] = network(batch).float().numpy()
    network.train(was_training)
    return out


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Over the last axis."""
    z = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return np.asarray(z / z.sum(-1, keepdims=True), np.float64)
