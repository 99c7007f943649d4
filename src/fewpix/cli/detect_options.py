"""The detector of verbs that look for faces, and the option that bounds its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.detect import Detector

DetectBudget = Annotated[
    float | None,
    Option(
        "--detect-budget",
        metavar="MS",
        help="Milliseconds that looking for faces in a picture, or in a frame of a video, may take: larger "
        "pictures are searched less finely, by what searching takes on this machine, so that the smallest "
        "faces may be missed. Every picture is searched at its coarsest scale at least. -v tells the scales.",
        show_default=False,
    ),
]


def chosen_detector(budget: float | None, *, crops: bool = False, runtime: str = "auto") -> Detector | None:
    """The detector; None for crops, in which no face is looked for.

    Args:
        budget: milliseconds for a picture; None for no budget.
        crops: whether pictures are aligned crops.
        runtime: that encoders run in; see `beside`.

    Raises:
        ConfigError: a budget for crops, or one that is not above 0.
        UnavailableError: the detector is not installed.
    """
    from fewpix.detect import default_detector
    from fewpix.detect.runtime import beside

    if not crops:
        return default_detector(budget_ms=budget, runtime=beside(runtime))
    if budget is not None:
        raise ConfigError("in crops no face is looked for", fix="leave out --detect-budget, or --crops")
    return None


def faint_detector(budget: float | None = None, *, runtime: str = "auto") -> Detector:
    """The detector for videos: it also tells of faces that are seen well enough to be followed only.

    Args:
        budget: milliseconds for a frame; None for no budget.
        runtime: that encoders run in; see `beside`.

    Raises:
        ConfigError: a budget that is not above 0.
        UnavailableError: the detector is not installed.
    """
    from fewpix.detect import default_detector
    from fewpix.detect.runtime import beside
    from fewpix.video.collect import FAINT_SCORE

    return default_detector(FAINT_SCORE, budget_ms=budget, runtime=beside(runtime))
