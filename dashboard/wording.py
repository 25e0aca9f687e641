"""Every word on the pages. The pages say how faces look, never what a person feels, and give no one a grade.

The strings are plain text: pages put them into text nodes, Plotly text goes through `plotly_text`.
tests/dashboard/test_wording.py looks for banned words in here and on every page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from classroom_monitor.records import (
    EXPRESSIONS,
    Answer,
    ClassWord,
    Flag,
    FlagKind,
    Health,
    HealthState,
    MarkerKind,
    Presence,
    Probabilities,
    SourceSpec,
    Trend,
)

APP = "Classroom monitor"

# --- looks --------------------------------------------------------------------------------------------------

#: Labels for how a face looks, in the order the pages list them.
LOOK_ORDER = ("happy", "surprise", "neutral", "sad", "angry", "fear", "disgust")

LOOKS = {
    "happy": "happy",
    "surprise": "surprised",
    "neutral": "neutral",
    "sad": "sad",
    "angry": "angry",
    "fear": "fearful",
    "disgust": "disgusted",
}

FAMILIES = ("pleasant", "neutral", "unpleasant")

LABELS_NOTE = "Labels for how a face looks, not for what a person feels."
NOT_SURE = "Not sure enough to say"

#: A second look so likely, or half as likely as the first, is named beside it: then the face is a mixture.
MIXTURE_FROM, MIXTURE_LEAST = 0.25, 0.15


def looks(probabilities: Probabilities | None) -> str:
    """How a face looks, in words: `Looks sad`, or `Between sad and neutral` for a mixture."""
    if probabilities is None:
        return NOT_SURE
    order = sorted(range(len(EXPRESSIONS)), key=lambda i: -probabilities[i])
    first, second = LOOKS[EXPRESSIONS[order[0]]], LOOKS[EXPRESSIONS[order[1]]]
    one, two = probabilities[order[0]], probabilities[order[1]]
    if two >= MIXTURE_FROM or (two >= MIXTURE_LEAST and two >= one / 2):
        return f"Between {first} and {second}"
    return f"Looks {first}"


# --- the class ----------------------------------------------------------------------------------------------

CLASS_WORDS = {
    ClassWord.CLEARLY_PLEASANT: "Clearly pleasant",
    ClassWord.SOMEWHAT_PLEASANT: "Somewhat pleasant",
    ClassWord.MOSTLY_NEUTRAL: "Mostly neutral",
    ClassWord.SOMEWHAT_UNPLEASANT: "Somewhat unpleasant",
    ClassWord.CLEARLY_UNPLEASANT: "Clearly unpleasant",
    ClassWord.MIXED: "Mixed looks",
    ClassWord.TOO_FEW: "Too few faces to say",
}

TREND_WORDS = {
    Trend.BRIGHTENING: "brightening",
    Trend.STEADY: "steady",
    Trend.DIMMING: "dimming",
    Trend.SPLITTING: "splitting",
    Trend.UNCLEAR: "",
}

TREND_SENTENCES = {
    Trend.BRIGHTENING: "faces look more pleasant",
    Trend.DIMMING: "faces look less pleasant",
    Trend.SPLITTING: "looks have moved apart, some more pleasant and some less",
    Trend.STEADY: "faces have looked about the same",
}


def seen(count: int, expected: int) -> str:
    """`22 of 29 seen`."""
    return f"{count} of {expected} seen"


def class_sentence(trend: Trend, since: str | None, count: int, expected: int, minutes: int) -> str:
    """What, since when, on how many faces and how sure, for the live page. since: a clock time."""
    view = f"{count} of {expected} {'is' if count == 1 else 'are'} in view"
    if trend is Trend.STEADY:
        return f"Over the last {minutes} min {TREND_SENTENCES[trend]}; {view}."
    if trend is Trend.SPLITTING:
        return f"Since {since} {TREND_SENTENCES[trend]}; {view}."
    if trend is Trend.UNCLEAR:
        return f"{view.capitalize()}; no direction is sure yet."
    return f"Since {since} {TREND_SENTENCES[trend]}; {view} and the change exceeds its own 90 % interval."


def too_few(count: int, min_faces: int) -> str:
    """Why nothing is said about the class."""
    if count < min_faces:
        return f"fewer than {min_faces} are seen"
    return "fewer than half are seen"


def too_few_sentence(count: int, expected: int, min_faces: int) -> str:
    """The same, as a sentence."""
    return f"{count} of {expected} {'is' if count == 1 else 'are'} in view: {too_few(count, min_faces)}."


def trend_over(word: str, minutes: int) -> str:
    """`dimming over 5 min`."""
    return f"{word} over {minutes} min"


def trend_since(word: str, clock: str) -> str:
    """`dimming since 10:43`."""
    return f"{word} since {clock}"


def by_those_seen(count: int) -> str:
    """Beside the class word where most of the class is out of sight, as on a strip beside slides."""
    return f"by the {count} in view"


def joined(*told: str) -> str:
    """What there is to say, in one line."""
    return " · ".join(each for each in told if each)


def apart(known: int, other_page: int, left_out: int) -> str:
    """Who is counted apart: `6 of 28 visible · 1 left out`; empty for none. known: all in the call."""
    found = []
    if other_page:
        found.append(f"{known - other_page} of {known} visible")
    if left_out:
        found.append(f"{left_out} left out")
    return " · ".join(found)


CHART_LEGEND = (
    "Line: middle of the faces seen. Band: 90 % interval, wider when fewer are seen. "
    "Dotted: too few. Gap: nothing read."
)
CHART_LABEL = "Valence of the faces seen"
FACES_SEEN = "faces seen"
NOW = "now"
SHARES_NOTE = "outlined: worth a glance · strip: the mix of looks"
CALL_HEADING = "The call, as you see it"
CALL_LIST_HEADING = "Not on this page"
DRAWN_CALL = "The drawn call"
DRAWN_NOTE = "These students are drawn. No one is watched."


TIME = "time"
TABLE = "Table"
TABLE_HIDE = "Hide table"
LINE_COLUMNS = ("time", "middle", "from", "to", "faces seen")
FEW = "too few"
HOVER = "{time} · {middle} ({low} to {high}) · {seen} seen"
NOT_READ = "not read"

SHARES_HEADING = "How faces look"
SHARES_LABEL = "Share of the faces seen by how they look, last ten minutes"
SHARES_UNKNOWN = "Too few faces to say."

SIGNS_HEADING = "Other signs"
SIGNS_LABEL = "Share of the faces with each sign, last ten minutes"
SIGNS = {
    "brow": "brow furrowed",
    "away": "looking away",
    "closed": "eyes closed",
    "out": "out of view",
}
SIGNS_UNKNOWN = "No sign has been read yet."
SIGNS_NOTE = "Each against the student’s own usual; each can have many causes."

CAPTURE_HEADING = "What is captured"
CAPTURE_SHOW = "Show"
CAPTURE_HIDE = "Hide"
CAPTURE_NONE = "No picture right now."
CAPTURE_NOTE = "From memory, never kept. Outlined: the tiles that were found. Grey: left out."


def shares_sentence(
    first: tuple[str, float], second: tuple[str, float], moved: tuple[str, float] | None, minutes: int
) -> str:
    """The two most frequent looks with their shares, and the one that moved most over so many minutes."""
    one, two = (f"{percent(share)} " for _, share in (first, second))
    said = f"Now {one}of the faces look {LOOKS[first[0]]}, {two}{LOOKS[second[0]]}"
    if minutes < 1:
        return f"{said}."
    if moved is None:
        return f"{said}; about as {minutes} min ago."
    which, change = moved
    way = "more" if change > 0 else "less"
    return f"{said}; {LOOKS[which]} {way} often than {minutes} min ago ({round(change * 100):+d} points)."


def signs_sentence(now: dict[str, float]) -> str:
    """On what share of the faces each sign is seen now."""
    if not now:
        return SIGNS_UNKNOWN
    seen = [f"{SIGNS[key]} {percent(share)}" for key, share in now.items()]
    return f"Now {', '.join(seen)} of the faces. {SIGNS_NOTE}"


def tiles_marked(count: int) -> str:
    """How many tiles were found in the capture."""
    return "1 tile found." if count == 1 else f"{count} tiles found."


def signed(value: float) -> str:
    """A valence with its sign: `+0.12`, `−0.05`."""
    return f"{value:+.2f}".replace("-", "−")


def not_read(seconds: float) -> str:
    """The label of a gap."""
    return f"not read for {lasting(seconds)}"


def half(expected: int) -> str:
    """The label of the line at half the students."""
    return f"half = {expected // 2}"


# --- students -----------------------------------------------------------------------------------------------

PRESENCE = {
    Presence.SEEN: "seen",
    Presence.NOT_READABLE: "not readable",
    Presence.NO_FACE: "no face",
    Presence.TOO_SMALL: "too small",
    Presence.PHOTO: "photo",
    Presence.CAMERA_OFF: "camera off",
    Presence.OTHER_PAGE: "on another page",
    Presence.LEFT_OUT: "left out",
    Presence.GONE: "gone",
}

#: The counts below the map, in this order; never merged.
PRESENCE_ORDER = (
    Presence.CAMERA_OFF,
    Presence.NO_FACE,
    Presence.TOO_SMALL,
    Presence.PHOTO,
    Presence.NOT_READABLE,
    Presence.LEFT_OUT,
    Presence.OTHER_PAGE,
)

CAUSES = "Why some are not read"


#: What every pseudonym begins with; narrow tiles show the rest alone.
STUDENT = "Student "


def pseudonym(student: int) -> str:
    """`Student 07`."""
    return f"{STUDENT}{student:02d}"


# --- one student, tapped in the map -------------------------------------------------------------------------

DETAIL_CLOSE = "Close"
STUDENT_PAGE = "Student page"
THIS_IS_ME = "This is me"
LEAVE_OUT = "Leave out"
TAKE_IN = "Take in again"
OWN_NOTE = "Your own tile is left out, in later sessions too once its name has been read."


def state_sentence(presence: Presence, probabilities: Probabilities | None) -> str:
    """How the student looks now, or why that is not read."""
    if presence is Presence.SEEN:
        return f"{looks(probabilities)}."
    return f"{PRESENCE[presence].capitalize()}: not read."


def signs_now(brow: bool, away: bool, closed: bool) -> str:
    """The signs of one student now; empty for none."""
    found = [SIGNS[key] for key, seen in (("brow", brow), ("away", away), ("closed", closed)) if seen]
    return f"Now {', '.join(found)}." if found else ""


MIX_HEADING = "How the face looked over time"
MIX_LABEL = "The seven looks of this student over the time shown"
MIX_SAID = "Each lane is the share of one look in the mixture; gaps were not read."
MIX_UNKNOWN = "No look was used in the time shown."

MERGE = "Merge with another"
MERGE_CAUSE = (
    "For when the program took one student for two, as after a new name. Both are then one in all of this "
    "session, under the lower number. Nothing is lost, and you can take it back."
)
MERGE_WITH = "The same person as"
MERGE_YES = "Merge"
MERGE_CHOOSE = "Choose the other one first."
SPLIT = "Undo"


def merged_here(name: str) -> str:
    """Which number is read as this student."""
    return f"{name} is merged into this one."


def split_label(name: str) -> str:
    """The label of the button that takes a merge back."""
    return f"Undo the merge of {name}"


# --- flags --------------------------------------------------------------------------------------------------

FLAGS_HEADING = "Worth a glance"
NO_FLAG = "No one right now."
NEWEST_FIRST = "newest first"

YES = "Yes"
NO = "No"

FLAG_KINDS = {
    FlagKind.LOWER: "looks lower than usual",
    FlagKind.BROW_FURROWED: "brow furrowed",
    FlagKind.TURNED_AWAY: "turned away",
    FlagKind.OUT_OF_VIEW: "out of view",
}

#: Every flag names what else it could be.
OTHER_REASONS = {
    FlagKind.LOWER: "Could be concentration, light or a habit.",
    FlagKind.BROW_FURROWED: "Could be a hard step, a bright screen or small text.",
    FlagKind.TURNED_AWAY: "Could be a second screen, or notes on paper.",
    FlagKind.OUT_OF_VIEW: "Could be a break, or the camera has slipped.",
}

ANSWERS = {
    Answer.LOOKED: "looked back",
    Answer.NOT_NOW: "not now",
    Answer.NEVER: "never for this student",
    Answer.YES: "yes",
    Answer.NO: "no",
}

NOT_NOW = "Not now"
NEVER = "Never for this student"
LOOK_BACK = "Look back"
HINT_HEADING = "Slow down or check in?"


def flag_reason(flag: Flag) -> tuple[str, str]:
    """What was seen and on how many looks, and what else it could be."""
    seen, could, other = flag.reason.partition(" Could ")
    seen = seen.rstrip(".") or FLAG_KINDS[flag.kind].capitalize()
    if "looks)" not in seen and flag.looks:
        seen += f" ({flag.looks_with} of {flag.looks} looks)"
    return f"{seen}.", f"Could {other}" if could else OTHER_REASONS[flag.kind]


def more(count: int) -> str:
    """`+2 more`; empty for none."""
    return f"+{count} more" if count > 0 else ""


def hint_since(clock: str) -> str:
    """`pace hint, since 10:45`."""
    return f"pace hint, since {clock}"


def hint_parts(text: str) -> tuple[str, str]:
    """What a pace hint says, and what it asks (empty where it asks nothing)."""
    if not text.endswith("?"):
        return text, ""
    statement, stop, question = text.rpartition(". ")
    return statement + stop.strip(), question


def since(clock: str) -> str:
    """`since 10:45`."""
    return f"since {clock}"


def lasting(seconds: float) -> str:
    """`40 s`, `2 min` or `1 h 5 min`."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


# --- health -------------------------------------------------------------------------------------------------

HEALTH = {
    HealthState.WATCHING: "Reading",
    HealthState.PAUSED: "Paused",
    HealthState.NO_GALLERY: "No gallery found",
    HealthState.COVERED: "The call is covered",
    HealthState.BLACK: "The screen comes back black",
    HealthState.FROZEN: "The picture stands still",
    HealthState.NO_WINDOW: "The window is gone",
    HealthState.NOT_SAVING: "Reading, but not saving",
    HealthState.STOPPED: "Stopped",
    HealthState.ERROR: "Not reading",
}

#: Completed in the browser, which knows the age; {n} is a time such as "2 s".
LAST_LOOK = "last look {n} ago"
NOTHING_READ = "nothing is read"
NO_LOOK_YET = "waiting for the first look"
NO_READING = "No reading for {n}"
TRYING_AGAIN = "trying again"
NO_ANSWER = "No answer for {n}"
PROGRAM_SILENT = "the program does not answer"
AS_IT_WAS = "as it was at {time}"


# --- markers ------------------------------------------------------------------------------------------------

MARKERS = {
    MarkerKind.EXPLAINING: "Explaining",
    MarkerKind.QUESTION: "Question",
    MarkerKind.EXERCISE: "Exercise",
    MarkerKind.BREAK: "Break",
    MarkerKind.OTHER: "Other",
    MarkerKind.TURN: "Turn",
}

#: What stands beside a mark without a note.
MARK_LABELS = {**MARKERS, MarkerKind.OTHER: "Mark"}

#: The kinds a teacher sets, in the order they are offered.
TEACHER_KINDS = (
    MarkerKind.EXPLAINING,
    MarkerKind.QUESTION,
    MarkerKind.EXERCISE,
    MarkerKind.BREAK,
    MarkerKind.OTHER,
)

MARK = "Mark"
MARKED = "Marked"
MARK_NOTE = "Add a note?"
MARK_NOTE_LABEL = "Note, optional"
MARK_KIND_LABEL = "What is happening"
SAVE = "Save"
CLOSE = "Close"
PAUSE = "Pause"
RESUME = "Resume"
STOP = "Stop"
STOP_QUESTION = "Stop this session?"
STOP_CAUSE = "Everything read so far is saved and opens in the review."
STOP_CONFIRM = "Stop and review"
KEEP_READING = "Keep reading"
RELOAD = "Reload the page"
CHOOSE_AGAIN = "Stop and choose again"
CHOOSE_CAUSE = "Everything read so far is saved. The start page then asks anew what to watch."
SYSTEM_SETTINGS = "Open System Settings"
COPY_COMMAND = "Copy the command"
COMPACT = "Compact"
COMPACT_LABEL = "Open the compact view in a window of its own"
HIDE_NAMES = "Hide names"
SHOW_NAMES = "Show names"
LIVE = "Live"
SESSIONS = "Sessions"
OPEN_REVIEW = "Open the review"
SCHEME_LIGHT = "Light"
SCHEME_DARK = "Dark"
SCHEME_LABEL = "Switch between light and dark"
SKIP = "Skip to the page"


def marked(clock: str) -> str:
    """`Marked 10:43.`."""
    return f"Marked {clock}."


def minutes_in(minutes: int) -> str:
    """`42 min in`."""
    return f"{minutes} min in"


# --- navigation ---------------------------------------------------------------------------------------------

NAVIGATION = (("/", "Live"), ("/sessions", "Sessions"), ("/try", "Try a picture"), ("/settings", "Settings"))
NOTHING_LEAVES = "Nothing leaves this computer."


# --- refusals of the server ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refusal:
    """A plain page of the server: what is wrong and how to get in."""

    title: str
    cause: str
    remedy: str


HOST_REFUSED = Refusal(
    "This address is not answered",
    "The pages answer only to the address that the program printed when it started.",
    "Open the line that begins with “Live page:” in the window where the program runs.",
)
SITE_REFUSED = Refusal(
    "This request came from another site",
    "Only the program’s own pages may change something here, so nothing was changed.",
    "Open the line that begins with “Live page:” in the window where the program runs.",
)
TOKEN_REFUSED = Refusal(
    "This page needs its key",
    "The pages open only with the address that the program printed when it started: it holds the key of "
    "this start.",
    "Open the line that begins with “Live page:” in the window where the program runs. "
    "After a new start, use the new line.",
)
TEACHER_REFUSED = Refusal(
    "Open your own address",
    "These pages belong to teachers, each with an address of their own, and this browser has not opened one.",
    "Open the address that you were given. If it is lost, ask who runs this server for a new one: "
    "classroom-monitor teachers --add NAME.",
)


# --- empty and error states ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """A state with a screen of its own: what is wrong, why, and the next steps.

    tiles: how the picture beside it draws the call (`outlines`, `black`, `covered` or `speaker`).
    """

    code: str
    title: str
    cause: str
    steps: tuple[tuple[str, str], ...]
    tiles: str = "outlines"


INSTALL_AGAIN = "pip install --force-reinstall classroom-monitor"

NO_SESSION = State(
    "S-01",
    "No session yet",
    "Open your call in gallery view, then start. You will be asked first whether the students know.",
    (),
)
NO_GALLERY = State(
    "S-02",
    "No gallery found",
    "The picture holds no grid of tiles. The session is safe and waits.",
    (
        ("Switch the call to gallery view", "In Zoom: View, Gallery. In Meet: Change layout, Tiled"),
        ("Check what is watched", "The window or monitor chosen at the start must be the one with the call"),
        ("Leave it open on the screen", "A minimised window cannot be read"),
    ),
)
SCREEN_BLACK = State(
    "S-03",
    "The screen comes back black",
    "The system has not yet allowed this program to read the screen. The session is safe and waits.",
    (
        ("Open System Settings", "On macOS: Privacy & Security, Screen & System Audio Recording"),
        ("Switch on the program you started this from", "Terminal, iTerm or Visual Studio Code"),
        ("Quit that program and open it again", "macOS asks for this; the session then continues"),
    ),
    "black",
)
CAPTURE_BLOCKED = State(
    "S-04",
    "This desktop does not let programs read the screen",
    "Under Wayland the screen cannot be read by other programs. The session is safe and waits.",
    (
        ("Log out", "Your work in other programs must be saved first"),
        ("Choose an X11 session where you log in", "Often called “on Xorg”, behind the small wheel"),
        ("Start again from there", "The earlier part of the session stays in the list"),
    ),
    "black",
)
COVERED = State(
    "S-05",
    "The call is covered",
    "Another window lies over the gallery. Nothing is read meanwhile, and the timeline shows a gap.",
    (
        ("Move the other window aside", "Slides, chat and this page may stand beside the call"),
        ("Or watch the whole monitor", "Stop, then choose the monitor instead of the window"),
    ),
    "covered",
)
SPEAKER_VIEW = State(
    "S-06",
    "The call shows one speaker",
    "In speaker view most students are not on the screen, so too few faces are seen to say anything.",
    (
        ("Switch the call to gallery view", "In Zoom: View, Gallery"),
        ("While you share a screen", "Open the side-by-side gallery or pull the strip of students larger"),
    ),
    "speaker",
)
MODEL_WRONG = State(
    "S-07",
    "A model file is missing or altered",
    "Faces are read only with the files that were tested, and one of them does not match.",
    (
        ("Install the program again", INSTALL_AGAIN),
        ("Check the rest", "classroom-monitor doctor names the file and the remedy"),
    ),
    "black",
)
DISK_FULL = State(
    "S-08",
    "The readings cannot be saved",
    "The disk is full or may not be written. Reading goes on, and saving resumes by itself.",
    (
        ("Make room on the disk", "A few megabytes are enough for a lecture"),
        ("Or check the folder", "classroom-monitor doctor names the folder of the store"),
    ),
)
WINDOW_GONE = State(
    "S-09",
    "The window is gone",
    "No window with the chosen title is on the screen. The session is safe and waits for it.",
    (
        ("Open the call again", "It is found by its title as soon as it is back"),
        ("Do not minimise it", "A minimised window cannot be read"),
    ),
)
PICTURE_FROZEN = State(
    "S-10",
    "The picture stands still",
    "The source has sent the same picture for a while. The session is safe and waits.",
    (
        ("Look at the call", "A lost connection freezes the picture"),
        ("Check the camera or the player", "A paused video gives one picture only"),
    ),
)
NOT_READING = State(
    "S-11",
    "Nothing is read right now",
    "The reading part of the program has stopped and is started again. What was read is saved.",
    (
        ("Wait a moment", "It comes back by itself"),
        ("If it does not", "Run classroom-monitor doctor, then start again"),
    ),
)
NO_PAGE = State(
    "S-12",
    "There is no such page",
    "The address leads nowhere here. Perhaps the session was deleted.",
    (),
)
SESSION_ENDED = State("S-13", "This session has ended", "Everything that was read is saved.", ())
STORE_TROUBLE = State(
    "S-14",
    "The stored sessions cannot be read",
    "The store did not answer.",
    ((RELOAD, "A short lock passes by itself"), ("If it stays", "Run classroom-monitor doctor")),
)
NO_LOOKS = State(
    "S-15",
    "Nothing was read in this session",
    "It ended before the first look, or the call was never seen.",
    (),
)
NO_STUDENT = State(
    "S-16",
    "There is no such student in this session",
    "The rows of single students may have been deleted after their time, or were never kept.",
    (),
)

STATES = (
    NO_SESSION,
    NO_GALLERY,
    SCREEN_BLACK,
    CAPTURE_BLOCKED,
    COVERED,
    SPEAKER_VIEW,
    MODEL_WRONG,
    DISK_FULL,
    WINDOW_GONE,
    PICTURE_FROZEN,
    NOT_READING,
    NO_PAGE,
    SESSION_ENDED,
    STORE_TROUBLE,
    NO_LOOKS,
    NO_STUDENT,
)

_BY_HEALTH = {
    HealthState.NO_GALLERY: NO_GALLERY,
    HealthState.COVERED: COVERED,
    HealthState.BLACK: SCREEN_BLACK,
    HealthState.FROZEN: PICTURE_FROZEN,
    HealthState.NO_WINDOW: WINDOW_GONE,
    HealthState.NOT_SAVING: DISK_FULL,
    HealthState.ERROR: NOT_READING,
}

CODE_NOTE = "see the docs"
NOT_READING_SINCE = "Not reading since {time}"
SAFE = "The session is safe and waits."


def state_of(health: Health) -> State | None:
    """The screen for a state of the watcher; None while it reads, is paused or has stopped.

    The health codes are fewer than the screens; the watcher's sentence tells the rest apart.
    """
    state = _BY_HEALTH.get(health.state)
    detail = health.detail.lower()
    if health.state is HealthState.BLACK and "wayland" in detail:
        return CAPTURE_BLOCKED
    if health.state is HealthState.NO_GALLERY and "speaker" in detail:
        return SPEAKER_VIEW
    if health.state is HealthState.ERROR and any(
        word in detail for word in ("model", "weights", "sha-256", ".task")
    ):
        return MODEL_WRONG
    return state


# --- start --------------------------------------------------------------------------------------------------

#: Raised whenever the text of the notice changes in meaning: then it is asked anew.
NOTICE_VERSION = 1

NOTICE_TITLE = "Before you use this with people"
NOTICE = (
    (
        "The law comes first",
        "In the European Union, Article 5(1)(f) of the AI Act has banned systems that infer emotions of "
        "people in education since 2 February 2025. Consent does not lift the ban, nor does a notice. "
        "Other places have laws of their own. Ask your institution before you use this with students. The "
        "demo class is drawn and may be watched anywhere.",
    ),
    (
        "What is read",
        "The tiles of the call on your screen: whether a face is there, how it looks in seven labels, "
        "where it is turned, and the name below it. Looks are often misread and are not feelings.",
    ),
    (
        "What is kept",
        "Numbers and names, on this computer. No picture is ever written to disk; nothing is sent "
        "anywhere. Rows of single students are deleted after {days} days.",
    ),
    (
        "How students are told",
        "You tell them before each session; a text is ready to copy. Anyone who objects is left out: their "
        "tile is then not read.",
    ),
)
NOTICE_CHOICE = "I have read this, and I may use it where I teach."
NOTICE_ACCEPT = "Continue"
NOTICE_AGAIN = "Read the notice again"

STUDENT_NOTICE_TITLE = "Notice to students"
STUDENT_NOTICE = (
    "In this session I use a program on my own computer that looks at the video tiles of our call and "
    "estimates how faces look (for example happy, neutral, surprised), to help me see how the lecture "
    "goes. It keeps numbers, not pictures; nothing is sent anywhere; rows of single students are deleted "
    "after {days} days. It does not know what you feel and is not used for grades or attendance. You can "
    "turn your camera off, or ask me to leave you out, at any time and without giving a reason."
)
COPY_NOTICE = "Copy the notice for students"
COPIED = "Copied"

START_TITLE = "Start a session"
START_LEAD = "Open your call in gallery view, then choose it here."
START_SOURCE = "What shows the call?"
START_PREVIEW = "What is found there"
START_LOOK = "Look again"
START_LOOKING = "Looking …"
START_NO_CHOICE = "No window or monitor can be seen from here."
START_TOLD = "Have the students been told?"
START_TOLD_YES = "Yes"
START_TOLD_NO = "No"
START_TOLD_NOTE = "Your answer is stored with the session."
START_TITLE_FIELD = "Title"
START_TITLE_HINT = "Statistics II, lecture 7"
START_COURSE_FIELD = "Course"
START_COURSE_HINT = "Statistics II"
START_CLASS_ONLY = "Class only: keep no row of any single student"
START_BUTTON = "Start"
START_STARTING = "Starting …"
START_MEMORY = "The picture is held in memory only."
START_ANSWER_FIRST = "Choose a source, confirm the tiles, and say whether the students have been told."
START_OWN = "Which tile is yours? Click it, and it is left out."
START_OWN_CHOSEN = "Your own tile is left out. Click it again to take that back."
START_ME = "me"
START_COUNT_WRONG = "If not: switch the call to gallery view and leave its window free."
DEMO_TITLE = "Demo class, drawn"
DEMO_BUTTON = "Watch the demo class"
KEPT = "Only numbers are kept, on this computer. No picture of anyone is ever written to disk."
WHAT_IS_READ = "What is read"
START_ASKED = "As asked on the command line"
WINDOWS = "Windows"
MONITORS = "Monitors"


def asked_source(source: SourceSpec) -> str:
    """A source as the command line named it."""
    place = source.window or (f"monitor {source.monitor}" if source.monitor else "")
    if source.region:
        box = source.region
        place = f"region {box.w} x {box.h} at {box.x}, {box.y}"
    return f"{source.kind.value}: {source.target or place or 'monitor 1'}"


def own_tile(number: int) -> str:
    """The label of a found tile."""
    return f"Tile {number}: this is me"


def tiles_found(count: int, off: int) -> str:
    """`18 tiles, right?`, with how many have the camera off."""
    if count == 0:
        return "No tile found here. Is the call in gallery view?"
    tiles = "1 tile" if count == 1 else f"{count} tiles"
    return f"{tiles}, right?" if not off else f"{tiles}, right? {off} with the camera off."


def notice_paragraphs(keep_days: int) -> tuple[tuple[str, str], ...]:
    """Heading and text of the legal notice."""
    return tuple((heading, text.replace("{days}", str(keep_days))) for heading, text in NOTICE)


def student_notice(keep_days: int) -> str:
    """The text that a teacher can copy into the chat."""
    return STUDENT_NOTICE.replace("{days}", str(keep_days))


# --- try a picture -------------------------------------------------------------------------------------

TRY_TITLE = "Try a picture"
TRY_LEAD = "Bars name how a face looks, not what a person feels. Mixtures stay mixtures."
TRY_CHOOSE = "Choose pictures"
TRY_DROP = "or drop them here: photos, or screenshots of a call"
TRY_WEBCAM = "Use the webcam"
TRY_KEPT = "Pictures are held in memory and forgotten when you leave this page."
TRY_NO_FACE = "No face found"
TRY_NO_FACE_HINT = "Faces must be at least {side} pixels high and turned towards the camera."
TRY_WORKING = "Reading …"
TRY_UNUSABLE = {
    "too_small": "too small to read",
    "blurred": "too blurred to read",
    "turned": "turned too far to read",
    "uncertain": "too uncertain to read",
    "photo": "perhaps a photo, so not read",
}


def faces_found(found: int, readable: int) -> str:
    """`6 faces found, 5 readable`."""
    return f"{found} {'face' if found == 1 else 'faces'} found, {readable} readable"


def pictures_left(count: int, most: int) -> str:
    """How many pictures were too many at once."""
    return f"{count} more not read: at most {most} at once."


def not_counted(numbers: list[tuple[int, str]]) -> str:
    """Which faces count for nothing, and why; empty for none. numbers: face and reason (see TRY_UNUSABLE)."""
    if not numbers:
        return ""
    told = "; ".join(f"face {number} is {TRY_UNUSABLE.get(reason, reason)}" for number, reason in numbers)
    return f"{told[:1].upper()}{told[1:]}. Outlined bars count for nothing."


# --- settings ---------------------------------------------------------------------------------------------

SETTINGS_TITLE = "Settings"
SETTINGS_LEAD = (
    "A change is saved at once. These pages follow now, the reading from the next start, so that a session "
    "is read in one way throughout. The file:"
)
SETTINGS_READ = "These pages are served to others, so settings are changed in the file alone:"
#: The first ones are what a teacher may want otherwise; the others stand below, folded.
SETTINGS_SECTIONS = {
    "dashboard": "These pages",
    "flags": "Worth a glance",
    "names": "Names",
    "store": "What is kept",
    "capture": "Capture",
    "faces": "Faces",
    "identity": "Who is who",
    "expression": "When a face is readable",
    "mood": "The class",
    "mood.valence": "How pleasant each look counts",
}
SETTINGS_FIRST = 4
SETTINGS_REST = "How calls, faces and the class are read"
SETTINGS_RESET = "Reset"
SETTINGS_HELD = "Saved. It holds now."
SETTINGS_NEXT = "Saved. It holds from the next start of the program."


def setting_range(allowed: str, default: str) -> str:
    """`5 to 300 s, default 30`."""
    return f"{allowed}, default {default}"


def setting_reset(path: str) -> str:
    """The label of the button that takes a setting back to its default."""
    return f"Reset {path} to its default"


def setting_refused(problem: str) -> str:
    """What is wrong with a value, without the name of the file: `2 is out of range; allowed: 5 to 300 s`."""
    said = re.sub(r"^[\w.]+ = ", "", problem.partition(": ")[2] or problem)
    return f"Not saved. {said[:1].upper()}{said[1:]}."


ON = "on"
OFF = "off"
OR = " or "
EMPTY = "empty"
ANY_TEXT = "any text"


# --- text for Plotly ----------------------------------------------------------------------------------------

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x1f\x7f-\x9f]")


def plotly_text(text: str, longest: int = 60) -> str:
    """Any text as Plotly may draw it: Plotly reads tags, entities and $...$, so these are neutralised."""
    clean = _BIDI.sub("", text)
    if len(clean) > longest:
        clean = clean[: longest - 1] + "…"
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


def shown_name(name: str, longest: int = 60) -> str:
    """A name as the pages show it: one line, no control signs, at most so many characters."""
    clean = " ".join(_BIDI.sub("", name).split())
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def percent(share: float) -> str:
    """`44 %`; `<1 %` for a little."""
    if 0 < share < 0.01:
        return "<1 %"
    return f"{round(share * 100)} %"
