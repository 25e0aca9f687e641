"""The cue reader: visible signs other than expression, from the face landmarker.

It sees one face at a time in a crop around it, in IMAGE mode: tracking would carry one student's face over to
the next.
"""

from __future__ import annotations

import math
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from classroom_monitor import models
from classroom_monitor.faces import around, quiet
from classroom_monitor.records import Cues, Face, Image
from classroom_monitor.settings import FacesSettings

#: Side of the crop in face heights: enough for the landmarker's own detector to see the whole head.
CROP_HEIGHTS = 2.2

#: The crop is brought to about this side; smaller ones lose landmarks, larger ones gain nothing.
CROP_SIDE = 256


class CueReader:
    """Reads head turn, eyes and brow of one face."""

    def __init__(self, settings: FacesSettings) -> None:
        """Loads the model.

        Raises:
            ModelError: the model is not installed, or was altered.
        """
        model = models.face_landmarker()
        with quiet():
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision

            self._mediapipe = mediapipe
            options = vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=model),
                num_faces=1,
                min_face_detection_confidence=min(0.4, settings.confidence),
                output_face_blendshapes=True,
                output_facial_transformation_matrixes=True,
            )
            self._task = vision.FaceLandmarker.create_from_options(options)
            self._detect(np.zeros((64, 64, 3), np.uint8))  # its first run writes to stderr, too

    def read(self, image: Image, face: Face) -> Cues | None:
        """The cues of a face of the frame (uint8 RGB [H, W, 3]); None where no mesh fits it."""
        box = around(face.box, CROP_HEIGHTS).clip(image.shape[1], image.shape[0])
        if min(box.w, box.h) < 8:
            return None
        crop = box.cut(image)
        scale = CROP_SIDE / max(crop.shape[:2])
        size = (max(8, round(box.w * scale)), max(8, round(box.h * scale)))
        smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        found = self._detect(np.asarray(cv2.resize(crop, size, interpolation=smooth), np.uint8))
        if not found.face_landmarks or not found.face_blendshapes:
            return None
        nose = found.face_landmarks[0][1]
        if not face.box.holds(box.x + nose.x * box.w, box.y + nose.y * box.h):
            return None  # somebody else in the crop
        shapes = {shape.category_name: float(shape.score) for shape in found.face_blendshapes[0]}
        ahead = np.asarray(found.facial_transformation_matrixes[0], np.float64)[:3, 2]
        aside, up, towards = (float(each) for each in ahead / max(1e-9, float(np.linalg.norm(ahead))))
        return Cues(
            yaw=max(-90.0, min(90.0, math.degrees(math.atan2(aside, towards)))),
            pitch=math.degrees(math.asin(max(-1.0, min(1.0, up)))),
            eyes_closed=_share(shapes, "eyeBlinkLeft", "eyeBlinkRight"),
            brow_furrow=_share(shapes, "browDownLeft", "browDownRight"),
        )

    def _detect(self, crop: Image) -> Any:
        return self._task.detect(
            self._mediapipe.Image(
                image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(crop)
            )
        )

    def close(self) -> None:
        """Frees the model; needed, since MediaPipe fails noisily when it is freed at exit."""
        self._task.close()

    def __enter__(self) -> CueReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _share(shapes: dict[str, float], left: str, right: str) -> float:
    return min(1.0, max(0.0, (shapes.get(left, 0.0) + shapes.get(right, 0.0)) / 2))
