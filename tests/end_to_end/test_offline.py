"""Nothing leaves the computer, and no picture touches its disk: the program is watched while it runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from program import PATIENCE, browser_page, running
from traced import STRACE, is_picture_file, pictures_below, read_trace

from tests.conftest import missing

SECONDS = 40.0  # of the demo, with a page open


@pytest.fixture(scope="module")
def strace() -> tuple[str, ...]:
    if sys.platform != "linux" or shutil.which("strace") is None:
        missing("strace is not installed")
    if subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False
    ).returncode:
        missing("strace may not watch programs here")
    return STRACE


def test_the_demo_stays_on_this_computer_and_writes_no_picture(
    tmp_path: Path, strace: tuple[str, ...], browser: Any
) -> None:
    home, trace = tmp_path / "home", tmp_path / "trace"
    before = (*strace, "-o", str(trace))
    with (
        running(home, "demo", "--no-browser", "--port", "0", before=before) as program,
        browser_page(browser) as page,
    ):
        page.goto(program.url)
        page.goto(urljoin(program.url, "/live"))
        page.get_by_text(re.compile(r"[1-9]\d* of \d+ seen")).first.wait_for(timeout=PATIENCE * 1000)
        drawn = "() => document.querySelector('#live-picture')?.naturalWidth > 0"
        page.wait_for_function(drawn)  # the drawn call went to the page, from memory
        time.sleep(SECONDS)
        page.goto("about:blank")
        assert program.interrupt() == 130
    seen = read_trace(trace)
    assert seen.lines > 100, "the trace shows nothing at all"
    assert seen.connected == []
    assert seen.pictures == []
    database = next((home / "data").rglob("*.sqlite"))
    assert database in seen.opened_for_writing, "the trace misses what was certainly written"
    assert pictures_below(home) == []
    assert [file for file in seen.opened_for_writing if is_picture_file(file)] == []


def test_what_must_not_happen_would_be_seen(tmp_path: Path, strace: tuple[str, ...]) -> None:
    """The watch itself: a program that does it all is caught. Its addresses are kept for examples."""
    trace = tmp_path / "trace"
    program = f"""
import os, socket, sys
near, far, far6 = "127.0.0.1", "192.0.2.1", "2001:db8::1"
for family, address in ((2, (far, 443)), (2, (near, 53)), (10, (far6, 443)), (2, (near, 9))):
    try:
        socket.socket(family, socket.SOCK_DGRAM).connect(address)
    except OSError:
        pass
folder = {str(tmp_path)!r}
open(folder + "/a.bin", "wb").write(b"\\x89PNG\\r\\n\\x1a\\n" + bytes(50))
os.remove(folder + "/a.bin")
open(folder + "/empty.jpg", "wb").close()
open(folder + "/words.txt", "w").write("harmless")
os.rename(folder + "/words.txt", folder + "/words.webp")
"""
    subprocess.run([*strace, "-o", str(trace), sys.executable, "-c", program], check=True)
    seen = read_trace(trace)
    assert len(seen.connected) == 3
    assert all(mark not in "".join(seen.connected) for mark in ("htons(9)",))
    assert len(seen.pictures) == 3
    assert {file.name for file in pictures_below(tmp_path)} == {"empty.jpg", "words.webp"}
    (tmp_path / "plain").write_bytes(b"\xff\xd8\xff\xe0" + bytes(9))
    assert tmp_path / "plain" in pictures_below(tmp_path)
