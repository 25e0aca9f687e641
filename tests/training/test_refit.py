"""Refit: the label head learns the labels, and nothing else of the network changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from labelled import CALM, TINY, bars, recipe, write

from classroom_monitor.expression import Calibration, load_weights, save_weights
from classroom_monitor.network import ExpressionNetwork
from training.data import training_set
from training.refit import main, refit
from training.scoring import network_logits, prepared
from training.train import train

RECIPE = Path(__file__).parent.parent.parent / "configs" / "training" / "quick.toml"


def test_the_label_head_alone_learns_the_labels(tmp_path: Path) -> None:
    train(recipe(epochs=3), training_set(bars(300), 1.0, "bars"), bars(70), tmp_path, progress=False)
    network = load_weights(tmp_path / "best.safetensors").network
    with torch.no_grad():
        network.heads.weight[:7] = 0.0
    inputs, labels = prepared(bars(70, seed=4).images), bars(70).labels
    before = network_logits(network, inputs)
    refit(network, training_set(bars(2800, seed=2), 1.0, "bars"), CALM)
    after = network_logits(network, inputs)
    np.testing.assert_array_equal(after[:, 1], before[:, 1])
    assert (before[:, 0].argmax(1) == labels).mean() < 0.2
    assert (after[:, 0].argmax(1) == labels).mean() > 0.8


def test_the_command_line_writes_weights_that_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_weights(tmp_path / "one.safetensors", ExpressionNetwork(TINY), Calibration(), "recipe bars")
    write(tmp_path / "train.npz", bars(70))
    write(tmp_path / "select.npz", bars(35, seed=2))
    (tmp_path / "bars.toml").write_text(
        '[data]\ntrain = "train.npz"\nselection = "select.npz"\nleave_out = ""\n'
    )
    names = {
        "--weights": "one.safetensors",
        "--recipe": "bars.toml",
        "--data": "",
        "--out": "two.safetensors",
    }
    assert main([word for name, file in names.items() for word in (name, str(tmp_path / file))]) == 0
    assert load_weights(tmp_path / "two.safetensors").note == "recipe bars; label head fitted anew"
    assert "two.safetensors" in capsys.readouterr().err


def test_missing_weights_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["--weights", str(tmp_path / "no"), "--recipe", str(RECIPE), "--out", str(tmp_path / "two")])
        == 1
    )
    assert "cannot be read" in capsys.readouterr().err
