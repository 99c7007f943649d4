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
from fewpix.evaluate.report.comparison import comparison_report
from fewpix.evaluate.report.faces import Faces
from fewpix.evaluate.report.html import page
from fewpix.evaluate.report.lfw import lfw_report, lfw_table_report
from fewpix.evaluate.report.markdown import FOLDER, document, pictures
from fewpix.evaluate.report.pairs import pairs_report
from fewpix.evaluate.report.search import search_report
from fewpix.evaluate.report.template_pairs import template_pairs_report
from fewpix.evaluate.report.template_search import template_search_report
from fewpix.evaluate.report.uccs import uccs_report, uccs_scores_report
from fewpix.evaluate.result.file import canonical
from fewpix.evaluate.schema.comparison import Comparison
from fewpix.evaluate.schema.lfw import LfwResult, LfwTable
from fewpix.evaluate.schema.pairs import PairsResult
from fewpix.evaluate.schema.parsed import parsed
from fewpix.evaluate.schema.search import SearchResult
from fewpix.evaluate.schema.templates import TemplatePairsResult, TemplateSearchResult
from fewpix.evaluate.schema.uccs import UccsResult, UccsScores
from fewpix.files import atomic, write_text
from fewpix.foreign import json_of

logger = logging.getLogger(__name__)

RESULT = "result.json"
"""The result's own name in the folder."""

_OURS = re.compile(r"(plot-[\w-]+\.svg|face-[0-9a-f]{12}\.(jpg|png))")


def made(payload: Mapping[str, Any], faces: Faces) -> Report:
    """The report of a result.

    Args:
        payload: of one of `SCHEMAS`; numbers are rounded as in files, so that a result and its file give the
            same report.
        faces: draws the worst comparisons.

    Raises:
        InputError: see `parsed`.
    """
    match parsed(json_of(canonical(payload))):
        case PairsResult() as result:
            return pairs_report(result, faces)
        case SearchResult() as result:
            return search_report(result, faces)
        case TemplatePairsResult() as result:
            return template_pairs_report(result)
        case TemplateSearchResult() as result:
            return template_search_report(result)
        case UccsResult() as result:
            return uccs_report(result)
        case UccsScores() as result:
            return uccs_scores_report(result)
        case LfwResult() as result:
            return lfw_report(result)
        case LfwTable() as result:
            return lfw_table_report(result)
        case Comparison() as result:
            return comparison_report(result)
        case other:
            raise TypeError(f"{type(other).__name__} has no report")


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
        payload: see `made`.
        read: pictures by their names in the benchmark; those that it cannot give are named in the report.

    Returns:
        Which pictures could be shown.

    Raises:
        InputError: see `made`.
        StorageError: the folder cannot be written.
    """
    faces = Faces(read)
    report = made(payload, faces)
    files = pictures(report)
    for name, data in files.items():
        with atomic(folder / FOLDER / name) as part:
            part.write_bytes(data)
    write_text(folder / "report.md", document(report))
    write_text(folder / "report.html", page(report))
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
