"""Checks what the program needs on this computer, and says what to do where something is missing."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from classroom_monitor.errors import ClassroomError
from classroom_monitor.settings import Settings, config_folder, data_folder

# The lowest and the first version that is out (pyproject.toml says the same; why is told in the remedy).
PYTHON = ((3, 11), (3, 14))
MEDIAPIPE = ((0, 10, 32), (0, 10, 34))
TORCH_FROM = (2, 10)  # earlier ones can be made to run code by a weights file (CVE-2026-24747)

# Each of these brings a `cv2` of its own into the same folder; of different versions they break one another.
OPENCV = ("opencv-python", "opencv-contrib-python", "opencv-python-headless")

# A lecture of 3 hours takes some 10 MB; an update of the store copies it first.
LEAST_FREE_MB = 200


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. needed: nothing works without it. remedy: empty where it is well."""

    name: str
    ok: bool
    needed: bool
    detail: str
    remedy: str = ""


# What a check found: whether it is well, what was found, what to do if not.
Finding = tuple[bool, str, str]


def run_doctor(settings: Settings, store_url: str | None) -> tuple[Check, ...]:
    """Every check, in the order of what depends on what. Never raises: what fails is a finding.

    store_url: as for open_store; None is SQLite in the user's data folder.
    """
    checks: tuple[tuple[str, bool, Callable[[], Finding]], ...] = (
        ("python", True, _python),
        ("settings", False, _settings),
        ("mediapipe", True, _mediapipe),
        ("opencv", True, _opencv),
        ("torch", True, _torch),
        ("face model", True, _face_model),
        ("weights", True, _weights),
        ("telemetry off", True, _telemetry),
        ("names", False, _names),
        ("screen", False, _screen),
        ("windows", False, _windows),
        ("store", True, lambda: _store(store_url)),
        ("disk", True, lambda: _disk(store_url)),
        ("port", False, lambda: _port(settings.dashboard.port)),
    )
    return tuple(_run(name, needed, look) for name, needed, look in checks)


def _run(name: str, needed: bool, look: Callable[[], Finding]) -> Check:
    try:
        ok, detail, remedy = look()
    except ClassroomError as problem:
        ok, detail, remedy = False, _one_line(problem), "do what the message says"
    except Exception as problem:
        ok, detail = False, f"{type(problem).__name__}: {_one_line(problem)}"
        remedy = "install the program again into an environment of its own, with constraints.txt"
    return Check(name, ok, needed, detail, "" if ok else remedy)


def _python() -> Finding:
    low, below = PYTHON
    found = sys.version_info[:2]
    remedy = f"install with Python {low[0]}.{low[1]} to {below[0]}.{below[1] - 1}"
    return low <= found < below, f"Python {sys.version.split()[0]}", remedy


def _settings() -> Finding:
    file = config_folder() / "settings.toml"
    return True, f"{file} ({'read' if file.exists() else 'not there: the defaults hold'})", ""


def _mediapipe() -> Finding:
    version = _version("mediapipe")
    low, below = MEDIAPIPE
    remedy = 'pip install "mediapipe>=0.10.32,<0.10.34" (later ones send usage metrics)'
    return low <= _numbers(version) < below, version or "not installed", remedy


def _opencv() -> Finding:
    installed = {name: version for name in OPENCV if (version := _version(name))}
    detail = ", ".join(f"{name} {version}" for name, version in installed.items()) or "not installed"
    wanted = _version("opencv-contrib-python") or next(iter(installed.values()), "")
    remedy = "pip install --force-reinstall --no-deps " + " ".join(
        f'"{name}=={wanted}"' for name in installed
    )
    if not installed:
        return False, detail, "pip install mediapipe, which brings it"
    import cv2

    same = len(set(installed.values())) == 1
    loaded = str(cv2.__version__)
    if not same:
        return False, f"{detail}: different versions in one folder", remedy
    return wanted.startswith(loaded), f"{detail}; loaded: {loaded}", remedy


def _torch() -> Finding:
    version = _version("torch")
    return _numbers(version) >= TORCH_FROM, version or "not installed", 'pip install "torch>=2.10"'


def _face_model() -> Finding:
    from classroom_monitor.models import REMEDY, face_detector, face_landmarker

    try:
        face_landmarker()
        face_detector()
    except ClassroomError as problem:
        return False, _one_line(problem), REMEDY
    return True, "face_landmarker.task found, SHA-256 as it should be", ""


def _weights() -> Finding:
    from classroom_monitor.expression import load_weights

    remedy = "install classroom-monitor again: its own weights are missing or altered"
    try:
        weights = load_weights()
    except ClassroomError as problem:
        return False, _one_line(problem), remedy
    return True, f"SHA-256 {weights.sha256[:16]}… as it should be", ""


def _telemetry() -> Finding:
    """The name reader's runtime sends usage data unless told otherwise before it is imported."""
    off = os.environ.get("ORT_DISABLE_TELEMETRY") == "1"
    detail = f"ORT_DISABLE_TELEMETRY={os.environ.get('ORT_DISABLE_TELEMETRY', '')}"
    return off, detail, "set ORT_DISABLE_TELEMETRY=1 (the command classroom-monitor does so itself)"


def _names() -> Finding:
    version = _version("rapidocr")
    return bool(version), f"rapidocr {version or 'not installed'}", 'pip install "rapidocr>=3.10,<4"'


def _screen() -> Finding:
    from classroom_monitor.sources.screen import monitors
    from classroom_monitor.sources.windows import session

    remedy = (
        "watch a recording (--source video:PATH) or a camera (--source webcam:0) instead, or try the demo"
    )
    try:
        found = monitors()
    except ClassroomError as problem:
        return False, _one_line(problem), remedy
    sizes = ", ".join(f"monitor {number}: {box.w}x{box.h}" for number, box in enumerate(found, 1))
    return True, f"{session()}, {sizes}", ""


def _windows() -> Finding:
    from classroom_monitor.sources.windows import list_windows

    try:
        found = list_windows()
    except ClassroomError as problem:
        return (
            False,
            _one_line(problem),
            "choose a monitor (--monitor 1) or a region (--region X,Y,W,H) instead",
        )
    return True, f"{len(found)} to choose from", ""


def _store(url: str | None) -> Finding:
    folder = _store_folder(url)
    if folder is None:
        return _database(url or "")
    there = next(each for each in (folder, *folder.parents) if each.exists())
    remedy = f"let your account write to {there}, or choose another place with --store sqlite:///PATH"
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as problem:
        return False, f"{folder} cannot be written ({problem.strerror})", remedy
    return True, f"{folder} can be written", ""


def _database(url: str) -> Finding:
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    remedy = "check the address given with --store, and that the database runs"
    try:
        address = make_url(url)
        shown = address.render_as_string(hide_password=True)
        engine = create_engine(address)
        try:
            with engine.connect() as connection:
                connection.execute(text("select 1"))
        finally:
            engine.dispose()
    except ImportError:
        return (
            False,
            f"{url.partition(':')[0]}: its driver is not installed",
            ("pip install 'classroom-monitor[postgres]' and write postgresql+psycopg://…"),
        )
    except SQLAlchemyError as problem:
        return False, f"the store does not answer ({type(problem).__name__})", remedy
    return True, f"{shown} answers", ""


def _disk(url: str | None) -> Finding:
    folder = _store_folder(url) or data_folder()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free // 1_000_000
    return free >= LEAST_FREE_MB, f"{free} MB free at {there}", f"free at least {LEAST_FREE_MB} MB there"


def _port(port: int) -> Finding:
    remedy = "stop what uses it (another classroom-monitor?), or give --port 0 for any free one"
    if port == 0:
        return True, "any free one", ""
    with socket.socket() as trial:
        if os.name == "posix":  # a port that was just left is free; Windows means something else by this
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as problem:
            return False, f"{port} cannot be used ({problem.strerror})", remedy
    return True, f"{port} is free", ""


def _store_folder(url: str | None) -> Path | None:
    """The folder of an SQLite store; None for a database server."""
    if url is None:
        return data_folder()
    if not url.startswith("sqlite"):
        return None
    path = url.partition("///")[2]
    return Path(path).absolute().parent if path else Path(tempfile.gettempdir())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """`2.13.0+cpu` as (2, 13, 0); empty for none."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())
