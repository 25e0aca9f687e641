"""The palettes: readable on their ground, and apart from each other for colour-blind eyes too."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import plotly.io as pio
import pytest
from numpy.typing import NDArray

import dashboard
from classroom_monitor.records import EXPRESSIONS
from dashboard import theme
from dashboard.theme import PALETTES, Palette

#: Simulations of Machado, Oliveira and Fernandes (2009) at severity 1, on linear RGB.
MACHADO = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
Array = NDArray[np.float64]


def linear(colour: str) -> Array:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    a, b = sorted((float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def lab(rgb: Array) -> Array:
    matrix = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = np.array(matrix) @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: Array, other: Array) -> float:
    """CIEDE2000 (Sharma, Wu and Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(c**7 / (c**7 + 25.0**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    dl, dc = l2 - l1, c2 - c1
    dh = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dhh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh) / 2)
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = h1 + h2 if c1 * c2 == 0 else (h1 + dh / 2) % 360
    t = (
        1
        - 0.17 * np.cos(np.radians(hm - 30))
        + 0.24 * np.cos(np.radians(2 * hm))
        + 0.32 * np.cos(np.radians(3 * hm + 6))
        - 0.20 * np.cos(np.radians(4 * hm - 63))
    )
    sl = 1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rt = -2 * np.sqrt(cm**7 / (cm**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hm - 275) / 25) ** 2))))
    total = (dl / sl) ** 2 + (dc / sc) ** 2 + (dhh / sh) ** 2 + rt * (dc / sc) * (dhh / sh)
    return float(np.sqrt(total))


def worst(colours: tuple[str, ...]) -> float:
    return min(
        difference(lab(np.array(matrix) @ linear(one)), lab(np.array(matrix) @ linear(other)))
        for matrix in MACHADO.values()
        for one, other in itertools.combinations(colours, 2)
    )


def test_the_difference_is_the_published_one() -> None:
    # the first pair of Sharma's test data
    assert difference(np.array([50, 2.6772, -79.7751]), np.array([50, 0, -82.7485])) == pytest.approx(
        2.0425, abs=1e-4
    )


@pytest.mark.parametrize("colours", PALETTES, ids=lambda each: each.name)
def test_text_and_shapes_stand_out_from_their_ground(colours: Palette) -> None:
    for text in (colours.ink, colours.ink2, colours.ink3):
        assert contrast(text, colours.ground) >= 4.5
        assert contrast(text, colours.raised) >= 4.5
    for shape in (
        colours.edge,
        colours.pleasant,
        colours.neutral,
        colours.unpleasant,
        *colours.expressions(),
    ):
        assert contrast(shape, colours.ground) >= 3.0


@pytest.mark.parametrize("colours", PALETTES, ids=lambda each: each.name)
def test_colours_stay_apart_for_colour_blind_eyes(colours: Palette) -> None:
    assert worst((colours.pleasant, colours.neutral, colours.unpleasant)) >= 10
    assert worst(colours.expressions()) >= 10


def test_every_expression_has_a_dash_of_its_own() -> None:
    assert set(theme.DASHES) == set(EXPRESSIONS)
    assert len(set(theme.DASHES.values())) == len(EXPRESSIONS)


def test_plotly_knows_both_templates() -> None:
    theme.install_templates()
    for colours in PALETTES:
        assert pio.templates[f"class_{colours.name}"].layout.font.color == colours.ink2


def test_no_style_sheet_names_a_colour_of_its_own() -> None:
    """Tokens live in theme.py; beside them only black, white and shadows are written out."""
    import re

    allowed = {"#000", "#fff", "#14181e"}
    for sheet in (Path(dashboard.__file__).parent / "assets").glob("*.css"):
        if sheet.name == "icons.css":
            continue
        found = {
            each.lower() for each in re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text(encoding="utf-8"))
        }
        assert found <= allowed, sheet.name
