"""How a measured result reaches the user: on stdout, in files, and as a report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.cli.kinds import REPORT
from fewpix.cli.output import Result, emit
from fewpix.cli.targets import Writes
from fewpix.files import check_folder, check_place

if TYPE_CHECKING:
    from fewpix.evaluate.benchmark import PictureSource
    from fewpix.evaluate.run import Evaluation

Report = Annotated[
    Path | None,
    Option(
        help="Write report.html, report.md and the result into this folder; needs the extra 'report'.",
        show_default=False,
    ),
    Writes(REPORT),
]


class Delivery:
    """Where a result goes, and its report. Made before the run, so that a bad place costs no time.

    Args:
        out: of the result file; None for stdout alone.
        report: folder of the report; None for none.

    Raises:
        UnavailableError: a report was asked for, and matplotlib is not here.
        StorageError: the result's place, or the report's folder, cannot be written.
    """

    def __init__(self, out: Path | None, report: Path | None) -> None:
        self.start, self.out, self.report = time.monotonic(), out, report
        if out is not None:
            check_place(out)
        if report is not None:
            from fewpix.optional import require

            require("matplotlib", use="the report")
            check_folder(report, "the report")

    def finish(
        self,
        found: Evaluation,
        pictures: PictureSource | None = None,
        *,
        as_json: bool,
        shown: Result | None = None,
    ) -> None:
        """Write the files, then print the result.

        Args:
            found: what was measured.
            pictures: of the benchmark; None for results that show none.
            as_json: whether `--json` was given.
            shown: what is printed in place of the whole.
        """
        from fewpix.evaluate.result.file import Run, write_result

        run, payload = Run.since(self.start), found.to_json()
        if self.out is not None:
            write_result(self.out, payload, run, found.scores)
        if self.report is not None:
            from fewpix.evaluate.report.faces import by_name, nowhere
            from fewpix.evaluate.report.folder import RESULT, write_report

            write_result(self.report / RESULT, payload, run, found.scores)
            write_report(self.report, payload, nowhere if pictures is None else by_name(pictures))
        emit(shown or found, as_json)
