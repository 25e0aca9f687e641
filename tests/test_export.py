from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classroom_monitor import export
from classroom_monitor.clock import SteppedClock
from classroom_monitor.errors import StoreError
from classroom_monitor.export import export_session, guard
from classroom_monitor.records import EXPRESSIONS, Marker, MarkerKind
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard.made_up import NAMES, store_lecture

SHARES = [f"share_{name}" for name in EXPRESSIONS]
CHANCES = [f"p_{name}" for name in EXPRESSIONS]
COLUMNS = {
    "class": [
        *("time_utc", "time_local", "seconds", "valence", "low", "high", "spread", "seen", "camera_on"),
        *("expected", "word", "trend", *SHARES),
    ],
    "students": [
        *("time_utc", "seconds", "student", "presence", "usable", "valence", "valence_usual", *CHANCES),
        *("head_turn", "eyes_closed", "brow_furrow"),
    ],
    "flags": [
        *("student", "kind", "raised_seconds", "shown_seconds", "cleared_seconds", "looks", "looks_with"),
        *("reason", "answer"),
    ],
    "markers": ["seconds", "kind", "by", "text", "before", "after", "low", "high"],
}


@pytest.fixture(scope="module")
def store() -> Store:
    clock = SteppedClock()
    made = open_store("sqlite://", clock, load_settings().store)
    store_lecture(made, clock, minutes=10)
    return made


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_csv_has_the_columns_of_the_contract_and_a_row_a_look(store: Store, tmp_path: Path) -> None:
    """Check 33: documented columns, UTC and local time."""
    written = export_session(store, "lecture", "csv", tmp_path)
    assert sorted(path.name for path in written) == sorted(
        [*(f"{name}.csv" for name in COLUMNS), "session.json"]
    )
    for name, columns in COLUMNS.items():
        assert list(read(tmp_path / f"{name}.csv")[0]) == columns
    looks = read(tmp_path / "class.csv")
    assert len(looks) == len(store.class_looks("lecture"))
    assert looks[0]["time_utc"] == "2026-11-19T09:05:00.000Z"
    assert pd.Timestamp(looks[0]["time_local"]) == pd.Timestamp(looks[0]["time_utc"])
    assert sum(float(looks[0][name]) for name in SHARES) == pytest.approx(1, abs=1e-5)
    students = read(tmp_path / "students.csv")
    assert students[0]["student"] == "S01"
    assert {row["usable"] for row in students} == {"0", "1"}
    assert {row["presence"] for row in students} >= {"seen", "camera_off", "left_out", "no_face", "gone"}
    text = "".join(path.read_text(encoding="utf-8") for path in written).lower()
    assert "nan" not in text.replace("hanako", "").replace("none", "")


def test_numbers_are_those_of_the_store(store: Store, tmp_path: Path) -> None:
    export_session(store, "lecture", "csv", tmp_path)
    export_session(store, "lecture", "parquet", tmp_path, force=True)
    looks = store.student_looks("lecture")
    for table in (pd.read_csv(tmp_path / "students.csv"), pd.read_parquet(tmp_path / "students.parquet")):
        for name in (
            "seconds",
            "valence",
            "valence_usual",
            "head_turn",
            "eyes_closed",
            "brow_furrow",
            *CHANCES,
        ):
            pd.testing.assert_series_equal(table[name], looks[name], atol=1e-6, rtol=0)
        assert table["student"].tolist() == [f"S{number:02d}" for number in looks["student"]]


def test_names_only_when_asked(store: Store, tmp_path: Path) -> None:
    """Check 33: names are left out unless ticked."""
    export_session(store, "lecture", "csv", tmp_path / "without")
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "without").iterdir())
    assert not [name for name in NAMES if len(name) > 2 and name in text]
    export_session(store, "lecture", "csv", tmp_path / "with", names=True)
    with_names = read(tmp_path / "with" / "students.csv")
    assert with_names[3]["student"] == "S04"
    assert with_names[3]["name"] == NAMES[3]
    assert list(with_names[0])[:4] == ["time_utc", "seconds", "student", "name"]
    assert list(read(tmp_path / "with" / "flags.csv")[0])[:2] == ["student", "name"]


def test_parquet_has_the_same_columns_with_nulls_and_units(store: Store, tmp_path: Path) -> None:
    """Check 33: the same in Parquet, with units."""
    import pyarrow.parquet as pq

    export_session(store, "lecture", "parquet", tmp_path)
    for name, columns in COLUMNS.items():
        assert pq.read_schema(tmp_path / f"{name}.parquet").names == columns
    students = pq.read_table(tmp_path / "students.parquet")
    valence = store.student_looks("lecture")["valence"]
    assert students["valence"].null_count == int(valence.isna().sum()) > 0
    assert b"degrees" in students.schema.field("head_turn").metadata[b"unit"]
    assert pq.read_table(tmp_path / "class.parquet").schema.field("time_utc").type.tz == "UTC"


def test_flags_and_markers(store: Store, tmp_path: Path) -> None:
    export_session(store, "lecture", "csv", tmp_path)
    flags = read(tmp_path / "flags.csv")
    assert [flag["kind"] for flag in flags] == ["lower", "brow_furrowed", "turned_away"]
    assert [flag["answer"] for flag in flags] == ["looked", "", ""]
    assert flags[2]["shown_seconds"] == ""
    markers = read(tmp_path / "markers.csv")
    assert [float(marker["seconds"]) for marker in markers] == sorted(
        float(marker["seconds"]) for marker in markers
    )
    assert {marker["by"] for marker in markers} == {"teacher", "program"}


def test_session_file_describes_the_session(store: Store, tmp_path: Path) -> None:
    """Check 33: units, the weights' hash, the version."""
    export_session(store, "lecture", "csv", tmp_path)
    described = json.loads((tmp_path / "session.json").read_text(encoding="utf-8"))
    assert described["title"] == "Statistics II, lecture 7"
    assert described["ended"] == "stopped"
    assert described["weights_sha256"] == "ab" * 32
    assert described["app_version"] == "0.1.0"
    assert set(COLUMNS["class"]) - {"word", "trend"} <= set(described["units"])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_it_tells_how_far_it_is_and_writes_the_same_in_parts(
    kind: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_session(store, "lecture", kind, tmp_path / "whole", names=True)
    monkeypatch.setattr(export, "PART_LOOKS", 10)
    told: list[float] = []
    export_session(store, "lecture", kind, tmp_path / "parts", names=True, progress=told.append)
    assert len(told) > 10
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    read_table = pd.read_csv if kind == "csv" else pd.read_parquet
    for name in COLUMNS:
        whole, parts = (read_table(tmp_path / each / f"{name}.{kind}") for each in ("whole", "parts"))
        pd.testing.assert_frame_equal(whole, parts)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_export_that_is_stopped_leaves_nothing_behind(
    kind: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PART_LOOKS", 10)

    def stop(share: float) -> None:
        if share > 0.5:
            assert list(tmp_path.iterdir())  # under way
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_session(store, "lecture", kind, tmp_path, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_title_cannot_climb_out_of_the_folder(tmp_path: Path) -> None:
    clock = SteppedClock()
    store = open_store("sqlite://", clock, load_settings().store)
    store_lecture(store, clock, minutes=2)
    store.rename_session("lecture", "../../../outside", "/etc")
    written = export_session(store, "lecture", "csv", tmp_path / "in" / "side")
    assert {path.parent for path in written} == {(tmp_path / "in" / "side").resolve()}
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_nothing_is_overwritten_unless_forced(store: Store, tmp_path: Path) -> None:
    (tmp_path / "flags.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match=r"flags\.csv: exists already"):
        export_session(store, "lecture", "csv", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["flags.csv"]
    assert (tmp_path / "flags.csv").read_text(encoding="utf-8") == "mine"
    export_session(store, "lecture", "csv", tmp_path, force=True)
    assert len(read(tmp_path / "flags.csv")) == 3


def test_bad_wishes_are_refused_in_one_line(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for session, kind, folder in (
        ("lecture", "xls", tmp_path),
        ("nowhere", "csv", tmp_path),
        ("lecture", "csv", tmp_path / "file"),
    ):
        with pytest.raises(StoreError) as caught:
            export_session(store, session, kind, folder)
        assert "\n" not in str(caught.value)


def test_a_class_only_session_has_headers_and_no_students(tmp_path: Path) -> None:
    import dataclasses

    from dashboard.made_up import session

    clock = SteppedClock()
    store = open_store("sqlite://", clock, load_settings().store)
    store_lecture(store, clock, minutes=2, of=dataclasses.replace(session(), class_only=True))
    export_session(store, "lecture", "csv", tmp_path)
    assert (tmp_path / "students.csv").read_text(encoding="utf-8").splitlines() == [
        ",".join(COLUMNS["students"])
    ]
    assert len(read(tmp_path / "class.csv")) > 10
    export_session(store, "lecture", "parquet", tmp_path, force=True)


def dangerous(cell: str) -> bool:
    """What a spreadsheet may take for a formula, written without the product's own expression."""
    lines = cell.replace("\r", "\n").split("\n")
    blank = " \u00a0\u2003\u200b\ufeff\x00"
    return any(line.strip(blank)[:1] in tuple("=+-@\t") and line.strip(blank) for line in lines)


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@sum",
    "\t=1",
    "\r=1",
    "  =1",
    "\u00a0=1",
    "\ufeff@x",
    "fine\n=1+1",
    "a\r\n +1",
    "＝1",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_get_a_leading_quote(text: str) -> None:
    assert guard(text).startswith("'")
    assert not dangerous(guard(text))


@pytest.mark.parametrize("text", ["", "Ana", "O'Neil", "a=b", "1-2", "Bayes proof", "שלום", "two\nlines"])
def test_harmless_text_stays(text: str) -> None:
    assert guard(text) == text


@settings(max_examples=1000, deadline=None)
@given(
    st.text(
        st.sampled_from("=+-@\t\r\n \u00a0\u200b\ufeff\x00\"',;aé1") | st.characters(codec="utf-8"),
        max_size=12,
    )
)
@example("a\n=1")
def test_no_text_becomes_a_formula(text: str) -> None:
    guarded = guard(text)
    assert not dangerous(guarded)
    if dangerous(text):
        assert guarded.startswith("'")
    assert guarded.replace("'", "") == text.replace("'", "")


def test_formulas_are_guarded_in_the_files(tmp_path: Path) -> None:
    clock = SteppedClock()
    store = open_store("sqlite://", clock, load_settings().store)
    store_lecture(store, clock, minutes=10)
    store.name_student("lecture", 1, '=HYPERLINK("http://x","y")')
    store.add_marker("lecture", Marker(1, MarkerKind.OTHER, "@cmd"))
    export_session(store, "lecture", "csv", tmp_path, names=True)
    assert read(tmp_path / "students.csv")[0]["name"] == '\'=HYPERLINK("http://x","y")'
    assert read(tmp_path / "flags.csv")[0]["name"].startswith("'=")
    assert "'@cmd" in {marker["text"] for marker in read(tmp_path / "markers.csv")}
    assert any(row["valence"].startswith("-") for row in read(tmp_path / "class.csv"))
