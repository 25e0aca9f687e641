"""The short runs of the card: each leaves one thing out, and a row is written once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from labelled import TINY, bars, recipe, write

from classroom_monitor.expression import Calibration, save_weights
from classroom_monitor.network import ExpressionNetwork
from training import ablate
from training.ablate import MEASURES, figures, variants


def test_each_run_leaves_one_thing_out() -> None:
    base = recipe()
    runs = variants(base)
    assert runs["quick recipe"] == base
    assert not runs["without votes"].data.use_votes
    assert runs["without low resolution"].augmentation.low_resolution == 0
    assert runs["distilled"].loss.teachers
    assert not base.loss.teachers
    assert len(set(map(repr, runs.values()))) == len(runs)


def test_a_figure_for_each_measure(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_weights(tmp_path / "tiny.safetensors", ExpressionNetwork(TINY), Calibration())
    found = figures(tmp_path / "tiny.safetensors", bars(70))
    assert len(found) == len(MEASURES)
    assert all(found)


def test_a_run_has_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "small.toml").write_text("[loss]\nteachers = ['first.safetensors']\n")
    (tmp_path / "training" / "quick.toml").write_text(
        "[data]\ntrain = 'a.npz'\nleave_out = ''\nselection = 'a.npz'\n[schedule]\nbatch = 20\n"
        "[network]\nstem = 8\nwidths = [8]\nblocks = [1]\n"
    )
    write(tmp_path / "a.npz", bars(70))
    monkeypatch.setattr(ablate, "configs_folder", lambda: tmp_path)
    for only in ("quick recipe", "without votes", "quick recipe"):
        arguments = ["--epochs", "1", "--only", only, "--data", str(tmp_path)]
        arguments += ["--out", str(tmp_path / "out"), "--csv", str(tmp_path / "a.csv")]
        assert ablate.main(arguments) == 0
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0].startswith("run,epochs,label head,")
    assert [line.split(",")[:2] for line in lines[1:]] == [["without votes", "1"], ["quick recipe", "1"]]
    assert ablate.main(["--data", str(tmp_path / "absent"), "--out", str(tmp_path / "o")]) == 1
    assert "no such file" in capsys.readouterr().err
