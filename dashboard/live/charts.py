"""The charts of the live page."""

from __future__ import annotations

from dataclasses import replace

from classroom_monitor.records import HealthState, MarkerKind
from dashboard import figures, wording
from dashboard.live.now import READING, WINDOW, Now, View
from dashboard.theme import palette

#: At the start of a session the line has so much room (s), which grows to WINDOW with it.
WINDOW_FIRST = 120.0


def line(now: Now, view: View) -> figures.Figure:
    """The ten-minute line."""
    colours = palette(view.dark)
    if now.health.state not in (*READING, HealthState.PAUSED):
        colours = replace(colours, pleasant=colours.edge, neutral=colours.edge, unpleasant=colours.edge)
    looks = figures.looks_of(now.looks)
    end = now.seconds
    start = end - min(WINDOW, max(WINDOW_FIRST, end))
    if view.compact:
        reading = now.health.state in READING
        last = wording.NOW if reading else now.clock(end)
        return figures.compact_line(looks, colours, start, end, now.clock(start), last)
    expected = 0 if now.last is None else now.last.expected
    marks = [each for each in now.markers if each.kind is not MarkerKind.TURN]
    return figures.live_line(looks, colours, start, end, now.local, expected, marks)
