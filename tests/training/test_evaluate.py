"""Evaluate keeps to the contract: keys, nulls, sizes, colour; one line and exit 1 for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from labelled import TINY, bars, write

from classroom_monitor.expression import Calibration, load_weights, save_weights
from classroom_monitor.network import HEADS, ExpressionNetwork
from training.data import Faces
from training.evaluate import main
from training.scoring import network_logits, prepared, reduced

BASE = {
    "accuracy", "macro_f1", "nll", "ece", "neutral_as_negative", "negative_found", "negative_vs_neutral_auc",
    "happy_vs_neutral_auc", "accuracy_by_size", "ece_by_size",
}  # fmt: skip
WITH_VOTES = {
    "valence_r", "valence_r_by_size", "kl_to_votes", "n_majority", "accuracy_votes_majority",
    "neutral_as_negative_votes", "negative_found_votes", "negative_vs_neutral_auc_votes",
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    file = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(file, ExpressionNetwork(TINY), Calibration())
    return file


def report(capsys: pytest.CaptureFixture[str], data: Path, weights: Path) -> dict[str, Any]:
    assert main(["--data", str(data), "--weights", str(weights), "--json"]) == 0
    heard = capsys.readouterr()
    assert heard.err == ""
    found: dict[str, Any] = json.loads(heard.out)
    return found


def test_every_key_of_the_contract(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path) -> None:
    found = report(capsys, write(tmp_path / "a.npz", bars(28)), tiny)
    assert set(found) == {"n", "label", "perception"}
    assert found["n"] == 28
    for head in HEADS:
        assert set(found[head]) == BASE | WITH_VOTES
        for name in ("accuracy_by_size", "ece_by_size", "valence_r_by_size"):
            assert list(found[head][name]) == ["48", "32", "24", "16", "24_jpeg40"]
        assert found[head]["n_majority"] == 28
        assert found[head]["accuracy"] == found[head]["accuracy_by_size"]["48"]


@pytest.mark.parametrize("shape", [(48, 48, 3), (96, 96), (30, 30, 3), (120, 100), (16, 16)])
def test_any_size(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path, shape: tuple[int, ...]
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (14, *shape), np.uint8)
    found = report(capsys, write(tmp_path / "a.npz", Faces(images, np.arange(14) % 7)), tiny)
    assert set(found["label"]) == BASE
    assert 0 <= found["perception"]["accuracy"] <= 1


def test_colour_is_read_as_its_gray(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path) -> None:
    faces = bars(28)
    gray = report(capsys, write(tmp_path / "a.npz", faces), tiny)
    colour = Faces(np.stack([faces.images] * 3, 3), faces.labels, faces.votes)
    assert report(capsys, write(tmp_path / "b.npz", colour), tiny)["label"]["nll"] == pytest.approx(
        gray["label"]["nll"], abs=1e-4
    )


def test_what_is_absent_is_null(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path) -> None:
    faces = bars(14)
    happy = Faces(faces.images, np.full(14, 3), np.zeros((14, 10), np.int64))
    found = report(capsys, write(tmp_path / "a.npz", happy), tiny)["perception"]
    for name in (
        "neutral_as_negative", "negative_found", "negative_vs_neutral_auc", "happy_vs_neutral_auc",
        "valence_r", "kl_to_votes", "accuracy_votes_majority", "neutral_as_negative_votes",
    ):  # fmt: skip
        assert found[name] is None
    assert found["n_majority"] == 0
    assert found["accuracy"] is not None
    unknown = Faces(faces.images, np.full(14, -1), faces.votes)
    found = report(capsys, write(tmp_path / "b.npz", unknown), tiny)["label"]
    assert found["accuracy"] is None
    assert found["ece_by_size"]["16"] is None
    assert found["accuracy_votes_majority"] is not None


def test_without_json_it_is_for_people(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path
) -> None:
    assert main(["--data", str(write(tmp_path / "a.npz", bars(14))), "--weights", str(tiny)]) == 0
    assert capsys.readouterr().out.startswith("14 pictures\nlabel       accuracy ")


@pytest.mark.parametrize(
    ("data", "weights", "words"),
    [
        ("absent.npz", "tiny", "absent.npz: no such file"),
        ("broken.npz", "tiny", "broken.npz: is not a whole .npz file"),
        ("a.npz", "absent", "absent: the weights cannot be read"),
        ("a.npz", "broken.npz", "broken.npz: is not a safetensors file"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path, data: str, weights: str, words: str
) -> None:
    write(tmp_path / "a.npz", bars(7))
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    chosen = tiny if weights == "tiny" else tmp_path / weights
    assert main(["--data", str(tmp_path / data), "--weights", str(chosen), "--json"]) == 1
    heard = capsys.readouterr()
    assert words in heard.err
    assert heard.err.count("\n") == 1
    assert heard.out == ""


def test_sizes_are_reduced_as_the_contract_says() -> None:
    image = bars(1).images[0]
    np.testing.assert_array_equal(reduced(image, 48, None), image)
    small = reduced(image, 24, None)
    assert small.shape == (48, 48)
    assert not np.array_equal(small, reduced(image, 24, 40))
    colour = np.stack([image // 2, image, 255 - image], 2)
    assert reduced(colour, 24, 40).shape == (48, 48, 3)
    drift = reduced(colour, 24, 95).astype(int) - reduced(colour, 24, None)
    assert np.abs(drift.mean((0, 1))).max() < 6  # red stays red through JPEG


def test_the_card_is_written_from_the_figures(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.card.BOOTSTRAPS", 20)
    data = write(tmp_path / "a.npz", bars(70))
    card = tmp_path / "card.md"
    assert main(["--data", str(data), "--weights", str(tiny), "--card", str(card), "--json"]) == 0
    text = card.read_text(encoding="utf-8")
    figures = json.loads(capsys.readouterr().out)
    assert load_weights(tiny).sha256 in text
    assert f"| FER2013 label, label head, one crop | {figures['label']['accuracy']:.3f} |" in text
    for heading in (
        "Figures",
        "By size",
        "By class",
        "Confusion",
        "Calibration",
        "Abstention",
        "Data and limits",
    ):
        assert f"## {heading}" in text
    assert (tmp_path / "card-calibration.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "Not run for these weights" in text
    (tmp_path / "ablations.csv").write_text("run,label\nwithout votes,0.5\n", encoding="utf-8")
    assert main(["--data", str(data), "--weights", str(tiny), "--card", str(card)]) == 0
    assert "| without votes | 0.5 |" in card.read_text(encoding="utf-8")


def test_the_shipped_weights_reach_the_goal_of_first_light(test_data: Path) -> None:
    """60 % on the label head, on a fifth of the public test set, to keep this short."""
    with np.load(test_data / "fer2013_public_test.npz") as stored:
        images, labels = stored["image"][::5], stored["label"][::5]
    logits = network_logits(load_weights().network, prepared(images))
    assert (logits[:, 0].argmax(1) == labels).mean() > 0.6
