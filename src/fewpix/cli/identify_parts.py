"""What `fewpix identify` does with very many pictures."""

from __future__ import annotations

from pathlib import Path

from fewpix.bulk.identifying import IdentifyJob
from fewpix.cli.bulk import BulkOptions, absolute
from fewpix.cli.calibration_options import RuleOptions
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.search_options import SearchOptions
from fewpix.config import gallery_location


def identify_parts(
    source: Path,
    search: SearchOptions,
    rule: RuleOptions,
    look: EncoderOptions,
    out: Path,
    bulk: BulkOptions,
    crops: bool,
    replace: bool,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Run it; the arguments are those of the verb."""
    look.norms(search.camera, search.gallery)  # told before any work where there is no such state
    job = IdentifyJob(
        absolute(look.model) or "",
        look.runtime,
        look.device,
        absolute(look.state),
        gallery=absolute(search.gallery or gallery_location()) or "",
        camera=search.camera,
        crops=crops,
        top=search.top,
        templates=not search.photos,
        matched=search.matched,
        threshold=rule.threshold,
        fpir=rule.fpir,
        cautious=rule.cautious,
        calibration=absolute(rule.calibration),
    )
    bulk.run(job, source, out, replace=replace, skip_bad=skip_bad, as_json=as_json, doing="identifying")
