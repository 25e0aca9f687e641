"""Calibration and the thresholds of abstention follow the rules that the module states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from labelled import TINY, bars

from classroom_monitor.expression import Calibration, Weights, load_weights
from classroom_monitor.network import ExpressionNetwork
from classroom_monitor.settings import load_settings
from training import calibrate
from training.calibrate import Thresholds, thresholds
from training.data import read_faces
from training.evaluate import evaluate
from training.scoring import SIZES


def test_calibration_mends_an_overconfident_network() -> None:
    torch.manual_seed(0)
    network = ExpressionNetwork(TINY).eval()
    with torch.no_grad():
        network.heads.weight *= 8
    weights = Weights(network, Calibration(), "")
    faces = bars(350)
    before = evaluate(weights, faces)["label"]
    mended = Weights(network, calibrate.fit(weights, faces), "")
    after = evaluate(mended, faces)["label"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert min(mended.calibration.temperature[0]) > 1
    assert after["ece"] < before["ece"]
    assert after["nll"] < before["nll"]


def test_best_temperature_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 7)).astype(np.float32)
    truth = np.exp(logits / 1.7)
    truth /= truth.sum(1, keepdims=True)
    assert calibrate.best_temperature(logits, truth) == pytest.approx(1.7, rel=0.02)


def test_the_bias_keeps_both_bounds() -> None:
    """Half of the neutral faces lean negative: the bias brings them down, and no further than it may."""
    rng = np.random.default_rng(0)
    crowd = np.repeat([6, 4], 2000)
    logits = np.zeros((4000, 2, 7), np.float32)
    logits[:, 1, 6] = 1
    logits[:, 1, 4] = np.where(crowd == 4, 3.5, 0.2) + rng.normal(size=4000)
    shift = calibrate.negative_shift(Calibration(), logits, crowd)
    assert shift < 0
    moved = logits[:, 1].copy()
    moved[:, [0, 1, 2, 4]] += shift
    read = moved.argmax(1) == 4
    assert read[:2000].mean() <= calibrate.NEUTRAL_AS_NEGATIVE
    assert read[2000:].mean() >= calibrate.NEGATIVE_FOUND
    easy = logits.copy()
    easy[:, 1, 4] = np.where(crowd == 4, 9, -9)
    assert calibrate.negative_shift(Calibration(), easy, crowd) == 0


def test_abstention_drops_the_unsure_and_the_blurred() -> None:
    p = np.full((4, 7), 0.0)
    p[:, 3] = [0.9, 0.8, 0.4, 0.9]
    p[:, 6] = 1 - p[:, 3]
    p[2, 6], p[2, 0] = 0.3, 0.3
    sharp = np.array([50.0, 50, 50, 2])
    crowd = np.array([3, 6, 6, -1])
    (row,) = calibrate.abstention({"48": p}, {"48": sharp}, crowd, 0.5, 10)
    assert (row.size, row.coverage, row.accuracy, row.accuracy_dropped) == ("48", 0.5, 0.5, 0.0)
    (row,) = calibrate.abstention({"48": p}, {"48": sharp}, crowd, 0.0, 0)
    assert (row.coverage, row.accuracy_dropped) == (1.0, None)


def test_smaller_faces_are_less_sharp() -> None:
    sharp = calibrate.sharpness_by_size(bars(7).images)
    assert list(sharp) == list(SIZES)
    assert sharp["48"].mean() > sharp["24"].mean() > sharp["16"].mean() > 0


def test_the_settings_are_those_of_the_rules(test_data: Path) -> None:
    settings = load_settings().expression
    found = thresholds(load_weights(), read_faces(test_data / "fer2013_public_test.npz"))
    assert found == Thresholds(settings.min_confidence, settings.min_sharpness, settings.max_turn)
