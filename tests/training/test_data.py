"""Labelled faces from three kinds of sources; whatever is wrong is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from labelled import bars, write

from classroom_monitor.errors import DataError
from classroom_monitor.records import EXPRESSIONS
from training.data import (
    FERPLUS,
    VOTE_COLUMNS,
    Faces,
    find_data,
    read_csv,
    read_faces,
    read_npz,
    read_rows,
    training_set,
    without_rows,
)


def test_the_vote_columns_are_those_of_the_seven() -> None:
    names = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
    assert tuple(names.get(FERPLUS[c], FERPLUS[c]) for c in VOTE_COLUMNS) == EXPRESSIONS


def test_npz_comes_back(tmp_path: Path) -> None:
    faces = bars(14)
    found = read_faces(write(tmp_path / "a.npz", faces))
    np.testing.assert_array_equal(found.images, faces.images)
    np.testing.assert_array_equal(found.labels, faces.labels)
    assert found.votes is not None
    np.testing.assert_array_equal(found.votes, faces.votes)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"image": np.zeros((14, 48), np.uint8)}, r"image has shape \[14, 48\]"),
        ({"image": np.zeros((14, 48, 48, 4), np.uint8)}, r"image has shape \[14, 48, 48, 4\]"),
        ({"image": np.zeros((14, 48, 48))}, "image is float64"),
        ({"image": np.zeros((0, 48, 48), np.uint8), "label": np.zeros(0, int)}, "no picture"),
        ({"label": np.zeros(13, int)}, r"label has shape \[13\]"),
        ({"label": np.zeros(14)}, "label is float64"),
        ({"label": np.r_[np.zeros(9, int), 7, 9, 0, 0, 0]}, "label 7 in row 9 is out of range"),
        ({"votes": np.zeros((14, 8), int)}, r"votes has shape \[14, 8\]"),
        ({"votes": np.zeros((14, 10))}, "votes is float64"),
        ({"votes": np.r_[np.zeros((5, 10), int), -np.ones((9, 10), int)]}, "votes in row 5 are negative"),
    ],
)
def test_wrong_arrays_are_named(tmp_path: Path, other: dict[str, np.ndarray], words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(DataError, match=words) as problem:
        read_npz(write(tmp_path / "a.npz", bars(14), **other))
    assert str(problem.value).startswith("a.npz: ")
    assert "\n" not in str(problem.value)


def test_labels_below_zero_are_unknown(tmp_path: Path) -> None:
    found = read_npz(write(tmp_path / "a.npz", bars(3), label=np.array([-1, -7, 2], np.int8)))
    assert found.labels.tolist() == [-1, -1, 2]


def damaged(file: Path, kind: str) -> None:
    data = file.read_bytes()
    match kind:
        case "truncated":
            file.write_bytes(data[: len(data) // 2])
        case "empty":
            file.write_bytes(b"")
        case "text":
            file.write_text("label,image")
        case "flipped":
            file.write_bytes(data[:300] + bytes(255 - b for b in data[300:900]) + data[900:])


@pytest.mark.parametrize("kind", ["truncated", "empty", "text", "flipped"])
def test_a_damaged_npz_is_named(tmp_path: Path, kind: str) -> None:
    file = write(tmp_path / "a.npz", bars(14))
    damaged(file, kind)
    with pytest.raises(DataError, match=r"a\.npz: is not a whole \.npz file") as problem:
        read_npz(file)
    assert "\n" not in str(problem.value)


def test_an_npz_without_its_arrays_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", label=np.zeros(2, int))
    with pytest.raises(DataError, match="has no array 'image'; it holds label"):
        read_npz(tmp_path / "a.npz")
    np.save(tmp_path / "b.npy", np.zeros(2))
    with pytest.raises(DataError, match="is a single array"):
        read_npz(tmp_path / "b.npy")
    with pytest.raises(DataError, match="no such file"):
        read_npz(tmp_path / "absent.npz")


KAGGLE = "emotion,pixels,Usage\n"
PLUS = "Usage,Image name," + ",".join(FERPLUS) + "\n"


def test_kaggles_csv_with_ferplus_beside_it(tmp_path: Path) -> None:
    (tmp_path / "fer.csv").write_text(KAGGLE + "3,0 1 2 3,Training\n6,9 8 7 6,PublicTest\n")
    (tmp_path / "plus.csv").write_text(
        PLUS + "Training,a.png,1,9,0,0,0,0,0,0,0,0\nPublicTest,,0,0,0,0,0,0,0,0,0,10\n"
    )
    found = read_faces(tmp_path / "fer.csv", tmp_path / "plus.csv")
    assert found.images.tolist() == [[[0, 1], [2, 3]], [[9, 8], [7, 6]]]
    assert found.labels.tolist() == [3, 6]
    assert found.votes is not None
    assert found.votes[0].tolist() == [1, 9, 0, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (KAGGLE, "has no rows"),
        ("label,pixels\n3,0\n", "has no column 'emotion'"),
        (KAGGLE + "3,0 1 2 3,T\n3,0 1 2,T\n", "row 2 has 3 pixels"),
        (KAGGLE + "3,0 1 2 3,T\nx,0 1 2 3,T\n", "row 2 holds something that is not a number"),
        (KAGGLE + "3,0 1 2 3,T\n3,0 1 2 z,T\n", "row 2 holds something that is not a number"),
        (KAGGLE + "3,0 1 2 3,T\n3,0,T\n", "row 2 is 1 pixels wide"),
        (KAGGLE + "3,0 1 2 300,T\n", "row 1 has a pixel outside"),
        (KAGGLE + "3,0 1 2 3,T\n8,0 1 2 3,T\n", "row 2 has emotion 8"),
        (KAGGLE + "3,0 1 2 3,T\n4\n", "row 2 is cut short"),
        (KAGGLE + "3,,T\n", "row 1 has 0 pixels"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "fer.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        read_csv(tmp_path / "fer.csv")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PLUS + "T,a,1,2,x,0,0,0,0,0,0,0\n", "row 1 holds a vote"),
        (PLUS, "has 0 rows, fer.csv has 1"),
        ("Usage\nT\n", "has no column 'neutral'"),
    ],
)
def test_bad_votes_are_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "fer.csv").write_text(KAGGLE + "3,0 1 2 3,T\n")
    (tmp_path / "plus.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        read_csv(tmp_path / "fer.csv", tmp_path / "plus.csv")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for label, name in enumerate(EXPRESSIONS):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "one.png"), np.full((60, 60), 30 * label, np.uint8))
    return tmp_path


def test_folders_of_pictures(folders: Path) -> None:
    found = read_faces(folders)
    assert found.images.shape == (7, 48, 48)
    assert found.labels.tolist() == list(range(7))
    assert found.images[:, 0, 0].tolist() == [30 * label for label in range(7)]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "sad" / "one.png").unlink(), "sad: holds no pictures"),
        (lambda folder: (folder / "sad" / "one.png").write_text("no picture"), r"one\.png: is not a picture"),
        (lambda folder: (folder / "sad" / "one.png").write_bytes(b""), r"one\.png: is not a picture"),
    ],
)
def test_a_bad_folder_is_named(folders: Path, spoil: Callable[[Path], None], words: str) -> None:
    spoil(folders)
    with pytest.raises(DataError, match=words):
        read_faces(folders)


def test_data_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.npz", bars(7))
    monkeypatch.setenv("CLASSROOM_TEST_DATA", str(tmp_path))
    assert find_data(Path("a.npz")) == file
    with pytest.raises(DataError, match="nor in the folder that CLASSROOM_TEST_DATA names"):
        find_data(Path("b.npz"))
    monkeypatch.delenv("CLASSROOM_TEST_DATA")
    with pytest.raises(DataError, match="CLASSROOM_TEST_DATA is not set"):
        find_data(Path("a.npz"))


def test_rows_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps({"note": "text", "one": [3, 1], "two": [3, 5]}))
    rows = read_rows(tmp_path / "rows.json")
    assert rows.tolist() == [1, 3, 5]
    assert without_rows(bars(7), rows, "rows.json").labels.tolist() == [0, 2, 4, 6]
    with pytest.raises(DataError, match=r"rows\.json: names row 5, the data have 4"):
        without_rows(bars(4), rows, "rows.json")
    (tmp_path / "rows.json").write_text('{"one": ["x"]}')
    with pytest.raises(DataError, match="is not a json file with lists"):
        read_rows(tmp_path / "rows.json")


def test_targets_of_both_heads() -> None:
    found = training_set(bars(14), 0.75, "bars")
    assert len(found) == 14
    np.testing.assert_allclose(found.targets.sum(2), 1, rtol=1e-6)
    assert found.targets[0, 1].tolist() == pytest.approx([7 / 9, 2 / 9, 0, 0, 0, 0, 0])
    assert found.targets[0, 0, 0] == pytest.approx(0.75 + 0.25 * 7 / 9)


def test_identical_pictures_become_one_with_the_mean_of_their_labels() -> None:
    faces = bars(14)
    images = faces.images.copy()
    images[7] = images[1]
    found = training_set(Faces(images, faces.labels, None), 0.75, "bars")
    assert len(found) == 13
    assert found.targets[1, 1].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0]


def test_pictures_without_a_face_or_a_vote() -> None:
    faces = bars(14)
    assert faces.votes is not None
    votes = faces.votes.copy()
    votes[2] = [0, 0, 0, 0, 0, 0, 0, 0, 3, 7]  # no face: dropped
    votes[3] = [0, 0, 0, 0, 0, 0, 0, 9, 1, 0]  # a face, but none of the seven: only the label counts
    found = training_set(Faces(faces.images, faces.labels, votes), 0.75, "bars")
    assert len(found) == 13
    assert found.weights[2].tolist() == [1, 0]
    assert found.targets[2, 0].tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_votes_can_be_left_out() -> None:
    found = training_set(bars(14), 0.75, "bars", use_votes=False)
    np.testing.assert_array_equal(found.targets[:, 0], found.targets[:, 1])
    assert found.targets[0, 0].tolist() == [1, 0, 0, 0, 0, 0, 0]


def test_training_needs_every_label_and_every_expression() -> None:
    faces = bars(14)
    with pytest.raises(DataError, match="label of row 2 is unknown"):
        training_set(Faces(faces.images, np.where(faces.labels == 2, -1, faces.labels), None), 0.75, "bars")
    with pytest.raises(DataError, match="no picture labelled disgust"):
        training_set(Faces(faces.images, np.where(faces.labels == 1, 0, faces.labels), None), 0.75, "bars")


def test_colour_becomes_gray() -> None:
    faces = bars(7)
    colour = np.stack([faces.images] * 3, 3)
    np.testing.assert_array_equal(
        training_set(Faces(colour, faces.labels, None), 0.75, "x").images,
        training_set(Faces(faces.images, faces.labels, None), 0.75, "x").images,
    )
