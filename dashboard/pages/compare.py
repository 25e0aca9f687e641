"""Two to four sessions beside each other: the class as a whole, by minutes from the start, on one scale."""

from __future__ import annotations

import math
from typing import Any

import dash_mantine_components as dmc
import numpy as np
from dash import Input, Output, dcc, html

from classroom_monitor.errors import StoreError
from dashboard import parts, review_figures, theme
from dashboard import review_wording as words
from dashboard.context import Context
from dashboard.summary import Lecture, level, read_lecture

PATH = "/compare"
TITLE = words.COMPARE_TITLE

LEAST, MOST = 2, 4

#: The chart is looked at, no more.
STILL = {"staticPlot": True, "responsive": True}

#: Rows of the table stand for so many seconds.
ROW = 600


def layout(context: Context, sessions: str = "", **_values: str) -> Any:
    """The page; sessions: ids separated by commas, from the address."""
    known = context.store.sessions()
    chosen = [each for each in dict.fromkeys(sessions.split(",")) if any(each == one.id for one in known)][
        :MOST
    ]
    choices = [{"value": each.id, "label": f"{words.title_of(each)} · {words.when(each)}"} for each in known]
    return html.Div(
        [
            parts.bar(context, "/sessions"),
            html.Main(
                [
                    html.H1(words.COMPARE_TITLE, className="title"),
                    html.P(words.COMPARE_LEAD, className="lead"),
                    dmc.MultiSelect(
                        id="compare-chosen",
                        label=words.COMPARE_FIELD,
                        data=choices,
                        value=chosen,
                        maxValues=MOST,
                        searchable=True,
                        size="sm",
                        mt=24,
                    ),
                    html.Div(id="compare-found"),
                ],
                className="review",
            ),
        ]
    )


def register(app: Any, context: Context) -> None:
    """What is shown of the chosen sessions."""

    @app.callback(
        Output("compare-found", "children"),
        Input("compare-chosen", "value"),
        Input("view", "data"),
    )
    def show(chosen: list[str] | None, view: Any) -> Any:
        lectures = []
        for each in (chosen or [])[:MOST]:
            try:
                lectures.append(read_lecture(context.store, each, students=False))
            except StoreError:  # deleted meanwhile
                continue
        if len(lectures) < LEAST:
            return html.P(words.COMPARE_MORE, className="lead")
        return _found(lectures, bool(view and view["dark"]), bool(view and view["compact"]))


def _found(lectures: list[Lecture], dark: bool, compact: bool) -> list[Any]:
    figure = review_figures.compare(lectures, theme.palette(dark), compact)
    rows, told = _rows(lectures)
    return [
        html.Section(
            [
                html.Header([html.H2(words.MOOD), html.P(words.compare_sentence(told), className="said")]),
                html.Div(
                    dcc.Graph(figure=figure, config=STILL, id="compare-chart"),
                    className="chart",
                    role="img",
                    **{"aria-label": f"{words.COMPARE_CHART} {words.compare_sentence(told)}"},
                ),
                html.Div(f"{words.COMPARE_LEGEND} {words.LEGEND}", className="under"),
            ],
            className="part",
        ),
        html.Section([_table(words.MOOD, words.COMPARE_COLUMNS, rows, "titles")], className="part"),
        html.Section(
            [
                html.Header([html.H2(words.BY_TEN)]),
                _table(
                    words.BY_TEN,
                    ["", *[words.title_of(lecture.session) for lecture in lectures]],
                    _by_ten(lectures),
                ),
            ],
            className="part",
        ),
    ]


def _rows(lectures: list[Lecture]) -> tuple[list[list[str]], list[str]]:
    """One row a session, and what is said of each but the first."""
    levels = [level(lecture.series) for lecture in lectures]
    first = levels[0]
    rows, told = [], []
    for index, (lecture, found) in enumerate(zip(lectures, levels, strict=True)):
        known = found.middle is not None and first.middle is not None
        change = (
            found.middle - first.middle if found.middle is not None and first.middle is not None else None
        )
        said = words.compared(change if known else None, math.hypot(found.half, first.half))
        if index:
            told.append(said)
        middle = words.TOO_FEW
        if found.middle is not None:
            middle = words.interval(found.middle, found.middle - found.half, found.middle + found.half)
        rows.append(
            [
                words.title_of(lecture.session),
                middle,
                said if index else words.FIRST,
                words.share_seen(found.seen),
                words.minutes(lecture.length),
                words.when(lecture.session),
            ]
        )
    return rows, told


def _by_ten(lectures: list[Lecture]) -> list[list[str]]:
    longest = max(lecture.length for lecture in lectures)
    rows = []
    for start in range(0, max(1, int(longest) - 30), ROW):  # no row for the last seconds
        cells = []
        for lecture in lectures:
            points = lecture.series.between(start, start + ROW - 1e-9)
            known = points.valence[~points.few & np.isfinite(points.valence)]
            if len(known):
                cells.append(words.give_or_take(float(known.mean()), level(points).half))
            else:
                cells.append(
                    "" if start >= lecture.length else words.TOO_FEW if len(points) else words.GAP_WORD
                )
        rows.append([f"{start // 60}–{(start + ROW) // 60} min", *cells])
    return rows


def _table(name: str, columns: Any, rows: list[list[str]], style: str = "") -> Any:
    head = html.Thead(html.Tr([html.Th(each, scope="col", dir="auto") for each in columns]))
    body = html.Tbody([html.Tr([html.Td(each, dir="auto") for each in row]) for row in rows])
    return html.Div(
        html.Table([head, body], className=f"plain compared {style}"),
        className="scroll",
        tabIndex="0",
        role="region",
        **{"aria-label": name},
    )
