"""Shares of the seven looks and signs over the last ten minutes, each with a sentence and a table.

They move slowly and are drawn anew every SLOW seconds only, in steps of STEP seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import pandas as pd
from dash import dcc, html
from numpy.typing import NDArray

from classroom_monitor.records import EXPRESSIONS, ClassWord
from dashboard import figures, parts, theme, wording
from dashboard.context import Context
from dashboard.live.charts import WINDOW_FIRST
from dashboard.live.now import WINDOW, Now, View, running
from dashboard.live.now import read as read_now

#: How often the lanes are drawn anew, and how long a step of them is (s).
SLOW, STEP = 10.0, 10.0

#: A share must move so much over the ten minutes before the sentence says so: half a face in ten.
MOVED = 0.05

#: A lane reaches at least so high, so that one face among many does not fill it.
LOWEST_TOP = 0.25

#: The lanes of one student have at most so many steps, however long the stretch.
STUDENT_STEPS = 120

#: Room for name and share of a lane on its left (px).
MARGIN = 140

#: Minutes between two times below the lanes: at most four of them are shown.
TICKS = (1, 2, 5, 10, 15, 30, 60, 120)

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Means over steps of time. first: local time in the middle of the first step. step, window: s.

    rows: by the key of each lane, one value a step, NaN where nothing was read. labels: by the same keys.
    """

    first: datetime
    step: float
    window: float
    rows: dict[str, Numbers]
    labels: dict[str, str]

    def __len__(self) -> int:
        return len(next(iter(self.rows.values())))

    def last(self, key: str) -> float | None:
        """The newest value of a lane."""
        known = self.rows[key][np.isfinite(self.rows[key])]
        return float(known[-1]) if len(known) else None


def read(context: Context) -> tuple[Lanes, Lanes] | None:
    """The seven shares and the four signs; None where no session runs or nothing was read."""
    session_id, health = running(context)
    if session_id is None:
        return None
    now = read_now(context, session_id, health)
    if now.last is None:
        return None
    start = max(0.0, np.floor((now.seconds - WINDOW) / STEP) * STEP)
    looks = context.store.class_looks(session_id, since=start)
    few = looks["word"].to_numpy() == ClassWord.TOO_FEW.value
    shares = {
        name: steps(looks["seconds"], np.where(few, np.nan, looks[f"share_{name}"]), start, now.seconds)
        for name in wording.LOOK_ORDER
    }
    signs = context.store.signs(session_id, start, context.settings.flags)
    of = {"brow": "read", "away": "read", "closed": "read", "out": "present"}
    seen = {
        sign: steps(signs["seconds"], _share(signs[sign], signs[base]), start, now.seconds)
        for sign, base in of.items()
    }
    window = min(WINDOW, max(WINDOW_FIRST, now.seconds))
    place = (now.local(start + STEP / 2), STEP * now.pace, window * now.pace)
    return Lanes(*place, shares, wording.LOOKS), Lanes(*place, seen, wording.SIGNS)


def of_student(looks: pd.DataFrame, shown: tuple[float, float], zone: tzinfo | None = None) -> Lanes | None:
    """The seven probabilities of one student's used looks over a stretch (s), None where there are none."""
    used = looks[(looks["usable"] == 1) & looks["seconds"].between(*shown)]
    if used.empty:
        return None
    step = max(STEP, np.ceil((shown[1] - shown[0]) / STUDENT_STEPS))
    rows = {
        name: steps(used["seconds"], used[f"p_{name}"].to_numpy(), shown[0], shown[1], step)
        for name in wording.LOOK_ORDER
    }
    utc, second = (used[name].to_numpy()[0] for name in ("time_utc", "seconds"))
    begun = pd.Timestamp(utc).to_pydatetime() - timedelta(seconds=float(second))
    first = (begun + timedelta(seconds=shown[0] + step / 2)).astimezone(zone)
    return Lanes(first, step, shown[1] - shown[0], rows, wording.LOOKS)


def _share(part: pd.Series, whole: pd.Series) -> Numbers:
    counted = whole.to_numpy(dtype=np.float64)
    share: Numbers = np.divide(part.to_numpy(), counted, out=np.full(len(counted), np.nan), where=counted > 0)
    return share


def steps(seconds: pd.Series, values: Numbers, start: float, end: float, step: float = STEP) -> Numbers:
    """Means over equal steps from start to end."""
    count = int((end - start) // step) + 1
    which = ((seconds.to_numpy() - start) // step).astype(int)
    known = np.isfinite(values) & (which >= 0) & (which < count)
    total = np.bincount(which[known], values[known], count)
    looks = np.bincount(which[known], minlength=count)
    means: Numbers = np.divide(total, looks, out=np.full(count, np.nan), where=looks > 0)
    return means


def figure(lanes: Lanes, view: View) -> figures.Figure:
    """One lane each, on one axis of clock times; hovering tells all of them."""
    colours = theme.palette(view.dark)
    count = len(lanes.rows)
    known = [
        float(row.max()) for row in (each[np.isfinite(each)] for each in lanes.rows.values()) if len(row)
    ]
    top = max([LOWEST_TOP, *known])
    first, step = _milliseconds(lanes.first), lanes.step * 1000
    data: list[figures.Figure] = []
    notes: list[figures.Figure] = []
    layout: figures.Figure = {}
    for place, (key, row) in enumerate(lanes.rows.items()):
        axis = "" if place == 0 else str(place + 1)
        bottom = 1 - (place + 1) / count
        colour = colours.expression(key) if key in EXPRESSIONS else colours.ink2
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x0": first,
                "dx": step,
                "y": figures.packed(row),
                "yaxis": f"y{axis}",
                "connectgaps": False,
                "line": {"color": colour, "width": 1.75, "dash": theme.DASHES.get(key, "solid")},
                "fill": "tozeroy",
                "fillcolor": colours.fade(colour, 0.2),
                "hovertemplate": f"%{{y:.0%}} {lanes.labels[key]}<extra></extra>",
            }
        )
        layout[f"yaxis{axis}"] = {
            "domain": [bottom, bottom + 0.84 / count],
            "range": [0, 1 if key == "neutral" else top],
            "showticklabels": False,
            "tickvals": [0],
            "showgrid": True,
        }
        label = {"xref": "paper", "yref": "paper", "y": bottom, "yanchor": "bottom", "showarrow": False}
        last = lanes.last(key)
        notes.append({**label, "x": 0, "xanchor": "left", "xshift": -MARGIN, "text": lanes.labels[key]})
        said = "" if last is None else wording.percent(last)
        notes.append({**label, "x": 0, "xanchor": "right", "xshift": -8, "text": said})
    end = first + step * (len(lanes) - 0.5)
    layout |= {
        "template": theme.template(colours),
        "uirevision": "live",
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "margin": {"l": MARGIN, "r": 8, "t": 4, "b": 24},
        "xaxis": {
            "type": "date",
            "range": [end - lanes.window * 1000, end],
            "tickformat": "%H:%M",
            "dtick": 60_000 * next((each for each in TICKS if lanes.window <= 240 * each), TICKS[-1]),
            "hoverformat": "%H:%M:%S",
            "tickangle": 0,
            "spikethickness": 1,
            "spikecolor": colours.edge,
            "spikedash": "solid",
            "anchor": f"y{count}",
        },
        "annotations": notes,
    }
    return {"data": data, "layout": layout}


def _milliseconds(local: datetime) -> float:
    """Wall clock time as Plotly's axes count it: ms since 1970, as if this zone were UTC."""
    return local.replace(tzinfo=UTC).timestamp() * 1000


def shares_said(lanes: Lanes) -> str:
    """The two most frequent looks now, and what moved over the ten minutes."""
    now = {key: value for key in lanes.rows if (value := lanes.last(key)) is not None}
    if not now:
        return wording.SHARES_UNKNOWN
    first, second = sorted(now, key=lambda key: -now[key])[:2]
    moved = {key: now[key] - earlier for key in now if (earlier := _first(lanes.rows[key])) is not None}
    most = max(moved, key=lambda key: abs(moved[key]), default=first)
    change = moved.get(most, 0.0)
    read_at = np.flatnonzero(np.isfinite(lanes.rows[first]))
    minutes = round((read_at[-1] - read_at[0]) * lanes.step / 60)
    return wording.shares_sentence(
        (first, now[first]), (second, now[second]), (most, change) if abs(change) >= MOVED else None, minutes
    )


def _first(row: Numbers) -> float | None:
    known = row[np.isfinite(row)]
    return float(known[0]) if len(known) else None


def signs_said(lanes: Lanes) -> str:
    """On what share of the faces each sign is seen now."""
    now = {key: value for key in lanes.rows if (value := lanes.last(key)) is not None}
    return wording.signs_sentence(now)


def table(lanes: Lanes, caption: str) -> Any:
    """The same numbers by minute."""
    each = max(1, round(60 / lanes.step))
    begun = lanes.first - timedelta(seconds=lanes.step / 2)
    rows = []
    for at in range(0, len(lanes), each):
        cells = [_mean(row[at : at + each]) for row in lanes.rows.values()]
        rows.append([f"{begun + timedelta(seconds=at * lanes.step):%H:%M}", *cells])
    return parts.numbers(caption, [wording.TIME, *(lanes.labels[key] for key in lanes.rows)], rows)


def _mean(values: Numbers) -> str:
    known = values[np.isfinite(values)]
    return wording.percent(float(known.mean())) if len(known) else wording.NOT_READ


def line_table(now: Now, caption: str) -> Any:
    """The numbers of the ten-minute line by minute: middle, interval, faces seen."""
    looks = now.looks
    rows: list[Sequence[str]] = []
    if not looks.empty:
        minutes = (looks["seconds"].to_numpy() // 60).astype(int)
        for minute in np.unique(minutes):
            part = looks[minutes == minute]
            few = (part["word"] == ClassWord.TOO_FEW.value).all()
            told = [wording.signed(part[name].mean()) for name in ("valence", "low", "high")]
            rows.append(
                [
                    now.clock(max(minute * 60.0, float(part["seconds"].iat[0]))),
                    *([wording.FEW] * 3 if few or part["valence"].isna().all() else told),
                    str(round(part["seen"].mean())),
                ]
            )
    return parts.numbers(caption, wording.LINE_COLUMNS, rows)


def section(name: str, heading: str, label: str, height: int) -> Any:
    """A chart with its heading, sentence and table; `name` begins the ids."""
    return html.Section(
        className="lanes",
        children=[
            html.Div(
                [html.H2(heading, className="medium"), parts.table_button(name)], className="row spread"
            ),
            html.P(id=f"{name}-said", className="small quiet2"),
            html.Div(
                dcc.Graph(
                    id=f"{name}-chart",
                    responsive=True,
                    config={"displayModeBar": False, "doubleClick": False, "showTips": False},
                    figure={"layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}}},
                    style={"height": height},
                ),
                role="img",
                **{"aria-label": label},
            ),
            html.Div(id=f"{name}-numbers"),
        ],
    )
