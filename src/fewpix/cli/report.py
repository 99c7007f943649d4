"""`fewpix report`: the report of a result, made again without measuring anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.kinds import PAGES
from fewpix.cli.message import Message
from fewpix.cli.output import AsJson, emit
from fewpix.cli.targets import READS, Writes


def report(
    result: Annotated[
        Path,
        Argument(help="Of a verb of evaluate, or of compare, with --out.", show_default=False),
        READS,
    ],
    out: Annotated[Path, Option(help="The folder to write to.", show_default=False), Writes(PAGES)],
    pictures: Annotated[
        Path | None,
        Option(
            help="The folder that the names of pictures are relative to, or an insightface .bin file; "
            "without it no faces are shown.",
            show_default=False,
        ),
        READS,
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write report.html and report.md of a result file; the worst failures need the benchmark's pictures."""
    from fewpix.evaluate.readers import bin as encoded
    from fewpix.evaluate.report.faces import ReadPicture, by_name, in_folder, nowhere
    from fewpix.evaluate.report.folder import write_report
    from fewpix.evaluate.result.file import read_result
    from fewpix.evaluate.result.read import parsed
    from fewpix.files import check_folder
    from fewpix.optional import require

    require("matplotlib", use="the report")
    payload = read_result(result)
    parsed(payload, str(result))  # what is no result is refused by its name
    if pictures is None:
        read: ReadPicture = nowhere
    elif pictures.is_file():
        read = by_name(encoded.read(pictures, allow_missing=True).items.pictures)
    else:
        read = in_folder(pictures)
    check_folder(out, "the report")
    faces = write_report(out, payload, read)
    page = out / "report.html"
    emit(Message(str(page), {"pictures": len(faces.wanted), "not shown": len(faces.gone)}), as_json)
