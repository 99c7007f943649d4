"""The library's front door: people in a gallery, and who of them is in a picture."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType

import numpy as np

from fewpix.adapt.stats import NormState
from fewpix.config import gallery_location
from fewpix.data.folders import list_images
from fewpix.detect import Detector, default_detector
from fewpix.detect.runtime import beside
from fewpix.embed.adaptation import adapted_weights
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.errors import NoFaceError
from fewpix.files import PathLike, path_of
from fewpix.gallery.cameras import add_camera, camera_state, check_camera
from fewpix.gallery.store import Gallery
from fewpix.identify.enrol import enrol_photos
from fewpix.identify.enrolled import EnrolReport, Photo
from fewpix.identify.faces import EmbeddedFace, embed_faces, find_faces
from fewpix.identify.learning import Reservoir
from fewpix.identify.pipeline import IdentifiedPicture, Identifier
from fewpix.identify.resemblance import Resemblance
from fewpix.identify.rule import rule_for
from fewpix.identify.verify import Verified, verify
from fewpix.image.codec import Image, read_image
from fewpix.models.weights import load_weights

Picture = PathLike | Image
"""A picture file, or the pixels of one: (H, W, 3) uint8 in the order blue, green, red, as OpenCV reads it."""


class Recognizer:
    """A gallery of people, and everything that looks for them. Use it as a context manager, or close it.

    It does what the commands `fewpix enrol`, `identify`, `verify`, `embed` and `adapt` do, by the same
    functions:

        with fewpix.Recognizer("people.db") as people:
            people.enrol("Ada", "ada.jpg")
            for face in people.identify("frame.jpg").faces:
                print(face.decision, face.box, face)

    Args:
        gallery: a file, made when it is missing, or the address of a PostgreSQL database,
            `postgresql://...`. None: what the variable FEWPIX_GALLERY names, else `fewpix.db` here.
        model: "auto" (for each face the best encoder at its size), "teacher", "fewpix-xs", "fewpix-s",
            "fewpix-l", or the path of a model.
        fpir: name a face when strangers would score so in a gallery of this size at most this often. None:
            0.01 where a calibration fits the model and no threshold is given.
        threshold: name a face when its best cosine reaches this, instead of by a rate.
        calibration: a file of `fewpix calibrate`; None for the shipped one.
        cautious: keep the rate with the upper end of its interval; fewer are named.
        matched: compare small faces with photos made as small, too; None: where the calibration is of such
            scores. Photos are kept at small sizes in any case.
        crops: pictures are aligned square crops; no face is looked for.
        write: False opens an existing gallery for searching only.
        runtime: "auto", "onnxruntime", "openvino" or "torch".
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        ConfigError: a rule contradicts another one, or a model or runtime is unknown.
        InputError: the gallery or another file is missing, or is none.
        SpaceError: the gallery holds embeddings of another teacher.
        UnavailableError: a package or a device is missing.
        WeightsError: the model is damaged, or the calibration is of another one.
    """

    def __init__(
        self,
        gallery: PathLike | None = None,
        *,
        model: str = "auto",
        fpir: float | None = None,
        threshold: float | None = None,
        calibration: PathLike | None = None,
        cautious: bool = False,
        matched: bool | None = None,
        crops: bool = False,
        write: bool = True,
        runtime: str = "auto",
        device: str = "auto",
    ) -> None:
        self._model, self._runtime, self._device = model, runtime, device
        self._crops, self._matched = crops, matched
        self._rule = partial(
            rule_for, calibration=calibration, fpir=fpir, threshold=threshold, cautious=cautious
        )
        self.encoder: Encoder = self._open(None)
        self.rule = self._rule(self.encoder)
        self._identifiers: dict[tuple[str, int], Identifier] = {}
        self._states: tuple[Hashable, dict[str, NormState]] = (None, {})
        self._resemblance: Resemblance | None = None
        self.gallery = Gallery.open(
            gallery_location() if gallery is None else os.fspath(gallery),
            self.encoder.card.space,
            write=write,
        )

    def __enter__(self) -> Recognizer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the gallery; a second call does nothing."""
        self._identifiers.clear()
        self._resemblance = None
        self.gallery.close()

    @cached_property
    def detector(self) -> Detector | None:
        """What finds faces; None for crops."""
        return None if self._crops else default_detector(runtime=beside(self._runtime))

    def enrol(self, name: str, *pictures: Picture, keep: bool = False) -> EnrolReport:
        """Add photos of a person, each with exactly one face.

        A photo without a face, with several, or with too little detail is refused, and the others are
        enrolled. Enrolling a photo again changes nothing.

        Args:
            name: the person.
            pictures: files or pixels.
            keep: keep the faces' pixels in the gallery, for another model later.

        Returns:
            What became of each photo: `enrolled`, with warnings, and `refused`, with reasons.

        Raises:
            InputError: every photo was refused, or there is none.
            ConfigError: the name cannot be stored.
            StorageError: the gallery cannot be written; the photos before this one are in it.
        """
        if self._resemblance is None:
            self._resemblance = Resemblance(self.gallery, self.rule.calibrated)
        report = enrol_photos(
            [_photo(picture, name, n) for n, picture in enumerate(pictures, 1)],
            detector=self.detector,
            encoder=self.encoder,
            gallery=self.gallery,
            keep=keep,
            resemblance=self._resemblance,
        )
        error = report.error()
        if error is not None and not report.enrolled:
            raise error
        return report

    def identify(self, picture: Picture, *, camera: str | None = None, top: int = 3) -> IdentifiedPicture:
        """Find the faces of a picture, and who of the gallery they are.

        Args:
            picture: a file or pixels.
            camera: use the FaceBN state that `adapt` keeps for this camera.
            top: how many candidates each face gets.

        Returns:
            `faces`, the surest detection first, each with `box`, `decision` (the name, or None), `verdict`
            (why nobody is named), `candidates` and `fpir`.

        Raises:
            InputError: the picture cannot be read, or the gallery knows no such camera.
        """
        image, origin = _read(picture)
        return self._identifier(camera, top).identify_picture(image, origin)

    def verify(self, first: Picture, second: Picture, *, fmr: float = 0.001) -> Verified:
        """Say whether two pictures with one face each show one person.

        Args:
            first: a file or pixels.
            second: a file or pixels.
            fmr: the false match rate to decide by: how often two people score so.

        Returns:
            `decision`: "same", "different" or "undecided", with `score`, `fmr` and `reason`.

        Raises:
            NoFaceError: a picture has no face.
            InputError: a picture has several, or cannot be read.
            ConfigError: the rate is out of range, or rarer than the calibration can show.
        """
        images = [_read(picture, f"picture {n}") for n, picture in enumerate((first, second), 1)]
        one, other = ((origin, image) for image, origin in images)
        return verify(
            one,
            other,
            detector=self.detector,
            encoder=self.encoder,
            calibrated=self.rule.calibrated,
            fmr=fmr,
        )

    def embed(self, picture: Picture) -> list[EmbeddedFace]:
        """Find and embed the faces of a picture; an empty list where there is none.

        Returns:
            The surest detection first, each with `embedding`, (D,) float32 of unit length, `box`, `points`,
            `pixels` and `quality`. Cosines of two embeddings are their dot product.

        Raises:
            InputError: the picture cannot be read.
        """
        image, origin = _read(picture)
        return embed_faces(find_faces(image, self.detector, self.encoder, origin)[0])

    def adapt(self, camera: str, pictures: PathLike | Iterable[Picture], *, force: bool = False) -> NormState:
        """Learn a camera's FaceBN state from unlabelled faces, and keep it in the gallery.

        `identify` uses it when it is told the camera.

        Args:
            camera: a name for it.
            pictures: a folder of pictures, or files or pixels.
            force: adapt also where the guard finds one person only, or harm.

        Returns:
            The state: from how many faces it is, of which sizes, and in which mode.

        Raises:
            NoFaceError: there is no face for the student in any of the pictures.
            GuardError: too few faces, one person only, or harm. Nothing is kept.
            InputError: a picture cannot be read.
            UnavailableError: torch is not installed.
        """
        weights = adapted_weights(self._model, self.encoder)
        student = load_weights(weights)[1]
        check_camera(self.gallery, camera, student.sha256)
        reservoir = Reservoir(self.encoder, student.sha256)
        for picture in _each(pictures):
            image, origin = _read(picture)
            reservoir.look(image, self.detector, origin)
        if not reservoir.seen:
            larger = f", and {reservoir.elsewhere} too large for it" if reservoir.elsewhere else ""
            raise NoFaceError(
                f"camera {camera}: no face for {student.name}{larger}",
                fix="give other pictures",
            )
        state = reservoir.state(weights, source=camera, force=force)
        add_camera(self.gallery, camera, state)
        self._identifiers.clear()
        return state

    def _open(self, state: NormState | None) -> Encoder:
        return open_encoder(self._model, runtime=self._runtime, device=self._device, state=state)

    def _state(self, camera: str) -> NormState:
        """What the gallery keeps for a camera; read again when anybody has changed the gallery."""
        version = self.gallery.database.version()
        if version != self._states[0]:
            self._states = (version, {})
        states = self._states[1]
        if camera not in states:
            states[camera] = camera_state(self.gallery, camera)
        return states[camera]

    def _identifier(self, camera: str | None, top: int) -> Identifier:
        """For a camera's state; opened once, until another process has changed it."""
        self._resemblance = None  # the embeddings are in memory once: to enrol, or to search
        state = None if camera is None else self._state(camera)
        key = ("" if state is None else state.id, top)
        if key not in self._identifiers:
            encoder = self.encoder if state is None else self._open(state)
            rule = self.rule if state is None else self._rule(encoder)
            self._identifiers[key] = Identifier(
                self.detector,
                encoder,
                self.gallery,
                top=top,
                threshold=rule.threshold,
                calibrated=rule.calibrated,
                fpir=rule.fpir,
                matched=self._matched,
            )
        return self._identifiers[key]


def _read(picture: Picture, origin: str = "the picture") -> tuple[Image, str]:
    """The pixels, and what to call them in messages."""
    if isinstance(picture, np.ndarray):
        return picture, origin
    path = path_of(picture)
    return read_image(path), path.as_posix()


def _photo(picture: Picture, name: str, number: int) -> Photo:
    """A photo of a person."""
    if isinstance(picture, np.ndarray):
        return Photo(Path(f"picture {number}"), name, picture)
    return Photo(path_of(picture), name)


def _each(pictures: PathLike | Iterable[Picture]) -> Iterable[Picture]:
    """The pictures of a folder, the one of a file, or those that were given."""
    if not isinstance(pictures, str | os.PathLike):
        return pictures
    path = path_of(pictures)
    return [path / name for name in list_images(path).names] if path.is_dir() else [path]
