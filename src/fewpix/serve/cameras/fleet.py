"""All cameras of a service: those that are to run do, from its start to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import anyio.to_thread

from fewpix.serve.cameras import table
from fewpix.serve.cameras.learning import Learning
from fewpix.serve.cameras.record import MOST, Camera
from fewpix.serve.cameras.watcher import Around, Watcher
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events import table as events
from fewpix.serve.events.hub import Hub
from fewpix.serve.galleries import Collections
from fewpix.serve.inference import Inference
from fewpix.serve.metrics import Metrics
from fewpix.serve.moments import moment
from fewpix.serve.problems import ProblemError
from fewpix.serve.review import corrections
from fewpix.video.source import source_of


class Fleet:
    """The cameras; every method but `closed` in the loop of the requests.

    Args:
        inference: the models.
        collections: where people are looked for.
        office: where cameras, states and events are.
        hub: is told of events.
        metrics: count.
    """

    def __init__(
        self,
        inference: Inference,
        collections: Collections,
        office: Office,
        hub: Hub,
        metrics: Metrics,
    ) -> None:
        self._inference, self._collections, self._office = inference, collections, office
        self._hub, self._metrics = hub, metrics
        self._around: Around | None = None
        self._cameras: dict[str, Camera] = {}
        self._watchers: dict[str, Watcher] = {}
        self._stopped: dict[str, float] = {}
        self._learning: dict[str, Learning] = {}
        self._changing = asyncio.Lock()
        self._beside = ThreadPoolExecutor(1, "fewpix-learn")

    async def start(self) -> None:
        """Begin: end the events of a service that was killed, then follow the cameras that are to run."""
        loop = asyncio.get_running_loop()
        self._around = Around(
            self._inference, self._collections, loop, self._office, self._hub, self._metrics
        )
        await self._office.run(events.end_unfinished)
        for camera in await self._office.run(table.cameras):
            await self._put(camera)

    async def stop(self) -> None:
        """End all cameras; what they follow is decided and written."""
        async with self._changing:
            watchers, self._watchers = [*self._watchers.values()], {}
            await asyncio.gather(*(anyio.to_thread.run_sync(each.stop) for each in watchers))
        self._beside.shutdown(wait=False, cancel_futures=True)

    def all(self) -> list[Camera]:
        """By name."""
        return [self.camera(name) for name in sorted(self._cameras)]

    def camera(self, name: str) -> Camera:
        """A camera.

        Raises:
            ProblemError: there is none of this name.
        """
        if name not in self._cameras:
            raise ProblemError("no-camera", f"there is no camera {name[:80]!a}")
        if name in self._watchers and self._watchers[name].over and self._cameras[name].wanted:
            self._cameras[name] = replace(self._cameras[name], wanted=False)
        return self._cameras[name]

    def watcher(self, name: str) -> Watcher:
        """What follows a camera.

        Raises:
            ProblemError: there is none of this name, or it is stopped.
        """
        self.camera(name)
        if name not in self._watchers:
            raise ProblemError("not-running", f"the camera {name} is stopped", fix="start it")
        return self._watchers[name]

    def learning(self, name: str) -> Learning:
        """What a camera has learned; errors as `camera`."""
        self.camera(name)
        return self._learning[name]

    def to_json(self, camera: Camera) -> dict[str, Any]:
        """A camera and what it does."""
        watcher = self._watchers.get(camera.name)
        does = _still(self._stopped.get(camera.name, time.time())) if watcher is None else watcher.to_json()
        return camera.to_json() | does | {"adaptation": self._learning[camera.name].to_json()}

    async def add(self, camera: Camera) -> None:
        """Take a new camera in; on return it is on the disk, and begins.

        Raises:
            ProblemError: the name is taken, there are too many, or no such collection.
            FewpixError: the address or the rule cannot be used.
        """
        async with self._changing:
            if camera.name in self._cameras:
                raise ProblemError("exists", f"there is a camera {camera.name} already")
            if len(self._cameras) >= MOST:
                raise ProblemError("setting", f"there are {MOST} cameras already", fix="delete one")
            self._check(camera)
            await self._office.run(lambda database: table.add(database, camera))
            await self._put(camera)

    async def change(self, name: str, to: Callable[[Camera], Camera]) -> Camera:
        """Change what a camera is told; it begins anew where it runs. Errors as `add`."""
        async with self._changing:
            before = self.camera(name)
            camera = to(before)
            if camera == before:
                return camera
            kept = replace(camera.options, retention_hours=before.options.retention_hours)
            anew = before != replace(camera, options=kept)
            if anew and camera.wanted:
                self._check(camera)
            await self._office.run(lambda database: table.change(database, camera))
            if anew:
                await self._halt(name)
                await self._put(camera)
            else:
                self._cameras[name] = camera
            return camera

    async def restart(self, name: str, between: Callable[[ServiceDatabase], object]) -> Camera:
        """Do something with what is kept of a camera while it is not followed.

        Raises:
            ProblemError: there is none of this name.
        """
        async with self._changing:
            camera = self.camera(name)
            await self._halt(name)
            await self._office.run(between)
            await self._put(camera)
            return camera

    async def delete(self, name: str) -> int:
        """Delete a camera with its state, its events and all that is from them: the bytes are overwritten.

        Returns:
            How many events there were.

        Raises:
            ProblemError: there is none of this name.
        """

        def do(database: ServiceDatabase) -> int:
            with database.transaction():
                table.remove(database, name)
                corrections.remove(database, "camera = ?", name)
                return events.remove(database, "camera = ?", name)

        async with self._changing:
            self.camera(name)
            await self._halt(name)
            count = await self._office.run(do)
            del self._cameras[name], self._learning[name]
            self._stopped.pop(name, None)
            return count

    def retentions(self) -> Sequence[tuple[str, float]]:
        """Every camera with the hours that its events are kept for."""
        return [(each.name, each.options.retention_hours) for each in self._cameras.values()]

    def _check(self, camera: Camera) -> None:
        self._collections.desk(camera.collection)
        if camera.address is not None:
            source_of(camera.address)
        if self._inference.state == "ready":
            options = camera.options
            self._inference.sight.models.rule(fpir=options.fpir, threshold=options.threshold)

    async def _put(self, camera: Camera) -> None:
        """Take a camera in as it is on the disk, and follow it if that is wanted."""
        assert self._around is not None
        learning = Learning(camera, self._office, self._beside)
        await self._office.run(learning.read)
        self._cameras[camera.name], self._learning[camera.name] = camera, learning
        if camera.wanted:
            self._watchers[camera.name] = Watcher(camera, self._around, learning)
        else:
            self._stopped.setdefault(camera.name, time.time())

    async def _halt(self, name: str) -> None:
        watcher = self._watchers.pop(name, None)
        if watcher is not None:
            await anyio.to_thread.run_sync(watcher.stop)
            self._stopped[name] = time.time()


def _still(since: float) -> dict[str, Any]:
    """What a camera does that is stopped."""
    nothing = dict.fromkeys(("why", "rule", "frames_per_second", "width", "height", "last_frame"), None)
    numbers = dict.fromkeys(("frames", "dropped", "reconnects", "tracks"), 0)
    return {"state": "stopped", "since": moment(since), **nothing, **numbers, "faces": []}
