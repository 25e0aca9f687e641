"""The mood line: gaps stay gaps, too few is dotted, the ribbon is as wide as the interval."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from classroom_monitor.records import ClassWord, Marker, MarkerKind
from dashboard import figures
from dashboard.theme import DARK, LIGHT, PALETTES, Palette

TEN = datetime(2026, 11, 19, 10)


def looks(
    count: int = 300,
    step: float = 2.0,
    gap: slice | None = None,
    few: slice | None = None,
    half: float = 0.1,
    valence: float = 0.1,
) -> figures.Looks:
    frame = pd.DataFrame(
        {
            "seconds": np.arange(count) * step,
            "valence": valence,
            "low": valence - half,
            "high": valence + half,
            "seen": 20.0,
            "word": ClassWord.MOSTLY_NEUTRAL.value,
        }
    )
    if few is not None:
        frame.loc[frame.index[few], "word"] = ClassWord.TOO_FEW.value
    if gap is not None:
        frame = frame.drop(frame.index[gap])
    return figures.looks_of(frame)


def numbers(packed: dict[str, str]) -> Any:
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"])


def drawn(found: figures.Looks, colours: Palette = DARK) -> figures.Figure:
    return figures.live_line(found, colours, 0.0, 600.0, lambda s: TEN + timedelta(seconds=s), 28)


def lines(figure: figures.Figure, dash: str) -> Any:
    traces = [each for each in figure["data"] if each.get("line", {}).get("dash") == dash]
    return numbers(traces[0]["x"]) if traces else np.array([])


@pytest.mark.parametrize("colours", PALETTES)
def test_plotly_takes_the_figures(colours: Palette) -> None:
    found = looks(gap=slice(100, 120), few=slice(200, 220))
    go.Figure(drawn(found, colours))
    go.Figure(figures.compact_line(found, colours, 0, 600, "10:00", "now"))
    go.Figure(drawn(looks(0), colours))


def test_a_gap_over_fifteen_seconds_is_never_joined() -> None:
    """Check 16."""
    figure = drawn(looks(gap=slice(100, 110)))
    x = lines(figure, "solid")
    broken = np.flatnonzero(np.isnan(x))
    assert x[broken[0] - 1] == 198.0
    assert x[broken[0] + 1] == 220.0
    ribbons = [each for each in figure["data"] if each.get("fill") == "toself"]
    assert len(ribbons) == 2
    assert numbers(ribbons[0]["x"]).max() == 198.0
    assert numbers(ribbons[1]["x"]).min() == 220.0
    strips = [each for each in figure["data"] if each.get("fill") == "tozeroy"]
    assert len(strips) == 2


def test_a_pause_of_fifteen_seconds_is_no_gap() -> None:
    assert len(list(figures.runs(np.array([0.0, 15.0, 30.0]), np.ones(3, bool)))) == 1
    assert len(list(figures.runs(np.array([0.0, 15.1]), np.ones(2, bool)))) == 2


def test_a_gap_says_how_long_nothing_was_read() -> None:
    notes = [each["text"] for each in drawn(looks(gap=slice(100, 120)))["layout"]["annotations"]]
    assert "not read for 42 s" in notes


def test_too_few_is_dotted_and_meets_the_solid_line() -> None:
    """Check 15."""
    figure = drawn(looks(few=slice(100, 150)))
    solid, dotted = lines(figure, "solid"), lines(figure, "2px,5px")
    assert np.nanmin(dotted) == 200.0
    assert np.nanmax(dotted) == 300.0
    assert 200.0 in solid
    assert 300.0 in solid
    assert not np.isin(np.arange(202.0, 300.0, 2.0), solid).any()


def test_the_last_dot_is_hollow_where_too_few_are_seen() -> None:
    whole, few = looks(), looks(few=slice(290, 300))
    assert figures.end_dot(whole, DARK)[0]["marker"]["color"] == DARK.ink
    assert figures.end_dot(few, DARK)[0]["marker"]["color"] == DARK.ground
    assert figures.end_dot(looks(0), DARK) == []


def test_the_ribbon_is_as_wide_as_the_interval() -> None:
    def width(half: float) -> float:
        ribbon = figures.ribbon(looks(half=half), LIGHT)[0]
        y = numbers(ribbon["y"])
        return float(y.max() - y.min())

    assert width(0.2) == pytest.approx(2 * width(0.1), abs=1e-6)


def test_the_ribbon_is_coloured_by_valence_alike_on_every_page() -> None:
    fill = figures.ribbon(looks(), DARK)[0]["fillgradient"]
    assert (fill["start"], fill["stop"]) == (-0.6, 0.6)
    assert fill["colorscale"][0][1] == "rgba(230,159,0,0.4)"
    assert fill["colorscale"][-1][1] == "rgba(86,180,233,0.4)"


def test_a_very_pleasant_class_stays_on_the_chart() -> None:
    assert figures.reach(looks(valence=0.1)) == 0.5
    assert figures.reach(looks(valence=0.6)) == 0.8
    assert figures.reach(looks(valence=-0.6)) == 0.8


def test_ticks_stand_on_whole_minutes_of_the_clock() -> None:
    half = TEN + timedelta(seconds=34.9)
    places, labels = figures.ticks(10.0, 610.0, lambda s: half + timedelta(seconds=s), 60)
    assert places[0] == pytest.approx(25.1)
    assert labels == [f"10:{minute:02d}" for minute in range(1, 11)]
    assert places[-1] <= 610.0 - 36
    assert np.diff(places) == pytest.approx(60.0)


def test_ticks_name_each_minute_once_whatever_the_pace_of_the_session() -> None:
    """A slow machine or a sped-up recording: the session's seconds are not those of the clock."""
    for pace in (0.25, 0.94, 0.995, 1.2):
        places, labels = figures.ticks(
            0.0, 600.0 / pace, lambda s, pace=pace: TEN + timedelta(seconds=s * pace), 60
        )
        assert labels == [f"10:{minute:02d}" for minute in range(10)]
        assert np.diff(places) == pytest.approx(60 / pace)


def test_a_mark_is_a_pennant_from_the_top_and_its_text_is_neutralised() -> None:
    shapes, notes = figures.mark(Marker(60.0, MarkerKind.EXERCISE, "<b>Bayes</b> $x$"), DARK, 0.2)
    assert shapes[0]["y1"] == 1
    assert "<" not in notes[0]["text"]
    assert "$" not in notes[0]["text"]
    _shapes, plain = figures.mark(Marker(60.0, MarkerKind.BREAK), DARK, 0.2)
    assert plain[0]["text"] == "Break"


def test_ten_minutes_fit_into_a_few_kilobytes() -> None:
    found = looks(320, 1.875, gap=slice(100, 120), few=slice(200, 240))
    assert len(json.dumps(drawn(found))) < 16_000
