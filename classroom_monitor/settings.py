"""Settings: read from configs/default.toml and an optional file of the user, checked, frozen.

The defaults stand in the TOML file alone; here stand the types, units and ranges.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import platformdirs
import tomlkit

from classroom_monitor.errors import SettingsError
from classroom_monitor.records import EXPRESSIONS

APP = "classroom-monitor"


def configs_folder() -> Path:
    """The folder of default.toml, recipes and rehearsals: beside the package, or inside an installed one."""
    packaged = Path(__file__).parent / "configs"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "configs"


def config_folder() -> Path:
    """The user's folder for settings.toml."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def data_folder() -> Path:
    """The user's folder for the store and the log."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def number(low: float, high: float, unit: str = "") -> Any:
    """A numeric setting between low and high, both allowed."""
    return field(metadata={"low": low, "high": high, "unit": unit})


def plain() -> Any:
    """A setting of any text, a yes or no, or a section of its own."""
    return field()


def choice(*words: str) -> Any:
    """A setting that is one of some words."""
    return field(metadata={"choices": words})


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """How often the source is looked at, and how large a picture may be."""

    rate: float = number(0.1, 2, "looks a second")
    max_side: int = number(640, 16000, "pixels")


@dataclass(frozen=True, slots=True)
class FacesSettings:
    """When a detection is a face."""

    confidence: float = number(0.2, 0.95)
    min_side: int = number(8, 200, "pixels")
    landmarks_every: float = number(1, 60, "s")
    threads: int = number(1, 8)


@dataclass(frozen=True, slots=True)
class NamesSettings:
    """Whether labels are read, and which is the teacher's own."""

    names: str = choice("read", "pseudonyms")
    own_label: str = plain()


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """When a student is the same one."""

    forget_after: float = number(5, 3600, "s")
    label_match: float = number(0.5, 1)


@dataclass(frozen=True, slots=True)
class ExpressionSettings:
    """When a reading of a face is usable."""

    threads: int = number(1, 8)
    min_side: int = number(8, 200, "pixels")
    min_sharpness: float = number(0, 500)
    max_turn: float = number(10, 90, "degrees")
    min_confidence: float = number(0, 1)


@dataclass(frozen=True, slots=True)
class ValenceSettings:
    """Pleasantness of each look."""

    angry: float = number(-1, 1)
    disgust: float = number(-1, 1)
    fear: float = number(-1, 1)
    happy: float = number(-1, 1)
    sad: float = number(-1, 1)
    surprise: float = number(-1, 1)
    neutral: float = number(-1, 1)

    def coordinates(self) -> tuple[float, ...]:
        """The seven values in the order of EXPRESSIONS."""
        return tuple(getattr(self, name) for name in EXPRESSIONS)


@dataclass(frozen=True, slots=True)
class MoodSettings:
    """How readings become the mood of the class."""

    smoothing: float = number(1, 60, "s")
    min_faces: int = number(2, 20)
    min_share: float = number(0.1, 1)
    baseline: float = number(30, 900, "s")
    reading_error: float = number(0.01, 1, "valence")
    shared_error: float = number(0, 1)
    somewhat: float = number(0.02, 0.5, "valence")
    clearly: float = number(0.1, 0.9, "valence")
    mixed_spread: float = number(0.1, 1, "valence")
    trend_window: float = number(60, 1800, "s")
    valence: ValenceSettings = plain()


@dataclass(frozen=True, slots=True)
class FlagsSettings:
    """When a student is worth a glance."""

    hold: float = number(5, 300, "s")
    clear: float = number(1, 300, "s")
    lower_by: float = number(0.05, 1, "valence")
    lower_by_at_most: float = number(0.05, 1, "valence")
    brow_by: float = number(0.05, 1)
    turn_by: float = number(10, 90, "degrees")
    eyes_closed: float = number(0.2, 1)
    shown_at_most: int = number(1, 5)
    bucket: int = number(1, 10)
    refill: float = number(60, 3600, "s")
    not_now: float = number(60, 3600, "s")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """How often readings are saved and how long they are kept."""

    commit_seconds: float = number(0.5, 60, "s")
    commit_readings: int = number(1, 1000)
    keep_students_days: int = number(1, 3650, "days")
    class_only: bool = plain()


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """How the pages are served."""

    port: int = number(0, 65535)
    refresh: float = number(0.5, 10, "s")
    shortcuts: bool = plain()


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, by section."""

    capture: CaptureSettings
    faces: FacesSettings
    names: NamesSettings
    identity: IdentitySettings
    expression: ExpressionSettings
    mood: MoodSettings
    flags: FlagsSettings
    store: StoreSettings
    dashboard: DashboardSettings


def load_settings(file: Path | None = None) -> Settings:
    """Reads the defaults and lays the user's file over them.

    file: the user's file; None takes settings.toml in the configuration folder where it exists.
    Raises SettingsError with one line that names file, key and the nearest valid key.
    """
    user = user_file(file)
    if file is not None or user.exists():
        values = _over_defaults(user)
    else:
        values = _read(configs_folder() / "default.toml")
    loaded = _build(Settings, values, user.name, "")
    assert isinstance(loaded, Settings)
    if loaded.mood.somewhat >= loaded.mood.clearly:
        raise SettingsError(
            f"{user.name}: mood.somewhat ({loaded.mood.somewhat}) must be below "
            f"mood.clearly ({loaded.mood.clearly})"
        )
    return loaded


def user_file(file: Path | None = None) -> Path:
    """The user's settings file: the given one, else settings.toml in the configuration folder."""
    return file if file is not None else config_folder() / "settings.toml"


def change_settings(changes: Mapping[str, object | None], file: Path) -> Settings:
    """Writes settings by their dotted paths into the user's file; returns the settings that then hold.

    changes: None goes back to the default. Comments and all else in the file stay. The whole is checked first
    and then put in place at once, so that a failure leaves the old file. Raises SettingsError.
    """
    document = tomlkit.document()
    if file.exists():
        _over_defaults(file)  # only settings stand in it, each in its section
        document = tomlkit.parse(file.read_text(encoding="utf-8"))
    for path, value in changes.items():
        if path not in setting_paths():
            raise SettingsError(f"there is no setting {path}")
        *sections, key = path.split(".")
        table: Any = document
        for section in sections:
            table = table.setdefault(section, tomlkit.table())
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.write_text(tomlkit.dumps(document), encoding="utf-8")
        loaded = load_settings(new)
        new.replace(file)
    except SettingsError as problem:
        raise SettingsError(str(problem).replace(new.name, file.name)) from None
    except OSError as problem:
        raise SettingsError(
            f"{file}: cannot be written ({problem.strerror}); check the rights of the folder"
        ) from None
    finally:
        new.unlink(missing_ok=True)
    return loaded


def _over_defaults(file: Path) -> dict[str, Any]:
    """The defaults with that file laid over them, as read; its values are not checked yet."""
    values = _read(configs_folder() / "default.toml")
    _merge(values, _read(file), file.name, "", Settings)
    return values


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsError(f"{file}: cannot be read ({problem.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file.name}: is not a text file in UTF-8") from None
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(f"{file.name}: is not valid TOML: {problem}") from None


def _merge(values: dict[str, Any], user: dict[str, Any], file: str, prefix: str, section: type) -> None:
    hints = get_type_hints(section)
    for key, value in user.items():
        if key not in hints:
            raise SettingsError(f"{file}: unknown key {prefix}{key}{_nearest(prefix, key, section)}")
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise SettingsError(f"{file}: {prefix}{key} is a section; write [{prefix}{key}]")
            _merge(values[key], value, file, f"{prefix}{key}.", hints[key])
        else:
            values[key] = value


def _nearest(prefix: str, key: str, section: type) -> str:
    here = [f.name for f in dataclasses.fields(section)]
    every = list(setting_paths())
    found = (
        [path for path in every if path.rsplit(".", 1)[-1] == key]
        or [prefix + name for name in difflib.get_close_matches(key, here, 1, 0.5)]
        or difflib.get_close_matches(prefix + key, every, 1, 0.4)
    )
    return f"; did you mean {found[0]}?" if found else f"; known here: {', '.join(here)}"


def setting_paths() -> dict[str, dataclasses.Field[Any]]:
    """Every setting by its dotted path (`flags.hold`); the field's metadata has low, high, unit, choices."""

    def walk(section: type, prefix: str) -> dict[str, dataclasses.Field[Any]]:
        hints = get_type_hints(section)
        found: dict[str, dataclasses.Field[Any]] = {}
        for each in dataclasses.fields(section):
            if dataclasses.is_dataclass(hints[each.name]):
                found |= walk(hints[each.name], f"{prefix}{each.name}.")
            else:
                found[prefix + each.name] = each
        return found

    return walk(Settings, "")


def _build(section: Any, values: dict[str, Any], file: str, prefix: str) -> object:
    hints = get_type_hints(section)
    made: dict[str, object] = {}
    for each in dataclasses.fields(section):
        kind = hints[each.name]
        if dataclasses.is_dataclass(kind):
            made[each.name] = _build(kind, values[each.name], file, f"{prefix}{each.name}.")
        else:
            made[each.name] = _check(each, kind, values[each.name], f"{file}: {prefix}{each.name}")
    result: object = section(**made)
    return result


def _check(setting: dataclasses.Field[Any], kind: type, value: Any, where: str) -> object:
    unit = setting.metadata.get("unit", "")
    if kind in (int, float):
        if isinstance(value, str):
            text, _, given = value.strip().partition(" ")
            if given.strip() != unit:
                raise SettingsError(
                    f"{where} is given in {given.strip() or 'no unit'!r}; its unit is {unit or 'none'}"
                )
            try:
                value = float(text) if kind is float else int(text)
            except ValueError:
                raise SettingsError(f"{where} = {value!r} is not a number") from None
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (kind is float and isinstance(value, float))):
            raise SettingsError(f"{where} = {value!r} must be a {'whole ' if kind is int else ''}number")
        low, high = setting.metadata["low"], setting.metadata["high"]
        if not low <= value <= high:  # also catches NaN
            raise SettingsError(
                f"{where} = {value:g} is out of range; allowed: {low:g} to {high:g} {unit}".rstrip()
            )
        return kind(value)
    if kind is bool and not isinstance(value, bool):
        raise SettingsError(f"{where} = {value!r} must be true or false")
    if kind is str:
        if not isinstance(value, str):
            raise SettingsError(f"{where} = {value!r} must be text in quotes")
        choices = setting.metadata.get("choices")
        if choices and value not in choices:
            near = difflib.get_close_matches(value, choices, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(choices)}"
            raise SettingsError(f"{where} = {value!r} is not known{hint}")
    result: object = value
    return result
