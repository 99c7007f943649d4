"""Where the page about a film goes."""

from __future__ import annotations

from pathlib import Path

from fewpix.files import write_text
from fewpix.video.report.clip import Clip
from fewpix.video.report.film_page import About, film_page


def page_of(target: Path, film: Path) -> Path:
    """The file of a film's page: the one that was named, or one of the film's name in the folder that was.

    Args:
        target: an .html file, or a folder.
        film: its name, and where it lies in the folder that is read.
    """
    return target if target.suffix.lower() == ".html" else target / film.with_name(f"{film.name}.html")


def write_page(path: Path, clip: Clip, about: About) -> None:
    """Write it whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    write_text(path, film_page(clip, about))
