"""From a face to probabilities: preprocessing, cutting, weights, scoring, abstaining."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from labelled import TINY
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from classroom_monitor import expression
from classroom_monitor.errors import ModelError
from classroom_monitor.expression import (
    WEIGHTS,
    Calibration,
    ExpressionCNN,
    ExpressionModel,
    ScriptedExpressions,
    crop_face,
    load_weights,
    preprocess,
    save_weights,
    sharpness,
)
from classroom_monitor.network import ExpressionNetwork
from classroom_monitor.records import EXPRESSIONS, Box, Face
from classroom_monitor.settings import ExpressionSettings, load_settings

SETTINGS = load_settings().expression
LENIENT = replace(SETTINGS, min_side=8, min_sharpness=0, max_turn=90, min_confidence=0)


@pytest.fixture(scope="module")
def model() -> ExpressionCNN:
    return ExpressionCNN(LENIENT)


@pytest.fixture
def frame() -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).integers(0, 256, (40, 60, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (480, 320), interpolation=cv2.INTER_CUBIC), np.uint8)


FACES = (
    Face(Box(20, 30, 60, 60), 0.9),
    Face(Box(200, 100, 120, 120), 0.9, ((230.0, 150.0), (290.0, 140.0))),
    Face(Box(440, 280, 60, 60), 0.9),  # reaches over the frame's corner
    Face(Box(300, 20, 24, 24), 0.9),
)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (1, 1), (17, 17, 3), (301, 301), (2, 90, 3)])
def test_any_picture_becomes_48_pixels_of_mean_0(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    out = preprocess(image)
    assert out.shape == (48, 48)
    assert out.dtype == np.float32
    assert abs(float(out.mean())) < 1e-3
    assert np.isfinite(out).all()


def test_light_and_contrast_are_taken_out() -> None:
    face = np.random.default_rng(1).integers(80, 176, (48, 48), np.uint8)
    darker = (face // 2).astype(np.uint8)
    assert np.corrcoef(preprocess(face).ravel(), preprocess(darker).ravel())[0, 1] > 0.999
    assert float(preprocess(face).std()) == pytest.approx(1, abs=1e-3)
    assert float(preprocess(darker).std()) == pytest.approx(1, abs=1e-3)


def test_gray_is_the_same_in_colour() -> None:
    gray = np.random.default_rng(2).integers(0, 256, (48, 48), np.uint8)
    np.testing.assert_allclose(preprocess(np.stack([gray] * 3, 2)), preprocess(gray), atol=1e-5)


def test_a_flat_picture_stays_flat() -> None:
    assert np.abs(preprocess(np.full((48, 48), 77, np.uint8))).max() < 1e-4


def test_the_cut_is_square_and_centred() -> None:
    frame = np.zeros((200, 300, 3), np.uint8)
    cv2.circle(frame, (150, 100), 4, (255, 255, 255), -1)
    cut = crop_face(frame, Face(Box(120, 69, 60, 60), 0.9))
    assert cut.shape[0] == cut.shape[1]
    middle = np.argwhere(cut[:, :, 0] > 128).mean(0)
    assert np.abs(middle - (cut.shape[0] - 1) / 2).max() < 1.5


@pytest.mark.parametrize("degrees", [-30, -10, 25])
def test_the_eyes_become_level(degrees: float) -> None:
    frame = np.zeros((200, 200, 3), np.uint8)
    angle = np.deg2rad(degrees)
    right = (100 - 20 * np.cos(angle), 90 - 20 * np.sin(angle))
    left = (100 + 20 * np.cos(angle), 90 + 20 * np.sin(angle))
    for x, y in (right, left):
        cv2.circle(frame, (round(x), round(y)), 3, (255, 255, 255), -1)
    cut = crop_face(frame, Face(Box(60, 60, 80, 80), 0.9, (right, left)))
    bright = np.argwhere(cut[:, :, 0] > 128)
    half = cut.shape[0] / 2
    rows = [bright[bright[:, 1] < half][:, 0].mean(), bright[bright[:, 1] >= half][:, 0].mean()]
    assert abs(rows[0] - rows[1]) < 2


def test_a_face_over_the_edge_is_cut_all_the_same(frame: NDArray[np.uint8]) -> None:
    cut = crop_face(frame, Face(Box(-30, -20, 80, 80), 0.9))
    assert cut.shape[0] >= 80
    assert crop_face(frame, Face(Box(10, 10, 0, 0), 0.9)).shape == (1, 1, 3)


def test_blur_lowers_sharpness(frame: NDArray[np.uint8]) -> None:
    face = crop_face(frame, FACES[1])
    assert sharpness(face) > 3 * sharpness(np.asarray(cv2.GaussianBlur(face, (0, 0), 8), np.uint8)) > 0


def test_the_shipped_weights_are_what_the_card_says() -> None:
    weights = load_weights()
    assert weights.sha256 == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert weights.network.parameter_count <= 1_000_000
    assert WEIGHTS.stat().st_size <= 2_500_000
    card = Path(__file__).parent.parent / "docs" / "model-card.md"
    assert weights.sha256 in card.read_text(encoding="utf-8")
    with safe_open(WEIGHTS, framework="pt") as stored:
        assert stored.metadata()["classes"] == (
            '["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]'
        )
        assert {stored.get_tensor(name).dtype for name in stored.keys()} == {torch.float16}  # noqa: SIM118


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ExpressionNetwork(TINY).eval()
    calibration = Calibration((16, 48), ((1.5, 1.0), (1.2, 0.9)), ((0.0,) * 7, (-0.25,) * 7))
    digest = save_weights(tmp_path / "own.safetensors", network, calibration, "a note")
    loaded = load_weights(tmp_path / "own.safetensors")
    assert (loaded.sha256, loaded.calibration, loaded.note) == (digest, calibration, "a note")
    faces = torch.randn(2, 1, 48, 48)
    torch.testing.assert_close(loaded.network(faces), network(faces), rtol=0.01, atol=0.01)


def altered(folder: Path, **changes: str) -> Path:
    """The shipped weights with other metadata and no .sha256 beside."""
    with safe_open(WEIGHTS, framework="pt") as stored:
        metadata = stored.metadata() | changes
    save_file(load_file(WEIGHTS), folder / "altered.safetensors", metadata)
    return folder / "altered.safetensors"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("classes", '["happy", "angry"]', "its classes is"),
        ("preprocessing", "64x64", "its preprocessing is"),
        ("format", "another 9", "its format is"),
        ("heads", '["perception", "label"]', "its heads is"),
        ("network", '{"stem": 16}', "do not fit their own description"),
        ("network", '{"stem": 8, "widths": [8], "blocks": [1], "dropout": 0}', "do not fit"),
        ("calibration", '{"sides": [48, 16], "temperature": [[1, 1]], "bias": []}', "do not fit"),
        ("calibration", "nonsense", "do not fit"),
    ],
)
def test_weights_of_another_kind_are_refused(tmp_path: Path, key: str, value: str, words: str) -> None:
    with pytest.raises(ModelError, match=words) as problem:
        load_weights(altered(tmp_path, **{key: value}))
    assert "\n" not in str(problem.value)


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / WEIGHTS.name
    shutil.copy(WEIGHTS, copy)
    shutil.copy(WEIGHTS.with_name(WEIGHTS.name + ".sha256"), tmp_path)
    monkeypatch.setattr(expression, "WEIGHTS", copy)
    assert load_weights().sha256 == load_weights(copy).sha256
    data = bytearray(copy.read_bytes())
    data[-1] ^= 1
    copy.write_bytes(data)
    for file in (None, copy):
        with pytest.raises(ModelError, match="not the ones expected"):
            load_weights(file)
    copy.with_name(copy.name + ".sha256").unlink()
    with pytest.raises(ModelError, match="install the package again"):
        load_weights()


def test_what_is_no_weights_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("not weights")
    with pytest.raises(ModelError, match=r"text.safetensors: is not a safetensors file"):
        load_weights(tmp_path / "text.safetensors")
    with pytest.raises(ModelError, match="cannot be read"):
        load_weights(tmp_path / "absent.safetensors")


def test_all_faces_of_a_frame_in_one_call(model: ExpressionCNN, frame: NDArray[np.uint8]) -> None:
    found = model.score(frame, FACES)
    assert len(found) == len(FACES)
    for each in found:
        assert len(each.probabilities) == 7
        assert sum(each.probabilities) == pytest.approx(1, abs=1e-6)
        assert min(each.probabilities) >= 0
        assert each.usable
        assert each.reason is None
    assert model.score(frame, ()) == ()


def test_a_batch_says_what_single_faces_say(model: ExpressionCNN, frame: NDArray[np.uint8]) -> None:
    together = model.score(frame, FACES)
    alone = [model.score(frame, [face])[0] for face in FACES]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=0.02)  # bf16 rounds
    turned = model.score(frame, FACES[::-1])[::-1]
    for one, other in zip(together, turned, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=0.02)


def test_the_fast_network_says_what_the_plain_one_says(model: ExpressionCNN) -> None:
    faces = np.random.default_rng(0).standard_normal((16, 48, 48)).astype(np.float32)
    with torch.inference_mode():
        plain = load_weights().network(torch.from_numpy(faces).unsqueeze(1)).numpy()
    np.testing.assert_allclose(model.logits(faces), plain, atol=0.15)  # bf16 has eight bits


@pytest.mark.parametrize(
    ("settings", "face", "reason"),
    [
        ({"min_side": 61}, FACES[0], "too_small"),
        ({"min_sharpness": 500}, replace(FACES[0], sharpness=3.0), "blurred"),
        ({"max_turn": 40}, replace(FACES[0], sharpness=90.0, turn=41.0), "turned"),
        ({"min_confidence": 1}, FACES[0], "uncertain"),
        ({"min_side": 61, "min_confidence": 1}, FACES[0], "too_small"),
    ],
)
def test_unusable_faces_keep_their_numbers(
    frame: NDArray[np.uint8], settings: dict[str, float], face: Face, reason: str
) -> None:
    strict: ExpressionSettings = replace(LENIENT, **settings)
    (found,) = ExpressionCNN(strict).score(frame, [face])
    assert (found.usable, found.reason) == (False, reason)
    assert sum(found.probabilities) == pytest.approx(1, abs=1e-6)


def test_temperature_follows_the_side() -> None:
    calibration = Calibration((16, 48), ((1.0, 1.0), (4.0, 1.0)))
    logits = np.zeros((3, 2, 7), np.float32)
    logits[:, 1, 3] = 3
    p = calibration.probabilities(logits, np.array([10.0, 32.0, 90.0]))
    assert p[0, 1, 3] < p[1, 1, 3] < p[2, 1, 3]
    np.testing.assert_allclose(p.sum(2), 1)
    expected = np.exp(3) / (np.exp(3) + 6)
    assert p[2, 1, 3] == pytest.approx(expected)


def test_bias_moves_its_class() -> None:
    logits = np.zeros((1, 2, 7), np.float32)
    bias = ((0.0,) * 7, (-1.0, 0, 0, 0, 0, 0, 0))
    p = Calibration(bias=bias).probabilities(logits, np.array([48.0]))
    assert p[0, 1, 0] < p[0, 1, 1]
    assert p[0, 0, 0] == p[0, 0, 1]


def test_the_scripted_model_says_what_it_is_told(frame: NDArray[np.uint8]) -> None:
    happy: ExpressionModel = ScriptedExpressions.constant("happy", 0.75)
    first, second = happy.score(frame, FACES[:2])
    assert first == second
    assert first.probabilities[EXPRESSIONS.index("happy")] == pytest.approx(0.75)
    assert first.probabilities[EXPRESSIONS.index("neutral")] == pytest.approx(0.25)
    by_place = ScriptedExpressions(
        lambda image, face: [float(face.box.x > 100), 0, 0, 0, 0, 0, float(face.box.x <= 100)]
    )
    assert [each.probabilities[0] for each in by_place.score(frame, FACES[:2])] == [0.0, 1.0]


def test_class_order_on_real_faces(model: ExpressionCNN, test_data: Path) -> None:
    with np.load(test_data / "fer2013_public_test.npz") as stored:
        images, labels = stored["image"][:700], stored["label"][:700]
    # Each picture is a face that fills its frame: the box of such a face is the picture.
    for name, least in (("happy", 0.7), ("surprise", 0.5), ("neutral", 0.5)):
        place = EXPRESSIONS.index(name)
        rows = np.flatnonzero(labels == place)[:60]
        found = [
            model.score(np.stack([images[row]] * 3, 2), [Face(Box(0, -1, 48, 48), 0.9)])[0].probabilities
            for row in rows
        ]
        assert np.mean(np.argmax(found, 1) == place) > least, name
