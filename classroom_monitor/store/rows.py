"""Records as rows of the tables, and rows as records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from classroom_monitor.records import (
    EXPRESSIONS,
    Box,
    Flag,
    Hint,
    Look,
    Marker,
    Presence,
    Session,
    StudentState,
)
from classroom_monitor.store import schema

#: A name or title longer than this is a mistake or an attack; characters.
_LONGEST_NAME = 500
LONGEST_TEXT = 2000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SHARES = tuple(f"share_{name}" for name in EXPRESSIONS)
TILE = ("tile_x", "tile_y", "tile_w", "tile_h")

Row = dict[str, Any]


def clean(text: str, longest: int = _LONGEST_NAME) -> str:
    """Text any database takes: no lone surrogates, no NUL, not endless."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")[:longest]


def us(moment: datetime) -> int:
    """A moment in microseconds, as the tables keep it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def utc(microseconds: int) -> datetime:
    """The moment of so many microseconds."""
    return _EPOCH + timedelta(microseconds=microseconds)


def finite(value: float | None) -> float | None:
    """The number, None in place of NaN and infinities."""
    return None if value is None or not math.isfinite(value) else float(value)


def _steps(name: str, value: float | None) -> int | None:
    """A number in the whole steps its column is kept in."""
    value = finite(value)
    return None if value is None else max(-32768, min(32767, round(value * schema.SCALES[name])))


def class_row(key: int, number: int, look: Look) -> Row:
    """The class at a look, by the key of the session and the number of the look."""
    mood = look.mood
    offset = look.utc.astimezone().utcoffset() or timedelta()
    shares = mood.shares or (None,) * len(EXPRESSIONS)
    return {
        "session": key,
        "look": number,
        "utc_us": us(look.utc),
        "offset_min": round(offset.total_seconds() / 60),
        "seconds": look.seconds,
        "valence": finite(mood.valence),
        "low": finite(mood.low),
        "high": finite(mood.high),
        "spread": finite(mood.spread),
        "seen": mood.seen,
        "camera_on": mood.camera_on,
        "expected": mood.expected,
        "word": mood.word.value,
        "trend": mood.trend.value,
        **{name: finite(share) for name, share in zip(SHARES, shares, strict=True)},
    }


def student_row(key: int, number: int, state: StudentState) -> Row:
    """A student at a look; numbers in the whole steps of `schema.SCALES`."""
    probabilities: Sequence[int | None] = (None,) * len(EXPRESSIONS)
    if state.probabilities is not None and all(map(math.isfinite, state.probabilities)):
        steps = [round(value * 10_000) for value in state.probabilities]
        steps[steps.index(max(steps))] += round(sum(state.probabilities) * 10_000) - sum(
            steps
        )  # the sum stays
        probabilities = steps
    tile = astuple(state.tile) if state.tile is not None else (None,) * 4
    return {
        "session": key,
        "look": number,
        "student": state.student,
        "presence": state.presence.value,
        "usable": int(state.usable),
        "valence": _steps("valence", state.valence),
        "valence_usual": _steps("valence_usual", state.valence_usual),
        **{f"p_{name}": value for name, value in zip(EXPRESSIONS, probabilities, strict=True)},
        "head_turn": _steps("head_turn", state.head_turn),
        "eyes_closed": _steps("eyes_closed", state.eyes_closed),
        "brow_furrow": _steps("brow_furrow", state.brow_furrow),
        **{name: None if value is None else int(value) for name, value in zip(TILE, tile, strict=True)},
    }


def state_of(row: Row) -> StudentState:
    """The student of a row."""
    number = {name: None if row[name] is None else row[name] / steps for name, steps in schema.SCALES.items()}
    probabilities = [number[f"p_{name}"] for name in EXPRESSIONS]
    return StudentState(
        row["student"],
        Presence(row["presence"]),
        None if row["tile_x"] is None else Box(*(row[name] for name in TILE)),
        bool(row["usable"]),
        None if None in probabilities else tuple(value for value in probabilities if value is not None),
        number["valence"],
        number["valence_usual"],
        number["head_turn"],
        number["eyes_closed"],
        number["brow_furrow"],
    )


def flag_row(key: int, flag: Flag) -> Row:
    """A flag of the session with that key."""
    return {
        "session": key,
        "number": flag.number,
        "student": flag.student,
        "kind": flag.kind.value,
        "raised": flag.raised,
        "shown": flag.shown,
        "cleared": flag.cleared,
        "looks": flag.looks,
        "looks_with": flag.looks_with,
        "reason": clean(flag.reason, LONGEST_TEXT),
    }


def hint_row(key: int, hint: Hint) -> Row:
    """A pace hint of the session with that key."""
    return {
        "session": key,
        "number": hint.number,
        "seconds": hint.seconds,
        "kind": hint.kind.value,
        "text": hint.text,
        "since": hint.since,
    }


def marker_values(marker: Marker) -> Row:
    """What the teacher said with a marker, without its number."""
    return {
        "seconds": marker.seconds,
        "kind": marker.kind.value,
        "text": clean(marker.text, LONGEST_TEXT),
    }


def session_of(row: Any) -> Session:
    """The session of a row, under the title that the teacher gave it later where there is one."""
    session = Session(
        row.id,
        row.title,
        row.course,
        utc(row.start_us),
        None if row.end_us is None else utc(row.end_us),
        row.ended,
        row.source,
        row.rate,
        row.students_told,
        row.app_version,
        row.weights_sha256,
        row.class_only,
    )
    return session if row.new_title is None else replace(session, title=row.new_title, course=row.new_course)
