"""The synthetic class as a source: the picture and its truth agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classroom_monitor.errors import ScriptError, SourceError
from classroom_monitor.records import Presence, SourceKind, SourceSpec, TileState
from classroom_monitor.synthetic.painting import LOOKS
from classroom_monitor.synthetic.script import THEMES, read_script
from classroom_monitor.synthetic.source import NAMES, SyntheticSource, from_spec


def source(folder: Path, text: str, **values: object) -> SyntheticSource:
    file = folder / "one.toml"
    file.write_text(text, encoding="utf-8")
    return SyntheticSource(read_script(file), width=960, height=540, **values)  # type: ignore[arg-type]


BUSY = """
[class]
students = 9
minutes = 2
[[event]]
at = 10
who = [2]
camera = "off"
[[event]]
at = 10
who = [3]
camera = "photo"
[[event]]
at = 10
for = 20
who = [4]
leave = true
[[event]]
at = 40
for = 10
share = true
[[event]]
at = 60
for = 10
popup = "Hello"
"""
PAGED = (
    BUSY
    + """
[[event]]
at = 80
for = 10
page = 2
"""
)


def test_the_same_second_is_the_same_picture_and_another_is_not(tmp_path: Path) -> None:
    one, same = source(tmp_path, BUSY, seed=4), source(tmp_path, BUSY, seed=4)
    same.grab(7)  # what was painted before must not matter
    first, second = one.grab(20), same.grab(20)
    assert first is not None
    assert second is not None
    assert first.shape == (540, 960, 3)
    assert first.dtype == np.uint8
    assert (first == second).all()
    assert one.truth(20) == same.truth(20)
    third, other = one.grab(21), source(tmp_path, BUSY, seed=5).grab(20)
    assert third is not None
    assert other is not None
    assert (third != first).any()
    assert (other != first).any()


def test_truth_tells_states_presence_and_boxes(tmp_path: Path) -> None:
    truth = source(tmp_path, BUSY).truth(20)
    states = {tile.student: tile.state for tile in truth.tiles}
    assert states[2] is TileState.CAMERA_OFF
    assert states[3] is TileState.PHOTO
    assert 4 not in states
    assert states[1] is states[9] is TileState.FACE
    presence = {student.student: student.presence for student in truth.students}
    assert presence[2] is Presence.CAMERA_OFF
    assert presence[3] is Presence.PHOTO
    assert presence[4] is Presence.GONE
    assert presence[1] is Presence.SEEN
    assert len(truth.tiles) == 8
    for tile in truth.tiles:
        assert (tile.face is not None) == (tile.state is TileState.FACE)
        if tile.face is not None:
            assert tile.box.overlap(tile.face) > 0.8 * tile.face.area
            assert 0.3 < tile.face.h / tile.box.h < 0.75
    on = [s.valence for s in truth.students if s.presence is Presence.SEEN]
    assert truth.valence == pytest.approx(np.mean(on))


def test_tiles_of_the_truth_are_where_the_picture_has_them(tmp_path: Path) -> None:
    made = source(tmp_path, BUSY, theme="zoom_2020")
    picture, truth = made.grab(20), made.truth(20)
    assert picture is not None
    inside = np.zeros(picture.shape[:2], bool)
    for tile in truth.tiles:
        inside[tile.box.y - 4 : tile.box.bottom + 4, tile.box.x - 4 : tile.box.right + 4] = True
        spot = tile.box.cut(picture)
        if tile.state is TileState.FACE:
            assert spot.std() > 15
        elif tile.state is TileState.CAMERA_OFF:
            assert np.median(spot) in (0, *LOOKS["zoom_2020"].fill)
    area = made._painter.area()
    outside = ~inside[area.y : area.bottom, area.x : area.right]
    assert (area.cut(picture)[outside] == LOOKS["zoom_2020"].background).all()


def test_live_video_moves_and_a_photo_does_not(tmp_path: Path) -> None:
    made = source(tmp_path, BUSY)
    first, second, truth = made.grab(20), made.grab(22), made.truth(20)
    assert first is not None
    assert second is not None
    for tile in truth.tiles:
        if tile.student not in (2, 3, 1):
            continue
        inner = tile.box.cut(first)[5:-30, 5:-5], tile.box.cut(second)[5:-30, 5:-5]
        assert (inner[0] != inner[1]).any() == (tile.state is TileState.FACE)


def test_slides_turn_the_gallery_into_a_strip(tmp_path: Path) -> None:
    truth = source(tmp_path, BUSY).truth(45)
    assert truth.strip
    assert len({tile.box.y for tile in truth.tiles}) == 1
    assert len(truth.tiles) == 6
    assert [s.presence for s in truth.students].count(Presence.OTHER_PAGE) == 3
    assert max(tile.box.bottom for tile in truth.tiles) < 0.3 * truth.height


def test_pages_and_pop_ups(tmp_path: Path) -> None:
    made = source(tmp_path, PAGED)
    assert (made.truth(75).page, made.truth(75).pages) == (1, 2)
    turned = made.truth(85)
    assert turned.page == 2
    assert {t.student for t in turned.tiles}.isdisjoint(t.student for t in made.truth(75).tiles)
    assert made.truth(55).covered is None
    covered = made.truth(65).covered
    before, after = made.grab(59), made.grab(65)
    assert covered is not None
    assert before is not None
    assert after is not None
    assert np.abs(covered.cut(before).astype(int) - covered.cut(after)).mean() > 40


def test_a_rename_changes_the_label_and_the_truth(tmp_path: Path) -> None:
    renamed = '[class]\nstudents = 4\nminutes = 1\n[[event]]\nat = 20\nwho = %s\nrename = "Quentin"\n'
    one = source(tmp_path, renamed % "[2]")
    names = {tile.student: tile.name for tile in one.truth(10).tiles}
    later = {tile.student: tile.name for tile in one.truth(30).tiles}
    assert later == {**names, 2: "Quentin"}
    assert [each.name for each in one.truth(30).students][1] == "Quentin"
    box = next(tile.box for tile in one.truth(30).tiles if tile.student == 2)
    same = source(tmp_path, "[class]\nstudents = 4\nminutes = 1\n")
    now, otherwise = one.grab(30), same.grab(30)
    assert now is not None
    assert otherwise is not None
    differs = np.argwhere((now != otherwise).any(axis=2))
    assert box.y + 0.8 * box.h < differs[:, 0].min() <= differs[:, 0].max() < box.bottom
    several = source(tmp_path, renamed % "[2, 3]").truth(30)
    assert [each.name for each in several.students][1:3] == ["Quentin 2", "Quentin 3"]


def test_a_varied_class_sits_in_special_ways_within_the_tiles(tmp_path: Path) -> None:
    text = "[class]\nstudents = 40\nminutes = 1\nvariety = 1.0\n"
    drawn = source(tmp_path, text)
    truth = drawn.truth(10)
    sits = [drawn._seats[student].sits for student in range(1, 41)]
    assert set(sits) == {"upright", "pair", "low", "aside"}
    cut = 0
    for tile in truth.tiles:
        assert tile.face is not None
        assert tile.student is not None
        seat = sits[tile.student - 1]
        assert (tile.beside is not None) == (seat == "pair")
        for face in (tile.face, tile.beside):
            assert face is None or tile.box.overlap(face) == face.area
        cut += tile.face.w != tile.face.h
    assert cut >= 3
    assert not any(tile.beside for tile in source(tmp_path, text.replace("1.0", "0.0")).truth(10).tiles)


def test_a_chat_panel_leaves_the_tiles_less_room(tmp_path: Path) -> None:
    text = "[class]\nstudents = 9\nminutes = 1\npanel = true\n"
    with_chat = source(tmp_path, text)
    image = with_chat.grab(10)
    assert image is not None
    assert (image[100:-100, -150:] == 250).mean() > 0.8
    assert max(tile.box.right for tile in with_chat.truth(10).tiles) < 0.78 * image.shape[1]


def test_the_source_ends_and_refuses_what_is_no_time(tmp_path: Path) -> None:
    made = source(tmp_path, BUSY, minutes=1)
    assert made.grab(59.9) is not None
    assert made.grab(60) is None
    with pytest.raises(ValueError, match="negative"):
        made.grab(-1)
    made.close()
    assert made.grab(3) is not None


def test_every_theme_paints_any_number_of_students() -> None:
    script = read_script("calm_class")
    for theme, students in zip(THEMES, (1, 4, 9, 25, 7, 16, 12, 49), strict=True):
        made = SyntheticSource(script, students, width=800, height=450, theme=theme)
        picture = made.grab(3)
        assert picture is not None
        assert len(made.truth(3).tiles) == students
        assert picture.std() > 20


def test_names_are_given_once_and_the_teacher_comes_first(tmp_path: Path) -> None:
    made = source(tmp_path, "[class]\nstudents = 70\nteacher = true")
    truth = made.truth(0)
    names = [student.name for student in truth.students]
    assert len(set(names)) == 70
    assert len(set(NAMES[0] + NAMES[1])) == len(NAMES[0]) + len(NAMES[1])
    assert (truth.tiles[0].student, truth.tiles[0].name) == (None, "You")
    assert (len(truth.tiles), truth.pages) == (49, 2)


def test_opened_by_specification() -> None:
    made = from_spec(SourceSpec(SourceKind.SYNTHETIC, students=5, seed=3, minutes=1, script="sad_film"))
    assert (made.plan.students, made.plan.seed, made.plan.duration) == (5, 3, 60)
    assert from_spec(SourceSpec(SourceKind.SYNTHETIC)).plan.script.name == "demo"
    with pytest.raises(ScriptError, match="no script"):
        from_spec(SourceSpec(SourceKind.SYNTHETIC, script="nothing_like_it"))
    with pytest.raises(SourceError, match="too small"):
        SyntheticSource(read_script("demo"), width=100, height=50)


def test_memory_stays_within_bounds() -> None:
    made = SyntheticSource(read_script("demo"), 16, width=960, height=540)
    for seconds in range(0, 120, 7):
        made.grab(seconds)
    assert made.memory < 200 << 20
