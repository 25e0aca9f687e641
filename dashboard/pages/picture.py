"""Try a picture: every face outlined, with its seven probabilities as bars. Nothing is kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update

from classroom_monitor.errors import ClassroomError
from classroom_monitor.records import Expression, Face, SourceKind, SourceSpec, TriedPicture
from dashboard import parts, wording
from dashboard.context import Context

PATH = "/try"
TITLE = wording.TRY_TITLE

#: So many pictures are read at once: a folder dropped by mistake should not keep the page busy for minutes.
MOST = 12


def layout(context: Context, **_values: str) -> Any:
    """The place to drop a picture; what is found in it comes below."""
    if context.watcher is None:
        return parts.state_page(context, wording.NO_PAGE)
    return html.Div(
        [
            parts.bar(context, PATH, html.Span(wording.NOTHING_LEAVES, className="small quiet3 roomy")),
            html.Main(
                [
                    html.Div(
                        [
                            html.Div(
                                [
                                    html.H1(wording.TRY_TITLE, className="title", id="try-title"),
                                    html.P(wording.TRY_LEAD, className="quiet2"),
                                ]
                            ),
                            parts.button(wording.TRY_WEBCAM, id="try-webcam"),
                        ],
                        className="row spread wrap ends",
                    ),
                    dcc.Upload(
                        html.Div(
                            [
                                html.Span(wording.TRY_CHOOSE, className="btn main"),
                                html.Span(wording.TRY_DROP, className="small quiet3"),
                            ],
                            className="row wrap",
                        ),
                        id="try-upload",
                        className="drop",
                        className_active="drop over",
                        accept="image/*",
                        multiple=True,
                    ),
                    dcc.Store(id="try-label", data=wording.TRY_CHOOSE),
                    html.P(wording.TRY_WORKING, id="try-reading", role="status", hidden=True),
                    html.Div(id="try-found", className="stack", **{"aria-live": "polite"}),
                    html.P(wording.TRY_KEPT, className="small quiet3"),
                ],
                className="wide try",
            ),
        ]
    )


def found(tried: TriedPicture, smallest: int) -> Any:
    """The picture with its faces outlined and numbered, and beside it one panel a face, in the same order.

    smallest: the height of a face that is read, in pixels.
    """
    if not tried.faces:
        return html.Div(
            [
                html.P(wording.TRY_NO_FACE, className="middle bold"),
                html.P(wording.TRY_NO_FACE_HINT.format(side=smallest), className="quiet2"),
                _picture(tried),
            ],
            className="stack",
        )
    tried = replace(tried, faces=_as_read(tried))
    usable = [expression is not None and expression.usable for _face, expression in tried.faces]
    reasons = [
        (number, "photo" if expression is None else expression.reason or "uncertain")
        for number, (_face, expression) in enumerate(tried.faces, 1)
        if expression is None or not expression.usable
    ]
    return html.Div(
        [
            html.H2(wording.faces_found(len(tried.faces), sum(usable)), className="middle bold"),
            html.Div(
                [
                    _picture(tried),
                    html.Div(
                        [
                            _panel(number, expression)
                            for number, (_face, expression) in enumerate(tried.faces, 1)
                        ],
                        className="panels",
                    ),
                ],
                className="try-grid",
            ),
            html.P(wording.not_counted(reasons), className="small quiet3") if reasons else None,
        ],
        className="stack",
    )


def _as_read(tried: TriedPicture) -> tuple[tuple[Face, Expression | None], ...]:
    """The faces in the order of reading: row by row, from the left."""
    rows: list[list[tuple[Face, Expression | None]]] = []
    for each in sorted(tried.faces, key=lambda each: each[0].box.y):
        if rows and each[0].box.y - rows[-1][0][0].box.y < rows[-1][0][0].box.h / 2:
            rows[-1].append(each)
        else:
            rows.append([each])
    return tuple(each for row in rows for each in sorted(row, key=lambda each: each[0].box.x))


def _picture(tried: TriedPicture) -> Any:
    outlines = []
    for number, (face, expression) in enumerate(tried.faces, 1):
        read = expression is not None and expression.usable
        outlines.append(
            html.Span(
                html.Span(str(number), className="face-number"),
                className="found-tile" if read else "found-tile dashed",
                style=parts.place_of(face.box, tried.width, tried.height),
            )
        )
    return html.Div(
        [html.Img(src=parts.picture_source(tried.jpeg), alt=wording.TRY_TITLE), *outlines],
        className="preview tried",
    )


def _panel(number: int, expression: Expression | None) -> Any:
    """A face with its seven probabilities, hollow where it is not usable."""
    read = expression is not None and expression.usable
    title = wording.looks(expression.probabilities) if expression is not None and read else wording.NOT_SURE
    return html.Section(
        [
            html.H3(
                [html.Span(str(number), className="face-number"), title],
                className="row medium",
            ),
            parts.mixture(None if expression is None else expression.probabilities),
        ],
        className="face-panel" if read else "face-panel unsure",
    )


def register(app: Any, context: Context) -> None:
    """The callback of the page."""
    app.clientside_callback(
        ClientsideFunction("classroom", "nameUpload"),
        Output("try-label", "id"),
        Input("try-upload", "id"),
        State("try-label", "data"),
    )

    @app.callback(
        Output("try-found", "children"),
        Output("try-upload", "contents"),
        Input("try-upload", "contents"),
        Input("try-webcam", "n_clicks"),
        State("try-upload", "filename"),
        running=[(Output("try-reading", "hidden"), False, True)],
        prevent_initial_call=True,
    )
    def read(contents: list[str] | None, clicks: int | None, names: list[str] | None) -> Any:
        webcam = ctx.triggered_id == "try-webcam" and bool(clicks)
        if context.watcher is None or not (contents or webcam):
            return no_update, no_update
        # The page lets the files go at once: what it shows are the watcher's pictures.
        if not webcam:
            return tried_all(context, contents or [], names or []), None
        try:
            taken = context.watcher.preview(SourceSpec(SourceKind.WEBCAM, target="0")).jpeg
        except ClassroomError as problem:
            return _refused(problem), None
        return tried(context, taken), None


def tried_all(context: Context, contents: Sequence[str], names: Sequence[str]) -> Any:
    """Every picture, each under its file's name where there are several."""
    if len(contents) == 1:
        return tried(context, bytes_of(contents[0]))
    found_all = [
        html.Section(
            [html.H2(wording.shown_name(name), className="small quiet3", dir="auto"), shown],
            className="stack",
        )
        for name, shown in (
            (name, tried(context, bytes_of(each)))
            for each, name in zip(contents[:MOST], names[:MOST], strict=False)
        )
    ]
    left = len(contents) - len(found_all)
    return [*found_all, html.P(wording.pictures_left(left, MOST), className="quiet2") if left else None]


def tried(context: Context, data: bytes) -> Any:
    """What is found in a picture, or why it cannot be read."""
    assert context.watcher is not None
    try:
        return found(context.watcher.read_picture(data), context.settings.expression.min_side)
    except ClassroomError as problem:
        return _refused(problem)


def _refused(problem: ClassroomError) -> Any:
    return html.P(str(problem), className="quiet2", role="alert")


def bytes_of(contents: str) -> bytes:
    """The file behind a data: address, as the browser sends it; empty where it is none."""
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return b""
