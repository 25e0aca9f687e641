"""Every one of the 42 checks of the design is shown by a test that names it, or stands here with a reason."""

from __future__ import annotations

import re
from pathlib import Path

#: What no test can assert.
ELSEWHERE = {
    1: "is read by people",
    6: "is timed: the delay in `rehearse`",
    21: "is timed: `bench --pages`",
    34: "is timed: `bench`",
}


def named(text: str) -> set[int]:
    """The numbers after `Check` or `Checks`: `2 and 20`, `8 to 10`."""
    found: set[int] = set()
    for numbers in re.findall(r"\bChecks? (\d+(?:(?:, | and | to )\d+)*)", text):
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", numbers):
            found |= set(range(int(first), int(last or first) + 1))
    return found


def test_numbers_are_read_as_they_are_written() -> None:
    assert named("Check 3. Checks 8 to 10, 12 and 41 (one). Checks 2 and 20.") == {2, 3, 8, 9, 10, 12, 20, 41}


def test_every_check_is_named_by_a_test() -> None:
    here = Path(__file__)
    tests = [file for file in here.parent.rglob("test_*.py") if file != here]
    shown = set().union(*(named(file.read_text(encoding="utf-8")) for file in tests))
    assert set(range(1, 43)) - shown - set(ELSEWHERE) == set()
