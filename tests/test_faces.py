from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from painted_galleries import hostile

from classroom_monitor.faces import WHOLE_EVERY, FaceReader, GivenFaces, MediaPipeFaceFinder, turn_of
from classroom_monitor.gallery import GalleryReader
from classroom_monitor.records import Box, Face, Gallery, Image, Tile, TileState
from classroom_monitor.settings import FacesSettings, load_settings
from classroom_monitor.synthetic.script import read_script
from classroom_monitor.synthetic.source import SyntheticSource

SETTINGS: FacesSettings = load_settings().faces
LEFT, RIGHT = Box(10, 10, 160, 90), Box(180, 10, 160, 90)


def call(*states: TileState) -> Gallery:
    tiles = [Tile(box, s, (), 0, i) for i, (box, s) in enumerate(zip((LEFT, RIGHT), states, strict=False))]
    return Gallery(tuple(tiles), True)


def frame(width: int = 350, height: int = 110) -> Image:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


LIVE = call(TileState.NO_FACE, TileState.NO_FACE)
FACE = Face(Box(60, 20, 40, 40), 0.9, ((70, 35), (90, 35), (80, 45), (80, 52), (62, 38), (98, 38)))


def read(gallery: Gallery, *faces: Face, left_out: tuple[Box, ...] = ()) -> Gallery:
    return FaceReader(GivenFaces(*faces), SETTINGS).read(frame(), gallery, left_out)


def test_puts_faces_into_their_tiles_in_pixels_of_the_frame() -> None:
    found = read(LIVE, FACE).tiles
    assert [tile.state for tile in found] == [TileState.FACE, TileState.FACE]
    assert [tile.faces[0].box for tile in found] == [FACE.box.shift(10, 10), FACE.box.shift(180, 10)]
    assert found[0].faces[0].keypoints[0] == (80, 45)
    assert found[0].faces[0].sharpness > 100
    assert found[0].faces[0].turn == pytest.approx(0)


def test_two_people_in_a_tile_are_two_faces_but_not_somebody_far_behind() -> None:
    beside = Face(Box(110, 30, 36, 36), 0.8)
    behind = Face(Box(20, 20, 12, 12), 0.8)
    assert [face.side for face in read(LIVE, FACE, beside, behind).tiles[0].faces] == [40, 36]


def test_a_face_under_the_least_size_is_too_small() -> None:
    small = Face(Box(60, 20, 15, 15), 0.9)
    assert read(LIVE, small).tiles[0].state is TileState.TOO_SMALL


def test_an_unlikely_face_is_none() -> None:
    doubtful = replace(FACE, confidence=0.41)
    finder = GivenFaces(doubtful)
    gallery = call(TileState.CAMERA_OFF, TileState.CAMERA_OFF)
    assert all(not tile.faces for tile in FaceReader(finder, SETTINGS).read(frame(), gallery).tiles)


def test_a_camera_that_is_off_is_not_searched_and_a_photo_stays_one() -> None:
    found = read(call(TileState.CAMERA_OFF, TileState.PHOTO), FACE).tiles
    assert [(tile.state, len(tile.faces)) for tile in found] == [
        (TileState.CAMERA_OFF, 0),
        (TileState.PHOTO, 1),
    ]


class Spy(GivenFaces):
    def __init__(self) -> None:
        super().__init__(FACE)
        self.seen = 0

    def find(self, image: Image) -> tuple[Face, ...]:
        self.seen = max(self.seen, int(image.max()))
        return super().find(image)


def test_never_shows_the_finder_a_tile_that_is_left_out() -> None:
    image = np.full((110, 350, 3), 100, np.uint8)
    RIGHT.cut(image)[:] = 255
    spy = Spy()
    reader = FaceReader(spy, SETTINGS)
    for _ in range(3):
        found = reader.read(image, LIVE, (RIGHT,)).tiles
    assert (found[1].state, found[1].faces) == (TileState.LEFT_OUT, ())
    assert spy.seen == 100
    assert image.max() == 255


class Marked(GivenFaces):
    """Finds red squares, unless they are small in what it is shown."""

    def find(self, image: Image) -> tuple[Face, ...]:
        rows, columns = np.nonzero((image[..., 0] > 200) & (image[..., 1] < 60))
        if not rows.size or np.ptp(rows) < 0.1 * image.shape[0]:
            return ()
        side = int(np.ptp(rows)) + 1
        return (Face(Box(int(columns.min()), int(rows.min()), side, side), 0.9),)


@pytest.mark.parametrize("far", [False, True])
def test_fields_of_a_slide_are_no_tiles_but_a_speaker_far_from_the_camera_is_one(far: bool) -> None:
    image = np.random.default_rng(1).integers(0, 150, (460, 990, 3), dtype=np.uint8)
    column = [Box(5, 5 + 95 * row, 160, 90) for row in range(3)]
    for box in column[:2]:
        image[box.y + 20 : box.y + 60, box.x + 50 : box.x + 90] = (255, 0, 0)
    if far:
        fields = [Box(180, 5, 800, 450)]
        image[120:158, 600:638] = (255, 0, 0)
    else:
        fields = [Box(180 + 400 * (k % 2), 5 + 225 * (k // 2), 400, 225) for k in range(4)]
    tiles = [Tile(box, TileState.NO_FACE, (), 0, i) for i, box in enumerate([*column, *fields])]
    reader = FaceReader(Marked(), SETTINGS)
    for _ in range(3):
        found = reader.read(image, Gallery(tuple(tiles), True)).tiles
        assert {tile.box for tile in found} == {*column, *(fields if far else ())}
        assert sum(len(tile.faces) for tile in found) == 2 + far


@pytest.mark.parametrize("round_", [False, True])
def test_a_round_portrait_in_a_list_is_nobody_but_a_small_video_is_somebody(round_: bool) -> None:
    image = np.full((230, 600, 3), 40, np.uint8)
    noise = np.random.default_rng(1).integers(0, 150, image.shape, dtype=np.uint8)
    for box in (LEFT, RIGHT):
        box.cut(image)[:] = box.cut(noise)
        image[box.y + 20 : box.y + 50, box.x + 60 : box.x + 90] = (255, 0, 0)
    beside = np.zeros(image.shape[:2], np.uint8)
    if round_:
        cv2.circle(beside, (470, 120), 30, 1, -1)
    else:
        beside[90:150, 420:520] = 1
    image[beside > 0] = noise[beside > 0]
    image[105:135, 455:485] = (255, 0, 0)
    gallery = FaceReader(Marked(), SETTINGS).read(image, LIVE)
    assert [len(tile.faces) for tile in gallery.tiles] == [1, 1] if round_ else [1, 1, 1]


def test_a_grid_without_a_face_is_no_call_unless_the_cameras_are_off() -> None:
    assert read(LIVE) == Gallery((), False)
    off = call(TileState.CAMERA_OFF, TileState.CAMERA_OFF)
    assert read(off) == off


def test_a_call_that_has_shown_a_face_stays_one() -> None:
    finder = GivenFaces(FACE)
    reader = FaceReader(finder, SETTINGS)
    reader.read(frame(), LIVE)
    finder.faces = ()
    assert [tile.state for tile in reader.read(frame(), LIVE).tiles] == [TileState.NO_FACE] * 2


def test_looks_a_second_time_at_few_tiles_once_the_layout_is_known() -> None:
    boxes = [Box(10 + 40 * i, 10, 36, 20) for i in range(20)]
    gallery = Gallery(tuple(Tile(b, TileState.NO_FACE, (), 0, i) for i, b in enumerate(boxes)), True)
    image = frame(820, 40)
    finder = GivenFaces()
    reader = FaceReader(finder, SETTINGS)
    reader.read(image, gallery)
    first = len(finder.asked)
    finder.asked.clear()
    reader.read(image, gallery)
    assert len(boxes) < len(finder.asked) < first
    assert len(finder.asked) < 60


def test_turn_grows_as_the_nose_leaves_the_middle() -> None:
    def points(nose: float) -> tuple[tuple[float, float], ...]:
        return ((30, 40), (70, 40), (nose, 60), (50, 75), (10, 45), (90, 45))

    turns = [turn_of(points(nose)) for nose in (50, 60, 75, 90)]
    assert turns[0] == pytest.approx(0)
    assert turns == sorted(turns)
    assert 25 < turns[-1] < 60
    assert turn_of(()) == 0


@pytest.fixture(scope="module")
def finder() -> Iterator[MediaPipeFaceFinder]:
    with MediaPipeFaceFinder(SETTINGS) as made:
        yield made


class Counted:
    """A finder that counts how often it is shown a whole tile."""

    def __init__(self, finder: MediaPipeFaceFinder) -> None:
        self._finder = finder
        self.calls = 0

    def find(self, image: Image) -> tuple[Face, ...]:
        self.calls += image.shape[1] > 1.5 * image.shape[0]
        return self._finder.find(image)

    def close(self) -> None:
        """Nothing of its own to free."""


@pytest.fixture(scope="module")
def drawn() -> SyntheticSource:
    return SyntheticSource(read_script("demo"), 6, 3, None, theme="zoom_mac", width=960, height=540)


def test_reads_a_drawn_call(finder: MediaPipeFaceFinder, drawn: SyntheticSource) -> None:
    image, truth = drawn.grab(20.0), drawn.truth(20.0)
    assert image is not None
    gallery = FaceReader(finder, SETTINGS).read(image, GalleryReader().read(image))
    assert len(gallery.tiles) == len(truth.tiles)
    for tile in truth.tiles:
        found = max(gallery.tiles, key=lambda each: each.box.iou(tile.box))
        assert found.box.iou(tile.box) > 0.8
        assert found.state is tile.state
        if tile.face:
            assert found.faces[0].box.iou(tile.face) > 0.5


def test_known_faces_are_found_again_in_few_detections(
    finder: MediaPipeFaceFinder, drawn: SyntheticSource
) -> None:
    counted = Counted(finder)
    reader, galleries = FaceReader(counted, SETTINGS), GalleryReader()
    calls = []
    for look in range(2 * WHOLE_EVERY):
        seconds = 20.0 + 2 * look
        image, truth = drawn.grab(seconds), drawn.truth(seconds)
        assert image is not None
        counted.calls = 0
        found = reader.read(image, galleries.read(image))
        calls.append(counted.calls)
        for tile in truth.tiles:
            if tile.face:
                seen = max(found.tiles, key=lambda each: each.box.iou(tile.box))
                assert seen.faces[0].box.iou(tile.face) > 0.5
    faces = sum(tile.face is not None for tile in truth.tiles)
    assert sum(calls[1:]) / len(calls[1:]) < 0.5 * faces


def test_who_sits_down_beside_is_found_though_the_first_face_is_known(
    finder: MediaPipeFaceFinder, drawn: SyntheticSource
) -> None:
    image, truth = drawn.grab(20.0), drawn.truth(20.0)
    assert image is not None
    one, other = [tile for tile in truth.tiles if tile.face][:2]
    reader, galleries = FaceReader(finder, SETTINGS), GalleryReader()
    reader.read(image, galleries.read(image))
    both = image.copy()
    for tile, x in ((one, one.box.x), (other, one.box.x + one.box.w // 2)):
        assert tile.face
        half = Box(tile.face.x + tile.face.w // 2 - one.box.w // 4, tile.box.y, one.box.w // 2, tile.box.h)
        Box(x, one.box.y, half.w, half.h).cut(both)[:] = half.cut(image)
    for _ in range(WHOLE_EVERY):
        tiles = reader.read(both, galleries.read(both)).tiles
    found = max(tiles, key=lambda each: each.box.iou(one.box))
    assert len(found.faces) == 2


def test_a_face_far_from_the_camera_is_found_and_kept(
    finder: MediaPipeFaceFinder, drawn: SyntheticSource
) -> None:
    image, truth = drawn.grab(20.0), drawn.truth(20.0)
    assert image is not None
    shown = next(tile for tile in truth.tiles if tile.face)
    assert shown.face
    scale = 26 / shown.face.h
    small = cv2.resize(shown.box.cut(image), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    slot, there = Box(20, 20, 640, 360), Box(420, 130, small.shape[1], small.shape[0])
    room = np.full((400, 1340, 3), 90, np.uint8)
    there.cut(room)[:] = small
    off = Tile(slot.shift(660, 0), TileState.CAMERA_OFF, (), 0, 1)
    gallery = Gallery((Tile(slot, TileState.NO_FACE, (), 0, 0), off), True)
    reader = FaceReader(finder, SETTINGS)
    middle_x = there.x + (shown.face.x + shown.face.w / 2 - shown.box.x) * scale
    middle_y = there.y + (shown.face.y + shown.face.h / 2 - shown.box.y) * scale
    for _ in range(2 * WHOLE_EVERY):
        (face,) = reader.read(room, gallery).tiles[0].faces
        assert face.box.holds(middle_x, middle_y)
        assert 18 < face.side < 36
    alone = FaceReader(finder, SETTINGS).read(room, Gallery(gallery.tiles[:1], True))
    assert [tile.row for tile in alone.tiles] == [-1]  # a single rectangle is no call for a face far in it
    there.cut(room)[:] = 90
    assert reader.read(room, gallery).tiles[0].faces == ()


def test_finds_a_face_without_any_grid(finder: MediaPipeFaceFinder, drawn: SyntheticSource) -> None:
    image, truth = drawn.grab(20.0), drawn.truth(20.0)
    assert image is not None
    shown = next(tile for tile in truth.tiles if tile.face)
    desk = np.full((500, 800, 3), 200, np.uint8)
    desk[80 : 80 + shown.box.h, 300 : 300 + shown.box.w] = shown.box.cut(image)
    reader = FaceReader(finder, SETTINGS)
    for _ in range(2):
        found = reader.read(desk, Gallery((), False))
        assert not found.grid
        (tile,) = found.tiles
        assert (tile.row, tile.column, tile.state) == (-1, -1, TileState.FACE)
        assert tile.box == tile.faces[0].box
        assert shown.face
        assert tile.box.iou(shown.face.shift(300 - shown.box.x, 80 - shown.box.y)) > 0.5


@pytest.mark.parametrize("kind", ["noise", "thumbnails", "tight thumbnails", "dark calendar", "chess"])
def test_sees_no_call_where_there_is_none(finder: MediaPipeFaceFinder, kind: str) -> None:
    image = hostile(kind)
    found = FaceReader(finder, SETTINGS).read(image, GalleryReader().read(image))
    assert found == Gallery((), False)


def test_loading_the_models_writes_nothing() -> None:
    code = (
        "from classroom_monitor.settings import load_settings\n"
        "from classroom_monitor.faces import MediaPipeFaceFinder\n"
        "from classroom_monitor.cues import CueReader\n"
        "with MediaPipeFaceFinder(load_settings().faces), CueReader(load_settings().faces): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
