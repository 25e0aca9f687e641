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
from dashboard.live import flags, health, marks
from dashboard.live.now import View, acted, running
from dashboard.live.refresh import fresh

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
        className="live demo" if context.demo else "live",
        **{
            "data-shortcuts": "on" if context.settings.dashboard.shortcuts else "off",
            "data-picture": "on" if context.demo else "off",
        },
        children=[
            dcc.Interval(id="live-refresh", interval=round(context.settings.dashboard.refresh * 1000)),
            dcc.Store(id="live-pulse"),
            dcc.Store(id="live-call"),
            dcc.Store(id="live-shown"),
            dcc.Store(id="live-acted"),
            dcc.Store(id="live-marker"),
            dcc.Store(id="live-words", data=_words(session_id)),
            html.Header(
                className="bar live-bar",
                children=[
                    html.Div(
                        className="row live-where",
                        children=[
                            html.Span(
                                [html.Span(id="live-icon", className="dot"), html.Span(id="live-state")],
                                className="health",
                            ),
                            html.Span(id="live-more", className="quiet3 cut"),
                            html.Span(className="divider full"),
                            html.Span(title, className="medium cut full", title=title, dir="auto"),
                            html.Span(id="live-time", className="quiet3 line"),
                            parts.button(wording.STOP, kind="quiet narrow", id="live-stop-narrow"),
                        ],
                    ),
                    html.Div(
                        className="row full",
                        children=[
                            parts.names_button("live-names"),
                            parts.button(wording.STOP, kind="quiet", id="live-stop"),
                            parts.button(
                                wording.COMPACT,
                                **{"data-do": "compact", "aria-label": wording.COMPACT_LABEL},
                            ),
                            parts.scheme_button(),
                        ],
                    ),
                    html.Div(
                        className="row live-acts",
                        children=[
                            parts.button(
                                html.Span(wording.PAUSE, id="live-pause-label"), shortcut="p", id="live-pause"
                            ),
                            parts.button(
                                html.Span(
                                    wording.MARK, id="live-mark-label", **{"data-said": wording.MARKED}
                                ),
                                shortcut="m",
                                kind="main",
                                id="live-mark",
                            ),
                        ],
                    ),
                ],
            ),
            marks.panel(),
            html.Main(
                className="live-grid",
                children=[
                    html.Div(id="live-notice"),
                    html.Section(
                        className="live-class",
                        children=[
                            html.Div(id="live-head"),
                            html.Div(
                                dcc.Graph(
                                    id="live-chart",
                                    responsive=True,
                                    config={"displayModeBar": False, "staticPlot": True},
                                    figure={
                                        "layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
                                    },
                                ),
                                className="live-chart",
                                role="img",
                                **{"aria-label": wording.CHART_LABEL},
                            ),
                            html.Div(id="live-count"),
                            html.P(wording.CHART_LEGEND, className="small quiet3 full"),
                            html.Div(
                                className="full live-call",
                                children=[
                                    html.Div(id="live-looks"),
                                    html.Div(id="live-map", className="map"),
                                    html.Div(id="live-rest", className="map rest"),
                                    html.Div(id="live-counts"),
                                ],
                            ),
                        ],
                    ),
                    html.Aside(
                        className="live-aside",
                        children=[
                            _drawn_call() if context.demo else None,
                            html.Div(id="live-flags", className="stack"),
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
                    html.P(wording.STOP_CAUSE, className="quiet2"),
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


def _words(session_id: str) -> dict[str, str]:
    """What the browser completes by itself: ages, and the addresses of students."""
    return {
        "look": wording.LAST_LOOK,
        "none": wording.NO_LOOK_YET,
        "late": wording.NO_READING,
        "again": wording.TRYING_AGAIN,
        "silent": wording.NO_ANSWER,
        "program": wording.PROGRAM_SILENT,
        "pause": wording.PAUSE,
        "resume": wording.RESUME,
        "hide": wording.HIDE_NAMES,
        "show": wording.SHOW_NAMES,
        "student": parts.student_path(session_id, "{n}"),
        **{f"is_{presence.value}": word for presence, word in wording.PRESENCE.items()},
        **{f"is_{name}": name for name in wording.FAMILIES},
    }


def _drawn_call() -> Any:
    """The picture that the demo reads; live.js loads it anew after each look."""
    return html.Figure(
        className="drawn full",
        children=[
            html.Img(id="live-picture", alt=wording.DRAWN_CALL, src="/picture.jpg"),
            html.Figcaption(wording.DRAWN_NOTE, className="small quiet3"),
        ],
    )


def register(app: Any, context: Context) -> None:
    """The callbacks of the page, and the picture of the drawn class."""

    @app.callback(
        Output("live-pulse", "data"),
        Output("live-head", "children"),
        Output("live-chart", "figure"),
        Output("live-count", "children"),
        Output("live-call", "data"),
        Output("live-looks", "children"),
        Output("live-counts", "children"),
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
        return fresh(context, View(**(view or {})), shown or {}, texts)

    @app.callback(
        Output("live-acted", "data"),
        Input("live-pause", "n_clicks"),
        State("live-pulse", "data"),
        prevent_initial_call=True,
    )
    def pause(clicks: int | None, pulse_now: dict[str, Any] | None) -> Any:
        if not clicks or context.watcher is None:
            return no_update
        if pulse_now and pulse_now["paused"]:
            context.watcher.resume()
        else:
            context.watcher.pause()
        return acted(context)

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

    @app.callback(
        Output("live-marker", "data"),
        Output("live-mark-panel", "hidden"),
        Output("live-marked", "children"),
        Output("live-note", "value"),
        Output("live-acted", "data", allow_duplicate=True),
        Input("live-mark", "n_clicks"),
        prevent_initial_call=True,
    )
    def mark(clicks: int | None) -> Any:
        if not clicks:
            return (no_update,) * 5
        made = marks.set_mark(context)
        if made is None:
            return (no_update,) * 5
        marker = {"number": made.number, "seconds": made.seconds, "kind": made.kind.value, "text": ""}
        return (
            marker,
            False,
            wording.marked(f"{context.local(context.clock.utc()):%H:%M}"),
            "",
            acted(context),
        )

    @app.callback(
        Output("live-marker", "data", allow_duplicate=True),
        Output({"live-kind": ALL}, "aria-pressed"),
        Output("live-acted", "data", allow_duplicate=True),
        Input({"live-kind": ALL}, "n_clicks"),
        Input("live-note", "value"),
        Input("live-mark", "n_clicks"),
        State("live-marker", "data"),
        prevent_initial_call=True,
    )
    def note(_clicks: list[int | None], text: str | None, _marks: int | None, marker: Any) -> Any:
        asked = ctx.triggered_id
        if asked == "live-mark" or not marker:
            return no_update, ["false"] * len(wording.TEACHER_KINDS), no_update
        if isinstance(asked, dict) and ctx.triggered[0]["value"]:
            marker = {**marker, "kind": asked["live-kind"]}
        else:
            marker = {**marker, "text": (text or "").strip()}
        marks.edit_mark(context, marker)
        pressed = ["true" if kind.value == marker["kind"] else "false" for kind in wording.TEACHER_KINDS]
        return marker, pressed, acted(context)

    @app.callback(
        Output("live-mark-panel", "hidden", allow_duplicate=True),
        Input("live-mark-close", "n_clicks"),
        Input("live-note-save", "n_clicks"),
        Input("live-note", "n_submit"),
        prevent_initial_call=True,
    )
    def close(*clicks: int | None) -> Any:
        return True if any(clicks) else no_update

    @app.callback(
        Output("live-stop-question", "opened"),
        Input("live-stop", "n_clicks"),
        Input("live-stop-narrow", "n_clicks"),
        Input("live-stop-no", "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(*_clicks: int | None) -> bool:
        return bool(ctx.triggered_id in ("live-stop", "live-stop-narrow"))

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Input("live-stop-yes", "n_clicks"),
        prevent_initial_call=True,
    )
    def stop(clicks: int | None) -> Any:
        session_id, _health = running(context)
        if not clicks or context.watcher is None or session_id is None:
            return no_update
        context.watcher.stop()
        return parts.review_path(session_id)

    app.clientside_callback(
        ClientsideFunction("classroom", "pulse"),
        Output("live-words", "id"),
        Input("live-pulse", "data"),
        Input("view", "data"),
        State("live-words", "data"),
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
