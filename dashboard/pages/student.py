"""One student: against the own usual look alone, with the signs, the flags, and what the teacher can set."""

from __future__ import annotations

from typing import Any

import dash
import dash_mantine_components as dmc
import numpy as np
from dash import ALL, ClientsideFunction, Input, Output, State, dcc, html

from classroom_monitor.errors import ClassroomError
from classroom_monitor.records import Answer, Flag, Probabilities
from dashboard import parts, review_figures, theme, wording
from dashboard import review_wording as words
from dashboard.context import Context
from dashboard.live import bar, detail, lanes
from dashboard.live.now import View, running
from dashboard.pages import review
from dashboard.summary import (
    Lecture,
    StudentSeries,
    middle,
    read_lecture,
    student_series,
    student_stretch,
)

PATH = "/student/<session>/<student>"
TITLE = words.THIS_STUDENT

#: The stretch a running session opens with, and how often its page is drawn anew; s.
RECENT = 600.0
REFRESH = 5.0


def layout(context: Context, session: str, student: str, **values: str) -> Any:
    """The page of one student of one session."""
    lecture = read_lecture(context.store, session, students=False)
    number = int(student) if student.isascii() and student.isdigit() else 0
    number = context.store.merged(lecture.session.id).get(number, number)
    series = _series(context, lecture, number)
    live = _live(context, lecture)
    back = _back(lecture, live)
    if not len(series):
        return html.Div(
            [*_bar(context, lecture, False, None), html.Main(parts.state_screen(wording.NO_STUDENT, back))]
        )
    shown = review.shown_range(lecture, values)
    if live and "from" not in values:
        shown = [max(0.0, lecture.length - RECENT), lecture.length]
    start = lecture.session.start.timestamp() * 1000
    hidden = {} if number in lecture.names and not live else {"display": "none"}
    show_name = parts.button(words.SHOW_NAME, kind="quiet", id="student-show", style=hidden)
    return html.Div(
        className=bar.WATCHED if live else None,
        **bar.shortcuts(context),
        children=[
            dcc.Store(id="review-id", data=lecture.session.id),
            dcc.Store(id="student-number", data=number),
            dcc.Store(id="review-range", data=shown),
            dcc.Store(id="review-axis", data={"start": start, "length": round(lecture.length)}),
            dcc.Store(id="student-figure"),
            dcc.Store(id="review-echo"),
            dcc.Store(id="student-changed", data=0),
            dcc.Store(id="student-words", data={"table": wording.TABLE, "table_hide": wording.TABLE_HIDE}),
            dcc.Interval(id="student-tick", interval=REFRESH * 1000, disabled=not live),
            *_bar(context, lecture, live, show_name),
            html.Main(
                className="sides",
                children=[
                    html.Div(
                        [
                            html.Div(
                                [
                                    html.H1(
                                        wording.pseudonym(number),
                                        id="student-name",
                                        className="huge cut",
                                        dir="auto",
                                    ),
                                    html.Span(
                                        words.looks_used(series.usable, series.looks),
                                        id="student-used",
                                        className="title line",
                                    ),
                                ],
                                className="row spread wrap",
                            ),
                            html.P(_sentence(context, lecture, series), id="student-said", className="lead"),
                            html.Div(
                                review.zoom_controls(lecture, shown),
                                className="zoom",
                                style={"margin": "16px 0 8px"},
                            ),
                            review.chart("student-chart", words.STUDENT_CHART),
                            html.Div(
                                [html.Span(words.STUDENT_LEGEND), review.table_button("student")],
                                className="under",
                            ),
                            html.Div(id="review-student-numbers"),
                            lanes.section("student-mix", wording.MIX_HEADING, wording.MIX_LABEL, 196),
                        ],
                        style={"minWidth": 0},
                    ),
                    html.Aside(_side(context, lecture, series, number, live), id="student-side"),
                ],
            ),
            _name_dialog(),
            _merge_dialog(),
        ],
    )


def register(app: Any, context: Context) -> None:
    """The chart, the table, the name, leaving out, answers."""
    app.clientside_callback(
        ClientsideFunction("review", "student"),
        Output("review-echo", "data", allow_duplicate=True),
        Input("student-figure", "data"),
        State("review-axis", "data"),
        State("review-range", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("student-figure", "data"),
        Input("view", "data"),
        Input("student-tick", "n_intervals"),
        State("review-id", "data"),
        State("student-number", "data"),
        State("review-range", "data"),
        State("review-axis", "data"),
    )
    def draw(
        view: Any, _tick: Any, session: str, number: int, shown: list[float], axis: dict[str, Any]
    ) -> Any:
        lecture = read_lecture(context.store, session, students=False)
        series = _series(context, lecture, number)
        compact = bool(view and view["compact"])
        if (
            shown[1] >= axis["length"] - 1 and axis["length"] < lecture.length
        ):  # at the end of a session that runs
            shown = [shown[0] + lecture.length - shown[1], lecture.length]
        figure = review_figures.student(
            lecture,
            series,
            context.settings.mood.reading_error,
            _flags(lecture, number),
            theme.palette(bool(view and view["dark"])),
            compact,
            (shown[0], shown[1]),
        )
        return {"figure": figure, "length": round(lecture.length)}

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Input("student-beat", "n_intervals"),
        State("review-id", "data"),
        State("student-number", "data"),
        prevent_initial_call="initial_duplicate",
    )
    def beat(_passed: int | None, session: str, number: int) -> Any:
        now = bar.beat(context)
        if now is None or now == session:
            return dash.no_update
        return parts.student_path(session, str(number)) + "?ended=1"  # the same page, as the review has it

    @app.callback(
        Output("student-used", "children"),
        Output("student-said", "children"),
        Output("student-side", "children"),
        Input("student-tick", "n_intervals"),
        Input("student-changed", "data"),
        State("review-id", "data"),
        State("student-number", "data"),
        prevent_initial_call=True,
    )
    def refresh(_tick: Any, _changed: int, session: str, number: int) -> Any:
        lecture = read_lecture(context.store, session, students=False)
        series = _series(context, lecture, number)
        used = words.looks_used(series.usable, series.looks)
        return (
            used,
            _sentence(context, lecture, series),
            _side(context, lecture, series, number, _live(context, lecture)),
        )

    @app.callback(
        Output("student-name", "children"),
        Output("student-show", "children"),
        Input("view", "data"),
        Input("student-show", "n_clicks"),
        Input("student-changed", "data"),
        State("review-id", "data"),
        State("student-number", "data"),
    )
    def show_name(view: Any, clicks: int | None, _changed: int, session: str, number: int) -> Any:
        lecture = read_lecture(context.store, session, students=False)
        shown = _named(context, session, view, clicks)
        return words.student(number, lecture.names, shown), words.HIDE_NAME if shown else words.SHOW_NAME

    @app.callback(
        Output("review-student-numbers", "children"),
        Output("review-student-table", "children"),
        Output("review-student-table", "aria-expanded"),
        Input("review-student-table", "n_clicks"),
        State("review-id", "data"),
        State("student-number", "data"),
        prevent_initial_call=True,
    )
    def show_table(clicks: int, session: str, number: int) -> Any:
        if not clicks % 2:
            return None, words.TABLE, "false"
        lecture = read_lecture(context.store, session, students=False)
        return _table(lecture, _series(context, lecture, number)), words.TABLE_HIDE, "true"

    @app.callback(
        Output("student-mix-chart", "figure"),
        Output("student-mix-said", "children"),
        Output("student-mix-numbers", "children"),
        Input("view", "data"),
        Input("student-tick", "n_intervals"),
        Input("review-range", "data"),
        Input("student-mix-table", "aria-expanded"),
        State("review-id", "data"),
        State("student-number", "data"),
        State("review-axis", "data"),
    )
    def draw_mixture(
        view: Any,
        _tick: Any,
        shown: list[float],
        table: str,
        session: str,
        number: int,
        axis: dict[str, Any],
    ) -> Any:
        looks = context.store.student_looks(session, student=number)
        end = float(looks["seconds"].iloc[-1]) if len(looks) else 0.0
        grown = max(0.0, end - axis["length"]) if shown[1] >= axis["length"] - 1 else 0.0
        found = lanes.of_student(looks, (shown[0] + grown, shown[1] + grown))
        if found is None:
            return dash.no_update, wording.MIX_UNKNOWN, None
        numbers = lanes.table(found, wording.MIX_LABEL) if table == "true" else None
        return lanes.figure(found, View(**(view or {}))), wording.MIX_SAID, numbers

    app.clientside_callback(
        ClientsideFunction("classroom", "toggle"),
        Output("student-mix-table", "aria-expanded"),
        Output("student-mix-table", "children"),
        Input("student-mix-table", "n_clicks"),
        State("student-words", "data"),
        prevent_initial_call=True,
    )
    _register_actions(app, context)
    _register_merge(app, context)


def _register_merge(app: Any, context: Context) -> None:
    @app.callback(
        Output("student-merge-dialog", "opened"),
        Output("student-merge-with", "data"),
        Output("student-merge-with", "value"),
        Output("student-merge-problem", "children"),
        Input({"type": "student-do", "what": "merge"}, "n_clicks"),
        Input("student-merge-no", "n_clicks"),
        State("review-id", "data"),
        State("student-number", "data"),
        State("view", "data"),
        State("student-show", "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(
        clicks: int | None, _no: int | None, session: str, number: int, view: Any, shows: int | None
    ) -> Any:
        if dash.ctx.triggered_id == "student-merge-no":
            return False, [], None, ""
        if not clicks:  # the button was only drawn anew
            return (dash.no_update,) * 4
        named = _named(context, session, view, shows)
        return True, others(context, session, number, named), None, ""

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Output("student-merge-problem", "children", allow_duplicate=True),
        Input("student-merge-yes", "n_clicks"),
        State("student-merge-with", "value"),
        State("review-id", "data"),
        State("student-number", "data"),
        prevent_initial_call=True,
    )
    def join(clicks: int | None, other: str | None, session: str, number: int) -> Any:
        if not clicks or not other:
            return dash.no_update, wording.MERGE_CHOOSE if clicks else ""
        try:
            into = merge(context, session, number, int(other))
        except ClassroomError as problem:
            return dash.no_update, str(problem)
        return parts.student_path(session, str(into)) + "?merged=1", ""

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Input({"type": "student-split", "student": ALL}, "n_clicks"),
        State("review-id", "data"),
        State("student-number", "data"),
        prevent_initial_call=True,
    )
    def part(_clicks: list[int | None], session: str, number: int) -> Any:
        asked = dash.ctx.triggered_id
        if not isinstance(asked, dict) or not dash.ctx.triggered[0]["value"]:
            return dash.no_update
        split(context, session, int(asked["student"]))
        return parts.student_path(session, str(number)) + "?merged=0"


def _named(context: Context, session: str, view: Any, clicks: int | None) -> bool:
    """Whether names are shown: live as the browser is set, in review not at first; a button turns it."""
    return (_runs(context, session) and bool(view and view["names"])) != bool((clicks or 0) % 2)


def others(context: Context, session: str, number: int, named: bool) -> list[dict[str, str]]:
    """The other students of the session, by number: never by how they look."""
    same, names = context.store.merged(session), context.store.names(session)
    known = {int(each) for each in context.store.presence(session, 1)["student"]} - {number, *same}
    return [{"value": str(each), "label": words.student(each, names, named)} for each in sorted(known)]


def merge(context: Context, session: str, one: int, other: int) -> int:
    """Two students are one in all of the session; returns the number that stays, the lower one."""
    into, student = sorted((one, other))
    context.store.merge_students(session, student, into)
    if _runs(context, session) and context.watcher is not None:
        context.watcher.merge(student, into)
    return into


def split(context: Context, session: str, student: int) -> None:
    """Takes a merge back."""
    context.store.split_student(session, student)
    if _runs(context, session) and context.watcher is not None:
        context.watcher.split(student)


def _runs(context: Context, session: str) -> bool:
    return running(context)[0] == session


def _register_actions(app: Any, context: Context) -> None:
    @app.callback(
        Output("student-dialog", "opened"),
        Output("student-text", "value"),
        Input({"type": "student-do", "what": "name"}, "n_clicks"),
        Input("student-cancel", "n_clicks"),
        State("review-id", "data"),
        State("student-number", "data"),
        prevent_initial_call=True,
    )
    def ask(clicks: int | None, _cancel: Any, session: str, number: int) -> Any:
        if dash.ctx.triggered_id == "student-cancel":
            return False, dash.no_update
        if not clicks:
            return dash.no_update, dash.no_update
        return True, context.store.names(session).get(number, "")

    @app.callback(
        Output("student-dialog", "opened", allow_duplicate=True),
        Output("student-changed", "data", allow_duplicate=True),
        Input("student-save", "n_clicks"),
        Input("student-text", "n_submit"),
        State("student-text", "value"),
        State("review-id", "data"),
        State("student-number", "data"),
        State("student-changed", "data"),
        prevent_initial_call=True,
    )
    def save(_clicks: Any, _submit: Any, text: str | None, session: str, number: int, changed: int) -> Any:
        name = (text or "").strip()
        context.store.name_student(session, number, name)
        lecture = read_lecture(context.store, session, students=False)
        if context.watcher is not None and _live(context, lecture) and name:
            context.watcher.name(number, name)
        return False, changed + 1

    @app.callback(
        Output("student-changed", "data", allow_duplicate=True),
        Input({"type": "student-do", "what": "out"}, "n_clicks"),
        State("review-id", "data"),
        State("student-number", "data"),
        State("student-changed", "data"),
        prevent_initial_call=True,
    )
    def leave_out(clicks: int | None, session: str, number: int, changed: int) -> Any:
        if not clicks:
            return dash.no_update
        out = number not in context.store.left_out(session)
        context.store.leave_out(session, number, out)
        if context.watcher is not None:
            context.watcher.leave_out(number, out)
        return changed + 1

    @app.callback(
        Output("student-changed", "data", allow_duplicate=True),
        Input({"type": "student-do", "what": "own"}, "n_clicks"),
        State("student-number", "data"),
        State("student-changed", "data"),
        prevent_initial_call=True,
    )
    def own(clicks: int | None, number: int, changed: int) -> Any:
        if not clicks:
            return dash.no_update
        detail.own(context, number)
        return changed + 1

    @app.callback(
        Output("student-changed", "data", allow_duplicate=True),
        Input({"type": "student-answer", "flag": ALL, "answer": ALL}, "n_clicks"),
        State("review-id", "data"),
        State("student-changed", "data"),
        prevent_initial_call=True,
    )
    def answer(_clicks: Any, session: str, changed: int) -> Any:
        cause = dash.ctx.triggered_id
        if not isinstance(cause, dict) or not dash.ctx.triggered[0]["value"]:
            return dash.no_update
        said = Answer(cause["answer"])
        context.store.answer(session, cause["flag"], said)
        lecture = read_lecture(context.store, session, students=False)
        if context.watcher is not None and _live(context, lecture):
            context.watcher.answer(cause["flag"], said)
        return changed + 1


# --- reading ------------------------------------------------------------------------------------------------


def _series(context: Context, lecture: Lecture, number: int) -> StudentSeries:
    looks = context.store.student_looks(lecture.session.id, student=number)
    return student_series(looks, context.settings.flags)


def _live(context: Context, lecture: Lecture) -> bool:
    return _runs(context, lecture.session.id)


def _flags(lecture: Lecture, number: int) -> tuple[Flag, ...]:
    return tuple(flag for flag in lecture.flags if flag.student == number)


def _sentence(context: Context, lecture: Lecture, series: StudentSeries) -> str:
    found = student_stretch(series, context.settings.mood.reading_error)
    if found is None:
        return words.student_sentence(None, "", "", None)
    start, end, change = found
    then, whole = middle(lecture.series.between(start, end)), lecture.middle
    moved = None if then is None or whole is None else then - whole
    return words.student_sentence(change, words.clock(lecture, start), words.clock(lecture, end), moved)


# --- parts --------------------------------------------------------------------------------------------------


def _back(lecture: Lecture, live: bool) -> Any:
    if live:
        return parts.link(words.BACK_LIVE, "/live")
    return parts.link(words.BACK_REVIEW, parts.review_path(lecture.session.id))


def _bar(context: Context, lecture: Lecture, live: bool, show_name: Any) -> list[Any]:
    divider = html.Span(className="divider", **{"aria-hidden": "true"})
    if live:
        names = parts.names_button("live-names")
        return [
            dcc.Interval(id="student-beat", interval=round(context.settings.dashboard.refresh * 1000)),
            *bar.frame((_back(lecture, live), divider), (), (show_name, names, parts.scheme_button())),
        ]
    crumbs = html.Nav(
        [
            _back(lecture, live),
            divider,
            html.Span(words.title_of(lecture.session), className="medium"),
            html.Span(words.when(lecture.session), className="quiet2"),
        ],
        className="crumbs",
        **{"aria-label": words.SESSIONS_TITLE},
    )
    tools = html.Div([show_name, parts.scheme_button()], className="row")
    return [html.Header([crumbs, tools], className="bar wrap")]


def _side(context: Context, lecture: Lecture, series: StudentSeries, number: int, live: bool) -> list[Any]:
    flags = _flags(lecture, number)
    panels: list[Any] = [_flag_panel(lecture, flag, live) for flag in reversed(flags)][:4]
    if not flags:
        panels = [
            html.Section(
                [html.H2(words.GLANCE), html.P(words.NOT_FLAGGED, className="quiet2")], className="panel"
            )
        ]
    return [
        *panels,
        _mixture(context, series, lecture, number, live),
        _settings(context, lecture, number, live),
    ]


def _flag_panel(lecture: Lecture, flag: Flag, live: bool) -> Any:
    end = lecture.length if flag.cleared is None else flag.cleared
    answer = lecture.answers.get(flag.number)
    actions = []
    if live and answer is None:
        actions = [
            html.Button(
                label,
                id={"type": "student-answer", "flag": flag.number, "answer": said.value},
                className="btn",
                type="button",
            )
            for label, said in ((wording.NOT_NOW, Answer.NOT_NOW), (wording.NEVER, Answer.NEVER))
        ]
    did = html.Span(wording.ANSWERS[answer], className="small quiet3") if answer else None
    return html.Section(
        [
            html.Div(
                [
                    html.Span([parts.flag_icon(flag.kind), html.H2(words.GLANCE)], className="row"),
                    html.Span(words.span(lecture, flag.raised, end), className="small quiet3"),
                ],
                className="row spread",
            ),
            html.P(" ".join(wording.flag_reason(flag)), className="quiet2", style={"marginTop": "8px"}),
            html.Div([*actions, did], className="row wrap", style={"marginTop": "12px"})
            if actions or did
            else None,
        ],
        className="panel",
    )


def _mixture(context: Context, series: StudentSeries, lecture: Lecture, number: int, live: bool) -> Any:
    chances: Probabilities | None = series.mixture()
    if live:
        now = next(
            (each for each in context.store.students_now(lecture.session.id) if each.student == number), None
        )
        chances = now.probabilities if now else None
    return html.Section(
        [
            html.Div(
                [
                    html.H2(words.HOW_NOW if live else words.HOW_ALL),
                    html.Span(words.LAST_TEN if live else words.WHOLE, className="small quiet3"),
                ],
                className="row spread",
            ),
            html.P(f"{wording.looks(chances)}.", className="quiet2"),
            parts.mixture(chances),
            html.P(wording.LABELS_NOTE, className="small quiet3"),
        ],
        className="panel",
    )


def _settings(context: Context, lecture: Lecture, number: int, live: bool) -> Any:
    out = number in context.store.left_out(lecture.session.id)
    actions = [_action("name", words.CORRECT_NAME)]
    if live:
        actions.append(_action("out", words.TAKE_IN if out else words.LEAVE_OUT))
        actions.append(_action("own", wording.THIS_IS_ME))
    actions.append(_action("merge", wording.MERGE))
    merged = [student for student, into in context.store.merged(lecture.session.id).items() if into == number]
    return html.Section(
        [
            html.H2(words.THIS_STUDENT),
            html.P(words.LEAVE_NOTE if live else words.NAME_NOTE, className="small quiet2"),
            html.Div(actions, className="row wrap", style={"marginTop": "12px"}),
            *[_merged(student) for student in merged],
        ],
        className="outlined",
    )


def _action(what: str, label: str) -> Any:
    return html.Button(label, id={"type": "student-do", "what": what}, className="btn", type="button")


def _merged(student: int) -> Any:
    return html.Div(
        [
            html.Span(wording.merged_here(wording.pseudonym(student)), className="small quiet2"),
            html.Button(
                wording.SPLIT,
                id={"type": "student-split", "student": student},
                className="btn quiet small",
                type="button",
                **{"aria-label": wording.split_label(wording.pseudonym(student))},
            ),
        ],
        className="row spread",
        style={"marginTop": "12px"},
    )


def _merge_dialog() -> Any:
    return dmc.Modal(
        id="student-merge-dialog",
        title=wording.MERGE,
        opened=False,
        centered=True,
        closeButtonProps={"aria-label": words.CANCEL},
        transitionProps={"duration": 0},
        children=html.Div(
            [
                html.P(wording.MERGE_CAUSE, className="quiet2"),
                dmc.Select(
                    id="student-merge-with",
                    label=wording.MERGE_WITH,
                    data=[],
                    searchable=True,
                    comboboxProps={"transitionProps": {"duration": 0}, "withinPortal": False},
                ),
                html.P(id="student-merge-problem", className="small quiet2", role="alert"),
                html.Div(
                    [
                        parts.button(wording.MERGE_YES, kind="main", id="student-merge-yes"),
                        parts.button(words.CANCEL, id="student-merge-no"),
                    ],
                    className="row wrap",
                ),
            ],
            className="stack",
        ),
    )


def _name_dialog() -> Any:
    return dmc.Modal(
        id="student-dialog",
        title=words.CORRECT_NAME,
        opened=False,
        centered=True,
        closeButtonProps={"aria-label": words.CANCEL},
        transitionProps={"duration": 0},
        children=html.Div(
            [
                dmc.TextInput(
                    id="student-text", label=words.NAME_FIELD, size="sm", inputProps={"maxLength": 120}
                ),
                html.P([words.FORGET_NAME_NOTE, " ", words.NAME_NOTE], className="small quiet2"),
                html.Div(
                    [
                        parts.button(words.SAVE, kind="main", id="student-save"),
                        parts.button(words.CANCEL, id="student-cancel"),
                    ],
                    className="row wrap",
                ),
            ],
            className="stack",
        ),
    )


def _table(lecture: Lecture, series: StudentSeries) -> Any:
    """The numbers of the chart, by minute."""
    rows = []
    minutes = (series.seconds // 60).astype(int)
    for minute in np.unique(minutes):
        here = minutes == minute
        away = series.away[here]
        known = away[np.isfinite(away)]
        signs = [
            label
            for label, flagged in (
                (words.BROW, series.brow),
                (words.AWAY, series.turned),
                (words.EYES, series.closed),
            )
            if flagged[here].any()
        ]
        start, end = minute * 60.0, minute * 60.0 + 60
        absent = {
            wording.PRESENCE[kind] for begin, stop, kind in series.absent if begin < end and stop > start
        }
        rows.append(
            [
                words.clock(lecture, start),
                str(minute),
                words.signed(float(known.mean())) if len(known) else "",
                wording.percent(float(series.used[here].mean())),
                ", ".join(signs),
                ", ".join(sorted(absent)),
            ]
        )
    return review.table(words.STUDENT_CHART, words.STUDENT_COLUMNS, rows)
