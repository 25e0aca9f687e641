"""The mark that the teacher sets: its panel, and how it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import html

from classroom_monitor.errors import ClassroomError
from classroom_monitor.records import Marker, MarkerKind
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live.now import running, status_of


def panel() -> Any:
    """Where the mark just set gets its kind and a note."""
    return html.Section(
        id="live-mark-panel",
        className="mark-panel",
        hidden=True,
        **{"aria-label": wording.MARK_NOTE},
        children=[
            html.Div(
                className="row spread",
                children=[
                    html.Span(
                        [html.Span(id="live-marked", className="medium"), " ", wording.MARK_NOTE],
                        role="status",
                    ),
                    parts.button(wording.CLOSE, kind="small quiet", id="live-mark-close"),
                ],
            ),
            html.Div(
                className="row wrap",
                role="group",
                **{"aria-label": wording.MARK_KIND_LABEL},
                children=[
                    parts.button(
                        wording.MARKERS[kind],
                        kind="small",
                        id={"live-kind": kind.value},
                        **{"aria-pressed": "false"},
                    )
                    for kind in wording.TEACHER_KINDS
                ],
            ),
            html.Div(
                className="row",
                children=[
                    dmc.TextInput(
                        id="live-note",
                        className="grow",
                        inputProps={"maxLength": 200},
                        placeholder=wording.MARK_NOTE_LABEL,
                        debounce=True,
                        n_submit=0,
                        **{"aria-label": wording.MARK_NOTE_LABEL},
                    ),
                    parts.button(wording.SAVE, kind="small", id="live-note-save"),
                ],
            ),
        ],
    )


def set_mark(context: Context) -> Marker | None:
    """Sets a marker at the present moment; None where no session runs."""
    status = status_of(context)
    if status.session is None:
        return None
    marker = Marker(status.seconds, MarkerKind.OTHER)
    number = context.store.add_marker(status.session, marker)
    made = Marker(status.seconds, MarkerKind.OTHER, number=number)
    _tell(context, made)
    return made


def edit_mark(context: Context, marker: Mapping[str, Any]) -> None:
    """Changes kind and note of the marker that was just set."""
    session_id, _health = running(context)
    if session_id is None:
        return
    changed = Marker(
        float(marker["seconds"]),
        MarkerKind(marker["kind"]),
        str(marker["text"]),
        number=int(marker["number"]),
    )
    context.store.edit_marker(session_id, changed)
    _tell(context, changed)


def _tell(context: Context, marker: Marker) -> None:
    """The mark is kept even where the watcher is being started again and cannot be told."""
    if context.watcher is None:
        return
    try:
        context.watcher.mark(marker)
    except ClassroomError:
        return
