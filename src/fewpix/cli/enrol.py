"""`fewpix enrol`: photos of known people into a gallery."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.calibration_options import CalibrationFile, limit_note
from fewpix.cli.detect_options import DetectBudget, chosen_detector
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.gallery_options import Location
from fewpix.cli.groups import grouped
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.picture_options import Crops, SkipBad
from fewpix.cli.targets import READS
from fewpix.errors import InputError


@grouped
def enrol(
    photos: Annotated[
        list[Path],
        Argument(metavar="PHOTOS...", help="Photos, or folders of photos.", show_default=False),
        READS,
    ],
    *,
    name: Annotated[str | None, Option(help="All photos show this person.", show_default=False)] = None,
    folder_per_person: Annotated[
        bool, Option("--folder-per-person", help="PHOTOS holds a folder per person, named after the person.")
    ] = False,
    gallery: Location = None,
    look: EncoderOptions,
    crops: Crops = False,
    keep_crops: Annotated[
        bool,
        Option(
            "--keep-crops",
            help="Keep the faces' pixels in the gallery, for `fewpix gallery reembed` with another model.",
        ),
    ] = False,
    largest: Annotated[
        bool, Option("--largest", help="Of several faces in a photo take the largest instead of refusing it.")
    ] = False,
    detect_budget: DetectBudget = None,
    accept_poor: Annotated[
        bool,
        Option(
            "--accept-poor",
            help="Take faces with too little detail or turned too far away, with a warning, instead of "
            "refusing them.",
        ),
    ] = False,
    no_matched: Annotated[
        bool,
        Option(
            "--no-matched",
            help="Do not keep what the students make of each photo shrunk to a few small sizes; see "
            "`identify --matched`.",
        ),
    ] = False,
    calibration: CalibrationFile = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Add people to a gallery, each from photos with exactly one face.

    A photo without a face, with several, with too little detail, or that cannot be read is refused and listed
    with the reason; the others are enrolled. So are files that are no photos, and folders of people without
    one. Enrolling a photo again changes nothing. A face that looks like somebody else who is enrolled is
    taken with a warning; the calibration says how alike strangers are.
    """
    from fewpix.cli.pictures import photos_of
    from fewpix.config import gallery_location
    from fewpix.gallery.matched import Matching
    from fewpix.gallery.store import Gallery
    from fewpix.identify.enrol import enrol_photos
    from fewpix.identify.rule import fitting_calibration

    listed, left_out = photos_of(photos, name, folder_per_person)
    norms = look.norms()
    detector = chosen_detector(detect_budget, crops=crops, runtime=look.runtime)
    encoder = look.open(norms)
    calibrated, _ = fitting_calibration(calibration, encoder)
    with (
        Gallery.open(gallery or gallery_location(), encoder.card.space) as store,
        progress("enrolling", len(listed), as_json=as_json) as bar,
    ):
        report = enrol_photos(
            listed,
            detector=detector,
            encoder=encoder,
            gallery=store,
            largest=largest,
            keep=keep_crops,
            accept_poor=accept_poor,
            calibrated=calibrated,
            matching=Matching(()) if no_matched else None,
            progress=bar,
        )
        note = limit_note(store)
    emit(report, as_json, left_out)
    if note:
        logging.getLogger("fewpix").warning("%s", note)
    if skip_bad and report.enrolled:
        return
    error = report.error()
    if error is not None:
        raise error
    if left_out.people:
        raise InputError(
            f"{len(left_out.people)} folders bring nobody, the first: {left_out.people[0]}",
            fix="the others are enrolled; mend these, or accept it with --skip-bad",
        )
