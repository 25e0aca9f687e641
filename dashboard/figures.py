"""The mood line: middle, interval and coverage of the class over time, as Plotly figures.

Figures are plain objects that Plotly takes as they are: building them through plotly.py's validation would
cost a live page 30 ms a refresh. The tests validate them. Numbers travel as typed arrays (base 64), a
third of their size as text. Times on the axis are seconds of the session; the ticks carry the clock.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classroom_monitor.records import ClassWord, Marker
from dashboard import wording
from dashboard.theme import AXIS, Palette, template

Figure = dict[str, Any]
Numbers = NDArray[np.float64]

#: Nothing is drawn between two looks further apart than this (s): a gap stays a gap.
GAP = 15.0

#: The height that an axis grows to when the class leaves the usual one: two steps, so it does not breathe.
AXIS_WIDE = 0.8

#: The ribbon is fully coloured from here (valence); the scale is the same on every page.
RIBBON_END = 0.6


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks of the class as arrays of one length: seconds, valence, low, high (NaN: unknown), seen, few."""

    seconds: Numbers
    valence: Numbers
    low: Numbers
    high: Numbers
    seen: Numbers
    few: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.seconds)


def looks_of(frame: pd.DataFrame) -> Looks:
    """The looks in a frame of Store.class_looks."""

    def numbers(name: str) -> Numbers:
        return frame[name].to_numpy(dtype=np.float64)

    few = frame["word"].to_numpy() == ClassWord.TOO_FEW.value
    return Looks(
        numbers("seconds"), numbers("valence"), numbers("low"), numbers("high"), numbers("seen"), few
    )


def packed(values: Numbers, kind: str = "f4") -> Figure:
    """Numbers as Plotly's typed array; NaN is a gap."""
    data = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
    return {"dtype": kind, "bdata": base64.b64encode(data.tobytes()).decode("ascii")}


def runs(seconds: Numbers, known: NDArray[np.bool_], gap: float = GAP) -> Iterator[slice]:
    """Stretches of looks that are known and no further apart than `gap` seconds."""
    if not len(seconds):
        return
    breaks = np.flatnonzero((np.diff(seconds) > gap) | (known[1:] != known[:-1])) + 1
    for start, stop in zip([0, *breaks], [*breaks, len(seconds)], strict=True):
        if known[start]:
            yield slice(int(start), int(stop))


def gaps(looks: Looks, gap: float = GAP) -> tuple[tuple[float, float], ...]:
    """Stretches without a look, as (from, to) in seconds."""
    steps = np.flatnonzero(np.diff(looks.seconds) > gap)
    return tuple((float(looks.seconds[i]), float(looks.seconds[i + 1])) for i in steps)


def reach(looks: Looks) -> float:
    """Half the height of the valence axis: wide enough for the middle, in one of two steps."""
    known = looks.valence[~np.isnan(looks.valence)]
    return AXIS_WIDE if len(known) and np.abs(known).max() > AXIS - 0.03 else AXIS


def gradient(colours: Palette) -> Figure:
    """The ribbon's fill: unpleasant below, pleasant above, grey in the middle."""
    far, near = colours.far, colours.near
    low, middle, high = (
        colours.fade(colours.unpleasant, far),
        colours.fade(colours.neutral, near),
        colours.fade(colours.pleasant, far),
    )
    stops = [[0, low], [0.2, low], [0.5, middle], [0.8, high], [1, high]]
    return {"type": "vertical", "start": -RIBBON_END, "stop": RIBBON_END, "colorscale": stops}


def ribbon(looks: Looks, colours: Palette, **more: Any) -> list[Figure]:
    """The 90 % interval, one filled outline a stretch without gaps."""
    traces = []
    for run in runs(looks.seconds, ~(np.isnan(looks.low) | np.isnan(looks.high))):
        seconds = looks.seconds[run]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": packed(np.concatenate([seconds, seconds[::-1]])),
                "y": packed(np.concatenate([looks.high[run], looks.low[run][::-1]])),
                "fill": "toself",
                "fillgradient": gradient(colours),
                "line": {"width": 0},
                "hoverinfo": "skip",
                "meta": "band",
                **more,
            }
        )
    return traces


def line(looks: Looks, colours: Palette, width: float, **more: Any) -> list[Figure]:
    """The middle of the faces seen: solid, and dotted where too few are seen; broken at gaps."""
    solid: list[Numbers] = []
    dotted: list[Numbers] = []
    for run in runs(looks.seconds, ~np.isnan(looks.valence)):
        few = looks.few[run]
        points = np.stack([looks.seconds[run], looks.valence[run]])
        for part in runs(looks.seconds[run], np.ones(len(few), dtype=bool)):
            edges = np.flatnonzero(np.diff(few[part])) + 1
            for start, stop in zip([0, *edges], [*edges, len(few[part])], strict=True):
                # A stretch reaches to the first point of the next, so that solid and dotted meet.
                piece = points[:, part][:, start : stop + 1]
                (dotted if few[part][start] else solid).extend([piece, np.full((2, 1), np.nan)])
    traces = []
    for pieces, dash in ((solid, "solid"), (dotted, "2px,5px")):
        if pieces:
            x, y = np.concatenate(pieces, axis=1)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": packed(x),
                    "y": packed(y),
                    "connectgaps": False,
                    "line": {"color": colours.ink, "width": width, "dash": dash},
                    "hoverinfo": "skip",
                    "meta": "line" if dash == "solid" else "few",
                    **more,
                }
            )
    return traces


def end_dot(looks: Looks, colours: Palette) -> list[Figure]:
    """The last look: a dot, hollow where too few are seen."""
    known = np.flatnonzero(~np.isnan(looks.valence))
    if not len(known):
        return []
    last = known[-1]
    ring = colours.ink if looks.few[last] else colours.ground
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [float(looks.seconds[last])],
            "y": [round(float(looks.valence[last]), 4)],
            "marker": {
                "size": 11,
                "color": colours.ground if looks.few[last] else colours.ink,
                "line": {"width": 2, "color": ring},
            },
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
    ]


def coverage(looks: Looks, colours: Palette, axis: str = "y2", **more: Any) -> list[Figure]:
    """How many faces were seen, in steps, below the line on the same time axis; broken at gaps."""
    traces = []
    for run in runs(looks.seconds, ~np.isnan(looks.seen)):
        seconds, seen = looks.seconds[run], looks.seen[run]
        keep = np.ones(len(seen), dtype=bool)  # only where it changes, and both ends
        keep[1:-1] = seen[1:-1] != seen[:-2]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": packed(seconds[keep]),
                "y": packed(seen[keep]),
                "yaxis": axis,
                "line": {"color": colours.ink2, "width": 1.25, "shape": "hv"},
                "fill": "tozeroy",
                "fillcolor": colours.fade(colours.ink3, 0.28),
                "hoverinfo": "skip",
                "meta": "seen",
                **more,
            }
        )
    return traces


def ticks(
    start: float, end: float, local: Callable[[float], datetime], step: float
) -> tuple[list[float], list[str]]:
    """Places and labels on the time axis at every `step` seconds of the clock; the end is left to `now`.

    local: the local time at a second of the session, which may pass faster than the clock.
    """
    begun = local(start)
    walled = (local(end) - begun).total_seconds()
    past = (begun.minute * 60 + begun.second + begun.microsecond / 1e6) % step
    on_clock = np.arange((step - past) % step, walled - step * 0.6, step)
    places = [float(start + at * (end - start) / walled) for at in on_clock]
    return places, [f"{begun + timedelta(seconds=at + 0.5):%H:%M}" for at in on_clock]


def mark(
    marker: Marker, colours: Palette, bottom: float, longest: int = 24, left: bool = False
) -> tuple[list[Figure], list[Figure]]:
    """The teacher's mark: a solid pennant that hangs from the top edge, as shapes and annotations.

    bottom: where its pole ends, as a share of the height. longest: characters that its text may have; below 3
    it has none. left: it flies to the left, where there is no room on the right.
    """
    side = -1 if left else 1
    shapes = [
        {
            "type": "line",
            "x0": marker.seconds,
            "x1": marker.seconds,
            "yref": "paper",
            "y0": bottom,
            "y1": 1,
            "line": {"color": colours.ink, "width": 1.5},
        },
        {
            "type": "path",
            "xsizemode": "pixel",
            "ysizemode": "pixel",
            "xanchor": marker.seconds,
            "yanchor": 1,
            "yref": "paper",
            "path": f"M0,0H{11 * side}L{8 * side},-4.5L{11 * side},-9H0Z",
            "fillcolor": colours.ink,
            "line": {"width": 0},
        },
    ]
    if longest < 3:
        return shapes, []
    text = marker.text or wording.MARK_LABELS[marker.kind]
    note = {
        "x": marker.seconds,
        "y": 1,
        "yref": "paper",
        "xanchor": "right" if left else "left",
        "yanchor": "top",
        "xshift": 14 * side,
        "yshift": 4,
        "text": wording.plotly_text(text, longest),
        "showarrow": False,
        "font": {"color": colours.ink, "weight": 500},
    }
    return shapes, [note]


def _zero(colours: Palette, y: float = 0, axis: str = "y") -> Figure:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": axis,
        "y0": y,
        "y1": y,
        "line": {"color": colours.edge, "width": 1, "dash": "1px,4px"},
        "layer": "below",
    }


def _note(text: str, **place: Any) -> Figure:
    return {"text": text, "showarrow": False, "xref": "paper", "yref": "paper", **place}


def compact_line(looks: Looks, colours: Palette, start: float, end: float, first: str, last: str) -> Figure:
    """The ten-minute line of the compact view, as high as it has room. first, last: the words below it."""
    height = reach(looks)
    quiet = {"color": colours.ink3}
    left = {"x": 0, "xanchor": "left", "xshift": -2}
    return {
        "data": [*ribbon(looks, colours), *line(looks, colours, 2), *end_dot(looks, colours)],
        "layout": {
            "template": template(colours),
            "uirevision": "live",
            "hovermode": False,
            "margin": {"l": 0, "r": 6, "t": 0, "b": 24},
            "xaxis": {"range": [start, end], "showticklabels": False},
            "yaxis": {"range": [-height, height], "showticklabels": False},
            "shapes": [_zero(colours)],
            "annotations": [
                _note(wording.FAMILIES[0], **left, y=1, yanchor="top", font=quiet),
                _note(wording.FAMILIES[2], **left, y=0, yanchor="bottom", font=quiet),
                _note(first, **left, y=0, yanchor="top", yshift=-6, font=quiet),
                _note(last, x=1, xanchor="right", xshift=8, y=0, yanchor="top", yshift=-6, font=quiet),
            ],
        },
    }


def live_line(
    looks: Looks,
    colours: Palette,
    start: float,
    end: float,
    local: Callable[[float], datetime],
    expected: int,
    markers: Sequence[Marker] = (),
) -> Figure:
    """The ten-minute line of the full live view with the strip of faces seen below it, 256 px high.

    expected: students that could be seen, the height of the strip.
    """
    height = reach(looks)
    # From the foot: 24 px of ticks outside; of the 232 inside, 24 for the strip, 24 free, 184 for the line.
    foot, top = 48 / 232, 24 / 232
    places, labels = ticks(start, end, local, 60)
    shapes: list[Figure] = [_zero(colours), _zero(colours, expected // 2, "y2")]
    notes: list[Figure] = []
    for at in (-0.4, 0.4):
        rule = {**_zero(colours, at), "line": {"color": colours.hair, "width": 1}}
        shapes.append(rule)
    shown = [each for each in markers if start <= each.seconds <= end]
    pixels = 732 / (end - start)  # a second, on a page 1280 px wide
    for marker, following in itertools.zip_longest(shown, shown[1:]):
        left = following is None and (end - marker.seconds) * pixels < 110
        room = end - marker.seconds if following is None else following.seconds - marker.seconds
        # 7 px a character, 18 px for the pennant.
        drawn, words = mark(
            marker, colours, foot, 24 if left else min(24, int((room * pixels - 18) / 7)), left
        )
        shapes += drawn
        notes += words
    outside = {"xanchor": "left", "x": 0, "xshift": -94}
    for at, name, sign in ((0.4, "pleasant", "●"), (0.0, "neutral", "▬"), (-0.4, "unpleasant", "◆")):
        coloured = f'<span style="color:{getattr(colours, name)}">{sign}</span> {name}'
        notes.append({**_note(coloured, **outside, y=at), "yref": "y", "yanchor": "middle"})
    last = {"x": 1, "xanchor": "right", "xshift": 4, "y": 0, "yanchor": "top", "yshift": 0}
    notes.append(_note(wording.NOW, **last, font={"color": colours.ink, "weight": 500}))
    notes.append(_note(wording.FACES_SEEN, **outside, y=top / 2, yanchor="bottom", yshift=-3))
    half = _note(wording.half(expected), **outside, y=top / 2, yanchor="top", yshift=1)
    notes.append({**half, "font": {"color": colours.ink3}})
    for begins, ends in gaps(looks):
        if (ends - begins) / (end - start) >= 0.04:  # room for the words
            text = wording.not_read(ends - begins)
            middle = {"x": (begins + ends) / 2, "y": -height, "xref": "x", "yref": "y"}
            notes.append({**_note(text), **middle, "yanchor": "bottom", "font": {"color": colours.ink3}})
    return {
        "data": [
            *ribbon(looks, colours),
            *line(looks, colours, 2.25),
            *end_dot(looks, colours),
            *coverage(looks, colours),
        ],
        "layout": {
            "template": template(colours),
            "uirevision": "live",
            "hovermode": False,
            "margin": {"l": 92, "r": 8, "t": 0, "b": 24},
            "xaxis": {"range": [start, end + 1], "tickvals": places, "ticktext": labels, "anchor": "y2"},
            "yaxis": {"range": [-height, height], "domain": [foot, 1], "showticklabels": False},
            "yaxis2": {
                "range": [0, max(1, expected)],
                "domain": [0, top],
                "showticklabels": False,
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
            },
            "shapes": shapes,
            "annotations": notes,
        },
    }
