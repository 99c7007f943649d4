"""`fewpix evaluate uccs` and `uccs-scores`: the score file of the UCCS watchlist, judged and made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.evaluate_options import (
    SAME,
    TEACHER,
    Delivered,
    Family,
    Flip,
    Out,
    Seed,
    numbers_of,
    open_other,
    whole,
)
from fewpix.cli.groups import grouped
from fewpix.cli.kinds import SCORES
from fewpix.cli.output import AsJson, progress
from fewpix.cli.targets import READS, Writes

Folder = Annotated[Path, Argument(help="Holds gallery.csv and validation.csv.", show_default=False), READS]


def uccs(
    path: Folder,
    scores: Annotated[
        Path,
        Argument(help="The score file: 1006 values a row, as the challenge has it.", show_default=False),
        READS,
    ],
    ranks: Annotated[str, Option(help="Ranks of identification, 1 to 10, separated by commas.")] = "1,10",
    rates: Annotated[str, Option(help="False alarms per picture, separated by commas.")] = "0.001,0.01,0.1,1",
    iou: Annotated[float, Option(help="Overlap from which on a detection is a face, above 0, to 1.")] = 0.5,
    allow_missing: Annotated[
        bool,
        Option(
            "--allow-missing",
            help="Take a file without a row of most pictures; their faces count as not found.",
        ),
    ] = False,
    seed: Seed = 0,
    out: Out = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Judge a score file: detection rate, and TPIR, against false alarms per picture.

    Needs the lists only, no picture. Faces of pictures without a row count as not found.
    """
    from fewpix.evaluate.readers.uccs import read_lists
    from fewpix.evaluate.run import evaluate_detections
    from fewpix.evaluate.statistics.estimate import Draws
    from fewpix.evaluate.tasks.detections import judge

    delivery = Delivery(out, report)
    places = numbers_of(ranks, int, "ranks") or ()
    alarms = numbers_of(rates, float, "rates") or ()
    data = read_lists(path)
    with progress("matching", as_json=as_json):
        judged = judge(data, scores, ranks=places, rates=alarms, iou=iou, allow_missing=allow_missing)
        result = evaluate_detections(data, scores, judged, iou=iou, draws=Draws(seed=seed))
    delivery.finish(result, as_json=as_json)


@grouped
def uccs_scores(
    path: Folder,
    scores: Annotated[
        Path,
        Argument(help="The score file to write; 10 kB a face found.", show_default=False),
        Writes(SCORES),
    ],
    look: EncoderOptions,
    gallery_model: Annotated[
        str, Option(help="Sees the gallery: teacher, a name or model file, or same for --model itself.")
    ] = TEACHER,
    size: Annotated[
        str | None,
        Option(
            help="Make the faces found small to this side in pixels, 8 to 112; else their own.",
            show_default=False,
        ),
    ] = None,
    gallery_size: Annotated[
        int | None, Option(help="Make the gallery small likewise; else its own.", show_default=False)
    ] = None,
    shrink: Annotated[
        float,
        Option(help="Make whole pictures smaller by this factor before faces are looked for, up to 1."),
    ] = 1.0,
    min_score: Annotated[
        float, Option(help="Faces that the detector is less sure of are not written, 0 to 1.")
    ] = 0.3,
    family: Family = "area",
    flip: Flip = False,
    allow_missing: Annotated[
        bool, Option("--allow-missing", help="Leave out missing pictures, and say how many.")
    ] = False,
    seed: Seed = 0,
    delivered: Delivered = Delivered(),
) -> None:
    """Find the faces of all pictures with the shipped detector, and write how like everybody they are."""
    from fewpix.degrade.degradation import Degradation
    from fewpix.detect import default_detector
    from fewpix.evaluate.readers.uccs import read
    from fewpix.evaluate.result.file import model_label
    from fewpix.evaluate.run import Evaluation
    from fewpix.evaluate.tasks.score_file import score_uccs
    from fewpix.evaluate.view import Look, View

    delivery = delivered.delivery()
    degradation = Degradation(family, seed)
    side = None if size is None else whole(size, "size")
    looks = [Look(pixels, degradation=degradation) for pixels in (side, gallery_size)]
    detector = default_detector(min_score)
    data = read(path, allow_missing=allow_missing)
    probes = View(model_label(look.model), look.open(look.norms()), looks[0], flip)
    if gallery_model == SAME:
        gallery = View(probes.name, probes.encoder, looks[1], flip)
    else:
        other = open_other(gallery_model, {look.model: probes.encoder}, look.runtime, look.device, look.state)
        gallery = View(model_label(gallery_model), other, looks[1], flip)
    total = len(data.gallery) + len(data.images)
    with progress("scoring", total, as_json=delivered.as_json) as bar:
        result = score_uccs(
            data,
            scores,
            probes,
            gallery,
            detector.detect,
            shrink=shrink,
            store=delivered.embeddings,
            advance=bar,
        )
    delivery.finish(Evaluation(result), as_json=delivered.as_json)
