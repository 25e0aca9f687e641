"""The arrows between the modules go one way, and cli alone knows both sides."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From left to right as the data flows; a module imports only what stands before it (or in the base).
BASE = ("records", "errors", "settings", "clock")
FLOW = (
    "logs", "models", "pictures", "labels", "names", "network", "synthetic", "sources", "gallery", "faces",
    "cues", "identity", "expression", "mood", "flags", "hints", "moments", "store", "export", "remote",
    "read", "pipeline", "rehearse", "parts", "runner", "bench", "doctor", "analyze", "cli", "__main__",
)  # fmt: skip
# What the dashboard may know of the watcher: values, the store, and the far end of the pipe.
DASHBOARD_MAY = {*BASE, "store", "export", "remote"}


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def rooms(package: str, file: Path) -> set[str]:
    """The modules of a package that a file imports, by their first name."""
    return {name.split(".")[1] for name in imports(file) if name.startswith(f"{package}.")} - {"__version__"}


def watcher_files() -> list[Path]:
    return sorted((ROOT / "classroom_monitor").rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(ROOT / "classroom_monitor").parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", watcher_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_the_watchers_arrows_go_one_way(file: Path) -> None:
    room = room_of(file)
    if room == "__init__":
        assert not rooms("classroom_monitor", file)
        return
    if room in BASE:
        assert rooms("classroom_monitor", file) <= {*BASE, room}
        return
    assert room in FLOW, (
        f"{room} has no place in the flow: give it one in this test and in docs/how-it-works.md"
    )
    after = set(FLOW[FLOW.index(room) + 1 :])
    assert not rooms("classroom_monitor", file) & after


@pytest.mark.parametrize("name", ["mood", "flags", "hints", "moments", "cues", "pipeline"])
def test_what_judges_over_time_knows_no_clock(name: str) -> None:
    """The source's own seconds are all there is: no daylight saving, no clock that is set, no zone."""
    found = imports(ROOT / "classroom_monitor" / f"{name}.py")
    assert not found & {"time", "datetime", "zoneinfo", "classroom_monitor.clock"}


@pytest.mark.parametrize("file", watcher_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_only_the_cli_knows_the_dashboard(file: Path) -> None:
    foreign = {name.split(".")[0] for name in imports(file)} & {"dashboard", "training"}
    assert not foreign or (room_of(file) == "cli" and foreign == {"dashboard"})


@pytest.mark.parametrize("file", sorted((ROOT / "dashboard").rglob("*.py")), ids=lambda file: file.name)
def test_the_dashboard_never_touches_the_model(file: Path) -> None:
    assert rooms("classroom_monitor", file) <= DASHBOARD_MAY
    assert not {name.split(".")[0] for name in imports(file)} & {
        "torch",
        "mediapipe",
        "cv2",
        "mss",
        "training",
    }


@pytest.mark.parametrize("file", watcher_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_the_product_never_needs_the_training_extra(file: Path) -> None:
    assert "torchvision" not in {name.split(".")[0] for name in imports(file)}
