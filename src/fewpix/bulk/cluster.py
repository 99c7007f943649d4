"""Parts worked on by a Ray cluster: Ray Data sends each to a worker, and again where the worker dies."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fewpix import __version__, errors
from fewpix.bulk.job import Job, Opened, job_of
from fewpix.bulk.parts import Parts
from fewpix.bulk.source import Pictures, pictures_of
from fewpix.errors import ConfigError, FewpixError, StorageError, UnavailableError
from fewpix.foreign import json_of
from fewpix.optional import require

CLIENT = "ray://"
"""How the address of a cluster begins that this machine is no part of."""

TRIES, WAIT = 3, 2.0
"""How often a worker tries to write a part, and the seconds in between."""


_START_FIX = "start one by `ray start --head`, or say --ray local"
_TOKEN_FIX = (
    "see that it runs, and that this machine has the token which `ray get-auth-token` tells on its first one"
)

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_LOG_LEVEL": "ERROR"}
"""Ray reports nothing to its makers, and its own words stay in its log files; who sets these is heard."""


def each_part(
    address: str,
    job: Job,
    opened: Opened,
    pictures: Pictures,
    parts: Parts,
    due: Sequence[tuple[int, int, int]],
) -> Iterator[int]:
    """Have parts written by the workers of a cluster.

    Args:
        address: "local" starts Ray on this machine, "auto" finds the cluster that it is part of; or
            `HOST:PORT`, or `ray://HOST:PORT` of a cluster elsewhere.
        job: what is done.
        opened: the same, as this process has it.
        pictures: of all parts.
        parts: where they go.
        due: number, first picture and end of each.

    Yields:
        Of each part that is written the number of its pictures.

    Raises:
        UnavailableError: Ray is not installed, or there is no such cluster, or it has no worker.
        FewpixError: what a worker came to.
    """
    on_gpu = job.device.startswith("cuda")
    sent = replace(job, runtime=opened.runtime, device="cuda" if on_gpu else job.device, threads=1)
    common = {
        "version": __version__,
        "job": sent.to_json(),
        "settings": dict(opened.settings),
        "folder": str(parts.folder.resolve()),
        "made": dict(parts.made),
    }
    tasks = [
        {"number": number, "task": json.dumps({**common, "pictures": pictures.part(a, b).to_json()})}
        for number, a, b in due
    ]
    with _connected(address) as ray:
        kind = "GPU" if on_gpu else "CPU"
        workers = min(len(tasks), int(ray.cluster_resources().get(kind, 0)))
        if not workers:
            raise UnavailableError(f"the Ray cluster at {address} has no {kind}", fix="add a node to it")
        for row in (_from_afar if address.startswith(CLIENT) else _rows)(tasks, workers, on_gpu):
            if row["error"]:
                kind, what, fix = json_of(row["error"])
                raise getattr(errors, kind)(what, fix=fix)
            yield int(row["pictures"])


def _rows(tasks: list[dict[str, Any]], workers: int, on_gpu: bool) -> Iterator[dict[str, Any]]:
    """What the workers say of each part, by Ray Data."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.enable_operator_progress_bars = False
    data = ray.data.from_items(tasks, override_num_blocks=len(tasks)).map_batches(
        PartWorker,
        batch_size=None,
        compute=ray.data.ActorPoolStrategy(
            min_size=1, max_size=workers, initial_size=workers, max_tasks_in_flight_per_actor=2
        ),
        num_cpus=1,
        num_gpus=1 if on_gpu else 0,
    )
    yield from data.iter_rows()


class _Dispatcher:
    """`_rows` in a process of the cluster, one at a time."""

    def __init__(self, tasks: list[dict[str, Any]], workers: int, on_gpu: bool) -> None:
        self._rows = _rows(tasks, workers, on_gpu)

    def following(self) -> dict[str, Any] | None:
        """The next row; None after the last."""
        return next(self._rows, None)


def _from_afar(tasks: list[dict[str, Any]], workers: int, on_gpu: bool) -> Iterator[dict[str, Any]]:
    """`_rows` for a process that is no part of the cluster, in which Ray Data does not run."""
    import ray

    remote: Any = ray.remote(num_cpus=0)
    dispatcher = remote(_Dispatcher).remote(tasks, workers, on_gpu)
    while (row := ray.get(dispatcher.following.remote())) is not None:
        yield row


class PartWorker:
    """A worker of the cluster; it loads its models with its first part and keeps them."""

    def __init__(self) -> None:
        self._opened: tuple[str, Opened] | None = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Write the parts of a batch; an error goes back as words, since Ray would wrap it out of reach."""
        rows: dict[str, list[Any]] = {"pictures": [], "error": []}
        for number, task in zip(batch["number"], batch["task"], strict=True):
            done, told = 0, ""
            try:
                done = self._write(int(number), json_of(task))
            except FewpixError as error:
                told = json.dumps([type(error).__name__, error.what, error.fix])
            rows["pictures"].append(done)
            rows["error"].append(told)
        return rows

    def _write(self, number: int, facts: Mapping[str, Any]) -> int:
        """Write a part, unless it is whole: one whose answer was lost with its node is asked for again."""
        pictures, parts = pictures_of(facts["pictures"]), Parts(Path(facts["folder"]), facts["made"])
        if not parts.is_whole(number):
            table = self._open(facts).table(pictures.read())
            for again in reversed(range(TRIES)):
                try:
                    parts.write(number, table)
                    break
                except StorageError:  # a network drive may be away for a moment
                    if not again:
                        raise
                    time.sleep(WAIT)
        return len(pictures)

    def _open(self, facts: Mapping[str, Any]) -> Opened:
        """The job's models, checked to be those of the one who asks."""
        words = json.dumps(facts["job"], sort_keys=True)
        if self._opened is None or self._opened[0] != words:
            node = platform.node()
            if facts["version"] != __version__:
                raise ConfigError(
                    f"{node} has fewpix {__version__}, not {facts['version']}",
                    fix="install the same version everywhere",
                )
            import cv2

            cv2.setNumThreads(1)
            opened = job_of(facts["job"]).open()
            settings = json_of(json.dumps(dict(opened.settings)))
            differ = [key for key, value in facts["settings"].items() if settings.get(key) != value]
            if differ:
                raise ConfigError(
                    f"{node} would do it in another way: {', '.join(differ)}",
                    fix="give every machine the same models and the same gallery",
                )
            self._opened = (words, opened)
        return self._opened[1]


def _has_token() -> bool:
    """Whether this user has a token for Ray clusters, as `ray get-auth-token` makes one."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        return True
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    return (Path(named) if named else Path.home() / ".ray" / "auth_token").is_file()


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster; a connection that was there before is used, and stays."""
    require("ray", use="--ray")
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if address not in ("local", "auto") and _has_token():
        # Ray sends it to an address only if it is told to; a cluster that asks for none passes over it.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    import ray

    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # of a node that does not start in time Ray raises no class of its own
        raise UnavailableError(
            f"there is no Ray cluster at {address}: {' '.join(str(error).split())[:200]}",
            fix=_TOKEN_FIX if address.startswith(CLIENT) else _START_FIX,
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()
