from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from classroom_monitor.errors import SourceError
from classroom_monitor.records import SourceKind, SourceSpec
from classroom_monitor.settings import load_settings
from classroom_monitor.sources import open_source
from classroom_monitor.sources.pictures import PictureSource


def save(file: Path, level: int) -> None:
    Pillow.new("RGB", (8, 6), (level, level, level)).save(file)


def levels(source: PictureSource) -> list[int]:
    found = []
    while (image := source.grab(0.0)) is not None:
        assert image.shape == (6, 8, 3)
        assert image.dtype == np.uint8
        found.append(int(image[0, 0, 0]))
    return found


def test_pictures_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    save(tmp_path / "b.png", 20)
    save(tmp_path / "a.bmp", 10)
    save(tmp_path / "c.PNG", 30)
    (tmp_path / "notes.txt").write_text("not asked for")
    (tmp_path / "d.png").mkdir()
    save(tmp_path / ".hidden.png", 99)
    reports: list[str] = []
    source = PictureSource(tmp_path, 12000, reports.append)
    assert levels(source) == [10, 20, 30]
    assert source.grab(1.0) is None
    assert reports == []


def test_a_bad_picture_is_reported_and_skipped(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 10)
    (tmp_path / "b.png").write_text("this is no picture")
    save(tmp_path / "c.png", 30)
    whole = (tmp_path / "c.png").read_bytes()
    (tmp_path / "d.png").write_bytes(whole[: len(whole) // 2])
    save(tmp_path / "e.png", 50)
    Pillow.new("RGB", (300, 2)).save(tmp_path / "f.png")
    reports: list[str] = []
    assert levels(PictureSource(tmp_path, 200, reports.append)) == [10, 30, 50]
    assert len(reports) == 3
    for report, name in zip(reports, ("b.png", "d.png", "f.png"), strict=True):
        assert name in report
        assert "\n" not in report


def test_by_default_the_log_takes_the_report(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "b.png").write_text("this is no picture")
    source = open_source(SourceSpec(SourceKind.PICTURES, str(tmp_path)), load_settings())
    assert source.grab(0.0) is None
    assert "b.png" in caplog.text


def test_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no picture"):
        PictureSource(tmp_path, 12000)
    with pytest.raises(SourceError, match="no such folder"):
        PictureSource(tmp_path / "none", 12000)
    save(tmp_path / "a.png", 10)
    with pytest.raises(SourceError, match="is a file; give the folder"):
        PictureSource(tmp_path / "a.png", 12000)


def test_closing_ends_it(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 10)
    source = PictureSource(tmp_path, 12000)
    source.close()
    assert source.grab(0.0) is None
