"""A folder with the report of a result: `report.html`, `report.md` and the pictures of the latter."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fewpix.errors import StorageError
from fewpix.evaluate.pictures import ReadPicture
from fewpix.evaluate.report.blocks import Report
from fewpix.evaluate.report.compose import report, uccs_scores_report
from fewpix.evaluate.report.faces import Faces
from fewpix.evaluate.report.html import page
from fewpix.evaluate.report.markdown import FOLDER, document, pictures
from fewpix.evaluate.result.file import canonical
from fewpix.evaluate.result.model import Result, UccsScores
from fewpix.evaluate.result.read import parsed
from fewpix.files import atomic, write_text
from fewpix.foreign import json_of

logger = logging.getLogger(__name__)

RESULT = "result.json"
"""The result's own name in the folder."""

_OURS = re.compile(r"(plot-[\w-]+\.svg|face-[0-9a-f]{12}\.(jpg|png))")


def made(result: Result | UccsScores, faces: Faces) -> Report:
    """The report of a result.

    Args:
        result: as it was read from its file.
        faces: draws the worst comparisons.
    """
    return uccs_scores_report(result) if isinstance(result, UccsScores) else report(result, faces)


def check_report(folder: Path) -> None:
    """Refuse a folder that cannot be written, before a measurement takes its minutes.

    Raises:
        StorageError: it is a file, or cannot be made or written.
    """
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is a file", fix="name a folder for the report")
    with atomic(folder / "report.html.check") as part:
        part.write_text("")
    with suppress(OSError):
        (folder / "report.html.check").unlink()


def write_report(folder: Path, payload: Mapping[str, Any], read: ReadPicture) -> Faces:
    """Write the report, each file whole or not at all; pictures of an earlier report are removed.

    Args:
        folder: made when missing.
        payload: of a result; numbers are rounded as in files, so that a result and its file give the same
            report.
        read: pictures by their names in the benchmark; those that it cannot give are named in the report.

    Returns:
        Which pictures could be shown.

    Raises:
        InputError: see `parsed`.
        StorageError: the folder cannot be written.
    """
    faces = Faces(read)
    whole = made(parsed(json_of(canonical(payload))), faces)
    files = pictures(whole)
    for name, data in files.items():
        with atomic(folder / FOLDER / name) as part:
            part.write_bytes(data)
    write_text(folder / "report.md", document(whole))
    write_text(folder / "report.html", page(whole))
    if (folder / FOLDER).is_dir():
        for path in (folder / FOLDER).iterdir():
            if path.name not in files and _OURS.fullmatch(path.name):
                path.unlink(missing_ok=True)
    if faces.gone:
        first, why = next(iter(faces.gone.items()))
        logger.warning(
            "%d of %d pictures are not in the report; the first, %s: %s",
            len(faces.gone),
            len(faces.wanted),
            first,
            why,
        )
    return faces
