"""The files of a session, made in memory when a link asks for them: nothing is left on the disk."""

from __future__ import annotations

import io
import math
import re
import time
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any

import flask
from dash import Input, Output, State, html

from classroom_monitor.errors import StoreError
from classroom_monitor.export import export_names, write_export
from classroom_monitor.store import Store
from dashboard import report
from dashboard import review_wording as words
from dashboard.context import Context

#: How often a file in the making says so: at each hundredth. assets/downloads.js counts on it.
STEPS = 100

#: Where the server puts what tells that the asker has gone (dashboard/serving.py).
GONE = "waitress.client_disconnected"


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
    """Says how far a file is, with a button that stops it; assets/downloads.js shows it."""
    return html.Div(
        [
            html.Span(role="status", **{"data-say": ""}),
            html.Span(
                [
                    html.Progress(value="0", max="1", **{"aria-label": words.MAKING}),
                    html.Span(**{"data-share": "", "aria-hidden": "true"}),
                    html.Button(words.CANCEL, id="take-stop", className="btn small", type="button"),
                ],
                className="row",
                **{"data-runs": ""},
            ),
        ],
        id="take-work",
        className="work small quiet2",
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
    asked = flask.request.args
    file = io.BytesIO()
    try:
        session = context.store.session(session_id)
        making, media, ending = _making(context.store, session.id, kind, asked.get("names") == "1", file)
    except StoreError as problem:
        return flask.Response(str(problem), 404, mimetype="text/plain")
    gone = flask.request.environ.get(GONE, lambda: False)
    response = flask.Response(_body(making, file, gone, "told" in asked), mimetype=media)
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(session.title)}{ending}"'
    return response


def _making(
    store: Store, session_id: str, kind: str, names: bool, file: IO[bytes]
) -> tuple[Iterator[float], str, str]:
    """What makes the file, giving the share done after each part; its media type, and how its name ends."""
    if kind == "html":
        return report.write(store, session_id, names, file), "text/html", ".html"
    export_names(kind)  # raises StoreError for an unknown format
    return _write_packed(store, session_id, kind, names, file), "application/zip", f"-{kind}.zip"


def _write_packed(store: Store, session_id: str, kind: str, names: bool, file: IO[bytes]) -> Iterator[float]:
    now = time.localtime()[:6]

    def open_file(name: str) -> IO[bytes]:
        entry = zipfile.ZipInfo(name, now)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return archive.open(entry, "w")

    with zipfile.ZipFile(file, "w") as archive:
        yield from write_export(store, session_id, kind, names, open_file)


def _body(making: Iterator[float], file: io.BytesIO, gone: Callable[[], bool], tell: bool) -> Iterator[bytes]:
    """The file; with `tell` a dot before it for each hundredth done. Stops when the asker has gone."""
    told = 0
    for share in making:
        if gone():
            return
        done = math.floor(share * STEPS) if tell else 0
        yield b"." * (done - told)
        told = done
    yield file.getvalue()


def _name(title: str) -> str:
    """A file name from a title: letters, digits and dashes alone, so that it leads nowhere."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()
    return plain[:60] or "session"
