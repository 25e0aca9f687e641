"""Kills the writing process at random moments and looks at what it left: `python tests/kills.py --kills 200`.

What a watching process writes, its store writes; so a process that does nothing else, as fast as it can, is
killed most often in the middle of a write. The same store is then opened, as the next start does.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from classroom_monitor.clock import SteppedClock
from classroom_monitor.settings import load_settings
from classroom_monitor.store import open_store
from dashboard.made_up import look, session

#: A class as large as a page of a call; looks a second.
STUDENTS = 49
#: The longest that a process writes before it is killed (s), and kills that share a store.
LONGEST = 0.6
TOGETHER = 10

SETTINGS = load_settings().store


@dataclass
class Tally:
    """What so many kills did. lost: looks that were told to be kept and are not, the most at one kill."""

    kills: int = 0
    looks: int = 0
    unreadable: int = 0
    broken: int = 0
    lost: int = 0
    unsaved: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.looks} looks found: {self.unreadable} stores unreadable or repaired, "
            f"{self.broken} sessions with holes or halves, {self.lost} kept looks lost, "
            f"at most {self.unsaved} s of looks not yet written"
        )


def write(file: str, name: str, told: int) -> None:
    """Writes looks, one a second of its clock; tells `a` when one was added, `k` when all so far are kept."""
    clock = SteppedClock()
    store = open_store(f"sqlite:///{file}", clock, SETTINGS)
    store.begin(replace(session(name), rate=1.0))
    for number in itertools.count():
        clock.step(1)
        store.add_look(name, look(float(number), 30, STUDENTS))
        os.write(told, b"a")
        if number % 7 == 3:
            store.flush()
            os.write(told, b"k")


def kill_often(kills: int, folder: Path, seed: int = 1) -> Tally:
    """Starts and kills so many writers, one after the other, and reads the store after each."""
    chance, tally = random.Random(seed), Tally()
    fork = multiprocessing.get_context("fork")
    before: dict[str, int] = {}
    for number in range(kills):
        file = folder / f"kills-{number // TOGETHER}.db"
        if number % TOGETHER == 0:
            before = {}
        hears, tells = os.pipe()
        writer = fork.Process(target=write, args=(str(file), f"killed-{number}", tells))
        writer.start()
        os.close(tells)
        said = os.read(hears, 1)  # it writes
        time.sleep(chance.random() * LONGEST)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        while more := os.read(hears, 1 << 16):
            said += more
        os.close(hears)
        before[f"killed-{number}"] = said.rpartition(b"k")[0].count(b"a")
        _judge(file, before, said.count(b"a"), tally)
    return tally


def _judge(file: Path, before: dict[str, int], added: int, tally: Tally) -> None:
    """Opens the store as the next start does. before: looks each session must have, brought up to date."""
    tally.kills += 1
    store = open_store(f"sqlite:///{file}", SteppedClock(), SETTINGS)
    try:
        tally.unreadable += bool(store.notice)
        store.close_unfinished()
        last = list(before)[-1]
        for name, kept in before.items():
            seconds = store.class_looks(name)["seconds"].tolist()
            students = len(store.student_looks(name))
            whole = seconds == [float(each) for each in range(len(seconds))]
            tally.broken += (
                not whole or students != STUDENTS * len(seconds) or store.session(name).ended != "early"
            )
            tally.lost = max(tally.lost, kept - len(seconds))
            before[name] = len(seconds)
            if name == last:
                tally.looks += len(seconds)
                tally.unsaved = max(tally.unsaved, added - len(seconds))
    finally:
        store.close()
    with sqlite3.connect(file) as connection:
        tally.unreadable += connection.execute("pragma integrity_check").fetchone() != ("ok",)
    connection.close()


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as made:
        result = kill_often(told.kills, Path(made), told.seed)
    print(result)
    sys.exit(
        bool(result.unreadable or result.broken or result.lost or result.unsaved > SETTINGS.commit_seconds)
    )
