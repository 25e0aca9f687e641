"""From a face to the calibrated probabilities of the seven expressions.

`preprocess` is the only way from pixels to the network, in training and in the product alike: feeding a
network other input than it was trained on cost the program this one descends from 11.6 points of accuracy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from classroom_monitor.errors import ModelError
from classroom_monitor.network import HEADS, INPUT_SIDE, ExpressionNetwork, NetworkConfig, channels_last
from classroom_monitor.records import EXPRESSIONS, Expression, Face
from classroom_monitor.settings import ExpressionSettings

#: The shipped weights, and beside them the SHA-256 they must have.
WEIGHTS = Path(__file__).parent / "weights" / "expression.safetensors"

#: Contrast below this (standard deviation in gray levels) is not stretched further: it would be noise.
CONTRAST_FLOOR = 8.0

#: What `preprocess` does, in words that are stored in the weights and compared at load.
PREPROCESSING = (
    f"gray (ITU-R 601); {INPUT_SIDE}x{INPUT_SIDE}, area to shrink, bicubic to enlarge; "
    f"minus its mean, over its standard deviation (at least {CONTRAST_FLOOR:g})"
)

FORMAT = "classroom-monitor expression 1"

#: Side of the square cut from the frame, in heights of the face's box, so that the cut frames a face as
#: FER2013 does. `python -m training.framing` measures 0.96 (middle half 0.87..1.08); a little more is taken,
#: since a cut too tight turns neutral faces into negative ones and one too loose does not.
CROP_FACTOR = 1.0

#: How far the middle of the cut lies below the box's middle, in heights of the box (measured with it).
CROP_DOWN = 0.02


def preprocess(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A face, already cut square, as the network takes it.

    image: RGB [H, W, 3] or gray [H, W], any size from 1 pixel. Returns float32 [48, 48] of mean 0.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    height, width = gray.shape
    if (height, width) != (INPUT_SIDE, INPUT_SIDE):
        shrinks = height >= INPUT_SIDE and width >= INPUT_SIDE
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        gray = cv2.resize(gray, (INPUT_SIDE, INPUT_SIDE), interpolation=how)
    mean, deviation = cv2.meanStdDev(gray)
    scale = 1 / max(float(deviation[0, 0]), CONTRAST_FLOOR)
    out = np.empty((INPUT_SIDE, INPUT_SIDE), np.float32)
    np.multiply(gray, np.float32(scale), out=out)
    out -= np.float32(float(mean[0, 0]) * scale)
    return out


def crop_face(image: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    """The square around a face, upright, in FER2013's framing.

    image: RGB frame [H, W, 3]. Where the face has key points, the cut is turned so that the eyes are level.
    What lies outside the frame repeats its edge. Returns [S, S, 3] with S at least 1.
    """
    box = face.box
    side = max(1.0, max(box.w, box.h) * CROP_FACTOR)
    x, y = box.x + box.w / 2, box.y + box.h / 2 + CROP_DOWN * box.h
    angle = 0.0
    if len(face.keypoints) >= 2:
        (right_x, right_y), (left_x, left_y) = face.keypoints[:2]
        angle = float(np.arctan2(left_y - right_y, left_x - right_x))
        if abs(angle) > np.pi / 3:  # no head in a call lies so far on its side: the points are wrong
            angle = 0.0
    # Shrinking is preprocess's, by area; here one pixel stays about one pixel.
    size = round(side)
    cos, sin = np.cos(angle) * side / size, np.sin(angle) * side / size
    half = (size - 1) / 2
    back = np.array(
        [[cos, -sin, x - 0.5 - cos * half + sin * half], [sin, cos, y - 0.5 - sin * half - cos * half]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(image, back, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def sharpness(image: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of a face cut square, brought to 48 pixels, as `faces` measures it."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    how = cv2.INTER_AREA if gray.shape[0] > INPUT_SIDE else cv2.INTER_LINEAR
    gray = cv2.resize(gray, (INPUT_SIDE, INPUT_SIDE), interpolation=how)
    return float(cv2.Laplacian(gray, cv2.CV_32F).var())


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into probabilities that mean what they say; fitted on the public test set.

    sides: face sides in pixels, rising. temperature: per head, one for each side; between two sides it is
    interpolated, beyond the ends it is the end's. bias: per head, seven numbers added to the tempered logits.
    """

    sides: tuple[int, ...] = (16, 24, 32, 48)
    temperature: tuple[tuple[float, ...], ...] = ((1.0,) * 4, (1.0,) * 4)
    bias: tuple[tuple[float, ...], ...] = ((0.0,) * 7, (0.0,) * 7)

    def probabilities(self, logits: NDArray[np.float32], sides: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logits [N, 2, 7] of faces of such sides [N], in pixels, to probabilities [N, 2, 7] summing to 1."""
        heat = np.stack([np.interp(sides, self.sides, row) for row in self.temperature], 1)
        z = logits / heat[:, :, None] + np.asarray(self.bias)[None]
        z = np.exp(z - z.max(2, keepdims=True))
        return np.asarray(z / z.sum(2, keepdims=True), np.float64)


@dataclass(frozen=True, slots=True)
class Weights:
    """A network as it is stored, ready to score, with what it says about itself.

    note: free words about the training (recipe, epochs, data), for the model card.
    """

    network: ExpressionNetwork
    calibration: Calibration
    sha256: str
    note: str = ""


def save_weights(file: Path, network: ExpressionNetwork, calibration: Calibration, note: str = "") -> str:
    """Writes the network as fp16 safetensors with its metadata, and FILE.sha256; returns the SHA-256."""
    metadata = {
        "format": FORMAT,
        "classes": json.dumps(EXPRESSIONS),
        "heads": json.dumps(HEADS),
        "preprocessing": PREPROCESSING,
        "network": json.dumps(asdict(network.config)),
        "calibration": json.dumps(asdict(calibration)),
        "note": note,
    }
    tensors = {
        name: tensor.detach().to(torch.float16).contiguous()
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")  # counts batches; scoring has no use for it
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    data = save(tensors, metadata)
    file.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    _digest_file(file).write_text(f"{digest}  {file.name}\n", encoding="utf-8")
    return digest


def load_weights(file: Path | None = None) -> Weights:
    """Reads and checks a weights file: its SHA-256, class order, heads and preprocessing.

    file: None takes the shipped weights. A file of your own is checked against FILE.sha256 where that exists;
    the shipped one always. Raises ModelError.
    """
    path = WEIGHTS if file is None else file
    try:
        data = path.read_bytes()
    except OSError as problem:
        remedy = "install the package again" if file is None else "check the path"
        raise ModelError(f"{path.name}: the weights cannot be read ({problem.strerror}); {remedy}") from None
    digest = hashlib.sha256(data).hexdigest()
    expected = _expected_digest(path, required=file is None)
    if expected is not None and digest != expected:
        raise ModelError(
            f"{path.name}: the weights are not the ones expected "
            f"(SHA-256 {digest[:12]}…, not {expected[:12]}…); "
            f"{'install the package again' if file is None else 'restore the file, or its .sha256'}"
        )
    try:
        with safe_open(path, framework="pt") as stored:
            metadata: dict[str, str] = stored.metadata() or {}
            tensors: dict[str, Tensor] = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as problem:
        raise ModelError(f"{path.name}: is not a safetensors file ({problem})") from None
    for key, ours in (
        ("format", FORMAT),
        ("classes", json.dumps(EXPRESSIONS)),
        ("heads", json.dumps(HEADS)),
        ("preprocessing", PREPROCESSING),
    ):
        if metadata.get(key) != ours:
            raise ModelError(
                f"{path.name}: its {key} is {metadata.get(key, 'not given')!r}, this version needs {ours!r}; "
                "use weights made by this version's training"
            )
    try:
        network = ExpressionNetwork(_network_config(json.loads(metadata["network"])))
        calibration = _calibration(json.loads(metadata["calibration"]))
        missing, unexpected = network.load_state_dict(
            {k: v.float() for k, v in tensors.items()}, strict=False
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as problem:
        reason = str(problem).splitlines()[0]
        raise ModelError(f"{path.name}: the weights do not fit their own description ({reason})") from None
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ModelError(
            f"{path.name}: the weights do not fit their own description ({[*missing, *unexpected][0]})"
        )
    return Weights(network.eval(), calibration, digest, metadata.get("note", ""))


def _digest_file(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")


def _expected_digest(file: Path, required: bool) -> str | None:
    beside = _digest_file(file)
    try:
        return beside.read_text(encoding="utf-8").split()[0].lower()
    except (OSError, IndexError, UnicodeDecodeError):
        if required:
            raise ModelError(
                f"{beside.name}: cannot be read beside the weights; install the package again"
            ) from None
        return None


def _network_config(stored: dict[str, Any]) -> NetworkConfig:
    return NetworkConfig(
        stem=int(stored["stem"]),
        widths=tuple(int(width) for width in stored["widths"]),
        blocks=tuple(int(count) for count in stored["blocks"]),
        dropout=float(stored["dropout"]),
    )


def _calibration(stored: dict[str, Any]) -> Calibration:
    made = Calibration(
        sides=tuple(int(side) for side in stored["sides"]),
        temperature=tuple(tuple(float(t) for t in row) for row in stored["temperature"]),
        bias=tuple(tuple(float(b) for b in row) for row in stored["bias"]),
    )
    fits = (
        list(made.sides) == sorted(set(made.sides))
        and [len(row) for row in made.temperature] == [len(made.sides)] * len(HEADS)
        and [len(row) for row in made.bias] == [len(EXPRESSIONS)] * len(HEADS)
        and all(t > 0 for row in made.temperature for t in row)
    )
    if not fits:
        raise ValueError("calibration")
    return made


class ExpressionModel(Protocol):
    """What the pipeline needs of a model of expressions."""

    weights_sha256: str

    def score(self, image: NDArray[np.uint8], faces: Sequence[Face]) -> tuple[Expression, ...]:
        """One Expression for each face of an RGB frame [H, W, 3], in their order."""


class ExpressionCNN:
    """Our own network. Scores all faces of a frame in one call."""

    def __init__(self, settings: ExpressionSettings, weights: Path | None = None) -> None:
        """Loads and fuses the network; weights: None takes the shipped ones. Raises ModelError.

        Sets the number of torch's threads for the whole process, which is torch's only way.
        """
        torch.set_num_threads(settings.threads)
        loaded = load_weights(weights)
        self.weights_sha256 = loaded.sha256
        self._settings = settings
        self._calibration = loaded.calibration
        self._dtype = torch.bfloat16 if _has_fast_bf16() else torch.float32
        self._network = channels_last(loaded.network.fuse().to(self._dtype))

    def score(self, image: NDArray[np.uint8], faces: Sequence[Face]) -> tuple[Expression, ...]:
        """One Expression for each face of an RGB frame [H, W, 3], in their order.

        A face that is not usable keeps its numbers; the first reason of too_small, blurred, turned and
        uncertain is given.
        """
        if not faces:
            return ()
        crops = [crop_face(image, face) for face in faces]
        logits = self.logits(np.stack([preprocess(crop) for crop in crops]))
        sides = np.array([face.side for face in faces], np.float64)
        probabilities = self._calibration.probabilities(logits, sides * CROP_FACTOR)
        found = []
        for face, crop, p in zip(faces, crops, probabilities[:, HEADS.index("perception")], strict=True):
            reason = self._reason(face, face.sharpness or sharpness(crop), float(p.max()))
            found.append(Expression(tuple(float(value) for value in p), reason is None, reason))
        return tuple(found)

    def logits(self, faces: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network alone: preprocessed faces [N, 48, 48] to logits [N, 2, 7]."""
        batch = torch.from_numpy(faces).unsqueeze(1).to(self._dtype, memory_format=torch.channels_last)
        with torch.inference_mode():
            out: Tensor = self._network(batch)
        return np.asarray(out.float().numpy(), np.float32)

    def _reason(self, face: Face, sharp: float, confidence: float) -> str | None:
        if face.side < self._settings.min_side:
            return "too_small"
        if sharp < self._settings.min_sharpness:
            return "blurred"
        if face.turn > self._settings.max_turn:
            return "turned"
        if confidence < self._settings.min_confidence:
            return "uncertain"
        return None


def _has_fast_bf16() -> bool:
    # Only where the CPU multiplies bf16 itself: emulated it is slower than fp32 (measured: 0.55 of the time
    # against 0.80 with AVX512-BF16).
    try:
        capabilities = torch.cpu.get_capabilities()
    except (AttributeError, RuntimeError):
        return False
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


class ScriptedExpressions:
    """A model that says what it is told: the synthetic class without a network, and tests.

    script: given the frame and one face, its seven probabilities in the order of EXPRESSIONS.
    """

    weights_sha256 = hashlib.sha256(b"scripted").hexdigest()

    def __init__(self, script: Callable[[NDArray[np.uint8], Face], Sequence[float]]) -> None:
        self._script = script

    @classmethod
    def constant(cls, expression: str, strength: float = 1.0) -> ScriptedExpressions:
        """Every face shows one expression of that strength (0..1), the rest being neutral."""
        p = [0.0] * len(EXPRESSIONS)
        p[EXPRESSIONS.index("neutral")] = 1 - strength
        p[EXPRESSIONS.index(expression)] += strength
        return cls(lambda image, face: p)

    def score(self, image: NDArray[np.uint8], faces: Sequence[Face]) -> tuple[Expression, ...]:
        """One usable Expression for each face, as scripted."""
        return tuple(Expression(tuple(float(p) for p in self._script(image, face)), True) for face in faces)
