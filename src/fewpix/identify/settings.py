"""What the names of faces depend on, beside the picture and the people in the gallery."""

from __future__ import annotations

import hashlib
from typing import Any

from fewpix.identify.pipeline import Identifier
from fewpix.identify.rule import Rule


def settings_of(identifier: Identifier, by: Rule, detect_budget: float | None) -> dict[str, Any]:
    """JSON values by name.

    Args:
        identifier: what names.
        by: its rule.
        detect_budget: milliseconds for a picture; None for no budget.
    """
    calibration = None
    if by.calibrated is not None:
        calibration = hashlib.sha256(by.calibrated.calibration.to_text().encode()).hexdigest()
    sizes = identifier.matching.sizes
    return ({"matched": [list(size) for size in sizes]} if sizes else {}) | {
        "gallery": identifier.gallery.location,
        "model_sha256": identifier.encoder.card.sha256,
        "state": identifier.encoder.state_id,
        "threshold": identifier.threshold,
        "fpir": by.fpir,
        "cautious": by.cautious,
        "calibration_sha256": calibration,
        "detect_budget": detect_budget,
        "top": identifier.top,
        "templates": identifier.templates,
        "crops": identifier.detector is None,
    }
