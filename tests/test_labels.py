"""The labels of a gallery: found whatever lies behind, known again, told apart."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from classroom_monitor.labels import Label, LabelReader, label_box, likeness, read_labels
from classroom_monitor.records import Box, Image, Tile, TileState
from tests.drawn_calls import TWELVE, Seat, paint_call, seats

SAME = 0.82


def labels_of(names: tuple[str, ...], **how: object) -> tuple[Label | None, ...]:
    image, gallery = paint_call(seats(names), **how)  # type: ignore[arg-type]
    return read_labels(image, gallery.tiles)


@pytest.mark.parametrize("style", ["box", "pill", "plain"])
def test_every_label_is_found_where_it_stands(style: str) -> None:
    image, gallery = paint_call(seats(TWELVE), style=style)
    found = read_labels(image, gallery.tiles)
    for tile, label, name in zip(gallery.tiles, found, TWELVE, strict=True):
        assert label is not None, name
        area = label_box(tile)
        assert label.box.overlap(area) == label.box.area, name
        assert label.box.x - tile.box.x < 0.17 * tile.box.w, name
        assert label.picture.shape == (label.box.h, label.box.w, 3)


@pytest.mark.parametrize("style", ["box", "pill"])
def test_a_label_is_like_itself_and_unlike_all_others(style: str) -> None:
    first = labels_of(TWELVE, style=style)
    again = labels_of(TWELVE, style=style, look=5, quality=50, height=190)
    for i, one in enumerate(first):
        for j, other in enumerate(again):
            assert one is not None
            assert other is not None
            alike = likeness(one.ink, other.ink)
            assert (alike >= SAME) == (i == j), (TWELVE[i], TWELVE[j], alike)


def test_microphone_and_border_leave_the_ink_as_it_is() -> None:
    plain = [Seat(name, 40 + i) for i, name in enumerate(TWELVE)]
    marked = [dataclasses.replace(seat, muted=i % 2 == 0, speaks=i % 2 == 1) for i, seat in enumerate(plain)]
    pictures = (paint_call(plain), paint_call(marked))
    before, after = (read_labels(image, gallery.tiles) for image, gallery in pictures)
    for one, other, name in zip(before, after, TWELVE, strict=True):
        assert one is not None
        assert other is not None
        assert likeness(one.ink, other.ink) >= SAME, name


def test_names_that_differ_in_a_letter_are_less_alike_than_the_same_name() -> None:
    names = ("Student 01", "Student 02", "Maria Lopez", "Mario Lopez", "Tom", "Tim", "Li Wei", "Li Wen")
    first, again = labels_of(names), labels_of(names, look=3)
    for i, one in enumerate(first):
        assert one is not None
        alike = [likeness(one.ink, other.ink) for other in again if other is not None]
        assert len(alike) == len(names)
        assert int(np.argmax(alike)) == i, names[i]


def test_a_camera_that_is_off_has_its_name_in_the_middle_or_below() -> None:
    tile = np.full((150, 267, 3), 34, np.uint8)
    cv2.putText(tile, "Amelie Novak", (70, 82), (255, 255, 255), cv2.FontFace("sans"), 20, 500)
    middle = read_labels(tile, [Tile(Box(0, 0, 267, 150), TileState.CAMERA_OFF, (), 0, 0)])[0]
    assert middle is not None
    assert 60 <= middle.box.x <= 72
    below = labels_of(("Amelie Novak",))[0]
    assert below is not None
    assert likeness(middle.ink, below.ink) >= SAME
    live = read_labels(tile, [Tile(Box(0, 0, 267, 150), TileState.NO_FACE, (), 0, 0)])[0]
    assert live is None  # in the middle of a video stands no label


def test_no_label_is_found_in_plain_or_tiny_tiles() -> None:
    image = np.full((300, 400, 3), 30, np.uint8)
    tiles = [Tile(Box(0, 0, 400, 225), TileState.CAMERA_OFF), Tile(Box(0, 230, 20, 11), TileState.NO_FACE)]
    assert read_labels(image, tiles) == (None, None)
    assert read_labels(image, []) == ()


def test_a_tile_cut_by_the_edge_does_no_harm() -> None:
    image, gallery = paint_call(seats(TWELVE))
    last = gallery.tiles[-1]
    beyond = dataclasses.replace(last, box=last.box.shift(40, 100))
    assert len(read_labels(image, [*gallery.tiles, beyond])) == len(TWELVE) + 1


def test_an_unchanged_label_keeps_its_ink_while_the_video_moves() -> None:
    reader = LabelReader()
    kept = 0
    image, gallery = paint_call(seats(TWELVE))
    before = reader.read(image, gallery.tiles)
    for look in range(1, 5):
        image, gallery = paint_call(seats(TWELVE), look=look)
        now = reader.read(image, gallery.tiles)
        assert all(label is not None for label in now)
        pairs = zip(before, now, strict=True)
        kept += sum(a is not None and b is not None and a.ink is b.ink for a, b in pairs)
        before = now
    assert kept >= 0.9 * 4 * len(TWELVE)


def test_a_label_that_changes_in_its_place_is_noticed_at_once() -> None:
    reader = LabelReader()
    names = ["Ana", "Ben", "Cleo", "Dan", "Eva", "Finn"]
    image, gallery = paint_call(seats(names))
    before = reader.read(image, gallery.tiles)
    changed = ["Ana Bell", "Bert", "Cleo", "Eva", "Dan", "Finn"]
    image, gallery = paint_call(
        [dataclasses.replace(s, name=n) for s, n in zip(seats(names), changed, strict=True)], look=1
    )
    after = reader.read(image, gallery.tiles)
    for old, new, one, other in zip(names, changed, before, after, strict=True):
        assert one is not None
        assert other is not None
        assert (one.ink is other.ink) == (old == new), (old, new)


def test_a_label_is_never_pickled() -> None:
    label = labels_of(("Ana",))[0]
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(label)


def real_tiles(folder: Path) -> list[tuple[Image, list[Tile], list[str | None]]]:
    found = []
    for told in json.loads((folder / "galleries" / "annotations.json").read_text(encoding="utf-8")):
        if not told.get("tiles_list"):
            continue
        picture = cv2.imread(str(folder / "galleries" / told["file"]), cv2.IMREAD_COLOR_RGB)
        assert picture is not None
        tiles = [
            Tile(
                Box(*tile["box"]),
                TileState.CAMERA_OFF if tile["state"] == "no_live_face" else TileState.NO_FACE,
                (),
                i,
                0,
            )
            for i, tile in enumerate(told["tiles_list"])
        ]
        found.append((np.asarray(picture, np.uint8), tiles, [tile["name"] for tile in told["tiles_list"]]))
    return found


def test_real_labels_are_known_again_after_compression_and_never_taken_for_another(test_data: Path) -> None:
    known = total = 0
    for image, tiles, names in real_tiles(test_data):
        first = read_labels(image, tiles)
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
        again = read_labels(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), tiles)
        for i, one in enumerate(first):
            if one is None or names[i] is None:
                continue
            total += 1
            for j, other in enumerate(again):
                alike = 0.0 if other is None else likeness(one.ink, other.ink)
                known += i == j and alike >= SAME
                assert i == j or alike < SAME, f"two tiles of {len(tiles)} taken for one: {i} and {j}"
    assert total >= 125
    assert known >= 0.9 * total, f"{known} of {total}"
