"""By which rule the tracks of videos are named, and what is said of that at the end."""

from __future__ import annotations

from dataclasses import replace

from fewpix.cli.calibration_options import RuleOptions, closing
from fewpix.embed.protocol import Encoder
from fewpix.identify.rule import Rule, fitting_calibration


def rule_for_tracks(rule: RuleOptions, encoder: Encoder) -> tuple[Rule, str]:
    """The rule, and what is said after the last track; errors as `RuleOptions.of`."""
    by = rule.of(encoder, tracks=True)
    return by, closing(by)


def of_pictures(by: Rule, encoder: Encoder) -> Rule:
    """The same by the shipped calibration of pictures, of many more people: for how alike two tracks are."""
    return replace(by, calibrated=fitting_calibration(None, encoder)[0])
