"""Names: read from label pictures by a bundled recogniser, cleaned for the pages, matched to a roster.

Reading takes about 25 ms a label and is done behind the looks, never in them. Nothing is downloaded and
nothing is sent: the model comes with the rapidocr package, and onnxruntime's telemetry is switched off before
its import.
"""

from __future__ import annotations

import csv
import difflib
import logging
import os
import queue
import re
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classroom_monitor.errors import SettingsError
from classroom_monitor.records import Image

log = logging.getLogger(__name__)

# A reading below this mean confidence is noise.
MIN_CONFIDENCE = 0.6
# A label that cannot be read at first (a pop-up over it) is tried again so often.
TRIES = 3
# Labels remembered by their picture.
CACHE = 512
# From this likeness two names that were read count as one: one letter in six misread.
ALIKE = 0.84
# What programs append to a name, in brackets; pronouns are in brackets too.
ROLES = re.compile(r"\s*[(（\[][^()（）\[\]]*([)）\]]|\.{2,}|…|$)")
CUT = re.compile(r"\s*(\.{2,}|…)$")
# The dots of a cut label, of which one is often lost.
DOTS = re.compile(r"(?<!\.)(\.\.|…)$")


class NameReader:
    """Reads the text of label pictures; without the rapidocr package every label stays unread."""

    def __init__(self) -> None:
        self._engine: Any = None
        self._missing = False
        self._cache: OrderedDict[bytes, str | None] = OrderedDict()

    def read(self, label: Image) -> str | None:
        """The text as the label shows it; None where nothing is readable.

        label: uint8 RGB [H, W, 3], one line of text. Cached by the picture.
        """
        if label.ndim != 3 or min(label.shape[:2]) < 4:
            return None
        key = label.tobytes() + str(label.shape).encode()
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        text = self._recognise(label)
        self._cache[key] = text
        if len(self._cache) > CACHE:
            self._cache.popitem(last=False)
        return text

    def _recognise(self, label: Image) -> str | None:
        engine = self._load()
        if engine is None:
            return None
        # The recogniser enlarges to its own height; enlarged before, fewer were read right (113, not 117).
        result = engine(np.ascontiguousarray(label[..., ::-1]), use_det=False, use_cls=False, use_rec=True)
        texts, scores = getattr(result, "txts", None), getattr(result, "scores", None)
        if not texts or not scores or scores[0] < MIN_CONFIDENCE:
            return None
        return DOTS.sub("...", tidy(texts[0])) or None

    def _load(self) -> Any:
        if self._engine is None and not self._missing:
            os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # after the import it would be too late
            try:
                import rapidocr
            except ImportError:
                self._missing = True
                log.warning("names are not read: the package rapidocr is not installed")
                return None
            model = Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_rec_small.onnx"
            if not model.is_file():  # would be downloaded otherwise
                self._missing = True
                log.warning("names are not read: rapidocr is installed without its model %s", model.name)
                return None
            self._engine = rapidocr.RapidOCR(
                params={
                    "Global.log_level": "critical",
                    "Global.use_det": False,
                    "Global.use_cls": False,
                    "Global.text_score": 0.0,
                    "Rec.model_path": str(model),
                    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                }
            )
        return self._engine


def tidy(text: str) -> str:
    """A reading in common form: NFC, no control or direction marks, single spaces, at most 120 letters."""
    kept = "".join(
        c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] != "C" or c.isspace()
    )
    return " ".join(kept.split())[:120]


def clean_name(text: str) -> str:
    """The short name for the pages: without roles and pronouns in brackets, and dots of a cut label."""
    name = CUT.sub("", ROLES.sub("", tidy(text)))
    return name.strip(" .,;:|*-_~'\"") or tidy(text)


def folded(text: str) -> str:
    """The name for comparing: short, case and accents ignored, letters and digits only."""
    plain = unicodedata.normalize("NFKD", clean_name(text)).casefold()
    return "".join(c for c in plain if c.isalnum())


def same_name(a: str, b: str) -> bool:
    """Whether two readings are one name, a misread letter or a cut end allowed."""
    return name_likeness(a, b) >= ALIKE


def name_likeness(a: str, b: str) -> float:
    """How alike two names are, 0..1; a label cut by dots is compared with the beginning of the other."""
    x, y = folded(a), folded(b)
    if not x or not y:
        return 0.0
    for cut, other in ((a, "y"), (b, "x")):
        if CUT.search(tidy(cut)):
            if other == "y" and len(x) >= 4:
                y = y[: len(x)]
            elif other == "x" and len(y) >= 4:
                x = x[: len(y)]
    return difflib.SequenceMatcher(None, x, y, autojunk=False).ratio()


class NamesBehind:
    """Reads label pictures in a thread of its own, so that a look never waits for it."""

    def __init__(self, read: Callable[[Image], str | None]) -> None:
        self._read = read
        self._tries: dict[int, int] = {}
        self._waiting: set[int] = set()
        self._known: set[int] = set()
        self._session = 0
        self._todo: queue.Queue[tuple[int, int, Image] | None] = queue.Queue()
        self._done: queue.Queue[tuple[int, int, str | None]] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="names", daemon=True)
        self._thread.start()

    def ask(self, labels: dict[int, Image]) -> None:
        """Wants the names of these labels read; one that was read or failed three times is not read again."""
        for student, label in labels.items():
            if student in self._known or student in self._waiting or self._tries.get(student, 0) >= TRIES:
                continue
            self._tries[student] = self._tries.get(student, 0) + 1
            self._waiting.add(student)
            self._todo.put((self._session, student, label))

    def again(self, students: Collection[int]) -> None:
        """These students' labels say something else now."""
        for student in students:
            self._known.discard(student)
            self._tries.pop(student, None)

    def arrived(self) -> list[tuple[int, str]]:
        """The names read since the last call."""
        found = []
        while not self._done.empty():
            session, student, text = self._done.get_nowait()
            if session != self._session:
                continue
            self._waiting.discard(student)
            if text:
                self._known.add(student)
                found.append((student, text))
        return found

    def forget(self) -> None:
        """A new session begins: student numbers mean others now, and what is still read is for no one."""
        self._session += 1
        self._tries.clear()
        self._known.clear()
        self._waiting.clear()

    def close(self) -> None:
        """Ends the thread."""
        self._todo.put(None)
        self._thread.join(2)

    def _work(self) -> None:
        while (job := self._todo.get()) is not None:
            session, student, label = job
            if session == self._session:
                self._done.put((session, student, self._read(label)))


@dataclass(frozen=True, slots=True)
class Roster:
    """The names of a course with their aliases, in the order of the file."""

    students: tuple[tuple[str, tuple[str, ...]], ...]

    def match(self, text: str) -> str | None:
        """The student a label means; None where nobody fits or two fit equally well."""
        found = sorted(
            (
                (max(name_likeness(text, known) for known in (name, *aliases)), name)
                for name, aliases in self.students
            ),
            reverse=True,
        )
        if not found or found[0][0] < ALIKE:
            return None
        if len(found) > 1 and found[1][0] > found[0][0] - 0.04:
            return None
        return found[0][1]


def read_roster(path: Path) -> Roster:
    """Reads a roster file: CSV with the columns `name` and, if wanted, `aliases` separated by `;`.

    Raises SettingsError with one line that names the file, the row and what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise SettingsError(
            f"{path}: the roster cannot be read ({problem.strerror}); check the path"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            f"{path.name}: the roster is not a text file in UTF-8; save it as CSV UTF-8"
        ) from None
    rows = csv.reader(text.splitlines())
    header = [cell.strip().casefold() for cell in next(rows, [])]
    if "name" not in header:
        raise SettingsError(
            f"{path.name}: row 1 must be the heading `name,aliases`; found {','.join(header)!r}"
        )
    students: list[tuple[str, tuple[str, ...]]] = []
    known: dict[str, int] = {}
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            number = rows.line_num
            if len(row) > len(header):
                raise SettingsError(
                    f"{path.name}: row {number} has {len(row)} cells for {len(header)} columns; "
                    "put a name with a comma in quotes, and aliases apart by `;`"
                )
            cells = dict(zip(header, row, strict=False))
            name = tidy(cells["name"])
            if not name:
                raise SettingsError(f"{path.name}: row {number} has no name")
            if name.casefold() in known:
                raise SettingsError(
                    f"{path.name}: row {number} repeats the name of row {known[name.casefold()]}; "
                    "make the two different"
                )
            known[name.casefold()] = number
            aliases = tuple(a for a in (tidy(part) for part in cells.get("aliases", "").split(";")) if a)
            students.append((name, aliases))
    except csv.Error as problem:
        raise SettingsError(f"{path.name}: row {rows.line_num} is not CSV: {problem}") from None
    if not students:
        raise SettingsError(f"{path.name}: the roster has no students below its heading")
    return Roster(tuple(students))
