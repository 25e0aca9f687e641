"""Short runs that leave one thing out each, for the card: `python -m training.ablate --epochs 3`.

All start from the quick recipe with the same seed and number of epochs; each is calibrated and measured like
the shipped weights. The distilled run learns from the teachers of the shipped weights' recipe.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from classroom_monitor.errors import ClassroomError
from classroom_monitor.expression import load_weights
from classroom_monitor.settings import configs_folder
from training.calibrate import fit
from training.data import Faces
from training.evaluate import evaluate
from training.recipe import Recipe, read_recipe
from training.train import load_training_data, train

#: Heading, head and key of each measure; a dot leads into a table by size.
MEASURES = (
    ("label head", "label", "accuracy"),
    ("label head, 24 px", "label", "accuracy_by_size.24"),
    ("label head, 24 px JPEG 40", "label", "accuracy_by_size.24_jpeg40"),
    ("crowd's majority", "perception", "accuracy_votes_majority"),
    ("valence r", "perception", "valence_r"),
    ("valence r, 24 px JPEG 40", "perception", "valence_r_by_size.24_jpeg40"),
    ("KL", "perception", "kl_to_votes"),
    ("neutral read as negative", "perception", "neutral_as_negative_votes"),
    ("negative found", "perception", "negative_found_votes"),
)


def variants(base: Recipe) -> dict[str, Recipe]:
    """The runs by name."""
    without_low = replace(base.augmentation, low_resolution=0.0, jpeg=0.0)
    taught = read_recipe(configs_folder() / "training" / "small.toml").loss
    distilled = replace(base.loss, teachers=taught.teachers, teacher_share=taught.teacher_share)
    return {
        "quick recipe": base,
        "without votes": replace(base, data=replace(base.data, use_votes=False)),
        "without low resolution": replace(base, augmentation=without_low),
        "distilled": replace(base, loss=distilled),
    }


def measured(recipe: Recipe, out: Path, data: Path | None) -> list[str]:
    """Trains one run and gives its figures, one for each of MEASURES."""
    faces, selection = load_training_data(recipe, data)
    outcome = train(recipe, faces, selection, out)
    return figures(outcome.weights, selection)


def figures(weights: Path, faces: Faces) -> list[str]:
    """The measures of calibrated weights, three digits."""
    loaded = load_weights(weights)
    report = evaluate(replace(loaded, calibration=fit(loaded, faces)), faces)
    found = []
    for _, head, path in MEASURES:
        value: object = report[head]
        for key in path.split("."):
            assert isinstance(value, dict)
            value = value[key]
        found.append(f"{value:.3f}" if isinstance(value, float) else "")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code of contract.md."""
    parser = argparse.ArgumentParser(prog="python -m training.ablate", description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder of the recipe's files")
    parser.add_argument("--out", type=Path, default=Path("runs") / "ablations")
    parser.add_argument("--csv", type=Path, default=Path("docs") / "ablations.csv")
    parser.add_argument("--only", help="one run, by name")
    given = parser.parse_args(arguments)
    try:
        base = read_recipe(configs_folder() / "training" / "quick.toml")
        schedule = replace(
            base.schedule,
            minutes=0.0,
            epochs=given.epochs,
            select_every=given.epochs,
            threads=torch.get_num_threads(),
        )
        for name, recipe in variants(replace(base, schedule=schedule)).items():
            if given.only in (None, name):
                row = measured(replace(recipe, name=name), given.out / name.replace(" ", "_"), given.data)
                _add(given.csv, [name, str(given.epochs), *row])
    except ClassroomError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on after the last whole epoch", file=sys.stderr)
        return 130
    return 0


def _add(file: Path, row: list[str]) -> None:
    """Adds a row, or puts it in the place of the one of that name."""
    heading = ["run", "epochs", *(name for name, _, _ in MEASURES)]
    rows = [heading]
    if file.exists():
        with file.open(encoding="utf-8", newline="") as stream:
            rows = [heading, *(each for each in list(csv.reader(stream))[1:] if each[0] != row[0])]
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([*rows, row])


if __name__ == "__main__":
    sys.exit(main())
