"""Films on their way through a service, and files that are too large to be held."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import httpx2

from fewpix.client.records import JSON, ServiceError, error_of
from fewpix.errors import InputError, StorageError

if TYPE_CHECKING:
    from fewpix.client.service import Client

AGAIN = 1.0
"""Seconds until a job is asked again."""


class Job:
    """A film that a service looks at; made by `Collection.send_film` or `Client.job`."""

    def __init__(self, client: Client, job: str) -> None:
        self._call, self.id = client.call, job
        self._place = f"/jobs/{job}"

    def state(self) -> JSON:
        """Where it is: `state`, `progress` with `share` and `eta`, `outcome`, `problem`."""
        return self._call("GET", self._place)

    def wait(self, seconds: float = float("inf")) -> JSON:
        """Wait until it has ended; its state. A ServiceError: it failed, or has not ended in this time."""
        until = time.monotonic() + seconds
        while (found := self.state())["state"] in ("waiting", "running"):
            if time.monotonic() > until:
                raise ServiceError({"code": "too-late", "detail": f"the job {self.id} has not ended"})
            time.sleep(AGAIN)
        if found["state"] == "failed":
            raise ServiceError(found["problem"])
        return found

    def lines(self) -> Iterator[JSON]:
        """What it tells, as `fewpix identify FILM --json` does, from the first line until it has ended.

        Where the service is started anew meanwhile, it tells all lines again.
        """
        cursor: str | None = None
        while True:
            page = self._call("GET", f"{self._place}/result", cursor=cursor, limit=1000)
            yield from page["lines"]
            cursor = page["next"]
            if cursor is None:
                return
            if not page["lines"]:
                time.sleep(AGAIN)

    def cancel(self) -> JSON:
        """End it early; what it has told stays."""
        return self._call("POST", f"{self._place}/cancel")

    def delete(self) -> None:
        """Delete it with its film and its result."""
        self._call("DELETE", self._place)


@contextmanager
def body_of(file: str | os.PathLike[str] | None) -> Iterator[BinaryIO | None]:
    """A file that is sent as it is read; None for none. An InputError where it cannot be read."""
    with ExitStack() as stack:
        try:
            body = None if file is None else stack.enter_context(Path(file).open("rb"))
        except OSError as error:
            raise InputError(f"cannot read {file!s}: {error.strerror}", fix="check the path") from error
        yield body


def save(http: httpx2.Client, path: str, target: Path, head: Mapping[str, str], options: JSON) -> None:
    """Write what a GET gives into a file, whole or not at all.

    Raises:
        ServiceError: the service refuses.
        StorageError: the file cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    wanted: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    try:
        with http.stream("GET", f"/v1{path}", headers=dict(head), params=wanted) as answer:
            if not answer.is_success:
                answer.read()
                raise error_of(answer)
            with part.open("wb") as file:
                for some in answer.iter_bytes():
                    file.write(some)
        part.replace(target)
    except OSError as error:
        raise StorageError(f"cannot write {target}: {error.strerror}", fix="choose another path") from error
    finally:
        part.unlink(missing_ok=True)
