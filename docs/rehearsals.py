"""Rehearses every script with many seeds and writes the table of how-it-works.md.

    python docs/rehearsals.py --seeds 20

Each seed is a variant of the script (`vary`): other students, another size and length, other times. Odd
seeds: the rules were tuned on even ones. Without pixels, one process; a class of 30 for an hour takes some
seconds. With --script NAME or FILE.toml (as often as wanted) only those, and the table is printed and not
written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import TextIO

from classroom_monitor.rehearse import Score, rehearse
from classroom_monitor.settings import configs_folder, load_settings
from classroom_monitor.synthetic.script import read_script, rehearsals, vary

PAGE = Path(__file__).parent / "how-it-works.md"
BEGIN, END = "<!-- rehearsals -->", "<!-- rehearsals end -->"

HEAD = (
    "| script | class valence, correlation | mean error | interval holds | delay, s "
    "| in need, raised in 60 s | false flags an hour | most shown in 10 min | turns found |"
)


def row(name: str, scores: Sequence[Score]) -> str:
    """One line of the table over the scores of one script, or of all."""
    hours = sum(score.minutes for score in scores) / 60
    flags, moments = [score.flags for score in scores], [score.moments for score in scores]

    def mean(of: Callable[[Score], float | None], how: Callable[[list[float]], float] = fmean) -> str:
        known = [value for score in scores if (value := of(score)) is not None]
        return f"{how(known):.2f}" if known else "–"

    def moving(score: Score) -> float | None:
        # Where nothing is scripted to change there is nothing to go along with.
        return score.valence_correlation if score.moments.expected or score.delay_median_s else None

    def share(part: int, of: int) -> str:
        return f"{part} of {of}" if of else "–"

    cells = (
        name,
        mean(moving),
        mean(lambda score: score.valence_mae),
        mean(lambda score: score.interval_coverage),
        mean(lambda score: score.delay_median_s, median),
        share(sum(each.right for each in flags), sum(each.expected for each in flags)),
        f"{sum(each.false for each in flags) / hours:.2f}",
        f"{max(each.most_shown_in_10_min for each in flags)}",
        share(sum(each.found for each in moments), sum(each.expected for each in moments)),
    )
    return f"| {' | '.join(cells)} |"


def table(scripts: Sequence[str], seeds: Sequence[int], done: Callable[[str], None]) -> str:
    """The table over the scripts and seeds, and a line over all. done: told each row when it is known."""
    settings = load_settings(configs_folder() / "default.toml")
    lines, everything = [HEAD, "| --- |" + " --- |" * 8], []
    for name in scripts:
        script = read_script(name)
        scores = [rehearse(settings, vary(script, seed), seed=seed, pixels=False) for seed in seeds]
        everything += scores
        lines.append(row(f"`{script.name}`", scores))
        done(lines[-1])
    lines.append(row("all", everything))
    return "\n".join(lines)


def between_marks(page: str, text: str) -> str:
    """The page with the text between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def _say(where: TextIO, line: str) -> None:
    where.write(line + "\n")
    where.flush()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--step", type=int, default=2, help="from one seed to the next")
    parser.add_argument("--script", action="append", help="a name or FILE.toml; only printed")
    told = parser.parse_args()
    seeds = [told.first + told.step * number for number in range(told.seeds)]
    text = table(told.script or rehearsals(), seeds, lambda line: _say(sys.stderr, line))
    if told.script:
        _say(sys.stdout, text)
        return
    command = f"`python docs/rehearsals.py --seeds {told.seeds}`"
    said = f"{command}, seeds {seeds[0]} to {seeds[-1]} in steps of {told.step}"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(between_marks(page, f"\n{said}.\n\n{text}\n"), encoding="utf-8")


if __name__ == "__main__":
    main()
