"""Settings are read, laid over one another, and refused in one line that names file, key and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from classroom_monitor.errors import SettingsError
from classroom_monitor.settings import configs_folder, load_settings, setting_paths


def test_a_users_file_is_laid_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[flags]\nhold = 45\n[mood]\nsmoothing = "12 s"\n[mood.valence]\nhappy = 0.9\n', encoding="utf-8"
    )
    settings, defaults = load_settings(file), load_settings()
    assert (settings.flags.hold, settings.mood.smoothing, settings.mood.valence.happy) == (45, 12, 0.9)
    assert settings.flags.clear == defaults.flags.clear


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[flags]\nhodl = 1", "mine.toml: unknown key flags.hodl; did you mean flags.hold?"),
        ("[flag]\nhold = 40", "mine.toml: unknown key flag; did you mean flags?"),
        ("hold = 40", "mine.toml: unknown key hold; did you mean flags.hold?"),
        ("[flags]\nhold = 2", "mine.toml: flags.hold = 2 is out of range; allowed: 5 to 300 s"),
        ("[flags]\nhold = nan", "mine.toml: flags.hold = nan is out of range; allowed: 5 to 300 s"),
        ('[flags]\nhold = "1 min"', "mine.toml: flags.hold is given in 'min'; its unit is s"),
        ('[flags]\nhold = "long s"', "mine.toml: flags.hold = 'long s' is not a number"),
        ("[flags]\nhold = true", "mine.toml: flags.hold = True must be a number"),
        ("[flags]\nbucket = 1.5", "mine.toml: flags.bucket = 1.5 must be a whole number"),
        ("[store]\nclass_only = 1", "mine.toml: store.class_only = 1 must be true or false"),
        (
            '[names]\nnames = "pseudonym"',
            "mine.toml: names.names = 'pseudonym' is not known; did you mean 'pseudonyms'?",
        ),
        ("[names]\nown_label = 3", "mine.toml: names.own_label = 3 must be text in quotes"),
        ("flags = 3", "mine.toml: flags is a section; write [flags]"),
        ("[mood]\nsomewhat = 0.45", "mine.toml: mood.somewhat (0.45) must be below mood.clearly (0.4)"),
        ("[flags\n", "mine.toml: is not valid TOML"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as problem:
        load_settings(file)
    assert str(problem.value).startswith(says)
    assert "\n" not in str(problem.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        load_settings(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"binary\.toml: is not a text file"):
        load_settings(tmp_path / "binary.toml")


def test_every_default_has_a_reason_beside_it_and_every_range_is_written_there() -> None:
    text = (configs_folder() / "default.toml").read_text(encoding="utf-8")
    lines = {}
    section = ""
    for line in text.splitlines():
        if match := re.match(r"\[(.+)\]", line):
            section = match[1]
        elif match := re.match(r"(\w+) = [^#]+(#.*)?$", line):
            lines[f"{section}.{match[1]}"] = match[2] or ""
    assert set(lines) == set(setting_paths())
    for path, field in setting_paths().items():
        if "low" in field.metadata and not path.startswith("mood.valence."):
            assert f"{field.metadata['low']:g}..{field.metadata['high']:g}" in lines[path], path
