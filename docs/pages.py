"""Writes the pages of the docs that repeat what the code says: `python docs/pages.py`."""

from __future__ import annotations

import re
from pathlib import Path

from classroom_monitor.settings import configs_folder, setting_paths
from dashboard import wording

FOLDER = Path(__file__).parent

SETTINGS_HEAD = """# Settings

Every setting, its default and the reason. Change them on the settings page, which checks each and writes it
at once; those of the pages hold from then on, all others from the next start. Or write only those lines into
a file of your own: `settings.toml` in the program's configuration folder (`classroom-monitor doctor` names
it), or any file given with `--settings FILE`. An unknown key, a wrong unit or a value out of range is refused
in one line that names the file, the key and what is allowed. This page is written by `python docs/pages.py`.

    [flags]
    hold = 45        # or "45 s"
"""

HEADING = "| setting | default | unit, range and reason |\n| --- | --- | --- |"


CODES_HEAD = """# Codes

What the pages say when nothing can be shown, or something stands in the way: cause and next steps by code.
This page is written by `python docs/pages.py`.
"""


def settings() -> str:
    """settings.md as text, from configs/default.toml."""
    known = setting_paths()
    lines = [SETTINGS_HEAD]
    section = ""
    for line in (configs_folder() / "default.toml").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\[([\w.]+)\]\s*(?:# (.*))?", line):
            section = match[1]
            note = f"\n{match[2]}\n" if match[2] else ""
            lines.append(f"\n## {section}\n{note}\n{HEADING}")
        elif match := re.match(r"(\w+) = ([^#]+?)\s*(?:# (.*))?$", line):
            path = f"{section}.{match[1]}"
            limits = known[path].metadata
            reason = match[3] or f"{limits['low']:g}..{limits['high']:g}"
            lines.append(f"| `{path}` | `{match[2]}` | {reason.replace('|', 'or')} |")
    return "\n".join(lines) + "\n"


def codes() -> str:
    """codes.md as text, from the states in dashboard/wording.py."""
    states = [value for value in vars(wording).values() if isinstance(value, wording.State)]
    lines = [CODES_HEAD]
    for state in sorted(states, key=lambda state: state.code):
        steps = [f"{number}. {step}. {how}." for number, (step, how) in enumerate(state.steps, 1)]
        lines.append(
            "\n".join([f"## {state.code}: {state.title}", "", state.cause, "", *steps]).strip() + "\n"
        )
    return "\n".join(lines)


#: Every page written here, by its file.
PAGES = {"settings.md": settings, "codes.md": codes}

if __name__ == "__main__":
    for name, render in PAGES.items():
        (FOLDER / name).write_text(render(), encoding="utf-8")
