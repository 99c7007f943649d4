"""One camera that is followed, in a thread of its own; what it sees becomes events."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fewpix.errors import FewpixError
from fewpix.identify.faces import Searcher
from fewpix.identify.rule import Rule
from fewpix.serve.cameras import table as cameras
from fewpix.serve.cameras.learning import Learning
from fewpix.serve.cameras.pushed import PushedReader
from fewpix.serve.cameras.record import Camera
from fewpix.serve.cameras.scene import Scene
from fewpix.serve.database import Office
from fewpix.serve.events import table
from fewpix.serve.events.hub import Hub
from fewpix.serve.events.record import Origin
from fewpix.serve.events.telling import Teller
from fewpix.serve.galleries import Collections
from fewpix.serve.inference import Inference, Sight
from fewpix.serve.metrics import Metrics
from fewpix.serve.moments import moment
from fewpix.serve.naming import AtDesk
from fewpix.serve.problems import ProblemError
from fewpix.video.live import Patience
from fewpix.video.open import open_beside
from fewpix.video.pipeline import VideoIdentifier
from fewpix.video.reader import Reader
from fewpix.video.thin import Thin
from fewpix.video.turns import Turns

log = logging.getLogger("fewpix.serve")

STALE = 5.0
"""Seconds without a frame after which a camera is away."""

AGAIN = 30.0
"""Seconds after which one that failed is tried again."""

_PATIENCE = Patience(give_up=math.inf)


@dataclass(frozen=True)
class Around:
    """What cameras have to do with.

    Args:
        inference: the models.
        collections: where people are looked for.
        loop: of the requests, in whose thread desks are found.
        office: where events are written.
        hub: is told.
        metrics: count.
    """

    inference: Inference
    collections: Collections
    loop: asyncio.AbstractEventLoop
    office: Office
    hub: Hub
    metrics: Metrics
    _detectors: list[Searcher] = field(default_factory=list)
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def detector(self, sight: Sight) -> Searcher:
        """The detector that all cameras share, each in its turn; opened for the first one.

        Raises:
            FewpixError: it cannot be opened.
        """
        with self._opening:
            if not self._detectors:
                self._detectors.append(sight.watching())
            return self._detectors[0]


class Watcher:
    """A camera while it is followed; it begins at once.

    Args:
        camera: what it was told.
        around: what it has to do with.
        learning: its state.

    Attributes:
        over: its film has ended.
    """

    def __init__(self, camera: Camera, around: Around, learning: Learning) -> None:
        self.camera, self.learning = camera, learning
        self._around = around
        self._stop, self._arrived = threading.Event(), threading.Event()
        self._status = ("starting", time.time(), "")
        self.over = False
        self._scene = Scene()
        self._reader: Any = None
        self._teller: Teller | None = None
        self._rule: Rule | None = None
        self._thread = threading.Thread(target=self._run, name=f"fewpix-camera-{camera.name}", daemon=True)
        self._thread.start()

    @property
    def reader(self) -> Reader:
        """What gives its frames, while it is followed; see `Turns`."""
        found: Reader = self._reader
        return found

    @property
    def scene(self) -> Scene:
        """What it saw last."""
        return self._scene

    def push(self, image: Any) -> int:
        """Take a frame that was sent; how many were dropped so far.

        Raises:
            ProblemError: it is not followed yet, or reads its frames itself.
        """
        reader = self._reader
        if self.camera.address is not None:
            raise ProblemError("reads-itself")
        if not isinstance(reader, PushedReader):
            raise ProblemError("not-running", "the camera is starting", retry=1)
        reader.push(image)
        return reader.counts.skipped

    def stop(self) -> None:
        """End after the frame that is looked at; every track that grows is decided and written."""
        self._stop.set()
        self._arrived.set()
        self._thread.join()

    def names(self) -> dict[int, str]:
        """Who the tracks that grow were said to be."""
        teller = self._teller
        return {} if teller is None else {track: name for track, (name, _) in list(teller.early.items())}

    def to_json(self) -> dict[str, Any]:
        """What it does."""
        state, since, why = self._now()
        counts, seen = getattr(self._reader, "counts", None), self._scene.newest
        teller, rate = self._teller, self._scene.rate
        numbers = {} if teller is None else dict(teller.numbers)
        names = self.names()
        faces = [] if seen is None or state != "running" else seen.faces
        return {
            "state": state,
            "since": moment(since),
            "why": why or None,
            "rule": None if self._rule is None else rule_text(self._rule),
            "frames": self._scene.frames,
            "frames_per_second": None if rate is None else round(rate, 2),
            "dropped": 0 if counts is None else counts.skipped,
            "reconnects": 0 if counts is None else counts.reconnects,
            "width": None if seen is None else seen.image.shape[1],
            "height": None if seen is None else seen.image.shape[0],
            "last_frame": None if seen is None else moment(seen.at),
            "tracks": len(numbers),
            "faces": [
                {
                    "event": None if track not in numbers else str(numbers[track]),
                    "box": [round(value, 2) for value in box],
                    "decision": names.get(track),
                }
                for box, track in faces
            ],
            "adaptation": self.learning.to_json(),
        }

    def _now(self) -> tuple[str, float, str]:
        state, since, why = self._status
        trouble = getattr(self._reader, "trouble", "")
        if state == "starting" and trouble:
            return state, since, trouble
        seen = self._scene.newest
        silent = 0.0 if seen is None else time.monotonic() - seen.passed
        if state == "running" and seen is not None and silent > STALE:
            quiet = f"no frame for {silent:.0f} s"
            if self.camera.kind != "file":
                return "reconnecting", seen.at, f"{quiet}: {trouble}" if trouble else quiet
        return state, since, why

    def _set(self, state: str, why: str = "") -> None:
        self._status = (state, time.time(), why)

    def _run(self) -> None:
        name = self.camera.name
        while not self._stop.is_set():
            try:
                self._follow()
                if not self._stop.is_set():
                    self._end()
                    return
            except FewpixError as error:
                self._failed(f"{error.what}; {error.fix}" if error.fix else error.what)
            except ProblemError as problem:
                self._failed(problem.detail or problem.kind.title)
            except Exception:
                log.exception("the camera %s", name)
                self._failed("a mistake of the service; look at its log")
            self._stop.wait(AGAIN)
        self._set("stopped")

    def _end(self) -> None:
        """A film has ended: it is not to begin anew with the service."""
        self._around.office.do(lambda database: cameras.rest(database, self.camera.name))
        self._set("stopped", "the film has ended")
        self.over = True

    def _failed(self, why: str) -> None:
        if self._stop.is_set():
            return
        log.warning("the camera %s failed: %s; it is tried again", self.camera.name, why)
        self._set("failed", why)
        try:
            self._around.office.do(lambda database: table.end_unfinished(database, self.camera.name))
        except FewpixError as error:  # the next start does it
            log.error("the events of the camera %s cannot be ended: %s", self.camera.name, error)
        self._around.hub.told()

    def _follow(self) -> None:
        """Follow it until it is stopped, or its film ends."""
        self._set("starting")
        sight = self._models()
        if sight is None:
            return
        encoder = self.learning.begin(sight)
        options, around = self.camera.options, self._around
        state = self.learning.state if self.learning.in_use else None
        self._rule = rule = sight.models.rule(fpir=options.fpir, threshold=options.threshold, state=state)
        namer = AtDesk(
            *(sight, around.detector(sight), around.collections, self.camera.collection),
            *(around.loop, around.office, rule),
            encoder=encoder,
        )
        namer.check()
        source = self.camera.source
        self._arrived.clear()
        if source is None:
            self._reader = PushedReader(self.camera.name, self._arrived)
        else:
            self._reader = open_beside(source, Thin(fps=options.fps), _PATIENCE, self._arrived)
        counted = around.metrics.events.labels
        self._teller = teller = Teller(
            Origin(self.camera.name, self.camera.collection, options.store_crops, options.store_templates),
            *(_clock(), namer, around.office, around.hub),
            lambda verdict: counted(self.camera.name, verdict).inc(),
        )
        video = VideoIdentifier(namer, learner=self.learning.learner, tell=teller.happened)
        steps = video.steps(self._reader, watch=self._watch, stop=self._stop)
        turns = Turns([(self, steps)], self._arrived)
        for _, ended in turns:
            for track in ended:
                teller.ended(track)
        for _, error in turns.failures:
            raise error

    def _models(self) -> Sight | None:
        """The models, when they are loaded; None where this is stopped before."""
        while not self._stop.is_set():
            if self._around.inference.state != "loading":
                return self._around.inference.sight
            self._stop.wait(0.1)
        return None

    def _watch(self, frame: Any, sights: Any) -> None:
        self._scene.watch(frame, sights)
        self._around.metrics.frames.labels(self.camera.name).inc()
        if self._status[0] != "running":
            self._set("running")


def _clock() -> Callable[[float], float]:
    """When a second from now on was, in seconds since 1970 by the clock as it is set when that is asked.

    A camera runs for months, and may begin before the clock of its machine was ever set.
    """
    began = time.monotonic()
    return lambda seconds: time.time() - (time.monotonic() - began) + seconds


def rule_text(rule: Rule) -> str:
    """By what people are named, for people."""
    if rule.fpir is not None:
        return f"FPIR {rule.fpir:g}"
    return f"a score of {rule.threshold:g}" if rule.threshold is not None else f"nobody is named: {rule.why}"
