"""The bar of a running session: its health, and Pause and Mark, on the live page and on a student's.

The browser tells the ages by itself between two pulses (assets/live.js); shortcuts press these buttons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update

from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live import health, marks
from dashboard.live.now import acted, read, status_of

#: What the root of a page with this bar is called and says, for assets/live.js.
WATCHED = "watched"


def shortcuts(context: Context) -> dict[str, str]:
    """The attribute of the page's root that switches the single keys on."""
    return {"data-shortcuts": "on" if context.settings.dashboard.shortcuts else "off"}


def frame(before: Sequence[Any], after: Sequence[Any], tools: Sequence[Any]) -> list[Any]:
    """The bar with the panel of a mark. before, after: beside the health. tools: left of Pause and Mark."""
    return [
        dcc.Store(id="live-pulse"),
        dcc.Store(id="live-acted"),
        dcc.Store(id="live-marker"),
        dcc.Store(id="live-words", data=_words()),
        html.Header(
            className="bar live-bar",
            children=[
                html.Div(
                    className="row live-where",
                    children=[
                        *before,
                        html.Span(
                            [html.Span(id="live-icon", className="dot"), html.Span(id="live-state")],
                            className="health",
                        ),
                        html.Span(id="live-more", className="quiet3 cut"),
                        *after,
                    ],
                ),
                html.Div(list(tools), className="row full"),
                html.Div(
                    className="row live-acts",
                    children=[
                        parts.button(
                            html.Span(wording.PAUSE, id="live-pause-label"), shortcut="p", id="live-pause"
                        ),
                        parts.button(
                            html.Span(wording.MARK, id="live-mark-label", **{"data-said": wording.MARKED}),
                            shortcut="m",
                            kind="main",
                            id="live-mark",
                        ),
                    ],
                ),
            ],
        ),
        marks.panel(),
    ]


def _words() -> dict[str, str]:
    """What the browser completes by itself."""
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
        "table": wording.TABLE,
        "table_hide": wording.TABLE_HIDE,
        "hover": wording.HOVER,
        "few": wording.FEW,
        "student": wording.STUDENT,
        **{f"is_{presence.value}": word for presence, word in wording.PRESENCE.items()},
        **{f"is_{name}": name for name in wording.FAMILIES},
    }


def send(pulse: dict[str, Any]) -> None:
    """Sends a pulse to the bar, from within any callback: which one depends on the page around the bar."""
    dash.set_props("live-pulse", {"data": pulse})


def beat(context: Context) -> str | None:
    """Sends the pulse as it is now; the session that runs, empty for none, None where nobody knows."""
    status = status_of(context)
    if status.session is None:
        send(health.idle(context, status))
        return None if health.troubled(status) else ""
    send(health.pulse(context, read(context, status.session, status.health), status.sees_itself))
    return status.session


def register(app: Any, context: Context) -> None:
    """Pause, Mark with its kind and note, and the pulse."""

    @app.callback(
        Output("live-acted", "data"),
        Input("live-pause", "n_clicks"),
        State("live-pulse", "data"),
        prevent_initial_call=True,
    )
    def pause(clicks: int | None, pulse_now: dict[str, Any] | None) -> Any:
        if not clicks or context.watcher is None:
            return no_update
        if pulse_now and pulse_now.get("paused"):
            context.watcher.resume()
        else:
            context.watcher.pause()
        beat(context)
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
        made = marks.set_mark(context) if clicks else None
        if made is None:
            return (no_update,) * 5
        marker = {"number": made.number, "seconds": made.seconds, "kind": made.kind.value, "text": ""}
        at = f"{context.local(context.clock.utc()):%H:%M}"
        return marker, False, wording.marked(at), "", acted(context)

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

    app.clientside_callback(
        ClientsideFunction("classroom", "pulse"),
        Output("live-words", "id"),
        Input("live-pulse", "data"),
        Input("view", "data"),
        State("live-words", "data"),
        prevent_initial_call=True,
    )
