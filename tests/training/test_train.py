"""Training: the loss falls, an interruption changes nothing, several processes agree, errors are one line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from labelled import CALM, bars, recipe, write

from classroom_monitor.errors import DataError
from classroom_monitor.expression import Calibration, load_weights, save_weights
from classroom_monitor.network import ExpressionNetwork
from training.augment import Augmentation
from training.data import training_set
from training.recipe import LossRecipe, Recipe, read_recipe
from training.scoring import network_logits, prepared
from training.train import load_training_data, main, train

RECIPES = Path(__file__).parent.parent.parent / "configs" / "training"


def run(made: Recipe, out: Path, stop_after: int = 0, pictures: int = 500) -> list[float]:
    faces = training_set(bars(pictures), made.loss.label_share, "bars")
    return list(train(made, faces, bars(70, seed=9), out, progress=False, stop_after=stop_after).losses)


def accuracy(weights: Path) -> float:
    test = bars(140, seed=5)
    logits = network_logits(load_weights(weights).network, prepared(test.images))
    return float((logits[:, 1].argmax(1) == test.labels).mean())


def test_the_loss_falls_on_500_pictures_and_the_network_has_learnt(tmp_path: Path) -> None:
    losses = run(recipe(epochs=6, augmentation=replace(CALM, low_resolution=0.2, noise=0.2)), tmp_path)
    assert len(losses) == 6
    assert losses[-1] < 0.8 * losses[0]
    assert accuracy(tmp_path / "best.safetensors") > 0.8


def test_an_interrupted_training_ends_like_a_whole_one(tmp_path: Path) -> None:
    made = recipe(epochs=3, augmentation=Augmentation())
    whole = run(made, tmp_path / "whole", pictures=200)
    first = run(made, tmp_path / "parts", stop_after=1, pictures=200)
    assert first == whole[:1]
    assert run(made, tmp_path / "parts", pictures=200) == whole
    one, other = (
        torch.load(tmp_path / which / "checkpoint.pt", weights_only=True) for which in ("whole", "parts")
    )
    for kind in ("network", "average"):
        for name, tensor in one[kind].items():
            assert torch.equal(tensor, other[kind][name]), name
    best = [(tmp_path / which / "best.safetensors").read_bytes() for which in ("whole", "parts")]
    # The note tells the minutes, which may differ; the numbers may not.
    assert best[0][-1000:] == best[1][-1000:]


def test_a_finished_training_stays_finished(tmp_path: Path) -> None:
    made = recipe(epochs=1)
    first = run(made, tmp_path, pictures=100)
    assert run(made, tmp_path, pictures=100) == first


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    run(recipe(epochs=1), tmp_path, pictures=100)
    with pytest.raises(DataError, match="made by another recipe"):
        run(recipe(epochs=2), tmp_path, pictures=100)


def test_a_schedule_by_the_clock_ends(tmp_path: Path) -> None:
    made = recipe(epochs=1000)
    made = replace(made, schedule=replace(made.schedule, minutes=0.02))
    assert 1 <= len(run(made, tmp_path, pictures=100)) < 1000


def test_a_student_follows_its_teacher(tmp_path: Path) -> None:
    teacher = ExpressionNetwork(recipe().network)
    with torch.no_grad():
        teacher.heads.weight.zero_()
        teacher.heads.bias.zero_()
        teacher.heads.bias[[3, 10]] = 8.0  # happy, whatever the picture
    save_weights(tmp_path / "teacher.safetensors", teacher, Calibration())
    loss = LossRecipe(teachers=(str(tmp_path / "teacher.safetensors"),), teacher_share=0.98)
    run(recipe(epochs=2, loss=loss), tmp_path / "student", pictures=300)
    logits = network_logits(
        load_weights(tmp_path / "student" / "best.safetensors").network, prepared(bars(70).images)
    )
    assert (logits[:, 1].argmax(1) == 3).mean() > 0.9


def test_a_training_begins_where_another_ended(tmp_path: Path) -> None:
    made = recipe(epochs=4)
    run(made, tmp_path / "first")
    start = str(tmp_path / "first" / "best.safetensors")
    further = replace(made, schedule=replace(made.schedule, epochs=1, learning_rate=1e-6, start=start))
    fresh = replace(further, schedule=replace(further.schedule, start=""))
    assert run(further, tmp_path / "second")[0] < 0.8 * run(fresh, tmp_path / "fresh")[0]
    other = replace(further, network=replace(made.network, stem=4))
    with pytest.raises(DataError, match=r"schedule\.start .*first.best.safetensors has another shape"):
        run(other, tmp_path / "third")


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.toml")), ids=lambda file: str(file.stem))
def test_every_recipe_of_the_project_is_whole(file: Path) -> None:
    assert read_recipe(file).name == file.stem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[shedule]\nepochs = 3", r"unknown key shedule; did you mean schedule\?"),
        ("[schedule]\nepoch = 3", r"unknown key schedule\.epoch; did you mean schedule\.epochs\?"),
        ("[schedule]\nepochs = '3'", r"schedule\.epochs = '3' must be int"),
        ("[schedule]\nepochs = -3", "must not be negative"),
        ("[network]\nwidths = 3", r"network\.widths = 3 must be a list"),
        ("schedule = 3", "schedule is a section"),
        ("[schedule", "is not valid TOML"),
        ("[schedule]\nbatch = 0", r"schedule\.batch must be at least 1"),
        ("[network]\nwidths = [8]", "must be equally long"),
        ("[network]\nstem = 0", "needs whole numbers from 1"),
        ("[augmentation]\nside_low = 50", "side_low must be from 1 to side_high"),
        ("[augmentation]\nscale_low = 2.0", "scale_low must be"),
        ("[augmentation]\njpeg_high = 300", "within 1 to 100"),
    ],
)
def test_a_wrong_recipe_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(DataError, match=words) as problem:
        read_recipe(tmp_path / "mine.toml")
    assert "\n" not in str(problem.value)


SMALL = """
[data]
train = "train.npz"
leave_out = ""
selection = "select.npz"
[network]
stem = 8
widths = [8, 16]
blocks = [1, 1]
[schedule]
epochs = 2
batch = 40
threads = 1
bf16 = false
[augmentation]
rotate = 5.0
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SMALL)
    write(tmp_path / "train.npz", bars(160))
    write(tmp_path / "select.npz", bars(35, seed=2))
    return tmp_path


def test_the_command_line_trains(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--recipe",
        str(project / "small.toml"),
        "--data",
        str(project),
        "--out",
        str(project / "out"),
    ]
    assert main(arguments) == 0
    assert load_weights(project / "out" / "best.safetensors").note.startswith("recipe small, epoch ")
    heard = capsys.readouterr()
    assert heard.out == ""
    assert "epoch 2" in heard.err
    assert main([*arguments, "--epochs", "3"]) == 1
    assert "another recipe" in capsys.readouterr().err


def test_one_file_can_be_trained_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSROOM_TEST_DATA", str(project))
    faces, selection = load_training_data(read_recipe(project / "small.toml"), project / "train.npz")
    assert (len(faces), len(selection)) == (160, 35)


def test_twins_are_left_out(project: Path) -> None:
    made = read_recipe(project / "small.toml")
    made = replace(made, data=replace(made.data, leave_out="twins.json"))
    (project / "twins.json").write_text('{"public": [3, 4], "private": [4, 5]}')
    faces, _ = load_training_data(made, project)
    assert len(faces) == 157
    np.testing.assert_array_equal(faces.images[3], bars(160).images[6])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "train.npz").unlink(), "train.npz: no such file"),
        (lambda folder: (folder / "train.npz").write_bytes(b"PK\x03\x04"), "train.npz: is not a whole"),
        (lambda folder: write(folder / "train.npz", bars(35)), "batch 40 is larger than the 35 pictures"),
        (
            lambda folder: write(folder / "train.npz", bars(70), label=np.zeros(70, int)),
            "no picture labelled",
        ),
        (lambda folder: (folder / "small.toml").unlink(), "small.toml: cannot be read"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_1(
    project: Path, capsys: pytest.CaptureFixture[str], change: object, words: str
) -> None:
    assert callable(change)
    change(project)
    assert (
        main(["--recipe", str(project / "small.toml"), "--data", str(project), "--out", str(project / "o")])
        == 1
    )
    heard = capsys.readouterr()
    assert words in heard.err
    assert heard.err.count("\n") == 1
    assert heard.out == ""


def test_two_processes_train_together(project: Path) -> None:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "training.train", "--recipe", str(project / "small.toml"), "--data", str(project),
        "--out", str(project / "out"),
    ]  # fmt: skip
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        command,
        cwd=root,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("epoch 2") == 1  # one of them speaks
    state = torch.load(project / "out" / "checkpoint.pt", weights_only=True)
    assert state["place"][:2] == [2, 8]
    assert np.isfinite(state["losses"]).all()
    assert not any(name.startswith("module.") for name in state["network"])
    load_weights(project / "out" / "best.safetensors")
