"""One student, tapped in the map of the call: the present look, the signs, and what the teacher can say."""

from __future__ import annotations

from typing import Any

from dash import html

from classroom_monitor.records import Presence, StudentState
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live.now import Now, running
from dashboard.settings_file import remember_own


def frame() -> Any:
    """The panel, closed. Its text is changed in place, so that a button keeps the focus."""
    return html.Section(
        id="live-detail",
        className="panel detail",
        hidden=True,
        **{"aria-labelledby": "live-detail-name"},
        children=[
            html.Div(
                [
                    html.H2(id="live-detail-name", className="middle bold cut", tabIndex="-1", dir="auto"),
                    parts.button(wording.DETAIL_CLOSE, kind="small quiet", id="live-detail-close"),
                ],
                className="row spread",
            ),
            html.Div(id="live-detail-now"),
            html.Div(
                [
                    parts.link(wording.STUDENT_PAGE, "/live", id="live-detail-page", className="btn small"),
                    parts.button(wording.LEAVE_OUT, kind="small", id="live-detail-out"),
                    parts.button(
                        wording.THIS_IS_ME,
                        kind="small quiet push",
                        id="live-detail-own",
                        title=wording.OWN_NOTE,
                    ),
                ],
                className="row wrap answers",
            ),
        ],
    )


def state_of(now: Now, student: int) -> StudentState | None:
    """The student at the last look; None where nobody has that number."""
    return next((each for each in now.students if each.student == student), None)


def told(context: Context, now: Now, state: StudentState) -> Any:
    """How the student looks now, the seven probabilities, the signs, and an open flag."""
    limits = context.settings.flags
    signs = wording.signs_now(
        (state.brow_furrow or 0.0) >= limits.brow_by,
        (state.head_turn or 0.0) >= limits.turn_by,
        (state.eyes_closed or 0.0) >= limits.eyes_closed,
    )
    flag = next((f for f in reversed(now.flags) if f.student == state.student and f.cleared is None), None)
    worth = " ".join(wording.flag_reason(flag)) if flag is not None and flag.shown is not None else ""
    return [
        html.P(wording.state_sentence(state.presence, state.probabilities), className="quiet2"),
        parts.mixture(state.probabilities) if state.presence is Presence.SEEN else None,
        html.P(signs, className="small quiet2") if signs else None,
        html.P(worth, className="small quiet2") if worth else None,
        html.P(wording.LABELS_NOTE, className="small quiet3"),
    ]


def leave_out(context: Context, student: int) -> None:
    """Leaves a student out, or takes them in again."""
    session_id, _health = running(context)
    if session_id is None or context.watcher is None:
        return
    out = student not in context.store.left_out(session_id)
    context.store.leave_out(session_id, student, out)
    context.watcher.leave_out(student, out)


def own(context: Context, student: int) -> None:
    """That tile is the teacher's own: left out from now on, and remembered by its name where it is known."""
    session_id, _health = running(context)
    if session_id is None or context.watcher is None:
        return
    context.store.leave_out(session_id, student, True)
    context.watcher.own(student)
    remember_own(context, context.store.names(session_id).get(student, ""))
