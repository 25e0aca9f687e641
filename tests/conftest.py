"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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
