"""`fewpix adapt --camera`: a state learned from what a camera saw, kept in the gallery beside its name."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.adapt.stats import NormState
from fewpix.cli.crops import read_crops
from fewpix.cli.estimate_options import EstimateOptions
from fewpix.cli.footage import STUDENT, Footage, Read
from fewpix.cli.gallery_options import open_gallery
from fewpix.cli.output import emit, progress
from fewpix.counted import counted
from fewpix.embed.adaptation import UNRATED_STATE, adapt_to, adapted_weights, student_weights
from fewpix.embed.open import open_encoder
from fewpix.errors import ConfigError, GuardError, SpaceError
from fewpix.gallery.cameras import add_camera, check_camera
from fewpix.gallery.names import person_name
from fewpix.identify.learning import Reservoir
from fewpix.models.weights import load_weights
from fewpix.optional import require


@dataclass(frozen=True)
class LearnedCamera:
    """A camera's state, and what it was learned from.

    Args:
        camera: its name.
        gallery: where the state is kept.
        state: what was learned.
        read: what was looked at.
        taken: how many faces the student would be given.
        elsewhere: how many are for another encoder, by their size.
        replaced: the id of the camera's state before; None for none.
        dry_run: nothing was written.
    """

    camera: str
    gallery: str
    state: NormState
    read: Read
    taken: int
    elsewhere: int
    replaced: str | None
    dry_run: bool

    def __str__(self) -> str:
        would = "would get" if self.dry_run else "has"
        lines = [
            f"{self.camera} {would} {self.state}",
            f"  {self.read}, {_faces(self.read, self.taken, self.elsewhere)}",
        ]
        if self.replaced is not None and self.replaced != self.state.id:
            lines.append(f"  the state {self.replaced} {'would be' if self.dry_run else 'is'} replaced")
        lines.append(f"  {self.note}")
        return "\n".join([*lines, *(f"left out {name}: {why}" for name, why in self.read.failed)])

    @property
    def note(self) -> str:
        """What the state does to rates, and the command that helps."""
        return UNRATED_STATE.format(
            f"fewpix calibrate --impostors FACES --camera {shlex.quote(self.camera)} --gallery "
            f"{shlex.quote(self.gallery)} --out FILE"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values, the state without its moments."""
        return {
            "camera": self.camera,
            "gallery": self.gallery,
            "state": self.state.to_json(),
            "looked": self.read.looked,
            "unit": self.read.unit,
            "faces": self.read.faces,
            "taken": self.taken,
            "elsewhere": self.elsewhere,
            "failed": [name for name, _ in self.read.failed],
            "frames": self.read.counts.to_json() if self.read.counts else None,
            "replaced": self.replaced,
            "dry_run": self.dry_run,
            "note": self.note,
        }


def adapt_camera(
    footage: Footage,
    camera: str,
    gallery: str | None,
    estimate: EstimateOptions,
    replace: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run it.

    Args:
        footage: what the camera saw.
        camera: its name in the gallery.
        gallery: its location.
        estimate: how the state is estimated.
        replace: also over another model's state.
        dry_run: learn, but keep nothing.
        as_json: print JSON.

    Raises:
        GuardError: too few faces; or one person only, or harm, without force. Nothing is kept.
        NoFaceError: the footage shows no face.
        SpaceError: the student writes into another space than the gallery's.
    """
    name = person_name(camera)
    footage.check()
    way, most = estimate.way(camera), estimate.most()
    if way["mode"] == "ema" and not footage.crops:
        raise ConfigError(
            "mode 'ema' follows the faces in their order, of which footage keeps a random choice",
            fix="take another mode",
        )
    require("torch")
    model = footage.model or (STUDENT if footage.crops else "auto")
    encoder = None if footage.crops else open_encoder(model)
    weights = student_weights(model) if encoder is None else adapted_weights(model, encoder)
    card = load_weights(weights)[1]
    with open_gallery(gallery, write=not dry_run) as store:
        if card.space != store.space:
            raise SpaceError(
                f"the gallery {store.location} holds {store.space}, {card.name} writes {card.space}",
                fix="adapt a student of the gallery's teacher, or name another gallery",
            )
        before = check_camera(store, name, card.sha256, replace=replace)
        if encoder is None:
            with progress("reading", as_json=as_json) as bar:
                crops, failed, others, there = read_crops(
                    Path(footage.word), skip_bad=footage.skip_bad, advance=bar, most=most
                )
            there -= len(failed)
            read, taken, elsewhere = Read(there, "crop", there, failed, others), len(crops), 0
        else:
            reservoir = Reservoir(encoder, card.sha256)
            read = footage.read(reservoir, as_json=as_json)
            taken, elsewhere = reservoir.seen, reservoir.elsewhere
        try:
            with progress("adapting", as_json=as_json) as bar:
                if encoder is None:
                    state = adapt_to(weights, crops, told=bar, **way)
                else:
                    state = reservoir.state(weights, told=bar, **way)
        except GuardError as error:
            raise GuardError(
                f"no state for camera {name} from {read}, {_faces(read, taken, elsewhere)}: {error.what}",
                fix=error.fix,
            ) from error
        if not dry_run:
            add_camera(store, name, state, replace=replace)
        location = store.location
    learned = LearnedCamera(name, location, state, read, taken, elsewhere, before, dry_run)
    emit(learned, as_json, read.left_out)


def _faces(read: Read, taken: int, elsewhere: int) -> str:
    """How many faces were found, and why not all of them were taken."""
    faces = counted(read.faces, "face")
    parts = [f"{faces} found" if read.unit != "crop" else faces]
    if read.faces != taken:
        parts.append(f"{taken} of them taken")
    if elsewhere:
        parts.append(f"{elsewhere} too large for the student")
    return ", ".join(parts)
