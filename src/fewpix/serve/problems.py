"""Every error that the service answers with, in one table, from which docs/api.md is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fewpix.errors import (
    ConfigError,
    FewpixError,
    GuardError,
    ImageError,
    InputError,
    NoFaceError,
    SpaceError,
    StorageError,
    UnavailableError,
    WeightsError,
)

MEDIA = "application/problem+json"
URN = "urn:fewpix:problem:"


@dataclass(frozen=True)
class Kind:
    """A kind of error.

    Args:
        status: of HTTP.
        title: what it is, the same every time.
        remedy: what a program should do.
    """

    status: int
    title: str
    remedy: str


KINDS: dict[str, Kind] = {
    "invalid": Kind(422, "A value of the request is missing or out of range", "mend what `errors` names"),
    "body": Kind(400, "The body cannot be read", "send what the operation takes"),
    "no-route": Kind(404, "There is no such address", "compare it with the OpenAPI text"),
    "method": Kind(405, "The address does not take this method", "use one that `Allow` names"),
    "media-type": Kind(415, "The body is of a type that is not taken", "send multipart/form-data or image/*"),
    "no-key": Kind(401, "No key was given, or one that is not valid", "send `Authorization: Bearer KEY`"),
    "scope": Kind(403, "The key may not do this", "use a key of the scope that `needs` names"),
    "local-only": Kind(
        403, "Without keys the service answers this machine only", "make a key: `fewpix keys add`"
    ),
    "cross-site": Kind(403, "Another site's page asks", "call the service from its own page or a program"),
    "no-collection": Kind(404, "There is no such collection", "list the collections"),
    "no-person": Kind(404, "There is no such person in the collection", "list the people again"),
    "no-photo": Kind(404, "The person has no such photo", "list the photos again"),
    "no-picture": Kind(404, "The pixels of this photo were not kept", "enrol with keep=true"),
    "no-camera": Kind(404, "There is no such camera", "list the cameras"),
    "no-event": Kind(404, "There is no such event, or no longer", "list the events again"),
    "no-crop": Kind(404, "This sight of the event is not kept", "add the camera with store_crops=true"),
    "no-group": Kind(404, "There is no such group, or no longer", "list the groups again"),
    "no-correction": Kind(404, "There is no such correction", "list the corrections"),
    "no-frame": Kind(404, "No frame of the camera was looked at yet", "look at its state"),
    "no-state": Kind(404, "The camera has learned no state", "see `adaptation` of the camera"),
    "no-job": Kind(404, "There is no such job, or it is another key's", "list the jobs again"),
    "no-calibration": Kind(404, "The job has made no calibration", "wait until it is done"),
    "no-film": Kind(404, "The film of this job was not kept", "send it with keep=true"),
    "no-webhook": Kind(404, "There is no such webhook", "list the webhooks"),
    "no-such-key": Kind(404, "There is no such key", "list the keys"),
    "exists": Kind(409, "There is one of this name already", "use it, or choose another name"),
    "fixed-collection": Kind(409, "The collection lies elsewhere", "delete it where it lies"),
    "not-running": Kind(409, "The camera is not followed now", "start it"),
    "reads-itself": Kind(409, "The camera reads its frames from its address", "add one without an address"),
    "not-learning": Kind(409, "The camera learns no state", "change it to adapt=true, and read its `why`"),
    "not-named": Kind(409, "The event names nobody, or not yet", "read its `decision`"),
    "no-template": Kind(
        409,
        "The template of this event is not kept",
        "change the camera to store_templates=true; events from then on have one",
    ),
    "no-crops": Kind(
        409,
        "No sight of this group is kept, of which a photo could be made",
        "change its cameras to store_crops=true, and wait until they see them again",
    ),
    "last-photo": Kind(409, "A person has at least one photo", "delete the person"),
    "nothing-to-undo": Kind(409, "There is no change that can be taken back", "nothing"),
    "space": Kind(409, "The collection is of another model", "use the service with that model"),
    "guard": Kind(409, "The adaptation guard refuses", "read the reason"),
    "changed": Kind(412, "It is not as it was when it was read", "read it again"),
    "idempotency-key": Kind(400, "The idempotency key is not valid", "1 to 200 visible ASCII characters"),
    "idempotency-mismatch": Kind(
        422, "The idempotency key was used for another request", "use a new key for a new request"
    ),
    "idempotency-busy": Kind(409, "A request with this idempotency key is at work", "come again later"),
    "cursor": Kind(422, "The cursor is not one of this list", "begin the list anew"),
    "too-many-bytes": Kind(413, "The body, or a picture in it, is too large", "send less"),
    "too-many-pictures": Kind(413, "There are too many pictures in the request", "send several requests"),
    "too-many-pixels": Kind(413, "A picture has too many pixels", "shrink or cut it"),
    "too-many-faces": Kind(422, "A picture holds too many faces", "cut it into parts"),
    "too-late": Kind(503, "The time for this request is over", "come again after Retry-After, with less"),
    "busy": Kind(503, "The service has as much to do as it takes on", "come again after Retry-After"),
    "too-many-requests": Kind(
        429, "This client has as many requests inside as it may", "come again after Retry-After"
    ),
    "not-ready": Kind(503, "The models are being loaded, or could not be", "ask /v1/ready"),
    "all-refused": Kind(422, "None of the photos was enrolled", "see `refused`"),
    "input": Kind(422, "What was sent is not what the operation needs", "read `detail` and `fix`"),
    "picture": Kind(422, "A picture cannot be read", "send JPEG or PNG"),
    "no-face": Kind(422, "A picture holds no face", "send another picture"),
    "setting": Kind(422, "A setting or name is unknown or out of range", "read `detail` and `fix`"),
    "model": Kind(500, "A model is damaged or failed", "look at the service's log"),
    "unavailable": Kind(503, "Something that was asked for is not here", "look at the service's log"),
    "storage": Kind(507, "Writing failed; what was there is still there", "free space, then repeat"),
    "error": Kind(500, "The operation failed", "look at the service's log"),
    "bug": Kind(500, "The service has a mistake", "report it with the request's id"),
}
"""Code → what it is. The codes are part of the interface: programs test for them."""

OF_ERRORS: dict[type[FewpixError], str] = {
    FewpixError: "error",
    InputError: "input",
    ImageError: "picture",
    NoFaceError: "no-face",
    ConfigError: "setting",
    WeightsError: "model",
    SpaceError: "space",
    GuardError: "guard",
    UnavailableError: "unavailable",
    StorageError: "storage",
}
"""Error of the library → code. Each has the status that its class states."""

_OPTION = re.compile(r"--([a-z][a-z-]*)")


class ProblemError(Exception):
    """An answer that is an error.

    Args:
        code: one of `KINDS`.
        detail: what happened this time.
        fix: what helps this time.
        retry: seconds after which to come again; None where that is not known to help.
        more: further members of the answer, as JSON values.
    """

    def __init__(
        self, code: str, detail: str = "", *, fix: str = "", retry: float | None = None, **more: Any
    ) -> None:
        super().__init__(detail or KINDS[code].title)
        self.code, self.detail, self.fix, self.retry, self.more = code, detail, fix, retry, more

    @property
    def kind(self) -> Kind:
        """What kind of error it is."""
        return KINDS[self.code]

    def to_json(self) -> dict[str, Any]:
        """The members of RFC 9457, with `code` and `fix`."""
        return {
            "type": URN + self.code,
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.code,
            "detail": self.detail or self.kind.title,
            "fix": self.fix or self.kind.remedy,
            **self.more,
        }

    def headers(self) -> Mapping[str, str]:
        """Headers that go with it."""
        found = {"Retry-After": str(max(1, round(self.retry)))} if self.retry is not None else {}
        if self.kind.status == 401:
            found["WWW-Authenticate"] = 'Bearer realm="fewpix"'
        return found


def problem_of(error: FewpixError, where: Mapping[str, str] | None = None) -> ProblemError:
    """A library's error as an answer.

    What goes wrong inside the service (a status of 500 or more) is not told to the caller in full: paths and
    addresses are the operator's, and stand in the log.

    Args:
        error: of the library.
        where: texts that must not be told, each with what stands for it, such as a gallery's path.
    """
    code = next(OF_ERRORS[kind] for kind in type(error).__mro__ if kind in OF_ERRORS)
    if KINDS[code].status >= 500:
        return ProblemError(code, retry=5 if code in ("unavailable", "storage") else None)
    what, fix = error.what, _OPTION.sub(lambda found: found[1].replace("-", "_"), error.fix)
    for text, said in (where or {}).items():
        what, fix = what.replace(text, said), fix.replace(text, said)
    return ProblemError(code, what, fix=fix)
