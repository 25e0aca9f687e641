"""The settings page: every setting with unit, range, default and what it changes; what is typed is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsing import until

from classroom_monitor.settings import load_settings, setting_paths
from dashboard import wording
from dashboard.app import create_app
from dashboard.context import Context
from dashboard.pages import settings

from .conftest import TOKEN, Lecture
from .test_live import texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def context_of(lecture: Lecture, file: Path, **more: Any) -> Context:
    return Context(lecture.store, lecture.settings, settings_file=file, **more)


def test_every_setting_has_a_value_a_default_a_range_and_a_reason(lecture: Lecture) -> None:
    """Check 38."""
    found = [row for rows in settings.rows(lecture.settings).values() for row in rows]
    assert [row.path for row in found] == list(setting_paths())
    assert not any(row.changed for row in found)
    assert all(row.allowed and row.why for row in found)
    hold = next(row for row in found if row.path == "flags.hold")
    assert (hold.value, hold.allowed, hold.unit) == ("30", "5 to 300 s", "s")
    assert hold.why.startswith("a condition must last")


def test_what_is_typed_is_written_checked_and_taken_back(lecture: Lecture, file: Path) -> None:
    file.write_text("# mine\n[flags]\nhold = 40  # longer\nclear = 20\n", encoding="utf-8")
    context = context_of(lecture, file)
    assert settings.put(context, "flags.hold", "45") == ("45", wording.SETTINGS_NEXT, False)
    assert settings.put(context, "mood.valence.happy", "0.7")[0] == "0.7"
    assert settings.put(context, "names.own_label", '<b>"Ana"\\</b>')[0] == '<b>"Ana"\\</b>'
    loaded = load_settings(file)
    assert (loaded.flags.hold, loaded.flags.clear, loaded.mood.valence.happy) == (45, 20, 0.7)
    assert loaded.names.own_label == '<b>"Ana"\\</b>'
    assert file.read_text(encoding="utf-8").startswith("# mine\n[flags]\nhold = 45  # longer\nclear = 20\n")
    before = file.read_bytes()
    for path, wrong, says in (
        ("flags.hold", "2", "Not saved. 2 is out of range; allowed: 5 to 300 s."),
        ("flags.hold", "soon", "Not saved."),
        ("flags.hold", "", "Not saved."),
        ("flags.bucket", "1.5", "whole number"),
        ("names.names", "all", "not known"),
        ("mood.somewhat", "0.45", "must be below"),
    ):
        assert says in settings.put(context, path, wrong)[1]
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert settings.put(context, "flags.hold", None) == ("30", wording.SETTINGS_NEXT, True)
    assert load_settings(file).flags.hold == 30
    assert context.settings.flags.hold == 30  # what a running session was started with


def test_the_settings_of_the_pages_hold_at_once(lecture: Lecture, file: Path) -> None:
    context = context_of(lecture, file)
    assert settings.put(context, "dashboard.refresh", "5")[1] == wording.SETTINGS_HELD
    assert context.settings.dashboard.refresh == 5
    assert settings.put(context, "dashboard.port", "9000")[1] == wording.SETTINGS_NEXT
    assert context.settings.dashboard.port == lecture.settings.dashboard.port


def test_pages_that_are_served_to_others_change_nothing(lecture: Lecture, file: Path) -> None:
    context = context_of(lecture, file, editable=False)
    assert settings.put(context, "flags.hold", "45")[1] == wording.SETTINGS_READ
    assert not file.exists()
    assert "TextInput" not in str(settings.layout(context))


def test_a_broken_file_is_told(lecture: Lecture, file: Path) -> None:
    file.write_text("[flags]\nhodl = 3", encoding="utf-8")
    context = context_of(lecture, file)
    assert "did you mean flags.hold?" in texts(settings.layout(context))
    assert "did you mean flags.hold?" in settings.put(context, "flags.hold", "45")[1]


def test_what_a_teacher_may_change_comes_first_and_nothing_is_missing(lecture: Lecture, file: Path) -> None:
    found = texts(settings.layout(context_of(lecture, file)))
    places = [
        found.index(path) for path in ("dashboard.refresh", "flags.hold", "names.names", "capture.rate")
    ]
    assert places == sorted(places)
    assert places[2] < found.index(wording.SETTINGS_REST) < places[3]
    assert all(path in found for path in setting_paths())


def test_a_setting_is_changed_in_the_browser(
    lecture: Lecture, file: Path, serve_pages: Callable[..., str], open_tab: Callable[..., Any]
) -> None:
    app = create_app(lecture.store, lecture.settings, TOKEN, clock=lecture.clock, settings_file=file)
    page = open_tab(serve_pages(app).replace("/?", "/settings?"), 320, 800, "light").page
    field = page.get_by_label("flags.hold", exact=True)
    field.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    field.fill("2")
    field.press("Enter")
    page.wait_for_selector("text=2 is out of range; allowed: 5 to 300 s")
    assert not file.exists()
    field.fill("45")
    field.press("Enter")
    page.wait_for_selector(f"text={wording.SETTINGS_NEXT}")
    assert load_settings(file).flags.hold == 45
    page.get_by_role("button", name="Reset flags.hold to its default").click()
    until(page, lambda: field.input_value() == "30")
    page.get_by_role("group", name="store.class_only").get_by_text("on", exact=True).click()
    until(page, lambda: load_settings(file).store.class_only)
    assert load_settings(file).flags.hold == 30


def test_a_value_that_is_not_the_default_can_be_reset(lecture: Lecture) -> None:
    changed = replace(lecture.settings, flags=replace(lecture.settings.flags, hold=45.0))
    row = next(each for each in settings.rows(changed)["flags"] if each.path == "flags.hold")
    assert (row.value, row.default, row.changed) == ("45", "30", True)
