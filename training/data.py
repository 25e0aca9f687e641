"""Labelled faces: read from .npz, Kaggle's csv with FER+'s, or folders; checked; made into targets."""

from __future__ import annotations

import csv
import json
import os
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.errors import DataError
from classroom_monitor.records import EXPRESSIONS

#: The ten columns of FER+ in their order.
FERPLUS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)

#: The FER+ column of each of the seven expressions.
VOTE_COLUMNS = (4, 5, 6, 1, 3, 2, 0)

NOT_A_FACE = FERPLUS.index("NF")

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Pictures already cut to the face, with what is known of them.

    images: uint8 [N, H, W] gray or [N, H, W, 3] RGB. labels: int64 [N], -1 where unknown.
    votes: int64 [N, 10] in FER+'s order, zero where nobody voted, or None.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: NDArray[np.intp]) -> Faces:
        """The faces of some rows, in that order."""
        return Faces(self.images[rows], self.labels[rows], None if self.votes is None else self.votes[rows])


def data_folder() -> Path | None:
    """The folder that CLASSROOM_TEST_DATA names, or None."""
    named = os.environ.get("CLASSROOM_TEST_DATA")
    return Path(named) if named else None


def find_data(path: Path) -> Path:
    """The path, or the file of that name in the folder of CLASSROOM_TEST_DATA. Raises DataError."""
    if path.exists():
        return path
    folder = data_folder()
    if folder is not None and (folder / path).exists():
        return folder / path
    where = (
        "here nor in the folder that CLASSROOM_TEST_DATA names"
        if folder
        else "here; CLASSROOM_TEST_DATA is not set"
    )
    raise DataError(f"{path}: no such file or folder {where}")


def read_faces(path: Path, votes: Path | None = None) -> Faces:
    """Reads an .npz, a Kaggle .csv (votes: FER+'s csv beside it) or a folder of one folder per expression."""
    if path.is_dir():
        return read_folder(path)
    if path.suffix == ".csv":
        return read_csv(path, votes)
    return read_npz(path)


def read_npz(file: Path) -> Faces:
    """Reads arrays `image`, `label` and perhaps `votes`, as described in Faces. Raises DataError."""
    arrays: dict[str, NDArray[np.generic]] = {}
    try:
        with file.open("rb") as stream:  # np.load leaves a damaged file open
            stored = np.load(stream, allow_pickle=False)
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise DataError(f"{file.name}: is a single array, not an .npz with image and label")
            for name in ("image", "label", "votes"):
                if name in stored.files:
                    arrays[name] = stored[name]
                elif name != "votes":
                    raise DataError(
                        f"{file.name}: has no array {name!r}; it holds {', '.join(stored.files) or 'none'}"
                    )
    except FileNotFoundError:
        raise DataError(f"{file}: no such file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as problem:
        raise DataError(f"{file.name}: is not a whole .npz file ({problem}); copy it again") from None
    return check_faces(arrays["image"], arrays["label"], arrays.get("votes"), file.name)


def check_faces(
    image: NDArray[np.generic], label: NDArray[np.generic], votes: NDArray[np.generic] | None, source: str
) -> Faces:
    """Makes Faces of arrays after checking shapes, types, ranges. Raises DataError naming array and row."""
    if image.dtype != np.uint8:
        raise DataError(f"{source}: image is {image.dtype}, needed is uint8")
    if image.ndim not in (3, 4) or (image.ndim == 4 and image.shape[3] != 3):
        raise DataError(f"{source}: image has shape {list(image.shape)}, needed is [N, H, W] or [N, H, W, 3]")
    n = len(image)
    if n == 0 or 0 in image.shape:
        raise DataError(f"{source}: image has shape {list(image.shape)}: there is no picture in it")
    if label.shape != (n,):
        raise DataError(
            f"{source}: label has shape {list(label.shape)}, needed is [{n}] as image has {n} pictures"
        )
    if not np.issubdtype(label.dtype, np.integer):
        raise DataError(f"{source}: label is {label.dtype}, needed are whole numbers")
    labels = label.astype(np.int64)
    wrong = np.flatnonzero(labels >= len(EXPRESSIONS))
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"{source}: label {labels[row]} in row {row} is out of range; 0..{len(EXPRESSIONS) - 1}, "
            "or negative where unknown"
        )
    counted: NDArray[np.int64] | None = None
    if votes is not None:
        if votes.shape != (n, len(FERPLUS)):
            raise DataError(f"{source}: votes has shape {list(votes.shape)}, needed is [{n}, {len(FERPLUS)}]")
        if not np.issubdtype(votes.dtype, np.integer):
            raise DataError(f"{source}: votes is {votes.dtype}, needed are whole numbers")
        counted = votes.astype(np.int64)
        wrong = np.flatnonzero((counted < 0).any(1))
        if len(wrong):
            raise DataError(f"{source}: votes in row {wrong[0]} are negative")
    return Faces(np.ascontiguousarray(image, np.uint8), np.where(labels < 0, -1, labels), counted)


def read_csv(file: Path, votes: Path | None = None) -> Faces:
    """Reads Kaggle's fer2013.csv (emotion, pixels) and, row by row beside it, FER+'s fer2013new.csv.

    Rows that FER+ removed (an empty picture name) have no votes. Raises DataError naming the row.
    """
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    for row, line in _rows(file, ("emotion", "pixels")):
        try:
            label = int(line["emotion"])
            pixels = np.array(line["pixels"].split(), np.int64)
        except (ValueError, OverflowError):
            raise DataError(f"{file.name}: row {row} holds something that is not a number") from None
        side = round(len(pixels) ** 0.5)
        if side * side != len(pixels) or side == 0:
            raise DataError(f"{file.name}: row {row} has {len(pixels)} pixels, which is no square")
        if images and images[0].shape != (side, side):
            raise DataError(
                f"{file.name}: row {row} is {side} pixels wide, the rows before it {images[0].shape[1]}"
            )
        if pixels.min() < 0 or pixels.max() > 255:
            raise DataError(f"{file.name}: row {row} has a pixel outside 0..255")
        if not 0 <= label < len(EXPRESSIONS):
            raise DataError(
                f"{file.name}: row {row} has emotion {label}, allowed are 0..{len(EXPRESSIONS) - 1}"
            )
        images.append(pixels.astype(np.uint8).reshape(side, side))
        labels.append(label)
    if not images:
        raise DataError(f"{file.name}: has no rows")
    counted: list[list[int]] = []
    if votes is not None:
        for row, line in _rows(votes, FERPLUS):
            try:
                counted.append([int(line[name]) for name in FERPLUS])
            except ValueError:
                raise DataError(f"{votes.name}: row {row} holds a vote that is not a whole number") from None
        if len(counted) != len(images):
            raise DataError(
                f"{votes.name}: has {len(counted)} rows, {file.name} has {len(images)}; they go row by row"
            )
    return check_faces(
        np.stack(images), np.array(labels), np.array(counted) if votes is not None else None, file.name
    )


def _rows(file: Path, columns: Iterable[str]) -> Iterable[tuple[int, dict[str, str]]]:
    """Rows of a csv, counted from 1 after the heading, with the columns asked for."""
    csv.field_size_limit(10_000_000)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, skipinitialspace=True)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise DataError(f"{file.name}: has no column {missing[0]!r}")
            for row, line in enumerate(reader, 1):
                if any(line[name] is None for name in columns):
                    raise DataError(f"{file.name}: row {row} is cut short")
                yield row, line
    except OSError as problem:
        raise DataError(f"{file}: cannot be read ({problem.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as problem:
        raise DataError(f"{file.name}: is not a csv file ({problem})") from None


def read_folder(folder: Path) -> Faces:
    """Reads FOLDER/angry/*.png and so on, one folder per expression, as gray pictures of 48 pixels.

    Raises DataError for a missing or empty expression and for a file that is not a picture.
    """
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    for label, name in enumerate(EXPRESSIONS):
        files = sorted(f for f in (folder / name).glob("*") if f.suffix.lower() in PICTURES)
        if not files:
            raise DataError(f"{folder / name}: holds no pictures; each expression needs some")
        for file in files:
            image = cv2.imdecode(np.frombuffer(file.read_bytes() or b"\0", np.uint8), cv2.IMREAD_GRAYSCALE)
            if image is None:
                raise DataError(f"{file}: is not a picture")
            images.append(np.asarray(cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA), np.uint8))
            labels.append(label)
    return Faces(np.stack(images), np.array(labels, np.int64))


def read_rows(file: Path) -> NDArray[np.intp]:
    """Every row number in any list of a json file such as fer2013_twins.json. Raises DataError."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        lists = [value for value in stored.values() if isinstance(value, list)]
        rows = sorted({int(row) for each in lists for row in each})
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        raise DataError(f"{file.name}: is not a json file with lists of row numbers ({problem})") from None
    return np.array(rows, np.intp)


def without_rows(faces: Faces, rows: NDArray[np.intp], source: str) -> Faces:
    """The faces but for some rows. Raises DataError where a row does not exist."""
    if len(rows) and (rows[0] < 0 or rows[-1] >= len(faces)):
        raise DataError(f"{source}: names row {rows[-1]}, the data have {len(faces)}")
    return faces.take(np.delete(np.arange(len(faces)), rows))


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """What is learnt from: images uint8 [N, 48, 48], targets float32 [N, 2, 7], weights float32 [N, 2].

    A weight is 0 where a picture says nothing to a head (nobody voted for the seven).
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)


def training_set(faces: Faces, label_share: float, source: str, use_votes: bool = True) -> TrainingSet:
    """Groups identical pictures, drops what the raters called no face, and makes the targets of both heads.

    label_share: the label head learns this share of the label and the rest of the votes. Identical pictures
    with other labels become one picture with the mean of both. Without votes both heads learn the label.
    Raises DataError where a picture has no label, or an expression no picture.
    """
    gray = to_gray(faces.images)
    if (faces.labels < 0).any():
        raise DataError(
            f"{source}: label of row {np.flatnonzero(faces.labels < 0)[0]} is unknown; training needs all"
        )
    counts = np.bincount(faces.labels, minlength=len(EXPRESSIONS))
    if counts.min() == 0:
        raise DataError(
            f"{source}: has no picture labelled {EXPRESSIONS[int(counts.argmin())]} ({counts.argmin()})"
        )
    labels = np.eye(len(EXPRESSIONS), dtype=np.float64)[faces.labels]
    votes = np.zeros((len(faces), len(FERPLUS)))
    if faces.votes is not None and use_votes:
        votes = faces.votes.astype(np.float64)
    _, first, group = np.unique(gray.reshape(len(gray), -1), axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    size = np.bincount(group).astype(np.float64)[:, None]
    labels = _summed(labels, group, len(first)) / size
    votes = _summed(votes, group, len(first))
    order = np.argsort(first)  # as they stood in the file
    first, labels, votes = first[order], labels[order], votes[order]
    total = votes.sum(1)
    keep = (votes[:, NOT_A_FACE] * 2 <= total) | (total == 0)
    first, labels, votes = first[keep], labels[keep], votes[keep]
    seven = votes[:, VOTE_COLUMNS]
    seen = seven.sum(1)
    if faces.votes is None or not use_votes:
        seven, seen = labels, np.ones(len(labels))
    shares = seven / np.maximum(seen, 1e-9)[:, None]
    mixed = np.where(seen[:, None] > 0, label_share * labels + (1 - label_share) * shares, labels)
    targets = np.stack([mixed, shares], 1).astype(np.float32)
    weights = np.stack([np.ones(len(seen)), seen > 0], 1).astype(np.float32)
    return TrainingSet(gray[first], targets, weights)


def to_gray(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray pictures [N, H, W] of gray or RGB ones."""
    if images.ndim == 3:
        return images
    return np.stack([np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8) for image in images])


def _summed(values: NDArray[np.float64], group: NDArray[np.intp], groups: int) -> NDArray[np.float64]:
    out = np.zeros((groups, values.shape[1]))
    np.add.at(out, group, values)
    return out
