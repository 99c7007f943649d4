"""Which calibration is used, and by which rule faces are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.calibration.remedies import OTHER_MODEL
from fewpix.cli.targets import READS

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder
    from fewpix.gallery.store import Gallery
    from fewpix.identify.rule import Rule

UNDECIDED = f"nobody is named: {{}}; {OTHER_MODEL}"
UNRATED = f"no rates are known: {{}}; {OTHER_MODEL}"
RATES = (
    "named where the calibration's strangers score so in at most {} in a gallery of this size; others "
    "may more often: docs/models.md#calibration"
)
CAUTIOUS = (
    "named where strangers of every kind that was measured score so in at most {} in a gallery of this size; "
    "whose faces: docs/models.md#calibration"
)

CalibrationFile = Annotated[
    Path | None,
    Option(
        "--calibration",
        help="A file of `fewpix calibrate`; the shipped one when nothing is said and it fits the model.",
        show_default=False,
    ),
    READS,
]
Threshold = Annotated[
    float | None,
    Option(
        help="Name a face when its best cosine reaches this, instead of by --fpir. What a score is worth "
        "depends on model, size of the faces and gallery, so take a number that was measured there.",
        show_default=False,
    ),
]
Fpir = Annotated[
    float | None,
    Option(
        help="Name a face when strangers would score so in a gallery of this size at most this often (false "
        "positive identification rate); 0.01 where a calibration fits and no --threshold is given.",
        show_default=False,
    ),
]
Cautious = Annotated[
    bool,
    Option(
        "--cautious",
        help="Keep the rate with the upper end of its interval: among the other strangers, too, that the "
        "calibration spans. Fewer are named.",
    ),
]
Matched = Annotated[
    bool | None,
    Option(
        "--matched/--no-matched",
        help="Compare small faces with photos shrunk to their size, too, or never. If nothing is said, where "
        "the calibration is of such scores and all photos were kept so.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class RuleOptions:
    """By which rule faces are named, as it was asked for."""

    threshold: Threshold = None
    fpir: Fpir = None
    cautious: Cautious = False
    calibration: CalibrationFile = None

    def of(self, encoder: Encoder, *, tracks: bool = False) -> Rule:
        """The rule that follows; arguments and errors as `rule_for`."""
        from fewpix.identify.rule import rule_for

        return rule_for(encoder, **vars(self), tracks=tracks)


def closing(by: Rule) -> str:
    """What is said after the last picture of how faces were named; empty where a threshold decided, and there
    are rates.
    """
    from fewpix.calibration.rate import one_of

    if by.fpir is not None:
        return (CAUTIOUS if by.cautious else RATES).format(one_of(by.fpir, "searches"))
    if by.threshold is not None:
        return "" if by.calibrated is not None else UNRATED.format(by.why)
    return UNDECIDED.format(by.why)


NEAR = 0.9
"""Share of the people that a calibration was measured for from which on `enrol` says so."""


def limit_note(gallery: Gallery) -> str:
    """What is to be said of how many people the shipped calibration is for; empty where it is for more."""
    from fewpix.calibration.file import SHIPPED, read_calibration
    from fewpix.calibration.lookup import REACH, Calibrated
    from fewpix.calibration.remedies import TOO_MANY

    ((people,),) = gallery.database.select("SELECT count(*) FROM people")
    # A shipped one is for a thousand at least, and takes a while to read.
    if people < 1000 or not SHIPPED.is_file():
        return ""
    largest = Calibrated(read_calibration(SHIPPED)).largest
    if people < NEAR * largest:
        return ""
    end, said = REACH * largest, f"{people:,} people are enrolled"
    if people > end:
        return f"{said}: the shipped calibration names nobody above {end:,} ({TOO_MANY})"
    near = f"; above {end:,} it names nobody" if people >= NEAR * end else ""
    return (
        f"{said}: the shipped calibration was measured up to {largest:,}, beyond that its rates are bounds, "
        f"up to {end:,}{near} ({TOO_MANY})"
    )
