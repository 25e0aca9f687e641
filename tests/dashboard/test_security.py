"""Who may talk to the pages: host, site and token, on every route."""

from __future__ import annotations

import logging
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from classroom_monitor.errors import ServerError
from dashboard import security
from dashboard.app import create_app
from dashboard.serving import serve

from .conftest import TOKEN, Lecture

ROUTES = (
    "/",
    "/live",
    "/_dash-layout",
    "/_dash-dependencies",
    "/assets/base.css",
    "/assets/boot.js",
    "/picture.jpg",
    "/no-such-page",
)
GOOD_HOSTS = (
    "127.0.0.1",
    "127.0.0.1:8050",
    "localhost",
    "localhost:1",
    "LOCALHOST:8050",
    "[::1]",
    "[::1]:8050",
)
BAD_HOSTS = (
    "",
    "evil.example",
    "evil.example:8050",
    "127.0.0.1.evil.example",
    "localhost.evil.example:8050",
    "evil.example:127.0.0.1",
    "127.0.0.1:8050:evil",
    "127.0.0.2",
    "0.0.0.0",
    "localhost:",
    "localhost:80x",
    "127.0.0.1@evil.example",
    "[::1].evil.example",
    "[::2]",
    "localhost.",
    "127.1",
)


@pytest.fixture
def client(lecture: Lecture) -> Any:
    watcher: Any = lecture.watcher
    app = create_app(lecture.store, lecture.settings, TOKEN, watcher, demo=True, clock=lecture.clock)
    return app.server.test_client()


@pytest.fixture
def inside(client: Any) -> Any:
    """A client that has swapped the token for the cookie."""
    assert client.get(f"/?token={TOKEN}", base_url="http://127.0.0.1:8050").status_code == 303
    return client


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_the_hosts_of_this_computer_are_trusted(host: str) -> None:
    assert security.trusted_host(host)


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_foreign_and_look_alike_hosts_are_refused(host: str) -> None:
    assert not security.trusted_host(host)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8050", "localhost.evil.example"])
def test_every_route_answers_a_foreign_host_with_400(inside: Any, host: str) -> None:
    for route in ROUTES:
        answer = inside.get(route, headers={"Host": host})
        assert answer.status_code == 400, route
        assert "Live page:" in answer.text
        assert "example" not in answer.text


SITES = (
    ("same-origin", None, True),
    ("none", None, True),
    ("same-site", None, False),
    ("cross-site", None, False),
    ("cross-site", "http://127.0.0.1:8050", False),
    ("", None, False),
    (None, "http://127.0.0.1:8050", True),
    (None, "http://127.0.0.1:8051", False),
    (None, "http://evil.example", False),
    (None, "http://127.0.0.1:8050.evil.example", False),
    (None, "null", False),
    (None, "", False),
    (None, None, True),
)


def test_only_our_own_pages_may_change_something(inside: Any) -> None:
    for site, origin, allowed in SITES:
        given = {"Sec-Fetch-Site": site, "Origin": origin}
        answer = inside.post(
            "/_dash-update-component",
            data="{}",
            content_type="application/json",
            headers={key: value for key, value in given.items() if value is not None},
            base_url="http://127.0.0.1:8050",
        )
        assert (answer.status_code != 403) is allowed, (site, origin)


def test_the_token_is_swapped_for_a_strict_cookie_and_leaves_the_address(client: Any) -> None:
    answer = client.get(f"/review/a%20b?token={TOKEN}&names=1", base_url="http://127.0.0.1:8050")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/review/a%20b?names=1"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert client.get("/", base_url="http://127.0.0.1:8050").status_code == 200


def test_a_redirect_never_leads_to_another_site(client: Any) -> None:
    for path in ("//evil.example/", "/\\evil.example/", "/%5C%5Cevil.example"):
        answer = client.get(f"{path}?token={TOKEN}", base_url="http://127.0.0.1:8050")
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/")
        assert not answer.headers["Location"].startswith(("//", "/\\"))


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", f"?token={TOKEN}x", "?token=%ff%00é"])
def test_without_the_token_no_route_answers(client: Any, query: str) -> None:
    for route in ROUTES:
        answer = client.get(route + query, base_url="http://127.0.0.1:8050")
        assert answer.status_code == 403, route
        assert "Live page:" in answer.text
        assert answer.headers["Content-Security-Policy"]


def test_a_wrong_token_is_refused_even_with_the_cookie(inside: Any) -> None:
    assert inside.get("/?token=wrong", base_url="http://127.0.0.1:8050").status_code == 403


def test_a_cookie_of_another_start_does_not_open(inside: Any, lecture: Lecture) -> None:
    name, _value = security.Door.of(TOKEN).cookie()
    inside.set_cookie(name, security.Door.of("x" * 40).cookie()[1], domain="127.0.0.1")
    assert inside.get("/", base_url="http://127.0.0.1:8050").status_code == 403
    assert security.Door.of("x" * 40).cookie()[0] != name


def test_a_short_token_is_no_token(lecture: Lecture) -> None:
    with pytest.raises(ValueError, match="32"):
        create_app(lecture.store, lecture.settings, "short")


def test_every_answer_carries_the_headers(inside: Any) -> None:
    for route in ROUTES:
        with inside.get(route, base_url="http://127.0.0.1:8050") as answer:
            _hardened(answer)


def test_only_the_compact_view_stands_in_a_frame_and_only_in_ours(inside: Any) -> None:
    for route in ROUTES:
        framed, older = ("'self'", "SAMEORIGIN") if route == "/live" else ("'none'", "DENY")
        with inside.get(route, base_url="http://127.0.0.1:8050") as answer:
            assert answer.headers["Content-Security-Policy"].endswith(f"; frame-ancestors {framed}")
            assert answer.headers["X-Frame-Options"] == older


def _hardened(answer: Any) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self' 'sha256-" in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert "frame-ancestors '" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_debugging_and_mcp_are_off_whatever_the_environment_says(
    lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASH_MCP_ENABLED", "true")
    monkeypatch.setenv("DASH_DEBUG", "true")
    app = create_app(lecture.store, lecture.settings, TOKEN)
    routes = {rule.rule for rule in app.server.url_map.iter_rules()}
    assert not any("mcp" in route for route in routes)
    assert not any("reload" in route for route in routes if app._dev_tools.hot_reload)
    assert not app.server.debug


def test_the_picture_is_served_in_the_demo_only(inside: Any, lecture: Lecture) -> None:
    drawn = inside.get("/picture.jpg", base_url="http://127.0.0.1:8050")
    assert drawn.status_code == 200
    assert drawn.headers["Cache-Control"] == "no-store"
    watcher: Any = lecture.watcher
    real = create_app(
        lecture.store, lecture.settings, TOKEN, watcher, clock=lecture.clock
    ).server.test_client()
    real.get(f"/?token={TOKEN}", base_url="http://127.0.0.1:8050")
    assert real.get("/picture.jpg", base_url="http://127.0.0.1:8050").status_code == 404


def test_the_server_listens_on_this_computer_and_logs_no_token(
    lecture: Lecture, serve_pages: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = serve_pages(create_app(lecture.store, lecture.settings, TOKEN))
    assert url.startswith("http://127.0.0.1:")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace(TOKEN, "wrong"), timeout=10)
    assert refused.value.code == 403
    refused.value.close()
    assert TOKEN not in caplog.text


def test_no_request_and_no_answer_is_buffered_on_disk(
    lecture: Lecture, serve_pages: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr("waitress.buffers.TempfileBasedBuffer.newfile", fail)
    url = serve_pages(create_app(lecture.store, lecture.settings, TOKEN))
    name, value = security.Door.of(TOKEN).cookie()
    request = urllib.request.Request(
        url.split("?")[0] + "_dash-update-component",
        data=b"x" * 3_000_000,
        headers={"Cookie": f"{name}={value}", "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"},
    )
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request, timeout=20)
    assert answer.value.code in (400, 415, 500)
    answer.value.close()
    page = url.split("?")[0] + "_dash-component-suites/plotly/package_data/plotly.min.js"
    with urllib.request.urlopen(
        urllib.request.Request(page, headers={"Cookie": f"{name}={value}"}), timeout=20
    ) as large:
        assert len(large.read()) > 2_000_000


def test_a_port_in_use_is_one_line_with_the_remedy(lecture: Lecture) -> None:
    app = create_app(lecture.store, lecture.settings, TOKEN)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} is in use.*--port"):
            serve(app, "127.0.0.1", port, TOKEN)


def test_stopping_frees_the_port_and_may_be_done_twice(lecture: Lecture) -> None:
    app = create_app(lecture.store, lecture.settings, TOKEN)
    url, stop = serve(app, "127.0.0.1", 0, TOKEN)
    port = int(url.split(":")[2].split("/")[0])
    stop()
    stop()
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))
