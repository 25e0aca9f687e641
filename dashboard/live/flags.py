"""Who is worth a glance, and the pace hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html, no_update

from classroom_monitor.records import Answer, Flag, Hint
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live.now import Now, View, acted, running

#: A flag that has cleared stays listed until it was shown for so long (s), lest it vanish under the eye.
LISTED = 60.0


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


def column(context: Context, now: Now, view: View) -> list[Any]:
    """The flags with reason, count, another explanation, and what the teacher can say to them."""
    most = context.settings.flags.shown_at_most
    shown = listed(now)[:most]
    more = wording.more(queued(now, most))
    if view.compact:
        heading = " · ".join(filter(None, (wording.FLAGS_HEADING, more)))
        above = html.Div(
            [html.H2(heading, className="plain"), parts.names_button("live-names-compact")],
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


def _brief(flag: Flag, now: Now) -> str:
    """`looks sad, 2 min`."""
    short = wording.flag_reason(flag)[0].split(" for ")[0].split(",")[0].rstrip(".")
    return f"{short[:1].lower()}{short[1:]}, {wording.lasting(now.seconds - flag.raised)}"


def texts(now: Now, texts: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The texts of these places in the page, as they are now."""
    known = {flag.number: flag for flag in now.flags}
    found: list[Any] = []
    for place in texts:
        flag = known.get(place["live-text"])
        if flag is None:
            found.append(no_update)
        else:
            found.append(_brief(flag, now) if place["part"] == "brief" else wording.flag_reason(flag)[0])
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
    seen, other = wording.flag_reason(flag)
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
    seen, other = wording.flag_reason(flag)
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


def answered(context: Context, number: int, answer: Answer) -> tuple[Any, Any]:
    """Keeps the teacher's answer; `looked` leads to the student's page."""
    session_id, _health = running(context)
    if session_id is None or context.watcher is None:
        return no_update, no_update
    context.store.answer(session_id, number, answer)
    context.watcher.answer(number, answer)
    if answer is not Answer.LOOKED:
        return acted(context), no_update
    flag = next((each for each in context.store.flags(session_id) if each.number == number), None)
    return no_update, no_update if flag is None else parts.student_path(session_id, str(flag.student))
