from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import gallery_scoring as scoring
import numpy as np
import pytest

from classroom_monitor.expression import ScriptedExpressions
from classroom_monitor.faces import GivenFaces, MediaPipeFaceFinder
from classroom_monitor.pictures import open_picture
from classroom_monitor.read import PictureReading, TileReading, read_picture
from classroom_monitor.records import EXPRESSIONS, Box, Expression, Face, Gallery, Image, Tile, TileState
from classroom_monitor.settings import load_settings

SETTINGS = load_settings()
MODEL = ScriptedExpressions.constant("happy", 0.7)


@pytest.fixture(scope="module")
def readings(test_data: Path) -> Iterator[dict[str, PictureReading]]:
    with MediaPipeFaceFinder(SETTINGS.faces) as finder:
        yield {
            truth["file"]: read_picture(
                open_picture(test_data / "galleries" / truth["file"], 12000),
                finder,
                MODEL,
                None,
                SETTINGS.faces,
            )
            for truth in scoring.annotations(test_data)
        }


def test_the_nine_screenshots(readings: dict[str, PictureReading], test_data: Path) -> None:
    score = scoring.Score()
    for truth in scoring.annotations(test_data):
        tiles = tuple(each.tile for each in readings[truth["file"]].tiles)
        scoring.add(score, truth, Gallery(tiles, True))
    print(score, *score.notes, sep="\n")
    assert score.recall >= 0.98
    assert score.precision >= 0.975
    assert score.tiles_found >= 0.98 * score.tiles
    assert score.counts_right == score.pictures
    assert score.states_right >= 0.93 * score.states


def test_the_json_of_a_screenshot(readings: dict[str, PictureReading]) -> None:
    for file, reading in readings.items():
        told = json.loads(json.dumps(reading.to_json(file)))
        assert list(told) == ["file", "width", "height", "tiles"]
        frame = Box(0, 0, told["width"], told["height"])
        for tile in told["tiles"]:
            assert list(tile) == ["box", "state", "name", "faces"]
            assert frame.overlap(Box(*tile["box"])) == Box(*tile["box"]).area > 0
            for face in tile["faces"]:
                assert list(face) == ["box", "confidence", "usable", "expression"]
                assert frame.overlap(Box(*face["box"])) == Box(*face["box"]).area > 0
                if tile["state"] == "photo":
                    assert (face["usable"], face["expression"]) == (False, None)
                else:
                    assert list(face["expression"]) == list(EXPRESSIONS)
                    assert sum(face["expression"].values()) == pytest.approx(1, abs=0.01)


def test_a_picture_with_nothing_in_it() -> None:
    for size in ((1, 1), (90, 160)):
        reading = read_picture(np.zeros((*size, 3), np.uint8), GivenFaces(), MODEL, None, SETTINGS.faces)
        assert reading.to_json("x.png") == {"file": "x.png", "width": size[1], "height": size[0], "tiles": []}
        assert reading.summary() == "no call found"


class Names:
    def read(self, label: Image) -> str | None:
        return "Ana"


def test_a_face_outside_any_grid_has_its_own_tile_and_no_name() -> None:
    image = np.random.default_rng(1).integers(0, 256, (100, 110, 3), dtype=np.uint8)
    finder = GivenFaces(Face(Box(30, 20, 50, 50), 0.9))
    (tile,) = read_picture(image, finder, MODEL, Names(), SETTINGS.faces).to_json("x")["tiles"]
    (face,) = tile["faces"]
    assert tile["box"] == face["box"]
    assert (tile["state"], tile["name"]) == ("face", None)
    assert max(face["expression"], key=face["expression"].get) == "happy"


def test_an_unusable_face_keeps_its_numbers() -> None:
    face = Face(Box(1, 2, 3, 4), 0.51)
    shares = (0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1)
    tile = TileReading(
        Tile(Box(0, 0, 9, 9), TileState.FACE, (face,)), "Ana", (Expression(shares, False, "blurred"),)
    )
    reading = PictureReading(10, 10, (tile,))
    told = reading.to_json("x")["tiles"][0]
    assert told["name"] == "Ana"
    assert told["faces"][0]["usable"] is False
    assert told["faces"][0]["expression"]["happy"] == 0.4
    assert reading.summary() == "1 tile: 1 with a face"
