"""Names: read as the label shows them, cleaned for the pages, matched to a roster."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from classroom_monitor.errors import SettingsError
from classroom_monitor.labels import read_labels
from classroom_monitor.names import NameReader, clean_name, name_likeness, read_roster, same_name, tidy
from classroom_monitor.records import Image
from tests.conftest import missing
from tests.drawn_calls import paint_call, seats
from tests.test_labels import real_tiles

LATIN = (
    "Amelie Novak", "Bo Larsen", "Chidi Okafor", "Émile Durand", "Fatima Zahra", "Grace H. Jones",
    "Jörg Schüßler", "Leo (he/him)", "Mónica Ruiz", "Priya R...", "Tuan Anh", "Zoë O'Neil",
)  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> NameReader:
    pytest.importorskip("rapidocr")
    return NameReader()


def test_latin_names_are_read_as_the_labels_show_them(reader: NameReader) -> None:
    image, gallery = paint_call(seats(LATIN), height=200)
    labels = read_labels(image, gallery.tiles)
    read = [None if label is None else reader.read(label.picture) for label in labels]
    right = sum(text == name for text, name in zip(read, LATIN, strict=True))
    assert right >= 11, read


def test_nothing_readable_gives_no_name(reader: NameReader) -> None:
    rng = np.random.default_rng(1)
    noise: Image = rng.integers(0, 60, (20, 90, 3), dtype=np.uint8)
    assert reader.read(np.full((20, 90, 3), 30, np.uint8)) is None
    assert reader.read(noise) is None
    assert reader.read(np.zeros((2, 2, 3), np.uint8)) is None
    assert reader.read(np.zeros((20, 90), np.uint8)) is None


def test_a_label_is_read_once(reader: NameReader, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.full((24, 130, 3), 40, np.uint8)
    cv2.putText(picture, "Amelie", (8, 18), (255, 255, 255), cv2.FontFace("sans"), 16, 400)
    assert reader.read(picture) == "Amelie"
    monkeypatch.setattr(reader, "_recognise", lambda _: pytest.fail("read twice"))
    assert reader.read(picture.copy()) == "Amelie"


def test_without_the_package_nothing_is_read_and_one_warning_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    bare = NameReader()
    picture: Image = np.full((24, 130, 3), 40, np.uint8)
    with caplog.at_level(logging.WARNING):
        assert bare.read(picture) is None
        assert bare.read(picture[:, :60]) is None
    assert [r.message for r in caplog.records] == [
        "names are not read: the package rapidocr is not installed"
    ]


def test_telemetry_is_off_before_onnxruntime_is_imported() -> None:
    code = (
        "import sys, numpy as np\n"
        "from classroom_monitor.names import NameReader\n"
        "assert 'onnxruntime' not in sys.modules and 'rapidocr' not in sys.modules\n"
        "import importlib.abc, os\n"
        "class Watch(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime': print('telemetry', os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        "NameReader().read(np.full((24, 130, 3), 40, np.uint8))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if "telemetry" not in done.stdout:
        missing("onnxruntime is not installed")
    assert done.stdout.split("\n")[0] == "telemetry 1"
    assert "RapidOCR" not in done.stderr  # its logger is quiet


@pytest.mark.parametrize(
    ("shown", "short"),
    [
        ("Amelie Novak (Host)", "Amelie Novak"),
        ("Leo (he/him)", "Leo"),
        ("Ana (Host, me) ", "Ana"),
        ("Robin Ashgrove (he/h...", "Robin Ashgrove"),
        ("Milena Quort...", "Milena Quort"),
        ("Milena Quort…", "Milena Quort"),
        ("小雨（主持人）", "小雨"),
        ("Guest [external]", "Guest"),
        ("(she/her)", "(she/her)"),
        ("  Bo   Larsen\t", "Bo Larsen"),
        ("\u202eevil\u202c", "evil"),
        ("", ""),
    ],
)
def test_a_short_name_has_no_roles_and_no_pronouns(shown: str, short: str) -> None:
    assert clean_name(shown) == short


def test_tidy_keeps_what_the_label_shows_in_a_common_form() -> None:
    assert tidy("Zoë") == "Zoë"
    assert tidy("a\x00b\u200fc\nd") == "abc d"
    assert tidy("<b>Ana</b> & Bo") == "<b>Ana</b> & Bo"  # the pages write names as text
    assert len(tidy("x" * 10_000)) == 120


def test_names_are_compared_without_accents_case_and_a_misread_letter() -> None:
    assert same_name("Mónica Ruiz", "monica ruiz (she/her)")
    assert same_name("Torben Lindqvist", "Torten Lindqvist")
    assert same_name("Bartholomew Fenn...", "Bartholomew Fennanova")
    assert not same_name("Anna", "Anne Marie")
    assert not same_name("Tom", "Tim")
    assert not same_name("", "Tim")
    assert name_likeness("李小雨", "李小雨") == 1
    assert 0 <= name_likeness("Иван", "Ivan") < 0.5


ROSTER = """name,aliases
Amelie Novak,Amy;A. Novak
Tom Berg,
"Ruiz, Mónica",Moni
Tim Berg,
"""


@pytest.fixture
def roster_file(tmp_path: Path) -> Path:
    file = tmp_path / "course.csv"
    file.write_text(ROSTER, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("label", "student"),
    [
        ("Amelie Novak (she/her)", "Amelie Novak"),
        ("amy", "Amelie Novak"),
        ("Amelle Novak", "Amelie Novak"),
        ("moni", "Ruiz, Mónica"),
        ("Tom Berg", "Tom Berg"),
        ("T. Berg", None),  # Tom or Tim
        ("Somebody Else", None),
        ("", None),
    ],
)
def test_a_label_finds_its_student_in_the_roster(roster_file: Path, label: str, student: str | None) -> None:
    assert read_roster(roster_file).match(label) == student


def test_a_roster_may_have_other_columns_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_bytes(b"\xef\xbb\xbfgroup,Name\r\nA,Ana\r\n\r\nB,Bo\r\n")
    assert read_roster(file).students == (("Ana", ()), ("Bo", ()))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "row 1 must be the heading"),
        (b"who,alias\nAna,\n", "row 1 must be the heading"),
        (b"name,aliases\n", "no students"),
        (b"name,aliases\nAna,\n ,x\n", "row 3 has no name"),
        (b"name,aliases\nAna,\nana,\n", "row 3 repeats the name of row 2"),
        (b"name,aliases\nRuiz, Ana, Moni\n", "row 2 has 3 cells"),
        (b"name\n\xff\xfe\n", "UTF-8"),
    ],
)
def test_a_wrong_roster_is_refused_in_one_line_that_names_the_row(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "course.csv"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        read_roster(file)
    message = str(refused.value)
    assert message.startswith("course.csv: ")
    assert said in message
    assert "\n" not in message


def test_a_missing_roster_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.csv: the roster cannot be read"):
        read_roster(tmp_path / "nowhere.csv")


def test_real_labels_are_read_as_they_are_shown(reader: NameReader, test_data: Path) -> None:
    right = total = 0
    for image, tiles, names in real_tiles(test_data):
        for label, name in zip(read_labels(image, tiles), names, strict=True):
            if name is not None:
                total += 1
                right += label is not None and reader.read(label.picture) == name
    assert total == 132
    assert right >= 0.85 * total, f"{right} of {total}"
