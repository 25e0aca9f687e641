"""What a student looks like: skin, hair, clothes and room, drawn by lot from the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Color = tuple[int, int, int]

SKINS: Final[tuple[Color, ...]] = (
    (240, 204, 182),
    (232, 190, 160),
    (220, 172, 138),
    (204, 152, 114),
    (180, 128, 92),
    (154, 104, 74),
    (128, 84, 60),
    (104, 69, 51),
)
HAIRS: Final[tuple[Color, ...]] = (
    (28, 24, 24),
    (46, 34, 28),
    (74, 50, 34),
    (112, 74, 44),
    (168, 122, 70),
    (206, 168, 108),
    (140, 66, 36),
    (150, 148, 146),
)
STYLES: Final = ("short", "side", "buzz", "curly", "bob", "long", "wavy", "bun", "bald", "fringe")
COVERINGS: Final = ("none", "hijab", "turban", "beanie")
BACKGROUNDS: Final = ("room", "shelf", "window", "blur", "plain", "office")
CLOTHES: Final[tuple[Color, ...]] = (
    (60, 84, 132),
    (120, 48, 52),
    (52, 92, 74),
    (196, 188, 176),
    (70, 68, 76),
    (150, 120, 70),
    (98, 74, 122),
    (40, 44, 58),
    (178, 96, 74),
    (96, 138, 160),
)
IRISES: Final[tuple[Color, ...]] = ((70, 44, 26), (92, 62, 36), (84, 96, 62), (86, 118, 142), (110, 116, 118))


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a student looks like: everything that does not change during a session."""

    feminine: bool  # by the usual signs: chooses hair, beard, jaw, and the sort of name
    skin: Color
    hair: Color
    style: str
    covering: str
    covering_color: Color
    glasses: int  # 0 none, 1 thin round, 2 thick, 3 thin square
    beard: float  # 0 none .. 1 full
    clothes: Color
    collar: int  # 0 crew neck, 1 V neck, 2 shirt, 3 hood
    background: str
    light: float  # -1 key light from the left .. 1 from the right
    warmth: float  # -1 cold .. 1 warm
    exposure: float  # 0.7 .. 1.15
    width: float  # of the head
    jaw: float  # width of the jaw
    nose: float
    lips: float
    eyes: float
    brows: float
    iris: Color
    scale: float  # half the height of the head over the height of the picture
    x: float  # middle of the head in the picture, 0..1
    y: float
    roll: float  # degrees
    seed: int


def appearance(seed: int, student: int) -> Appearance:
    """The student's looks, the same for the same seed and number."""
    rng = np.random.default_rng([seed, student, 0xFACE])

    def pick(options: Sequence[Any], weights: Sequence[float] | None = None) -> Any:
        share = None if weights is None else np.asarray(weights) / np.sum(weights)
        return options[int(rng.choice(len(options), p=share))]

    tone = int(rng.integers(len(SKINS)))
    dark = tone >= 4
    hair = pick(HAIRS, (6, 5, 2, 0.4, 0.1, 0.1, 0.1, 0.5) if dark else (3, 3, 4, 4, 2.5, 2, 1.4, 0.8))
    feminine = bool(rng.random() < 0.5)
    tight = 3.5 if dark else 1.5
    style = pick(
        STYLES,
        (0.5, 0.4, 0.3, tight, 4, 5, 4, 3, 0, 3)
        if feminine
        else (6, 5, 3.5, tight, 0, 0.4, 0, 0.3, 1.5, 0.4),
    )
    covering = pick(COVERINGS, (18, 3.5, 0, 1.0) if feminine else (18, 0, 1.6, 1.2))
    beard = 0.0 if feminine else float(rng.choice([0, 0.25, 0.5, 1.0], p=(0.45, 0.22, 0.18, 0.15)))
    if covering == "turban":
        beard = 1.0
    return Appearance(
        feminine=feminine,
        skin=SKINS[tone],
        hair=hair,
        style=style,
        covering=covering,
        covering_color=pick(
            ((70, 92, 122), (150, 76, 82), (60, 110, 104), (196, 176, 150), (44, 46, 56), (172, 132, 60))
        ),
        glasses=int(rng.choice(4, p=(0.68, 0.1, 0.12, 0.1))),
        beard=beard,
        clothes=pick(CLOTHES),
        collar=int(rng.integers(4)),
        background=pick(BACKGROUNDS, (4, 3, 3, 3, 1.5, 2)),
        light=float(rng.uniform(-1, 1)),
        warmth=float(rng.uniform(-0.7, 0.8)),
        exposure=float(rng.uniform(0.92, 1.1)),
        width=float(rng.uniform(0.93, 1.06)) * (0.985 if feminine else 1.015),
        jaw=float(rng.uniform(0.92, 1.1)) * (0.96 if feminine else 1.03),
        nose=float(rng.uniform(0.85, 1.2)),
        lips=float(rng.uniform(0.85, 1.2)) * (1.12 if dark else 1.0) * (1.08 if feminine else 0.96),
        eyes=float(rng.uniform(0.93, 1.12)),
        brows=float(rng.uniform(0.8, 1.25)) * (0.88 if feminine else 1.15),
        iris=IRISES[int(rng.integers(2))] if dark else pick(IRISES),
        scale=float(rng.uniform(0.245, 0.32)),
        x=float(rng.uniform(0.44, 0.56)),
        y=float(rng.uniform(0.47, 0.54)),
        roll=float(rng.normal(0, 2.2)),
        seed=int(rng.integers(1 << 31)),
    )
