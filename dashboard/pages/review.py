"""The whole session afterwards: a sentence and the moments first, then timeline, shares, presence, flags."""

from __future__ import annotations

import math
import urllib.parse
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import dash
import dash_mantine_components as dmc
import flask
import numpy as np
from dash import ALL, ClientsideFunction, Input, Output, State, dcc, html
from plotly.io.json import to_json_plotly

from classroom_monitor.errors import StoreError
from classroom_monitor.records import EXPRESSIONS, Answer, Marker, MarkerKind
from dashboard import downloads, parts, review_figures, theme, wording
from dashboard import review_wording as words
from dashboard.context import Context
from dashboard.summary import InView, Lecture, Moment, Series, Stretch, known_mean, read_lecture

PATH = "/review/<session>"
TITLE = words.MOOD


def layout(context: Context, session: str, **values: str) -> Any:
    """The page of one session. from, to: the shown seconds, kept in the address.

    What stands below the charts comes when they are drawn: to read it takes longer than all above.
    """
    lecture = read_lecture(context.store, session, students=False)
    if not len(lecture.series):
        back = parts.link(words.SESSIONS_TITLE, "/sessions", className="btn")
        return html.Div(
            [_bar(lecture), html.Main(parts.state_screen(wording.NO_LOOKS, back), className="review")]
        )
    shown = shown_range(lecture, values)
    start = lecture.session.start.timestamp() * 1000
    return html.Div(
        [
            dcc.Store(id="review-id", data=lecture.session.id),
            dcc.Store(id="review-range", data=shown),
            dcc.Store(id="review-axis", data={"start": start, "length": round(lecture.length)}),
            dcc.Store(id="review-edited", data=0),
            dcc.Store(id="review-drawn"),
            _bar(lecture),
            html.Main(
                className="review",
                children=[
                    html.H1(words.headline(lecture), className="huge"),
                    html.P(words.detail(lecture), className="lead"),
                    html.Div(_moments(lecture), id="review-moments", className="moments"),
                    _timeline_part(lecture, shown),
                    _shares_part(lecture),
                    html.Div(html.P(words.READING_STUDENTS, className="part quiet3"), id="review-rest"),
                ],
            ),
        ]
    )


def register(app: Any, context: Context) -> None:
    """Figures for the colours of the browser, tables, names, marks, and the files to take along."""
    downloads.register(app, context)
    namespace = "review"
    app.clientside_callback(
        ClientsideFunction(namespace, "draw"),
        Output("review-timeline", "id"),
        Input("view", "data"),
        Input("review-edited", "data"),
        State("review-axis", "data"),
        State("review-range", "data"),
    )

    @app.server.get("/figures/review/<session>")
    def figures(session: str) -> flask.Response:
        """The two charts, for a browser set like that; assets/boot.js asks for them first of all."""
        asked = flask.request.args
        try:
            lecture = read_lecture(context.store, session, students=False)
        except StoreError:  # deleted meanwhile: the page says so
            return flask.Response("null", mimetype="application/json")
        colours, compact = theme.palette("dark" in asked), "compact" in asked
        start, end = shown_range(lecture, asked)
        drawn = {
            "timeline": review_figures.timeline(lecture, colours, compact, (start, end)),
            "lanes": review_figures.lanes(lecture, colours, compact, (start, end)),
        }
        return flask.Response(to_json_plotly(drawn), mimetype="application/json")

    for part, table in (("mood", mood_table), ("shares", shares_table)):
        _register_table(app, context, part, table)

    @app.callback(
        Output("review-rest", "children"),
        Input("review-drawn", "data"),
        State("review-id", "data"),
        prevent_initial_call=True,
    )
    def show_rest(_drawn: Any, session: str) -> Any:
        return below(read_lecture(context.store, session))

    @app.callback(
        Output("review-view", "children"),
        Output("review-flags", "children"),
        Output("review-names", "children"),
        Input("review-names", "n_clicks"),
        State("review-id", "data"),
        prevent_initial_call=True,
    )
    def show_names(clicks: int, session: str) -> Any:
        lecture = read_lecture(context.store, session)
        shown = bool(clicks % 2)
        label = words.HIDE_NAMES if shown else words.SHOW_NAMES
        return _in_view(lecture, shown), _flags(lecture, shown), label

    _register_marks(app, context)


# --- the bar, the moments -----------------------------------------------------------------------------------


def _bar(lecture: Lecture) -> Any:
    session = lecture.session
    crumbs = html.Nav(
        [
            parts.link(words.SESSIONS_TITLE, "/sessions"),
            html.Span("/", className="sep", **{"aria-hidden": "true"}),
            html.Span(words.title_of(session), className="medium"),
            html.Span(words.when(session), className="quiet2"),
        ],
        className="crumbs",
        **{"aria-label": words.SESSIONS_TITLE},
    )
    right = []
    if len(lecture.series):
        right = [
            parts.button(words.SHOW_NAMES, kind="quiet", id="review-names") if lecture.names else None,
            parts.link(
                words.COMPARE, f"/compare?{urllib.parse.urlencode({'sessions': session.id})}", className="btn"
            ),
            html.A(words.EXPORT, href="#take", className="btn main"),
        ]
    return html.Header(
        [crumbs, html.Div([*right, parts.scheme_button()], className="row wrap")], className="bar tall"
    )


def _moments(lecture: Lecture) -> list[Any]:
    return [_moment(lecture, marker) for marker in lecture.moments]


def _moment(lecture: Lecture, moment: Moment) -> Any:
    begins = moment.start if isinstance(moment, Stretch) else moment.seconds
    return html.Button(
        [
            html.Div(
                [
                    _sign(moment),
                    html.Span(words.clock(lecture, begins), className="clock"),
                    html.Span(words.minutes(begins), className="small quiet3"),
                ],
                className="row",
            ),
            html.Div(words.moment_title(moment), className="name", dir="auto"),
            html.Div(words.moment_note(moment), className="small quiet2", dir="auto"),
        ],
        className="moment",
        type="button",
        **{"data-at": str(moment.seconds)},
    )


def _sign(moment: Moment) -> Any:
    """The shape that stands for it in the timeline."""
    if isinstance(moment, Stretch):
        return html.Span(className="shade", **{"aria-hidden": "true"})
    return parts.icon("diamond" if moment.kind is MarkerKind.TURN else "pennant")


# --- the charts ---------------------------------------------------------------------------------------------


def _part(name: str, title: str, said: str, right: Sequence[Any], *children: Any) -> Any:
    heading = html.Header(
        [html.H2(title), html.P(said, className="said"), html.Div(list(right), className="zoom")]
    )
    return html.Section([heading, *children], className="part", id=name)


def table_button(part: str) -> Any:
    """The button that shows a chart's numbers."""
    return html.Button(
        words.TABLE,
        id=f"review-{part}-table",
        className="btn quiet small",
        type="button",
        **{"aria-expanded": "false", "aria-controls": f"review-{part}-numbers"},
    )


def zoom_controls(lecture: Lecture, shown: list[float]) -> list[Any]:
    """Buttons and boxes that move the time axis (assets/review.js)."""
    first, last = (words.clock(lecture, each) for each in shown)
    buttons = {
        kind: html.Button(
            sign,
            className="btn quiet small" if kind == "all" else "btn square small",
            type="button",
            title=label,
            **{"data-zoom": kind, "aria-label": label},
        )
        for kind, (sign, label) in words.ZOOM.items()
    }
    whole = buttons.pop("all")
    to = html.Span(words.TO, className="small quiet2")
    return [
        *buttons.values(),
        _box("review-from", first, words.FROM_LABEL),
        to,
        _box("review-to", last, words.TO_LABEL),
        whole,
    ]


def _timeline_part(lecture: Lecture, shown: list[float]) -> Any:
    return _part(
        "timeline",
        words.MOOD,
        words.mood_sentence(lecture),
        [*zoom_controls(lecture, shown), table_button("mood")],
        chart(
            "review-timeline",
            f"{words.MOOD}. {words.mood_sentence(lecture)}",
        ),
        html.Div(
            [
                html.Span(words.LEGEND),
                html.Span(
                    [
                        html.Span([parts.icon("pennant"), words.YOUR_MARK], className="key"),
                        html.Span([parts.icon("diamond"), words.PROGRAMS_TURN], className="key"),
                        *(
                            html.Span([_sign(each), words.STRONGEST], className="key")
                            for each in lecture.stretches[:1]
                        ),
                    ]
                ),
            ],
            className="under",
        ),
        html.Div(id="review-mood-numbers"),
    )


def _box(name: str, value: str, label: str) -> Any:
    return dmc.TextInput(id=name, value=value, debounce=True, w=64, size="xs", **{"aria-label": label})


def _shares_part(lecture: Lecture) -> Any:
    top = f"{review_figures.lane_top(lecture.series):.0%}".rstrip("%")
    return _part(
        "shares",
        words.SHARES,
        words.shares_sentence(lecture),
        [html.Span(wording.LABELS_NOTE, className="small quiet3"), table_button("shares")],
        chart(
            "review-lanes",
            f"{words.LANES_LABEL} {words.shares_sentence(lecture)}",
        ),
        html.Div(words.LANES_NOTE.format(top=top), className="under"),
        html.Div(id="review-shares-numbers"),
    )


def chart(name: str, label: str) -> Any:
    """Room for a figure that can be reached by keyboard; + and - zoom it, the arrows move it.

    assets/review.js draws into it.
    """
    return html.Div(
        html.Div(
            html.Div(className="plot", **{"data-failed": words.NOT_DRAWN, "data-wait": words.DRAWING}),
            id=name,
        ),
        className="chart",
        tabIndex="0",
        role="img",
        **{"aria-label": label},
    )


def _register_table(app: Any, context: Context, part: str, make: Any) -> None:
    @app.callback(
        Output(f"review-{part}-numbers", "children"),
        Output(f"review-{part}-table", "children"),
        Output(f"review-{part}-table", "aria-expanded"),
        Input(f"review-{part}-table", "n_clicks"),
        State("review-id", "data"),
        prevent_initial_call=True,
    )
    def show(clicks: int, session: str) -> Any:
        if not clicks % 2:
            return None, words.TABLE, "false"
        lecture = read_lecture(context.store, session, students=False)
        return make(lecture), words.TABLE_HIDE, "true"


def by_minute(series: Series) -> list[tuple[int, Series]]:
    """The points of each minute in which something was read."""
    minutes = (series.seconds // 60).astype(int)
    return [
        (int(minute), series.between(minute * 60.0, minute * 60 + 59.999)) for minute in np.unique(minutes)
    ]


def mood_table(lecture: Lecture) -> Any:
    """The numbers of the timeline, by minute."""
    rows = []
    last = -1
    for minute, points in by_minute(lecture.series):
        if minute > last + 1 and last >= 0:
            rows.append(
                [words.clock(lecture, (last + 1) * 60), str(last + 1), words.GAP_WORD, "", "", "", ""]
            )
        last = minute
        valence, low, high = (known_mean(each) for each in (points.valence, points.low, points.high))
        few = bool(points.few.mean() > 0.5) or math.isnan(valence)
        rows.append(
            [
                words.clock(lecture, minute * 60),
                str(minute),
                "" if math.isnan(valence) else words.signed(valence),
                "" if math.isnan(low) else f"{words.signed(low)} to {words.signed(high)}",
                str(round(known_mean(points.seen))),
                str(round(known_mean(points.expected))),
                words.TOO_FEW if few else words.level(valence),
            ]
        )
    return table(words.MOOD, words.MOOD_COLUMNS, rows)


def shares_table(lecture: Lecture) -> Any:
    """The numbers of the lanes, by minute."""
    rows = []
    for minute, points in by_minute(lecture.series):
        shares = np.where(points.few[:, None], np.nan, points.shares)
        means = [known_mean(shares[:, EXPRESSIONS.index(name)]) for name in wording.LOOK_ORDER]
        cells = ["" if math.isnan(each) else wording.percent(each) for each in means]
        rows.append([words.clock(lecture, minute * 60), str(minute), *cells])
    columns = (*words.MOOD_COLUMNS[:2], *(wording.LOOKS[name] for name in wording.LOOK_ORDER))
    return table(words.SHARES, columns, rows)


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """A table of numbers that scrolls on its own and can be reached by keyboard."""
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in columns]))
    body = html.Tbody([html.Tr([html.Td(each) for each in row]) for row in rows])
    return html.Div(
        [
            html.Div(
                html.Table([html.Caption(caption, className="unseen"), head, body], className="plain"),
                className="numbers",
                tabIndex="0",
                role="region",
                **{"aria-label": caption},
            ),
            html.Div(words.TABLE_NOTE, className="under"),
        ]
    )


# --- students -----------------------------------------------------------------------------------------------


def below(lecture: Lecture) -> list[Any]:
    """What stands below the charts: who was in view, flags, marks, and the files."""
    return [
        html.Div(
            [
                html.Section(_in_view(lecture, False), id="review-view", className="part"),
                html.Div(
                    [
                        html.Section(_flags(lecture, False), id="review-flags", className="part"),
                        _hints(lecture),
                    ]
                ),
            ],
            className="two",
        ),
        _marks_part(lecture),
        _take(lecture),
    ]


def _in_view(lecture: Lecture, names: bool) -> list[Any]:
    heading = html.Header([html.H2(words.IN_VIEW), html.P(words.students_by(names), className="said")])
    if not lecture.students:
        told = words.NO_STUDENTS if lecture.session.class_only else words.PURGED
        return [heading, html.P(told, className="quiet2")]
    students = sorted(
        lecture.students, key=lambda each: words.student(each.student, lecture.names, names).casefold()
    )
    columns = 2 if len(students) > 8 else 1
    rows = math.ceil(len(students) / columns)
    strips = [_strip(lecture, each, names) for each in students]
    style = {"gridTemplateRows": f"repeat({rows}, auto)"}
    return [heading, html.Div(strips, className="strips" if columns == 2 else "strips one", style=style)]


def _strip(lecture: Lecture, student: InView, names: bool) -> Any:
    """One component a student, for there may be 49: the strip is the background of the link (review.css)."""
    name = words.student(student.student, lecture.names, names)
    told = words.LEFT_OUT if student.left_out else words.seen_share(student.share)
    note = html.Span(words.LEFT_OUT, className="quiet3")
    return parts.link(
        [html.Span(name, className="cut", dir="auto"), note] if student.left_out else name,
        parts.student_path(lecture.session.id, str(student.student)),
        className="strip out" if student.left_out else "strip",
        title=f"{name}: {told}",
        style={} if student.left_out else {"backgroundImage": rail_gradient(student.parts)},
    )


#: From this share of its looks a stretch counts as in view.
IN_VIEW_FROM = 0.5


def rail_gradient(cells: Sequence[float | None]) -> str:
    """A strip as CSS background images: filled where the student was in view, over a thin line."""
    stops: list[str] = []
    count = max(1, len(cells))
    start = 0
    for place in range(1, count + 1):
        if place < count and _filled(cells[place]) == _filled(cells[start]):
            continue
        colour = "var(--ink3)" if _filled(cells[start]) else "transparent"
        stops.append(f"{colour} {100 * start / count:.1f}% {100 * place / count:.1f}%")
        start = place
    return f"linear-gradient(90deg,{','.join(stops)}),linear-gradient(var(--hair),var(--hair))"


def _filled(cell: float | None) -> bool:
    return cell is not None and cell >= IN_VIEW_FROM


def _flags(lecture: Lecture, names: bool) -> list[Any]:
    count = words.flag_count(len(lecture.flags), lecture.length)
    heading = html.Header([html.H2(words.GLANCE), html.P(count, className="said")])
    if not lecture.flags:
        return [
            heading,
            html.P(words.NO_STUDENTS if lecture.session.class_only else words.NO_FLAGS, className="quiet2"),
        ]
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in words.FLAG_COLUMNS]))
    body = []
    for flag in lecture.flags:
        end = lecture.length if flag.cleared is None else flag.cleared
        answer = lecture.answers.get(flag.number)
        name = words.student(flag.student, lecture.names, names)
        who = html.Span(
            [
                parts.flag_icon(flag.kind),
                parts.link(
                    html.Span(name, dir="auto"), parts.student_path(lecture.session.id, str(flag.student))
                ),
            ],
            className="who",
        )
        when = html.Button(
            words.span(lecture, flag.raised, end),
            className="btn quiet small",
            type="button",
            **{"data-at": str((flag.raised + end) / 2)},
        )
        did = _did(answer, flag.shown is None)
        body.append(
            html.Tr([html.Td(who), html.Td(when), html.Td(" ".join(wording.flag_reason(flag))), html.Td(did)])
        )
    rows = html.Table([head, html.Tbody(body)], className="plain flags")
    return [heading, html.Div(rows, className="scroll")]


def _hints(lecture: Lecture) -> Any:
    """What the pace hints said, and what the teacher answered; nothing where there was none."""
    if not lecture.hints:
        return None
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in words.HINT_COLUMNS]))
    body = [
        html.Tr(
            [
                html.Td(
                    html.Button(
                        words.clock(lecture, hint.seconds),
                        className="btn quiet small",
                        type="button",
                        **{"data-at": str(hint.seconds)},
                    )
                ),
                html.Td(hint.text),
                html.Td(_did(lecture.hint_answers.get(hint.number), False)),
            ]
        )
        for hint in lecture.hints
    ]
    heading = html.Header([html.H2(words.HINTS), html.P(words.HINTS_NOTE, className="said")])
    rows = html.Table([head, html.Tbody(body)], className="plain flags hints")
    return html.Section([heading, html.Div(rows, className="scroll")], id="review-hints", className="part")


def _did(answer: Answer | None, queued: bool) -> str:
    if answer is not None:
        return wording.ANSWERS[answer]
    return words.QUEUED if queued else words.NO_ANSWER


# --- marks --------------------------------------------------------------------------------------------------


def _marks_part(lecture: Lecture) -> Any:
    kinds = [{"value": kind.value, "label": wording.MARKERS[kind]} for kind in wording.TEACHER_KINDS]
    middle = words.clock(lecture, lecture.length / 2)
    form = html.Div(
        [
            dmc.TextInput(id="mark-time", label=words.WHEN_FIELD, placeholder=middle, w=112, size="sm"),
            dmc.Select(
                id="mark-kind",
                label=words.KIND_FIELD,
                data=kinds,
                value=MarkerKind.OTHER.value,
                w=152,
                size="sm",
                allowDeselect=False,
            ),
            dmc.TextInput(
                id="mark-text",
                label=words.NOTE_FIELD,
                className="grow",
                size="sm",
                inputProps={"maxLength": 200},
            ),
            parts.button(words.ADD_MARK, id="mark-save", kind="large"),
            parts.button(words.CANCEL, id="mark-cancel", kind="quiet", style={"display": "none"}),
        ],
        className="form",
    )
    return _part(
        "marks",
        words.MARKS,
        words.MARKS_NOTE,
        [],
        html.Div(_marks_table(lecture), id="mark-list", className="scroll"),
        dcc.Store(id="mark-editing"),
        form,
        html.Div(id="mark-wrong", className="wrong", role="alert"),
    )


def _marks_table(lecture: Lecture) -> Any:
    if not lecture.markers:
        return html.P(words.NO_MARKS, className="quiet2")
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in words.MARK_COLUMNS]))
    return html.Table(
        [head, html.Tbody([_mark_row(lecture, each) for each in lecture.markers])],
        className="plain flags marks",
    )


def _mark_row(lecture: Lecture, marker: Marker) -> Any:
    kind, note = words.marker_kind(marker), words.marker_note(marker)
    when = words.clock(lecture, marker.seconds)
    at = html.Button(when, className="btn quiet small", type="button", **{"data-at": str(marker.seconds)})
    actions = [
        html.Button(
            label,
            id={"type": f"mark-{what}", "number": marker.number},
            className="btn small quiet",
            type="button",
            **{"aria-label": f"{label}: {kind}, {when}"},
        )
        for what, label in (("edit", words.EDIT), ("delete", words.DELETE))
    ]
    return html.Tr(
        [
            html.Td([at, html.Span(f" {words.minutes(marker.seconds)}", className="quiet3")]),
            html.Td(html.Span([_sign(marker), kind], className="who")),
            html.Td(words.BY[marker.by]),
            html.Td(note, dir="auto"),
            html.Td(actions, className="do"),
        ]
    )


def _register_marks(app: Any, context: Context) -> None:
    @app.callback(
        Output("mark-list", "children"),
        Output("review-moments", "children"),
        Output("review-edited", "data"),
        Output("mark-editing", "data"),
        Output("mark-time", "value"),
        Output("mark-kind", "value"),
        Output("mark-text", "value"),
        Output("mark-save", "children"),
        Output("mark-cancel", "style"),
        Output("mark-wrong", "children"),
        Output("mark-time", "disabled"),
        Output("mark-kind", "disabled"),
        Input("mark-save", "n_clicks"),
        Input("mark-cancel", "n_clicks"),
        Input({"type": "mark-edit", "number": ALL}, "n_clicks"),
        Input({"type": "mark-delete", "number": ALL}, "n_clicks"),
        State("review-id", "data"),
        State("review-edited", "data"),
        State("mark-editing", "data"),
        State("mark-time", "value"),
        State("mark-kind", "value"),
        State("mark-text", "value"),
        prevent_initial_call=True,
    )
    def change(
        _save: Any, _cancel: Any, _edit: Any, _delete: Any, session: str, edited: int, editing: int | None,
        time: str | None, kind: str, text: str | None,
    ) -> Any:  # fmt: skip
        cause = dash.ctx.triggered_id
        if not dash.ctx.triggered[0]["value"]:
            return (dash.no_update,) * 12
        lecture = read_lecture(context.store, session, students=False)
        wrong = ""
        form: tuple[int | None, str, str, str] = (None, "", MarkerKind.OTHER.value, "")
        if cause == "mark-save":
            old = (
                next((each for each in lecture.markers if each.number == editing), None) if editing else None
            )
            try:
                _keep(context, lecture, old, time, kind, text or "")
                edited += 1
            except StoreError as problem:
                wrong, form = str(problem), (editing, time or "", kind, text or "")
        elif isinstance(cause, dict) and cause["type"] == "mark-edit":
            chosen = next((each for each in lecture.markers if each.number == cause["number"]), None)
            if chosen is not None:
                form = (chosen.number, words.clock(lecture, chosen.seconds), chosen.kind.value, chosen.text)
        elif isinstance(cause, dict):
            with suppress(StoreError):  # deleted already, in another tab
                context.store.delete_marker(session, cause["number"])
            edited += 1
        lecture = read_lecture(context.store, session, students=False)
        turn = form[2] == MarkerKind.TURN.value
        return (
            _marks_table(lecture),
            _moments(lecture),
            edited,
            form[0],
            form[1],
            MarkerKind.OTHER.value if turn else form[2],
            form[3],
            words.SAVE if form[0] else words.ADD_MARK,
            {} if form[0] else {"display": "none"},
            wrong,
            turn,
            turn,
        )


def _keep(
    context: Context, lecture: Lecture, old: Marker | None, time: str | None, kind: str, text: str
) -> None:
    """Adds a mark, or changes the old one. Raises StoreError with a sentence for the teacher."""
    if old is not None and old.kind is MarkerKind.TURN:
        context.store.edit_marker(lecture.session.id, Marker(old.seconds, old.kind, text, old.number))
        return
    seconds = words.seconds_at(lecture, time or "")
    if seconds is None:
        raise StoreError(words.BAD_TIME.format(example=words.clock(lecture, lecture.length / 2)))
    if old is None:
        context.store.add_marker(lecture.session.id, Marker(seconds, MarkerKind(kind), text))
        return
    # The minute is what the box shows: unchanged, the mark keeps its second.
    same = words.clock(lecture, old.seconds) == (time or "").strip()
    context.store.edit_marker(
        lecture.session.id, Marker(old.seconds if same else seconds, MarkerKind(kind), text, old.number)
    )


# --- take it with you ---------------------------------------------------------------------------------------


def _take(lecture: Lecture) -> Any:
    box = dmc.Checkbox(id="take-names", label=words.WITH_NAMES, size="sm") if lecture.names else None
    return html.Section(
        [
            html.Div(
                [
                    html.H2(words.TAKE, className="medium"),
                    html.P(words.LIMITS, className="small quiet2"),
                    html.P(words.UNPROTECTED, className="small quiet3"),
                ]
            ),
            html.Div(
                [box, html.Div(downloads.links(lecture.session.id, False), id="take-links", className="row")],
                className="row",
            ),
            downloads.work(),
        ],
        id="take",
        className="panel take",
    )


def shown_range(lecture: Lecture, values: Mapping[str, str]) -> list[float]:
    """The stretch that the address asks for, else the whole session."""
    try:
        start, end = float(values.get("from", "")), float(values.get("to", ""))
    except ValueError:
        return [0, round(lecture.length)]
    if not 0 <= start < end <= lecture.length + 1:  # also catches NaN
        return [0, round(lecture.length)]
    return [start, end]
