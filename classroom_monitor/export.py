"""A session as files for other programs: CSV or Parquet, and what describes it as JSON.

The columns are part of the contract (docs/export.md). Names go out only when asked for. What the files
hold is not protected: whoever exports is told so.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classroom_monitor.errors import StoreError
from classroom_monitor.records import EXPRESSIONS, Session
from classroom_monitor.store import Store

FORMATS = ("csv", "parquet")

#: The unit of every number in the files.
UNITS = {
    "time_utc": "ISO 8601, UTC",
    "time_local": "ISO 8601, local time with its difference from UTC",
    "seconds": "s since the start of the session, by the source's own time",
    "valence": "-1 unpleasant .. 1 pleasant",
    "valence_usual": "-1..1, the student's own usual",
    "low": "-1..1, lower end of the 90 % interval",
    "high": "-1..1, upper end of the 90 % interval",
    "spread": "standard deviation of the students' valence",
    "seen": "students",
    "camera_on": "students",
    "expected": "students",
    **{f"share_{name}": "0..1, sum over the seven is 1" for name in EXPRESSIONS},
    "usable": "0 or 1",
    **{f"p_{name}": "0..1, sum over the seven is 1" for name in EXPRESSIONS},
    "head_turn": "degrees from usual",
    "eyes_closed": "0..1",
    "brow_furrow": "0..1 above usual",
    "raised_seconds": "s since the start of the session",
    "shown_seconds": "s since the start of the session; empty: queued only",
    "cleared_seconds": "s since the start of the session",
    "looks": "looks",
    "looks_with": "looks",
    "before": "valence, -1..1",
    "after": "valence, -1..1",
    "rate": "looks a second",
}

# A line a spreadsheet would take for a formula: one of = + - @ (their full-width forms too), tab or return
# at its start, with or without blanks, invisible signs or quotes before it.
_FORMULA = re.compile(
    '^[\\s\x00-\x1f\x7f\xa0\u200b-\u200f\u2028-\u202f\u2060\ufeff"]*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r]'
)
_LINES = re.compile("([\n\r\v\f\x85\u2028\u2029]+)")


def export_session(
    store: Store,
    session_id: str,
    format: str,  # noqa: A002
    folder: Path,
    names: bool = False,
    force: bool = False,
) -> list[Path]:
    """Writes class, students, flags and markers in `csv` or `parquet`, and session.json, into a folder.

    names: with the students' names; without, pseudonyms alone (S07). Returns the files. Raises StoreError
    when the session is unknown, a file exists already (without `force`), or the folder cannot be written.
    """
    files = export_files(store, session_id, format, names)
    target = prepare(folder, list(files), force)
    return [put(target / name, content) for name, content in files.items()]


def export_files(store: Store, session_id: str, format: str, names: bool = False) -> dict[str, bytes]:  # noqa: A002
    """The same files as bytes, by their names. Raises StoreError for an unknown session or format."""
    if format not in FORMATS:
        raise StoreError(f"{format!r} is no format of an export; known: {', '.join(FORMATS)}")
    session = store.session(session_id)
    write = _csv if format == "csv" else _parquet
    tables = {
        "class": class_table(store, session.id),
        "students": students_table(store, session.id, names),
        "flags": flags_table(store, session.id, names),
        "markers": markers_table(store, session.id),
    }
    files = {f"{name}.{format}": write(table) for name, table in tables.items()}
    text = json.dumps(describe(session), ensure_ascii=False, indent=2) + "\n"
    return files | {"session.json": text.encode("utf-8", "replace")}


def prepare(folder: Path, files: list[str], force: bool) -> Path:
    """The folder of an export, made where it is missing; no file in it may exist, unless `force`."""
    target = folder.expanduser().resolve()
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StoreError(
            f"{target}: the folder cannot be made ({problem.strerror}); choose another"
        ) from None
    there = [name for name in files if (target / name).exists()]
    if there and not force:
        raise StoreError(
            f"{target / there[0]}: exists already; choose another folder, or overwrite with --force"
        )
    return target


def put(path: Path, content: bytes) -> Path:
    """Writes a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot be written ({problem.strerror}); free space or choose another folder"
        ) from None
    return path


def describe(session: Session) -> dict[str, object]:
    """What session.json holds."""
    return {
        "id": session.id,
        "title": session.title,
        "course": session.course,
        "start": _iso(session.start),
        "end": _iso(session.end) if session.end else None,
        "ended": session.ended,
        "source": session.source,
        "rate": session.rate,
        "students_told": session.students_told,
        "class_only": session.class_only,
        "app_version": session.app_version,
        "weights_sha256": session.weights_sha256,
        "units": UNITS,
    }


def class_table(store: Store, session_id: str) -> pd.DataFrame:
    """The class, one row a look; `time_utc` and `time_local` as timestamps, the local one without a zone."""
    return store.class_looks(session_id)


def students_table(store: Store, session_id: str, names: bool) -> pd.DataFrame:
    """The students, one row a student and look, by their codes (S07)."""
    looks = store.student_looks(session_id)
    looks = looks.drop(columns=[name for name in looks.columns if name.startswith("tile_")])
    if names:
        looks.insert(
            list(looks.columns).index("student") + 1, "name", _named(store, session_id, looks["student"])
        )
    looks["student"] = looks["student"].map(code).astype(object)
    return looks


def flags_table(store: Store, session_id: str, names: bool) -> pd.DataFrame:
    """Every flag of the session, with the teacher's answer."""
    answers = store.answers(session_id)
    flags = store.flags(session_id)
    table: dict[str, Any] = {"student": _text([code(flag.student) for flag in flags])}
    if names:
        table["name"] = _named(store, session_id, pd.Series([flag.student for flag in flags], dtype=int))
    table["kind"] = _text([flag.kind.value for flag in flags])
    table["raised_seconds"] = _numbers([flag.raised for flag in flags])
    table["shown_seconds"] = _numbers([flag.shown for flag in flags])
    table["cleared_seconds"] = _numbers([flag.cleared for flag in flags])
    table["looks"] = np.array([flag.looks for flag in flags], dtype=np.int64)
    table["looks_with"] = np.array([flag.looks_with for flag in flags], dtype=np.int64)
    table["reason"] = _text([flag.reason for flag in flags])
    table["answer"] = _text(
        [answers[flag.number].value if flag.number in answers else None for flag in flags]
    )
    return pd.DataFrame(table)


def markers_table(store: Store, session_id: str) -> pd.DataFrame:
    """Every marker of the teacher and every turn found by the program, by time."""
    markers = store.markers(session_id)
    return pd.DataFrame(
        {
            "seconds": _numbers([marker.seconds for marker in markers]),
            "kind": _text([marker.kind.value for marker in markers]),
            "by": _text([marker.by for marker in markers]),
            "text": _text([marker.text for marker in markers]),
            "before": _numbers([marker.before for marker in markers]),
            "after": _numbers([marker.after for marker in markers]),
            "low": _numbers([marker.low for marker in markers]),
            "high": _numbers([marker.high for marker in markers]),
        }
    )


def code(student: int) -> str:
    """A student's pseudonym in files: S07."""
    return f"S{student:02d}"


def guard(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a quote before it, and before each such line."""
    lines = _LINES.split(text)
    if not any(map(_FORMULA.match, lines)):
        return text
    kept = [
        f"'{line}" if number and not number % 2 and _FORMULA.match(line) else line
        for number, line in enumerate(lines)
    ]
    return "'" + "".join(kept)


def _csv(table: pd.DataFrame) -> bytes:
    out = table.copy(deep=False)
    if "time_local" in out:
        offset = (out["time_local"] - out["time_utc"].dt.tz_localize(None)).dt.total_seconds() // 60
        zones = offset.map(
            lambda minutes: (
                f"{'-' if minutes < 0 else '+'}{abs(int(minutes)) // 60:02d}:{abs(int(minutes)) % 60:02d}"
            )
        )
        out["time_local"] = _stamp(out["time_local"]) + zones.astype(object)
    if "time_utc" in out:
        out["time_utc"] = _stamp(out["time_utc"].dt.tz_localize(None)) + "Z"
    for name in out.columns:
        if not pd.api.types.is_numeric_dtype(out[name]):
            known = {each: guard(each) for each in out[name].unique() if isinstance(each, str)}
            out[name] = out[name].map(known).astype(object)
    text: str = out.round(6).to_csv(None, index=False, lineterminator="\n", na_rep="")
    return text.encode("utf-8")


def _parquet(table: pd.DataFrame) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_pandas(table, preserve_index=False)
    fields = []
    for field in made.schema:
        kind = pa.string() if pa.types.is_null(field.type) else field.type
        fields.append(
            pa.field(field.name, kind, metadata={"unit": UNITS[field.name]} if field.name in UNITS else None)
        )
    sink = pa.BufferOutputStream()
    pq.write_table(made.cast(pa.schema(fields)), sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _named(store: Store, session_id: str, students: pd.Series) -> pd.Series:
    return students.map(store.names(session_id)).astype(object)


def _text(values: list[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    return np.array(values, dtype=object)


def _numbers(values: list[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


def _stamp(times: pd.Series) -> pd.Series:
    """ISO 8601 to the millisecond, without a zone."""
    return pd.Series(np.datetime_as_string(times.to_numpy(), unit="ms"), index=times.index, dtype=object)


def _iso(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
