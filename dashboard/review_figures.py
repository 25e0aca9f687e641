"""The figures of the review, as plain Plotly objects: timeline with coverage, lanes of shares, one student.

They are drawn for a palette and a width class, hold no more points than can be seen, and share one time axis
in seconds since the start. assets/review.js moves that axis without asking the server.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from classroom_monitor.records import EXPRESSIONS, Flag, Marker, MarkerKind
from dashboard import figures, theme, wording
from dashboard import review_wording as words
from dashboard.summary import Z90, Lecture, Numbers, Series, StudentSeries, true_runs
from dashboard.theme import Palette

Figure = dict[str, Any]

#: Left margin in px: room for the labels of the lanes, wide and compact.
MARGIN = {False: 132, True: 84}
LANES_MARGIN = {False: 132, True: 116}
#: Right margin: room for half of the last time under the axis.
RIGHT = 24

TIMELINE_HEIGHT = {False: 372, True: 330}
LANES_HEIGHT = {False: 300, True: 280}

#: Where the parts of the timeline stand, in shares of the plotted height, from the bottom.
STRIP = (0.0, 0.135)
DIAMONDS = 0.235
MOOD = (0.31, 1.0)

LINE = 1.75

#: Points of a lane: dashes are costly to draw, and a lane is 30 px high.
LANE_POINTS = 400


def timeline(lecture: Lecture, colours: Palette, compact: bool, shown: tuple[float, float]) -> Figure:
    """The mood of the class with its interval, the faces seen below it, marks above and turns at the foot."""
    series = lecture.series
    looks = drawn(series)
    height = figures.reach(looks)
    data = [*figures.ribbon(looks, colours), *figures.line(looks, colours, LINE), _hover(lecture, colours)]
    data += figures.coverage(looks, colours)
    turns = [each for each in lecture.markers if each.kind is MarkerKind.TURN]
    marks = [each for each in lecture.markers if each.kind is not MarkerKind.TURN]
    data.append(_diamonds(turns, colours))
    top = max(1, lecture.expected)
    shapes = [_zero(colours), _half(top, colours), *_shade(lecture, colours)]
    shapes += [_tie(series, turn, height, colours) for turn in turns]
    notes = [*_mood_labels(height, colours, compact), *_strip_labels(lecture, colours, compact)]
    for number, mark in enumerate(marks, 1):
        end = marks[number].seconds if number < len(marks) else math.inf
        shapes += _pennant(mark, colours)
        notes.append(_pennant_label(mark, end, colours, compact))
    notes += _silences(lecture, height, colours)
    layout = _layout(lecture, colours, compact, shown)
    layout |= {
        "height": TIMELINE_HEIGHT[compact],
        "margin": {"l": MARGIN[compact], "r": RIGHT, "t": 30, "b": 40, "pad": 0},
        "yaxis": {
            "domain": MOOD,
            "range": [-height, height],
            "showticklabels": False,
            "fixedrange": True,
        },
        "yaxis2": {
            "domain": STRIP,
            "range": [0, top * 1.08],
            "showticklabels": False,
            "fixedrange": True,
            "anchor": "x",
        },
        "yaxis3": {
            "domain": [DIAMONDS - 0.02, DIAMONDS + 0.02],
            "range": [-1, 1],
            "showticklabels": False,
            "fixedrange": True,
            "anchor": "x",
        },
        "shapes": shapes,
        "annotations": notes,
    }
    return {"data": data, "layout": layout}


def lanes(lecture: Lecture, colours: Palette, compact: bool, shown: tuple[float, float]) -> Figure:
    """One lane for each of the seven expressions: its share of the faces."""
    series = lecture.series
    data: list[Figure] = []
    shapes: list[Figure] = []
    notes: list[Figure] = []
    layout = _layout(lecture, colours, compact, shown)
    top = lane_top(series)
    count = len(wording.LOOK_ORDER)
    block = max(1, len(series) // LANE_POINTS)
    for place, name in enumerate(wording.LOOK_ORDER):
        axis = "" if place == 0 else str(place + 1)
        bottom = 1 - (place + 1) / count
        share = series.shares[:, EXPRESSIONS.index(name)] if len(series) else np.zeros(0)
        share = np.where(series.few, np.nan, share) if len(series) else share
        ceiling = 1.0 if name == "neutral" else top
        layout[f"yaxis{axis}"] = {
            "domain": [bottom, bottom + 0.86 / count],
            "range": [0, ceiling],
            "showticklabels": False,
            "fixedrange": True,
            "anchor": "x",
        }
        colour = colours.expression(name)
        if not np.isfinite(share).any():
            data.append({"type": "scatter", "x": [0], "y": [None], "yaxis": f"y{axis}"})  # draws the lane
        for piece in series.runs():
            for part in true_runs(np.isfinite(share[piece])):
                here = slice(piece.start + part.start, piece.start + part.stop)
                data.append(
                    {
                        "type": "scatter",
                        "x": figures.packed(_blocks(series.seconds[here], block)),
                        "y": figures.packed(_blocks(share[here], block)),
                        "yaxis": f"y{axis}",
                        "mode": "lines",
                        "line": {"color": colour, "width": LINE, "dash": theme.DASHES[name]},
                        "fill": "tozeroy",
                        "fillcolor": colours.fade(colour, 0.2),
                        "hoverinfo": "skip",
                    }
                )
        shapes.append(_rule(bottom, colours))
        known = share[np.isfinite(share)]
        label = wording.percent(float(np.median(known))) if len(known) else ""
        middle = bottom + 0.4 / count
        sample = {"color": colour, "width": LINE, "dash": theme.DASHES[name]}
        if not compact:
            shapes.append(
                {
                    "type": "line",
                    "xref": "paper",
                    "yref": "paper",
                    "xsizemode": "pixel",
                    "xanchor": 0,
                    "x0": -MARGIN[False],
                    "x1": -MARGIN[False] + 20,
                    "y0": middle,
                    "y1": middle,
                    "line": sample,
                }
            )
        notes.append(
            _margin_note(
                wording.LOOKS[name], middle, 0 if compact else 28, colours.ink2, LANES_MARGIN[compact]
            )
        )
        notes.append(
            {
                "text": label,
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": middle,
                "xanchor": "right",
                "yanchor": "middle",
                "xshift": -12,
                "showarrow": False,
                "font": {"color": colours.ink, "size": 12},
            }
        )
    if len(series):
        data.append(_lanes_hover(lecture, colours, count))
    layout |= {
        "height": LANES_HEIGHT[compact],
        "margin": {"l": LANES_MARGIN[compact], "r": RIGHT, "t": 4, "b": 8, "pad": 0},
        "shapes": shapes,
        "annotations": notes,
    }
    layout["xaxis"] = {**layout["xaxis"], "showticklabels": False}
    return {"data": data, "layout": layout}


def lane_top(series: Series) -> float:
    """The share at the top of the six smaller lanes: 40 %, or more where a look was that frequent."""
    others = [index for index, name in enumerate(EXPRESSIONS) if name != "neutral"]
    values = series.shares[:, others]
    most = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    return max(0.4, math.ceil(most * 10) / 10)


def drawn(series: Series) -> figures.Looks:
    """The series as the live page's figures draw it."""
    return figures.Looks(series.seconds, series.valence, series.low, series.high, series.seen, series.few)


def ticks(lecture: Lecture, start: float, end: float, most: int) -> tuple[list[float], list[str]]:
    """At most so many round times between start and end, as local clock over minutes in."""
    step = next((each for each in (60, 120, 300, 600, 900, 1800, 3600) if (end - start) / each <= most), 7200)
    first = math.ceil(start / step) * step
    at = [float(each) for each in range(first, int(end) + 1, step)]
    return at, [f"{words.clock(lecture, each)}<br>{int(each // 60)} min" for each in at]


# --- parts of the timeline ----------------------------------------------------------------------------------


def _layout(lecture: Lecture, colours: Palette, compact: bool, shown: tuple[float, float]) -> Figure:
    at, texts = ticks(lecture, *shown, 4 if compact else 10)
    return {
        "template": theme.template(colours),
        "hovermode": "x",
        "hoverdistance": -1,
        "spikedistance": -1,
        "dragmode": False if compact else "zoom",
        "uirevision": lecture.session.id,
        "xaxis": {
            "range": list(shown),
            "tickvals": at,
            "ticktext": texts,
            "tickangle": 0,
            "showgrid": True,
            "gridcolor": colours.hair,
            "fixedrange": compact,
            "anchor": "y2",
            "tickfont": {"color": colours.ink2, "size": 12},
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "data",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": colours.edge,
        },
    }


def _hover(lecture: Lecture, colours: Palette) -> Figure:
    """An unseen line that answers the mouse with time, value and count."""
    series = lecture.series
    texts = []
    rows = (series.valence, series.low, series.high)
    for index, seconds in enumerate(series.seconds):
        count = wording.seen(round(series.seen[index]), round(series.expected[index]))
        few = series.few[index] or not math.isfinite(series.valence[index])
        said = words.TOO_FEW if few else words.interval(*(row[index] for row in rows))
        texts.append(f"{words.clock(lecture, seconds)} · {words.minutes(seconds)}<br>{said}<br>{count}")
    return {
        "type": "scatter",
        "x": figures.packed(series.seconds),
        "y": figures.packed(np.nan_to_num(series.valence)),
        "mode": "lines",
        "line": {"color": "rgba(0,0,0,0)", "width": 0},
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
        "hoverlabel": {
            "bgcolor": colours.raised,
            "bordercolor": colours.edge,
            "font": {"color": colours.ink},
        },
    }


def _lanes_hover(lecture: Lecture, colours: Palette, count: int) -> Figure:
    series = lecture.series
    texts = []
    for index, seconds in enumerate(series.seconds):
        shares = series.shares[index]
        if series.few[index] or not np.isfinite(shares).all():
            said = words.TOO_FEW
        else:
            order = [
                (wording.LOOKS[name], float(shares[EXPRESSIONS.index(name)])) for name in wording.LOOK_ORDER
            ]
            said = "<br>".join(f"{name} {wording.percent(share)}" for name, share in order)
        texts.append(f"{words.clock(lecture, seconds)} · {words.minutes(seconds)}<br>{said}")
    return {
        "type": "scatter",
        "x": figures.packed(series.seconds),
        "y": [0.2] * len(series),
        "yaxis": f"y{count // 2 + 1}",
        "mode": "lines",
        "line": {"color": "rgba(0,0,0,0)", "width": 0},
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
        "hoverlabel": {
            "bgcolor": colours.raised,
            "bordercolor": colours.edge,
            "font": {"color": colours.ink},
        },
    }


def _diamonds(turns: Sequence[Marker], colours: Palette) -> Figure:
    return {
        "type": "scatter",
        "x": [round(each.seconds) for each in turns],
        "y": [0] * len(turns),
        "yaxis": "y3",
        "mode": "markers",
        "cliponaxis": False,
        "marker": {
            "symbol": "diamond",
            "size": 11,
            "color": colours.ground,
            "line": {"color": colours.ink, "width": 1.5},
        },
        "hoverinfo": "skip",
    }


def _tie(series: Series, turn: Marker, reach: float, colours: Palette) -> Figure:
    """The dots that tie a turn to the line."""
    value = 0.0
    if len(series):
        near = int(np.argmin(np.abs(series.seconds - turn.seconds)))
        value = float(np.nan_to_num(series.valence[near]))
    high = _height(value, reach)
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": turn.seconds,
        "x1": turn.seconds,
        "y0": DIAMONDS + 0.025,
        "y1": min(1.0, high),
        "line": {"color": colours.ink2, "width": 1.25, "dash": "1.5px,4px"},
    }


def _pennant(mark: Marker, colours: Palette) -> list[Figure]:
    """A pole from the strip to above the plot, with a pennant on it."""
    pole = {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": mark.seconds,
        "x1": mark.seconds,
        "y0": DIAMONDS + 0.035,
        "y1": 1.06,
        "line": {"color": colours.ink, "width": 1.5},
    }
    cloth = {
        "type": "path",
        "xref": "x",
        "yref": "paper",
        "xsizemode": "pixel",
        "ysizemode": "pixel",
        "xanchor": mark.seconds,
        "yanchor": 1.06,
        "path": "M-0.75,-1L10,-1L7.5,3.5L10,8L-0.75,8Z",
        "fillcolor": colours.ink,
        "line": {"width": 0},
    }
    return [pole, cloth]


def _fits(kind: str, start: float, end: float, text: str) -> str:
    """The name of an annotation that is shown where there is room for it (assets/review.js).

    kind: `after` one that stands from `start` on and must end before `end`; `over` one in the middle of both.
    """
    return f"{kind} {start:.0f} {end if math.isfinite(end) else 1e9:.0f} {len(text)}"


def _pennant_label(mark: Marker, end: float, colours: Palette, compact: bool) -> Figure:
    """The note of a mark, unless it would reach over the next one's pole at `end`."""
    text = wording.shown_name(mark.text, 16 if compact else 24) or wording.MARKERS[mark.kind]
    return {
        "name": _fits("after", mark.seconds, end, text),
        "text": wording.plotly_text(text),
        "xref": "x",
        "yref": "paper",
        "x": mark.seconds,
        "y": 1.06,
        "xanchor": "left",
        "yanchor": "middle",
        "xshift": 12,
        "yshift": 3,
        "showarrow": False,
        "font": {"color": colours.ink, "size": 12, "weight": 500},
    }


def _shade(lecture: Lecture, colours: Palette) -> list[Figure]:
    """The stretch that the sentence at the top is about."""
    if not lecture.stretches:
        return []
    told = lecture.stretches[0]
    return [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": told.start,
            "x1": told.end,
            "y0": 0,
            "y1": 1,
            "fillcolor": colours.fade(colours.edge, 0.14),
            "line": {"width": 0},
            "layer": "below",
        }
    ]


def _silences(lecture: Lecture, reach: float, colours: Palette) -> list[Figure]:
    """Words at the foot of stretches that are dotted or missing, where there is room."""
    told = [(start, end, words.TOO_FEW) for start, end in lecture.series.few_stretches()]
    told += [(start, end, words.NOTHING_READ) for start, end in lecture.series.gaps()]
    return [
        {
            "name": _fits("over", start, end, text),
            "text": text,
            "xref": "x",
            "yref": "y",
            "x": (start + end) / 2,
            "y": -reach * 0.86,
            "yanchor": "middle",
            "showarrow": False,
            "font": {"color": colours.ink3, "size": 12},
        }
        for start, end, text in sorted(told)
    ]


def _height(valence: float, reach: float, room: tuple[float, float] = MOOD) -> float:
    """Where a valence stands in the plotted height, 0..1."""
    return room[0] + (valence + reach) / (2 * reach) * (room[1] - room[0])


def _mood_labels(
    reach: float, colours: Palette, compact: bool, room: tuple[float, float] = MOOD
) -> list[Figure]:
    signs = {"pleasant": ("●", 0.4), "neutral": ("▬", 0.0), "unpleasant": ("◆", -0.4)}
    notes = []
    for name, (sign, value) in signs.items():
        at = _height(value, reach, room)
        notes.append(_margin_note(sign, at, 0, getattr(colours, name), MARGIN[compact]))
        notes.append(_margin_note(name, at, 16 if compact else 20, colours.ink2, MARGIN[compact]))
    return notes


def _strip_labels(lecture: Lecture, colours: Palette, compact: bool) -> list[Figure]:
    top = lecture.expected
    text = f"{wording.FACES_SEEN}<br>of {top}" + ("" if compact else f", {wording.half(top)}")
    return [_margin_note(text, (STRIP[0] + STRIP[1]) / 2, 0, colours.ink2, MARGIN[compact])]


def _margin_note(text: str, at: float, indent: float, colour: str, margin: int) -> Figure:
    """Text that begins at the left edge of the figure, at that height (share of the plot)."""
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": at,
        "xanchor": "left",
        "yanchor": "middle",
        "align": "left",
        "xshift": indent - margin,
        "showarrow": False,
        "font": {"color": colour, "size": 12},
    }


def _zero(colours: Palette) -> Figure:
    return _level("y", 0, colours)


def _half(top: int, colours: Palette) -> Figure:
    return _level("y2", top / 2, colours)


def _level(axis: str, at: float, colours: Palette) -> Figure:
    return {
        "type": "line",
        "xref": "paper",
        "yref": axis,
        "x0": 0,
        "x1": 1,
        "y0": at,
        "y1": at,
        "line": {"color": colours.edge, "width": 1, "dash": "1.5px,3px"},
    }


def _rule(at: float, colours: Palette) -> Figure:
    return {
        "type": "line",
        "xref": "paper",
        "yref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": at,
        "y1": at,
        "line": {"color": colours.hair, "width": 1},
    }


def _blocks(values: Numbers, size: int) -> Numbers:
    """Means of so many neighbours each; the last block may be smaller."""
    starts = np.arange(0, len(values), size)
    means: Numbers = np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))
    return means


# --- one student --------------------------------------------------------------------------------------------

STUDENT_HEIGHT = {False: 500, True: 420}
STUDENT_MARGIN = {False: 112, True: 96}
STUDENT_ROWS = (words.LOOKS_USED, words.BROW, words.AWAY, words.EYES)
STUDENT_CHART = (0.36, 1.0)
STUDENT_FOOT = (0.0, 0.28)


def student(
    lecture: Lecture,
    series: StudentSeries,
    error: float,
    flags: Sequence[Flag],
    colours: Palette,
    compact: bool,
    shown: tuple[float, float],
) -> Figure:
    """One student against the own usual look, with the signs below; no one else is drawn.

    error: standard error of one reading.
    """
    data: list[Figure] = []
    for piece in series.runs():
        x, y = series.seconds[piece], series.away[piece]
        half = Z90 * error
        common = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
        outline = {"x": np.concatenate([x, x[::-1]]), "y": np.concatenate([y + half, y[::-1] - half])}
        band = {"fill": "toself", "fillgradient": figures.gradient(colours), "line": {"width": 0}}
        data.append({**common, **{axis: figures.packed(values) for axis, values in outline.items()}, **band})
        line = {"color": colours.ink, "width": 2}
        data.append({**common, "x": figures.packed(x), "y": figures.packed(y), "line": line})
    for row, flagged in enumerate((series.used, series.brow, series.turned, series.closed)):
        data.append(_bars(series, flagged, len(STUDENT_ROWS) - row - 0.5, colours, thin=row == 0))
    data.append(_student_hover(lecture, series, colours))
    far = np.abs(series.away[np.isfinite(series.away)])
    reach = figures.AXIS_WIDE if len(far) and far.max() > theme.AXIS - 0.03 else theme.AXIS
    shapes = [_level("y", 0, colours)]
    usual = series.usual_range()
    if usual is not None:
        shapes.append(_usual(min(usual, reach), colours))
    for row in range(1, len(STUDENT_ROWS)):
        shapes.append({**_level("y2", len(STUDENT_ROWS) - row - 0.5, colours), "layer": "below"})
        shapes[-1]["line"] = {"color": colours.hair, "width": 1}
    margin = STUDENT_MARGIN[compact]
    notes = []
    for text, value in ((words.MORE_PLEASANT, 0.4), (words.USUAL_LOOK, 0.0), (words.LESS_PLEASANT, -0.4)):
        at = STUDENT_CHART[0] + (value + reach) / (2 * reach) * (STUDENT_CHART[1] - STUDENT_CHART[0])
        notes.append(_margin_note(text, at, 0, colours.ink2, margin))
    for row, text in enumerate(STUDENT_ROWS):
        at = STUDENT_FOOT[1] * (len(STUDENT_ROWS) - row - 0.5) / len(STUDENT_ROWS)
        notes.append(_margin_note(text, at, 0, colours.ink2, margin))
    notes += _absence_notes(series, reach, colours, shown)
    for flag in flags:
        drawn = _flag_note(lecture, flag, reach, colours, shown, compact)
        shapes.append(drawn[0])
        notes.append(drawn[1])
    layout = _layout(lecture, colours, compact, shown)
    layout |= {
        "height": STUDENT_HEIGHT[compact],
        "margin": {"l": margin, "r": RIGHT, "t": 8, "b": 40, "pad": 0},
        "yaxis": {
            "domain": STUDENT_CHART,
            "range": [-reach, reach],
            "showticklabels": False,
            "fixedrange": True,
        },
        "yaxis2": {
            "domain": STUDENT_FOOT,
            "range": [0, len(STUDENT_ROWS)],
            "showticklabels": False,
            "fixedrange": True,
            "anchor": "x",
        },
        "shapes": shapes,
        "annotations": notes,
    }
    return {"data": data, "layout": layout}


def _bars(series: StudentSeries, flagged: Any, at: float, colours: Palette, thin: bool) -> Figure:
    """Stretches in which something was so, as one broken thick line."""
    x: list[float] = []
    for part in true_runs(flagged):
        x += [float(series.seconds[part.start]), float(series.seconds[part.stop - 1]) + series.step, math.nan]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": figures.packed(np.array(x, dtype=np.float64)),
        "y": figures.packed(np.full(len(x), at)),
        "yaxis": "y2",
        "line": {"color": colours.ink2 if not thin else colours.ink3, "width": 10},
        "hoverinfo": "skip",
    }


def _usual(half: float, colours: Palette) -> Figure:
    return {
        "type": "rect",
        "xref": "paper",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": -half,
        "y1": half,
        "fillcolor": colours.fade(colours.edge, 0.12),
        "line": {"width": 0},
        "layer": "below",
    }


def _student_hover(lecture: Lecture, series: StudentSeries, colours: Palette) -> Figure:
    texts = []
    for index, seconds in enumerate(series.seconds):
        chances = series.chances[index]
        known = math.isfinite(series.away[index]) and np.isfinite(chances).all()
        said = wording.looks(tuple(float(each) for each in chances)) if known else wording.NOT_SURE
        value = f"{words.signed(series.away[index])} against usual<br>" if known else ""
        texts.append(f"{words.clock(lecture, seconds)} · {words.minutes(seconds)}<br>{value}{said}")
    return {
        "type": "scatter",
        "x": figures.packed(series.seconds),
        "y": figures.packed(np.nan_to_num(series.away)),
        "mode": "lines",
        "line": {"color": "rgba(0,0,0,0)", "width": 0},
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
        "hoverlabel": {
            "bgcolor": colours.raised,
            "bordercolor": colours.edge,
            "font": {"color": colours.ink},
        },
    }


def _absence_notes(
    series: StudentSeries, reach: float, colours: Palette, shown: tuple[float, float]
) -> list[Figure]:
    notes = []
    wide = shown[1] - shown[0]
    free = -math.inf
    for start, end, kind in series.absent:
        middle = (max(start, shown[0]) + min(end, shown[1])) / 2
        if end - start < 0.02 * wide or not shown[0] <= middle <= shown[1] or middle < free:
            continue
        free = middle + 0.14 * wide
        notes.append(
            {
                "text": wording.PRESENCE[kind],
                "xref": "x",
                "yref": "y",
                "x": middle,
                "y": -reach * 0.55,
                "showarrow": False,
                "font": {"color": colours.ink3, "size": 12},
            }
        )
    return notes


def _flag_note(
    lecture: Lecture, flag: Flag, reach: float, colours: Palette, shown: tuple[float, float], compact: bool
) -> tuple[Figure, Figure]:
    """From when on the student was worth a glance."""
    line = {
        "type": "line",
        "xref": "x",
        "yref": "y",
        "x0": flag.raised,
        "x1": flag.raised,
        "y0": -reach,
        "y1": 0,
        "line": {"color": colours.ink, "width": 1.5, "dash": "1.5px,4px"},
    }
    left = (flag.raised - shown[0]) / (shown[1] - shown[0]) < 0.5
    note = {
        "text": words.GLANCE.lower() if compact else words.glance_from(words.clock(lecture, flag.raised)),
        "xref": "x",
        "yref": "y",
        "x": flag.raised,
        "y": -reach * 0.94,
        "xanchor": "left" if left else "right",
        "xshift": 8 if left else -8,
        "showarrow": False,
        "font": {"color": colours.ink, "size": 12},
    }
    return line, note


# --- several sessions ---------------------------------------------------------------------------------------

COMPARE_ROW = 150
COMPARE_FOOT = 28


def compare(lectures: Sequence[Lecture], colours: Palette, compact: bool) -> Figure:
    """The mood of the class in each session, one below the other, on one scale, by minutes from the start."""
    longest = max(lecture.length for lecture in lectures)
    drawn_looks = [drawn(lecture.series) for lecture in lectures]
    reach = max(figures.reach(looks) for looks in drawn_looks)
    count = len(lectures)
    data: list[Figure] = []
    shapes: list[Figure] = []
    notes: list[Figure] = []
    layout = _layout(lectures[0], colours, compact, (0, longest))
    margin = MARGIN[compact]
    for row, (lecture, looks) in enumerate(zip(lectures, drawn_looks, strict=True)):
        axis = "" if row == 0 else str(row + 1)
        bottom = 1 - (row + 1) / count
        top = bottom + 0.78 / count
        layout[f"yaxis{axis}"] = {
            "domain": [bottom, top],
            "range": [-reach, reach],
            "showticklabels": False,
            "fixedrange": True,
            "anchor": "x",
        }
        data += figures.ribbon(looks, colours, yaxis=f"y{axis}")
        data += figures.line(looks, colours, LINE, yaxis=f"y{axis}")
        shapes.append(_level(f"y{axis}", 0, colours))
        notes += _mood_labels(reach, colours, compact, (bottom, top))
        title = wording.plotly_text(words.title_of(lecture.session), 30 if compact else 60)
        notes.append(
            {
                "text": title if compact else f"{title} · {words.when(lecture.session)}",
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": top,
                "xanchor": "left",
                "yanchor": "bottom",
                "yshift": 4,
                "showarrow": False,
                "font": {"color": colours.ink, "size": 12, "weight": 500},
            }
        )
    step = next((each for each in (300, 600, 900, 1800) if longest / each <= (5 if compact else 10)), 3600)
    at_minutes = list(range(0, int(longest) + 1, step))
    layout["xaxis"] |= {
        "anchor": f"y{count}" if count > 1 else "y",
        "tickvals": at_minutes,
        "ticktext": [f"{each // 60} min" for each in at_minutes],
        "showspikes": False,
        "fixedrange": True,
    }
    layout |= {
        "height": COMPARE_ROW * count + COMPARE_FOOT,
        "margin": {"l": margin, "r": RIGHT, "t": 0, "b": COMPARE_FOOT, "pad": 0},
        "shapes": shapes,
        "annotations": notes,
        "dragmode": False,
        "hovermode": False,
    }
    return {"data": data, "layout": layout}
