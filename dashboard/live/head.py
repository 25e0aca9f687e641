"""The class in a word with its trend, the sentence and the count."""

from __future__ import annotations

from typing import Any

from dash import html

from classroom_monitor.records import ClassWord, Presence, Trend
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.live.now import READING, Last, Now, View

#: Which way the arrow of a trend points, in degrees clockwise from the right.
TURNS = {Trend.BRIGHTENING: -45, Trend.STEADY: 0, Trend.DIMMING: 45}


def spoken(context: Context, now: Now) -> str:
    """What the polite live region says, at most once in 30 s."""
    if now.health.state not in READING or now.last is None:
        return wording.HEALTH[now.health.state]
    return f"{wording.CLASS_WORDS[now.last.word]}. {sentence(context, now.last, now)}"


def sentence(context: Context, last: Last, now: Now) -> str:
    """What, since when, on how many faces and how sure."""
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
    if word is not ClassWord.TOO_FEW and 2 * last.seen < last.expected:
        said = wording.joined(wording.by_those_seen(last.seen), said)
    then = html.Span(wording.AS_IT_WAS.format(time=now.clock(now.seconds)), className="held-only quiet2")
    trend_said = html.Span(said, className="fresh-only quiet2" if trend is not Trend.UNCLEAR else "quiet2")
    if word is ClassWord.TOO_FEW:
        then = None
    said_word = wording.CLASS_WORDS[word]
    title = html.H1(said_word, className="huge")
    if view.compact:  # as large as one line of a narrow window holds
        title = html.H1(said_word, className="title line", style={"--letters": len(said_word)})
    pointer = html.Span(arrow, className="arrow fresh-only") if arrow is not None else None
    if view.compact:
        return html.Div(
            [html.Div([title, trend_said, then], className="stack0"), pointer], className="row spread top"
        )
    apart = wording.apart(
        sum(each.presence is not Presence.GONE for each in now.students),
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
                    html.P(sentence(context, last, now), className="quiet2"),
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
