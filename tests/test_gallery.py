from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from painted_galleries import HOSTILE, Painted, gallery, hostile, video

from classroom_monitor.gallery import GalleryReader
from classroom_monitor.gallery.states import Content, content_of
from classroom_monitor.records import Box, Gallery, Image, TileState


def assert_tiles(found: Gallery, painted: Painted) -> None:
    assert len(found.tiles) == len(painted.boxes)
    for box in painted.boxes:
        assert max(tile.box.iou(box) for tile in found.tiles) > 0.8


GALLERIES = {
    "old Zoom": gallery(1, 5, [5, 5, 3], 170, 4, background=0),
    "new Zoom": gallery(2, 4, [4, 4, 4], 230, 6, background=13, fill=26),
    "bright gaps": gallery(3, 3, [3, 3, 2], 280, 8, background=33, fill=45),
    "no gaps": gallery(4, 6, [6, 6, 6, 6], 140, 0, background=0, off=0.0),
    "left aligned": gallery(5, 4, [4, 4, 2], 200, 3, left_aligned=True, off=0.0),
    "cameras off": gallery(6, 4, [4, 4, 3], 220, 5, off=0.8),
    "a pair": gallery(7, 2, [2], 400, 10, off=0.0),
    "a column": gallery(8, 1, [1] * 5, 180, 4, margins=(700, 20, 20, 20), off=0.0),
    "cut out": gallery(9, 4, [4, 4, 4], 210, 4, margins=(0, 0, 0, 0), off=0.0),
    "first row cut": gallery(10, 4, [4, 4, 4], 210, 4, margins=(30, -35, 30, 40), off=0.0),
    "a page of 49": gallery(11, 7, [7] * 7, 132, 3),
}


@pytest.mark.parametrize("name", GALLERIES)
def test_finds_every_tile(name: str) -> None:
    painted = GALLERIES[name]
    found = GalleryReader().read(painted.image)
    assert found.grid
    assert_tiles(found, painted)


def test_finds_the_tiles_of_a_bad_copy() -> None:
    painted = GALLERIES["old Zoom"]
    small = cv2.resize(painted.image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    copy = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 35])[1], cv2.IMREAD_COLOR)
    boxes = [Box(*(round(0.8 * v) for v in (b.x, b.y, b.w, b.h))) for b in painted.boxes]
    assert_tiles(GalleryReader().read(copy), replace(painted, boxes=boxes))


@pytest.mark.parametrize(("shape", "seed"), [(4 / 3, 31), (1.0, 32), (1.5, 33)])
def test_finds_tiles_of_other_shapes(shape: float, seed: int) -> None:
    painted = gallery(seed, 5, [5, 5, 3], 170, 6, off=0.0, bars=0.0, shape=shape)
    assert_tiles(GalleryReader().read(painted.image), painted)


def test_the_gap_across_may_differ_from_that_down_where_the_shape_is_not_known() -> None:
    painted = gallery(34, 6, [6, 6, 6, 6], 150, 3, off=0.0, bars=0.0, shape=1.0, margins=(24, 32, 24, 0))
    stretched = cv2.resize(painted.image, None, fx=1.05, fy=1.2, interpolation=cv2.INTER_AREA)
    boxes = [
        Box(round(1.05 * b.x), round(1.2 * b.y), round(1.05 * b.w), round(1.2 * b.h)) for b in painted.boxes
    ]
    assert_tiles(GalleryReader().read(stretched), replace(painted, image=stretched, boxes=boxes))


def with_speaker(seed: int, column: bool) -> Painted:
    """Five small tiles and a speaker, below their strip or beside their column, whose lower end is dark."""
    counts, margins = ([1] * 5, (930, 96, 10, 96)) if column else ([5], (250, 10, 250, 560))
    small = gallery(seed, 1 if column else 5, counts, 150, 6, off=0.0, bars=0.0, margins=margins)
    speaker = Box(8, 58, 912, 513) if column else Box(180, 110, 912, 513)
    speaker.cut(small.image)[:] = video(np.random.default_rng(seed), speaker.w, speaker.h)
    small.image[speaker.bottom - 60 : speaker.bottom, speaker.x : speaker.x + 500] = 17
    return replace(small, boxes=[*small.boxes, speaker])


@pytest.mark.parametrize(("seed", "column"), [(41, False), (42, False), (43, True), (44, True)])
def test_finds_a_strip_or_a_column_and_the_speaker_beside(seed: int, column: bool) -> None:
    painted = with_speaker(seed, column)
    found = GalleryReader().read(painted.image)
    assert_tiles(found, painted)
    assert len({(tile.row, tile.column) for tile in found.tiles}) == 6


def test_finds_a_single_tile_in_its_window() -> None:
    painted = gallery(45, 1, [1], 900, 0, off=0.0, bars=0.0, margins=(40, 60, 40, 80))
    assert_tiles(GalleryReader().read(painted.image), painted)


@pytest.mark.parametrize("seed", range(50, 62))
def test_gives_back_the_tiles_of_any_gallery(seed: int) -> None:
    random = np.random.default_rng(seed)
    columns, rows = int(random.integers(2, 7)), int(random.integers(2, 6))
    width = float(random.uniform(110, 260))
    gap = float(random.choice([0, 1, 2, 4, 7, 0.06 * width]))
    last = int(random.integers(1, columns + 1))
    background = int(random.choice([0, 13, 17, 26, 33]))
    fill = background + int(random.integers(8, 20))
    left, top, right, bottom = (int(margin) for margin in random.integers(0, 80, 4))
    painted = gallery(
        seed,
        columns,
        [columns] * (rows - 1) + [last],
        width,
        gap,
        background=background,
        fill=fill,
        off=0.1 if gap else 0.0,
        margins=(left, top, right, bottom),
        left_aligned=bool(random.random() < 0.3),
    )
    coded = cv2.imencode(".jpg", painted.image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(60, 96))])[1]
    image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    assert_tiles(GalleryReader().read(image), painted)


def test_numbers_rows_and_columns() -> None:
    found = GalleryReader().read(GALLERIES["old Zoom"].image)
    places = [(tile.row, tile.column) for tile in found.tiles]
    assert places == [(r, c) for r in (0, 1) for c in range(5)] + [(2, c) for c in range(3)]


@pytest.mark.parametrize("name", ["old Zoom", "new Zoom", "cameras off"])
def test_tells_cameras_that_are_off(name: str) -> None:
    painted = GALLERIES[name]
    for tile in GalleryReader().read(painted.image).tiles:
        i = max(range(len(painted.boxes)), key=lambda i: painted.boxes[i].iou(tile.box))
        assert (tile.state is TileState.CAMERA_OFF) == painted.off[i]


# Equal fields full of pictures are told from a call by their lack of faces: see test_faces.
@pytest.mark.parametrize("kind", [k for k in HOSTILE if "thumbnails" not in k and k != "dark calendar"])
def test_sees_no_tile_where_there_is_no_call(kind: str) -> None:
    assert GalleryReader().read(hostile(kind)) == Gallery((), False)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (30, 30), (60, 2000)])
def test_bears_pictures_of_any_size(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert GalleryReader().read(image).tiles == ()


def moving(painted: Painted, look: int, still: set[int] = frozenset()) -> Image:
    """The same call later: each picture with another person and noise, but the still ones."""
    image = painted.image.copy()
    for i, box in enumerate(painted.boxes):
        if i not in still and not painted.off[i]:
            inner = image[box.y + 20 : box.bottom - 25, box.x + 40 : box.right - 40]
            inner[:] = cv2.addWeighted(
                inner, 0.6, video(np.random.default_rng(100 * look + i), *inner.shape[1::-1]), 0.4, 0
            )
    return image


def test_keeps_the_layout_while_the_video_moves() -> None:
    painted, reader = GALLERIES["new Zoom"], GalleryReader()
    first = reader.read(painted.image)
    for look in range(1, 14):
        assert [t.box for t in reader.read(moving(painted, look)).tiles] == [t.box for t in first.tiles]


def test_follows_the_call_to_another_layout_and_back() -> None:
    reader = GalleryReader()
    one = gallery(21, 3, [3, 3], 300, 6, off=0.0, margins=(30, 60, 30, 60))
    other = np.zeros_like(one.image)
    two = gallery(22, 4, [4, 4, 3], 220, 5, off=0.0, margins=(10, 10, 10, 10))
    height, width = (min(a, b) for a, b in zip(two.image.shape[:2], other.shape[:2], strict=True))
    other[:height, :width] = two.image[:height, :width]
    first = reader.read(one.image)
    assert len(first.tiles) == 6
    assert len(reader.read(other).tiles) == 11
    assert reader.read(np.zeros_like(other)) == Gallery((), False)
    assert reader.read(one.image) == first


def test_notices_who_joins_a_row_with_room() -> None:
    before = gallery(23, 4, [4, 4, 2], 220, 5, off=0.0, left_aligned=True)
    after = before.image.copy()
    box = before.boxes[5].shift(0, before.boxes[9].y - before.boxes[5].y).shift(225, 0)
    box.cut(after)[:] = before.boxes[1].cut(before.image)[: box.h, : box.w]
    reader = GalleryReader()
    assert len(reader.read(before.image).tiles) == 10
    counts = [len(reader.read(after).tiles) for _ in range(4)]
    assert counts[-1] == 11


def test_a_short_row_that_shrinks_leaves_no_empty_slots() -> None:
    before = gallery(24, 4, [4, 4, 3], 220, 5, off=0.0)
    after = before.image.copy()
    for box in before.boxes[8:]:
        box.cut(after)[:] = 17
    moved = [before.boxes[8].shift(112, 0), before.boxes[9].shift(113, 0)]
    for old, new in zip(before.boxes[8:], moved, strict=False):
        new.cut(after)[:] = old.cut(before.image)
    reader = GalleryReader()
    assert len(reader.read(before.image).tiles) == 11
    for _ in range(4):
        found = reader.read(after)
    assert_tiles(found, replace(before, image=after, boxes=[*before.boxes[:8], *moved]))


def test_another_page_of_a_known_layout_has_its_own_last_row() -> None:
    reader = GalleryReader()
    full = gallery(25, 4, [4, 4, 4], 220, 5, off=0.0)
    other = gallery(26, 3, [3, 3], 300, 6, off=0.0, margins=(0, 0, 0, 0))
    between = np.zeros_like(full.image)
    between[: other.image.shape[0], : other.image.shape[1]] = other.image[:, : between.shape[1]]
    short = gallery(27, 4, [4, 4, 2], 220, 5, off=0.0)
    assert len(reader.read(full.image).tiles) == 12
    assert len(reader.read(between).tiles) != 12
    assert_tiles(reader.read(short.image), short)


def with_square(painted: Painted, which: int, seed: int) -> Image:
    """The call with a square picture in one tile, as a profile photo stands there."""
    image, box = painted.image.copy(), painted.boxes[which]
    tile = box.cut(image)
    tile[:] = 34
    side = box.h
    left = (box.w - side) // 2
    tile[:, left : left + side] = video(np.random.default_rng(seed), side, side)
    return image


def tile_with_disc(inside: Image, fill: int, ring: bool, hand: bool) -> Image:
    """A tile of 16:9 with a disc in its middle, whose speaker may have a ring and a raised hand."""
    tile = np.full((180, 320, 3), fill, np.uint8)
    mask = cv2.circle(np.zeros((90, 90), np.uint8), (45, 45), 43, 1, -1)[..., None] > 0
    part = tile[45:135, 115:205]
    np.copyto(part, inside, where=mask)
    if ring:
        cv2.rectangle(tile, (1, 1), (318, 178), (123, 131, 235), 3)
    if hand:
        cv2.circle(tile, (24, 24), 14, (250, 200, 60), -1)
    return tile


@pytest.mark.parametrize("fill", [34, 60, 228])
@pytest.mark.parametrize(("ring", "hand"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_round_picture_is_a_photo_and_a_round_initial_none(fill: int, ring: bool, hand: bool) -> None:
    portrait = video(np.random.default_rng(3), 90, 90)
    initial = np.full((90, 90, 3), (90, 60, 160), np.uint8)
    cv2.putText(initial, "M", (22, 64), 0, 1.8, (240,) * 3, 4, cv2.LINE_AA)
    for inside, content in ((portrait, Content.PHOTO), (initial, Content.SIGN)):
        coded = cv2.imencode(
            ".jpg", tile_with_disc(inside, fill, ring, hand), [cv2.IMWRITE_JPEG_QUALITY, 60]
        )[1]
        assert content_of(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)) is content


def test_suspects_a_square_picture_until_it_moves() -> None:
    painted, reader = GALLERIES["new Zoom"], GalleryReader()
    which = painted.off.index(False)

    def state(image: Image) -> TileState:
        tiles = reader.read(image).tiles
        return max(tiles, key=lambda tile: tile.box.iou(painted.boxes[which])).state

    assert state(with_square(painted, which, 5)) is TileState.PHOTO
    moved = with_square(painted, which, 5)
    box = painted.boxes[which]
    moved[box.y + 30 : box.y + 70, box.x + 100 : box.x + 130] //= 2
    assert state(moved) is TileState.NO_FACE


def test_takes_a_picture_that_stays_still_among_moving_ones_for_a_photo() -> None:
    painted, reader = GALLERIES["new Zoom"], GalleryReader()
    which = painted.off.index(False)
    for look in range(12):
        found = reader.read(moving(painted, look, {which}))
    states = {i: tile.state for i, tile in enumerate(found.tiles) if not painted.off[i]}
    assert states.pop(which) is TileState.PHOTO
    assert set(states.values()) == {TileState.NO_FACE}


def test_learns_nothing_from_a_picture_that_stands_still_altogether() -> None:
    painted, reader = GALLERIES["new Zoom"], GalleryReader()
    for _ in range(12):
        found = reader.read(painted.image)
    assert TileState.PHOTO not in {tile.state for tile in found.tiles}
