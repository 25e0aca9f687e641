"""The words: looks only, never a feeling, engagement or a score; every state has a cause and a next step."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from classroom_monitor.records import (
    ClassWord,
    FlagKind,
    Health,
    HealthState,
    MarkerKind,
    Presence,
    Trend,
)
from dashboard import wording

#: Asserted feelings, engagement, scores of persons, grades.
BANNED = re.compile(
    r"\b(?:is|are|was|were|be|feels?|feeling|felt|seems?) (?:very )?"
    r"(?:angry|sad|happy|afraid|fearful|disgusted|bored|confused)\b"
    r"|\bfeels?\b(?<!person feel)(?<!person feels)"
    r"|\bdetect\w* (?:emotion|feeling|mood)"
    r"|\bengage\w*|\bdisengage\w*|\battenti\w+|\bconfus\w+|\bbored\w*|\bscores?\b|\bgrad(?:e|ing)\b"
    r"|\bunderstand(?:s|ing)?\b|\bmood of (?!the class)",
    re.IGNORECASE,
)

#: Sentences that deny what is banned.
DENIALS = (
    wording.LABELS_NOTE,
    "what you feel and is not used for grades or attendance",
    "Looks are often misread and are not feelings.",
    "systems that infer emotions of people in education",
)


def every_string(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return every_string(tuple(getattr(value, each.name) for each in dataclasses.fields(value)))
    if isinstance(value, dict):
        return every_string(tuple(value.values()))
    if isinstance(value, (tuple, list)):
        return [text for each in value for text in every_string(each)]
    return []


def banned_in(text: str) -> list[str]:
    for denial in DENIALS:
        text = text.replace(denial, "")
    return [match.group(0) for match in BANNED.finditer(text)]


def test_the_search_finds_what_is_banned() -> None:
    for text in (
        "Ana is angry",
        "She feels sad",
        "engagement 60 %",
        "attention score",
        "we detect emotion",
        "mood of Ana: sad",
    ):
        assert banned_in(text), text
    assert not banned_in("Looks sad. " + wording.LABELS_NOTE)


def test_no_string_of_the_wording_is_banned() -> None:
    """Check 42."""
    strings = [
        text for name, value in vars(wording).items() if name.isupper() for text in every_string(value)
    ]
    assert len(strings) > 150
    assert [text for text in strings if banned_in(text)] == []


def test_no_page_holds_banned_words_of_its_own() -> None:
    """Check 42."""
    folder = Path(wording.__file__).parent
    for file in [*folder.rglob("*.py"), *folder.rglob("*.js")]:
        strings = re.findall(r'"([^"\n]{3,})"', file.read_text(encoding="utf-8"))
        assert [text for text in strings if banned_in(text)] == [], file.name


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (wording.CLASS_WORDS, ClassWord),
        (wording.TREND_WORDS, Trend),
        (wording.TREND_SENTENCES, [each for each in Trend if each is not Trend.UNCLEAR]),
        (wording.PRESENCE, Presence),
        (wording.FLAG_KINDS, FlagKind),
        (wording.OTHER_REASONS, FlagKind),
        (wording.MARKERS, MarkerKind),
        (wording.HEALTH, HealthState),
    ],
)
def test_every_code_has_its_own_word(words: dict[object, str], codes: list[object]) -> None:
    assert set(words) == set(codes)
    assert len(set(words.values())) == len(words)


def test_every_flag_offers_another_explanation() -> None:
    assert all(text.startswith("Could be") for text in wording.OTHER_REASONS.values())


def test_every_state_has_a_code_a_cause_and_a_next_step() -> None:
    """Checks 39 and 40; the codes of wording.STATES are those of docs/codes.md (tests/test_docs.py)."""
    codes = [state.code for state in wording.STATES]
    assert len(set(codes)) == len(codes)
    for state in wording.STATES:
        assert re.fullmatch(r"S-\d\d", state.code)
        assert state.cause.endswith(".")
    sources = Path(wording.__file__).parent.rglob("*.py")
    assert {code for file in sources for code in re.findall(r"S-\d\d", file.read_text())} == set(codes)
    errors = [state for state in wording.STATES if state.code in {f"S-{n:02d}" for n in range(2, 12)}]
    assert len(errors) == 10
    assert all(state.steps for state in errors)


@pytest.mark.parametrize(
    ("state", "detail", "code"),
    [
        (HealthState.WATCHING, "", None),
        (HealthState.PAUSED, "", None),
        (HealthState.STOPPED, "", None),
        (HealthState.NO_GALLERY, "", "S-02"),
        (HealthState.BLACK, "The screen is black.", "S-03"),
        (HealthState.BLACK, "Wayland lets no program read the screen.", "S-04"),
        (HealthState.COVERED, "", "S-05"),
        (HealthState.NO_GALLERY, "One speaker fills the call.", "S-06"),
        (HealthState.ERROR, "face_landmarker.task is missing", "S-07"),
        (HealthState.NOT_SAVING, "disk full", "S-08"),
        (HealthState.NO_WINDOW, "", "S-09"),
        (HealthState.FROZEN, "", "S-10"),
        (HealthState.ERROR, "something else", "S-11"),
    ],
)
def test_each_health_has_its_screen(state: HealthState, detail: str, code: str | None) -> None:
    found = wording.state_of(Health(state, datetime(2026, 1, 1, tzinfo=UTC), detail))
    assert (found.code if found else None) == code


def test_a_face_is_worded_as_a_look_and_a_mixture_as_a_mixture() -> None:
    assert wording.looks((0.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.1)) == "Looks happy"
    assert wording.looks((0.05, 0.02, 0.03, 0.02, 0.47, 0.1, 0.31)) == "Between sad and neutral"
    assert wording.looks((0.02, 0.01, 0.24, 0.21, 0.04, 0.31, 0.17)) == "Between surprised and fearful"
    assert wording.looks((0.10, 0.01, 0.03, 0.10, 0.18, 0.10, 0.48)) == "Looks neutral"
    assert wording.looks(None) == "Not sure enough to say"


def test_the_class_sentence_says_what_since_when_on_how_many_and_how_sure() -> None:
    dims = wording.class_sentence(Trend.DIMMING, "10:43", 22, 29, 5)
    assert dims.startswith("Since 10:43 faces look less pleasant; 22 of 29 are in view ")
    assert dims.endswith("and the change exceeds its own 90 % interval.")
    assert "more pleasant" in wording.class_sentence(Trend.BRIGHTENING, "10:43", 22, 29, 5)
    assert "interval" not in wording.class_sentence(Trend.STEADY, None, 22, 29, 5)
    assert wording.class_sentence(Trend.UNCLEAR, None, 1, 29, 5).startswith("1 of 29 is in view")


def test_the_first_run_names_the_ban_first_and_is_short() -> None:
    """Check 35: law, what is read, what is kept, how students are told, in about 150 words."""
    paragraphs = wording.notice_paragraphs(30)
    heading, law = paragraphs[0]
    assert "5(1)(f)" in law
    assert "2 February 2025" in law
    assert "Consent does not lift the ban" in law
    words = " ".join(text for pair in paragraphs for text in pair).split()
    assert 120 <= len(words) <= 180
    assert "30 days" in paragraphs[2][1]
    assert "{" not in wording.student_notice(30)
    assert heading


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(40, "40 s"), (89, "89 s"), (90, "2 min"), (150, "2 min"), (3600, "1 h 0 min"), (-3, "0 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.lasting(seconds) == text


@pytest.mark.parametrize(
    "name",
    [
        "<b>Ana</b>",
        "<script>alert(1)</script>",
        "<a href='javascript:alert(1)'>x</a>",
        "$\\href{javascript:alert(1)}{x}$",
        "a & b < c",
        "\u202egnihton",
        "line\nbreak\x00",
        "x" * 10_000,
    ],
)
def test_no_name_reaches_plotly_as_markup(name: str) -> None:
    drawn = wording.plotly_text(name)
    assert not re.search(r"[<>$\u202e\x00\n]", drawn)
    assert not re.search(r"&(?!amp;|lt;|gt;|#36;)", drawn)
    assert len(drawn) < 400
    shown = wording.shown_name(name)
    assert len(shown) <= 60
    assert "\n" not in shown
