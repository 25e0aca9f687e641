"""`teachers` and `serve` as whoever runs the server types them: gunicorn, two workers, a database."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from program import PATIENCE, run, running
from screen import until

pytest.importorskip("gunicorn")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def status(browser: urllib.request.OpenerDirector, url: str) -> int:
    try:
        with browser.open(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code
    except OSError:
        return 0


def test_a_teacher_is_added_served_and_removed(tmp_path: Path, postgres: str) -> None:
    added = run(tmp_path, "teachers", "--add", "ana", "--store", postgres)
    assert added.returncode == 0, added.stderr
    assert added.stdout.startswith("/?token=")
    assert run(tmp_path, "teachers", "--store", postgres).stdout == "ana\n"
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    with running(tmp_path, "serve", "--store", postgres, "--port", str(port)) as program:
        strange = urllib.request.build_opener()
        until(lambda: status(strange, site) == 403, PATIENCE)
        assert program.messages[0] == "Teachers: ana"
        ana = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert status(ana, site + added.stdout.strip()) == 200
        assert status(ana, f"{site}/sessions") == 200
        assert status(strange, f"{site}/sessions") == 403
        removed = run(tmp_path, "teachers", "--remove", "ana", "--store", postgres)
        assert removed.returncode == 0, removed.stderr
        until(lambda: status(ana, f"{site}/sessions") == 403, PATIENCE)
        assert program.interrupt() in (0, 130)
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(added.stdout.strip().encode() in file.read_bytes() for file in written)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--store", "sqlite://"], 1, "several teachers need one PostgreSQL database"),
        (["--host", "0.0.0.0"], 2, "unprotected"),
        (["--certificate", "c.pem"], 2, "belong together"),
    ],
)
def test_wrong_usage_is_said(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = run(tmp_path, "serve", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
