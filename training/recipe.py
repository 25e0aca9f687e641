"""A training recipe: a TOML file, read whole, unknown keys refused."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from classroom_monitor.errors import DataError
from classroom_monitor.network import NetworkConfig
from training.augment import Augmentation


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Where the pictures are. Names are looked for here, then in the folder of CLASSROOM_TEST_DATA.

    train: .npz, Kaggle .csv or folder. votes: FER+'s csv for a Kaggle csv. leave_out: json lists of rows that
    nearly equal a picture of a test set, or empty. selection: the set on which checkpoints are compared.
    """

    train: str = "fer2013_train.npz"
    votes: str = ""
    leave_out: str = "fer2013_twins.json"
    selection: str = "fer2013_public_test.npz"
    use_votes: bool = True


@dataclass(frozen=True, slots=True)
class ScheduleRecipe:
    """How long and how fast. The learning rate warms up over `warmup` epochs, then falls along a cosine to 0.

    minutes: 0 runs the epochs, and resuming gives the same result to the bit; otherwise the cosine follows
    the clock, so that the run ends after so many minutes of training on whatever machine (or after `epochs`).
    start: a weights file of the same network to begin from, in place of random weights.
    mixup, erasing and the like end with the last `clean_end` of the run.
    """

    epochs: int = 120
    minutes: float = 0.0
    batch: int = 128
    learning_rate: float = 2e-3
    warmup: float = 3.0
    weight_decay: float = 0.05
    clip: float = 5.0
    ema: float = 0.999
    clean_end: float = 0.15
    threads: int = 2
    bf16: bool = True
    seed: int = 1
    select_every: int = 1
    start: str = ""


@dataclass(frozen=True, slots=True)
class LossRecipe:
    """What is learnt. Loss = label_weight x label head + (1 - label_weight) x perception head.

    label_share: the label head learns so much of the label and the rest of the votes. mixup: strength of the
    beta distribution, on mixup_share of the batches. teachers: weights files whose mean prediction makes up
    `teacher_share` of the targets.
    """

    label_weight: float = 0.4
    label_share: float = 0.75
    mixup: float = 0.2
    mixup_share: float = 0.5
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything a training needs but the data."""

    name: str
    data: DataRecipe = field(default_factory=DataRecipe)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    schedule: ScheduleRecipe = field(default_factory=ScheduleRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)
    augmentation: Augmentation = field(default_factory=Augmentation)


def read_recipe(file: Path) -> Recipe:
    """Reads a recipe. Raises DataError with one line that names file and key."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise DataError(
            f"{file}: cannot be read ({problem.strerror}); recipes are in configs/training"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise DataError(f"{file.name}: is not valid TOML: {problem}") from None
    recipe = _build(Recipe, {"name": file.stem, **values}, file.name, "")
    assert isinstance(recipe, Recipe)
    _check(recipe, file.name)
    return recipe


def _check(recipe: Recipe, source: str) -> None:
    network, schedule, augmentation = recipe.network, recipe.schedule, recipe.augmentation
    for name in ("epochs", "batch", "threads", "select_every"):
        if getattr(schedule, name) < 1:
            raise DataError(f"{source}: schedule.{name} must be at least 1")
    if len(network.widths) != len(network.blocks) or not network.widths:
        raise DataError(
            f"{source}: network.widths and network.blocks must be equally long, one for each stage"
        )
    if min(network.stem, *network.widths, *network.blocks) < 1 or network.dropout >= 1:
        raise DataError(f"{source}: [network] needs whole numbers from 1, and a dropout below 1")
    if augmentation.side_low < 1 or augmentation.side_low > augmentation.side_high:
        raise DataError(f"{source}: augmentation.side_low must be from 1 to side_high")
    if not 0 < augmentation.scale_low <= augmentation.scale_high:
        raise DataError(f"{source}: augmentation.scale_low must be above 0 and at most scale_high")
    if not 1 <= augmentation.jpeg_low <= augmentation.jpeg_high <= 100:
        raise DataError(f"{source}: augmentation.jpeg_low and jpeg_high must rise, within 1 to 100")


def _build(kind: type, values: dict[str, Any], source: str, prefix: str) -> object:
    hints = get_type_hints(kind)
    made: dict[str, object] = {}
    for key, value in values.items():
        if key not in hints:
            near = difflib.get_close_matches(key, hints, 1)
            hint = f"; did you mean {prefix}{near[0]}?" if near else f"; known are {', '.join(hints)}"
            raise DataError(f"{source}: unknown key {prefix}{key}{hint}")
        made[key] = _value(hints[key], value, source, prefix + key)
    result: object = kind(**made)
    return result


def _value(kind: Any, value: Any, source: str, where: str) -> object:
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise DataError(f"{source}: {where} is a section; write [{where}]")
        assert isinstance(kind, type)
        return _build(kind, value, source, f"{where}.")
    if get_origin(kind) is tuple:
        item = kind.__args__[0]
        if not isinstance(value, list) or not all(type(each) is item for each in value):
            raise DataError(f"{source}: {where} = {value!r} must be a list of {item.__name__}")
        return tuple(value)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise DataError(f"{source}: {where} = {value!r} must be {kind.__name__}")
    if isinstance(value, (int, float)) and value < 0:
        raise DataError(f"{source}: {where} = {value} must not be negative")
    result: object = value
    return result
