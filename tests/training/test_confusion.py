"""The table of how readings come out, from probabilities and votes whose relation is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from classroom_monitor.errors import DataError
from classroom_monitor.expression import load_weights
from classroom_monitor.records import EXPRESSIONS
from training.confusion import confusion, main, measure
from training.data import Faces


def test_it_finds_the_mean_and_the_scatter_it_was_made_with() -> None:
    rng = np.random.default_rng(1)
    mean = 0.65 * np.eye(7) + 0.05
    votes = rng.dirichlet(np.full(7, 0.3), 6000)
    given = np.stack([rng.dirichlet(8.0 * row) for row in votes @ mean])
    found, concentration = confusion(given, votes)
    assert found == pytest.approx(mean, abs=0.03)
    assert found.sum(axis=1) == pytest.approx(np.ones(7))
    assert concentration == pytest.approx(np.full(7, 8.0), abs=1.0)


def test_every_expression_must_be_there() -> None:
    votes = np.tile(np.eye(7)[6], (10, 1))
    with pytest.raises(DataError, match="mostly seen as angry"):
        confusion(votes, votes)


def test_without_votes_there_is_nothing_to_measure() -> None:
    faces = Faces(np.zeros((2, 48, 48), np.uint8), np.zeros(2, np.int64))
    with pytest.raises(DataError, match="no votes"):
        measure(faces, load_weights())


def test_the_command_writes_the_table_and_names_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    votes = np.zeros((28, 10), int)
    votes[np.arange(28), np.arange(28) % 7] = 10
    images = rng.integers(0, 255, (28, 48, 48), dtype=np.uint8)
    data = tmp_path / "faces.npz"
    np.savez(data, image=images, label=np.zeros(28, int), votes=votes)
    out = tmp_path / "readings.json"
    assert main(["--data", str(data), "--out", str(out)]) == 0
    table = json.loads(out.read_text(encoding="utf-8"))
    assert table["expressions"] == list(EXPRESSIONS)
    assert np.asarray(table["sizes"]["48"]["mean"]).shape == (7, 7)
    assert main(["--data", str(tmp_path / "none.npz"), "--out", str(out)]) == 1
    assert "none.npz" in capsys.readouterr().err
