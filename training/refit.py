"""Fits the label head anew on a finished network: `python -m training.refit`.

While the trunk learns, soft targets (the votes in the label head's share, a teacher) help it. But a label
head that learnt them leans to what the crowd sees, and FER2013's labels are not that. So its last layer is
fitted once more, to the labels alone, with the trunk and the perception head as they are: the classifier
re-training of Kang et al., "Decoupling Representation and Classifier" (ICLR 2020).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from classroom_monitor.errors import ClassroomError
from classroom_monitor.expression import load_weights, save_weights
from classroom_monitor.network import HEADS, ExpressionNetwork
from classroom_monitor.records import EXPRESSIONS
from training.augment import Augmentation, augment
from training.data import TrainingSet
from training.recipe import read_recipe
from training.scoring import BATCH, prepared
from training.train import load_training_data

#: How often each picture is seen augmented, beside once whole and once mirrored.
AUGMENTED = 2

#: The fit: passes, first learning rate, its factor after each pass, pictures of a batch.
PASSES, RATE, SLOWING, PICTURES = 8, 2e-3, 0.6, 512

#: Holds the head near what it was: the loss grows by this times the squared distance of the weights.
HOLD = 1e-3


def refit(network: ExpressionNetwork, faces: TrainingSet, augmentation: Augmentation, seed: int = 1) -> None:
    """Fits the label head of a network to the label head's targets of `faces`, in place."""
    rng = np.random.default_rng(seed)
    whole = prepared(faces.images)
    views = [whole, np.ascontiguousarray(whole[:, :, ::-1])]
    views += [augment(faces.images, rng, augmentation) for _ in range(AUGMENTED)]
    features = torch.cat([_features(network, view) for view in views])
    place = HEADS.index("label")
    targets = torch.from_numpy(faces.targets[:, place]).repeat(len(views), 1)
    rows = slice(place * len(EXPRESSIONS), (place + 1) * len(EXPRESSIONS))
    head = nn.Linear(features.shape[1], len(EXPRESSIONS))
    with torch.no_grad():
        head.weight.copy_(network.heads.weight[rows])
        head.bias.copy_(network.heads.bias[rows])
    before = head.weight.detach().clone()
    optimiser = torch.optim.Adam(head.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, SLOWING)
    for _ in range(PASSES):
        order = torch.from_numpy(rng.permutation(len(features)))
        for start in range(0, len(order), PICTURES):
            batch = order[start : start + PICTURES]
            loss = nn.functional.cross_entropy(head(features[batch]), targets[batch])
            loss = loss + HOLD * (head.weight - before).square().sum()
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
        schedule.step()
    with torch.no_grad():
        network.heads.weight[rows] = head.weight
        network.heads.bias[rows] = head.bias


@torch.no_grad()
def _features(network: ExpressionNetwork, faces: NDArray[np.float32]) -> Tensor:
    network.eval()
    found = []
    with torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(faces), BATCH):
            batch = torch.from_numpy(faces[start : start + BATCH]).unsqueeze(1)
            batch = batch.contiguous(memory_format=torch.channels_last)
            found.append(network.features(batch).float())
    return torch.cat(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code of contract.md."""
    parser = argparse.ArgumentParser(prog="python -m training.refit", description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, required=True, help="whose data and augmentation are used")
    parser.add_argument("--data", type=Path, help="as for training.train")
    parser.add_argument("--weights", type=Path, help="default: runs/NAME/best.safetensors")
    parser.add_argument("--out", type=Path, help="default: runs/NAME/refit.safetensors")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        recipe = read_recipe(given.recipe)
        folder = Path("runs") / recipe.name
        weights = load_weights(given.weights or folder / "best.safetensors")
        out = given.out or folder / "refit.safetensors"
        labels_alone = replace(recipe, loss=replace(recipe.loss, label_share=1.0))
        faces, _ = load_training_data(labels_alone, given.data)
        refit(weights.network, faces, recipe.augmentation, recipe.schedule.seed)
        digest = save_weights(
            out, weights.network, weights.calibration, f"{weights.note}; label head fitted anew"
        )
    except ClassroomError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{out}: {digest}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
