"""Fits the calibration on the public test set: `python -m training.calibrate`.

The rules, in full:

- Temperature: per head and per face side (16, 24, 32, 48 pixels), the one with the least cross-entropy to
  what the head learnt: the labels for the label head, the shares of the votes for the perception head.
- Bias of the perception head: one number on its four negative logits, the nearest to none with which neutral
  faces read as negative and negative faces found both keep their goals by a standard error; where there is no
  such number, the one whose smaller margin is largest. The goals: at most NEUTRAL_AS_NEGATIVE of the crowd's
  neutral faces, at least NEGATIVE_FOUND of its negative ones.
- Abstention: see `thresholds`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from classroom_monitor.errors import ClassroomError, DataError
from classroom_monitor.expression import Calibration, Weights, load_weights, save_weights, sharpness
from classroom_monitor.faces import turn_of
from classroom_monitor.network import HEADS
from classroom_monitor.records import EXPRESSIONS, NEGATIVE
from classroom_monitor.settings import load_settings
from training import metrics
from training.data import Faces, find_data, read_faces, to_gray
from training.framing import sure_faces
from training.metrics import NEUTRAL, Numbers
from training.scoring import SIZES, network_logits, prepared, reduced

#: The goals of the model card. Another test set differs by chance, by about a standard error.
NEUTRAL_AS_NEGATIVE = 0.065
NEGATIVE_FOUND = 0.75


def fit(weights: Weights, faces: Faces) -> Calibration:
    """The calibration of a network. Raises DataError where the faces have no votes."""
    if faces.votes is None:
        raise DataError("calibration needs the crowd's votes; use a file that has them")
    base = Calibration()
    sides = base.sides
    logits = {side: network_logits(weights.network, prepared(faces.images, str(side))) for side in sides}
    known = np.flatnonzero(faces.labels >= 0)
    labels = np.eye(len(EXPRESSIONS))[faces.labels[known]]
    shares, rows = metrics.vote_shares(faces.votes)
    wanted = ((labels, known), (shares, rows))
    temperature = tuple(
        tuple(best_temperature(logits[side][use, head], target) for side in sides)
        for head, (target, use) in enumerate(wanted)
    )
    fitted = replace(base, temperature=temperature)
    shift = negative_shift(fitted, logits[48], metrics.majority(faces.votes))
    bias = [[0.0] * len(EXPRESSIONS) for _ in HEADS]
    for place in NEGATIVE:
        bias[HEADS.index("perception")][place] = round(shift, 3)
    return replace(fitted, bias=tuple(tuple(row) for row in bias))


def best_temperature(logits: NDArray[np.float32], target: Numbers) -> float:
    """The temperature of least cross-entropy to the targets [N, 7], to 1 %."""
    choices = np.exp(np.arange(np.log(0.3), np.log(4), 0.01))
    costs = []
    for heat in choices:
        z = logits.astype(np.float64) / heat
        z -= z.max(1, keepdims=True)
        costs.append(float((target * (np.log(np.exp(z).sum(1, keepdims=True)) - z)).sum(1).mean()))
    return round(float(choices[int(np.argmin(costs))]), 3)


def negative_shift(calibration: Calibration, logits: NDArray[np.float32], crowd: NDArray[np.int64]) -> float:
    """What is added to the four negative logits of the perception head, by the rule of the module."""
    seen = HEADS.index("perception")
    negative = metrics.is_negative(crowd)
    neutral = crowd == NEUTRAL

    def margin(shift: float) -> float:
        bias = np.zeros((len(HEADS), len(EXPRESSIONS)))
        bias[seen, list(NEGATIVE)] = shift
        moved = replace(calibration, bias=tuple(tuple(float(b) for b in row) for row in bias))
        p = moved.probabilities(logits, np.full(len(logits), 48.0))[:, seen]
        read = metrics.reads_negative(p)
        wrong, found = float(read[neutral].mean()), float(read[negative].mean())
        return min(
            (NEUTRAL_AS_NEGATIVE - wrong) / standard_error(NEUTRAL_AS_NEGATIVE, neutral),
            (found - NEGATIVE_FOUND) / standard_error(NEGATIVE_FOUND, negative),
        )

    shifts = sorted((step / 100 for step in range(-100, 101)), key=abs)
    margins = [margin(shift) for shift in shifts]
    best = next((i for i, each in enumerate(margins) if each >= 1), int(np.argmax(margins)))
    return shifts[best]


def standard_error(share: float, rows: NDArray[np.bool_]) -> float:
    """Of a share over so many pictures."""
    return math.sqrt(share * (1 - share) / max(1, int(rows.sum())))


@dataclass(frozen=True, slots=True)
class Abstention:
    """What thresholds do on the public test set at one size: share kept, accuracy of kept and dropped."""

    size: str
    min_confidence: float
    min_sharpness: float
    coverage: float
    accuracy: float | None
    accuracy_dropped: float | None


def abstention(
    p: dict[str, Numbers],
    sharp: dict[str, Numbers],
    crowd: NDArray[np.int64],
    confidence: float,
    least_sharp: float,
) -> tuple[Abstention, ...]:
    """Coverage against accuracy at each size, for given thresholds.

    p: by size, the perception head's probabilities [N, 7]. sharp: by size, the sharpness [N]. crowd: the
    majority [N].
    """
    found = []
    for size, seen in p.items():
        kept = (seen.max(1) >= confidence) & (sharp[size] >= least_sharp)
        known = crowd >= 0
        right = seen.argmax(1) == crowd
        found.append(
            Abstention(
                size,
                confidence,
                least_sharp,
                float(kept.mean()),
                metrics.share(right, known & kept),
                metrics.share(right, known & ~kept),
            )
        )
    return tuple(found)


def sharpness_by_size(images: NDArray[np.uint8]) -> dict[str, Numbers]:
    """The sharpness [N] of pictures at each size of contract.md."""
    gray = to_gray(images)
    return {
        size: np.array([sharpness(reduced(image, side, quality)) for image in gray])
        for size, (side, quality) in SIZES.items()
    }


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What makes a face usable, in the units of settings [expression]."""

    min_confidence: float
    min_sharpness: float
    max_turn: float


def thresholds(weights: Weights, faces: Faces) -> Thresholds:
    """The thresholds by the stated rules, on the public test set.

    min_confidence: the least top probability at which the perception head agrees with the crowd's majority
    on at least half of the faces of 24 pixels with JPEG 40, the hardest size of the contract: a reading more
    often wrong than right is not worth showing. max_turn: the turn, in steps of 10 degrees, from which fewer
    than half are right, or fewer than ten pictures say so. min_sharpness: half of what 99 of 100 faces of the
    smallest usable side reach; a larger face that is blurrier shows less than the smallest that we accept.
    Half, since video is softer than the photographs of FER2013.
    """
    assert faces.votes is not None
    crowd = metrics.majority(faces.votes)
    gray = to_gray(faces.images)
    logits = network_logits(weights.network, prepared(gray, "24_jpeg40"))
    p = weights.calibration.probabilities(logits, np.full(len(faces), 24.0))[:, HEADS.index("perception")]
    known = crowd >= 0
    top, right = p.max(1), p.argmax(1) == crowd
    confidence = 0.6
    for level in np.arange(0.20, 0.60, 0.02):
        near = known & (top >= level) & (top < level + 0.04)
        if near.sum() >= 50 and right[near].mean() >= 0.5:
            confidence = float(level + 0.02)
            break
    found = sure_faces(gray)
    turn = np.array([np.nan if face is None else turn_of(face.keypoints) for face in found])
    steps = [(low, known & (turn >= low) & (turn < low + 10)) for low in range(0, 90, 10)]
    too_far = [low for low, near in steps if near.sum() < 10 or right[near].mean() < 0.5]
    side = load_settings().expression.min_side
    small = [cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in gray]
    least = float(np.quantile([sharpness(np.asarray(image, np.uint8)) for image in small], 0.01)) / 2
    return Thresholds(round(confidence, 2), round(least), float(min(too_far, default=90)))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code of contract.md."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="the public test set, with votes")
    parser.add_argument("--out", type=Path, required=True, help="where the calibrated weights are written")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        weights = load_weights(given.weights)
        faces = read_faces(find_data(given.data))
        calibration = fit(weights, faces)
        digest = save_weights(given.out, weights.network, calibration, weights.note)
        found = thresholds(load_weights(given.out), faces)
    except ClassroomError as problem:
        print(problem, file=sys.stderr)
        return 1
    for head, row in zip(HEADS, calibration.temperature, strict=True):
        print(f"{head}: temperature {dict(zip(calibration.sides, row, strict=True))}", file=sys.stderr)
    print(f"perception: {calibration.bias[1][NEGATIVE[0]]:+.2f} on the negative logits", file=sys.stderr)
    print(
        f"[expression] by the stated rules: min_confidence = {found.min_confidence}, "
        f"min_sharpness = {found.min_sharpness:g}, max_turn = {found.max_turn:g}",
        file=sys.stderr,
    )
    print(f"{given.out}: {digest}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
