"""The stored sessions: search, rename, delete for good, open, choose some to compare."""

from __future__ import annotations

import urllib.parse
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html

from classroom_monitor.errors import StoreError
from classroom_monitor.records import Session
from dashboard import parts, wording
from dashboard import review_wording as words
from dashboard.context import Context
from dashboard.summary import forget_ended

PATH = "/sessions"
TITLE = words.SESSIONS_TITLE

#: How many sessions one comparison takes.
COMPARED = (2, 4)

#: Rows of the list, newest first; older sessions are found by searching. More would make the page slow.
MOST_ROWS = 100


def layout(context: Context, search: str = "", **_values: str) -> Any:
    """The list, or the first steps while there is no session yet. search: words to look for."""
    known = context.store.sessions()
    if not known:
        return html.Div([parts.bar(context, PATH), html.Main([_notice(context), _empty(context)])])
    return html.Div(
        [
            dcc.Store(id="sessions-changed", data=0),
            dcc.Store(id="sessions-chosen"),
            dcc.Store(id="sessions-picked", data=[]),
            parts.bar(context, PATH),
            html.Main(
                [
                    _notice(context),
                    html.H1(words.SESSIONS_TITLE, className="title"),
                    html.Div(
                        [
                            dmc.TextInput(
                                id="sessions-search",
                                value=search,
                                placeholder=words.SEARCH,
                                debounce=200,
                                className="search",
                                size="sm",
                                **{"aria-label": words.SEARCH_LABEL},
                            ),
                            html.Div(
                                _compare_button(len(known), []), id="sessions-compare", className="push"
                            ),
                        ],
                        className="row wrap",
                        style={"marginTop": "24px"},
                    ),
                    html.Div(_list(context, search, []), id="sessions-list"),
                    html.Div(id="sessions-said", className="small quiet2 wrong", role="status"),
                ],
                className="review",
            ),
            _rename_dialog(),
            _delete_dialog(),
        ]
    )


def register(app: Any, context: Context) -> None:
    """Search, and what the two dialogs do."""

    @app.callback(
        Output("sessions-list", "children"),
        Input("sessions-search", "value"),
        Input("sessions-changed", "data"),
        State("sessions-picked", "data"),
        prevent_initial_call=True,
    )
    def find(search: str | None, _changed: int, picked: list[str]) -> Any:
        return _list(context, search or "", picked)

    @app.callback(
        Output("sessions-picked", "data"),
        Output("sessions-compare", "children"),
        Input({"type": "session-pick", "id": ALL}, "checked"),
        State({"type": "session-pick", "id": ALL}, "id"),
        State("sessions-picked", "data"),
        prevent_initial_call=True,
    )
    def pick(checked: list[bool], ids: list[dict[str, str]], before: list[str]) -> Any:
        listed = {each["id"]: on for each, on in zip(ids, checked, strict=True)}
        known = {each.id for each in context.store.sessions()}
        hidden = [each for each in before if each in known and each not in listed]  # by the search
        picked = [*hidden, *(each for each, on in listed.items() if on)]
        return picked, _compare_button(len(known), picked)

    @app.callback(
        Output("rename-dialog", "opened"),
        Output("delete-dialog", "opened"),
        Output("sessions-chosen", "data"),
        Output("rename-title", "value"),
        Output("rename-course", "value"),
        Output("delete-cause", "children"),
        Output("delete-confirm", "disabled"),
        Input({"type": "session-do", "what": ALL, "id": ALL}, "n_clicks"),
        Input("rename-cancel", "n_clicks"),
        Input("delete-cancel", "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(_do: Any, _rename: Any, _delete: Any) -> Any:
        cause = dash.ctx.triggered_id
        none = dash.no_update
        if not isinstance(cause, dict):
            return False, False, None, none, none, none, none
        if not dash.ctx.triggered[0]["value"]:
            return (none,) * 7
        session = context.store.session(cause["id"])
        if cause["what"] == "rename":
            return True, False, session.id, session.title, session.course, none, none
        runs = _runs(context, session)
        told = words.STOP_FIRST if runs else words.DELETE_CAUSE.format(title=words.title_of(session))
        return False, True, session.id, none, none, told, runs

    @app.callback(
        Output("rename-dialog", "opened", allow_duplicate=True),
        Output("sessions-changed", "data", allow_duplicate=True),
        Output("sessions-said", "children", allow_duplicate=True),
        Input("rename-save", "n_clicks"),
        Input("rename-title", "n_submit"),
        Input("rename-course", "n_submit"),
        State("sessions-chosen", "data"),
        State("rename-title", "value"),
        State("rename-course", "value"),
        State("sessions-changed", "data"),
        prevent_initial_call=True,
    )
    def rename(
        _save: Any, _a: Any, _b: Any, chosen: str | None, title: str, course: str, changed: int
    ) -> Any:
        if not chosen:
            return (dash.no_update,) * 3
        try:
            context.store.rename_session(chosen, (title or "").strip(), (course or "").strip())
        except StoreError as problem:
            return False, changed + 1, str(problem)
        return False, changed + 1, ""

    @app.callback(
        Output("delete-dialog", "opened", allow_duplicate=True),
        Output("sessions-changed", "data", allow_duplicate=True),
        Output("sessions-said", "children", allow_duplicate=True),
        Input("delete-confirm", "n_clicks"),
        State("sessions-chosen", "data"),
        State("sessions-changed", "data"),
        prevent_initial_call=True,
        running=[
            (Output("delete-confirm", "disabled"), True, False),
            (Output("delete-confirm", "children"), words.DELETING, words.DELETE_CONFIRM),
        ],
    )
    def delete(_clicks: Any, chosen: str | None, changed: int) -> Any:
        if not chosen:
            return (dash.no_update,) * 3
        try:
            session = context.store.session(chosen)
            if _runs(context, session):
                return False, changed, words.STOP_FIRST
            context.store.delete_session(session.id)
            forget_ended()
        except StoreError as problem:
            return False, changed + 1, str(problem)
        return False, changed + 1, words.DELETED.format(title=words.title_of(session))


def _notice(context: Context) -> Any:
    """What happened to the store when it was opened, if anything: the teacher is told."""
    if not context.store.notice:
        return None
    return html.P(
        [parts.icon("warning"), context.store.notice], className="outlined row notice", role="status"
    )


def _runs(context: Context, session: Session) -> bool:
    return context.watcher is not None and context.watcher.status().session == session.id


# --- the list -----------------------------------------------------------------------------------------------


def _list(context: Context, search: str, picked: list[str]) -> Any:
    found = context.store.sessions(search)
    if not found:
        if not search.strip():
            return _empty(context)
        return html.P(words.NONE_FOUND.format(search=wording.shown_name(search)), className="lead")
    head = html.Tr([html.Th(each, scope="col") for each in words.SESSION_COLUMNS])
    rows = [_row(context, session, picked) for session in found[:MOST_ROWS]]
    return html.Div(
        [
            html.Table([html.Thead(head), html.Tbody(rows)], className="list"),
            html.P(words.count_sessions(len(rows), len(found)), className="under"),
        ]
    )


def _row(context: Context, session: Session, picked: list[str]) -> Any:
    title = words.title_of(session)
    runs = _runs(context, session)
    special = words.RUNNING if runs else words.ended(session) if session.end else words.ENDED_EARLY
    pick = dmc.Checkbox(
        id={"type": "session-pick", "id": session.id},
        checked=session.id in picked,
        size="sm",
        **{"aria-label": words.COMPARE_PICK.format(title=title)},
    )
    actions = [
        html.Button(
            label,
            id={"type": "session-do", "what": what, "id": session.id},
            className="btn quiet",
            type="button",
            **{"aria-label": f"{label}: {title}"},
        )
        for what, label in (("rename", words.RENAME), ("delete", words.DELETE))
    ]
    name = [parts.link(html.Span(title, dir="auto"), parts.review_path(session.id), className="link named")]
    if special:
        name.append(html.Span(f" · {special}", className="quiet3"))
    length = "" if session.end is None else words.minutes((session.end - session.start).total_seconds())
    return html.Tr(
        [
            html.Td(html.Div([pick, html.Span(name)], className="row")),
            html.Td(wording.shown_name(session.course, 80), dir="auto"),
            html.Td(words.when(session)),
            html.Td(length),
            html.Td(actions),
        ]
    )


def _compare_button(known: int, picked: list[str]) -> Any:
    low, high = COMPARED
    if known < low:
        return None
    if not low <= len(picked) <= high:
        return html.Span(words.COMPARE_HINT, className="small quiet3")
    query = urllib.parse.urlencode({"sessions": ",".join(picked)})
    return parts.link(words.COMPARE, f"/compare?{query}", className="btn")


def _empty(context: Context) -> Any:
    """No session yet: what to do first, and what is kept."""
    state = wording.NO_SESSION
    start = (
        parts.link(words.START_SESSION, "/", className="btn main large")
        if context.watcher is not None
        else None
    )
    return html.Section(
        [
            html.Div(
                [
                    html.H1(state.title, className="title"),
                    html.P(state.cause, className="quiet2 lead"),
                    html.Div([start], className="row wrap actions") if start else None,
                    html.Hr(className="rule", style={"margin": "48px 0 16px"}),
                    *[html.P(each, className="small quiet3") for each in words.EMPTY_KEPT],
                ]
            ),
            html.Div(
                [
                    parts.tiles_picture(state.tiles),
                    html.Div(className="startline", **{"aria-hidden": "true"}),
                ],
                className="aside",
            ),
        ],
        className="empty",
        **{"data-code": state.code},
    )


# --- the dialogs --------------------------------------------------------------------------------------------


def _rename_dialog() -> Any:
    return _dialog(
        "rename",
        words.RENAME_TITLE,
        [
            dmc.TextInput(
                id="rename-title", label=words.TITLE_FIELD, size="sm", inputProps={"maxLength": 120}
            ),
            dmc.TextInput(
                id="rename-course", label=words.COURSE_FIELD, size="sm", inputProps={"maxLength": 120}
            ),
        ],
        parts.button(words.SAVE, kind="main", id="rename-save"),
    )


def _delete_dialog() -> Any:
    return _dialog(
        "delete",
        words.DELETE_TITLE,
        [html.P(id="delete-cause", className="quiet2")],
        parts.button(words.DELETE_CONFIRM, kind="main", id="delete-confirm"),
    )


def _dialog(name: str, title: str, children: list[Any], action: Any) -> Any:
    cancel = parts.button(words.CANCEL, id=f"{name}-cancel")
    return dmc.Modal(
        id=f"{name}-dialog",
        title=title,
        opened=False,
        centered=True,
        closeButtonProps={"aria-label": words.CANCEL},
        transitionProps={"duration": 0},
        children=html.Div(
            [*children, html.Div([action, cancel], className="row wrap", style={"marginTop": "8px"})],
            className="stack",
        ),
    )
