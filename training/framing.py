"""How the product's face boxes lie in FER2013's pictures: `python -m training.framing --data FILE.npz`.

Gives CROP_FACTOR and CROP_DOWN of `crop_face`: the picture's side over the box's height, and how far the
picture's middle lies below the box's, in heights of the box; both as the median over the faces found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.errors import ClassroomError
from classroom_monitor.faces import MediaPipeFaceFinder
from classroom_monitor.records import Face
from classroom_monitor.settings import load_settings
from training.data import find_data, read_faces, to_gray

#: The detector needs some scene around a face: each picture is enlarged and its edge carried on by so much.
ENLARGE, MARGIN = 4, 0.5


def framing(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """For each gray picture [N, H, W] with one sure face: factor and shift down, [M, 2]."""
    side = images.shape[1] * ENLARGE
    middle = round(side * MARGIN) + side / 2
    boxes = [face.box for face in sure_faces(images) if face is not None]
    return np.array([(side / box.h, (middle - box.y - box.h / 2) / box.h) for box in boxes])


def sure_faces(images: NDArray[np.uint8]) -> list[Face | None]:
    """For each gray picture [N, H, W] the one face that the product is sure of, in the enlarged picture."""
    side = images.shape[1] * ENLARGE
    margin = round(side * MARGIN)
    found: list[Face | None] = []
    with MediaPipeFaceFinder(load_settings().faces) as finder:
        for image in images:
            large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
            scene = cv2.copyMakeBorder(large, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
            faces = [
                face for face in finder.find(cv2.cvtColor(scene, cv2.COLOR_GRAY2RGB)) if face.confidence > 0.7
            ]
            found.append(faces[0] if len(faces) == 1 else None)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code of contract.md."""
    parser = argparse.ArgumentParser(prog="python -m training.framing", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=800, help="how many are looked at (default: 800)")
    given = parser.parse_args(arguments)
    try:
        images = to_gray(read_faces(find_data(given.data)).images[: given.pictures])
        values = framing(images)
    except ClassroomError as problem:
        print(problem, file=sys.stderr)
        return 1
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    print(f"{len(values)} faces in {len(images)} pictures")
    print(f"CROP_FACTOR {middle[0]:.2f} (middle half {low[0]:.2f}..{high[0]:.2f})")
    print(f"CROP_DOWN {middle[1]:+.2f} (middle half {low[1]:+.2f}..{high[1]:+.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
