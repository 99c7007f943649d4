"""What helps where a calibration knows no rate."""

from __future__ import annotations

OTHER_MODEL = "decide by --threshold, or calibrate the model in use: docs/cli/calibrating.md"
OTHER_STATE = (
    "decide by --threshold, or `fewpix calibrate --impostors FACES --camera NAME` (or --state): "
    "docs/cli/calibrating.md"
)
TOO_MANY = (
    "decide by --threshold, or `fewpix calibrate --impostors FACES --galleries N`: docs/cli/calibrating.md"
)
OTHER_SCORES = (
    "leave out --matched, decide by --threshold, or `fewpix calibrate --matched`: docs/cli/calibrating.md"
)
OTHER_SIZE = (
    "decide by --threshold, or `fewpix calibrate --impostors FACES --sizes N`: docs/cli/calibrating.md"
)
OTHER_SIGHTS = (
    "leave out --calibration, decide by --threshold, or `fewpix calibrate --footage`: docs/cli/calibrating.md"
)
