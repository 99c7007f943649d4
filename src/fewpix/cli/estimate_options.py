"""How a FaceBN state is estimated from faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from typer import Option

from fewpix.cli.groups import renamed
from fewpix.embed.adaptation import FACES
from fewpix.errors import ConfigError


@dataclass(frozen=True)
class EstimateOptions:
    """The options, as they were given."""

    mode: Annotated[
        str | None,
        Option(
            help="excess: only what no training faces of that size explain, the default where the model has "
            "a reference; prior: source and target mixed by the number of faces; alpha: by --weight; "
            "batch: the target's statistics alone; ema: online; source: the model as it is.",
            show_default=False,
        ),
    ] = None
    prior_faces: Annotated[
        float | None,
        Option(help="For prior: the source counts as so many faces, 256 if nothing is said."),
    ] = None
    weight: Annotated[
        float | None, Option(help="For alpha: the source's weight, 0 to 1.", show_default=False)
    ] = None
    momentum: Annotated[
        float | None, Option(help="For ema: what 64 faces bring in, 0.1 if nothing is said.")
    ] = None
    layer: Annotated[
        list[str] | None,
        Option(
            help="Name or pattern of a BatchNorm layer that adapts, such as 'stages.0.*'; repeatable. "
            "All of them if nothing is said.",
            show_default=False,
        ),
    ] = None
    final: Annotated[
        bool | None,
        Option(
            "--final/--no-final",
            help="Whether the BatchNorm1d at the end adapts too; in mode excess if nothing is said.",
            show_default=False,
        ),
    ] = None
    minimum_faces: Annotated[
        int | None, Option(help="Refuse fewer different faces, 32 if nothing is said.", show_default=False)
    ] = None
    most_faces: Annotated[
        str,
        Option(
            help="How many faces of a folder of crops to use at most, a random choice; or all. "
            "Footage gives 512 at most, and ema follows all of them.",
        ),
    ] = str(FACES)
    memory_mb: Annotated[
        int | None,
        Option(
            min=0,
            help="Memory for the faces' activations, 1024 if nothing is said, enough for 668 faces of "
            "fewpix-s: more of them go through the model once per layer, which takes ten times as long.",
            show_default=False,
        ),
    ] = None
    force: Annotated[
        bool, Option("--force", help="Adapt although the guard finds one person only, or harm.")
    ] = False
    place: Annotated[
        str,
        Option(
            help="The camera or place, in words, kept in the state; the camera's or the folder's name if "
            "nothing is said.",
            show_default=False,
        ),
    ] = ""
    faces: Annotated[str | None, Option("--faces", hidden=True)] = None
    source: Annotated[str | None, Option("--source", hidden=True)] = None

    def way(self, place: str) -> dict[str, Any]:
        """Arguments of `adapt_to`.

        Args:
            place: the camera or folder, where nothing was said.
        """
        return {
            "mode": self.mode,
            "prior_faces": self.prior_faces,
            "weight": self.weight,
            "momentum": self.momentum,
            "layers": self.layer or (),
            "final": self.final,
            "minimum": self.minimum_faces,
            "force": self.force,
            "memory_mb": self.memory_mb,
            "source": renamed("--source", "--place", self.source, self.place) or place,
        }

    def most(self) -> int | None:
        """How many faces are used at most; None for all of them.

        Raises:
            ConfigError: what was given is neither a number nor "all".
        """
        if self.mode == "ema":
            return None
        given = renamed("--faces", "--most-faces", self.faces, self.most_faces)
        if given == "all":
            return None
        if not given.isascii() or not given.isdigit() or int(given) < 1:
            raise ConfigError(f"--most-faces {given}: not a number", fix="give one from 1 on, or all")
        return int(given)
