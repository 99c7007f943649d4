"""From a folder of strangers' pictures to a calibration, by the settings that are the usual ones."""

from __future__ import annotations

from pathlib import Path

from fewpix.calibration.impostors import strangers
from fewpix.calibration.measure import measure
from fewpix.calibration.photographs import Finder, faces_of
from fewpix.calibration.plan import GALLERIES, SIZES, plan
from fewpix.calibration.report import Made
from fewpix.data.faces import load_faces
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.result.file import model_label
from fewpix.gallery.matched import shipped_matching
from fewpix.progress import Told


def of_pictures(
    folder: Path,
    detector: Finder | None,
    encoder: Encoder,
    model: str,
    *,
    cache: Path,
    population: str,
    one_each: bool = False,
    matched: bool = False,
    sizes: tuple[int, ...] = SIZES,
    galleries: tuple[int, ...] = GALLERIES,
    note: str = "",
    advance: Told,
) -> Made:
    """Half of the people are searched for among the other half, as `fewpix calibrate --impostors` does.

    Args:
        folder: of the pictures, a folder for each person.
        detector: finds the faces; None for aligned crops.
        encoder: an encoder or a router.
        model: as the user named it.
        cache: file for the embeddings.
        population: where the faces come from, in words.
        one_each: every picture shows another person.
        matched: measure scores with a matched gallery, too.
        sizes: sides of the small faces in pixels.
        galleries: numbers of enrolled people.
        note: what else is to be kept in the calibration.
        advance: told how far it is; what it raises ends the work.

    Raises:
        ConfigError: a size is out of range, or a picture lies in no folder of a person.
        InputError: there are too few faces or people.
    """
    if detector is None:
        pool, failed = load_faces([folder]), tuple[tuple[str, str], ...]()
    else:
        pool, failed = faces_of(
            folder, detector, lambda done, total: advance(done, total, stage="finding faces")
        )
    found = plan(
        model_label(model),
        encoder,
        strangers(pool, population, one_each=one_each),
        None,
        sizes=sizes,
        galleries=galleries,
        note=note,
        matching=shipped_matching() if matched else None,
    )
    calibration, suspects = measure(found, cache, advance)
    return Made("", calibration, suspects, failed)
