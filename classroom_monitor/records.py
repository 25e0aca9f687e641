"""The words of the product as values: every value that crosses a module border is one of these.

All records are frozen and slotted. Pictures are `uint8` RGB arrays of shape [H, W, 3]; they live in
memory only and are never stored nor pickled. Boxes are integers in pixels of the frame, top-left corner.
Times are `seconds` since the start of the session by the source's own clock; `utc` is the wall clock.
Numbers that are not known are `None`, never NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

#: The seven expressions, in the order of FER2013, which is the order everywhere.
EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

#: Indices of the expressions that count as unpleasant (angry, disgust, fear, sad).
NEGATIVE = (0, 1, 2, 4)

#: Seven probabilities in the order of EXPRESSIONS, summing to 1.
Probabilities = tuple[float, ...]


class TileState(StrEnum):
    """What one tile of the gallery shows."""

    FACE = "face"
    CAMERA_OFF = "camera_off"
    PHOTO = "photo"
    NO_FACE = "no_face"
    TOO_SMALL = "too_small"
    NOT_READABLE = "not_readable"
    LEFT_OUT = "left_out"


class Presence(StrEnum):
    """Where a student is at one look."""

    SEEN = "seen"
    NOT_READABLE = "not_readable"
    NO_FACE = "no_face"
    TOO_SMALL = "too_small"
    PHOTO = "photo"
    CAMERA_OFF = "camera_off"
    OTHER_PAGE = "other_page"
    LEFT_OUT = "left_out"
    GONE = "gone"


class FlagKind(StrEnum):
    """Why a student is worth a glance."""

    LOWER = "lower"
    BROW_FURROWED = "brow_furrowed"
    TURNED_AWAY = "turned_away"
    OUT_OF_VIEW = "out_of_view"


class HintKind(StrEnum):
    """What a pace hint asks."""

    SLOW_DOWN = "slow_down"
    PICK_UP = "pick_up"


class Answer(StrEnum):
    """What the teacher says to a flag or a hint."""

    LOOKED = "looked"
    NOT_NOW = "not_now"
    NEVER = "never"
    YES = "yes"
    NO = "no"


class ClassWord(StrEnum):
    """The look of the class in a word."""

    CLEARLY_PLEASANT = "clearly_pleasant"
    SOMEWHAT_PLEASANT = "somewhat_pleasant"
    MOSTLY_NEUTRAL = "mostly_neutral"
    SOMEWHAT_UNPLEASANT = "somewhat_unpleasant"
    CLEARLY_UNPLEASANT = "clearly_unpleasant"
    MIXED = "mixed"
    TOO_FEW = "too_few"


class Trend(StrEnum):
    """Which way the class goes, over five minutes."""

    BRIGHTENING = "brightening"
    STEADY = "steady"
    DIMMING = "dimming"
    SPLITTING = "splitting"
    UNCLEAR = "unclear"


class MarkerKind(StrEnum):
    """A point on the timeline; TURN is set by the program, the others by the teacher."""

    EXPLAINING = "explaining"
    QUESTION = "question"
    EXERCISE = "exercise"
    BREAK = "break"
    OTHER = "other"
    TURN = "turn"


class HealthState(StrEnum):
    """What the watcher is doing, or what stops it."""

    WATCHING = "watching"
    PAUSED = "paused"
    NO_GALLERY = "no_gallery"
    COVERED = "covered"
    BLACK = "black"
    FROZEN = "frozen"
    NO_WINDOW = "no_window"
    NOT_SAVING = "not_saving"
    STOPPED = "stopped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the frame."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column after the box."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row after the box."""
        return self.y + self.h

    @property
    def area(self) -> int:
        """Square pixels; 0 for an empty box."""
        return max(0, self.w) * max(0, self.h)

    def clip(self, width: int, height: int) -> Box:
        """The part of the box inside a picture of that size (w and h may become 0)."""
        x, y = min(max(self.x, 0), width), min(max(self.y, 0), height)
        return Box(x, y, max(0, min(self.right, width) - x), max(0, min(self.bottom, height) - y))

    def shift(self, dx: int, dy: int) -> Box:
        """The box moved by (dx, dy)."""
        return Box(self.x + dx, self.y + dy, self.w, self.h)

    def overlap(self, other: Box) -> int:
        """Square pixels shared with another box."""
        w = min(self.right, other.right) - max(self.x, other.x)
        h = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(0, w) * max(0, h)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.overlap(other)
        union = self.area + other.area - shared
        return shared / union if union else 0.0

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies in the box."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def cut(self, image: Image) -> Image:
        """A view of the picture inside the box (which must lie in the picture)."""
        return image[self.y : self.bottom, self.x : self.right]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the source, with the time it was taken. Lives in memory only."""

    image: Image
    seconds: float
    utc: datetime

    def __reduce__(self) -> str:
        raise TypeError("a frame is never pickled: no picture of anyone leaves the process")


@dataclass(frozen=True, slots=True)
class Cues:
    """Visible signs other than expression, before they are set against the student's usual.

    yaw and pitch: where the head points, in degrees from the camera (-90..90), aside and up or down;
    eyes_closed and brow_furrow: 0..1.
    """

    yaw: float
    pitch: float
    eyes_closed: float
    brow_furrow: float

    @property
    def head_turn(self) -> float:
        """Degrees away from facing the camera, 0..90."""
        return math.degrees(math.acos(math.cos(math.radians(self.yaw)) * math.cos(math.radians(self.pitch))))


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face. The box is about as high as the face, chin to hairline.

    keypoints: six (x, y) in pixels of the frame: right eye, left eye, nose tip, mouth, right ear, left ear
    (the person's right and left; BlazeFace's order), or empty.
    confidence: 0..1. sharpness: variance of the Laplacian at 48 px, 0 where not measured.
    turn: rough head turn in degrees from the key points, 0 facing the camera.
    """

    box: Box
    confidence: float
    keypoints: tuple[tuple[float, float], ...] = ()
    sharpness: float = 0.0
    turn: float = 0.0

    @property
    def side(self) -> int:
        """Height of the face in pixels."""
        return self.box.h


@dataclass(frozen=True, slots=True)
class Tile:
    """One participant's slot in the gallery (pillars included), with the faces found in it.

    row and column count from 0 in the layout, -1 for a face that stands outside any grid.
    """

    box: Box
    state: TileState
    faces: tuple[Face, ...] = ()
    row: int = -1
    column: int = -1


@dataclass(frozen=True, slots=True)
class Gallery:
    """The tiles of one frame. `grid`: whether a layout of tiles was found."""

    tiles: tuple[Tile, ...]
    grid: bool


@dataclass(frozen=True, slots=True)
class Expression:
    """The calibrated probabilities of one face at one time, and whether they are usable.

    reason: why not, in a word (`too_small`, `blurred`, `turned`, `uncertain`); None where usable.
    """

    probabilities: Probabilities
    usable: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StudentLook:
    """One student at one look, before anything is smoothed. Goes from identity and expression to mood."""

    student: int
    presence: Presence
    tile: Box | None = None
    expression: Expression | None = None
    cues: Cues | None = None


@dataclass(frozen=True, slots=True)
class StudentState:
    """One student now: the smoothed reading, the own usual, and the cues above usual.

    usable: whether this very look counted. head_turn: degrees from usual. eyes_closed: 0..1 of what is
    usually open. brow_furrow: 0..1 above usual. The three are known where landmarks were read.
    valence_spread: how far the student's valence usually strays from the own usual (standard deviation); None
    while valence_usual is still the class's.
    """

    student: int
    presence: Presence
    tile: Box | None = None
    usable: bool = False
    probabilities: Probabilities | None = None
    valence: float | None = None
    valence_usual: float | None = None
    head_turn: float | None = None
    eyes_closed: float | None = None
    brow_furrow: float | None = None
    valence_spread: float | None = None


@dataclass(frozen=True, slots=True)
class ClassMood:
    """The class now. valence, low, high: -1..1 with a 90 % interval. shares: mean of the seven."""

    valence: float | None
    low: float | None
    high: float | None
    spread: float | None
    seen: int
    camera_on: int
    expected: int
    word: ClassWord
    trend: Trend
    shares: Probabilities | None


@dataclass(frozen=True, slots=True)
class Flag:
    """A student worth a glance: kind, since when, why, on how many looks.

    number counts the flags of a session from 1. shown is None while the flag is queued only.
    """

    number: int
    student: int
    kind: FlagKind
    raised: float
    shown: float | None
    cleared: float | None
    looks: int
    looks_with: int
    reason: str


@dataclass(frozen=True, slots=True)
class Hint:
    """A pace hint: a sentence about the class with its question. number counts the hints of a session from 1.

    since: second from which what it speaks of has lasted.
    """

    number: int
    seconds: float
    kind: HintKind
    text: str
    since: float


@dataclass(frozen=True, slots=True)
class Marker:
    """A point on the timeline. number is the store's key; before..high are a turn's, found by the program."""

    seconds: float
    kind: MarkerKind
    text: str = ""
    number: int | None = None
    before: float | None = None
    after: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def by(self) -> str:
        """`program` for a turn, `teacher` otherwise."""
        return "program" if self.kind is MarkerKind.TURN else "teacher"


@dataclass(frozen=True, slots=True)
class Look:
    """Everything one look at one frame gave: what the pipeline returns and the store keeps (numbers only)."""

    seconds: float
    utc: datetime
    gallery: Gallery
    students: tuple[StudentState, ...]
    mood: ClassMood
    flags: tuple[Flag, ...]
    hint: Hint | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What the watcher is doing now. detail: one plain sentence, empty when all is well."""

    state: HealthState
    utc: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One lecture: from start to stop. ended: `stopped`, `early`, or None while it runs."""

    id: str
    title: str
    course: str
    start: datetime
    end: datetime | None
    ended: str | None
    source: str
    rate: float
    students_told: bool | None
    app_version: str
    weights_sha256: str
    class_only: bool = False


class SourceKind(StrEnum):
    """Where frames come from."""

    SCREEN = "screen"
    WEBCAM = "webcam"
    VIDEO = "video"
    PICTURES = "pictures"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as it is asked for, before it is opened.

    target: webcam number, video path or folder of pictures. monitor counts from 1. window: part of a title.
    region: in pixels of the screen. The last five belong to the synthetic class; script is a name in
    configs/rehearsals or a file.
    """

    kind: SourceKind = SourceKind.SCREEN
    target: str = ""
    monitor: int | None = None
    window: str | None = None
    region: Box | None = None
    students: int | None = None
    seed: int = 1
    minutes: float | None = None
    script: str | None = None

    @property
    def real(self) -> bool:
        """Whether real people can be seen through it."""
        return self.kind is not SourceKind.SYNTHETIC


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A window or monitor that can be chosen on the start page."""

    spec: SourceSpec
    label: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture for the set-up page, held in memory only, with the tiles found in it (its own pixels)."""

    jpeg: bytes
    width: int
    height: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class TriedPicture:
    """A picture that the teacher tries, held in memory only: its faces, each with its expression.

    The expression is None for the face of a photo in a call. Boxes are pixels of the JPEG, width x height.
    """

    jpeg: bytes
    width: int
    height: int
    faces: tuple[tuple[Face, Expression | None], ...]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What starting a session needs. speed: 1 is real time, 0 as fast as it goes.

    own: a point in the teacher's own tile, as shares of the picture's width and height, 0..1. own_label: the
    name on that tile, where it is known already.
    """

    source: SourceSpec
    rate: float
    speed: float = 1.0
    title: str = ""
    course: str = ""
    roster: str | None = None
    students_told: bool | None = None
    class_only: bool = False
    own: tuple[float, float] | None = None
    own_label: str = ""


@dataclass(frozen=True, slots=True)
class WatcherStatus:
    """What the watching process is doing: the running session, if any, and its health.

    own: the name on the teacher's own tile, empty while it is not known. sees_itself: whether a window of
    this program lies in what is captured.
    """

    session: str | None
    health: Health
    seconds: float = 0.0
    looks: int = 0
    own: str = ""
    sees_itself: bool = False
