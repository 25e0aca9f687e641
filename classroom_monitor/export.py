"""A session as files for other programs: CSV or Parquet, and what describes it as JSON.

The columns are part of the contract (docs/export.md). Names go out only when asked for. What the files
hold is not protected: whoever exports is told so.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from classroom_monitor.errors import StoreError
from classroom_monitor.records import EXPRESSIONS, Session
from classroom_monitor.store import Store

FORMATS = ("csv", "parquet")

#: Looks whose students are read and written at one time: a quarter of a second's work for a class of 49.
PART_LOOKS = 250

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

#: Tables of the same columns, each with the share of the export that is done with it, 0..1.
_Parts = Iterable[tuple[float, pd.DataFrame]]

# A line a spreadsheet would take for a formula: one of = + - @ (their full-width forms too), tab or return
# at its start, with or without blanks, invisible signs or quotes before it.
_FORMULA = re.compile(
    '^[\\s\x00-\x1f\x7f\xa0\u200b-\u200f\u2028-\u202f\u2060\ufeff"]*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r]'
)
_LINES = re.compile("([\n\r\v\f\x85\u2028\u2029]+)")


def export_session(
    store: Store,
    session_id: str,
    kind: str,
    folder: Path,
    names: bool = False,
    force: bool = False,
    progress: Callable[[float], None] = lambda _share: None,
) -> list[Path]:
    """Writes class, students, flags and markers in `csv` or `parquet`, and session.json, into a folder.

    names: with the students' names; without, pseudonyms alone (S07). progress: told the share done, 0..1, a
    few times a second; what it raises stops the export, and no file of it stays. Returns the files. Raises
    StoreError when the session is unknown, a file exists already (without `force`), or the folder cannot be
    written.
    """
    files = export_names(kind)
    with new_files(folder, files, force) as open_file:
        for share in write_export(store, session_id, kind, names, open_file):
            progress(share)
    return [folder.expanduser().resolve() / name for name in files]


def export_names(kind: str) -> list[str]:
    """The names of the files of an export. Raises StoreError for an unknown format."""
    if kind not in FORMATS:
        raise StoreError(f"{kind!r} is no format of an export; known: {', '.join(FORMATS)}")
    return [*(f"{table}.{kind}" for table in ("class", "students", "flags", "markers")), "session.json"]


def write_export(
    store: Store,
    session_id: str,
    kind: str,
    names: bool,
    open_file: Callable[[str], IO[bytes]],
) -> Iterator[float]:
    """Writes the files of `export_names`, each opened by its name, part by part.

    Gives the share done, 0..1, after each part; whoever asks for no further one stops it there. Raises
    StoreError for an unknown session or format.
    """
    session = store.session(session_id)
    tables: dict[str, _Parts] = {
        "class": [(0.0, class_table(store, session.id))],
        "students": _student_parts(store, session.id, names),
        "flags": [(1.0, flags_table(store, session.id, names))],
        "markers": [(1.0, markers_table(store, session.id))],
    }
    *files, description = export_names(kind)
    for name, parts in zip(files, tables.values(), strict=True):
        with open_file(name) as file:
            yield from (_write_csv if kind == "csv" else _write_parquet)(file, parts)
    with open_file(description) as file:
        text = json.dumps(describe(session), ensure_ascii=False, indent=2) + "\n"
        file.write(text.encode("utf-8", "replace"))


def _student_parts(store: Store, session_id: str, names: bool) -> _Parts:
    """The students' rows by stretches of time, at least one, each with the share done."""
    seconds = np.sort(store.class_looks(session_id)["seconds"].to_numpy())
    edges = [0.0, *map(float, seconds[PART_LOOKS::PART_LOOKS]), math.inf]
    for number, (start, end) in enumerate(itertools.pairwise(edges), 1):
        yield number / (len(edges) - 1), students_table(store, session_id, names, start, end)


@contextlib.contextmanager
def new_files(folder: Path, names: Sequence[str], force: bool) -> Iterator[Callable[[str], IO[bytes]]]:
    """Opens the files of an export, which appear in the folder together once all are written, or not at all.

    The folder is made where it is missing. Raises StoreError when a file exists already (without `force`) or
    cannot be written.
    """
    target = folder.expanduser().resolve()
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StoreError(
            f"{target}: the folder cannot be made ({problem.strerror}); choose another"
        ) from None
    there = [name for name in names if (target / name).exists()]
    if there and not force:
        raise StoreError(
            f"{target / there[0]}: exists already; choose another folder, or overwrite with --force"
        )
    parts = {name: target / f"{name}.part" for name in names}
    try:
        yield lambda name: parts[name].open("wb")
        for name, part in parts.items():
            part.replace(target / name)
    except OSError as problem:
        raise StoreError(
            f"{target}: cannot be written ({problem.strerror}); free space or choose another folder"
        ) from None
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


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


def students_table(
    store: Store, session_id: str, names: bool, start: float = 0.0, end: float = math.inf
) -> pd.DataFrame:
    """The students from `start` to before `end` (s), one row a student and look, by their codes (S07)."""
    looks = store.student_looks(session_id, since=start, before=end)
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


def _write_csv(file: IO[bytes], parts: _Parts) -> Iterator[float]:
    for number, (share, table) in enumerate(parts):
        file.write(_csv(table, header=number == 0))
        yield share


def _csv(table: pd.DataFrame, header: bool) -> bytes:
    out = table.copy(deep=False)
    if "time_local" in out:
        offset = (out["time_local"] - out["time_utc"].dt.tz_localize(None)).dt.total_seconds() // 60
        out["time_local"] = _stamp(out["time_local"]) + offset.map(_zone).astype(object)
    if "time_utc" in out:
        out["time_utc"] = _stamp(out["time_utc"].dt.tz_localize(None)) + "Z"
    for name in out.columns:
        if not pd.api.types.is_numeric_dtype(out[name]):
            known = {each: guard(each) for each in out[name].unique() if isinstance(each, str)}
            out[name] = out[name].map(known).astype(object)
    text: str = out.round(6).to_csv(None, index=False, header=header, lineterminator="\n", na_rep="")
    return text.encode("utf-8")


def _write_parquet(file: IO[bytes], parts: _Parts) -> Iterator[float]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        for share, table in parts:
            made = pa.Table.from_pandas(table, preserve_index=False)
            if writer is None:  # the first part says what the columns are
                writer = pq.ParquetWriter(file, pa.schema([_with_unit(field) for field in made.schema]))
            writer.write_table(made.cast(writer.schema))
            yield share
    finally:
        if writer is not None:
            writer.close()


def _with_unit(field: Any) -> Any:
    """A column of a Parquet file; one in which nothing is known yet holds text."""
    import pyarrow as pa

    kind = pa.string() if pa.types.is_null(field.type) else field.type
    return pa.field(field.name, kind, metadata={"unit": UNITS[field.name]} if field.name in UNITS else None)


def _zone(minutes: float) -> str:
    """`+02:00`, the difference of a clock from UTC."""
    ahead = abs(int(minutes))
    return f"{'-' if minutes < 0 else '+'}{ahead // 60:02d}:{ahead % 60:02d}"


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
