"""What a refresh of the live page sends: only what differs from what the browser shows."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from dash import html, no_update

from dashboard import wording
from dashboard.context import Context
from dashboard.live import call, charts, flags, head, health
from dashboard.live.now import READING, View, read, status_of
from dashboard.settings_file import remember_own


def fresh(
    context: Context, view: View, shown: Mapping[str, Any], texts: Sequence[Mapping[str, Any]] = ()
) -> tuple[Any, ...]:
    """The outputs of a refresh: only what differs from what the browser says it shows.

    texts: the texts of flags that stand in the page, as {live-text: number, part}; these are changed in
    place, so that a button keeps the focus while the count beside it grows.

    The last output is what the browser then shows, with the `id` of it and of what it was laid over (`base`):
    where two refreshes overtake each other the browser sees a base that it does not show, and forgets it all.
    """
    same_texts = [no_update] * len(texts)
    status = status_of(context)
    session_id = status.session
    if session_id is None:
        pulse, now_shown = health.idle(context, status), "trouble" if health.troubled(status) else "ended"
        if shown.get("notice") == now_shown:
            return pulse, *((no_update,) * 6), same_texts, no_update
        over = {**shown, "notice": now_shown, "base": shown.get("id", "")}
        if now_shown == "trouble":
            told = health.beside(wording.NOT_READING, wording.shown_name(status.health.detail, 300))
        else:
            told = html.Div(health.ended(context, shown.get("session")), className="whole")
        return pulse, *((no_update,) * 5), told, same_texts, over
    remember_own(context, status.own)
    now = read(context, session_id, status.health)
    look = f"{session_id} {now.seconds} {view} {now.health.state in READING} {len(now.markers)}"
    marks = "".join(f"{each.number}{each.kind}{each.text}" for each in now.markers)
    said = f"{now.health.state} {now.health.detail}"
    stale = now.last is None or said
    flags_now = [(each.number, each.cleared) for each in flags.listed(now)]
    flagged = _short(f"{view} {now.answers} {now.names} {flags_now} {flags.queued(now, 0)} {now.hint}")
    state = {"session": session_id, "look": _short(look + marks), "flags": flagged, "notice": ""}
    screen = health.notice(context, now)
    if screen is not None:
        state["notice"] = f"{stale} {'whole' in (screen.className or '')}"
    state["id"] = _short(f"{state}")
    state["base"] = shown.get("id", "")
    same = shown.get("look") == state["look"]
    return (
        health.pulse(context, now, status.sees_itself),
        no_update if same else head.head(context, now, view),
        no_update if same else charts.line(now, view),
        no_update if same else head.count(now, view),
        no_update if same and shown.get("flags") == flagged else call.tiles(now, view),
        no_update if shown.get("flags") == flagged else flags.column(context, now, view),
        no_update if shown.get("notice") == state["notice"] else screen,
        same_texts if same or shown.get("flags") != flagged else flags.texts(now, texts),
        state,
    )


def _short(text: str) -> str:
    """A text as a few characters that change when it does."""
    return f"{zlib.crc32(text.encode()):08x}"
