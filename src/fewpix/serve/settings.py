"""What a service is told when it starts: where its data lie, what it runs, and how much it takes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from fewpix.errors import ConfigError
from fewpix.files import PathLike, path_of
from fewpix.gallery.storage.location import SERVERS
from fewpix.serve.moments import Settled
from fewpix.serve.outgoing import Outgoing


@dataclass(frozen=True)
class Limits:
    """What one request may ask for, and all of them together.

    Args:
        picture_bytes: of one picture file.
        request_bytes: of a request's body.
        pictures: in one request.
        pixels: of one picture, as its header says; of all crops of a request together.
        faces: in one picture.
        seconds: from a request's arrival to its answer; work that has begun on a picture is not broken off.
        at_once: requests that are worked on at the same time.
        waiting: requests that wait for their turn; more are told to come again.
        per_client: requests of one key, or of one address where there are no keys, inside at once.
        memory_bytes: of all bodies that are held at the same time.
        film_bytes: of a film.
        gallery_bytes: of an exported gallery, which is read into memory.
        jobs: that wait or are worked on.

    Raises:
        ConfigError: a limit is not above 0.
    """

    picture_bytes: int = 20_000_000
    request_bytes: int = 64_000_000
    pictures: int = 100
    pixels: int = 16_000_000
    faces: int = 500
    seconds: float = 60.0
    at_once: int = 8
    waiting: int = 64
    per_client: int = 48
    memory_bytes: int = 512_000_000
    film_bytes: int = 2_000_000_000
    gallery_bytes: int = 500_000_000
    jobs: int = 100

    def __post_init__(self) -> None:
        for each in fields(self):
            if not getattr(self, each.name) > 0:
                raise ConfigError(f"the limit {each.name} must be above 0, not {getattr(self, each.name)}")


@dataclass(frozen=True)
class Settings:
    """How a service runs.

    Args:
        data: the folder of keys, audit log and collections; made when it is missing.
        galleries: collections that lie elsewhere, by name: a file's path, or `postgresql://...`. They are
            neither made nor deleted by the service.
        store: `postgresql://...` of a database that other services may use, too: its collections are this
            service's, beside those in the folder, and new ones are made there; None for no such. It is never
            shown with its password.
        model: as `fewpix.embed.open.open_encoder` takes it.
        runtime: likewise.
        device: likewise.
        calibration: a file of `fewpix calibrate`; None for the shipped one.
        track_calibrations: files of `fewpix calibrate --footage`, for cameras, beside the shipped one.
        detect_budget: milliseconds to find the faces of a picture in; None: the scales are always the same.
        hosts: names beside `localhost` by which the service may be called as long as there is no key.
        keep_days: how long a job with its results is kept after it has ended.
        limits: how much it takes on.
        outgoing: how events go out.
        clock: seconds since 1970, by which events, jobs and kept answers are deleted, and events given up.

    Raises:
        ConfigError: a value is out of range.
    """

    data: PathLike = Path("fewpix-data")
    galleries: Mapping[str, str] = field(default_factory=dict)
    store: str | None = field(default=None, repr=False)
    model: str = "auto"
    runtime: str = "auto"
    device: str = "auto"
    calibration: PathLike | None = None
    track_calibrations: tuple[PathLike, ...] = ()
    detect_budget: float | None = None
    hosts: tuple[str, ...] = ()
    keep_days: float = 7.0
    limits: Limits = field(default_factory=Limits)
    outgoing: Outgoing = field(default_factory=Outgoing)
    clock: Callable[[], float] = field(default_factory=Settled)

    def __post_init__(self) -> None:
        if not self.keep_days >= 0:
            raise ConfigError(f"results cannot be kept for {self.keep_days} days", fix="0 or more")
        if self.store is not None and (self.store.partition("://")[0] not in SERVERS or "#" in self.store):
            raise ConfigError("a store is a database", fix="postgresql://user@host/database")

    @property
    def folder(self) -> Path:
        """Where the data lie."""
        return path_of(self.data).expanduser()
