"""`fewpix crop`: photographs become aligned crops, which `embed`, `distil` and `adapt --crops` take."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from fewpix.cli.detect_options import DetectBudget, chosen_detector
from fewpix.cli.kinds import CROPS
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.targets import READS, Writes
from fewpix.counted import counted
from fewpix.errors import ConfigError, InputError, NoFaceError
from fewpix.foreign import MALFORMED, json_of

LINES, TABLE = "crops.jsonl", "crops.csv"
"""What lies beside the crops: a line per photograph, and a row per crop."""

POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The five points of a face, as the person's own sides; in the table each with `_x` and `_y`."""

_NAMED = 20


@dataclass(frozen=True)
class Cropped:
    """What became of the photographs.

    Args:
        out: the folder of crops.
        photos: how many photographs were looked at, with those of earlier runs.
        before: of how many of them an earlier run had the crops.
        crops: how many crops there are.
        without: photographs without a face.
        smaller: how many faces were left out as too small, or for a larger one.
        refused: photographs that could not be read, each with the reason.
    """

    out: str
    photos: int
    before: int
    crops: int
    without: tuple[str, ...]
    smaller: int
    refused: tuple[InputError, ...]

    def __str__(self) -> str:
        earlier = f", {self.before} of them in an earlier run" if self.before else ""
        lines = [f"{self.out}: {counted(self.crops, 'crop')} of {counted(self.photos, 'photo')}{earlier}"]
        if self.smaller:
            lines.append(f"{counted(self.smaller, 'face')} left out, too small or not the largest")
        if self.without:
            more = [f"  and {len(self.without) - _NAMED} more, see {LINES}"] * (len(self.without) > _NAMED)
            named = [f"  {name}" for name in self.without[:_NAMED]]
            lines += [f"{counted(len(self.without), 'photo')} without a face:", *named, *more]
        # File names need not be valid Unicode, but what is printed must be.
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values, and where the tables lie."""
        return {
            "out": self.out,
            "lines": str(Path(self.out) / LINES),
            "table": str(Path(self.out) / TABLE),
            "photos": self.photos,
            "before": self.before,
            "crops": self.crops,
            "without": list(self.without),
            "left_out": self.smaller,
            "refused": [str(error) for error in self.refused],
        }


def crop(
    photos: Annotated[Path, Argument(help="A picture, or a folder of pictures.", show_default=False), READS],
    out: Annotated[
        Path,
        Option(help="The folder to write to, a new or an empty one.", show_default=False),
        Writes(CROPS, replaceable=False),
    ],
    side: Annotated[int, Option(min=8, max=1024, help="Side of the crops in pixels.")] = 112,
    largest: Annotated[
        bool,
        Option("--largest/--all-faces", help="Of each photo only the largest face; or all of them."),
    ] = False,
    smallest: Annotated[float, Option(min=0, help="Leave out faces of fewer pixels in the photo.")] = 0,
    resume: Annotated[
        bool, Option("--resume", help="Go on in OUT: photos that have a line there are passed over.")
    ] = False,
    detect_budget: DetectBudget = None,
    skip_bad: Annotated[
        bool, Option("--skip-bad", help="End well although some photos could not be read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find the faces of photographs and cut them out, upright and aligned.

    The crops lie below OUT in the folders of their photographs, `a/1.jpg` as `a/1.jpg.0.png`, with a table of
    where each comes from: crops.csv, and crops.jsonl with a line per photograph. Aligned crops are what
    `embed`, `distil --faces`, `calibrate --crops` and `adapt --crops` take.
    """
    from fewpix.cli.lines_file import LinesFile
    from fewpix.cli.pictures import pictures_of
    from fewpix.files import write_text
    from fewpix.identify.cropping import cut_photo
    from fewpix.identify.refusal import combined
    from fewpix.image.codec import read_image

    pictures, left_out = pictures_of(photos)
    _check_folder(out, photos, resume=resume)
    detector = chosen_detector(detect_budget)
    assert detector is not None  # it is None for crops only
    refused: list[InputError] = []
    settings = {"side": side, "largest": largest, "smallest": smallest, "detect_budget": detect_budget}
    out.mkdir(parents=True, exist_ok=True)
    with LinesFile(out / LINES, settings, resume=resume) as lines:
        due = [path for path in pictures if path.as_posix() not in lines.done]
        before = len(pictures) - len(due)
        with progress("cropping", len(due), as_json=as_json) as bar:
            for n, path in enumerate(due, 1):
                try:
                    image = read_image(path)
                except InputError as error:
                    refused.append(error)
                    logging.getLogger("fewpix").warning("passed over: %s", error)
                else:
                    name = path.relative_to(photos).as_posix() if path != photos else path.name
                    faces = detector.detect(image)
                    how: dict[str, Any] = {"side": side, "largest": largest, "smallest": smallest}
                    lines.add(cut_photo(image, path.as_posix(), name, faces, out, **how))
                bar(n)
    found = list(_lines(out / LINES))
    write_text(out / TABLE, table(found))
    done = Cropped(
        out=str(out),
        photos=len(found) + len(refused),
        before=before,
        crops=sum(len(line["faces"]) for line in found),
        without=tuple(line["path"] for line in found if not line["found"]),
        smaller=sum(line["found"] - len(line["faces"]) for line in found),
        refused=tuple(refused),
    )
    emit(done, as_json, left_out)
    failure = combined(refused, len(pictures), "repair or remove them, or accept it with --skip-bad")
    if failure is not None and not (skip_bad and done.crops):
        raise failure
    if not done.crops:
        raise NoFaceError(f"no face was cut out of {photos}", fix="name other photos, or lower --smallest")


def table(found: list[dict[str, Any]]) -> str:
    """The CSV of all crops: one row each, in the order of the lines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    places = [f"{point}_{axis}" for point in POINTS for axis in "xy"]
    writer.writerow(["picture", "file", "x", "y", "width", "height", *places, "pixels", "score", "quality"])
    try:
        for line in found:
            for face in line["faces"]:
                points = [value for point in face["points"] for value in point]
                numbers = [*face["box"], *points, face["pixels"], face["score"], face["quality"]]
                writer.writerow([line["path"], face["file"], *numbers])
    except MALFORMED as error:
        raise InputError(
            f"a line of an earlier run is not that of a photograph: {error!r}",
            fix="begin anew with another --out",
        ) from error
    return text.getvalue()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines, a photograph each; those of an earlier run, too."""
    with path.open("rb") as file:
        for line in file:
            yield json_of(line)


def _check_folder(out: Path, photos: Path, *, resume: bool) -> None:
    """Refuse a folder that holds anything but an earlier run's crops, or that crops would be photos in.

    Raises:
        ConfigError: it does.
        InputError: it is no folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file", fix="name a folder for the crops")
    inside = photos.is_dir() and out.resolve().is_relative_to(photos.resolve())
    if inside:
        raise ConfigError(
            f"crops in {out} would be among the photos of {photos}", fix="name a folder outside of it"
        )
    if out.is_dir() and any(out.iterdir()) and not (resume and (out / LINES).is_file()):
        fix = "name a new folder" if resume else "name a new folder, or say --resume to go on in it"
        raise ConfigError(f"{out} is not empty", fix=fix)
