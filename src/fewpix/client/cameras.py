"""Cameras of a service, and events as they happen."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx2

from fewpix.client.records import JSON, Event, File, error_of, files_of
from fewpix.foreign import json_of

if TYPE_CHECKING:
    from fewpix.client.service import Client

SILENCE = 60.0
"""Seconds without a word after which a stream of events is given up and asked for anew."""

AGAIN = 2.0
"""Seconds until then."""


class Camera:
    """A camera of a service; made by `Client.camera` or `Client.add_camera`."""

    def __init__(self, client: Client, name: str) -> None:
        self._client, self.name = client, name
        self._place = f"/cameras/{name}"

    def state(self) -> JSON:
        """What it was told and what it does: `state`, `why`, `frames_per_second`, `adaptation`."""
        return self._client.call("GET", self._place)

    def change(self, **options: Any) -> JSON:
        """Tell it something else; what is not given stays."""
        return self._client.call("PATCH", self._place, json=options)

    def start(self) -> JSON:
        """Follow it."""
        return self._client.call("POST", f"{self._place}/start")

    def stop(self) -> JSON:
        """Follow it no longer."""
        return self._client.call("POST", f"{self._place}/stop")

    def push(self, frame: File) -> JSON:
        """Send a frame to a camera without an address."""
        return self._client.call("POST", f"{self._place}/frames", files=files_of([frame]))

    def frame(self, *, boxes: bool = True) -> bytes:
        """The frame that was looked at last, as JPEG."""
        return self._client.read(f"{self._place}/frame", boxes=boxes)

    def adapt(self) -> JSON:
        """Estimate its state now; `guard` refuses where the faces do not do."""
        return self._client.call("POST", f"{self._place}/adapt")

    def adapt_to(self, pictures: Sequence[File], *, crops: bool = False) -> JSON:
        """Estimate its state from pictures, such as frames that it took; as `adapt`."""
        return self._client.call("POST", f"{self._place}/state", files=files_of(pictures), crops=crops)

    def put(self, state: File) -> JSON:
        """Put in a state that `learned` or `fewpix adapt` gave."""
        return self._client.call("PUT", f"{self._place}/state", files=files_of([state]))

    def reset(self) -> JSON:
        """Forget what it has learned."""
        return self._client.call("POST", f"{self._place}/reset")

    def learned(self) -> bytes:
        """Its state, as the file that `fewpix adapt` writes."""
        return self._client.read(f"{self._place}/state")

    def delete(self) -> JSON:
        """Delete it with its events and its state."""
        return self._client.call("DELETE", self._place)


def followed(
    http: httpx2.Client, head: Mapping[str, str], after: int | None, camera: str | None
) -> Iterator[Event]:
    """Events as they happen; where the connection breaks, it is made again, and nothing is missed.

    Args:
        http: sends requests.
        head: headers of each.
        after: `sequence` of the last event that is known; None for what changes from now on.
        camera: of this one only.

    Raises:
        ServiceError: the service refuses.
    """
    wanted = {"camera": camera} if camera is not None else {}
    while True:
        more = {} if after is None else {"Last-Event-ID": str(after)}
        try:
            with http.stream(
                "GET", "/v1/events/stream", headers={**head, **more}, params=wanted, timeout=SILENCE
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    raise error_of(answer)
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        event = Event.of(json_of(line.removeprefix("data: ")))
                        yield event
                        after = event.sequence
        except httpx2.TransportError:
            pass
        time.sleep(AGAIN)
