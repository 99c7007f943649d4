"""From uploads to faces: what the operations on pictures share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from starlette.requests import Request

from fewpix.errors import InputError
from fewpix.identify.faces import AlignedFace, EmbeddedFace, embed_faces, find_faces
from fewpix.identify.pipeline import points_json
from fewpix.serve.changes import access_of
from fewpix.serve.inference import Sight
from fewpix.serve.problems import ProblemError, problem_of
from fewpix.serve.service import Service, service_of
from fewpix.serve.settings import Limits
from fewpix.serve.uploads import Upload, declared_size, decoded, pixels_of, read_uploads

OF_A_PICTURE = frozenset(("too-many-bytes", "too-many-pixels", "too-many-faces"))
"""Problems that are one picture's, and do not stop the others."""


@dataclass(frozen=True)
class Sent:
    """A request that has its place, with what it brought.

    Args:
        service: that it came to.
        sight: the models.
        uploads: its pictures.
    """

    service: Service
    sight: Sight
    uploads: Sequence[Upload]


@asynccontextmanager
async def sent(request: Request) -> AsyncIterator[Sent]:
    """Let a request in and read its pictures; it keeps its place for as long as the block runs.

    Raises:
        ProblemError: the models are not ready, there is no place, or the body is not taken.
    """
    service = service_of(request)
    sight, limits = service.inference.sight, service.settings.limits
    async with service.inference.place(access_of(request).client, declared_size(request, limits)):
        yield Sent(service, sight, await read_uploads(request, limits))


@dataclass(frozen=True, eq=False)
class Looked:
    """A picture that was looked at.

    Args:
        file: its name.
        width: in pixels.
        height: in pixels.
        faces: cut out, in the detector's order.
        embedded: the same faces embedded, where that was asked for.
        problem: why it could not be looked at.
    """

    file: str
    width: int = 0
    height: int = 0
    faces: Sequence[AlignedFace] = ()
    embedded: Sequence[EmbeddedFace] = field(default=())
    problem: ProblemError | None = None

    def to_json(self, faces: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The picture with what is told of its faces."""
        if self.problem is not None:
            return {"file": self.file, "problem": refused_json(self.file, None, self.problem)}
        return {"file": self.file, "width": self.width, "height": self.height, "faces": list(faces)}


def look(
    uploads: Sequence[Upload], sight: Sight, limits: Limits, *, crops: bool, embed: bool
) -> list[Looked]:
    """Find the faces of pictures, in a thread; those of all pictures are embedded together.

    A picture that cannot be looked at does not stop the others; a single one is the error of the request.

    Raises:
        ProblemError: the only picture cannot be looked at, or the time is over.
    """
    if crops:
        check_crops(uploads, limits)
    looked = [_look(upload, sight, limits, crops=crops) for upload in uploads]
    if len(looked) == 1 and looked[0].problem is not None:
        raise looked[0].problem
    if not embed:
        return looked
    faces = embed_faces([face for each in looked for face in each.faces])
    out, start = [], 0
    for each in looked:
        end = start + len(each.faces)
        out.append(Looked(each.file, each.width, each.height, each.faces, faces[start:end], each.problem))
        start = end
    return out


def check_crops(uploads: Sequence[Upload], limits: Limits) -> None:
    """Refuse crops that are too many pixels together, since they are held in memory together.

    Raises:
        ProblemError: they are.
    """
    if sum(pixels_of(upload, limits) for upload in uploads) > limits.pixels:
        raise ProblemError("too-many-pixels", f"the crops have more than {limits.pixels} pixels together")


def _look(upload: Upload, sight: Sight, limits: Limits, *, crops: bool) -> Looked:
    try:
        image = decoded(upload, limits)
        faces, _ = find_faces(image, None if crops else sight.detector, sight.encoder, upload.name)
    except InputError as error:
        return Looked(upload.name, problem=problem_of(error))
    except ProblemError as problem:
        if problem.code not in OF_A_PICTURE:
            raise
        return Looked(upload.name, problem=problem)
    return Looked(upload.name, image.shape[1], image.shape[0], faces)


def face_json(face: AlignedFace | EmbeddedFace) -> dict[str, Any]:
    """Where a face is, how large and how good: boxes to a hundredth."""
    return {
        "box": [round(value, 2) for value in face.box],
        "points": points_json(face.points),
        "pixels": round(face.pixels, 2),
        **face.quality.to_json(),
    }


def vector_json(face: EmbeddedFace, *, packed: bool) -> list[float] | str:
    """An embedding as numbers, or as little-endian float32 in base64."""
    if not packed:
        return [float(value) for value in face.embedding]
    import base64

    return base64.b64encode(np.asarray(face.embedding, dtype="<f4").tobytes()).decode()


def refused_json(file: str, person: str | None, problem: ProblemError) -> dict[str, Any]:
    """A picture that was refused, with the reason."""
    fix = problem.fix or problem.kind.remedy
    detail = problem.detail or problem.kind.title
    return {"file": file, "person": person, "code": problem.code, "detail": detail, "fix": fix}
