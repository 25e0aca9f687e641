"""The commands over a store: what they print, where, and how they end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from classroom_monitor import cli, export
from classroom_monitor.clock import SteppedClock
from classroom_monitor.settings import load_settings
from classroom_monitor.store import open_store
from dashboard import made_up


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with one lecture."""
    made = f"sqlite:///{tmp_path / 'sessions.db'}"
    clock = SteppedClock()
    store = open_store(made, clock, load_settings().store)
    made_up.store_lecture(store, clock, minutes=3, students=6)
    store.close()
    return made


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The program with these arguments; gives its exit code."""
    monkeypatch.setattr(sys, "argv", ["classroom-monitor", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_sessions_prints_json_and_nothing_else(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sessions", "--json", "--store", url) == 0
    printed = capsys.readouterr()
    (session,) = json.loads(printed.out)
    assert session["id"] == "lecture"
    assert session["ended"] == "stopped"
    assert printed.err == ""


def test_sessions_for_people_names_title_and_id(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sessions", "--store", url) == 0
    printed = capsys.readouterr().out
    assert "lecture" in printed
    assert "Statistics" in printed


def test_export_writes_the_five_files_and_never_over_others(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, "export", "last", "--out", str(out), "--store", url) == 0
    written = {"class.csv", "students.csv", "flags.csv", "markers.csv", "session.json"}
    assert {file.name for file in out.iterdir()} == written
    assert run(monkeypatch, "export", "last", "--out", str(out), "--store", url) == 1
    printed = capsys.readouterr()
    assert "--force" in printed.err.splitlines()[-1]
    assert printed.out == ""
    assert run(monkeypatch, "export", "last", "--out", str(out), "--store", url, "--force") == 0


def test_export_stopped_by_ctrl_c_leaves_no_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "flags_table", pressed)  # class and students are written by then
    out = tmp_path / "out"
    assert run(monkeypatch, "export", "last", "--out", str(out), "--store", url) == 130
    assert list(out.iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err


def test_titles_cannot_write_to_the_terminal(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(url, SteppedClock(), load_settings().store)
    store.rename_session("lecture", "[/red]\x1b[2J\x9bm\u202eevil", "[link=http://x]y[/link]")
    store.close()
    assert run(monkeypatch, "sessions", "--store", url) == 0
    printed = capsys.readouterr().out
    assert "[/red]" in printed
    assert not {"\x1b", "\x9b", "\u202e"} & set(printed)


def test_export_writes_a_report(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "report"
    assert run(monkeypatch, "export", "last", "--format", "html", "--out", str(out), "--store", url) == 0
    assert (out / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_delete_is_final(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "delete", "last", "--yes", "--store", url) == 0
    assert run(monkeypatch, "delete", "last", "--yes", "--store", url) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_rehearse_prints_the_contracts_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--no-pixels", "--script", "calm_class", "--minutes", "2", "--students", "6", "--json"]
    assert run(monkeypatch, "rehearse", *asked) == 0
    score = json.loads(capsys.readouterr().out)
    assert {"frames", "students", "minutes", "script", "seed", "valence_correlation"} <= set(score)
    assert {"valence_mae", "interval_coverage", "delay_median_s", "flags", "moments"} <= set(score)
    assert score["frames"] == 60


def test_a_wrong_option_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "demo", "--students", "3") == 2
    assert "--students" in capsys.readouterr().err


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.strip()
