"""A writer that is killed at any moment loses no look that was kept; many kills: `python tests/kills.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kills import SETTINGS, Tally, kill_often

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")


def test_no_kept_look_is_lost_and_the_store_opens(tmp_path: Path) -> None:
    tally = kill_often(8, tmp_path, seed=7)
    assert (tally.kills, tally.unreadable, tally.broken, tally.lost) == (8, 0, 0, 0)
    assert tally.looks > 8
    assert tally.unsaved <= SETTINGS.commit_seconds


def test_a_loss_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool itself: a store that forgets its last batch is caught."""
    from classroom_monitor.store import Store

    real = Store.class_looks
    monkeypatch.setattr(Store, "class_looks", lambda self, name: real(self, name).iloc[:-9])
    tally = kill_often(2, tmp_path, seed=7)
    assert tally != Tally(2)
    assert tally.broken == tally.kills + 1  # the first session is looked at twice
