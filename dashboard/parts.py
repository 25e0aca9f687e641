"""Small pieces that several pages share. Icons are drawn by assets/icons.css in the colour of the text."""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from classroom_monitor.records import (
    EXPRESSIONS,
    NEGATIVE,
    Box,
    FlagKind,
    Presence,
    Preview,
    Probabilities,
    Tile,
    TileState,
)
from dashboard import wording
from dashboard.context import Context

#: Places in EXPRESSIONS. Surprise (valence 0.15) lies with neutral, as in the class words.
_HAPPY, _SURPRISE, _NEUTRAL = 3, 5, 6


#: An empty picture, until there is one.
NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def families(probabilities: Probabilities) -> tuple[float, float, float]:
    """Shares of pleasant, neutral and unpleasant looks in the seven probabilities; they sum to the same."""
    return (
        probabilities[_HAPPY],
        probabilities[_SURPRISE] + probabilities[_NEUTRAL],
        sum(probabilities[i] for i in NEGATIVE),
    )


def family(probabilities: Probabilities) -> str:
    """The largest of the three: `pleasant`, `neutral` or `unpleasant`."""
    shares = families(probabilities)
    return wording.FAMILIES[shares.index(max(shares))]


def start_path(after: str) -> str:
    """The address of the start page once that session has ended.

    The live page may stand at `/` itself, and nobody gets from an address to the same one.
    """
    return f"/?{urllib.parse.urlencode({'after': after})}"


def review_path(session_id: str) -> str:
    """The address of a session's review."""
    return f"/review/{urllib.parse.quote(session_id, safe='')}"


def student_path(session_id: str, student: str) -> str:
    """The address of a student in a session."""
    return f"/student/{urllib.parse.quote(session_id, safe='')}/{student}"


def icon(name: str, **more: Any) -> Any:
    """An icon by its name in assets/icons.css; decoration, so hidden from screen readers."""
    return html.Span(className=f"icon i-{name}", **{"aria-hidden": "true"}, **more)


def flag_icon(kind: FlagKind) -> Any:
    """The outline of a flag's kind."""
    return icon(kind.value.replace("_", "-"))


def presence_icon(presence: Presence) -> Any:
    """The outline of why a student is not read."""
    return icon(presence.value.replace("_", "-"))


def glyph(name: str) -> Any:
    """The shape of a family of looks, in its colour: disc, bar or diamond."""
    return html.Span(className=f"icon i-{name} {name}", **{"aria-hidden": "true"})


def key(letter: str) -> Any:
    """A key of the keyboard."""
    return html.Kbd(letter, **{"aria-hidden": "true"})


def button(label: Any, *, kind: str = "", shortcut: str = "", **more: Any) -> Any:
    """A button. kind: words of `main`, `quiet`, `small`, `large`. shortcut: the key shown behind it."""
    children = [label, key(shortcut)] if shortcut else label
    name = " ".join(["btn", *kind.split()])
    if shortcut:
        more["aria-keyshortcuts"] = shortcut
    return html.Button(children, className=name, type="button", **more)


def link(label: Any, href: str, **more: Any) -> Any:
    """A link inside the program, without loading the page anew."""
    more.setdefault("className", "link")
    return dcc.Link(label, href=href, **more)


def scheme_button() -> Any:
    """Switches between light and dark; the script behind it is assets/classroom.js."""
    return html.Button(
        icon("scheme"),
        className="btn square",
        type="button",
        **{"data-do": "scheme", "aria-label": wording.SCHEME_LABEL},
    )


def names_button(name: str) -> Any:
    """Hides or shows all names, as the browser remembers it (assets/classroom.js); key `n`."""
    return html.Button(
        [html.Span(wording.HIDE_NAMES, className="names-label"), key("n")],
        id=name,
        className="btn quiet",
        type="button",
        **{"data-do": "names", "aria-keyshortcuts": "n"},
    )


def bar(context: Context, here: str, *right: Any) -> Any:
    """The bar of every page but the live one: where else to go, and what belongs to the page on the right."""
    items = [
        dcc.Link(label, href=path, className="goto here" if path == here else "goto")
        for path, label in wording.NAVIGATION
        if context.watcher is not None or path not in ("/", "/try")
    ]
    return html.Header(
        className="bar",
        children=[
            html.Nav(items, className="places", **{"aria-label": wording.APP}),
            html.Div([*right, scheme_button()], className="row"),
        ],
    )


def table_button(name: str) -> Any:
    """The button that shows the numbers of the chart `name`."""
    return html.Button(
        wording.TABLE,
        id=f"{name}-table",
        className="btn quiet small",
        type="button",
        **{"aria-expanded": "false", "aria-controls": f"{name}-numbers"},
    )


def numbers(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """A table of numbers that scrolls on its own and can be reached by keyboard."""
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in columns]))
    body = html.Tbody([html.Tr([html.Td(each) for each in row]) for row in rows])
    return html.Div(
        html.Table([html.Caption(caption, className="unseen"), head, body], className="plain"),
        className="numbers",
        tabIndex="0",
        role="region",
        **{"aria-label": caption},
    )


def mixture(probabilities: Probabilities | None) -> Any:
    """The seven probabilities of a face as bars, the likeliest in bold; nothing where there are none."""
    if probabilities is None:
        return None
    most = max(range(len(EXPRESSIONS)), key=lambda index: probabilities[index])
    rows: list[Any] = []
    for name in wording.LOOK_ORDER:
        index = EXPRESSIONS.index(name)
        share = probabilities[index]
        style = "most" if index == most else "quiet2"
        fill = html.Span(className="fill", style={"width": f"{share:.1%}", "background": f"var(--{name})"})
        rows += [
            html.Span(wording.LOOKS[name], className=style),
            html.Span(fill, className="rail", **{"aria-hidden": "true"}),
            html.Span(wording.percent(share), className=f"share {style}"),
        ]
    return html.Div(rows, className="mix")


def picture_source(jpeg: bytes) -> str:
    """A picture as the address that shows it: it travels in the page and is kept nowhere."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def captured(found: Preview, shown: Sequence[Tile] | None = None, *more: Any) -> Any:
    """A picture of the call with its tiles outlined; shown: these instead of all; more: laid over it."""
    return html.Div(
        [
            html.Img(src=picture_source(found.jpeg), alt=wording.START_PREVIEW),
            *[_outline(each, found) for each in (found.tiles if shown is None else shown)],
            *more,
        ],
        className="preview",
    )


def place_of(box: Box, width: int, height: int) -> dict[str, str]:
    """Where a box lies in a picture of that size, as a style."""
    width, height = max(1, width), max(1, height)
    return {
        "left": f"{box.x / width:.2%}",
        "top": f"{box.y / height:.2%}",
        "width": f"{box.w / width:.2%}",
        "height": f"{box.h / height:.2%}",
    }


def _outline(tile: Tile, found: Preview) -> Any:
    plain = tile.state in (TileState.FACE, TileState.NO_FACE)
    return html.Span(
        className="found-tile" if plain else "found-tile dashed",
        style=place_of(tile.box, found.width, found.height),
    )


def tiles_picture(style: str) -> Any:
    """Twelve small tiles that show a state: `outlines`, `black`, `covered` or `speaker`."""
    return html.Div([html.Span() for _ in range(12)], className=f"twelve {style}", **{"aria-hidden": "true"})


def steps(state: wording.State) -> Any:
    """The next steps of a state, numbered."""
    return html.Ol(
        [
            html.Li([html.Div(first, className="medium"), html.Div(then, className="small quiet2")])
            for first, then in state.steps
        ],
        className="steps",
    )


def state_screen(state: wording.State, *actions: Any, cause: str = "", since: str = "") -> Any:
    """A state with its cause, next steps, actions and code.

    cause: a sentence that is more exact than the state's own. since: the clock time of the last reading.
    """
    above = (
        html.Div(
            [icon("warning"), wording.NOT_READING_SINCE.format(time=since)], className="row small quiet2"
        )
        if since
        else None
    )
    return html.Section(
        className="state",
        **{"data-code": state.code},
        children=[
            html.Div(
                [
                    above,
                    html.H1(state.title, className="title"),
                    html.P(cause or state.cause, className="quiet2"),
                    steps(state) if state.steps else None,
                    html.Div(list(actions), className="row wrap actions") if actions else None,
                ]
            ),
            html.Div(
                [
                    tiles_picture(state.tiles),
                    html.Div(f"Code {state.code} · {wording.CODE_NOTE}", className="small quiet3"),
                ],
                className="aside",
            ),
        ],
    )


def state_page(context: Context, state: wording.State, *actions: Any, cause: str = "") -> Any:
    """A page of its own for a state."""
    return html.Div([bar(context, ""), html.Main(state_screen(state, *actions, cause=cause))])
