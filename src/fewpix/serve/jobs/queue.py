"""The queue of jobs: one is worked on at a time, beside the requests; what is over is kept for a while."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from fewpix.errors import FewpixError
from fewpix.gallery.store import Gallery
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.galleries import Collections
from fewpix.serve.handles import handle_of
from fewpix.serve.inference import Inference
from fewpix.serve.jobs import lines, record
from fewpix.serve.jobs.files import Files
from fewpix.serve.jobs.record import Job
from fewpix.serve.jobs.task import Progress, Stopped, Task, Work
from fewpix.serve.problems import ProblemError, problem_of

log = logging.getLogger("fewpix.serve")

DAY = 86_400.0
MOST_AT_ONCE = 4
"""Files that may be on their way at the same time."""

_TICK = 0.2
_SWEEP_SECONDS = 60.0
_PATIENCE = 60.0
_AGAIN = 1.0


class Jobs:
    """The queue.

    Args:
        folder: where the files of jobs lie; made when it is missing.
        office: the service's own file.
        collections: of the service.
        inference: the models; nothing is begun before they are ready.
        ended: told the kind and state of every job that was worked on.
        kept: seconds that a job stays after it has ended.
        most: jobs that may wait.
        settled: seconds since 1970, by which jobs are deleted.
        clock: likewise, for what is told of them.
    """

    def __init__(
        self,
        folder: Path,
        office: Office,
        collections: Collections,
        inference: Inference,
        ended: Callable[[str, str], object],
        *,
        kept: float,
        most: int,
        settled: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.files, self.clock, self.settled = Files(folder), clock, settled
        self._office, self._collections, self._inference = office, collections, inference
        self._tell, self._kept, self._most = ended, kept, most
        self._kinds: dict[str, Work] = {}
        self._progress: dict[str, Progress] = {}
        self._stops: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        self._ended = False
        self._transfers = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def does(self, kind: str, work: Work) -> None:
        """Say what is done for a kind of jobs."""
        self._kinds[kind] = work

    async def start(self) -> None:
        """Take up what a service before has left, and begin to work."""
        self._loop = asyncio.get_running_loop()
        for job in await self._office.run(lambda database: record.resume(database, self.clock())):
            self.files.drop(job.id)
        known = {job.id for job in await self._office.run(record.jobs)}
        await anyio.to_thread.run_sync(self.files.tidy, known)
        self._thread = threading.Thread(target=self._work, name="fewpix-jobs", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End; a job that is worked on begins anew with the next start."""
        with self._changed:
            self._ended = True
            for stop in self._stops.values():
                stop.set()
            self._changed.notify_all()
        if self._thread is not None:
            # Not in the thread of the loop, which the job may be waiting for.
            await anyio.to_thread.run_sync(self._thread.join)

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """A place among the files that come or go.

        Raises:
            ProblemError: there is none.
        """
        if self._transfers >= MOST_AT_ONCE:
            raise ProblemError("busy", f"{MOST_AT_ONCE} files come or go now", retry=10)
        self._transfers += 1
        try:
            yield
        finally:
            self._transfers -= 1

    async def check_room(self) -> None:
        """Refuse another job where there are too many.

        Raises:
            ProblemError: there are.
        """
        if await self._office.run(record.waiting) >= self._most:
            raise ProblemError("busy", f"{self._most} jobs wait", fix="come again when one is over", retry=30)

    async def submit(
        self, kind: str, file: Path, *, collection: str, who: str, name: str, options: Mapping[str, Any]
    ) -> Job:
        """Take a job in, with its file, which is moved.

        Raises:
            ProblemError: too many wait.
            StorageError: it cannot be written.
        """
        await self.check_room()
        number = secrets.token_hex(8)
        await anyio.to_thread.run_sync(self.files.take, file, number)

        def note(database: ServiceDatabase) -> Job:
            return record.add(
                *(database, number, kind),
                collection=collection,
                who=who,
                name=name,
                options=options,
                now=self.clock(),
            )

        try:
            job = await self._office.run(note)
        except BaseException:
            self.files.remove(number)
            raise
        with self._changed:
            self._changed.notify_all()
        return job

    def told(self, job: Job) -> dict[str, Any]:
        """A job as JSON values, with how far it is and until when it is kept."""
        progress = self._progress.get(job.id) if job.state == "running" else None
        until = record.told(None if job.finished is None else job.finished + self._kept)
        return {
            **job.to_json(),
            "progress": None if progress is None else progress.to_json(),
            "kept_until": until,
        }

    async def cancel(self, job: Job) -> Job:
        """End a job early; what it has told stays. One that is over stays as it is."""
        if await self._office.run(lambda database: record.cancel_waiting(database, job.id, self.clock())):
            await anyio.to_thread.run_sync(self.files.drop, job.id)
        else:
            with self._changed:
                if job.state in record.OPEN:
                    self._stops.setdefault(job.id, threading.Event()).set()
        return await self._over(job)

    async def delete(self, job: Job) -> None:
        """Delete a job with its file and all that it has told, after it was ended."""
        await self.cancel(job)
        await self._office.run(lambda database: record.remove(database, job, by_hand=True))
        await anyio.to_thread.run_sync(self.files.remove, job.id)

    async def forget(self, collection: str) -> None:
        """Take out of the results who is not in a collection any more; all of them where it is gone.

        Raises:
            ProblemError: the collection cannot be read, or a job does not end.
        """
        if collection not in self._collections.names():
            for job in await self._office.run(lambda database: record.jobs(database, collection=collection)):
                await self.delete(job)
        elif collection in await self._office.run(lines.collections):
            present = await self._collections.desk(collection).run(_present)
            await self._office.run(lambda database: lines.erase(database, collection, present))

    async def _over(self, job: Job) -> Job:
        """The job when it has ended.

        Raises:
            ProblemError: it does not end.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            found = await self._office.run(lambda database: record.find(database, job.id))
            if found is None or found.over:
                self._stops.pop(job.id, None)
                return found or job
            if time.monotonic() > deadline:
                raise ProblemError("busy", "the job has not ended yet", retry=5)
            await anyio.sleep(0.05)

    def _work(self) -> None:
        """The thread of the queue."""
        swept = -_SWEEP_SECONDS
        while not self._ended:
            try:
                if time.monotonic() - swept >= _SWEEP_SECONDS:
                    swept = time.monotonic()
                    self.sweep()
                    self._follow()
                if self._inference.state == "ready":
                    job = self._office.do(lambda database: record.begin(database, self.clock()))
                    if job is not None:
                        self._do(job)
                        continue
            except FewpixError as error:
                log.error("the queue of jobs: %s", error)
            with self._changed:
                if not self._ended:
                    self._changed.wait(_TICK if self._inference.state == "loading" else 1.0)

    def sweep(self) -> None:
        """Delete the jobs whose time is over."""
        end = self.settled() - self._kept
        for job in self._office.do(lambda database: record.expired(database, end)):
            self._office.do(partial(record.remove, job=job))
            self.files.remove(job.id)

    def _follow(self) -> None:
        """Erase whom another program has removed from a collection."""
        assert self._loop is not None
        for collection in self._office.do(lines.collections):
            if collection in self._collections.names():
                try:
                    asyncio.run_coroutine_threadsafe(self.forget(collection), self._loop).result()
                except ProblemError as problem:  # one that is away keeps its names until it is back
                    log.warning("the results about the collection %s: %s", collection, problem)

    def _do(self, job: Job) -> None:
        """Work on a job and note how it ended."""
        assert self._loop is not None
        with self._changed:
            stop = self._stops.setdefault(job.id, threading.Event())
            if self._ended:
                stop.set()
        progress = self._progress[job.id] = Progress()
        outcome, problem = None, None
        try:
            outcome = self._kinds[job.kind](Task(job, self.files.of(job.id), progress, stop, self._loop))
        except Stopped:
            pass
        except ProblemError as error:
            problem = error
        except FewpixError as error:
            log.warning("job %s: %s", job.id, error)
            problem = problem_of(error, {str(self.files.film(job.id)): job.name})
        except Exception:
            log.exception("job %s failed", job.id)
            problem = ProblemError("bug")
        if self._ended:  # it is begun anew with the next start
            self._office.do(lambda database: record.put_back(database, job))
            return
        state: record.State = "failed" if problem else "cancelled" if stop.is_set() else "done"
        why = None
        if problem is not None:
            told = problem.to_json()
            why = {name: told[name] for name in ("code", "detail", "fix")}

        def note(database: ServiceDatabase) -> None:
            record.end(database, job, state, self.clock(), outcome=outcome, problem=why)

        self._surely(note)
        self._tell(job.kind, state)
        if not job.options.get("keep"):
            self.files.drop(job.id)
        self._progress.pop(job.id, None)
        self._stops.pop(job.id, None)

    def _surely(self, note: Callable[[ServiceDatabase], None]) -> None:
        """Note how a job ended, when the disk is full as soon as it no longer is."""
        while True:
            try:
                return self._office.do(note)
            except FewpixError as error:
                if self._ended:  # then the next start finds a job that was not ended
                    raise
                log.error("the end of a job cannot be noted yet: %s", error)
            with self._changed:
                self._changed.wait(_AGAIN)


def _present(gallery: Gallery) -> set[str]:
    return {handle_of(person) for person in gallery.people()}
