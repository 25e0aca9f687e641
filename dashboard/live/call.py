"""The map of the call: every student where the tile is, with the look or the cause why there is none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from dash import html

from classroom_monitor.records import Presence, StudentState
from dashboard import parts, wording
from dashboard.live.flags import listed
from dashboard.live.now import Now, View


def tiles(now: Now, view: View) -> dict[str, Any]:
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
        kind = kind_of(each)
        if kind in wording.FAMILIES and each.probabilities is not None:
            pleasant, neutral, unpleasant = parts.families(each.probabilities)
            shares = (round(pleasant * 100), round(neutral * 100), round(unpleasant * 100))
        ring = 1 if each.student in flagged else 0
        entry = [each.student, now.name(each.student, view), kind, ring, *shares]
        if each.student in placed:
            rows.append([*entry, *placed[each.student]])
        else:
            rest.append(entry)
    width = max((column + 1 for column, _row in placed.values()), default=2)
    return {"columns": width, "tiles": rows, "rest": rest, "counts": counts(now)}


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


def counts(now: Now) -> dict[str, int]:
    """How many look how, and how many are not read, by cause; the causes are never merged."""
    found = dict.fromkeys((*wording.FAMILIES, *(each.value for each in wording.PRESENCE_ORDER)), 0)
    for each in now.students:
        if each.presence is not Presence.GONE:
            found[kind_of(each)] += 1
    return found


def kind_of(state: StudentState) -> str:
    """How a face looks in three families, or the cause why it is not read."""
    if state.presence is not Presence.SEEN:
        return state.presence.value
    return Presence.NOT_READABLE.value if state.probabilities is None else parts.family(state.probabilities)


def heading() -> Any:
    """Heading of the map, with the three families counted; live.js writes the numbers."""
    families = [
        html.Span([parts.glyph(name), name, " ", _number(name)], className="row tight line")
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
            html.Div(families, className="row wide-gap small quiet2 wrap"),
        ],
        className="row spread wrap",
    )


def causes() -> Any:
    """How many are not read, by cause; live.js writes the numbers."""
    return html.Ul(
        [
            html.Li(
                [parts.presence_icon(presence), wording.PRESENCE[presence], " ", _number(presence.value)],
                className="row tight line",
            )
            for presence in wording.PRESENCE_ORDER
        ],
        className="row wrap wide-gap small quiet3",
        **{"aria-label": wording.CAUSES},
    )


def _number(kind: str) -> Any:
    return html.B("0", className="medium", **{"data-count": kind})
