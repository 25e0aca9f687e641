"""Whether the reading goes on: the pulse that the browser tells ages by, and the screens of the states."""

from __future__ import annotations

import sys
from typing import Any

from dash import html

from classroom_monitor.records import HealthState, WatcherStatus
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live.head import spoken
from dashboard.live.now import READING, Now

#: Where macOS lets its user allow a program to read the screen.
SCREEN_RECORDING = "x-apple.systempreferences:com.apple.preference.security?Privacy_ScreenCapture"

#: After so long (s) without a look the page shows the whole screen of the state instead of old numbers.
STATE_AFTER = 60.0


def pulse(context: Context, now: Now, sees_itself: bool = False) -> dict[str, Any]:
    """What the browser needs to tell the health by itself until the next refresh. Times in ms."""
    settings, state = context.settings, now.health.state
    moment = context.clock.utc()
    look = None if now.last is None else now.last.utc.timestamp() * 1000
    more = ""
    if state is HealthState.PAUSED:
        more = wording.NOTHING_READ
    elif state not in READING and now.last is not None:
        more = wording.NOT_READING_SINCE.format(time=now.clock(now.seconds))
    late = max(10.0, 4 / now.session.rate) + settings.store.commit_seconds + settings.dashboard.refresh
    return {
        "now": moment.timestamp() * 1000,
        "look": look,
        "seconds": now.seconds,
        "pace": now.pace,
        "inside": sees_itself,
        "state": state.value,
        "label": wording.HEALTH[state],
        "more": more,
        "reading": state in READING,
        "paused": state is HealthState.PAUSED,
        "late": late,
        "silent": _silent(context),
        "time": f"{context.local(moment):%H:%M}",
        "minutes": wording.minutes_in(int((moment - now.session.start).total_seconds() // 60)),
        "spoken": spoken(context, now),
    }


def _silent(context: Context) -> float:
    """After so long (s) without a pulse the page says that the program does not answer."""
    return max(8.0, 2 * context.settings.dashboard.refresh + 2)


def troubled(status: WatcherStatus) -> bool:
    """Whether the watcher itself does not answer: then nobody knows whether a session has ended."""
    return status.session is None and status.health.state is HealthState.ERROR


def idle(context: Context, status: WatcherStatus) -> dict[str, Any]:
    """The pulse while no session runs: it has ended, or the watcher is being started again."""
    trouble = troubled(status)
    return {
        "state": status.health.state.value,
        "label": wording.HEALTH[HealthState.ERROR if trouble else HealthState.STOPPED],
        "more": wording.TRYING_AGAIN if trouble else "",
        "ended": not trouble,
        "silent": _silent(context),
    }


def notice(context: Context, now: Now) -> Any:
    """What stops the reading: a line beside recent numbers, the whole screen where there are none."""
    state = wording.state_of(now.health)
    if state is None:
        return None
    moment = context.clock.utc()
    age = None
    if now.last is not None:
        age = (moment - now.last.utc).total_seconds()
    since = "" if now.last is None else now.clock(now.seconds)
    whole = now.health.state is not HealthState.NOT_SAVING and (age is None or age > STATE_AFTER)
    cause = wording.shown_name(now.health.detail, 300)
    if whole:
        screen = parts.state_screen(state, *_next_step(context, state), cause=cause, since=since)
        return html.Div(screen, className="whole")
    return beside(state, cause)


#: States that another choice of what is watched may end.
CHOOSE = (
    wording.NO_GALLERY,
    wording.SCREEN_BLACK,
    wording.COVERED,
    wording.WINDOW_GONE,
    wording.PICTURE_FROZEN,
)


def _next_step(context: Context, state: wording.State) -> tuple[Any, ...]:
    """The button of a state, where its next step can be taken on the page."""
    if state is wording.SCREEN_BLACK and sys.platform == "darwin":
        return (html.A(wording.SYSTEM_SETTINGS, href=SCREEN_RECORDING, className="btn large main"),)
    if state is wording.MODEL_WRONG:
        told = {"data-do": "copy", "data-text": wording.INSTALL_AGAIN, "data-said": wording.COPIED}
        return (parts.button(wording.COPY_COMMAND, kind="large main", **told),)
    if state in CHOOSE and not context.demo:
        return (parts.button(wording.CHOOSE_AGAIN, kind="large main", id={"live-choose": state.code}),)
    return ()


def beside(state: wording.State, cause: str = "") -> Any:
    """A state as a line above the numbers. cause: a sentence that is more exact than the state's own."""
    step = state.steps[0][0] if state.steps else ""
    return html.Div(
        [
            parts.icon("warning"),
            html.Div(
                [
                    html.Span(state.title, className="medium"),
                    html.P(cause or f"{state.cause} {step}.".strip(), className="small quiet2"),
                ]
            ),
            html.Span(f"Code {state.code}", className="small quiet3 line push"),
        ],
        className="outlined row notice",
        role="status",
    )


def ended(context: Context, session_id: str | None) -> Any:
    """The screen when the session that was shown has ended."""
    links = []
    if session_id:
        links.append(
            parts.link(wording.OPEN_REVIEW, parts.review_path(session_id), className="btn large main")
        )
    return parts.state_screen(wording.SESSION_ENDED, *links, *start_again(context, session_id))


def start_again(context: Context, after: str | None = None) -> tuple[Any, ...]:
    """Where to go on from a page without a session, or of the one that has ended."""
    links = []
    if context.watcher is not None and not context.demo:
        where = parts.start_path(after) if after else "/"
        links.append(parts.link(wording.START_TITLE, where, className="btn large main"))
    links.append(parts.link(wording.SESSIONS, "/sessions", className="btn large"))
    return tuple(links)
