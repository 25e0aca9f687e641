"""Takes the screenshots of the docs from the demo: `python docs/screenshots.py`.

Needs Chromium and the test extra, and takes about eight minutes. A class of drawn students is reviewed and
watched live, in a data folder of its own that is deleted afterwards.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent / "screenshots"
PROGRAM = [sys.executable, "-m", "classroom_monitor.cli"]
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WIDE, NARROW = (1280, 800), (360, 640)
#: The live page is watched at four times the pace, so that ten minutes have passed after so many seconds.
SPEED, WATCHED = 4, 165


@contextmanager
def running(home: Path, *arguments: str) -> Iterator[str]:
    """The program with its pages; gives their address."""
    told = {"XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config")}
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--no-browser", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | told,
    )
    assert process.stderr is not None
    line = process.stderr.readline().strip()
    if not line.startswith("Live page: "):
        raise SystemExit(f"The program did not start: {line}")
    try:
        yield line.removeprefix("Live page: ")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def take(browser: Browser, address: str, path: str, name: str, wait: float = 0) -> None:
    """One page, wide and narrow, dark and light."""
    for scheme in ("dark", "light"):
        context = browser.new_context(color_scheme=scheme, device_scale_factor=1)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(address)
        for width, height in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(address.split("?", maxsplit=1)[0].rstrip("/") + path)
            page.wait_for_load_state("networkidle" if not path.startswith("/live") else "load")
            time.sleep(4 + wait)
            wait = 0
            page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png", full_page=width == WIDE[0])
        context.close()


def main() -> None:
    """Makes every screenshot anew."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        environment = os.environ | {
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }
        ended = ["demo", "--speed", "0", "--minutes", "15", "--students", "12", "--no-browser", "--port", "0"]
        subprocess.run([*PROGRAM, *ended], check=True, env=environment)
        with running(home, "review") as address:
            take(browser, address, "/sessions", "sessions")
            listed = subprocess.run(
                [*PROGRAM, "sessions", "--json"], check=True, env=environment, capture_output=True, text=True
            )
            session = listed.stdout.split('"id": "')[1].split('"')[0]
            take(browser, address, f"/review/{session}", "review")
        with running(home, "demo", "--speed", str(SPEED), "--students", "25") as address:
            take(browser, address, "/live", "live-demo", WATCHED)
        browser.close()


if __name__ == "__main__":
    main()
