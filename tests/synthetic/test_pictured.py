"""Face pictures in the tiles: reading them, who shows which, and what is true then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classroom_monitor.errors import DataError, ScriptError
from classroom_monitor.gallery import GalleryReader
from classroom_monitor.records import EXPRESSIONS, FlagKind, TileState
from classroom_monitor.rehearse import rehearse
from classroom_monitor.settings import configs_folder, load_settings
from classroom_monitor.synthetic.pictured import FacePictures, PicturedSource, read_face_pictures
from classroom_monitor.synthetic.plan import default_coordinates
from classroom_monitor.synthetic.script import Script, read_script

HAPPY, NEUTRAL, SAD = (EXPRESSIONS.index(name) for name in ("happy", "neutral", "sad"))


def stored(folder: Path, **arrays: object) -> Path:
    file = folder / "faces.npz"
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file


def picture(shade: int, side: int = 48) -> np.ndarray:
    return np.full((side, side), shade, np.uint8)


def script(folder: Path) -> Script:
    file = folder / "told.toml"
    event = '[[event]]\nat = 30\nfor = 30\nexpression = "happy"\nstrength = 0.9\n'
    file.write_text("[class]\nstudents = 6\nminutes = 2\n" + event, encoding="utf-8")
    return read_script(file)


class TestReading:
    def test_labels_votes_and_persons(self, tmp_path: Path) -> None:
        votes = np.zeros((3, 10), int)
        votes[0] = (5, 5, 0, 0, 0, 0, 0, 0, 0, 0)  # neutral and happy
        found = read_face_pictures(
            stored(
                tmp_path,
                image=np.stack([picture(10), picture(20), picture(30)]),
                label=np.array([NEUTRAL, SAD, -1]),
                votes=votes,
                person=np.array([7, 7, 9]),
            )
        )
        coordinates = default_coordinates()
        assert found.images.shape == (2, 48, 48, 3)  # of the last nothing is known
        assert found.valence == pytest.approx([coordinates[HAPPY] / 2, coordinates[SAD]])
        assert found.shows[1, SAD] == 1
        assert found.person is not None
        assert found.person.tolist() == [7, 7]

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"label": np.zeros(1, int)}, "no array 'image'"),
            ({"image": np.zeros((1, 4, 4), np.uint8)}, "no array 'label'"),
            ({"image": np.zeros((1, 4, 4)), "label": np.zeros(1, int)}, "needed is uint8"),
            ({"image": np.zeros((1, 4), np.uint8), "label": np.zeros(1, int)}, "needed is uint8"),
            ({"image": np.zeros((2, 4, 4), np.uint8), "label": np.zeros(1, int)}, r"label has shape \[1\]"),
            ({"image": np.zeros((1, 4, 4), np.uint8), "label": np.full(1, 7)}, "label 7 is out of range"),
            ({"image": np.zeros((1, 4, 4), np.uint8), "label": np.full(1, -1)}, "no picture"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path: Path, arrays: dict[str, object], message: str) -> None:
        with pytest.raises(DataError, match=message):
            read_face_pictures(stored(tmp_path, **arrays))

    def test_files_that_are_none(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no such file"):
            read_face_pictures(tmp_path / "none.npz")
        text = tmp_path / "text.npz"
        text.write_text("no array")
        with pytest.raises(DataError, match="not a whole"):
            read_face_pictures(text)


def shows(**shares: float) -> np.ndarray:
    return np.array([shares.get(name, 0.0) for name in EXPRESSIONS])


class TestClass:
    FACES = FacePictures(
        images=np.stack([np.repeat(picture(shade)[..., None], 3, 2) for shade in (40, 80, 120, 160)]),
        shows=np.stack(
            [shows(neutral=1), shows(happy=1), shows(neutral=0.9, sad=0.1), shows(happy=0.8, neutral=0.2)]
        ),
        person=np.array([1, 1, 2, 2]),
    )

    def test_the_script_decides_what_is_shown_and_the_picture_what_is_true(self, tmp_path: Path) -> None:
        source = PicturedSource(self.FACES, script(tmp_path), None, 1, 2.0)
        calm, happy = source.truth(10), source.truth(45)
        assert {student.valence for student in calm.students} == set(self.FACES.valence[[0, 2]])
        assert {student.valence for student in happy.students} == set(self.FACES.valence[[1, 3]])
        assert happy.valence == pytest.approx(self.FACES.valence[[1, 3]].mean())

    def test_of_many_pictures_those_are_shown_that_look_as_the_script_says(self, tmp_path: Path) -> None:
        """Half a smile is half a smile: a share of the votes, not the most voted."""
        happy = np.linspace(0, 1, 41)
        faces = FacePictures(
            images=np.zeros((41, 48, 48, 3), np.uint8),
            shows=np.stack([shows(happy=share, neutral=1 - share) for share in happy]),
            person=None,
        )
        for strength in (0.3, 0.6, 0.9):
            file = tmp_path / "told.toml"
            event = f'[[event]]\nat = 30\nexpression = "happy"\nstrength = {strength}\n'
            file.write_text("[class]\nstudents = 8\nminutes = 2\n" + event, encoding="utf-8")
            source = PicturedSource(faces, read_script(file), None, 1, 2.0)
            for seconds in (60, 75, 90):
                truth = source.truth(seconds)
                assert truth.valence == pytest.approx(source.plan.valence(seconds), abs=0.06)

    def test_only_what_a_picture_can_show_is_expected_to_be_flagged(self, tmp_path: Path) -> None:
        told = "[class]\nstudents = 6\nminutes = 4\n"
        for who, look, kind in (
            (1, 'expression = "sad"', "lower"),
            (2, 'expression = "sad"', "lower"),
            (3, 'turn = "away"', "turned_away"),
        ):
            told += f'[[event]]\nat = 60\nfor = 90\nwho = ["S0{who}"]\n{look}\nflag = "{kind}"\n'
        file = tmp_path / "told.toml"
        file.write_text(told, encoding="utf-8")
        faces = FacePictures(
            images=np.zeros((3, 48, 48, 3), np.uint8),
            shows=np.stack([shows(neutral=1), shows(neutral=1), shows(sad=1)]),
            person=np.array([1, 2, 2]),
        )
        plan = PicturedSource(faces, read_script(file), None, 1, 4.0).plan
        assert [(need.student, need.kind) for need in plan.flags] == [(1, FlagKind.LOWER)]

    def test_a_student_keeps_the_person_and_is_painted_where_the_truth_says(self, tmp_path: Path) -> None:
        source = PicturedSource(self.FACES, script(tmp_path), None, 1, 2.0)
        for seconds in (10, 45):
            image = source.grab(seconds)
            assert image is not None
            for student in source.truth(seconds).students:
                assert student.face is not None
                row = int(np.flatnonzero(self.FACES.valence == student.valence)[0])
                assert self.FACES.person is not None
                assert self.FACES.person[row] == (1, 2)[student.student % 2]
                face = student.face
                shade = image[face.y + face.h // 2, face.x + face.w // 2]
                assert shade == pytest.approx(self.FACES.images[row, 0, 0], abs=12)

    @pytest.mark.parametrize("shade", [5, 60, 250])
    def test_dark_or_bright_pictures_are_part_of_a_video_all_the_same(
        self, tmp_path: Path, shade: int
    ) -> None:
        """A still picture in a bare tile would be read as a profile picture, or as a sign."""
        images = np.stack([picture(shade)] * 2)
        images[:, 12:36, 12:36] += np.uint8(5)
        pictures = read_face_pictures(stored(tmp_path, image=images, label=np.array([NEUTRAL, HAPPY])))
        source, reader = PicturedSource(pictures, script(tmp_path)), GalleryReader()
        for number in range(20):
            frame = source.grab(2.0 * number)
            assert frame is not None
            gallery = reader.read(frame)
        assert [tile.state for tile in gallery.tiles] == [TileState.NO_FACE] * 6

    def test_they_need_pixels(self, tmp_path: Path) -> None:
        settings = load_settings(configs_folder() / "default.toml")
        with pytest.raises(ScriptError, match="need pixels"):
            rehearse(settings, script(tmp_path), pixels=False, faces=self.FACES)
