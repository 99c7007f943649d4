"""A service, and the one way in which it is asked."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from fewpix.client.cameras import Camera, followed
from fewpix.client.collection import Collection
from fewpix.client.jobs import Job, body_of, save
from fewpix.client.records import (
    JSON,
    Event,
    File,
    Picture,
    ServiceError,
    error_of,
    files_of,
    pictures_of,
)

LONGEST_WAIT = 30.0


class Client:
    """A service.

    Args:
        address: such as `http://127.0.0.1:8737`.
        key: of `fewpix keys`; empty for none.
        timeout: seconds that an answer may take.
        tries: how often a request is sent while the service is busy, or does not answer.
        http: what sends requests, in place of one that is made for `address`.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8737",
        key: str = "",
        *,
        timeout: float = 90.0,
        tries: int = 5,
        http: httpx2.Client | None = None,
    ) -> None:
        self._http = httpx2.Client(base_url=address, timeout=timeout) if http is None else http
        self._head = {"Authorization": f"Bearer {key}"} if key else {}
        self._tries = tries

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        files: Sequence[tuple[str, bytes]] = (),
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> JSON:
        """Any operation that answers JSON; a change has an idempotency key, so that it may be sent again.

        A file as `body` is sent as it is read.

        A ServiceError tells that the service refused, or stayed busy; an httpx2.HTTPError that it is gone.
        """
        return dict(self._answer(method, path, files, json, headers, options, body).json())

    def read(self, path: str, **options: Any) -> bytes:
        """Any operation that gives a file, such as a picture; errors as `call`."""
        return self._answer("GET", path, (), None, None, options).content

    def pages(self, path: str, what: str, **options: Any) -> Iterator[JSON]:
        """All items of a list that comes in pages."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, cursor=cursor, limit=1000, **options)
            yield from page[what]
            cursor = page["next"]
            if cursor is None:
                return

    def _answer(
        self,
        method: str,
        path: str,
        files: Sequence[tuple[str, bytes]],
        json: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        options: Mapping[str, Any],
        body: str | os.PathLike[str] | None = None,
    ) -> httpx2.Response:
        head = {**self._head, **(headers or {})}
        if body is not None:
            head["Content-Type"] = "application/octet-stream"
        if method != "GET":
            head.setdefault("Idempotency-Key", uuid.uuid4().hex)
        more: dict[str, Any] = {
            "params": {name: value for name, value in options.items() if value is not None},
            "files": [("picture", file) for file in files] or None,
            "json": json,
        }
        for left in reversed(range(max(1, self._tries))):
            try:
                with body_of(body) as content:
                    answer = self._http.request(method, f"/v1{path}", headers=head, content=content, **more)
            except httpx2.TransportError:
                if not left:
                    raise
                time.sleep(0.5)
                continue
            if answer.is_success:
                return answer
            error = error_of(answer)
            if (answer.status_code not in (429, 503) and error.code != "idempotency-busy") or not left:
                raise error
            time.sleep(min(LONGEST_WAIT, float(answer.headers.get("retry-after", 1))))
        raise AssertionError

    def ready(self) -> bool:
        """Whether pictures can be looked at."""
        return self._http.get("/v1/ready", headers=self._head).is_success

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until pictures can be looked at; a ServiceError where they cannot, in this time."""
        until = time.monotonic() + seconds
        while not self.ready():
            if time.monotonic() > until:
                raise ServiceError({"code": "not-ready", "status": 503, "detail": "the service is not ready"})
            time.sleep(0.2)

    def collections(self) -> list[str]:
        """The names of all collections."""
        return list(self.call("GET", "/collections")["collections"])

    def create(self, name: str) -> Collection:
        """Make an empty collection."""
        self.call("POST", "/collections", json={"name": name})
        return Collection(self, name)

    def collection(self, name: str) -> Collection:
        """A collection, which must be there when it is used."""
        return Collection(self, name)

    def jobs(self) -> Iterator[Job]:
        """The jobs of the key, the newest first."""
        return (Job(self, each["id"]) for each in self.pages("/jobs", "jobs"))

    def job(self, job: str) -> Job:
        """A job, which must be there when it is used."""
        return Job(self, job)

    def save(self, path: str, target: str | os.PathLike[str], **options: Any) -> None:
        """Any operation that gives a file, into a file: see `fewpix.client.jobs.save`."""
        save(self._http, path, Path(target), self._head, options)

    def cameras(self) -> list[Camera]:
        """All cameras by name."""
        return [Camera(self, each["name"]) for each in self.call("GET", "/cameras")["cameras"]]

    def camera(self, name: str) -> Camera:
        """A camera, which must be there when it is used."""
        return Camera(self, name)

    def add_camera(self, name: str, collection: str, address: str | None = None, **options: Any) -> Camera:
        """Add a camera and follow it; options as `fpir`, `store_crops`, `retention_days`, `adapt`.

        Args:
            name: small letters, digits, - and _.
            collection: whose people are looked for.
            address: of a stream, a device's number, or a file; None: frames are sent by `Camera.push`.
            options: as docs/api.md has them.
        """
        body = {"name": name, "collection": collection, "address": address, **options}
        self.call("POST", "/cameras", json=body)
        return Camera(self, name)

    def events(self, **wanted: Any) -> Iterator[Event]:
        """Events, the ones that began last first, by `camera`, `job`, `person`, `group`, ..."""
        return map(Event.of, self.pages("/events", "events", **wanted))

    def follow(self, after: int | None = None, camera: str | None = None) -> Iterator[Event]:
        """Events as they happen, for ever: see `fewpix.client.cameras.followed`."""
        return followed(self._http, self._head, after, camera)

    def crop(self, event: str, number: int = 0) -> bytes:
        """A kept sight of an event, as PNG, the best first."""
        return self.read(f"/events/{event}/crops/{number}")

    def deny(self, event: str) -> JSON:
        """Say that a face is not whom its event names; `correction` is for `Review.take_back`."""
        return self.call("POST", f"/events/{event}/deny")

    def delete_event(self, event: str) -> None:
        """Delete an event with its crops."""
        self.call("DELETE", f"/events/{event}")

    def detect(self, pictures: Sequence[File]) -> list[Picture]:
        """The faces of pictures."""
        return pictures_of(self.call("POST", "/detect", files=files_of(pictures)))

    def embed(self, pictures: Sequence[File], *, crops: bool = False) -> list[Picture]:
        """The faces of pictures, or aligned crops, embedded."""
        return pictures_of(
            self.call("POST", "/embed", files=files_of(pictures), crops=crops, format="base64")
        )

    def verify(self, first: File, second: File, *, fmr: float | None = None, crops: bool = False) -> JSON:
        """Whether two pictures show one person: `decision`, `score`, `fmr`, `reason`."""
        return self.call("POST", "/verify", files=files_of([first, second]), fmr=fmr, crops=crops)
