"""How a measured result reaches the user: on stdout, in files, and as a report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from typer import Option

from fewpix.cli.kinds import REPORT
from fewpix.cli.output import emit
from fewpix.cli.targets import Writes

if TYPE_CHECKING:
    from fewpix.evaluate.pictures import ReadPicture

Report = Annotated[
    Path | None,
    Option(
        help="Write report.html, report.md and the result into this folder; needs the extra 'report'.",
        show_default=False,
    ),
    Writes(REPORT),
]


class Result(Protocol):
    """What was measured."""

    def to_json(self) -> Mapping[str, Any]:
        """The result as plain JSON values."""
        ...

    @property
    def scores_file(self) -> bytes | None:
        """The content of the file of single scores; None for a result without."""
        ...


class Delivery:
    """Where a result goes, and its report. Made before the measurement, so that a bad place costs no time.

    Args:
        out: of the result file; None for stdout alone.
        report: folder of the report; None for none.

    Raises:
        UnavailableError: a report was asked for, and matplotlib is not here.
        StorageError: the report's folder cannot be written.
    """

    def __init__(self, out: Path | None, report: Path | None) -> None:
        self.start, self.out, self.report = time.monotonic(), out, report
        if report is not None:
            from fewpix.evaluate.report.folder import check_report
            from fewpix.optional import require

            require("matplotlib", use="the report")
            check_report(report)

    def finish(self, result: Result, read: ReadPicture | None = None, *, as_json: bool) -> None:
        """Write the files, then print the result.

        Args:
            result: what was measured.
            read: the bytes of a picture of the benchmark by its name; None for results that show none.
            as_json: whether `--json` was given.
        """
        from fewpix.evaluate.pictures import nowhere
        from fewpix.evaluate.results import Run, write_result

        run, payload = Run.since(self.start), result.to_json()
        if self.out is not None:
            write_result(self.out, payload, run, result.scores_file)
        if self.report is not None:
            from fewpix.evaluate.report.folder import RESULT, write_report

            write_result(self.report / RESULT, payload, run, result.scores_file)
            write_report(self.report, payload, read or nowhere)
        emit(result, as_json)
