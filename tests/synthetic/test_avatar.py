"""Drawn heads: they differ, they move, and face detectors take them for faces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from classroom_monitor.models import face_detector, face_landmarker
from classroom_monitor.records import EXPRESSIONS, Image
from classroom_monitor.synthetic.avatar import Avatar, Pose, appearance
from classroom_monitor.synthetic.cache import Cache

NEUTRAL = (0.0,) * 6 + (1.0,)


def only(name: str, strength: float = 1.0) -> tuple[float, ...]:
    p = [0.0] * 7
    p[6] = 1 - strength
    p[EXPRESSIONS.index(name)] += strength
    return tuple(p)


def paint(student: int, pose: Pose, height: int = 150, seed: int = 5) -> tuple[Image, Avatar]:
    avatar = Avatar(appearance(seed, student), height * 16 // 9, height, Cache(1 << 26))
    picture = np.zeros((height, height * 16 // 9, 3), np.uint8)
    avatar.paint(pose, picture)
    return picture, avatar


@pytest.fixture(scope="module")
def detector() -> Iterator[Any]:
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceDetectorOptions(
        base_options=BaseOptions(model_asset_buffer=face_detector()), min_detection_confidence=0.2
    )
    with vision.FaceDetector.create_from_options(options) as made:
        yield made


@pytest.fixture(scope="module")
def landmarker() -> Iterator[Any]:
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=face_landmarker()),
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as made:
        yield made


def as_mediapipe(picture: Image) -> Any:
    import mediapipe

    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))


def test_the_same_student_looks_the_same_and_others_do_not() -> None:
    assert appearance(1, 3) == appearance(1, 3)
    assert len({appearance(1, s) for s in range(1, 60)}) == 59
    one, _ = paint(3, Pose(NEUTRAL))
    again, _ = paint(3, Pose(NEUTRAL))
    assert (one == again).all()


def test_random_students_are_found_as_faces(detector: Any) -> None:
    rng = np.random.default_rng(8)
    scores = []
    for student in range(1, 41):
        height = int(rng.choice((90, 120, 150, 240)))
        pose = Pose(
            only(EXPRESSIONS[int(rng.integers(7))], float(rng.uniform(0.3, 1))),
            yaw=float(rng.normal(0, 8)),
            pitch=float(rng.normal(3, 5)),
        )
        picture, avatar = paint(student, pose, height, seed=31)
        found = detector.detect(as_mediapipe(picture)).detections
        scores.append(max((d.categories[0].score for d in found), default=0.0))
        box = max(found, key=lambda d: d.categories[0].score).bounding_box
        truth = avatar.face_box(pose)
        assert truth.holds(box.origin_x + box.width / 2, box.origin_y + box.height / 2)
        assert 0.6 < box.height / truth.h < 1.5
    assert np.mean(np.asarray(scores) >= 0.6) >= 0.99


def shapes(landmarker: Any, pose: Pose) -> tuple[dict[str, float], float]:
    """Median blendshapes and head turn in degrees over some students."""
    read: list[dict[str, float]] = []
    turns = []
    for student in range(1, 8):
        picture, avatar = paint(student, pose)
        box = avatar.face_box(pose)
        margin = box.h // 2
        crop = picture[
            max(0, box.y - margin) : box.bottom + margin, max(0, box.x - margin) : box.right + margin
        ]
        result = landmarker.detect(as_mediapipe(cv2.resize(crop, (256, 256), interpolation=cv2.INTER_CUBIC)))
        assert result.face_blendshapes
        read.append({shape.category_name: shape.score for shape in result.face_blendshapes[0]})
        forward = result.facial_transformation_matrixes[0][:3, 2]
        turns.append(np.degrees(np.arccos(forward[2] / np.linalg.norm(forward))))
    return {name: float(np.median([each[name] for each in read])) for name in read[0]}, float(
        np.median(turns)
    )


def test_landmarks_see_what_the_face_does(landmarker: Any) -> None:
    calm, ahead = shapes(landmarker, Pose(NEUTRAL))
    assert ahead < 12
    assert calm["mouthSmileLeft"] < 0.3
    assert calm["browDownLeft"] < 0.15
    assert calm["eyeBlinkLeft"] < 0.3
    assert shapes(landmarker, Pose(only("happy")))[0]["mouthSmileLeft"] > 0.7
    sad = shapes(landmarker, Pose(only("sad")))[0]
    assert sad["browInnerUp"] > 0.6
    assert sad["mouthFrownLeft"] > calm["mouthFrownLeft"] + 0.1
    assert shapes(landmarker, Pose(only("angry")))[0]["browDownLeft"] > 0.4
    surprised = shapes(landmarker, Pose(only("surprise")))[0]
    assert min(surprised["jawOpen"], surprised["browOuterUpLeft"]) > 0.35
    assert shapes(landmarker, Pose(NEUTRAL, brow=1.0))[0]["browDownLeft"] > 0.3
    assert shapes(landmarker, Pose(NEUTRAL, closed=1.0))[0]["eyeBlinkLeft"] > 0.5
    assert shapes(landmarker, Pose(NEUTRAL, yaw=40))[1] > 28
    assert shapes(landmarker, Pose(NEUTRAL, pitch=30))[1] > 15


def test_every_control_changes_the_picture() -> None:
    calm, _ = paint(4, Pose(NEUTRAL))
    poses = [Pose(only(name)) for name in EXPRESSIONS[:6]]
    poses += [Pose(NEUTRAL, yaw=20), Pose(NEUTRAL, pitch=20), Pose(NEUTRAL, closed=1), Pose(NEUTRAL, brow=1)]
    poses += [Pose(NEUTRAL, dx=0.1), Pose(NEUTRAL, dy=0.1), Pose(NEUTRAL, roll=5), Pose(NEUTRAL, size=1.05)]
    pictures = [paint(4, pose)[0] for pose in poses]
    assert all((picture != calm).any() for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_a_mixture_lies_between() -> None:
    calm, half, full = (paint(4, Pose(only("happy", s)))[0].astype(int) for s in (0.0, 0.5, 1.0))
    assert np.abs(half - calm).sum() < np.abs(full - calm).sum()
    assert np.abs(half - full).sum() < np.abs(full - calm).sum()


def test_the_cache_keeps_to_its_size() -> None:
    cache = Cache(1000)
    made = []

    def get(key: int) -> int:
        value: int = cache.get(key, lambda: made.append(key) or key, lambda _: 400)
        return value

    assert [get(k) for k in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert made == [1, 2, 3, 2]
    assert cache.size <= 1000
