"""The live page: how the class looks now, on how many faces, and who is worth a glance.

One callback reads the store at each refresh and sends only what has changed; the ages of looks, the tiles of
the call and the shortcuts are the browser's (assets/live.js). Narrow windows (480 px) get the compact layout.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
import flask
import numpy as np
import pandas as pd
from dash import ALL, ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update

from classroom_monitor.errors import ClassroomError
from classroom_monitor.records import (
    Answer,
    ClassWord,
    Flag,
    Health,
    HealthState,
    Hint,
    Marker,
    MarkerKind,
    Presence,
    Session,
    StudentState,
    Trend,
)
from dashboard import figures, parts, wording
from dashboard.context import Context
from dashboard.theme import palette

PATH = "/live"
TITLE = wording.LIVE

#: The live page shows so much of the session (s).
WINDOW = 600.0

#: At the start of a session the line has so much room (s), which grows to WINDOW with it.
WINDOW_FIRST = 120.0

#: The line is drawn through at most so many looks: one every 5 px of its width, well below the smoothing.
POINTS = 160

#: A flag that has cleared stays listed until it was shown for so long (s), lest it vanish under the eye.
LISTED = 60.0

#: A pace hint that nobody answers goes away after so long (s), when the next may come.
HINT_STANDS = 300.0

#: After so long (s) without a look the page shows the whole screen of the state instead of old numbers.
STATE_AFTER = 60.0

#: Which way the arrow of a trend points, in degrees clockwise from the right.
TURNS = {Trend.BRIGHTENING: -45, Trend.STEADY: 0, Trend.DIMMING: 45}

#: States in which looks go on.
READING = frozenset({HealthState.WATCHING, HealthState.NOT_SAVING})


@dataclass(frozen=True, slots=True)
class View:
    """How the browser is set."""

    dark: bool = False
    compact: bool = False
    names: bool = True


@dataclass(frozen=True, slots=True)
class Last:
    """The last look of the class. trend_from: since when (seconds) the trend has been the present one."""

    seconds: float
    utc: datetime
    seen: int
    expected: int
    word: ClassWord
    trend: Trend
    trend_from: float


@dataclass(frozen=True, slots=True)
class Now:
    """What the store says at one refresh.

    looks: the last ten minutes of the class, perhaps empty. last: the newest of them. pace: seconds of the
    wall clock a second of the session (a recording may run faster).
    """

    session: Session
    health: Health
    looks: pd.DataFrame
    last: Last | None
    pace: float
    students: tuple[StudentState, ...]
    flags: tuple[Flag, ...]
    answers: Mapping[int, Answer]
    markers: tuple[Marker, ...]
    names: Mapping[int, str]
    hint: Hint | None

    @property
    def seconds(self) -> float:
        """When the last look was, in seconds of the session."""
        return 0.0 if self.last is None else self.last.seconds

    def name(self, student: int, view: View) -> str:
        """The student's name, or the pseudonym where it is unknown or hidden."""
        known = wording.shown_name(self.names.get(student, "")) if view.names else ""
        return known or wording.pseudonym(student)

    def local(self, seconds: float) -> datetime:
        """Local time of a second of the session."""
        if self.last is None:
            return self.session.start.astimezone() + timedelta(seconds=seconds)
        return self.last.utc.astimezone() + timedelta(seconds=(seconds - self.last.seconds) * self.pace)

    def clock(self, seconds: float) -> str:
        """The same as `10:43`."""
        return f"{self.local(seconds):%H:%M}"


def running(context: Context) -> tuple[str | None, Health | None]:
    """The session that runs, and the watcher's own word on its health, where there is a watcher."""
    if context.watcher is None:
        return None, None
    status = context.watcher.status()
    return status.session, status.health


def read(context: Context, session_id: str, health: Health | None) -> Now:
    """Everything a refresh shows: the last ten minutes of the class, and the last look of the students."""
    store = context.store
    session = store.session(session_id)
    passed = (context.clock.utc() - session.start).total_seconds()
    looks = _recent(context, session_id, passed)
    last, pace = _last(looks)
    said = health or store.health(session_id) or Health(HealthState.STOPPED, context.clock.utc())
    return Now(
        session,
        said,
        looks,
        last,
        pace,
        store.students_now(session_id),
        store.flags(session_id),
        store.answers(session_id),
        store.markers(session_id),
        store.names(session_id),
        _open_hint(context, session_id, last),
    )


def _open_hint(context: Context, session_id: str, last: Last | None) -> Hint | None:
    """The last pace hint, while it is fresh and not answered."""
    hints = context.store.hints(session_id)
    if not hints or last is None or last.seconds - hints[-1].seconds > HINT_STANDS:
        return None
    return None if hints[-1].number in context.store.hint_answers(session_id) else hints[-1]


def _recent(context: Context, session_id: str, passed: float) -> pd.DataFrame:
    """The last ten minutes of looks, thinned to what a chart can show; the last look is always among them."""
    looks = context.store.class_looks(session_id, since=max(0.0, passed - WINDOW))
    if looks.empty:  # the source's time is not the wall clock's, or nothing was read for long
        looks = context.store.class_looks(session_id)
    if looks.empty:
        return looks
    seconds = looks["seconds"].to_numpy()
    keep = seconds >= seconds[-1] - WINDOW
    if keep.sum() > POINTS:
        # One look of each stretch; the stretches stand still, so that old points do not jump about.
        stretch = np.floor(seconds / (WINDOW / (POINTS - 2)))
        keep &= np.append(stretch[1:] != stretch[:-1], True)
    return looks if keep.all() else looks[keep]


def _last(looks: pd.DataFrame) -> tuple[Last | None, float]:
    if looks.empty:
        return None, 1.0
    columns: Any = looks  # pandas cannot tell the types of its columns
    seconds, utc, trend = (columns[name] for name in ("seconds", "time_utc", "trend"))
    other = np.flatnonzero(trend.to_numpy() != trend.iat[-1])
    since = int(other[-1]) + 1 if len(other) else 0
    passed = float(seconds.iat[-1] - seconds.iat[0])
    walled = (utc.iat[-1] - utc.iat[0]).total_seconds()
    last = Last(
        float(seconds.iat[-1]),
        utc.iat[-1].to_pydatetime(),
        int(columns["seen"].iat[-1]),
        int(columns["expected"].iat[-1]),
        ClassWord(columns["word"].iat[-1]),
        Trend(trend.iat[-1]),
        float(seconds.iat[since]),
    )
    return last, walled / passed if passed > 0 else 1.0


# --- the layout -------------------------------------------------------------------------------------------


def layout(context: Context, **_values: str) -> Any:
    """The empty page; the first refresh fills it."""
    session_id, _health = running(context)
    if session_id is None:
        return parts.state_page(context, wording.NO_SESSION, *_start_again(context))
    session = context.store.session(session_id)
    title = wording.shown_name(session.title)
    return html.Div(
        id="live",
        className="live demo" if context.demo else "live",
        **{
            "data-shortcuts": "on" if context.settings.dashboard.shortcuts else "off",
            "data-picture": "on" if context.demo else "off",
        },
        children=[
            dcc.Interval(id="live-refresh", interval=round(context.settings.dashboard.refresh * 1000)),
            dcc.Store(id="live-pulse"),
            dcc.Store(id="live-call"),
            dcc.Store(id="live-shown"),
            dcc.Store(id="live-acted"),
            dcc.Store(id="live-marker"),
            dcc.Store(id="live-words", data=_words(session_id)),
            html.Header(
                className="bar live-bar",
                children=[
                    html.Div(
                        className="row live-where",
                        children=[
                            html.Span(
                                [html.Span(id="live-icon", className="dot"), html.Span(id="live-state")],
                                className="health",
                            ),
                            html.Span(id="live-more", className="quiet3 cut"),
                            html.Span(className="divider full"),
                            html.Span(title, className="medium cut full", title=title, dir="auto"),
                            html.Span(id="live-time", className="quiet3 line"),
                            parts.button(wording.STOP, kind="quiet narrow", id="live-stop-narrow"),
                        ],
                    ),
                    html.Div(
                        className="row full",
                        children=[
                            _names_button("live-names"),
                            parts.button(wording.STOP, kind="quiet", id="live-stop"),
                            parts.button(
                                wording.COMPACT,
                                **{"data-do": "compact", "aria-label": wording.COMPACT_LABEL},
                            ),
                            parts.scheme_button(),
                        ],
                    ),
                    html.Div(
                        className="row live-acts",
                        children=[
                            parts.button(
                                html.Span(wording.PAUSE, id="live-pause-label"), shortcut="p", id="live-pause"
                            ),
                            parts.button(
                                html.Span(
                                    wording.MARK, id="live-mark-label", **{"data-said": wording.MARKED}
                                ),
                                shortcut="m",
                                kind="main",
                                id="live-mark",
                            ),
                        ],
                    ),
                ],
            ),
            _mark_panel(),
            html.Main(
                className="live-grid",
                children=[
                    html.Div(id="live-notice"),
                    html.Section(
                        className="live-class",
                        children=[
                            html.Div(id="live-head"),
                            html.Div(
                                dcc.Graph(
                                    id="live-chart",
                                    responsive=True,
                                    config={"displayModeBar": False, "staticPlot": True},
                                    figure={
                                        "layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
                                    },
                                ),
                                className="live-chart",
                                role="img",
                                **{"aria-label": wording.CHART_LABEL},
                            ),
                            html.Div(id="live-count"),
                            html.P(wording.CHART_LEGEND, className="small quiet3 full"),
                            html.Div(
                                className="full live-call",
                                children=[
                                    html.Div(id="live-looks"),
                                    html.Div(id="live-map", className="map"),
                                    html.Div(id="live-rest", className="map rest"),
                                    html.Div(id="live-counts"),
                                ],
                            ),
                        ],
                    ),
                    html.Aside(
                        className="live-aside",
                        children=[
                            _drawn_call() if context.demo else None,
                            html.Div(id="live-flags", className="stack"),
                        ],
                    ),
                ],
            ),
            html.Footer(
                className="live-foot full small quiet3 row",
                children=[
                    parts.link(label, path, className="link quiet2")
                    for path, label in wording.NAVIGATION
                    if path != "/"
                ]
                + [html.Span(wording.NOTHING_LEAVES, className="push")],
            ),
            dmc.Modal(
                id="live-stop-question",
                title=wording.STOP_QUESTION,
                centered=True,
                transitionProps={"duration": 0},
                children=[
                    html.P(wording.STOP_CAUSE, className="quiet2"),
                    html.Div(
                        className="row actions",
                        children=[
                            parts.button(wording.STOP_CONFIRM, kind="main", id="live-stop-yes"),
                            parts.button(wording.KEEP_READING, id="live-stop-no"),
                        ],
                    ),
                ],
            ),
        ],
    )


def _words(session_id: str) -> dict[str, str]:
    """What the browser completes by itself: ages, and the addresses of students."""
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
        "student": parts.student_path(session_id, "{n}"),
        **{f"is_{presence.value}": word for presence, word in wording.PRESENCE.items()},
        **{f"is_{name}": name for name in wording.FAMILIES},
    }


def _names_button(name: str) -> Any:
    return html.Button(
        [html.Span(wording.HIDE_NAMES, className="names-label"), parts.key("n")],
        id=name,
        className="btn quiet",
        type="button",
        **{"data-do": "names", "aria-keyshortcuts": "n"},
    )


def _drawn_call() -> Any:
    """The picture that the demo reads; live.js loads it anew after each look."""
    return html.Figure(
        className="drawn full",
        children=[
            html.Img(id="live-picture", alt=wording.DRAWN_CALL, src="/picture.jpg"),
            html.Figcaption(wording.DRAWN_NOTE, className="small quiet3"),
        ],
    )


def _mark_panel() -> Any:
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


def _start_again(context: Context) -> tuple[Any, ...]:
    links = []
    if context.watcher is not None and not context.demo:
        links.append(parts.link(wording.START_TITLE, "/", className="btn large main"))
    links.append(parts.link(wording.SESSIONS, "/sessions", className="btn large"))
    return tuple(links)


# --- the parts that a refresh sends -----------------------------------------------------------------------


def pulse(context: Context, now: Now) -> dict[str, Any]:
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
        "state": state.value,
        "label": wording.HEALTH[state],
        "more": more,
        "reading": state in READING,
        "paused": state is HealthState.PAUSED,
        "late": late,
        "silent": max(8.0, 2 * settings.dashboard.refresh + 2),
        "time": f"{context.local(moment):%H:%M}",
        "minutes": wording.minutes_in(int((moment - now.session.start).total_seconds() // 60)),
        "spoken": _spoken(context, now),
    }


def _spoken(context: Context, now: Now) -> str:
    """What the polite live region says, at most once in 30 s."""
    if now.health.state not in READING or now.last is None:
        return wording.HEALTH[now.health.state]
    return f"{wording.CLASS_WORDS[now.last.word]}. {_sentence(context, now.last, now)}"


def _sentence(context: Context, last: Last, now: Now) -> str:
    if last.word is ClassWord.TOO_FEW:
        return wording.too_few_sentence(last.seen, last.expected, context.settings.mood.min_faces)
    minutes = round(context.settings.mood.trend_window / 60)
    return wording.class_sentence(last.trend, now.clock(last.trend_from), last.seen, last.expected, minutes)


def head(context: Context, now: Now, view: View) -> Any:
    """The class in a word, with arrow and trend; in the full view also the count and the sentence."""
    last = now.last
    if last is None:
        return html.Div(wording.NO_LOOK_YET.capitalize(), className="title quiet2")
    word = last.word
    trend = last.trend if word is not ClassWord.TOO_FEW else Trend.UNCLEAR
    said = wording.TREND_WORDS[trend]
    if word is ClassWord.TOO_FEW:
        said = wording.too_few(last.seen, context.settings.mood.min_faces)
    elif said and view.compact:
        said = wording.trend_over(said, round(context.settings.mood.trend_window / 60))
    elif said and trend is not Trend.STEADY:
        said = wording.trend_since(said, now.clock(last.trend_from))
    arrow = None
    if trend in TURNS:
        arrow = parts.icon("arrow", style={"transform": f"rotate({TURNS[trend]}deg)"})
    elif trend is Trend.SPLITTING:
        arrow = parts.icon("splitting")
    then = html.Span(wording.AS_IT_WAS.format(time=now.clock(now.seconds)), className="held-only quiet2")
    trend_said = html.Span(said, className="fresh-only quiet2" if trend is not Trend.UNCLEAR else "quiet2")
    if word is ClassWord.TOO_FEW:
        then = None
    title = html.H1(wording.CLASS_WORDS[word], className="title" if view.compact else "huge")
    pointer = html.Span(arrow, className="arrow fresh-only") if arrow is not None else None
    if view.compact:
        return html.Div(
            [html.Div([title, trend_said, then], className="stack0"), pointer], className="row spread top"
        )
    apart = wording.apart(
        sum(each.presence is Presence.OTHER_PAGE for each in now.students),
        sum(each.presence is Presence.LEFT_OUT for each in now.students),
    )
    return html.Div(
        [
            html.Div(
                [
                    html.Div(
                        [title, pointer, html.Span([trend_said, then], className="middle")],
                        className="row wide-gap wrap",
                    ),
                    html.Span(wording.seen(last.seen, last.expected), className="title line"),
                ],
                className="row spread wrap ends",
            ),
            html.Div(
                [
                    html.P(_sentence(context, last, now), className="quiet2"),
                    html.Span(apart, className="small quiet3 line"),
                ],
                className="row spread wrap",
            ),
        ],
        className="stack",
    )


def count(now: Now, view: View) -> Any:
    """`22 of 29 seen` with one pip a student, below the compact chart."""
    if not view.compact or now.last is None:
        return None
    seen, expected = now.last.seen, now.last.expected
    return html.Div(
        [
            html.Span(wording.seen(seen, expected), className="bold line"),
            html.Div(
                className="pips",
                style={"--seen": seen, "--expected": max(1, expected)},
                **{"aria-hidden": "true"},
            ),
        ],
        className="row spread",
    )


def chart(now: Now, view: View) -> figures.Figure:
    """The ten-minute line."""
    colours = palette(view.dark)
    if now.health.state not in (*READING, HealthState.PAUSED):
        colours = replace(colours, pleasant=colours.edge, neutral=colours.edge, unpleasant=colours.edge)
    looks = figures.looks_of(now.looks)
    end = now.seconds
    start = end - min(WINDOW, max(WINDOW_FIRST, end))
    if view.compact:
        reading = now.health.state in READING
        last = wording.NOW if reading else now.clock(end)
        return figures.compact_line(looks, colours, start, end, now.clock(start), last)
    expected = 0 if now.last is None else now.last.expected
    marks = [each for each in now.markers if each.kind is not MarkerKind.TURN]
    return figures.live_line(
        looks, colours, start, end, lambda seconds: f"{now.local(seconds):%H:%M:%S}", expected, marks
    )


def call(now: Now, view: View) -> dict[str, Any]:
    """The tiles of the call for live.js.

    Each: student, name, class, ring, pleasant, neutral, unpleasant (%), column, row. Columns count in half
    tiles, so that a short last row can stand in the middle.
    """
    if view.compact:
        return {}
    flagged = {flag.student for flag in listed(now)}
    here = [each for each in now.students if each.presence is not Presence.GONE]
    placed = places([each for each in here if each.tile is not None])
    rows: list[list[Any]] = []
    rest: list[list[Any]] = []
    for each in here:
        shares = (0, 0, 0)
        kind = each.presence.value
        if each.presence is Presence.SEEN and each.probabilities is not None:
            kind = parts.family(each.probabilities)
            pleasant, neutral, unpleasant = parts.families(each.probabilities)
            shares = (round(pleasant * 100), round(neutral * 100), round(unpleasant * 100))
        elif each.presence is Presence.SEEN:
            kind = Presence.NOT_READABLE.value
        ring = 1 if each.student in flagged else 0
        entry = [each.student, now.name(each.student, view), kind, ring, *shares]
        if each.student in placed:
            rows.append([*entry, *placed[each.student]])
        else:
            rest.append(entry)
    width = max((column + 1 for column, _row in placed.values()), default=2)
    return {"columns": width, "tiles": rows, "rest": rest}


def places(students: Sequence[StudentState]) -> dict[int, tuple[int, int]]:
    """Column (in half tiles, from 0) and row of each student's tile, as they lie in the call."""
    tiles = {each.student: each.tile for each in students if each.tile is not None}
    if not tiles:
        return {}
    height = sorted(tile.h for tile in tiles.values())[len(tiles) // 2]
    rows: list[list[int]] = []
    for student in sorted(tiles, key=lambda each: (tiles[each].y, tiles[each].x)):
        if rows and tiles[student].y - tiles[rows[-1][0]].y < height / 2:
            rows[-1].append(student)
        else:
            rows.append([student])
    for row in rows:
        row.sort(key=lambda each: tiles[each].x)
    steps = [tiles[b].x - tiles[a].x for row in rows for a, b in itertools.pairwise(row)]
    pitch = max(1, min((step for step in steps if step > 0), default=next(iter(tiles.values())).w))
    left = min(tile.x for tile in tiles.values())
    found: dict[int, tuple[int, int]] = {}
    for number, row in enumerate(rows):
        free = 0
        for student in row:
            column = max(free, round(2 * (tiles[student].x - left) / pitch))
            found[student] = (column, number)
            free = column + 2
    return found


def looks_row(now: Now) -> Any:
    """Heading of the map, with the three families counted."""
    kinds = [
        parts.family(each.probabilities)
        for each in now.students
        if each.presence is Presence.SEEN and each.probabilities is not None
    ]
    counts = [
        html.Span([parts.glyph(name), name, " ", html.B(str(kinds.count(name)))], className="row tight line")
        for name in wording.FAMILIES
    ]
    return html.Div(
        [
            html.Div(
                [
                    html.H2(wording.CALL_HEADING, className="medium"),
                    html.Span(wording.SHARES_NOTE, className="small quiet3"),
                ],
                className="row wrap",
            ),
            html.Div(counts, className="row wide-gap small quiet2 wrap"),
        ],
        className="row spread wrap",
    )


def counts_row(now: Now) -> Any:
    """How many are not read, by cause; the causes are never merged."""
    found = [each.presence for each in now.students]
    return html.Ul(
        [
            html.Li(
                [parts.presence_icon(presence), f"{wording.PRESENCE[presence]} {found.count(presence)}"],
                className="row tight line",
            )
            for presence in wording.PRESENCE_ORDER
        ],
        className="row wrap wide-gap small quiet3",
        **{"aria-label": wording.CAUSES},
    )


def listed(now: Now) -> tuple[Flag, ...]:
    """The flags to be shown now, newest first: shown, not answered, not gone (or gone but hardly seen)."""
    silenced = {
        (flag.student, now.answers[flag.number])
        for flag in now.flags
        if now.answers.get(flag.number) in (Answer.NOT_NOW, Answer.NEVER)
    }
    never = {student for student, answer in silenced if answer is Answer.NEVER}
    found = [
        flag
        for flag in now.flags
        if flag.shown is not None
        and now.answers.get(flag.number) not in (Answer.NOT_NOW, Answer.NEVER)
        and flag.student not in never
        and (flag.cleared is None or now.seconds - flag.shown < LISTED)
    ]
    return tuple(sorted(found, key=lambda flag: -(flag.shown or 0.0)))


def queued(now: Now, shown: int) -> int:
    """How many more wait: raised and not yet shown, or shown beyond the number on the page."""
    waiting = sum(flag.shown is None and flag.cleared is None for flag in now.flags)
    return waiting + max(0, len(listed(now)) - shown)


def flags(context: Context, now: Now, view: View) -> list[Any]:
    """The flags with reason, count, another explanation, and what the teacher can say to them."""
    most = context.settings.flags.shown_at_most
    shown = listed(now)[:most]
    more = wording.more(queued(now, most))
    if view.compact:
        heading = " · ".join(filter(None, (wording.FLAGS_HEADING, more)))
        above = html.Div(
            [html.H2(heading, className="plain"), _names_button("live-names-compact")],
            className="row spread small quiet3",
        )
        rows = [_compact_flag(flag, now, view) for flag in shown]
    else:
        notes = " · ".join(filter(None, (wording.NEWEST_FIRST if shown else "", more)))
        above = html.Div(
            [
                html.H2(wording.FLAGS_HEADING, className="middle bold"),
                html.Span(notes, className="small quiet3"),
            ],
            className="row spread flags-head",
        )
        rows = [_full_flag(flag, now, view, now.clock(flag.raised)) for flag in shown]
    hint = [] if now.hint is None else [_hint(now.hint, now)]
    return [above, *(rows or [html.P(wording.NO_FLAG, className="quiet2 none")]), *hint]


def _hint(hint: Hint, now: Now) -> Any:
    """A pace hint: what was seen, and what it asks; about the class, never about one student."""
    said, question = wording.hint_parts(hint.text)
    choices = (
        ((wording.YES, Answer.YES), (wording.NO, Answer.NO))
        if question
        else ((wording.NOT_NOW, Answer.NOT_NOW),)
    )
    return html.Article(
        className="outlined hint",
        children=[
            html.Div(
                [
                    html.H3(question or wording.HINT_HEADING, className="medium"),
                    html.Span(wording.hint_since(now.clock(hint.since)), className="small quiet3 line"),
                ],
                className="row spread",
            ),
            html.P(said, className="quiet2"),
            html.Div(
                [
                    parts.button(label, kind="small", id={"live-hint": hint.number, "answer": answer.value})
                    for label, answer in choices
                ],
                className="row answers",
            ),
        ],
    )


def _reason(flag: Flag) -> tuple[str, str]:
    """What was seen and on how many looks, and what else it could be."""
    seen, could, other = flag.reason.partition(" Could ")
    seen = seen.rstrip(".") or wording.FLAG_KINDS[flag.kind].capitalize()
    if "looks)" not in seen and flag.looks:
        seen += f" ({flag.looks_with} of {flag.looks} looks)"
    return f"{seen}.", f"Could {other}" if could else wording.OTHER_REASONS[flag.kind]


def _brief(flag: Flag, now: Now) -> str:
    """`looks sad, 2 min`."""
    short = _reason(flag)[0].split(" for ")[0].split(",")[0].rstrip(".")
    return f"{short[:1].lower()}{short[1:]}, {wording.lasting(now.seconds - flag.raised)}"


def flag_texts(now: Now, texts: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The texts of these places in the page, as they are now."""
    known = {flag.number: flag for flag in now.flags}
    found: list[Any] = []
    for place in texts:
        flag = known.get(place["live-text"])
        if flag is None:
            found.append(no_update)
        else:
            found.append(_brief(flag, now) if place["part"] == "brief" else _reason(flag)[0])
    return found


def _answers(flag: Flag) -> Any:
    return html.Div(
        [
            parts.button(label, kind=kind, id={"live-answer": answer.value, "flag": flag.number})
            for label, answer, kind in (
                (wording.NOT_NOW, Answer.NOT_NOW, "small"),
                (wording.NEVER, Answer.NEVER, "small"),
                (wording.LOOK_BACK, Answer.LOOKED, "small quiet push"),
            )
        ],
        className="row wrap answers",
    )


def _full_flag(flag: Flag, now: Now, view: View, since: str) -> Any:
    seen, other = _reason(flag)
    return html.Article(
        className="panel flag",
        children=[
            html.Div(
                [
                    html.Div(
                        [
                            parts.flag_icon(flag.kind),
                            html.H3(now.name(flag.student, view), className="middle bold cut", dir="auto"),
                        ],
                        className="row",
                    ),
                    html.Span(wording.since(since), className="small quiet3 line"),
                ],
                className="row spread",
            ),
            html.P(seen, className="quiet2", id={"live-text": flag.number, "part": "reason"}),
            html.P(other, className="small quiet3"),
            _answers(flag),
        ],
    )


def _compact_flag(flag: Flag, now: Now, view: View) -> Any:
    seen, other = _reason(flag)
    return html.Details(
        className="flag-line",
        children=[
            html.Summary(
                [
                    parts.flag_icon(flag.kind),
                    html.Span(now.name(flag.student, view), className="bold cut name", dir="auto"),
                    html.Span(
                        _brief(flag, now),
                        className="small quiet2 cut",
                        id={"live-text": flag.number, "part": "brief"},
                    ),
                ],
                className="row",
            ),
            html.P(seen, className="small quiet2", id={"live-text": flag.number, "part": "reason"}),
            html.P(other, className="small quiet3"),
            _answers(flag),
        ],
    )


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
        return html.Div(parts.state_screen(state, cause=cause, since=since), className="whole")
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
    return parts.state_screen(wording.SESSION_ENDED, *links, *_start_again(context))


# --- callbacks --------------------------------------------------------------------------------------------


def register(app: Any, context: Context) -> None:
    """The callbacks of the page, and the picture of the drawn class."""

    @app.callback(
        Output("live-pulse", "data"),
        Output("live-head", "children"),
        Output("live-chart", "figure"),
        Output("live-count", "children"),
        Output("live-call", "data"),
        Output("live-looks", "children"),
        Output("live-counts", "children"),
        Output("live-flags", "children"),
        Output("live-notice", "children"),
        Output({"live-text": ALL, "part": ALL}, "children"),
        Output("live-shown", "data"),
        Input("live-refresh", "n_intervals"),
        Input("view", "data"),
        Input("live-acted", "data"),
        State("live-shown", "data"),
        State({"live-text": ALL, "part": ALL}, "id"),
    )
    def refresh(
        _passed: int | None,
        view: dict[str, bool] | None,
        _acted: Any,
        shown: Any,
        texts: list[dict[str, Any]],
    ) -> Any:
        return fresh(context, View(**(view or {})), shown or {}, texts)

    @app.callback(
        Output("live-acted", "data"),
        Input("live-pause", "n_clicks"),
        State("live-pulse", "data"),
        prevent_initial_call=True,
    )
    def pause(clicks: int | None, pulse_now: dict[str, Any] | None) -> Any:
        if not clicks or context.watcher is None:
            return no_update
        if pulse_now and pulse_now["paused"]:
            context.watcher.resume()
        else:
            context.watcher.pause()
        return _acted(context)

    @app.callback(
        Output("live-acted", "data", allow_duplicate=True),
        Output("location", "href", allow_duplicate=True),
        Input({"live-answer": ALL, "flag": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def answer(_clicks: list[int | None]) -> Any:
        asked = ctx.triggered_id
        if not asked or not ctx.triggered[0]["value"]:
            return no_update, no_update
        return answered(context, int(asked["flag"]), Answer(asked["live-answer"]))

    @app.callback(
        Output("live-acted", "data", allow_duplicate=True),
        Input({"live-hint": ALL, "answer": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def answer_hint(_clicks: list[int | None]) -> Any:
        asked = ctx.triggered_id
        session_id, _health = running(context)
        if not asked or not ctx.triggered[0]["value"] or session_id is None:
            return no_update
        context.store.answer_hint(session_id, int(asked["live-hint"]), Answer(asked["answer"]))
        return _acted(context)

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
        if not clicks:
            return (no_update,) * 5
        made = set_mark(context)
        if made is None:
            return (no_update,) * 5
        marker = {"number": made.number, "seconds": made.seconds, "kind": made.kind.value, "text": ""}
        return (
            marker,
            False,
            wording.marked(f"{context.local(context.clock.utc()):%H:%M}"),
            "",
            _acted(context),
        )

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
        edit_mark(context, marker)
        pressed = ["true" if kind.value == marker["kind"] else "false" for kind in wording.TEACHER_KINDS]
        return marker, pressed, _acted(context)

    @app.callback(
        Output("live-mark-panel", "hidden", allow_duplicate=True),
        Input("live-mark-close", "n_clicks"),
        Input("live-note-save", "n_clicks"),
        Input("live-note", "n_submit"),
        prevent_initial_call=True,
    )
    def close(*clicks: int | None) -> Any:
        return True if any(clicks) else no_update

    @app.callback(
        Output("live-stop-question", "opened"),
        Input("live-stop", "n_clicks"),
        Input("live-stop-narrow", "n_clicks"),
        Input("live-stop-no", "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(*_clicks: int | None) -> bool:
        return bool(ctx.triggered_id in ("live-stop", "live-stop-narrow"))

    @app.callback(
        Output("location", "href", allow_duplicate=True),
        Input("live-stop-yes", "n_clicks"),
        prevent_initial_call=True,
    )
    def stop(clicks: int | None) -> Any:
        session_id, _health = running(context)
        if not clicks or context.watcher is None or session_id is None:
            return no_update
        context.watcher.stop()
        return parts.review_path(session_id)

    app.clientside_callback(
        ClientsideFunction("classroom", "pulse"),
        Output("live-words", "id"),
        Input("live-pulse", "data"),
        Input("view", "data"),
        State("live-words", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("classroom", "call"),
        Output("live-map", "id"),
        Input("live-call", "data"),
        State("live-words", "data"),
        prevent_initial_call=True,
    )

    @app.server.get("/picture.jpg")  # type: ignore[untyped-decorator, unused-ignore]
    def picture() -> flask.Response:
        """The drawn call, from memory. Pictures of people are never served."""
        jpeg = context.watcher.picture() if context.demo and context.watcher is not None else None
        if jpeg is None:
            return flask.Response(status=404, headers={"Cache-Control": "no-store"})
        return flask.Response(jpeg, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})


def fresh(
    context: Context, view: View, shown: Mapping[str, Any], texts: Sequence[Mapping[str, Any]] = ()
) -> tuple[Any, ...]:
    """The outputs of a refresh: only what differs from what the browser says it shows.

    texts: the texts of flags that stand in the page, as {live-text: number, part}; these are changed in
    place, so that a button keeps the focus while the count beside it grows.
    """
    same_texts = [no_update] * len(texts)
    session_id, health = running(context)
    if session_id is None:
        gone = ended(context, shown.get("session"))
        if shown.get("notice") == "ended":
            return *((no_update,) * 9), same_texts, no_update
        over = {
            "state": HealthState.STOPPED.value,
            "label": wording.HEALTH[HealthState.STOPPED],
            "ended": True,
        }
        empty = (no_update,) * 7
        return over, *empty, html.Div(gone, className="whole"), same_texts, {**shown, "notice": "ended"}
    now = read(context, session_id, health)
    look = f"{session_id} {now.seconds} {view} {now.health.state in READING} {len(now.markers)}"
    marks = "".join(f"{each.number}{each.kind}{each.text}" for each in now.markers)
    said = f"{now.health.state} {now.health.detail}"
    stale = now.last is None or said
    flags_now = [(each.number, each.cleared) for each in listed(now)]
    flagged = _short(f"{view} {now.answers} {now.names} {flags_now} {queued(now, 0)} {now.hint}")
    counts = _counts(now)
    state = {
        "session": session_id,
        "look": _short(look + marks),
        "flags": flagged,
        "notice": "",
        "counts": counts,
    }
    screen = notice(context, now)
    if screen is not None:
        state["notice"] = f"{stale} {'whole' in (screen.className or '')}"
    same = shown.get("look") == state["look"]
    return (
        pulse(context, now),
        no_update if same else head(context, now, view),
        no_update if same else chart(now, view),
        no_update if same else count(now, view),
        no_update if same and shown.get("flags") == flagged else call(now, view),
        no_update if shown.get("counts") == counts or view.compact else looks_row(now),
        no_update if shown.get("counts") == counts or view.compact else counts_row(now),
        no_update if shown.get("flags") == flagged else flags(context, now, view),
        no_update if shown.get("notice") == state["notice"] else screen,
        same_texts if same or shown.get("flags") != flagged else flag_texts(now, texts),
        state,
    )


def _counts(now: Now) -> str:
    """What the rows of counts say, to tell whether they have changed."""
    kinds = [
        parts.family(each.probabilities) if each.probabilities is not None else "" for each in now.students
    ]
    found = [each.presence.value for each in now.students]
    return _short(f"{sorted(zip(found, kinds, strict=True))}")


def _short(text: str) -> str:
    """A text as a few characters that change when it does."""
    return f"{zlib.crc32(text.encode()):08x}"


def _acted(context: Context) -> float:
    """A new value for `live-acted`, which refreshes the page at once."""
    return context.clock.utc().timestamp()


def answered(context: Context, number: int, answer: Answer) -> tuple[Any, Any]:
    """Keeps the teacher's answer; `looked` leads to the student's page."""
    session_id, _health = running(context)
    if session_id is None or context.watcher is None:
        return no_update, no_update
    context.store.answer(session_id, number, answer)
    context.watcher.answer(number, answer)
    if answer is not Answer.LOOKED:
        return _acted(context), no_update
    flag = next((each for each in context.store.flags(session_id) if each.number == number), None)
    return no_update, no_update if flag is None else parts.student_path(session_id, str(flag.student))


def set_mark(context: Context) -> Marker | None:
    """Sets a marker at the present moment; None where no session runs."""
    if context.watcher is None:
        return None
    status = context.watcher.status()
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
