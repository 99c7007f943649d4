"""Photos of a request into a collection: looked at in a thread, written at the collection's desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fewpix.errors import ConfigError, InputError
from fewpix.gallery.names import person_name
from fewpix.gallery.store import Gallery
from fewpix.identify.enrol import BATCH, Prepared, prepare, store
from fewpix.identify.enrolled import Enrolled, Photo, Refused
from fewpix.image.mark import bears_mark
from fewpix.serve.changes import Done
from fewpix.serve.desk import Desk
from fewpix.serve.handles import handle, handle_of, person_of
from fewpix.serve.looking import OF_A_PICTURE, Sent, check_crops, refused_json
from fewpix.serve.problems import ProblemError, problem_of
from fewpix.serve.undo import Undoable
from fewpix.serve.uploads import Upload, decoded, pixels_of

LATE = "too-late"


@dataclass(frozen=True)
class Options:
    """How photos are taken.

    Args:
        keep: keep the faces' pixels.
        largest: of several faces take the largest.
        accept_poor: take faces that would be refused, with a warning.
        crops: the pictures are aligned crops.
    """

    keep: bool
    largest: bool
    accept_poor: bool
    crops: bool


@dataclass(frozen=True)
class _Refused:
    """A photo that was not taken."""

    file: str
    person: str | None
    problem: ProblemError


class Enrolling:
    """The enrolment of one request.

    Args:
        sent: the request.
        desk: of the collection.
        options: how photos are taken.
        name: whom all of them show; None: each upload's folder says.
        person: handle of somebody who is there, whose name is looked up again when a photo is written.

    Raises:
        ConfigError: the name cannot be stored.
    """

    def __init__(
        self, sent: Sent, desk: Desk, options: Options, *, name: str | None, person: str | None
    ) -> None:
        self._sent, self._desk, self._options, self._person = sent, desk, options, person
        self._name = None if name is None else name if person is not None else person_name(name)
        self._refused: list[_Refused] = []
        self._enrolled: list[dict[str, Any]] = []
        self._new: dict[str, list[int]] = {}
        if options.crops:
            check_crops(sent.uploads, sent.service.settings.limits)

    @property
    def names(self) -> list[str]:
        """Of whom there may be photos."""
        if self._name is not None:
            return [self._name]
        return [each.folder for each in self._sent.uploads if _fault(each.folder) is None]

    async def run(self, last: Undoable | None) -> Done:
        """Enrol all photos, a few at a time; when the time is over, the rest is refused.

        Raises:
            ProblemError: none was enrolled.
        """
        over: ProblemError | None = None
        for some in self._portions():
            if over is None:
                try:
                    await self._portion(some)
                except ProblemError as problem:
                    if problem.code != LATE or not self._enrolled:
                        raise
                    over = problem
                    done = {each["file"] for each in self._enrolled} | {each.file for each in self._refused}
                    some = [each for each in some if each.name not in done]
            if over is not None:
                self._refused += [_Refused(each.name, self._whose(each), over) for each in some]
        return self._done(last)

    def _portions(self) -> Iterator[list[Upload]]:
        """As many photos as are embedded together, and as may be in memory together."""
        limits = self._sent.service.settings.limits
        some: list[Upload] = []
        pixels = 0
        for upload in self._sent.uploads:
            try:
                here = pixels_of(upload, limits)
            except ProblemError as problem:
                self._refused.append(_Refused(upload.name, self._whose(upload), problem))
                continue
            if some and (len(some) == BATCH or pixels + here > limits.pixels):
                yield some
                some, pixels = [], 0
            some.append(upload)
            pixels += here
        if some:
            yield some

    async def _portion(self, uploads: Sequence[Upload]) -> None:
        ready = await self._sent.service.inference.run(self._prepared, uploads)
        told = await self._desk.run(lambda gallery: self._stored(gallery, ready))
        self._sent.service.metrics.faces.labels("enrolled").inc(len(told))
        self._enrolled += told

    def _prepared(self, uploads: Sequence[Upload]) -> list[Prepared]:
        """Look at photos and embed their faces, in a thread."""
        limits = self._sent.service.settings.limits
        photos: list[Photo] = []
        for upload in uploads:
            name = self._whose(upload)
            fault = None if self._name is not None else _fault(upload.folder)
            try:
                if fault is not None:
                    raise fault
                if bears_mark(upload.data):
                    raise InputError("it was drawn by fewpix", fix="enrol the photograph itself")
                photos.append(Photo(Path(upload.name), name or "", decoded(upload, limits)))
            except (InputError, ConfigError) as error:
                self._refused.append(_Refused(upload.name, name, problem_of(error)))
        ready: list[Prepared] = []
        try:
            ready, refused = self._looked(photos)
        except ProblemError as problem:
            if problem.code not in OF_A_PICTURE:
                raise
            refused = []
            for photo in photos:  # one at a time, to know whose it is
                try:
                    one, others = self._looked([photo])
                    ready, refused = ready + one, refused + others
                except ProblemError as alone:
                    if alone.code not in OF_A_PICTURE:
                        raise
                    self._refused.append(_Refused(str(photo.path), photo.name, alone))
        self._refused += [_Refused(each.path, each.name, problem_of(each.error)) for each in refused]
        return ready

    def _looked(self, photos: Sequence[Photo]) -> tuple[list[Prepared], list[Refused]]:
        options, sight = self._options, self._sent.sight
        return prepare(
            photos,
            detector=None if options.crops else sight.detector,
            encoder=sight.encoder,
            largest=options.largest,
            keep=options.keep,
            accept_poor=options.accept_poor,
        )

    def _stored(self, gallery: Gallery, ready: Sequence[Prepared]) -> list[dict[str, Any]]:
        """Write photos, at the desk."""
        if self._person is not None:
            name = person_of(gallery, self._person).name
            ready = [replace(each, photo=replace(each.photo, name=name)) for each in ready]
        enrolled = store(ready, gallery, self._desk.resemblance(self._sent.sight))
        for each in enrolled:
            if each.new:
                self._new.setdefault(each.name, []).append(each.face)
        return [_told(gallery, each) for each in enrolled]

    def _whose(self, upload: Upload) -> str | None:
        return self._name if self._name is not None else upload.folder or None

    def _done(self, last: Undoable | None) -> Done:
        if not self._enrolled:
            if len(self._refused) == 1:
                raise self._refused[0].problem
            raise ProblemError("all-refused", refused=[self._json(each) for each in self._refused])
        body = {"enrolled": self._enrolled, "refused": [self._json(each) for each in self._refused]}
        new = sum(map(len, self._new.values()))
        counts = {"photos": new, "refused": len(self._refused)}
        reverse = Undoable("enrol", "", self._new) if new else last
        return Done(body, 201 if new else 200, counts, reverse)

    @staticmethod
    def _json(each: _Refused) -> dict[str, Any]:
        return refused_json(each.file, each.person, each.problem)


def _fault(folder: str) -> ConfigError | InputError | None:
    """What is wrong with a folder's name as a person's."""
    if not folder:
        return InputError("nobody is named", fix="give `name`, or call the file PERSON/FILE")
    try:
        person_name(folder)
    except ConfigError as error:
        return error
    return None


def _told(gallery: Gallery, each: Enrolled) -> dict[str, Any]:
    (person,) = gallery.people(name=each.name)
    ((created,),) = gallery.database.select("SELECT created FROM faces WHERE id = ?", each.face)
    return {
        "file": each.path,
        "person": each.name,
        "person_id": handle_of(person),
        "id": handle(each.face, created),
        "new": each.new,
        "pixels": round(each.pixels, 2),
        **each.quality.to_json(),
        "warnings": list(each.warnings),
        "matched_px": list(each.matched),
    }
