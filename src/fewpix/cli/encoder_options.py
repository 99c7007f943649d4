"""Which encoder a verb uses, under which state, and on which runtime and device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.cli.targets import READS
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.adapt.stats import NormState
    from fewpix.embed.protocol import Encoder

Model = Annotated[
    str,
    Option(
        help="auto (the best for each face's size), teacher, fewpix-xs, fewpix-s, fewpix-l, or a model file."
    ),
]
StateFile = Annotated[
    Path | None, Option(help="Apply a NormState of `fewpix adapt`.", show_default=False), READS
]
Runtime = Annotated[str, Option(help="auto, onnxruntime, openvino or torch.")]
Device = Annotated[str, Option(help="auto, cpu, cuda, cuda:N or mps.")]


@dataclass(frozen=True)
class EncoderOptions:
    """The options, as they were given."""

    model: Model = "auto"
    state: StateFile = None
    runtime: Runtime = "auto"
    device: Device = "auto"

    def norms(self, camera: str | None = None, location: str | None = None) -> NormState | None:
        """The state of a file, or the one that a gallery keeps for a camera; None for none.

        Args:
            camera: its name; None for no camera.
            location: of the gallery.

        Raises:
            ConfigError: both were given.
            InputError: there is no such file, gallery or camera.
            WeightsError: the state is damaged.
        """
        from fewpix.adapt.stats import load_state
        from fewpix.config import gallery_location
        from fewpix.gallery.cameras import state_at

        if self.state is not None and camera is not None:
            raise ConfigError("--state and --camera both name a state", fix="give one of them")
        if camera is not None:
            return state_at(location or gallery_location(), camera)
        return load_state(self.state) if self.state else None

    def open(self, norms: NormState | None) -> Encoder:
        """The encoder under a state; errors as `open_encoder`."""
        from fewpix.embed.open import open_encoder

        return open_encoder(self.model, runtime=self.runtime, device=self.device, state=norms)

    def opened(self) -> Encoder:
        """The encoder under the state of the options; errors as `norms` and `open_encoder`."""
        return self.open(self.norms())


@dataclass(frozen=True)
class CropEncoderOptions(EncoderOptions):
    """The same for verbs that are given crops, which a student is for."""

    model: Model = "fewpix-s"
