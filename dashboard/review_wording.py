"""The words of the review side: sessions, review, student, compare, report; by the rules of `wording`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from classroom_monitor.records import EXPRESSIONS, Marker, MarkerKind, Session
from dashboard import wording
from dashboard.summary import Lecture, Moment, Series, Stretch

# --- sessions -----------------------------------------------------------------------------------------------

SESSIONS_TITLE = "Sessions"
SEARCH = "Search title, course or date"
SEARCH_LABEL = "Search sessions"
NONE_FOUND = "No session matches “{search}”."
SESSION_COLUMNS = ("Session", "Course", "When", "Length", "")
OPEN = "Review"
RENAME = "Rename"
RENAME_TITLE = "Rename this session"
TITLE_FIELD = "Title"
COURSE_FIELD = "Course"
DELETE = "Delete"
DELETE_TITLE = "Delete this session for good?"
DELETE_CAUSE = (
    "Every number and name of “{title}” is erased from this computer, and the file is rewritten so that "
    "nothing of it stays. Files you exported are not touched."
)
DELETE_CONFIRM = "Delete for good"
DELETING = "Deleting …"
DELETED = "Deleted: {title}."
CANCEL = "Cancel"
UNTITLED = "Untitled session"
RUNNING = "runs now"
ENDED_EARLY = "ended early"
STOP_FIRST = "This session runs now. Stop it on the live page, then delete it."
COMPARE = "Compare"
COMPARE_PICK = "Choose for compare: {title}"
COMPARE_HINT = "Choose two to four sessions to compare."
START_SESSION = "Start a session"
EMPTY_KEPT = ("Only numbers are kept, on this computer.", "No picture of anyone is ever written to disk.")


def count_sessions(listed: int, count: int) -> str:
    """`3 sessions`, or how many of them are listed."""
    if listed < count:
        return f"The newest {listed} of {count} sessions. Search to find an older one."
    return "1 session" if count == 1 else f"{count} sessions"


def title_of(session: Session) -> str:
    """The title as pages show it."""
    return wording.shown_name(session.title, 120) or UNTITLED


def day(moment: datetime) -> str:
    """`Thu 19 Nov 2026`, in the local zone."""
    local = moment.astimezone()
    return f"{local:%a} {local.day} {local:%b %Y}"


def when(session: Session) -> str:
    """`Thu 19 Nov 2026, 10:05–11:35`."""
    start = f"{day(session.start)}, {session.start.astimezone():%H:%M}"
    return start if session.end is None else f"{start}–{session.end.astimezone():%H:%M}"


def ended(session: Session) -> str:
    """What is special about the end; empty for a session that was stopped."""
    if session.end is None:
        return RUNNING
    return ENDED_EARLY if session.ended == "early" else ""


# --- review -------------------------------------------------------------------------------------------------

MOOD = "Mood of the class"
SHARES = "Share of faces by expression"
IN_VIEW = "In view"
IN_VIEW_NOTE = "by {by}, never by mood"
GLANCE = "Worth a glance"
MARKS = "Marks and turns"
MARKS_NOTE = "A flag is your mark, a diamond a turn found by the program."
TABLE = "Table"
TABLE_HIDE = "Hide table"
TABLE_NOTE = "By minute; every look is in the CSV."
SHOW_NAMES = "Show names"
HIDE_NAMES = "Hide names"
EXPORT = "Export"
TO = "to"
FROM_LABEL = "Shown from"
TO_LABEL = "Shown to"
ZOOM = {
    "out": ("−", "Show more time"),
    "in": ("+", "Show less time"),
    "left": ("‹", "Earlier"),
    "right": ("›", "Later"),
    "all": ("All", "Show the whole session"),
}
GONE = "The program does not answer. Perhaps it was stopped: start it again."
STARTED_ANEW = "The program was started anew. Open the page from the address that it printed."
FAILED = "That did not work. Reload the page; if it happens again, the log says more."
MAKING = "The file is being made …"
MADE = "The file is in your downloads."
STOPPED_MAKING = "Stopped. There is no file."
NOT_MADE = "The file could not be made. The session may have been deleted; else try again."
DRAWING = "The chart is being drawn …"
NOT_DRAWN = "The chart could not be drawn. The table has its numbers; reload the page to try again."
LEGEND = (
    "Line: middle of the faces seen. Band: 90 % interval. Dotted: too few seen. Gap: nothing could be read."
)
STRONGEST = "what the sentence tells"
MORE_THAN_MIDDLE, LESS_THAN_MIDDLE = "More pleasant", "Less pleasant"
READING_STUDENTS = "Who was in view is being read …"
YOUR_MARK = "your mark"
PROGRAMS_TURN = "turn found by the program"
TOO_FEW = "too few faces to say"
NOTHING_READ = "nothing read"
LANES_NOTE = (
    "Lanes share one scale, 0 to {top} %; neutral has 0 to 100 %. Percentages are the session’s middle."
)
LANES_LABEL = "Seven lanes, one for each expression: its share of the faces over time."
LEFT_OUT = "left out"
HINTS = "Pace of the class"
HINTS_NOTE = "asked while the lecture ran"
HINT_COLUMNS = ("When", "What was seen, and what it asked", "You said")
FLAG_COLUMNS = ("Student", "When", "What was seen, and what else it could be", "You did")
NO_ANSWER = "nothing"
QUEUED = "not shown"
NO_FLAGS = "No student was worth a glance in this session."
NO_STUDENTS = "This session keeps the class only, no row of any single student."
PURGED = "The rows of single students were deleted after their time."
ADD_MARK = "Add a mark"
EDIT = "Edit"
MARK_COLUMNS = ("When", "What", "By", "Note", "")
NO_MARKS = "No mark and no turn in this session."
BY = {"teacher": "you", "program": "program"}
WHEN_FIELD = "When"
WHEN_HINT = "Local time, such as 10:44"
KIND_FIELD = "What"
NOTE_FIELD = "Note"
BAD_TIME = "Give a time within the session, such as {example}."
SAVE = "Save"
TAKE = "Take it with you"
LIMITS = (
    "Numbers only; no picture was kept. Expressions on small faces are often misread: use this to recall the "
    "lecture, not to judge anyone."
)
LONG_LIMITS = (
    "The labels name how a face looks in the picture, not what a person feels; light, glasses, angle, habit "
    "and culture change how faces look. Where fewer than half of the students, or fewer than five, were "
    "seen, nothing is said about the class. Do not use this for grades, attendance or discipline. In the "
    "European Union, Article 5(1)(f) of the AI Act has banned systems that infer emotions of people in "
    "education since 2 February 2025."
)
UNPROTECTED = "The files are not protected: keep them as you keep the class’s records."
WITH_NAMES = "include names"
CSV, PARQUET, REPORT = "CSV", "Parquet", "Report, HTML"
MOOD_COLUMNS = ("Time", "Minute", "Middle", "90 % interval", "Seen", "Of", "In words")
GAP_WORD = "nothing read"


def headline(lecture: Lecture) -> str:
    """The one sentence at the top: what, when, on how many faces."""
    first = lecture.stretches[0] if lecture.stretches else None
    if lecture.middle is None:
        return "Too few faces were seen to say how this session went."
    if first is None:
        series = lecture.series
        seen = f"{_middle(series.seen)} of {_middle(series.expected)}"
        turn = next((each for each in lecture.markers if each.kind is MarkerKind.TURN), None)
        if turn:
            since = clock(lecture, turn.seconds)
            return f"Faces looked much the same but for short turns, from {since} on; {seen} were in view."
        return f"Faces looked much the same all session; {seen} were in view."
    word = "more" if first.change > 0 else "less"
    return (
        f"From {clock(lecture, first.start)} to {clock(lecture, first.end)} faces looked {word} pleasant "
        f"than this session’s middle; {first.seen} of {first.expected} were in view."
    )


def detail(lecture: Lecture) -> str:
    """The sentence below: the other side, how sure, and on what it rests."""
    said = []
    second = opposite(lecture.stretches)
    if second:
        word = "most" if second.change > 0 else "least"
        start, end = clock(lecture, second.start), clock(lecture, second.end)
        said.append(f"They looked {word} pleasant from {start} to {end}.")
        said.append("Both differences exceed their own 90 % interval.")
    elif lecture.stretches:
        said.append("The difference exceeds its own 90 % interval.")
    elif lecture.middle is not None:
        said.append("No longer stretch leaves the session’s middle by more than its 90 % interval.")
    said.append(f"{lecture.looks:,} looks.")
    out = len(lecture.left_out)
    if out:
        said.append(f"{out} {'student' if out == 1 else 'students'} left out.")
    early = ended(lecture.session)
    if early:
        said.append(f"The session {early}.")
    return " ".join(said)


def opposite(stretches: Sequence[Stretch]) -> Stretch | None:
    """The strongest stretch on the other side of the middle."""
    if not stretches:
        return None
    side = stretches[0].change > 0
    return next((each for each in stretches if (each.change > 0) is not side), None)


def clock(lecture: Lecture, seconds: float) -> str:
    """`10:44`, the local clock at that time."""
    return f"{lecture.clock(seconds):%H:%M}"


def minutes(seconds: float) -> str:
    """`39 min`."""
    return f"{int(seconds // 60)} min"


def span(lecture: Lecture, start: float, end: float) -> str:
    """`10:44–10:54`."""
    first, last = clock(lecture, start), clock(lecture, end)
    return first if first == last else f"{first}–{last}"


def moment_title(marker: Moment) -> str:
    """`Dimmed briefly`, the note of a mark, or what stood out in a stretch."""
    if isinstance(marker, Stretch):
        return MORE_THAN_MIDDLE if marker.change > 0 else LESS_THAN_MIDDLE
    if marker.kind is MarkerKind.TURN:
        return _turn(marker)[0]
    return wording.shown_name(marker.text, 60) or wording.MARKERS[marker.kind]


def moment_note(marker: Moment) -> str:
    """What else is known of a moment."""
    if isinstance(marker, Stretch):
        return f"for {minutes(marker.end - marker.start)}; {wording.seen(marker.seen, marker.expected)}"
    if marker.kind is not MarkerKind.TURN:
        return f"{YOUR_MARK}, {wording.MARKERS[marker.kind].lower()}"
    return _turn(marker)[1] or change(marker)


def marker_kind(marker: Marker) -> str:
    """What a row of the table of marks and turns is about."""
    return _turn(marker)[0] if marker.kind is MarkerKind.TURN else wording.MARKERS[marker.kind]


def marker_note(marker: Marker) -> str:
    """The note of a mark; of a turn also by how much the class moved."""
    if marker.kind is not MarkerKind.TURN:
        return wording.shown_name(marker.text, 200)
    return " · ".join(each for each in (_turn(marker)[1], change(marker)) if each)


#: How the text of a turn begins, as classroom_monitor.moments writes it.
_TURNS = ("Brightened", "Dimmed", "Split", "Came together")


def _turn(marker: Marker) -> tuple[str, str]:
    """What happened at a turn, and the rest of its text, which the teacher may have changed."""
    text = wording.shown_name(marker.text, 120)
    first, _, rest = text.partition(", ")
    if first.startswith(_TURNS):
        return first, rest
    if marker.before is None or marker.after is None:
        return "Changed", text
    return "Brightened" if marker.after > marker.before else "Dimmed", text


def change(marker: Marker) -> str:
    """By how much a turn moved the class."""
    if marker.before is None or marker.after is None:
        return ""
    by = signed(marker.after - marker.before)
    if marker.low is None or marker.high is None:
        return f"by {by}"
    return f"by {by} ({signed(marker.low)} to {signed(marker.high)})"


def signed(value: float) -> str:
    """`−0.12`, `+0.30` or `0.00`, with a real minus sign."""
    shown = f"{value:+.2f}"
    return "0.00" if shown in ("+0.00", "-0.00") else shown.replace("-", "−")


def level(valence: float) -> str:
    """Which way faces looked, in a word; by the zero of the scale alone."""
    return "more pleasant" if valence > 0.15 else "less pleasant" if valence < -0.15 else "near neutral"


def seconds_at(lecture: Lecture, text: str) -> float | None:
    """The second of a local clock time within the session, such as `10:44`; None where there is none."""
    parts = text.strip().replace(".", ":").split(":")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    wanted = f"{int(parts[0]):02d}:{int(parts[1]):02d}"
    for minute in range(int(lecture.length // 60) + 2):
        start = lecture.clock(minute * 60.0)
        if f"{start:%H:%M}" == wanted:
            return float(max(0, min(minute * 60 - start.second, lecture.length)))
    return None


def interval(value: float, low: float, high: float) -> str:
    """`−0.12 (−0.20 to −0.04)`; the value alone where its interval is not known."""
    shown = signed(value)
    return shown if np.isnan(low) or np.isnan(high) else f"{shown} ({signed(low)} to {signed(high)})"


def give_or_take(value: float, half: float) -> str:
    """`−0.12 ± 0.08`, with half of the 90 % interval."""
    return f"{signed(value)} ± {half:.2f}"


def mood_sentence(lecture: Lecture) -> str:
    """The headline of the timeline."""
    if lecture.middle is None:
        return "Too few faces to draw a line."
    told = lecture.stretches[:2]
    if not told:
        return "Close to the session’s middle throughout."
    parts = [
        f"{'a rise' if each.change > 0 else 'a dip'} at {clock(lecture, each.start)}"
        for each in sorted(told, key=lambda stretch: stretch.start)
    ]
    rest = ", otherwise close to the middle." if len(lecture.stretches) <= 2 else ", and smaller ones."
    text = " and ".join(parts) + rest
    return text[0].upper() + text[1:]


#: A look's share must rise so far above its middle to be told in the sentence.
_RISE = 0.05


def shares_sentence(lecture: Lecture) -> str:
    """The headline of the lanes: which looks were seen more often, and when."""
    told = []
    for index, middle, peak, at in share_peaks(lecture.series):
        if EXPRESSIONS[index] != "neutral" and peak - middle >= _RISE:
            told.append((peak - middle, at, wording.LOOKS[EXPRESSIONS[index]]))
    told.sort(reverse=True)
    if lecture.middle is None:
        return "Too few faces to say."
    if not told:
        return "No look was seen much more often at one time than another."
    parts = [f"more {name}-looking around {clock(lecture, at)}" for _, at, name in told[:2]]
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def share_peaks(series: Series) -> list[tuple[int, float, float, float]]:
    """Of each expression: its number, the session's middle share, the highest five-minute mean, and when."""
    found = []
    width = max(1, round(300 / series.step))
    for index in range(len(EXPRESSIONS)):
        share = series.shares[:, index]
        known = np.isfinite(share)
        if not known.any():
            continue
        filled = np.where(known, share, 0.0)
        window = np.ones(min(width, len(share)))
        weight = np.convolve(known.astype(float), window, "same")
        mean = np.where(
            weight > 0.3 * len(window), np.convolve(filled, window, "same") / np.maximum(weight, 1), 0.0
        )
        at = int(np.argmax(mean))
        found.append((index, float(np.median(share[known])), float(mean[at]), float(series.seconds[at])))
    return found


def students_by(names: bool) -> str:
    """How the strips are ordered."""
    return IN_VIEW_NOTE.format(by="name" if names else "number")


def student(number: int, names: Mapping[int, str], shown: bool) -> str:
    """A student as the page calls them."""
    name = wording.shown_name(names.get(number, ""), 60) if shown else ""
    return name or wording.pseudonym(number)


def flag_count(count: int, length: float) -> str:
    """`5 in 90 min`."""
    return f"{count} in {minutes(length)}"


def seen_share(share: float) -> str:
    """`in view for 92 % of the looks`."""
    return f"in view for {wording.percent(share)} of the looks"


def _middle(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    return round(float(np.median(values))) if len(values) else 0


# --- student ------------------------------------------------------------------------------------------------

BACK_REVIEW = "‹ Review"
BACK_LIVE = "‹ Live"
SHOW_NAME = "Show name"
HIDE_NAME = "Hide name"
MORE_PLEASANT, USUAL_LOOK, LESS_PLEASANT = "more pleasant", "usual look", "less pleasant"
LOOKS_USED, BROW, AWAY, EYES = "looks used", "brow furrowed", "looking away", "eyes closed"
STUDENT_LEGEND = (
    "Line: the reading over about ten seconds. Band: 90 % interval. Shaded: this student’s usual range. "
    "Compared only with the own usual look, never with another student."
)
STUDENT_CHART = "How this student looked against the own usual look, over time."
STUDENT_COLUMNS = ("Time", "Minute", "Against usual", "Looks used", "Signs", "Not read")
HOW_NOW = "How the face looks now"
HOW_ALL = "How the face looked"
LAST_TEN = "last 10 s"
WHOLE = "whole session"
TEN_MINUTES = "Last 10 min"
THIS_STUDENT = "This student"
CORRECT_NAME = "Correct name"
NAME_FIELD = "Name"
NAME_NOTE = "Names are kept apart from the readings, on this computer."
LEAVE_OUT = "Leave out"
TAKE_IN = "Read again"
LEAVE_NOTE = "Left out means the tile is neither cropped nor read, from now on."
FORGET_NAME_NOTE = "An empty name goes back to the one that was read."
NOT_FLAGGED = "Never worth a glance in this session."


def glance_from(clock: str) -> str:
    """`worth a glance from 10:45`."""
    return f"{GLANCE.lower()} from {clock}"


def looks_used(usable: int, looks: int) -> str:
    """`264 of 279 looks used`."""
    return f"{usable:,} of {looks:,} looks used"


def student_sentence(change: float | None, start: str, end: str, class_change: float | None) -> str:
    """What stands out against the own usual look, and whether the class moved too."""
    if change is None:
        return "Looked much as usual; nothing left the own usual look by more than its 90 % interval."
    word = "more" if change > 0 else "less"
    said = f"From {start} to {end} looked {word} pleasant than this student’s usual look."
    if class_change is None:
        return said
    if class_change * change > 0 and abs(class_change) > abs(change) / 2:
        return f"{said} The class as a whole moved the same way."
    return f"{said} The class as a whole moved less."


# --- compare ------------------------------------------------------------------------------------------------

COMPARE_TITLE = "Compare sessions"
COMPARE_LEAD = "The class as a whole, aligned by minutes from the start. Single students are not compared."
COMPARE_FIELD = "Two to four sessions"
COMPARE_MORE = "Choose at least two sessions."
COMPARE_CHART = "Mood of the class in each session, one below the other, on one scale."
COMPARE_LEGEND = "One scale for all. Minutes from the start of each session."
COMPARE_COLUMNS = ("Session", "Middle (90 % interval)", "Against the first", "Faces seen", "Length", "When")
NO_CLEAR_DIFFERENCE = "no clear difference"
FIRST = "the first"
BY_TEN = "By ten minutes"


def compared(change: float | None, interval: float) -> str:
    """How a session's middle differs from the first's. interval: half the combined 90 % interval."""
    if change is None:
        return TOO_FEW
    if abs(change) <= interval:
        return NO_CLEAR_DIFFERENCE
    word = "more" if change > 0 else "less"
    return f"{word} pleasant by {abs(change):.2f} (± {interval:.2f})"


def compare_sentence(told: Sequence[str]) -> str:
    """The headline over all sessions. told: what `compared` said of each but the first."""
    if all(each in (NO_CLEAR_DIFFERENCE, TOO_FEW) for each in told):
        return "No clear difference between these sessions."
    clear = sum(each not in (NO_CLEAR_DIFFERENCE, TOO_FEW) for each in told)
    who = "One differs" if clear == 1 else f"{clear} differ"
    return f"{who} from the first by more than the combined interval."


def share_seen(share: float) -> str:
    """`88 % of the students seen`."""
    return f"{wording.percent(share)} of the students seen"
