"""The start page: the legal notice first, then what to watch, whether the students know, and Start.

While a session runs its live page stands here; without a watcher (`review`) the list of sessions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
import flask
from dash import ALL, MATCH, Input, Output, State, ctx, dcc, html, no_update

from classroom_monitor.errors import ClassroomError
from classroom_monitor.records import (
    Preview,
    SourceChoice,
    SourceKind,
    SourceSpec,
    StartRequest,
    Tile,
    TileState,
)
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live.now import running
from dashboard.pages import live, sessions

PATH = "/"
TITLE = wording.START_TITLE

#: The browser remembers that the notice was read, under this name, for a year; a new text asks anew.
COOKIE = f"classroom_notice_{wording.NOTICE_VERSION}"
REMEMBERED = 365 * 24 * 3600

#: How often the thumbnail is taken anew (ms): often enough to arrange windows by it.
PREVIEW_EVERY = 4000

#: The choice that stands for what the command line asked for.
ASKED = "asked"


def layout(context: Context, notice: str = "", **_values: str) -> Any:
    """What stands at `/`. notice: `again` to read the legal notice once more."""
    if context.watcher is None:
        return sessions.layout(context)
    session_id, _health = running(context)
    if session_id is not None:
        return live.layout(context)
    if context.demo:
        return parts.state_page(
            context,
            wording.SESSION_ENDED,
            parts.link(wording.SESSIONS, "/sessions", className="btn large main"),
        )
    accepted = COOKIE in flask.request.cookies if flask.has_request_context() else False
    shown = _notice(context) if notice or not accepted else _form(context)
    return html.Div([parts.bar(context, "/"), html.Main(shown, className="wide start", id="start")])


def _notice(context: Context) -> Any:
    days = context.settings.store.keep_students_days
    return html.Section(
        className="legal",
        children=[
            html.H1(wording.NOTICE_TITLE, className="title"),
            html.Ol(
                [
                    html.Li([html.H2(heading, className="medium"), html.P(text, className="quiet2")])
                    for heading, text in wording.notice_paragraphs(days)
                ],
                className="steps",
            ),
            dmc.Checkbox(id="start-choice", label=wording.NOTICE_CHOICE, checked=False),
            html.Div(
                [
                    parts.button(wording.NOTICE_ACCEPT, kind="main large", id="start-accept", disabled=True),
                    parts.button(wording.DEMO_BUTTON, kind="large", id="start-demo"),
                ],
                className="row wrap actions",
            ),
            html.P(id="start-demo-problem", className="small quiet2", role="alert"),
        ],
    )


def _form(context: Context) -> Any:
    try:
        choices = context.watcher.choices() if context.watcher is not None else ()
        problem = "" if choices else wording.START_NO_CHOICE
    except ClassroomError as error:
        choices, problem = (), str(error)
    days = context.settings.store.keep_students_days
    return html.Div(
        className="start-grid",
        children=[
            html.Section(
                className="stack start-left",
                children=[
                    html.Div(
                        [
                            html.H1(wording.START_TITLE, className="title"),
                            html.P(wording.START_LEAD, className="quiet2"),
                        ]
                    ),
                    dmc.RadioGroup(
                        id="start-source",
                        label=wording.START_SOURCE,
                        className="choices",
                        value=ASKED if context.asked else None,
                        children=[
                            *_asked(context),
                            *_sources(wording.WINDOWS, [each for each in choices if each.spec.window]),
                            *_sources(wording.MONITORS, [each for each in choices if each.spec.monitor]),
                            html.P(problem, className="quiet2", role="alert") if problem else None,
                        ],
                    ),
                ],
            ),
            html.Section(
                className="stack start-right",
                children=[
                    html.H2(wording.START_PREVIEW, className="medium"),
                    html.Div(_waiting(), id="start-preview"),
                    html.Div(
                        [
                            dmc.Checkbox(id="start-count", label="", checked=False, className="count"),
                            html.P(wording.START_COUNT_WRONG, className="small quiet3"),
                        ],
                        id="start-count-part",
                        hidden=True,
                    ),
                    html.P(wording.START_MEMORY, className="small quiet3"),
                    html.Details(
                        className="outlined student-notice",
                        children=[
                            html.Summary(wording.STUDENT_NOTICE_TITLE, className="medium"),
                            html.P(
                                wording.student_notice(days), id="student-notice", className="small quiet2"
                            ),
                        ],
                    ),
                    html.Div(
                        [
                            parts.button(
                                wording.COPY_NOTICE,
                                kind="small",
                                **{
                                    "data-do": "copy",
                                    "data-from": "student-notice",
                                    "data-said": wording.COPIED,
                                },
                            ),
                            parts.link(wording.NOTICE_AGAIN, "/?notice=again", className="link small"),
                        ],
                        className="row wrap wide-gap",
                    ),
                    html.P(wording.KEPT, className="small quiet3"),
                ],
            ),
            html.Section(
                className="stack start-left",
                children=[
                    dmc.RadioGroup(
                        id="start-told",
                        label=wording.START_TOLD,
                        description=wording.START_TOLD_NOTE,
                        className="choices told",
                        children=html.Div(
                            [
                                dmc.Radio(label=wording.START_TOLD_YES, value="yes"),
                                dmc.Radio(label=wording.START_TOLD_NO, value="no"),
                            ],
                            className="row wide-gap",
                        ),
                    ),
                    html.Div(
                        [
                            dmc.TextInput(
                                id="start-title",
                                label=wording.START_TITLE_FIELD,
                                placeholder=wording.START_TITLE_HINT,
                                value=context.asked.title if context.asked else "",
                                inputProps={"maxLength": 120},
                                className="grow",
                            ),
                            dmc.TextInput(
                                id="start-course",
                                label=wording.START_COURSE_FIELD,
                                placeholder=wording.START_COURSE_HINT,
                                value=context.asked.course if context.asked else "",
                                inputProps={"maxLength": 80},
                                className="grow",
                            ),
                        ],
                        className="row wrap fields",
                    ),
                    dmc.Checkbox(
                        id="start-class-only",
                        label=wording.START_CLASS_ONLY,
                        checked=context.settings.store.class_only,
                    ),
                    html.Div(
                        [
                            parts.button(
                                wording.START_BUTTON, kind="main large", id="start-go", disabled=True
                            ),
                            parts.button(wording.DEMO_BUTTON, kind="large", id="start-demo"),
                        ],
                        className="row wrap actions",
                    ),
                    html.P(
                        wording.START_ANSWER_FIRST, id="start-problem", className="small quiet2", role="alert"
                    ),
                    html.P(id="start-demo-problem", className="small quiet2", role="alert"),
                ],
            ),
            dcc.Store(id="start-own"),
            dcc.Interval(id="start-again", interval=PREVIEW_EVERY),
        ],
    )


def _asked(context: Context) -> list[Any]:
    """What the command line asked for stands first, already chosen."""
    if context.asked is None:
        return []
    label = wording.asked_source(context.asked.source)
    return [
        html.Div(wording.START_ASKED, className="small quiet3"),
        dmc.Radio(label=wording.shown_name(label, 80), value=ASKED),
    ]


def _sources(heading: str, choices: list[SourceChoice]) -> list[Any]:
    if not choices:
        return []
    return [
        html.Div(heading, className="small quiet3"),
        *[dmc.Radio(label=_choice(each), value=code(each.spec)) for each in choices],
    ]


def _choice(choice: SourceChoice) -> Any:
    picture = html.Img(id={"start-thumb": code(choice.spec)}, className="thumb", alt="", src=parts.NO_PICTURE)
    return html.Span([picture, html.Span(wording.shown_name(choice.label, 80), dir="auto")], className="row")


def code(spec: SourceSpec) -> str:
    """A choice as the text that the page sends back: `window:TITLE` or `monitor:N`."""
    return f"window:{spec.window}" if spec.window else f"monitor:{spec.monitor}"


def spec_of(text: str) -> SourceSpec:
    """The choice that `code` wrote."""
    kind, _, value = text.partition(":")
    return SourceSpec(window=value) if kind == "window" else SourceSpec(monitor=int(value))


def _spec(context: Context, text: str) -> SourceSpec:
    return context.asked.source if text == ASKED and context.asked else spec_of(text)


def _waiting() -> Any:
    return html.Div(parts.tiles_picture("outlines"), className="preview empty")


def preview(found: Preview, own: str | None = None) -> Any:
    """The thumbnail with the found tiles outlined, each a button: `this is me`. own: the chosen one."""
    tiles = found_tiles(found)
    return html.Div(
        [
            parts.captured(found, (), *[_outline(n, each, found, own) for n, each in enumerate(tiles, 1)]),
            html.P(
                wording.START_OWN_CHOSEN
                if own and any(_held(own, each, found) for each in tiles)
                else wording.START_OWN
                if tiles
                else wording.tiles_found(0, 0),
                className="small quiet2 found",
            ),
        ]
    )


def found_tiles(found: Preview) -> tuple[Tile, ...]:
    """The tiles of the grid; where there is none, the faces that stand free."""
    return tuple(each for each in found.tiles if each.row >= 0) or found.tiles


def _outline(number: int, tile: Tile, found: Preview, own: str | None) -> Any:
    mine = bool(own) and _held(own or "", tile, found)
    plain = tile.state in (TileState.FACE, TileState.NO_FACE)
    names = ["found-tile", *([] if plain else ["dashed"]), *(["own"] if mine else [])]
    return html.Button(
        wording.START_ME if mine else None,
        id={"start-own": _point(tile, found)},
        className=" ".join(names),
        type="button",
        style=parts.place_of(tile.box, found.width, found.height),
        title=wording.THIS_IS_ME,
        **{"aria-label": wording.own_tile(number), "aria-pressed": "true" if mine else "false"},
    )


def _point(tile: Tile, found: Preview) -> str:
    """The middle of a tile as shares of the picture."""
    x, y = tile.box.x + tile.box.w / 2, tile.box.y + tile.box.h / 2
    return f"{x / max(1, found.width):.4f} {y / max(1, found.height):.4f}"


def point_of(text: str | None) -> tuple[float, float] | None:
    """What `_point` wrote; None for anything else."""
    try:
        x, y = (float(each) for each in (text or "").split())
    except ValueError:
        return None
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None


def _held(own: str, tile: Tile, found: Preview) -> bool:
    point = point_of(own)
    return point is not None and tile.box.holds(point[0] * found.width, point[1] * found.height)


def register(app: Any, context: Context) -> None:
    """The callbacks of the page."""

    @app.callback(Output("start-accept", "disabled"), Input("start-choice", "checked"))
    def allow(chosen: bool | None) -> bool:
        return not chosen

    @app.callback(
        Output("start", "children"),
        Input("start-accept", "n_clicks"),
        State("start-choice", "checked"),
        prevent_initial_call=True,
    )
    def accept(clicks: int | None, chosen: bool | None) -> Any:
        if not clicks or not chosen:
            return no_update
        ctx.response.set_cookie(COOKIE, "read", max_age=REMEMBERED, httponly=True, samesite="Strict")
        return _form(context)

    @app.callback(
        Output("start-preview", "children"),
        Output("start-count", "label"),
        Output("start-count-part", "hidden"),
        Input("start-source", "value"),
        Input("start-again", "n_intervals"),
        Input("start-own", "data"),
        prevent_initial_call=True,
    )
    def look(source: str | None, _passed: int | None, own: str | None) -> Any:
        if not source or context.watcher is None:
            return no_update, no_update, no_update
        try:
            found = context.watcher.preview(_spec(context, source))
        except ClassroomError as problem:
            told = html.P(str(problem), className="quiet2 found", role="alert")
            return html.Div([_waiting(), told], className="stack"), no_update, True
        tiles = found_tiles(found)
        off = sum(each.state is TileState.CAMERA_OFF for each in tiles)
        return preview(found, own), wording.tiles_found(len(tiles), off), not tiles

    @app.callback(
        Output("start-own", "data"),
        Input({"start-own": ALL}, "n_clicks"),
        Input("start-source", "value"),
        State("start-own", "data"),
        prevent_initial_call=True,
    )
    def mark_own(_clicks: list[int | None], _source: str | None, own: str | None) -> Any:
        asked = ctx.triggered_id
        if not isinstance(asked, dict):  # another source has other tiles
            return None
        if not ctx.triggered[0]["value"]:
            return no_update
        return None if asked["start-own"] == own else asked["start-own"]

    @app.callback(
        Output({"start-thumb": MATCH}, "src"),
        Input({"start-thumb": MATCH}, "id"),
    )
    def thumbnail(place: dict[str, str]) -> Any:
        if context.watcher is None:
            return no_update
        try:
            found = context.watcher.preview(_spec(context, place["start-thumb"]))
        except ClassroomError:
            return no_update  # chosen, it says why
        return parts.picture_source(found.jpeg)

    @app.callback(
        Output("start-go", "disabled"),
        Output("start-problem", "hidden"),
        Input("start-source", "value"),
        Input("start-told", "value"),
        Input("start-count", "checked"),
        Input("start-count-part", "hidden"),
    )
    def ready(source: str | None, told: str | None, right: bool | None, none: bool) -> tuple[bool, bool]:
        may = bool(source and told and (right or none))
        return not may, may

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Output("start-problem", "children"),
        Output("start-problem", "hidden", allow_duplicate=True),
        Input("start-go", "n_clicks"),
        State("start-source", "value"),
        State("start-told", "value"),
        State("start-title", "value"),
        State("start-course", "value"),
        State("start-class-only", "checked"),
        State("start-own", "data"),
        running=[(Output("start-go", "children"), wording.START_STARTING, wording.START_BUTTON)],
        prevent_initial_call=True,
    )
    def start(
        clicks: int | None,
        source: str | None,
        told: str | None,
        title: str | None,
        course: str | None,
        class_only: bool | None,
        own: str | None,
    ) -> Any:
        if not clicks or not source or told not in ("yes", "no"):
            return no_update, no_update, no_update
        request = replace(
            context.asked
            if source == ASKED and context.asked
            else StartRequest(spec_of(source), context.settings.capture.rate),
            title=(title or "").strip(),
            course=(course or "").strip(),
            students_told=told == "yes",
            class_only=bool(class_only),
            own=point_of(own),
        )
        return begin(context, request)

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Output("start-demo-problem", "children"),
        Output("start-demo-problem", "hidden"),
        Input("start-demo", "n_clicks"),
        running=[(Output("start-demo", "children"), wording.START_STARTING, wording.DEMO_BUTTON)],
        prevent_initial_call=True,
    )
    def demo(clicks: int | None) -> Any:
        if not clicks:
            return no_update, no_update, no_update
        source = SourceSpec(SourceKind.SYNTHETIC)
        return begin(context, StartRequest(source, context.settings.capture.rate, title=wording.DEMO_TITLE))


def begin(context: Context, request: StartRequest) -> tuple[Any, Any, bool]:
    """Starts a session: where to go on, or what went wrong, and whether to hide that.

    A second click, or a second tab, leads to the session that runs.
    """
    if context.watcher is None:
        return no_update, wording.START_NO_CHOICE, False
    try:
        if context.watcher.status().session is None:
            context.watcher.start(request)
    except ClassroomError as problem:
        return no_update, str(problem), False
    return "/live", "", True
