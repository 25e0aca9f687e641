"""What all tests share."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# A run in the background ignores Ctrl-C, and so would the programs that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def missing(what: str) -> None:
    """Skips on a user's machine, fails where CI=true: there everything must be installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of FER2013 and the gallery screenshots, which is never part of the project."""
    folder = os.environ.get("CLASSROOM_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CLASSROOM_TEST_DATA names no folder with the test data")
    return Path(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The one headless Chromium of a run of the tests: playwright allows one at a time."""
    chromium = shutil.which("chromium")
    if chromium is None:
        missing("Chromium is not installed; install it with your package manager")
    playwright = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += ["--disable-component-update", "--no-first-run"]
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=chromium, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The one PostgreSQL server of a run of the tests."""
    if os.name != "posix":
        pytest.skip("the tests start a PostgreSQL server on POSIX systems only")
    import postgres

    folder = postgres.programs()
    if folder is None:
        missing("PostgreSQL is not installed; install the package postgresql with your package manager")
        raise AssertionError  # missing never returns
    with postgres.running(folder) as url:
        yield url


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The address of that server, its database empty."""
    import postgres

    postgres.empty(postgres_server)
    return postgres_server


@pytest.fixture
def teachers(postgres: str) -> Iterator[Any]:
    """The teachers of that database: none yet."""
    from classroom_monitor.store.teachers import Teachers

    with contextlib.closing(Teachers(postgres)) as found:
        yield found
