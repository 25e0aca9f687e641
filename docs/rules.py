"""Draws what each rule does in a rehearsal, for how-it-works.md: `python docs/rules.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from classroom_monitor.moments import find_turns
from classroom_monitor.records import Flag, Hint
from classroom_monitor.rehearse import Step, drawn
from classroom_monitor.settings import Settings, configs_folder, load_settings
from classroom_monitor.synthetic.script import read_script
from classroom_monitor.synthetic.source import SyntheticSource

FOLDER = Path(__file__).parent / "rules"
SEED = 1

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 240, 46, 34, 30
SHOWN, TRUE, LIMIT = "#0b6e99", "#b5541c", "#767676"

SHADED = "shaded: what the script tells"

Line = Sequence[tuple[float, float | None]]


@dataclass(slots=True)
class Plot:
    """Lines over minutes. A point without a value is a gap in its line."""

    title: str
    low: float
    high: float
    minutes: tuple[float, float]
    parts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def line(self, name: str, points: Line, colour: str, dash: str = "none") -> None:
        """A line, named in its colour in the heading."""
        run: list[str] = []
        for seconds, value in [*points, (0.0, None)]:
            if value is not None and self.minutes[0] <= seconds / 60 <= self.minutes[1]:
                run.append(f"{self._x(seconds):.0f},{self._y(value):.0f}")
            elif run:
                self.parts.append(
                    f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" stroke-width="1.6" '
                    f'stroke-dasharray="{dash}"/>'
                )
                run = []
        self.labels.append(f'<tspan fill="{colour}">{name}</tspan>')

    def band(self, name: str, low: Line, high: Line) -> None:
        """The area between two lines."""
        edges = [(seconds, value) for seconds, value in [*low, *reversed(high)] if value is not None]
        points = " ".join(f"{self._x(seconds):.0f},{self._y(value):.0f}" for seconds, value in edges)
        self.parts.append(f'<polygon points="{points}" fill="{SHOWN}" fill-opacity="0.18"/>')
        self.labels.append(f'<tspan fill="{SHOWN}" fill-opacity="0.7">{name}</tspan>')

    def span(self, start: float, end: float) -> None:
        """What the script tells, from one second to another, behind the lines."""
        left, right = max(LEFT, self._x(start)), min(WIDTH - 10, self._x(end))
        self.parts.insert(
            0,
            f'<rect x="{left:.0f}" y="{TOP}" width="{right - left:.0f}" height="{HEIGHT - TOP - BOTTOM}" '
            'fill="#f3e3c8"/>',
        )
        if SHADED not in self.labels:
            self.labels.append(SHADED)

    def mark(self, seconds: float, text: str) -> None:
        """A moment, with a word at its foot."""
        x = self._x(seconds)
        self.parts.append(
            f'<line x1="{x:.0f}" y1="{TOP}" x2="{x:.0f}" y2="{HEIGHT - BOTTOM}" stroke="#222"/>'
            f'<text x="{x + 4:.0f}" y="{HEIGHT - BOTTOM - 6}">{text}</text>'
        )

    def svg(self) -> str:
        """The drawing."""
        first, last = self.minutes
        step = max(1, round((last - first) / 8))
        ticks = "".join(
            f'<text x="{self._x(60 * minute):.0f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
            f"{minute}</text>"
            for minute in range(round(first), round(last) + 1, step)
        )
        values = "".join(
            f'<text x="{LEFT - 6}" y="{self._y(value) + 4:.0f}" text-anchor="end">{value:g}</text>'
            f'<line x1="{LEFT}" y1="{self._y(value):.0f}" x2="{WIDTH - 10}" y2="{self._y(value):.0f}" '
            'stroke="#e4e4e4"/>'
            for value in (self.low, (self.low + self.high) / 2, self.high)
        )
        heading = " · ".join(sorted(self.labels, key=lambda label: label == SHADED))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="12"><title>{self.title}</title>'
            '<rect width="100%" height="100%" fill="white"/>'
            f"{values}{''.join(self.parts)}{ticks}"
            f'<text x="{WIDTH - 10}" y="{HEIGHT - 2}" text-anchor="end">minutes</text>'
            f'<text x="{LEFT}" y="20">{heading}</text></svg>\n'
        )

    def _x(self, seconds: float) -> float:
        first, last = self.minutes
        return LEFT + (seconds / 60 - first) / (last - first) * (WIDTH - 10 - LEFT)

    def _y(self, value: float) -> float:
        inside = min(self.high, max(self.low, value))
        return TOP + (self.high - inside) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


@dataclass(frozen=True, slots=True)
class Run:
    """A rehearsal, look by look."""

    settings: Settings
    source: SyntheticSource
    steps: tuple[Step, ...]

    def line(self, of: Callable[[Step], float | None], every: int = 3) -> Line:
        """One value a look."""
        return [(step.truth.seconds, of(step)) for step in self.steps[::every]]

    def student(self, student: int, what: str, every: int = 3) -> Line:
        """A field of one student's state; unknown looks are left out."""
        found = [
            (step.truth.seconds, getattr(state, what))
            for step in self.steps
            for state in step.states
            if state.student == student and getattr(state, what) is not None
        ]
        return found[::every]

    @property
    def flags(self) -> dict[int, Flag]:
        """Every flag of the session, as last heard of."""
        return {flag.number: flag for step in self.steps for flag in step.flags}

    @property
    def hints(self) -> list[Hint]:
        """Every hint of the session."""
        return [step.hint for step in self.steps if step.hint is not None]


def rehearsed(name: str) -> Run:
    """A built-in script, with readings drawn."""
    settings, script = load_settings(configs_folder() / "default.toml"), read_script(name)
    source = SyntheticSource(script, seed=SEED)
    every = 1 / settings.capture.rate
    times = [every * number for number in range(round(60 * script.minutes / every))]
    return Run(settings, source, tuple(drawn(source, settings, times, SEED)))


def interval() -> str:
    """The class with its interval, and the truth."""
    run = rehearsed("sad_film")
    plot = Plot("Class valence with its 90 % interval through a sad film", -0.8, 0.4, (0, 15))
    for change, end in zip(run.source.plan.changes[:1], run.source.plan.changes[1:2], strict=True):
        plot.span(change.seconds, end.seconds)
    plot.band("90 % interval", run.line(lambda s: s.mood.low), run.line(lambda s: s.mood.high))
    plot.line("class valence on the page", run.line(lambda s: s.mood.valence), SHOWN)
    plot.line("true", run.line(lambda s: s.truth.valence), TRUE, "5 3")
    return plot.svg()


def lower() -> str:
    """One student falls, the class does not."""
    run = rehearsed("one_student_drops")
    need = run.source.plan.flags[0]
    start, end = need.start / 60, need.end / 60
    plot = Plot("Lower than usual: one student against the own usual", -0.7, 0.3, (start - 4, end + 3))
    plot.span(need.start, need.end)
    plot.line("the student", run.student(need.student, "valence", 2), SHOWN)
    plot.line("own usual", run.student(need.student, "valence_usual"), LIMIT)
    plot.line("class", run.line(lambda s: s.mood.valence), TRUE, "5 3")
    for flag in run.flags.values():
        if flag.student == need.student:
            plot.mark(flag.raised, "raised")
    return plot.svg()


def film() -> str:
    """All fall together: nobody is flagged."""
    run = rehearsed("sad_film")
    plot = Plot("Everyone looks sad together: no flag", -0.8, 0.4, (0, 15))
    first, last = run.source.plan.changes[:2]
    plot.span(first.seconds, last.seconds)
    for student, colour in ((1, SHOWN), (2, TRUE), (3, LIMIT)):
        plot.line(f"student {student}", run.student(student, "valence"), colour)
    raised = sum(240 <= flag.raised < 600 for flag in run.flags.values())
    plot.labels.append(f"flags raised from minute 4 to 10: {raised}")
    return plot.svg()


def turned() -> str:
    """A cue against the own usual."""
    run = rehearsed("one_student_drops")
    need = next(need for need in run.source.plan.flags if need.kind.value == "turned_away")
    around = need.start / 60 - 4, need.end / 60 + 3
    plot = Plot("Turned away: the head against its own usual", 0, 60, around)
    plot.span(need.start, need.end)
    plot.line("degrees from usual", run.student(need.student, "head_turn", 1), SHOWN)
    limit = run.settings.flags.turn_by
    plot.line("limit", [(60 * minute, limit) for minute in around], LIMIT, "5 3")
    for flag in run.flags.values():
        if flag.student == need.student and flag.kind is need.kind:
            plot.mark(flag.raised, "raised")
    return plot.svg()


def budget() -> str:
    """What is raised, and what of it is shown."""
    run = rehearsed("demo")
    plot = Plot("The budget: flags raised, and flags shown", 0, 10, (0, 30))
    flags = list(run.flags.values())
    times = [step.truth.seconds for step in run.steps[::3]]
    plot.line("raised so far", [(t, float(sum(f.raised <= t for f in flags))) for t in times], TRUE)
    shown = [f.shown for f in flags if f.shown is not None]
    plot.line("shown so far, two at once and one more in ten minutes",
              [(t, float(sum(each <= t for each in shown))) for t in times], SHOWN)  # fmt: skip
    return plot.svg()


def hint() -> str:
    """Brows furrow on many faces."""
    run = rehearsed("hard_step")
    limit = run.settings.flags.brow_by

    def furrowed(at: int) -> float | None:
        """Of the cues of the last three looks, as each face is read at every second or third."""
        read = [
            state.brow_furrow >= limit
            for step in run.steps[max(0, at - 2) : at + 1]
            for state in step.states
            if state.brow_furrow is not None
        ]
        return sum(read) / len(read) if read else None

    plot = Plot("Pace hint: brows furrowed on many faces", 0, 1, (0, 20))
    event = run.source.plan.script.events[0]
    start = event.at.of(run.source.plan.duration)
    plot.span(start, start + (event.length.of(run.source.plan.duration) if event.length else 0))
    share = [(step.truth.seconds, furrowed(at)) for at, step in enumerate(run.steps) if at % 3 == 0]
    plot.line("share of faces with furrowed brow", share, SHOWN)
    for each in run.hints:
        plot.mark(each.seconds, f"hint: {each.kind.value.replace('_', ' ')}")
    return plot.svg()


def moments() -> str:
    """The turns found after the session."""
    run = rehearsed("shared_laughter")
    plot = Plot("Moments: turns of the class found after the session", -0.2, 0.8, (0, 15))
    rows = [
        {
            "seconds": step.truth.seconds,
            "valence": step.mood.valence,
            "spread": step.mood.spread,
            "word": step.mood.word.value,
        }
        for step in run.steps
    ]
    for event in run.source.plan.script.events:
        start = event.at.of(run.source.plan.duration)
        plot.span(start, start + (event.length.of(run.source.plan.duration) if event.length else 0))
    plot.line("class valence on the page", run.line(lambda s: s.mood.valence), SHOWN)
    for turn in find_turns(pd.DataFrame(rows), run.source.plan.markers):
        plot.mark(turn.seconds, turn.text.split(",")[0])
    return plot.svg()


#: Every drawing, by its file.
PLOTS = {"interval": interval, "lower": lower, "film": film, "turned": turned, "budget": budget, "hint": hint,
         "moments": moments}  # fmt: skip

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PLOTS.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")
