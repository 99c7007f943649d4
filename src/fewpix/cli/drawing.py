"""Where annotated pictures go, so that none is written over a picture that fewpix did not draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fewpix.cli.kinds import DRAWING
from fewpix.cli.targets import check_free
from fewpix.errors import ConfigError, InputError
from fewpix.files import atomic
from fewpix.image.codec import SUFFIXES, Image, encode_image
from fewpix.image.mark import is_marked, marked

_UNWRITABLE = frozenset((".pgm",))  # grey only; the frames have colours


class Drawing:
    """Targets of annotated pictures.

    Args:
        out: what the user named; for a picture a file, or a folder; for a folder always a folder.
        source: the picture or folder that is read.
        pictures: those that are going to be drawn.
        films: of a folder, those that are going to be.
        replace: write over whatever is there.

    Raises:
        ConfigError: a file was named where a folder is needed.
        InputError: pictures that fewpix did not draw lie where the annotated ones would.
    """

    def __init__(
        self,
        out: Path,
        source: Path,
        pictures: Sequence[Path],
        films: Sequence[Path] = (),
        *,
        replace: bool = False,
    ) -> None:
        self._out, self._source = out, source
        self._is_file = not source.is_dir() and not out.is_dir() and out.suffix.lower() in SUFFIXES
        if source.is_dir() and out.is_file():
            raise ConfigError(f"--draw {out} is a file", fix="name a folder for the pictures of a folder")
        if replace:
            return
        # A folder of photographs may be one that people are enrolled from.
        for path in sorted(out.rglob("*")) if out.is_dir() else ():
            if path.suffix.lower() in SUFFIXES and path.is_file() and not is_marked(path):
                raise InputError(
                    f"--draw {out} holds pictures that fewpix did not draw, such as {path}",
                    fix="choose another folder, or say --replace",
                )
        for picture in pictures:
            check_free(self.target(picture), DRAWING)
        for film in films:
            check_free(drawn_film(out / film.relative_to(source)), DRAWING)

    def target(self, picture: Path) -> Path:
        """The file for the annotated form of `picture`, below `out` where that is a folder."""
        if self._is_file:
            path = self._out
        elif self._source.is_dir():
            path = self._out / picture.relative_to(self._source)
        else:
            path = self._out / picture.name
        kind = path.suffix.lower()
        if kind in SUFFIXES and kind not in _UNWRITABLE:
            return path
        return path.with_name(path.name + ".png")


def drawn_film(path: Path) -> Path:
    """The file of a film's annotated form, for the film that would lie there."""
    return path if path.suffix.lower() == ".mp4" else path.with_name(f"{path.name}.mp4")


def write_drawing(path: Path, image: Image) -> None:
    """Write a picture with the mark that fewpix drew it; errors as `write_image`."""
    data = marked(encode_image(image, path.suffix))
    with atomic(path) as part:
        part.write_bytes(data)
