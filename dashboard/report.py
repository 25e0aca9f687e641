"""One session as one HTML file: opens offline, asks for nothing, prints on a few pages.

The charts are drawn here as SVG, so that the file holds no script and stays small.
"""

from __future__ import annotations

import html
import io
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from classroom_monitor.export import new_files
from classroom_monitor.records import EXPRESSIONS, MarkerKind
from classroom_monitor.store import Store
from dashboard import figures, theme, wording
from dashboard import review_wording as words
from dashboard.review_figures import drawn, lane_top, ticks
from dashboard.summary import InView, Lecture, Series, Stretch, known_mean, read_lecture, true_runs

REPORT = "report.html"

#: Width of the charts in their own units, and where the plot begins.
WIDE = 1000.0
LEFT = 152.0

#: Width of a letter of their text as it is printed, for what must fit.
LETTER = 8.5

#: Rows of a table at most, so that the report stays within four printed pages.
MOST_FLAGS = 16
MOST_MARKS = 24

COLOURS = theme.LIGHT

#: Nothing may be loaded and nothing run, whatever a name or a note holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1120px;padding:40px 48px;background:#fff;color:{ink};font:400 14px/20px {font};
  font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1{font-size:30px;line-height:36px;letter-spacing:-.02em;margin:16px 0 8px;text-wrap:balance}
h2{font-size:16px;line-height:24px;margin:0}
p{margin:0}
section{margin-top:28px}.wide,.numbers,.strips,.limits{break-inside:avoid}
.quiet{color:{ink2}}.small{font-size:12px;line-height:16px}
.head{break-after:avoid;display:flex;gap:4px 16px;align-items:baseline;flex-wrap:wrap;margin-bottom:8px}
.moments{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:16px;margin:20px 0 0;padding:0;
  list-style:none}
.moments li{border-top:1.5px solid {ink2};padding-top:8px}
svg{display:block;width:100%;height:auto}
svg text{font:400 12px {font};fill:{ink2};paint-order:stroke;stroke:#fff;stroke-width:3px;
  stroke-linejoin:round}
table{border-collapse:collapse;width:100%;font-size:12px;line-height:16px}
th{font-weight:500;color:{ink3};text-align:left;padding:0 12px 4px 0;border-bottom:1px solid {hair}}
td{padding:4px 12px 4px 0;border-bottom:1px solid {hair};vertical-align:top}
td{text-align:left}th{white-space:nowrap}.flags td:first-child{min-width:88px}
.numbers td,.flags td:nth-child(even),.marks td:nth-child(-n+3){white-space:nowrap}
tr{break-inside:avoid}
.strips{columns:3;column-gap:24px}
.strip{break-inside:avoid;padding:1px 0;
  display:grid;grid-template-columns:88px 1fr;gap:8px;align-items:center;font-size:12px;line-height:16px;
  color:{ink2}}
.strip span:first-child{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.limits{background:{raised};border-radius:8px;padding:16px}
@media (max-width:640px){body{padding:16px}.strips{columns:1}.moments{grid-template-columns:1fr 1fr}
  .wide,.scroll{overflow-x:auto}.wide svg{min-width:640px}}
@page{size:A4;margin:14mm}
@media print{body{padding:0;max-width:none;font-size:12px;line-height:17px}h1{font-size:22px;line-height:28px}
  section{margin-top:18px}.limits{border:1px solid {hair}}.moments{font-size:11px;line-height:16px}
  svg text{font-size:15px}th,td{padding-right:8px}}
"""


def write_report(
    store: Store, session_id: str, folder: Path, names: bool = False, force: bool = False
) -> Path:
    """Writes report.html into a folder and returns its path.

    names: with the students' names. Raises StoreError when the session is unknown, the file exists already
    (without `force`), or the folder cannot be written.
    """
    with new_files(folder, [REPORT], force) as open_file, open_file(REPORT) as file:
        for _share in write(store, session_id, names, file):
            pass
    return folder.expanduser().resolve() / REPORT


def render(store: Store, session_id: str, names: bool = False) -> str:
    """The report as one HTML page."""
    page = io.BytesIO()
    for _share in write(store, session_id, names, page):
        pass
    return page.getvalue().decode("utf-8")


#: To read the session takes about as long as all the writing.
READ = 0.5


def write(store: Store, session_id: str, names: bool, file: IO[bytes]) -> Iterator[float]:
    """Writes the report as one HTML page.

    Gives the share done, 0..1, after each part; whoever asks for no further one stops it there. Raises
    StoreError when the session is unknown.
    """
    lecture = read_lecture(store, session_id)
    yield READ
    parts = _parts(lecture, names)
    for number, make in enumerate(parts, 1):
        file.write(make().encode("utf-8"))
        yield READ + (1 - READ) * number / len(parts)


def _parts(lecture: Lecture, names: bool) -> tuple[Callable[[], str], ...]:
    """What the page consists of, one after the other."""
    first, last = lambda: _head(lecture), lambda: _limits(lecture) + "</main></body></html>\n"
    if not len(lecture.series):
        return first, last
    mood, shares = words.mood_sentence(lecture), words.shares_sentence(lecture)
    charts: tuple[Callable[[], str], ...] = (
        lambda: _moments(lecture),
        lambda: _section(words.MOOD, mood, _figure(timeline(lecture), mood)),
        lambda: _tag("p", _safe(words.LEGEND), "quiet small"),
        lambda: _section(words.SHARES, shares, _figure(lanes(lecture), shares)),
        lambda: _tag("p", _safe(f"{_lanes_note(lecture)} {wording.LABELS_NOTE}"), "quiet small"),
        lambda: _numbers(lecture),
        lambda: _in_view(lecture, names),
        lambda: _flags(lecture, names),
        lambda: _marks(lecture),
    )
    return first, *charts, last


def _head(lecture: Lecture) -> str:
    """From the first line to the sentence and how sure it is."""
    style = STYLE
    for token in ("ink2", "ink3", "ink", "hair", "raised"):
        style = style.replace(f"{{{token}}}", getattr(COLOURS, token))
    style = style.replace("{font}", theme.FONT)
    title, course, when = words.title_of(lecture.session), _course(lecture), words.when(lecture.session)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{_safe(title)}</title><style>{style}</style></head><body><main>"
        + _tag("p", f"<strong>{_safe(title)}</strong> {_safe(course)} {_safe(when)}")
        + _tag("h1", _safe(words.headline(lecture)))
        + _tag("p", _safe(words.detail(lecture)), "quiet")
    )


# --- parts --------------------------------------------------------------------------------------------------


def _course(lecture: Lecture) -> str:
    return wording.shown_name(lecture.session.course, 120)


def _moments(lecture: Lecture) -> str:
    items = []
    for moment in lecture.moments:
        if isinstance(moment, Stretch):
            sign, at = "▭", moment.start
        else:
            sign, at = "◇" if moment.kind is MarkerKind.TURN else "⚑", moment.seconds
        items.append(
            f"<li>{sign} <strong>{words.clock(lecture, at)}</strong> "
            f'<span class="quiet small">{words.minutes(at)}</span><br>{_safe(words.moment_title(moment))}<br>'
            f'<span class="quiet small">{_safe(words.moment_note(moment))}</span></li>'
        )
    return _tag("ul", "".join(items), "moments") if items else ""


def _numbers(lecture: Lecture) -> str:
    """The timeline as a table of about two dozen rows."""
    step = next(each for each in (60, 120, 300, 600, 900, 1800, 3600, 86_400) if lecture.length / each <= 24)
    rows = []
    for start in range(0, int(lecture.length) - 30, step):  # no row for the last seconds
        points = lecture.series.between(start, start + step - 1e-9)
        label = f"{words.clock(lecture, start)} · {start // 60} min"
        if not len(points):
            rows.append([label, words.GAP_WORD, *[""] * (1 + len(EXPRESSIONS))])
            continue
        valence, low, high = (known_mean(each) for each in (points.valence, points.low, points.high))
        few = bool(points.few.mean() > 0.5) or math.isnan(valence)
        known = np.where(points.few[:, None], np.nan, points.shares)
        shares = [known_mean(known[:, EXPRESSIONS.index(name)]) for name in wording.LOOK_ORDER]
        looks = ["" if few or math.isnan(share) else wording.percent(share) for share in shares]
        seen = f"{round(known_mean(points.seen))} of {round(known_mean(points.expected))}"
        rows.append([label, words.TOO_FEW if few else words.interval(valence, low, high), seen, *looks])
    columns = (
        "From",
        "Middle (90 % interval)",
        "Seen",
        *(wording.LOOKS[name] for name in wording.LOOK_ORDER),
    )
    return _section("In numbers", "", _table(columns, rows, "numbers"))


def _in_view(lecture: Lecture, names: bool) -> str:
    students = sorted(
        lecture.students, key=lambda each: words.student(each.student, lecture.names, names).casefold()
    )
    if not students:
        told = words.NO_STUDENTS if lecture.session.class_only else words.PURGED
        return _section(words.IN_VIEW, told, "")
    strips = ""
    for each in students:
        name = _safe(words.student(each.student, lecture.names, names))
        rail = words.LEFT_OUT if each.left_out else _rail(each)
        strips += f'<div class="strip"><span dir="auto">{name}</span>{rail}</div>'
    return _section(words.IN_VIEW, words.students_by(names), f'<div class="strips">{strips}</div>')


def _rail(student: InView) -> str:
    count = len(student.parts)
    bars = "".join(
        f'<rect x="{part.start}" y="1" width="{part.stop - part.start}" height="6"/>'
        for part in true_runs(np.array([cell is not None and cell >= 0.5 for cell in student.parts]))
    )
    label = _safe(words.seen_share(student.share))
    return (
        f'<svg viewBox="0 0 {count} 8" preserveAspectRatio="none" height="8" style="height:8px" role="img" '
        f'aria-label="{label}"><rect x="0" y="3.5" width="{count}" height="1" fill="{COLOURS.hair}"/>'
        f'<g fill="{COLOURS.ink3}">{bars}</g></svg>'
    )


def _flags(lecture: Lecture, names: bool) -> str:
    if not lecture.flags:
        told = words.NO_STUDENTS if lecture.session.class_only else words.NO_FLAGS
        return _section(words.GLANCE, told, "")
    rows = []
    for flag in lecture.flags[:MOST_FLAGS]:
        end = lecture.length if flag.cleared is None else flag.cleared
        answer = lecture.answers.get(flag.number)
        did = wording.ANSWERS[answer] if answer else words.QUEUED if flag.shown is None else words.NO_ANSWER
        name = words.student(flag.student, lecture.names, names)
        rows.append([name, words.span(lecture, flag.raised, end), " ".join(wording.flag_reason(flag)), did])
    rest = _rest(len(lecture.flags) - MOST_FLAGS, "flags")
    count = words.flag_count(len(lecture.flags), lecture.length)
    return _section(words.GLANCE, count, _table(words.FLAG_COLUMNS, rows, "flags") + rest)


def _marks(lecture: Lecture) -> str:
    if not lecture.markers:
        return ""
    rows = []
    for marker in lecture.markers[:MOST_MARKS]:
        at = f"{words.clock(lecture, marker.seconds)} · {words.minutes(marker.seconds)}"
        rows.append([at, words.marker_kind(marker), words.BY[marker.by], words.marker_note(marker)])
    rest = _rest(len(lecture.markers) - MOST_MARKS, "markers")
    return _section(words.MARKS, "", _table(words.MARK_COLUMNS[:4], rows, "marks") + rest)


def _rest(more: int, file: str) -> str:
    """Where the rows stand that the report has no room for."""
    return _tag("p", f"{more} more stand in {file}.csv.", "quiet small") if more > 0 else ""


def _limits(lecture: Lecture) -> str:
    session = lecture.session
    facts = (
        f"Source: {session.source}, {session.rate:g} looks a second. Program version {session.app_version}, "
        f"weights {session.weights_sha256[:12] or 'unknown'}. Valence: −1 unpleasant to 1 pleasant, the "
        "middle of the faces seen; intervals of 90 %."
    )
    return _section(
        "Limits",
        "",
        f'<div class="limits"><p>{_safe(words.LIMITS)} {_safe(words.LONG_LIMITS)}</p>'
        f'<p class="quiet small" style="margin-top:8px">{_safe(facts)} {_safe(words.UNPROTECTED)}</p></div>',
    )


# --- charts -------------------------------------------------------------------------------------------------


def timeline(lecture: Lecture) -> str:
    """Mood with interval, marks, turns and faces seen, as SVG."""
    series = lecture.series
    top, height, foot = 24.0, 200.0, 292.0
    strip = (250.0, 284.0)
    reach = figures.reach(drawn(series))
    x = _across(lecture)

    def y(value: float) -> float:
        return top + height / 2 - min(1.0, max(-1.0, value / reach)) * height / 2

    out = [_gradient(reach, y)]
    if lecture.stretches:
        told = lecture.stretches[0]
        out.append(_rect(x(told.start), top, x(told.end), foot, COLOURS.raised))
    out += _grid(lecture, x, top, foot, strip[1] + 20)
    out.append(_line(LEFT, y(0), WIDE, y(0), COLOURS.edge, "1.5 3"))
    for name, sign, value in (("pleasant", "●", 0.4), ("neutral", "▬", 0.0), ("unpleasant", "◆", -0.4)):
        out.append(_text(4, y(value) + 4, sign, fill=getattr(COLOURS, name)) + _text(24, y(value) + 4, name))
    for piece in series.runs():
        for part in true_runs(np.isfinite(series.low[piece] + series.high[piece])):
            here = slice(piece.start + part.start, piece.start + part.stop)
            upper = _points(series.seconds[here], series.high[here], x, y)
            lower = _points(series.seconds[here][::-1], series.low[here][::-1], x, y)
            out.append(f'<path d="M{upper}L{lower}Z" fill="url(#ribbon)"/>')
    out += _mood_line(series, x, y)
    most = max(1, lecture.expected)
    for piece in series.runs():
        seen = series.seen[piece]
        path = "".join(
            f"{'M' if index == 0 else 'H'}{x(at):.1f}{' ' if index == 0 else 'V'}"
            f"{strip[1] - count / most * (strip[1] - strip[0]):.1f}"
            for index, (at, count) in enumerate(zip(series.seconds[piece], seen, strict=True))
        )
        end, start = x(float(series.seconds[piece][-1])), x(float(series.seconds[piece][0]))
        out.append(f'<path d="{path}V{strip[1]}H{start:.1f}Z" fill="{COLOURS.edge}" fill-opacity=".3"/>')
        out.append(f'<path d="{path}H{end:.1f}" fill="none" stroke="{COLOURS.ink2}" stroke-width="1.25"/>')
    half = (strip[0] + strip[1]) / 2
    out.append(_line(LEFT, half, WIDE, half, COLOURS.edge, "1.5 3"))
    out.append(
        _text(0, half - 3, wording.FACES_SEEN) + _text(0, half + 12, f"of {most}, {wording.half(most)}")
    )
    marks = [each.seconds for each in lecture.markers if each.kind is not MarkerKind.TURN]
    for marker in lecture.markers:
        at = x(marker.seconds)
        if marker.kind is MarkerKind.TURN:
            near = int(np.argmin(np.abs(series.seconds - marker.seconds)))
            out.append(
                _line(at, y(float(np.nan_to_num(series.valence[near]))), at, 230, COLOURS.ink2, "1.5 4")
            )
            out.append(f'<path d="M{at:.1f},230l6,6l-6,6l-6,-6z" fill="#fff" stroke="{COLOURS.ink}"/>')
            continue
        out.append(_line(at, 4, at, top + height, COLOURS.ink))
        out.append(f'<path d="M{at:.1f},4h11l-3,4.5l3,4.5h-11z" fill="{COLOURS.ink}"/>')
        text = wording.shown_name(marker.text, 24) or wording.MARKERS[marker.kind]
        end = min((x(each) for each in marks if each > marker.seconds), default=WIDE)
        if at + 16 + LETTER * len(text) <= end:
            out.append(_text(at + 14, 13, text, fill=COLOURS.ink))
    return _svg("".join(out), 324)


def _mood_line(series: Series, x: Callable[[float], float], y: Callable[[float], float]) -> list[str]:
    found = []
    for piece in series.runs():
        few, valence, seconds = series.few[piece], series.valence[piece], series.seconds[piece]
        for part in true_runs(np.isfinite(valence)):
            start, stop = part.start, part.stop
            edges = [start, *(start + 1 + np.flatnonzero(np.diff(few[part])).astype(int)), stop]
            for first, last in itertools.pairwise(edges):
                reach = slice(first, min(last + 1, stop))  # to the next part's first point, so that they meet
                dash = ' stroke-dasharray="2 5"' if few[first] else ""
                found.append(
                    f'<path d="M{_points(seconds[reach], valence[reach], x, y)}" fill="none" '
                    f'stroke="{COLOURS.ink}" stroke-width="1.75" stroke-linejoin="round"{dash}/>'
                )
    return found


def lanes(lecture: Lecture) -> str:
    """One lane for each of the seven expressions, as SVG."""
    series = lecture.series
    x = _across(lecture)
    lane, tall = 34.0, 28.0
    out = _grid(lecture, x, 0, lane * 7, None)
    ceiling = lane_top(series)
    for place, name in enumerate(wording.LOOK_ORDER):
        base, colour = lane * (place + 1), COLOURS.expression(name)
        share = np.where(series.few, np.nan, series.shares[:, EXPRESSIONS.index(name)])
        top = 1.0 if name == "neutral" else ceiling

        def y(value: float, base: float = base, top: float = top) -> float:
            return base - min(1.0, value / top) * tall

        dash = theme.DASHES[name].replace("px", "").replace(",", " ")
        dashed = "" if dash == "solid" else f' stroke-dasharray="{dash}"'
        out.append(_line(LEFT, base, WIDE, base, COLOURS.hair))
        for piece in series.runs():
            for part in true_runs(np.isfinite(share[piece])):
                here = slice(piece.start + part.start, piece.start + part.stop)
                line = _points(series.seconds[here], share[here], x, y)
                first, last = x(float(series.seconds[here][0])), x(float(series.seconds[here][-1]))
                out.append(
                    f'<path d="M{first:.1f},{base}L{line}L{last:.1f},{base}Z" '
                    f'fill="{colour}" fill-opacity=".2"/>'
                )
                out.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="1.75"{dashed}/>')
        known = share[np.isfinite(share)]
        middle = base - tall / 2 + 4
        out.append(f'<path d="M0,{middle - 4}h20" stroke="{colour}" stroke-width="1.75"{dashed}/>')
        out.append(_text(28, middle, wording.LOOKS[name]))
        if len(known):
            out.append(_text(LEFT - 12, middle, wording.percent(float(np.median(known))), "end", COLOURS.ink))
    return _svg("".join(out), lane * 7 + 2)


def _lanes_note(lecture: Lecture) -> str:
    return words.LANES_NOTE.format(top=round(lane_top(lecture.series) * 100))


def _across(lecture: Lecture) -> Callable[[float], float]:
    return lambda seconds: LEFT + seconds / lecture.length * (WIDE - LEFT - 8)


def _grid(
    lecture: Lecture, x: Callable[[float], float], top: float, foot: float, labels: float | None
) -> list[str]:
    out = []
    for at, text in zip(*ticks(lecture, 0, lecture.length, 10), strict=True):
        out.append(_line(x(at), top, x(at), foot, COLOURS.hair))
        if labels is not None:
            clock, minute = text.split("<br>")
            side = "end" if x(at) > WIDE - 24 else "middle"
            out.append(_text(x(at), labels, clock, side) + _text(x(at), labels + 16, minute, side))
    return out


def _gradient(reach: float, y: Callable[[float], float]) -> str:
    stops = (
        (0.36, COLOURS.pleasant, COLOURS.far),
        (0.0, COLOURS.neutral, COLOURS.near),
        (-0.36, COLOURS.unpleasant, COLOURS.far),
    )
    first, last = y(min(reach, 0.36)), y(max(-reach, -0.36))
    inner = "".join(
        f'<stop offset="{(y(max(-reach, min(reach, at))) - first) / (last - first):.3f}" '
        f'stop-color="{colour}" '
        f'stop-opacity="{opacity}"/>'
        for at, colour, opacity in stops
    )
    return (
        f'<defs><linearGradient id="ribbon" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1="{first:.1f}" '
        f'y2="{last:.1f}">{inner}</linearGradient></defs>'
    )


def _points(
    seconds: Iterable[float],
    values: Iterable[float],
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    return "L".join(
        f"{x(float(at)):.1f},{y(float(value)):.1f}" for at, value in zip(seconds, values, strict=True)
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{x1:.1f},{y1:.1f}L{x2:.1f},{y2:.1f}" stroke="{colour}"{dashed}/>'


def _rect(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = "") -> str:
    style = f' style="fill:{fill}"' if fill else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{_safe(text)}</text>'


def _svg(inner: str, height: float) -> str:
    return f'<svg viewBox="0 0 {WIDE:g} {height:g}" role="img">{inner}</svg>'


def _figure(drawn: str, label: str) -> str:
    return f'<div class="wide">{drawn.replace("<svg ", f"""<svg aria-label="{_safe(label)}" """, 1)}</div>'


# --- HTML ---------------------------------------------------------------------------------------------------


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def _tag(name: str, inner: str, style: str = "") -> str:
    return f'<{name} class="{style}">{inner}</{name}>' if style else f"<{name}>{inner}</{name}>"


def _section(title: str, said: str, inner: str) -> str:
    head = _tag("h2", _safe(title)) + (_tag("p", _safe(said), "quiet") if said else "")
    return f'<section><div class="head">{head}</div>{inner}</section>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], style: str) -> str:
    head = "".join(f"<th scope='col'>{_safe(each)}</th>" for each in columns)
    body = "".join(
        "<tr>" + "".join(f'<td dir="auto">{_safe(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll {style}">{table}</div>'
