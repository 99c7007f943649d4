"""What `fewpix calibrate --footage` does: from films of strangers to rates of tracks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fewpix.calibration.rate import one_in
from fewpix.cli.output import progress
from fewpix.counted import counted
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.calibration.file import Calibration
    from fewpix.calibration.impostors import Strangers
    from fewpix.embed.protocol import Encoder
    from fewpix.identify.faces import EmbeddedFace


@dataclass(frozen=True)
class MadeOfFootage:
    """A calibration of tracks, and what its maker should know of it.

    Args:
        path: of the file.
        calibration: what is in it.
        tracks: how many each film has.
    """

    path: str
    calibration: Calibration
    tracks: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        made = self.calibration
        rarest = one_in(1 / made.independent_searches)
        lines = [f"{name}: {counted(count, 'track')}" for name, count in self.tracks]
        lines.append(
            f"{self.path}: {made.model}, {counted(made.probes.faces, 'track')} of "
            f"{counted(made.probes.people, 'person', 'people')} searched for among {made.gallery.people:,} "
            f"({made.gallery.name}); no FPIR rarer than {rarest} can be asked for"
        )
        for encoder in made.encoders:
            sights = sorted({size.sights for size in encoder.sizes})
            lines.append(
                f"  {encoder.name}: {encoder.pixels[0]} to {encoder.pixels[-1]} px, templates of "
                f"{', '.join(f'{each:.3g}' for each in sights)} sights"
            )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The file's path, its provenance, sizes and sights by encoder, and the tracks of each film."""
        made = self.calibration
        return {
            "path": self.path,
            **made.model_dump(mode="json", exclude={"encoders", "rates"}),
            "sizes": {encoder.name: list(encoder.pixels) for encoder in made.encoders},
            "sights": {
                encoder.name: sorted({size.sights for size in encoder.sizes}) for encoder in made.encoders
            },
            "tracks": dict(self.tracks),
        }


def calibrate_footage(
    clips: list[Path],
    out: Path,
    encoder: Encoder,
    gallery: Strangers,
    *,
    as_json: bool,
    **settings: Any,
) -> MadeOfFootage:
    """Follow the faces of all films and count; `settings` are those of `of_footage`.

    Raises:
        ConfigError: one of the clips is no film.
        InputError: it cannot be read, or too few people are in the films or in the gallery.
    """
    from fewpix.calibration.footage import Template, of_footage
    from fewpix.calibration.motion import COUNTS
    from fewpix.cli.detect_options import faint_detector
    from fewpix.cli.video_options import length
    from fewpix.config import cache_dir
    from fewpix.video import open_video, source_of
    from fewpix.video.source import is_video
    from fewpix.video.strangers import templates_in

    for clip in clips:
        if not is_video(str(clip)):
            raise ConfigError(f"--footage {clip} is no video", fix="pictures of strangers go to --impostors")
    detector = faint_detector()
    found: list[list[EmbeddedFace]] = []
    counts: list[tuple[str, int]] = []
    for clip in clips:
        reader = open_video(source_of(str(clip)))
        before = len(found)
        with progress(f"following faces in {clip.name}", length(reader), as_json=as_json) as bar:
            found += [list(track) for track in templates_in(reader, detector, encoder, COUNTS, advance=bar)]
        counts.append((clip.as_posix(), len(found) - before))
    tracks = [
        [Template(face.embedding, face.encoder_sha256, face.routed_pixels, face.sights) for face in track]
        for track in found
    ]
    calibration = of_footage(tracks, encoder, gallery, cache=cache_dir() / "teacher.db", **settings)
    return MadeOfFootage(str(out), calibration, tuple(counts))
