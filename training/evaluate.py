"""Measures the network on labelled faces: `python -m training.evaluate --data FILE.npz --json`.

`--card FILE` writes the model card from the figures instead (with --data, the public test set).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from classroom_monitor.errors import ClassroomError
from classroom_monitor.expression import Weights, load_weights
from classroom_monitor.network import HEADS, INPUT_SIDE
from classroom_monitor.settings import load_settings
from training import metrics
from training.data import Faces, find_data, read_faces
from training.metrics import HAPPY, NEUTRAL, Numbers
from training.scoring import SIZES, network_logits, prepared

#: What evaluate gives: one object, its keys those of contract.md.
Report = dict[str, object]


def probabilities(weights: Weights, images: NDArray[np.uint8], size: str | None = None) -> Numbers:
    """Calibrated probabilities [N, 2, 7] of pictures, as they are or at a size of contract.md."""
    side = min(images.shape[1], images.shape[2], INPUT_SIDE) if size is None else SIZES[size][0]
    logits = network_logits(weights.network, prepared(images, size))
    return weights.calibration.probabilities(logits, np.full(len(images), float(side)))


def by_size(weights: Weights, images: NDArray[np.uint8]) -> dict[str, Numbers]:
    """Calibrated probabilities [N, 2, 7] at each size of contract.md."""
    return {size: probabilities(weights, images, size) for size in SIZES}


def evaluate(weights: Weights, faces: Faces, sized: dict[str, Numbers] | None = None) -> Report:
    """Every measure of contract.md, for both heads. sized: what `by_size` gives, where it is at hand."""
    coordinates = np.array(load_settings().mood.valence.coordinates())
    sized = by_size(weights, faces.images) if sized is None else sized
    at_48 = faces.images.shape[1:3] == (INPUT_SIDE, INPUT_SIDE)  # then reducing to 48 changes nothing
    whole = sized["48"] if at_48 else probabilities(weights, faces.images)
    report: Report = {"n": len(faces)}
    for place, head in enumerate(HEADS):
        sizes = {size: p[:, place] for size, p in sized.items()}
        report[head] = head_report(whole[:, place], sizes, faces, coordinates)
    return report


def head_report(p: Numbers, sized: dict[str, Numbers], faces: Faces, coordinates: Numbers) -> Report:
    """The measures of one head: p [N, 7] of the pictures as they are, and the same by size."""
    labels = faces.labels
    report: Report = {
        "accuracy": metrics.accuracy(p, labels),
        "macro_f1": metrics.macro_f1(p, labels),
        "nll": metrics.nll(p, labels),
        "ece": metrics.ece(p, labels),
        **_negative_against_neutral(p, labels, ""),
        "happy_vs_neutral_auc": metrics.auc(p[:, HAPPY], labels == HAPPY, labels == NEUTRAL),
        "accuracy_by_size": {size: metrics.accuracy(q, labels) for size, q in sized.items()},
        "ece_by_size": {size: metrics.ece(q, labels) for size, q in sized.items()},
    }
    if faces.votes is None:
        return report
    votes, crowd = faces.votes, metrics.majority(faces.votes)
    return report | {
        "valence_r": metrics.valence_r(p, votes, coordinates),
        "valence_r_by_size": {size: metrics.valence_r(q, votes, coordinates) for size, q in sized.items()},
        "kl_to_votes": metrics.kl_to_votes(p, votes),
        "n_majority": int((crowd >= 0).sum()),
        "accuracy_votes_majority": metrics.accuracy(p, crowd),
        **_negative_against_neutral(p, crowd, "_votes"),
    }


def _negative_against_neutral(p: Numbers, labels: NDArray[np.int64], suffix: str) -> Report:
    negative, neutral = metrics.is_negative(labels), labels == NEUTRAL
    read = metrics.reads_negative(p)
    score = metrics.negative_score(p)
    return {
        f"neutral_as_negative{suffix}": metrics.share(read, neutral),
        f"negative_found{suffix}": metrics.share(read, negative),
        f"negative_vs_neutral_auc{suffix}": metrics.auc(score, negative, neutral),
    }


def summary(report: Report) -> str:
    """The report as lines fit for a terminal."""
    lines = [f"{report['n']} pictures"]
    for head in HEADS:
        for name, value in _flat(report[head]):
            lines.append(f"{head:11} {name:32} {'-' if value is None else f'{value:.4f}'}")
    return "\n".join(lines)


def _flat(values: object, prefix: str = "") -> list[tuple[str, float | None]]:
    assert isinstance(values, dict)
    found: list[tuple[str, float | None]] = []
    for name, value in values.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code of contract.md."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help=".npz with image, label and perhaps votes")
    parser.add_argument("--weights", type=Path, help="weights to measure (default: the shipped ones)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--card", type=Path, help="write the model card here")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: 1)")
    given = parser.parse_args(arguments)
    torch.set_num_threads(max(1, given.threads))
    try:
        weights = load_weights(given.weights)
        faces = read_faces(find_data(given.data))
        sized = by_size(weights, faces.images)
        report = evaluate(weights, faces, sized)
        if given.card is not None:
            from training.card import write_card

            write_card(given.card, weights, faces, report, sized)
            print(f"{given.card}: written", file=sys.stderr)
        if given.json:
            print(json.dumps(report, allow_nan=False))
        elif given.card is None:
            print(summary(report))
    except ClassroomError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
