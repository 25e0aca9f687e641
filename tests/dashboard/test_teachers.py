"""The pages of several teachers: nobody sees another's sessions, and nothing opens without a token."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from werkzeug.test import Client

from classroom_monitor.clock import SteppedClock
from classroom_monitor.settings import load_settings
from classroom_monitor.store.teachers import Teachers
from dashboard.made_up import START, store_lecture
from dashboard.security import LOCAL_HOSTS, Door, digest
from dashboard.teachers import REREAD_S, TeachersPages

SETTINGS = load_settings()
SITE = "https://review.example"


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def pages(teachers: Teachers, clock: SteppedClock) -> Iterator[TeachersPages]:
    with closing(TeachersPages(teachers, SETTINGS, clock, LOCAL_HOSTS | {"review.example"})) as made:
        yield made


def new_token(teachers: Teachers, name: str, clock: SteppedClock) -> str:
    token = secrets.token_urlsafe(32)
    teachers.add(name, digest(token), clock, SETTINGS.store)
    return token


def come_in(pages: TeachersPages, token: str) -> Client:
    client = Client(pages)
    answer = client.get(f"/sessions?token={token}", base_url=SITE)
    assert answer.status_code == 303
    assert token not in answer.headers["Location"]
    assert "Secure" in answer.headers["Set-Cookie"]
    return client


def sessions_page(client: Client) -> str:
    """What the page of the sessions is made of, as the browser asks for it."""
    asked: dict[str, Any] = {
        "output": "..page.children...failed.children..",
        "outputs": [
            {"id": "page", "property": "children"},
            {"id": "failed", "property": "children"},
        ],
        "inputs": [
            {"id": "location", "property": "pathname", "value": "/sessions"},
            {"id": "location", "property": "search", "value": ""},
        ],
        "changedPropIds": ["location.pathname"],
    }
    answer = client.post("/_dash-update-component", json=asked, base_url=SITE)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_each_teacher_sees_their_own_sessions(
    pages: TeachersPages, teachers: Teachers, clock: SteppedClock
) -> None:
    tokens = {name: new_token(teachers, name, clock) for name in ("ana", "bo")}
    with closing(teachers.open("ana", clock, SETTINGS.store)) as store:
        store_lecture(store, clock, minutes=1)
    ana, bo = (come_in(pages, tokens[name]) for name in ("ana", "bo"))
    assert "lecture" in sessions_page(ana)
    assert "lecture" not in sessions_page(bo)
    assert ana.get("/download/lecture/csv", base_url=SITE).status_code == 200
    assert bo.get("/download/lecture/csv", base_url=SITE).status_code == 404


def test_nothing_opens_without_a_token(pages: TeachersPages, teachers: Teachers, clock: SteppedClock) -> None:
    new_token(teachers, "ana", clock)
    stranger = Client(pages)
    for route in ("/", "/sessions", "/assets/base.css", "/_dash-layout", "/download/lecture/csv"):
        for query in ("", "?token=", "?token=" + "x" * 43):
            answer = stranger.get(route + query, base_url=SITE)
            assert answer.status_code == 403, route
            assert "Open the address that you were given" in answer.text
    assert stranger.get("/", base_url="https://elsewhere.example").status_code == 400


def test_a_forged_cookie_does_not_open(pages: TeachersPages, teachers: Teachers, clock: SteppedClock) -> None:
    token = new_token(teachers, "ana", clock)
    forger = Client(pages)
    forger.set_cookie(Door.of(token).cookie()[0], "0" * 64, domain="review.example")
    assert forger.get("/sessions", base_url=SITE).status_code == 403


def test_a_token_taken_back_opens_nothing_soon(
    pages: TeachersPages, teachers: Teachers, clock: SteppedClock
) -> None:
    client = come_in(pages, new_token(teachers, "ana", clock))
    assert client.get("/sessions", base_url=SITE).status_code == 200
    renewed = new_token(teachers, "ana", clock)
    clock.step(REREAD_S)
    assert client.get("/sessions", base_url=SITE).status_code == 403
    assert come_in(pages, renewed).get("/sessions", base_url=SITE).status_code == 200


def test_a_teacher_added_while_it_runs_comes_in(
    pages: TeachersPages, teachers: Teachers, clock: SteppedClock
) -> None:
    assert Client(pages).get("/", base_url=SITE).status_code == 403
    token = new_token(teachers, "ana", clock)
    clock.step(REREAD_S)
    come_in(pages, token)


def test_a_request_that_is_too_large_is_refused(
    pages: TeachersPages, teachers: Teachers, clock: SteppedClock
) -> None:
    client = come_in(pages, new_token(teachers, "ana", clock))
    huge = {"output": "x" * 3_000_000}
    assert client.post("/_dash-update-component", json=huge, base_url=SITE).status_code == 413
