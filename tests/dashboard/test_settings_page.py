"""The settings page: every setting, with unit, range, default and what it changes."""

from __future__ import annotations

from dataclasses import replace

from classroom_monitor.settings import setting_paths
from dashboard.context import Context
from dashboard.pages import settings

from .conftest import Lecture
from .test_live import texts


def test_every_setting_has_a_value_a_default_a_range_and_a_reason(lecture: Lecture) -> None:
    found = settings.rows(Context(lecture.store, lecture.settings))
    assert {f"{section}.{row.key}" for section, rows in found.items() for row in rows} == set(setting_paths())
    rows = [row for each in found.values() for row in each]
    assert all(row.value == row.default for row in rows)
    assert all(row.allowed for row in rows)
    without_reason = [row.key for row in rows if not row.why]
    assert set(without_reason) <= {"disgust", "fear", "happy", "sad", "surprise", "neutral", "angry"}
    hold = next(row for row in found["flags"] if row.key == "hold")
    assert (hold.value, hold.allowed) == ("30", "5 to 300 s")
    assert hold.why.startswith("a condition must last")


def test_a_changed_value_stands_out(lecture: Lecture) -> None:
    changed = replace(lecture.settings, flags=replace(lecture.settings.flags, hold=45.0))
    page = settings.layout(Context(lecture.store, changed))
    assert "45 30 5 to 300 s" in texts(page)
    assert "settings.toml" in texts(page)
