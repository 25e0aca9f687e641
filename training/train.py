"""Trains the expression network by a recipe: `python -m training.train --recipe configs/training/small.toml`.

On several devices by torch's own launcher: `torchrun --nproc-per-node 2 -m training.train --recipe …`. Each
process then takes its part of every batch.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from classroom_monitor.errors import ClassroomError, DataError
from classroom_monitor.expression import Calibration, load_weights, save_weights
from classroom_monitor.network import HEADS, INPUT_SIDE, ExpressionNetwork, channels_last
from classroom_monitor.records import EXPRESSIONS
from classroom_monitor.settings import load_settings
from training import metrics
from training.augment import Augmentation, augment
from training.data import Faces, TrainingSet, find_data, read_faces, read_rows, training_set, without_rows
from training.recipe import LossRecipe, Recipe, read_recipe
from training.scoring import network_logits, prepared, softmax

#: Batches made ahead in a thread beside the network: a few, since they take 1.2 MB each.
AHEAD = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished (or stopped) training."""

    weights: Path
    epochs: int
    losses: tuple[float, ...]
    selection: float


def train(
    recipe: Recipe,
    faces: TrainingSet,
    selection: Faces,
    out: Path,
    progress: bool = True,
    stop_after: int = 0,
) -> Outcome:
    """Trains, or goes on where OUT/checkpoint.pt ends; writes that and OUT/best.safetensors each epoch.

    stop_after: leaves after so many epochs of this call, as an interruption does (0: never).
    Raises DataError where the checkpoint in OUT belongs to another recipe.
    """
    return _Training(recipe, faces, selection, out, progress).run(stop_after)


class _Training:
    """One run: the network, its average, the optimiser and where they are in the schedule."""

    def __init__(
        self, recipe: Recipe, faces: TrainingSet, selection: Faces, out: Path, progress: bool
    ) -> None:
        self.recipe, self.faces, self.out, self.progress = recipe, taught(faces, recipe.loss), out, progress
        self.rank, self.ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        schedule = recipe.schedule
        if schedule.batch % self.ranks:
            raise DataError(
                f"{recipe.name}: schedule.batch {schedule.batch} cannot be shared by {self.ranks} processes"
            )
        self.steps = len(faces) // schedule.batch
        if self.steps == 0:
            raise DataError(
                f"{recipe.name}: schedule.batch {schedule.batch} is larger than the {len(faces)} pictures"
            )
        torch.manual_seed(schedule.seed)
        torch.set_num_threads(schedule.threads)
        cv2.setNumThreads(1)
        self.device = torch.device(f"cuda:{self.rank}" if torch.cuda.is_available() else "cpu")
        self.network = channels_last(_first_network(recipe).to(self.device))
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.parallel: nn.Module = DistributedDataParallel(self.network) if self.ranks > 1 else self.network
        # AdamW: after 100 batches its loss is where Nesterov's SGD at 0.1 needs 700 (measured).
        self.optimiser = torch.optim.AdamW(
            _groups(self.network, schedule.weight_decay), lr=schedule.learning_rate, betas=(0.9, 0.99)
        )
        self.epoch, self.step, self.spent = 0, 0, 0.0
        self.losses: list[float] = []
        self.best = -1.0
        self.selection = selection
        self.selection_inputs = {size: prepared(selection.images, size) for size in ("48", "24_jpeg40")}
        self.coordinates = np.array(load_settings().mood.valence.coordinates())

    def run(self, stop_after: int) -> Outcome:
        self._resume()
        done = 0
        best_file = self.out / "best.safetensors"
        while self.epoch < self.recipe.schedule.epochs and self._done() < 1:
            loss = self._train_epoch()
            self.losses.append(loss)
            self.epoch += 1
            done += 1
            last = self.epoch >= self.recipe.schedule.epochs or self._done() >= 1
            clock = time.monotonic()
            if self.rank == 0:
                scores = {}
                if last or self.epoch % self.recipe.schedule.select_every == 0:
                    scores = self._select()
                    if scores["score"] > self.best:
                        self.best = scores["score"]
                        save_weights(best_file, self.average, Calibration(), self._note())
                self._checkpoint()
                if self.progress:
                    words = " ".join(f"{name} {value:.4f}" for name, value in scores.items())
                    so_far = f"epoch {self.epoch} ({self.spent / 60:.1f} min, {self._done():.0%})"
                    print(f"{so_far}: loss {loss:.4f} {words}".rstrip(), file=sys.stderr, flush=True)
            if self.ranks > 1:
                dist.barrier()
            self.spent += time.monotonic() - clock
            if stop_after and done >= stop_after:
                break
        return Outcome(best_file, self.epoch, tuple(self.losses), self.best)

    def _done(self) -> float:
        """How much of the schedule is behind us, 0..1: by steps, or by time if the recipe gives minutes."""
        schedule = self.recipe.schedule
        if schedule.minutes:
            return min(1.0, self.spent / 60 / schedule.minutes)
        return min(1.0, self.step / (self.steps * schedule.epochs))

    def _train_epoch(self) -> float:
        schedule = self.recipe.schedule
        self.parallel.train()
        total, count = 0.0, 0
        clock = time.monotonic()
        bar = track(
            self._batches(),
            total=self.steps,
            description=f"epoch {self.epoch + 1}",
            console=Console(stderr=True),
            transient=True,
            disable=not self.progress or self.rank > 0 or not sys.stderr.isatty(),
        )
        for images, targets, weights in bar:
            rate = schedule.learning_rate * self._pace()
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            loss = self._loss(images, targets, weights)
            self.optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(self.network.parameters(), schedule.clip)
            self.optimiser.step()
            self.step += 1
            self._update_average()
            total, count = total + float(loss.detach()), count + 1
            now = time.monotonic()
            self.spent, clock = self.spent + now - clock, now
            if self.ranks > 1 and schedule.minutes:
                self.spent = _same(self.spent, self.device)
            if self._done() >= 1:
                break
        return total / count

    def _pace(self) -> float:
        """The learning rate's share of its peak: a warm-up, then a cosine down to 0."""
        warm = (self.step + 1) / max(1.0, self.recipe.schedule.warmup * self.steps)
        return min(1.0, warm) * 0.5 * (1 + float(np.cos(np.pi * self._done())))

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """This process's part of every batch of the epoch, drawn from the seed alone, made a few ahead."""
        schedule = self.recipe.schedule
        order = np.random.default_rng((schedule.seed, self.epoch)).permutation(len(self.faces))
        part = schedule.batch // self.ranks
        clean = self._done() > 1 - schedule.clean_end
        settings = self.recipe.augmentation
        if clean:
            settings = replace(settings, erase=settings.erase / 3, rotate=settings.rotate / 2)

        def make(step: int) -> tuple[Tensor, Tensor, Tensor]:
            rows = order[step * schedule.batch + self.rank * part :][:part]
            rng = np.random.default_rng((schedule.seed, self.epoch, step, self.rank))
            return self._batch(rows, rng, settings, mixes=not clean)

        with ThreadPoolExecutor(1) as pool:
            ahead: list[Future[tuple[Tensor, Tensor, Tensor]]] = []
            try:
                for step in range(self.steps + AHEAD):
                    if step < self.steps:
                        ahead.append(pool.submit(make, step))
                    if step >= AHEAD:
                        yield ahead.pop(0).result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _batch(
        self, rows: NDArray[np.intp], rng: np.random.Generator, settings: Augmentation, mixes: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        images = augment(self.faces.images[rows], rng, settings)
        targets, weights = self.faces.targets[rows], self.faces.weights[rows]
        loss = self.recipe.loss
        if mixes and loss.mixup > 0 and rng.random() < loss.mixup_share:
            share = np.float32(rng.beta(loss.mixup, loss.mixup))
            other = rng.permutation(len(rows))
            images = share * images + (1 - share) * images[other]
            targets = share * targets + (1 - share) * targets[other]
            weights = np.minimum(weights, weights[other])
        batch = torch.from_numpy(images).unsqueeze(1).contiguous(memory_format=torch.channels_last)
        return batch, torch.from_numpy(targets), torch.from_numpy(weights)

    def _loss(self, images: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Cross-entropy to the targets, weighted by head."""
        images, targets, weights = (t.to(self.device, non_blocking=True) for t in (images, targets, weights))
        share = torch.tensor(
            [self.recipe.loss.label_weight, 1 - self.recipe.loss.label_weight], device=self.device
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.schedule.bf16):
            logits = self.parallel(images)
        logits = logits.float()
        return _cross_entropy(logits, targets, weights, share)

    @torch.no_grad()
    def _update_average(self) -> None:
        # Slower as the run grows: a fixed 0.999 would drag the first random steps along.
        keep = min(self.recipe.schedule.ema, (1 + self.step) / (10 + self.step))
        ours = [t for t in self.average.state_dict().values() if t.is_floating_point()]
        theirs = [t for t in self.network.state_dict().values() if t.is_floating_point()]
        torch._foreach_lerp_(ours, theirs, 1 - keep)

    def _select(self) -> dict[str, float]:
        """How good the averaged network is on the selection set: the mean of six measures, `score`."""
        faces = self.selection
        full, small = (
            softmax(network_logits(self.average, inputs, fast=self.recipe.schedule.bf16))
            for inputs in self.selection_inputs.values()
        )
        label, seen = HEADS.index("label"), HEADS.index("perception")
        found = {
            "label": metrics.accuracy(full[:, label], faces.labels),
            "label_24_jpeg40": metrics.accuracy(small[:, label], faces.labels),
        }
        if faces.votes is not None:
            crowd = metrics.majority(faces.votes)
            found["majority"] = metrics.accuracy(full[:, seen], crowd)
            found["valence_r"] = metrics.valence_r(full[:, seen], faces.votes, self.coordinates)
            found["valence_r_24_jpeg40"] = metrics.valence_r(small[:, seen], faces.votes, self.coordinates)
            found["auc"] = metrics.auc(
                metrics.negative_score(full[:, seen]), metrics.is_negative(crowd), crowd == metrics.NEUTRAL
            )
        known = {name: value for name, value in found.items() if value is not None}
        known["score"] = float(np.mean(list(known.values()))) if known else 0.0
        return known

    def _note(self) -> str:
        return (
            f"recipe {self.recipe.name}, epoch {self.epoch}, {self.spent / 60:.0f} minutes, "
            f"{len(self.faces)} pictures, seen {self.step * self.recipe.schedule.batch} times in all"
        )

    def _checkpoint(self) -> None:
        state = {
            "recipe": repr(asdict(self.recipe)),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "place": [self.epoch, self.step, self.spent, self.best],
            "losses": self.losses,
        }
        self.out.mkdir(parents=True, exist_ok=True)
        part = self.out / "checkpoint.part"
        torch.save(state, part)
        part.replace(self.out / "checkpoint.pt")  # a kill at any moment leaves a whole checkpoint

    def _resume(self) -> None:
        file = self.out / "checkpoint.pt"
        if not file.exists():
            return
        state = torch.load(file, map_location=self.device, weights_only=True)
        if state["recipe"] != repr(asdict(self.recipe)):
            raise DataError(f"{file}: was made by another recipe; give another --out, or remove it")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"].cpu())
        self.epoch, self.step, self.spent, self.best = state["place"]
        self.losses = list(state["losses"])


def _first_network(recipe: Recipe) -> ExpressionNetwork:
    """The network before its first step. Raises ModelError, DataError."""
    network = ExpressionNetwork(recipe.network)
    if recipe.schedule.start:
        before = load_weights(find_data(Path(recipe.schedule.start))).network
        if replace(before.config, dropout=recipe.network.dropout) != recipe.network:
            raise DataError(
                f"{recipe.name}: schedule.start {recipe.schedule.start} has another shape than [network]: "
                f"{before.config}"
            )
        network.load_state_dict(before.state_dict())
    return network


def taught(faces: TrainingSet, loss: LossRecipe) -> TrainingSet:
    """The same pictures, `teacher_share` of their targets from the mean of the teachers, if there are any.

    A teacher sees each picture whole and in the mirror, once; the student has to say the same of it reduced,
    compressed and badly lit. Raises ModelError, DataError.
    """
    if not loss.teachers:
        return faces
    whole = prepared(faces.images)
    full_size = np.full(len(faces), float(INPUT_SIDE))
    said = np.zeros(faces.targets.shape)
    for name in loss.teachers:
        teacher = load_weights(find_data(Path(name)))
        for view in (whole, np.ascontiguousarray(whole[:, :, ::-1])):
            logits = network_logits(teacher.network, view, fast=True)
            said += teacher.calibration.probabilities(logits, full_size) / (2 * len(loss.teachers))
    share = np.float32(loss.teacher_share)
    targets = (1 - share) * faces.targets + share * said.astype(np.float32)
    return replace(faces, targets=targets)


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    """Weight decay for what multiplies pictures, none for normalisations and biases."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor, share: Tensor) -> Tensor:
    each = -(targets * logits.log_softmax(2)).sum(2) * weights
    return (each.sum(0) / weights.sum(0).clamp(min=1) * share).sum()


def _same(value: float, device: torch.device) -> float:
    """The first process's value, everywhere."""
    held = torch.tensor([value], dtype=torch.float64, device=device)
    dist.broadcast(held, 0)
    return float(held)


def load_training_data(recipe: Recipe, data: Path | None = None) -> tuple[TrainingSet, Faces]:
    """The training set and the selection set of a recipe; data: a folder or file in place of the recipe's.

    Raises DataError.
    """
    named = recipe.data
    given = data is not None and (data.is_file() or (data / EXPRESSIONS[0]).is_dir())
    if given:
        assert data is not None
        train_file = find_data(data)
    else:
        train_file = find_data(Path(named.train) if data is None else data / named.train)
    faces = read_faces(train_file, find_data(Path(named.votes)) if named.votes else None)
    if named.leave_out and not given:
        rows_file = find_data(Path(named.leave_out) if data is None else data / named.leave_out)
        faces = without_rows(faces, read_rows(rows_file), rows_file.name)
    selection_file = Path(named.selection)
    if data is not None and not given:
        selection_file = data / named.selection
    selection = read_faces(find_data(selection_file))
    return training_set(faces, recipe.loss.label_share, train_file.name, named.use_votes), selection


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code of contract.md."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, required=True, help="a TOML file of configs/training")
    parser.add_argument(
        "--data", type=Path, help="folder of the recipe's files, or one .npz, .csv or folder to train on"
    )
    parser.add_argument("--out", type=Path, help="folder for checkpoints and weights (default: runs/NAME)")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--minutes", type=float, help="instead of the recipe's")
    given = parser.parse_args(arguments)
    distributed = "WORLD_SIZE" in os.environ and int(os.environ["WORLD_SIZE"]) > 1
    try:
        recipe = read_recipe(given.recipe)
        changes = {k: v for k, v in (("epochs", given.epochs), ("minutes", given.minutes)) if v is not None}
        recipe = replace(recipe, schedule=replace(recipe.schedule, **changes))
        if distributed:
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        faces, selection = load_training_data(recipe, given.data)
        out = given.out or Path("runs") / recipe.name
        outcome = train(recipe, faces, selection, out)
        if not distributed or dist.get_rank() == 0:
            print(
                f"{outcome.weights}: {outcome.epochs} epochs, selection score {outcome.selection:.4f}",
                file=sys.stderr,
            )
    except ClassroomError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on after the last whole epoch", file=sys.stderr)
        return 130
    finally:
        if distributed and dist.is_initialized():
            dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
