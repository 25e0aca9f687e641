"""What a look costs on this machine: CPU by stage, memory, and how it compares with the bare models."""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch

from classroom_monitor.clock import RealClock
from classroom_monitor.cues import CueReader
from classroom_monitor.expression import ExpressionCNN, crop_face, load_weights, preprocess
from classroom_monitor.faces import FaceFinder, MediaPipeFaceFinder
from classroom_monitor.pipeline import Pipeline
from classroom_monitor.records import Face, Frame, Image, SourceKind, SourceSpec, StartRequest, TileState
from classroom_monitor.remote import RemoteWatcher
from classroom_monitor.runner import watch
from classroom_monitor.settings import Settings
from classroom_monitor.sources import open_source
from classroom_monitor.store import open_store

#: Class sizes that are measured.
SIZES = (9, 25, 49)
#: Looks before measuring begins (the layout is searched at the first), and looks measured.
WARM_UP, MEASURED = 3, 10
#: Rounds of the comparison of networks; the best counts, since others use the machine too.
ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Run:
    """The cost of one class size; CPU in seconds, landmarks apart."""

    tiles: int
    width: int
    height: int
    cpu_s_per_frame: float
    wall_s_per_frame: float
    stages: dict[str, float]
    landmarks_cpu_s_per_face: float
    bare_models_cpu_s: float
    overhead_ratio: float
    network_vs_eager: float


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything `bench --json` says, pages apart."""

    machine: str
    start_to_first_reading_s: float
    peak_memory_mb: float | None
    runs: tuple[Run, ...]


@dataclass
class Stopwatch:
    """CPU seconds of this process by stage."""

    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds what passes inside to the stage of that name."""
        before = time.process_time()
        yield
        self.spent[name] += time.process_time() - before


class WatchedFinder:
    """A face finder that remembers what it was shown, to be shown again alone."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self.shown: list[Image] = []

    def find(self, image: Image) -> tuple[Face, ...]:
        """Finds, and remembers the picture."""
        self.shown.append(image)
        return self._finder.find(image)

    def close(self) -> None:
        """Closes the finder it watches."""
        self._finder.close()


def run_bench(settings: Settings, sizes: Sequence[int] = SIZES) -> Bench:
    """Measures a start and each class size on the synthetic class. Takes about a minute."""
    started, child_mb = _start(settings)
    model = ExpressionCNN(settings.expression)
    cues = CueReader(settings.faces)
    with MediaPipeFaceFinder(settings.faces) as finder:
        ratio = _network_vs_eager(model)
        runs = tuple(_run(settings, size, finder, model, cues, ratio) for size in sizes)
    cues.close()
    return Bench(_machine(), started, child_mb, runs)


def _run(
    settings: Settings, size: int, finder: FaceFinder, model: ExpressionCNN, cues: CueReader, ratio: float
) -> Run:
    source = open_source(SourceSpec(SourceKind.SYNTHETIC, students=size), settings)
    watched, stopwatch = WatchedFinder(finder), Stopwatch()
    pipeline = Pipeline(settings, watched, model, cues, stopwatch.stage)
    wall = bare = 0.0
    landmarks = 0
    width = height = 0
    for number in range(WARM_UP + MEASURED):
        seconds = number / settings.capture.rate
        image = source.grab(seconds)
        if image is None:
            break
        height, width = image.shape[:2]
        if number == WARM_UP:
            stopwatch.spent.clear()
            wall = bare = 0.0
            landmarks = 0
        watched.shown.clear()
        before = time.perf_counter()
        look = pipeline.look(Frame(image, seconds, datetime.now(UTC) + timedelta(seconds=seconds)))
        wall += time.perf_counter() - before
        faces = [tile.faces[0] for tile in look.gallery.tiles if tile.state is TileState.FACE]
        landmarks += -(
            -len(faces) * round(1 / settings.capture.rate) // round(settings.faces.landmarks_every)
        )
        bare += _bare(finder, model, image, watched.shown, faces)
    source.close()
    stages = {name: spent / MEASURED for name, spent in stopwatch.spent.items() if name != "landmarks"}
    cpu = sum(stages.values())
    return Run(
        size,
        width,
        height,
        cpu,
        wall / MEASURED,
        stages,
        stopwatch.spent["landmarks"] / max(1, landmarks),
        bare / MEASURED,
        cpu / (bare / MEASURED) if bare else 0.0,
        ratio,
    )


def _bare(
    finder: FaceFinder, model: ExpressionCNN, image: Image, shown: Sequence[Image], faces: Sequence[Face]
) -> float:
    """CPU seconds of the same model calls alone."""
    crops = np.stack([preprocess(crop_face(image, face)) for face in faces]) if faces else None
    before = time.process_time()
    for crop in shown:
        finder.find(crop)
    if crops is not None:
        model.logits(crops)
    return time.process_time() - before


def _network_vs_eager(model: ExpressionCNN) -> float:
    """Time of our scoring of 49 faces over that of the same network in plain eager torch, best of rounds."""
    eager = load_weights().network.float().eval()
    faces = np.random.default_rng(0).standard_normal((49, 48, 48)).astype(np.float32)
    plain = torch.from_numpy(faces).unsqueeze(1)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        model.logits(faces)
        ours.append(time.perf_counter() - before)
        before = time.perf_counter()
        with torch.inference_mode():
            eager(plain)
        theirs.append(time.perf_counter() - before)
    return min(ours) / min(theirs)


def _start(settings: Settings) -> tuple[float, float | None]:
    """Seconds from the start of the watching process to its first reading, and the peak memory (MB)."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        store = open_store(url, RealClock(), settings.store)
        before = time.perf_counter()
        watcher = RemoteWatcher(watch, (settings, url))
        try:
            source = SourceSpec(SourceKind.SYNTHETIC, students=25)
            watcher.start(StartRequest(source, settings.capture.rate, students_told=True))
            while watcher.status().looks == 0:
                time.sleep(0.05)
            started = time.perf_counter() - before
        finally:
            watcher.close()
            store.close()
    return started, _peak_memory_mb()


def _peak_memory_mb() -> float | None:
    try:
        import resource
    except ImportError:  # Windows does not tell
        return None
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # kB on Linux, bytes on macOS
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage) / unit


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} torch thread"
    return f"{system}, Python {platform.python_version()}, torch {torch.__version__}"
