"""What the service tells, as the client gives it; fields as in docs/api.md."""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx2

from fewpix.errors import FewpixError, InputError

File: TypeAlias = str | os.PathLike[str] | bytes
"""A picture: the path of a file, or its bytes."""

JSON: TypeAlias = dict[str, Any]


class ServiceError(FewpixError):
    """What the service refused: `code`, `status`, `request_id`, and `answer` with everything."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(str(answer.get("detail", "the service failed")), fix=str(answer.get("fix", "")))
        self.code, self.status = str(answer.get("code", "")), int(answer.get("status", 0))
        self.request_id, self.answer = str(answer.get("request_id", "")), dict(answer)


@dataclass(frozen=True)
class Person:
    """Somebody enrolled; fields as in docs/api.md."""

    id: str
    name: str
    photos: int
    created: str


@dataclass(frozen=True)
class Photo:
    """A photo of somebody; fields as in docs/api.md."""

    id: str
    source: str
    created: str
    quality: float | None
    kept: bool


@dataclass(frozen=True)
class Face:
    """A face of a picture; fields as in docs/api.md, empty where they were not asked for.

    `embedding` is of length 1, and `answer` all that the service told.
    """

    box: tuple[float, float, float, float]
    pixels: float
    quality: float
    decision: str | None
    verdict: str
    reason: str
    candidates: tuple[Mapping[str, Any], ...]
    embedding: tuple[float, ...]
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """A picture with its faces, or the problem that it was."""

    file: str
    faces: tuple[Face, ...]
    problem: Mapping[str, Any] | None


def files_of(files: Sequence[File]) -> list[tuple[str, bytes]]:
    """What is sent: names and bytes. An InputError names a file that cannot be read."""
    found = []
    for n, file in enumerate(files, 1):
        try:
            found.append(
                (f"{n}", file) if isinstance(file, bytes) else (Path(file).name, Path(file).read_bytes())
            )
        except OSError as error:
            raise InputError(f"cannot read {file!s}: {error.strerror}", fix="check the path") from error
    return found


def error_of(answer: httpx2.Response) -> ServiceError:
    """What an answer that is no success says."""
    kind = answer.headers.get("content-type", "")
    told = answer.json() if kind == "application/problem+json" else {}
    return ServiceError({"status": answer.status_code, **told})


def pictures_of(answer: JSON) -> list[Picture]:
    """The pictures of an answer."""
    return [
        Picture(each["file"], tuple(map(_face, each.get("faces", ()))), each.get("problem"))
        for each in answer["pictures"]
    ]


def _face(told: JSON) -> Face:
    data = base64.b64decode(told.get("embedding", ""))
    return Face(
        tuple(told["box"]),
        *(told["pixels"], told["quality"], told.get("decision"), told.get("verdict", "")),
        *(told.get("reason") or "", tuple(told.get("candidates", ()))),
        struct.unpack(f"<{len(data) // 4}f", data),
        told,
    )


@dataclass(frozen=True)
class Event:
    """A face that was followed by a camera, or in a film: `camera` is empty then.

    `answer` is all that the service told; `sequence` is where `Client.follow` goes on after this event.
    """

    id: str
    sequence: int
    camera: str
    stage: str
    start: str
    end: str
    verdict: str | None
    decision: str | None
    crops: int
    answer: Mapping[str, Any]

    @classmethod
    def of(cls, told: JSON) -> Event:
        """From an answer of the service."""
        own = ("id", "sequence", "camera", "stage", "start", "end", "verdict", "decision", "crops")
        return cls(**{name: told[name] for name in own}, answer=told)


@dataclass(frozen=True)
class Group:
    """Somebody unknown who was seen, by `cameras` and in the `films` of jobs.

    `crops` are the best kept sights, for `Client.crop`; `first` and `last` are None where no event is kept.
    """

    id: str
    ignored: bool
    sightings: int
    first: str | None
    last: str | None
    cameras: tuple[str, ...]
    films: tuple[str, ...]
    crops: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, told: JSON) -> Group:
        """From an answer of the service."""
        own = {name: told[name] for name in ("id", "ignored", "sightings", "first", "last")}
        crops = tuple((each["event"], each["number"]) for each in told["crops"])
        return cls(**own, cameras=tuple(told["cameras"]), films=tuple(told["films"]), crops=crops)
