"""How the network's probabilities come out for what people see: the noise of `rehearse --no-pixels`.

    python -m training.confusion --data fer2013_public_test.npz

writes configs/readings.json. For two face sizes it holds, for each expression that the crowd sees, the mean
probabilities that the network gives (least squares over all pictures with votes, so that mixtures stay
mixtures), and how much single pictures scatter around them, as the concentration of a Dirichlet
distribution: the larger, the less.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classroom_monitor.errors import ClassroomError, DataError
from classroom_monitor.expression import Weights, load_weights
from classroom_monitor.network import HEADS
from classroom_monitor.records import EXPRESSIONS
from classroom_monitor.settings import configs_folder
from training.data import VOTE_COLUMNS, Faces, find_data, read_faces
from training.scoring import SIZES, network_logits, prepared

#: A full face, and one of a crowded call.
MEASURED = ("48", "24_jpeg40")

#: No mean probability is taken to be smaller: a least-squares fit may say zero or less.
LEAST = 0.002

Numbers = NDArray[np.float64]


def confusion(probabilities: Numbers, votes: Numbers) -> tuple[Numbers, Numbers]:
    """Means [7, 7] (row: seen by the crowd, columns: given by the network) and concentrations [7].

    probabilities and votes: [N, 7], each row summing to 1. Raises DataError when an expression is nowhere the
    one most seen.
    """
    mean, *_ = np.linalg.lstsq(votes, probabilities, rcond=None)
    mean = np.clip(mean, LEAST, None)
    mean /= mean.sum(axis=1, keepdims=True)
    expected = votes @ mean
    top = votes.argmax(axis=1)
    concentration = np.zeros(len(EXPRESSIONS))
    for number, name in enumerate(EXPRESSIONS):
        rows = top == number
        if not rows.any():
            raise DataError(f"no picture is mostly seen as {name}; more pictures with votes are needed")
        scatter = ((probabilities - expected)[rows] ** 2).sum()
        concentration[number] = max(0.5, (expected * (1 - expected))[rows].sum() / scatter - 1)
    return mean, concentration


def measure(faces: Faces, weights: Weights) -> dict[str, Any]:
    """The table for each size of MEASURED. Raises DataError without votes."""
    if faces.votes is None:
        raise DataError("the data have no votes, which tell what people see; give data with FER+ votes")
    votes = faces.votes[:, VOTE_COLUMNS].astype(np.float64)
    seen = votes.sum(axis=1) > 0
    votes = votes[seen] / votes[seen].sum(axis=1, keepdims=True)
    found = {}
    for size in MEASURED:
        logits = network_logits(weights.network, prepared(faces.images[seen], size))
        sides = np.full(len(logits), float(SIZES[size][0]))
        given = weights.calibration.probabilities(logits, sides)[:, HEADS.index("perception")]
        mean, concentration = confusion(given, votes)
        found[size] = {
            "mean": [[round(float(value), 4) for value in row] for row in mean],
            "concentration": [round(float(value), 2) for value in concentration],
        }
    return found


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when the file was written."""
    parser = argparse.ArgumentParser(prog="python -m training.confusion", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="labelled pictures with votes (.npz)")
    parser.add_argument("--weights", type=Path, help="weights other than the shipped ones")
    parser.add_argument("--out", type=Path, default=configs_folder() / "readings.json")
    told = parser.parse_args(arguments)
    try:
        file = find_data(told.data)
        weights = load_weights(told.weights)
        sizes = measure(read_faces(file), weights)
    except ClassroomError as problem:
        print(problem, file=sys.stderr)
        return 1
    table = {"weights_sha256": weights.sha256, "data": file.name, "expressions": EXPRESSIONS, "sizes": sizes}
    told.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
