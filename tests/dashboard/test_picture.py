"""The page where a picture is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from classroom_monitor.records import TriedPicture
from dashboard.context import Context
from dashboard.pages import picture

from .conftest import JPEG, Lecture
from .test_live import texts


def test_a_mixture_is_worded_as_one_and_an_unusable_face_counts_for_nothing(lecture: Lecture) -> None:
    page = picture.found(lecture.watcher.read_picture(JPEG), 20)
    said = texts(page)
    assert "3 faces found, 1 readable" in said
    assert "Between sad and neutral" in said
    assert said.count("Not sure enough to say") == 2
    assert "Face 2 is too blurred to read; face 3 is perhaps a photo, so not read." in said
    assert "47 %" in said
    assert "happy 1 % surprised 2 % neutral 31 % sad 47 % angry 6 % fearful 10 % disgusted 3 %" in said


def test_faces_are_numbered_as_one_reads(lecture: Lecture) -> None:
    tried = lecture.watcher.read_picture(JPEG)
    (face, expression), *_others = tried.faces
    spots = [(150, 12), (20, 60), (20, 8), (150, 55)]
    faces = tuple((replace(face, box=replace(face.box, x=x, y=y)), expression) for x, y in spots)
    page = picture.found(replace(tried, faces=faces), 20)
    left = [each.style["left"] for each in page.children[1].children[0].children[1:]]
    top = [each.style["top"] for each in page.children[1].children[0].children[1:]]
    assert left == ["10.00%", "75.00%", "10.00%", "75.00%"]
    assert top == ["8.00%", "12.00%", "60.00%", "55.00%"]


def test_a_picture_without_a_face_says_what_a_face_needs(lecture: Lecture) -> None:
    said = texts(picture.found(TriedPicture(JPEG, 10, 10, ()), 20))
    assert "No face found" in said
    assert "at least 20 pixels" in said


def test_without_a_watcher_there_is_no_such_page(lecture: Lecture) -> None:
    assert "S-12" in texts(picture.layout(Context(lecture.store, lecture.settings)))


def test_what_is_no_file_is_empty() -> None:
    assert picture.bytes_of("data:image/png;base64,AAEC") == b"\x00\x01\x02"
    assert picture.bytes_of("data:image/png;base64,§") == b""
    assert picture.bytes_of("") == b""


def test_a_picture_is_dropped_and_a_bad_one_gets_one_line(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    page = open_tab(live_url.replace("/?", "/try?"), 360, 640, "light").page
    page.wait_for_selector("#try-upload")
    files = page.locator("#try-upload input[type=file]")
    files.set_input_files({"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture"})
    page.wait_for_selector("text=This file: is not a picture; give a PNG or JPEG")
    files.set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": JPEG})
    page.wait_for_selector("text=Between sad and neutral")
    assert page.locator(".found-tile").count() == 3
    several = [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": JPEG} for n in range(picture.MOST + 1)
    ]
    files.set_input_files([{"name": "<b>.png", "mimeType": "image/png", "buffer": b"no"}, *several])
    page.wait_for_selector("text=2 more not read: at most 12 at once.")
    assert page.locator("h2 >> text=<b>.png").count() == 1
    assert page.locator(".found-tile").count() == 3 * (picture.MOST - 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
