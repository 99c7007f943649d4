"""`fewpix compare`: two results of one benchmark, comparison by comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.evaluate_options import Out
from fewpix.cli.output import AsJson
from fewpix.cli.targets import READS


def compare(
    first: Annotated[
        Path,
        Argument(help="A result of a verb of evaluate, with its .scores.npz.", show_default=False),
        READS,
    ],
    second: Annotated[
        Path,
        Argument(help="Another one of the same benchmark; it is subtracted.", show_default=False),
        READS,
    ],
    seed: Annotated[int, Option(min=0, help="Of the bootstrap.")] = 0,
    out: Out = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Compare two results pair by pair, probe by probe or face by face: differences with intervals.

    Both must be of the same benchmark, pictures and protocol, and lie beside their scores. Where answers can
    be right or wrong there is McNemar's exact test, too.
    """
    from fewpix.evaluate.compare import Scores
    from fewpix.evaluate.compare import compare as compared
    from fewpix.evaluate.run import Evaluation
    from fewpix.evaluate.statistics.estimate import Draws

    delivery = Delivery(out, report)
    result = compared(Scores.read(first), Scores.read(second), draws=Draws(seed=seed))
    delivery.finish(Evaluation(result), as_json=as_json)
