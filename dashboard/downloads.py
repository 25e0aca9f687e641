"""The files of a session, made in memory when a link asks for them: nothing is left on the disk."""

from __future__ import annotations

import io
import re
import urllib.parse
import zipfile
from typing import Any

import flask
from dash import Input, Output, State, html

from classroom_monitor.errors import StoreError
from classroom_monitor.export import export_files
from dashboard import report
from dashboard import review_wording as words
from dashboard.context import Context


def links(session_id: str, names: bool) -> list[Any]:
    """The three links of the review."""
    more = "?names=1" if names else ""
    return [
        html.A(
            label,
            href=f"/download/{urllib.parse.quote(session_id, safe='')}/{kind}{more}",
            className=style,
            download=True,
            **{"data-file": kind},
        )
        for label, kind, style in (
            (words.CSV, "csv", "btn"),
            (words.PARQUET, "parquet", "btn"),
            (words.REPORT, "html", "btn main"),
        )
    ]


def work() -> Any:
    """Says that a file is being made, with a button that stops it; assets/downloads.js shows it."""
    return html.Div(
        [
            html.Progress(**{"aria-label": words.MAKING}),
            html.Span(**{"data-say": ""}),
            html.Button(words.CANCEL, id="take-stop", className="btn small", type="button"),
        ],
        id="take-work",
        className="work small quiet2",
        role="status",
        hidden=True,
        **{
            "data-making": words.MAKING,
            "data-made": words.MADE,
            "data-stopped": words.STOPPED_MAKING,
            "data-failed": words.NOT_MADE,
        },
    )


def register(app: Any, context: Context) -> None:
    """The address of the files, and the box that adds the names to the links."""
    app.server.add_url_rule(
        "/download/<session_id>/<kind>", "download", lambda session_id, kind: _send(context, session_id, kind)
    )

    @app.callback(
        Output("take-links", "children"),
        Input("take-names", "checked"),
        State("review-id", "data"),
        prevent_initial_call=True,
    )
    def choose(names: bool, session: str) -> Any:
        return links(session, bool(names))


def _send(context: Context, session_id: str, kind: str) -> flask.Response:
    names = flask.request.args.get("names") == "1"
    try:
        session = context.store.session(session_id)
        if kind == "html":
            return _file(
                report.render(context.store, session.id, names).encode(),
                "text/html",
                f"{_name(session.title)}.html",
            )
        files = export_files(context.store, session.id, kind, names)
    except StoreError as problem:
        return flask.Response(str(problem), 404, mimetype="text/plain")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return _file(packed.getvalue(), "application/zip", f"{_name(session.title)}-{kind}.zip")


def _file(content: bytes, kind: str, name: str) -> flask.Response:
    response = flask.Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _name(title: str) -> str:
    """A file name from a title: letters, digits and dashes alone, so that it leads nowhere."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()
    return plain[:60] or "session"
