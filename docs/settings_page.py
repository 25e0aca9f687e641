"""Writes docs/settings.md from configs/default.toml: `python docs/settings_page.py`."""

from __future__ import annotations

import re
from pathlib import Path

from classroom_monitor.settings import configs_folder, setting_paths

PAGE = Path(__file__).parent / "settings.md"

HEAD = """# Settings

Every setting, its default and the reason. To change some, write only those lines into a file of your own:
`settings.toml` in the program's configuration folder (`classroom-monitor doctor` names it), or any file given
with `--settings FILE`. An unknown key, a wrong unit or a value out of range is refused in one line that names
the file, the key and what is allowed. This page is written by `python docs/settings_page.py`.

    [flags]
    hold = 45        # or "45 s"
"""

HEADING = "| setting | default | unit, range and reason |\n| --- | --- | --- |"


def render() -> str:
    """The page as text."""
    known = setting_paths()
    lines = [HEAD]
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


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
