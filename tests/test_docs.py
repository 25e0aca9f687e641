"""The docs say what the code does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", ["settings.md", "codes.md"])
def test_a_page_that_repeats_the_code_says_what_the_code_says(name: str) -> None:
    written = runpy.run_path(str(ROOT / "docs" / "pages.py"))["PAGES"]
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert page == written[name](), "run: python docs/pages.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not broken


def test_the_eu_ban_stands_first_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 0 < text.index("Article 5(1)(f)") < text.index("## ")


def test_the_pins_of_the_readme_and_the_network_page_are_those_of_the_package() -> None:
    package = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "mediapipe>=0.10.32,<0.10.34" in package
    assert "mediapipe>=0.10.32,<0.10.34" in (ROOT / "docs" / "network.md").read_text(encoding="utf-8")
    for pin in re.findall(r"`([\w-]+==[\w.]+)`", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert pin in constraints


def test_one_opencv_version_is_pinned_for_its_three_wheels() -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    versions = re.findall(r"^opencv-(?:contrib-|)python(?:-headless|)==(.+)$", constraints, re.MULTILINE)
    assert len(versions) == 3
    assert len(set(versions)) == 1


def test_the_table_of_rehearsals_is_put_between_its_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    tool = runpy.run_path(str(ROOT / "docs" / "rehearsals.py"))
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    written = tool["between_marks"](page, "the table")
    assert written.partition(tool["BEGIN"])[0] == page.partition(tool["BEGIN"])[0]
    assert (
        written.partition(tool["BEGIN"])[2] == f"\nthe table\n{tool['END']}" + page.partition(tool["END"])[2]
    )

    told = tmp_path / "told.toml"
    told.write_text("[class]\nstudents = 6\nminutes = 1\n", encoding="utf-8")
    rows: list[str] = []
    lines = tool["table"]([str(told)], [1, 3], rows.append).splitlines()
    assert lines[2:] == [rows[0], rows[0].replace("`told`", "all")]
    assert {line.count("|") for line in lines} == {10}
