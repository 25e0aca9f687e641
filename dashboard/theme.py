"""The tokens of the design: colours, dashes, type, and what Mantine, Plotly and the style sheets make of it.

Hue belongs to how faces look; the interface itself is ink on ground. The dark seven are the published
Okabe-Ito set with neutral in the families' grey; the light seven were searched for white. Both are
checked for contrast and for colour-blind distance in tests/dashboard/test_theme.py.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

from classroom_monitor.records import EXPRESSIONS

FONT = (
    'Inter, "Inter Variable", "Segoe UI", "SF Pro Text", "Noto Sans", "Noto Sans Arabic", '
    '"Noto Sans CJK SC", system-ui, sans-serif'
)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme, as #RRGGBB.

    ground: the page; raised: panels and tiles; hair: rules and grid; edge: borders of controls;
    ink, ink2, ink3: text from strong to quiet; pleasant, neutral, unpleasant: the three families of looks;
    the last seven are the expressions. far and near: opacity of the ribbon at its ends and in its middle.
    """

    name: str
    ground: str
    raised: str
    hair: str
    edge: str
    ink: str
    ink2: str
    ink3: str
    pleasant: str
    neutral: str
    unpleasant: str
    angry: str
    disgust: str
    fear: str
    happy: str
    sad: str
    surprise: str
    far: float
    near: float

    def expression(self, name: str) -> str:
        """The colour of one of the seven, by its name in EXPRESSIONS."""
        colour = getattr(self, name)
        assert isinstance(colour, str)
        return colour

    def expressions(self) -> tuple[str, ...]:
        """The seven colours, in the order of EXPRESSIONS."""
        return tuple(self.expression(name) for name in EXPRESSIONS)

    def fade(self, colour: str, opacity: float) -> str:
        """A #RRGGBB colour as rgba() of that opacity, 0..1."""
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity:g})"


DARK = Palette(
    name="dark",
    ground="#12161C",
    raised="#1A2028",
    hair="#2C3540",
    edge="#6B7785",
    ink="#EEF1F4",
    ink2="#B4BDC8",
    ink3="#8A95A3",
    pleasant="#56B4E9",
    neutral="#9AA3AF",
    unpleasant="#E69F00",
    angry="#D55E00",
    disgust="#E69F00",
    fear="#F0E442",
    happy="#56B4E9",
    sad="#009E73",
    surprise="#0072B2",
    far=0.40,
    near=0.20,
)

LIGHT = Palette(
    name="light",
    ground="#FFFFFF",
    raised="#F5F6F8",
    hair="#DFE3E8",
    edge="#7A8492",
    ink="#14181E",
    ink2="#4A5461",
    ink3="#616B7A",
    pleasant="#0072B2",
    neutral="#6B7280",
    unpleasant="#C2410C",
    angry="#A83008",
    disgust="#8E3A86",
    fear="#A08A00",
    happy="#1E8FDD",
    sad="#0B6B50",
    surprise="#0B1A4A",
    far=0.32,
    near=0.16,
)

PALETTES = (DARK, LIGHT)

#: A second cue beside every hue: the dash of each expression's line, in pixels on and off.
DASHES = {
    "happy": "solid",
    "surprise": "6px,3px",
    "neutral": "1.5px,3px",
    "sad": "8px,3px,1.5px,3px",
    "angry": "3px,3px",
    "fear": "10px,4px",
    "disgust": "4px,2px,1px,2px,1px,2px",
}

#: Half the height of every valence axis: the middle of a class seldom leaves it (the same on every page).
AXIS = 0.5


def palette(dark: bool) -> Palette:
    """The colours of a scheme."""
    return DARK if dark else LIGHT


def template(colours: Palette) -> dict[str, Any]:
    """The Plotly template of a scheme, as the plain object that Plotly takes for `layout.template`."""
    axis = {
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "color": colours.ink2,
        "gridcolor": colours.hair,
        "fixedrange": True,
        "automargin": False,
    }
    return {
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 12, "color": colours.ink2},
            "margin": {"l": 92, "r": 8, "t": 24, "b": 24, "pad": 0},
            "showlegend": False,
            "hovermode": "x unified",
            "hoverlabel": {
                "bgcolor": colours.raised,
                "bordercolor": colours.edge,
                "font": {"family": FONT, "size": 12, "color": colours.ink},
            },
            "dragmode": False,
            "xaxis": axis,
            "yaxis": {**axis, "range": [-AXIS, AXIS], "tickvals": [-0.4, 0, 0.4]},
        }
    }


def install_templates() -> None:
    """Makes `class_dark` and `class_light` known to Plotly by name."""
    for colours in PALETTES:
        pio.templates[f"class_{colours.name}"] = go.layout.Template(template(colours))


def tokens_css() -> str:
    """The style sheet that hands every token of both schemes to the other style sheets, as --name."""
    rules = []
    for colours in PALETTES:
        own = {f.name: getattr(colours, f.name) for f in fields(colours) if f.name != "name"}
        lines = [f"--{name}:{value}" for name, value in own.items()]
        rules.append(
            f":root[data-mantine-color-scheme={colours.name}]{{{';'.join(lines)};color-scheme:{colours.name}}}"
        )
    return "".join([f":root{{--font:{FONT}}}", *rules])


#: Ten steps from the ground of the light scheme to its ink: the one colour of the interface.
INK = [
    "#EEF1F4",
    "#DFE3E8",
    "#C9CFD7",
    "#B4BDC8",
    "#8A95A3",
    "#6B7785",
    "#4A5461",
    "#333C47",
    "#222932",
    "#14181E",
]

MANTINE: dict[str, Any] = {
    "fontFamily": FONT,
    "fontSizes": {"xs": "12px", "sm": "14px", "md": "16px", "lg": "24px", "xl": "36px"},
    "lineHeights": {"xs": "16px", "sm": "20px", "md": "24px", "lg": "32px", "xl": "40px"},
    "spacing": {"xs": "8px", "sm": "16px", "md": "24px", "lg": "32px", "xl": "48px"},
    "defaultRadius": 8,
    "colors": {"ink": INK},
    "primaryColor": "ink",
    "primaryShade": {"light": 9, "dark": 0},
    "autoContrast": True,
    "cursorType": "pointer",
    "respectReducedMotion": True,
    "headings": {"fontFamily": FONT, "fontWeight": "600"},
}
