"""The geometry of drawn galleries, and what labels say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom_monitor.records import Box
from classroom_monitor.synthetic.cache import Cache
from classroom_monitor.synthetic.painting import LOOKS, Face, Painter, grid, shorten, text_width
from classroom_monitor.synthetic.script import THEMES


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 49), st.integers(0, 18), st.integers(0, 8), st.integers(700, 2600), st.integers(500, 1500)
)
def test_tiles_are_equal_16_to_9_and_inside(count: int, gap: int, columns: int, w: int, h: int) -> None:
    area = Box(7, 11, w, h)
    boxes = grid(count, area, gap, columns)
    assert len(boxes) == count
    assert len({(b.w, b.h) for b in boxes}) == 1
    assert boxes[0].w * 9 == boxes[0].h * 16
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert one.overlap(other) == 0
    if boxes[0].w > 16:
        assert all(
            area.x <= b.x and b.right <= area.right and area.y <= b.y and b.bottom <= area.bottom
            for b in boxes
        )
    if columns:
        assert len([b for b in boxes if b.y == boxes[0].y]) == min(columns, count)


def test_a_short_last_row_is_in_the_middle_or_at_the_left() -> None:
    area = Box(0, 0, 1920, 1080)
    middle, left = grid(8, area, 12, 3), grid(8, area, 12, 3, left_aligned=True)
    assert middle[6].x == middle[0].x + (middle[0].w + 12) // 2
    assert left[6].x == left[0].x


def test_every_script_theme_can_be_painted() -> None:
    assert set(THEMES) == set(LOOKS)


@pytest.mark.parametrize("theme", THEMES)
def test_a_label_stands_at_the_bottom_left_of_its_tile(theme: str) -> None:
    painter = Painter(theme, 960, 540, Cache(1 << 24))
    picture = np.full((540, 960, 3), 90, np.uint8)
    box = Box(100, 100, 320, 180)
    painter.finish(picture, box, Face("Zoë 小雨", True, False, False, 0))
    changed = np.argwhere((picture != 90).any(2))
    assert len(changed) > 50
    assert changed[:, 0].min() >= box.y
    assert changed[:, 0].max() < box.bottom
    label = changed[changed[:, 0] > box.y + 150]
    assert (label[:, 1] < box.x + 160).mean() > 0.9


def test_speaking_draws_a_border_of_the_themes_colour() -> None:
    for theme in ("zoom_2020", "zoom_new"):
        painter = Painter(theme, 1920, 1080, Cache(1 << 24))
        picture = np.zeros((1080, 1920, 3), np.uint8)
        box = Box(400, 300, 480, 270)
        painter.finish(picture, box, Face("A", False, True, False, 0))
        rows = np.argwhere((picture == LOOKS[theme].border).all(2))[:, 0]
        assert len(rows) > 1000
        assert (rows.min() < box.y) == LOOKS[theme].border_outside


def test_long_names_are_cut_and_short_ones_are_not() -> None:
    assert shorten("Ana", 14, 100) == "Ana"
    cut = shorten("Maximiliana Alexandrine", 14, 90)
    assert cut.endswith("...")
    assert text_width(cut, 14) <= 90


def test_names_of_other_scripts_have_signs_of_their_own() -> None:
    def ink(text: str) -> bytes:
        painter = Painter("zoom_mac", 640, 360, Cache(1 << 22))
        picture = np.zeros((360, 640, 3), np.uint8)
        painter.off(picture, Box(0, 0, 640, 360), text, 0)
        return picture.tobytes()

    drawn = [ink(text) for text in ("小", "雨", "Ж", "é", "e", "さ", "민", "\uffff")]
    assert len(set(drawn)) == len(drawn)  # none falls back to the box of a missing sign
