"""The live page: how the class looks now, on how many faces, and who is worth a glance.

One callback reads the store at each refresh and sends only what has changed (dashboard.live has the parts);
the ages of looks, the tiles of the call and the shortcuts are the browser's (assets/live.js). Narrow windows
(480 px) get the compact layout.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import flask
from dash import ALL, ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update

from classroom_monitor.records import Answer
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live import bar, call, detail, flags, health, lanes
from dashboard.live.now import View, acted, read, running
from dashboard.live.refresh import fresh

#: How often the capture is shown anew while it is open (ms).
CAPTURE_EVERY = 4000

PATH = "/live"
TITLE = wording.LIVE


def layout(context: Context, **_values: str) -> Any:
    """The empty page; the first refresh fills it."""
    session_id, _health = running(context)
    if session_id is None:
        return parts.state_page(context, wording.NO_SESSION, *health.start_again(context))
    session = context.store.session(session_id)
    title = wording.shown_name(session.title)
    return html.Div(
        id="live",
        className=f"{bar.WATCHED} live demo" if context.demo else f"{bar.WATCHED} live",
        **bar.shortcuts(context),
        children=[
            dcc.Interval(id="live-refresh", interval=round(context.settings.dashboard.refresh * 1000)),
            dcc.Store(id="live-call"),
            dcc.Store(id="live-shown"),
            dcc.Store(id="live-picked"),
            dcc.Interval(id="live-slow", interval=round(lanes.SLOW * 1000)),
            *bar.frame(
                before=(),
                after=(
                    html.Span(className="divider full"),
                    html.Span(title, className="medium cut full", title=title, dir="auto"),
                    html.Span(id="live-time", className="quiet3 line"),
                    parts.button(wording.STOP, kind="quiet narrow", id="live-stop-narrow"),
                ),
                tools=(
                    parts.names_button("live-names"),
                    parts.button(wording.STOP, kind="quiet", id="live-stop"),
                    parts.button(
                        wording.COMPACT, **{"data-do": "compact", "aria-label": wording.COMPACT_LABEL}
                    ),
                    parts.scheme_button(),
                ),
            ),
            html.Main(
                className="live-grid",
                children=[
                    html.Div(id="live-notice"),
                    html.Section(
                        className="live-class",
                        children=[
                            html.Div(id="live-head"),
                            html.Div(
                                [
                                    html.Div(id="live-tip", className="tip small", hidden=True),
                                    dcc.Graph(
                                        id="live-chart",
                                        responsive=True,
                                        config={"displayModeBar": False, "staticPlot": True},
                                        figure={
                                            "layout": {
                                                "xaxis": {"visible": False},
                                                "yaxis": {"visible": False},
                                            }
                                        },
                                    ),
                                ],
                                className="live-chart",
                                role="img",
                                **{"aria-label": wording.CHART_LABEL},
                            ),
                            html.Div(id="live-count"),
                            html.Div(
                                [
                                    html.P(wording.CHART_LEGEND, className="small quiet3"),
                                    parts.table_button("live-line"),
                                ],
                                className="row spread top full",
                            ),
                            html.Div(id="live-line-numbers", className="full"),
                            html.Div(
                                className="full live-call",
                                children=[
                                    call.heading(),
                                    html.Div(id="live-map", className="map"),
                                    html.Div(id="live-rest", className="map rest"),
                                    call.causes(),
                                ],
                            ),
                            html.Div(
                                className="full live-lanes",
                                children=[
                                    lanes.section(
                                        "live-shares", wording.SHARES_HEADING, wording.SHARES_LABEL, 196
                                    ),
                                    lanes.section(
                                        "live-signs", wording.SIGNS_HEADING, wording.SIGNS_LABEL, 140
                                    ),
                                ],
                            ),
                        ],
                    ),
                    html.Aside(
                        className="live-aside",
                        children=[
                            _drawn_call() if context.demo else None,
                            detail.frame(),
                            html.Div(id="live-flags", className="stack"),
                            None if context.demo else _capture(),
                        ],
                    ),
                ],
            ),
            html.Footer(
                className="live-foot full small quiet3 row",
                children=[
                    parts.link(label, path, className="link quiet2")
                    for path, label in wording.NAVIGATION
                    if path != "/"
                ]
                + [html.Span(wording.NOTHING_LEAVES, className="push")],
            ),
            dmc.Modal(
                id="live-stop-question",
                title=wording.STOP_QUESTION,
                centered=True,
                transitionProps={"duration": 0},
                children=[
                    dcc.Store(id="live-stop-anew"),
                    html.P(id="live-stop-cause", className="quiet2"),
                    html.Div(
                        className="row actions",
                        children=[
                            parts.button(wording.STOP_CONFIRM, kind="main", id="live-stop-yes"),
                            parts.button(wording.KEEP_READING, id="live-stop-no"),
                        ],
                    ),
                ],
            ),
        ],
    )


def _drawn_call() -> Any:
    """The picture that the demo reads; live.js loads it anew after each look."""
    return html.Figure(
        className="drawn full",
        children=[
            html.Img(id="live-picture", alt=wording.DRAWN_CALL, src="/picture.jpg"),
            html.Figcaption(wording.DRAWN_NOTE, className="small quiet3"),
        ],
    )


def _capture() -> Any:
    """The picture that is read, on demand."""
    return html.Section(
        className="full capture",
        children=[
            dcc.Interval(id="live-capture-again", interval=CAPTURE_EVERY, disabled=True),
            html.Div(
                [
                    html.H2(wording.CAPTURE_HEADING, className="medium"),
                    html.Button(
                        wording.CAPTURE_SHOW,
                        id="live-capture-show",
                        className="btn quiet small",
                        type="button",
                        **{"aria-expanded": "false", "aria-controls": "live-capture"},
                    ),
                ],
                className="row spread",
            ),
            html.Div(id="live-capture"),
        ],
    )


def captured(context: Context) -> Any:
    """The last picture with the tiles found in it, held in memory only."""
    found = context.watcher.capture() if context.watcher is not None else None
    if found is None:
        return html.P(wording.CAPTURE_NONE, className="small quiet2")
    return [
        parts.captured(found),
        html.P(f"{wording.tiles_marked(len(found.tiles))} {wording.CAPTURE_NOTE}", className="small quiet3"),
    ]


def register(app: Any, context: Context) -> None:
    """The callbacks of the page, and the picture of the drawn class."""

    @app.callback(
        Output("live-head", "children"),
        Output("live-chart", "figure"),
        Output("live-count", "children"),
        Output("live-call", "data"),
        Output("live-flags", "children"),
        Output("live-notice", "children"),
        Output({"live-text": ALL, "part": ALL}, "children"),
        Output("live-shown", "data"),
        Input("live-refresh", "n_intervals"),
        Input("view", "data"),
        Input("live-acted", "data"),
        State("live-shown", "data"),
        State({"live-text": ALL, "part": ALL}, "id"),
    )
    def refresh(
        _passed: int | None,
        view: dict[str, bool] | None,
        _acted: Any,
        shown: Any,
        texts: list[dict[str, Any]],
    ) -> Any:
        pulse, *rest = fresh(context, View(**(view or {})), shown or {}, texts)
        bar.send(pulse)
        return rest

    @app.callback(
        Output("live-acted", "data", allow_duplicate=True),
        Output("location", "href", allow_duplicate=True),
        Input({"live-answer": ALL, "flag": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def answer(_clicks: list[int | None]) -> Any:
        asked = ctx.triggered_id
        if not asked or not ctx.triggered[0]["value"]:
            return no_update, no_update
        return flags.answered(context, int(asked["flag"]), Answer(asked["live-answer"]))

    @app.callback(
        Output("live-acted", "data", allow_duplicate=True),
        Input({"live-hint": ALL, "answer": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def answer_hint(_clicks: list[int | None]) -> Any:
        asked = ctx.triggered_id
        session_id, _health = running(context)
        if not asked or not ctx.triggered[0]["value"] or session_id is None:
            return no_update
        context.store.answer_hint(session_id, int(asked["live-hint"]), Answer(asked["answer"]))
        return acted(context)

    bar.register(app, context)
    _register_details(app, context)

    @app.callback(
        Output("live-stop-question", "opened"),
        Output("live-stop-cause", "children"),
        Output("live-stop-yes", "children"),
        Output("live-stop-anew", "data"),
        Input("live-stop", "n_clicks"),
        Input("live-stop-narrow", "n_clicks"),
        Input("live-stop-no", "n_clicks"),
        Input({"live-choose": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(*_clicks: Any) -> Any:
        if not ctx.triggered[0]["value"]:  # a button that has just come
            return (no_update,) * 4
        if ctx.triggered_id == "live-stop-no":
            return False, no_update, no_update, no_update
        if isinstance(ctx.triggered_id, str):
            return True, wording.STOP_CAUSE, wording.STOP_CONFIRM, False
        return True, wording.CHOOSE_CAUSE, wording.CHOOSE_AGAIN, True

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Input("live-stop-yes", "n_clicks"),
        State("live-stop-anew", "data"),
        prevent_initial_call=True,
    )
    def stop(clicks: int | None, anew: bool | None) -> Any:
        session_id, _health = running(context)
        if not clicks or context.watcher is None or session_id is None:
            return no_update
        context.watcher.stop()
        return parts.start_path(session_id) if anew else parts.review_path(session_id)

    app.clientside_callback(
        ClientsideFunction("classroom", "shown"),
        Output("live-head", "id"),
        Input("live-shown", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("classroom", "call"),
        Output("live-map", "id"),
        Input("live-call", "data"),
        State("live-words", "data"),
        prevent_initial_call=True,
    )

    @app.server.get("/picture.jpg")  # type: ignore[untyped-decorator, unused-ignore]
    def picture() -> flask.Response:
        """The drawn call, from memory. Pictures of people are never served."""
        jpeg = context.watcher.picture() if context.demo and context.watcher is not None else None
        if jpeg is None:
            return flask.Response(status=404, headers={"Cache-Control": "no-store"})
        return flask.Response(jpeg, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})


def _register_details(app: Any, context: Context) -> None:
    """The lanes with their tables, the tapped student, and the capture: all that stands beside the glance."""

    @app.callback(
        Output("live-shares-chart", "figure"),
        Output("live-shares-said", "children"),
        Output("live-shares-numbers", "children"),
        Output("live-signs-chart", "figure"),
        Output("live-signs-said", "children"),
        Output("live-signs-numbers", "children"),
        Input("live-slow", "n_intervals"),
        Input("view", "data"),
        Input("live-shares-table", "aria-expanded"),
        Input("live-signs-table", "aria-expanded"),
    )
    def draw_lanes(_passed: int | None, view: dict[str, bool] | None, *opened: str) -> Any:
        seen = View(**(view or {}))
        found = None if seen.compact else lanes.read(context)
        if found is None:
            return (no_update,) * 6
        shares, signs = found
        return (
            lanes.figure(shares, seen),
            lanes.shares_said(shares),
            lanes.table(shares, wording.SHARES_LABEL) if opened[0] == "true" else None,
            lanes.figure(signs, seen),
            lanes.signs_said(signs),
            lanes.table(signs, wording.SIGNS_LABEL) if opened[1] == "true" else None,
        )

    @app.callback(
        Output("live-line-numbers", "children"),
        Input("live-slow", "n_intervals"),
        Input("live-line-table", "aria-expanded"),
    )
    def line_numbers(_passed: int | None, opened: str) -> Any:
        session_id, known = running(context)
        if opened != "true" or session_id is None:
            return None
        return lanes.line_table(read(context, session_id, known), wording.CHART_LABEL)

    @app.callback(
        Output("live-detail", "hidden"),
        Output("live-detail-name", "children"),
        Output("live-detail-now", "children"),
        Output("live-detail-page", "href"),
        Output("live-detail-out", "children"),
        Input("live-picked", "data"),
        Input("view", "data"),
        prevent_initial_call=True,
    )
    def show_detail(picked: dict[str, int] | None, view: dict[str, bool] | None) -> Any:
        if not picked:
            return True, *((no_update,) * 4)
        student = int(picked["student"])
        session_id, known = running(context)
        if session_id is None:
            return True, *((no_update,) * 4)
        now = read(context, session_id, known)
        state = detail.state_of(now, student)
        if state is None:
            return True, *((no_update,) * 4)
        out = student in context.store.left_out(session_id)
        return (
            False,
            now.name(student, View(**(view or {}))),
            detail.told(context, now, state),
            parts.student_path(session_id, str(student)),
            wording.TAKE_IN if out else wording.LEAVE_OUT,
        )

    @app.callback(
        Output("live-acted", "data", allow_duplicate=True),
        Input("live-detail-out", "n_clicks"),
        Input("live-detail-own", "n_clicks"),
        State("live-picked", "data"),
        prevent_initial_call=True,
    )
    def set_student(out: int | None, own: int | None, picked: dict[str, int] | None) -> Any:
        if not picked or not (out or own):
            return no_update
        student = int(picked["student"])
        if ctx.triggered_id == "live-detail-own":
            detail.own(context, student)
        else:
            detail.leave_out(context, student)
        return acted(context)

    @app.callback(
        Output("live-capture", "children"),
        Output("live-capture-again", "disabled"),
        Output("live-capture-show", "children"),
        Output("live-capture-show", "aria-expanded"),
        Input("live-capture-show", "n_clicks"),
        Input("live-capture-again", "n_intervals"),
        prevent_initial_call=True,
    )
    def show_capture(clicks: int | None, _passed: int | None) -> Any:
        if not (clicks or 0) % 2:
            return None, True, wording.CAPTURE_SHOW, "false"
        return captured(context), False, wording.CAPTURE_HIDE, "true"

    for name in ("live-line", "live-shares", "live-signs"):
        app.clientside_callback(
            ClientsideFunction("classroom", "toggle"),
            Output(f"{name}-table", "aria-expanded"),
            Output(f"{name}-table", "children"),
            Input(f"{name}-table", "n_clicks"),
            State("live-words", "data"),
            prevent_initial_call=True,
        )
