"""What the seven classes do to a face: from a pose to the controls that move brows, lids and mouth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import EXPRESSIONS, Probabilities
from classroom_monitor.synthetic.avatar.brush import Floats


@dataclass(frozen=True, slots=True)
class Pose:
    """How a face is held now.

    expression: seven weights in the order of EXPRESSIONS, summing to 1. yaw: degrees, positive to the
    viewer's right. pitch: degrees, positive looks down. closed, brow: 0..1. The last four move the whole
    head a little: shifts in half head heights, roll in degrees, size as a factor.
    """

    expression: Probabilities
    yaw: float = 0.0
    pitch: float = 0.0
    closed: float = 0.0
    brow: float = 0.0
    dx: float = 0.0
    dy: float = 0.0
    roll: float = 0.0
    size: float = 1.0


#: The controls of a face, each about 0..1 (lids may be negative: -1 droops).
CONTROLS: Final = (
    "smile",
    "frown",
    "open",
    "stretch",
    "press",
    "sneer",
    "inner",
    "outer",
    "lower",
    "lids",
    "squint",
    "cheek",
    "teeth",
    "droop",
)
INDEX: Final = {name: index for index, name in enumerate(CONTROLS)}


def _keys() -> Floats:
    """Controls of each class at full strength [7, controls], in the order of EXPRESSIONS."""
    # Set so that our own network, trained on photographs alone, reads the drawn faces as what they are.
    keys: dict[str, dict[str, float]] = {
        "angry": {
            "lower": 1.35,
            "sneer": 1.2,
            "open": 0.5,
            "teeth": 0.7,
            "squint": 0.2,
            "lids": 0.2,
            "stretch": -0.2,
        },
        "disgust": {
            "sneer": 1.6,
            "lower": 0.9,
            "squint": 1.0,
            "frown": 0.6,
            "cheek": 1.0,
            "lids": -0.4,
            "open": 0.15,
            "teeth": 0.6,
        },
        "fear": {
            "inner": 1.3,
            "outer": 0.1,
            "lids": 1.2,
            "stretch": 0.9,
            "open": 0.45,
            "frown": 0.6,
            "teeth": 0.7,
        },
        "happy": {"smile": 1.0, "cheek": 1.0, "squint": 0.5, "open": 0.12, "stretch": 0.35, "teeth": 1.0},
        "sad": {
            "inner": 1.4,
            "frown": 0.95,
            "lids": -0.8,
            "outer": -0.5,
            "squint": 0.35,
            "press": 0.25,
            "droop": 1.1,
        },
        "surprise": {"inner": 0.95, "outer": 1.0, "lids": 1.0, "open": 1.0, "stretch": -0.35},
        "neutral": {},
    }
    made = np.zeros((len(EXPRESSIONS), len(CONTROLS)), np.float32)
    for row, name in enumerate(EXPRESSIONS):
        for control, value in keys[name].items():
            made[row, INDEX[control]] = value
    return made


_KEYS: Final = _keys()
#: How much of its key a share of a class draws: gain and power, by class. Readers of faces (people, and our
#: network) see little in a slight expression and never all in a full one; so a mixture is drawn larger.
_GAINS: Final = np.asarray(
    ((1.15, 1.15, 1.15, 1.12, 1.2, 1.05, 0.0), (0.6, 0.6, 0.65, 0.7, 0.65, 0.75, 1.0)), np.float32
)
#: Poses are rounded to these steps, finer than can be seen at gallery size, so that they can be kept.
STEPS: Final = 16


def controls(pose: Pose) -> NDArray[np.int16]:
    """How far each of CONTROLS is drawn, and last how far the lids are closed, in steps of 1 / STEPS."""
    weights = _GAINS[0] * np.asarray(pose.expression, np.float32) ** _GAINS[1]
    values = weights @ _KEYS
    values[INDEX["lower"]] = min(1.25, max(values[INDEX["lower"]], 1.2 * pose.brow))
    return np.round(np.append(values, pose.closed) * STEPS).astype(np.int16)
