"""The report: one file, offline, small, printed on few pages, without names unless they are asked for."""

from __future__ import annotations

import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from classroom_monitor.clock import SteppedClock
from classroom_monitor.errors import StoreError
from classroom_monitor.records import Marker, MarkerKind
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard import report, wording
from dashboard import review_wording as words
from dashboard.made_up import NAMES, session, store_lecture
from dashboard.summary import read_lecture

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "javascript:window.hit=1",
    "</title><b>bold</b>",
    "&lt;i&gt;",
    "\u202edesrever",
    "x" * 10_000,
    "$\\href{javascript:window.hit=1}{y}$",
)


def lecture_store(**more: Any) -> Store:
    clock = SteppedClock()
    store = open_store("sqlite://", clock, load_settings().store)
    store_lecture(store, clock, minutes=30, **more)
    return store


@pytest.fixture(scope="module")
def store() -> Store:
    return lecture_store()


class Reader(HTMLParser):
    """Collects tags, the addresses they name, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += f" {data}"


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_report_is_one_small_file_that_loads_nothing(store: Store) -> None:
    """Check 31: nothing that could ask for anything."""
    page = report.render(store, "lecture")
    reader = read(page)
    assert len(page.encode()) < 1_000_000
    assert not {"script", "link", "iframe", "object", "form", "img"} & set(reader.tags)
    assert reader.links == []
    assert "default-src 'none'" in page
    assert not re.search(r"url\((?!#)|@import", page)


def test_it_says_what_the_review_says_and_its_limits(store: Store) -> None:
    """Checks 26, 27 and 31: the sentences, the labels' meaning, the limits."""
    text = read(report.render(store, "lecture")).text
    lecture = read_lecture(store, "lecture")
    for said in (words.headline(lecture), words.detail(lecture), words.mood_sentence(lecture), words.LIMITS):
        assert said in text
    assert wording.LABELS_NOTE in text
    assert "Article 5(1)(f)" in text
    assert "Statistics II, lecture 7" in text
    assert text.count("Bayes proof") >= 2
    assert "looked back" in text


def test_names_stand_in_it_only_when_asked(store: Store) -> None:
    without, within = report.render(store, "lecture"), report.render(store, "lecture", names=True)
    assert not [name for name in NAMES if len(name) > 2 and name in without]
    assert "Student 03" in without
    assert "Дмитрий" in within


def test_hostile_words_stay_words() -> None:
    store = lecture_store()
    for number, name in enumerate(HOSTILE, 1):
        store.name_student("lecture", number, name)
        store.add_marker("lecture", Marker(number * 60.0, MarkerKind.OTHER, name))
    store.rename_session("lecture", HOSTILE[4], HOSTILE[0])
    reader = read(report.render(store, "lecture", names=True))
    assert not {"script", "img", "b", "i"} & set(reader.tags)
    assert reader.links == []
    assert "\u202e" not in reader.text
    assert len(reader.text) < 40_000


@pytest.mark.parametrize("students", [0, 1])
def test_sessions_with_little_in_them_have_a_report_too(students: int) -> None:
    clock = SteppedClock()
    store = open_store("sqlite://", clock, load_settings().store)
    if students:
        store_lecture(store, clock, minutes=1, students=students)
    else:
        store.begin(session())
    assert "Too few faces were seen" in read(report.render(store, "lecture")).text


def test_a_class_only_session_has_a_report_without_students() -> None:
    store = lecture_store(of=dataclasses.replace(session(), class_only=True))
    text = read(report.render(store, "lecture")).text
    assert words.NO_STUDENTS in text
    assert "Student 0" not in text


def test_it_is_written_once_unless_forced(store: Store, tmp_path: Path) -> None:
    written = report.write_report(store, "lecture", tmp_path / "out")
    assert written == (tmp_path / "out" / "report.html").resolve()
    with pytest.raises(StoreError, match="exists already"):
        report.write_report(store, "lecture", tmp_path / "out")
    assert report.write_report(store, "lecture", tmp_path / "out", force=True) == written


def test_its_table_holds_the_numbers_of_both_charts(store: Store) -> None:
    """Check 26: the mood and all seven shares, by the same stretches of time."""
    page = report.render(store, "lecture")
    table = page.split('<div class="scroll numbers">')[1].split("</table>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[1:]]
    assert rows[0][3:] == [wording.LOOKS[name] for name in wording.LOOK_ORDER]
    looks = store.class_looks("lecture")
    first = looks[looks["seconds"] < 120]
    assert rows[1][1].startswith(words.signed(float(first["valence"].mean())))
    assert rows[1][3:] == [
        wording.percent(float(first[f"share_{name}"].mean())) for name in wording.LOOK_ORDER
    ]


def test_it_is_written_part_by_part_and_says_how_far_it_is(store: Store) -> None:
    file = io.BytesIO()
    shares, sizes = [], []
    for share in report.write(store, "lecture", False, file):
        shares.append(share)
        sizes.append(file.tell())
    assert len(shares) > 5
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert sizes == sorted(sizes)
    assert file.getvalue().decode() == report.render(store, "lecture")


def test_its_lanes_can_be_told_apart_without_hue(store: Store) -> None:
    """Check 27: in a grey print too, by dash and by label."""
    drawn = report.lanes(read_lecture(store, "lecture"))
    samples = [line for line in drawn.split("<path ")[1:] if "h20" in line]
    dashes = {
        re.sub(r'.*stroke-dasharray="([^"]*)".*', r"\1", line) if "dasharray" in line else ""
        for line in samples
    }
    assert len(samples) == len(dashes) == 7


def test_it_opens_offline_and_prints_on_four_pages(browser: Any, tmp_path: Path) -> None:
    """Checks 31 and 32: 90 minutes, 49 students and full tables; a PDF is the browser's print of it."""
    store = open_store("sqlite://", (clock := SteppedClock()), load_settings().store)
    store_lecture(store, clock, minutes=90, students=49)
    for number, name in enumerate(HOSTILE, 1):
        store.name_student("lecture", number, name)
    for number in range(30):
        store.add_marker("lecture", Marker(170.0 * number, MarkerKind.QUESTION, "A question " * 8))
    file = report.write_report(store, "lecture", tmp_path, names=True)
    page = browser.new_context(offline=True).new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: said.append(line.text))
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert said == []
    assert page.evaluate("window.hit") is None
    assert page.locator("svg").count() >= 2 + 40
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    printed = page.pdf(format="A4")
    assert 2 <= len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= 4
    assert file.stat().st_size < 6_000_000
    page.context.close()


def test_a_line_across_every_gap_would_be_wrong(store: Store) -> None:
    page = report.render(store, "lecture")
    assert page.count('fill="url(#ribbon)"') == 2  # before and after the minute without looks
    assert 'stroke-dasharray="2 5"' in page  # too few faces
