"""A calibration with round numbers, for tests of what reads it."""

from __future__ import annotations

from typing import Any

from fewpix.calibration.file import Calibration

SMALL, LARGE = "1" * 64, "2" * 64
"""Two encoders: of faces of 8 and 16 px, and of 32 and 112 px; the second also saw the gallery."""

RATES = (0.1, 0.01, 0.001)


def curve(people: int, thresholds: tuple[float, ...]) -> dict[str, Any]:
    rates = RATES[: len(thresholds)]
    return {
        "people": people,
        "galleries": 2,
        "threshold": thresholds,
        "low": [rate / 2 for rate in rates],
        "high": [rate * 2 for rate in rates],
        "independence": None if people == 1 else [None] * len(rates),
    }


def size(pixels: int, shift: float) -> dict[str, Any]:
    """FMR 0.1, 0.01, 0.001 at 0.2, 0.3, 0.4 and `shift`; each tenfold gallery 0.1 higher."""
    return {
        "pixels": pixels,
        "curves": [
            curve(1, (0.2 + shift, 0.3 + shift, 0.4 + shift)),
            curve(10, (0.3 + shift, 0.4 + shift, 0.5 + shift)),
            curve(100, (0.4 + shift, 0.5 + shift)),
        ],
    }


def data() -> dict[str, Any]:
    """The JSON values of the file."""
    faces = {"name": "made up", "sha256": "a" * 64, "faces": 1000, "people": 1000}
    faces |= {"largest": 1, "labels": "one each"}
    return {
        "schema": "calibration-1",
        "model": "auto",
        "space": "0" * 16,
        "encoders": [
            {"name": "small", "sha256": SMALL, "state_id": "", "sizes": [size(8, 0.1), size(16, 0.0)]},
            {"name": "large", "sha256": LARGE, "state_id": "", "sizes": [size(32, 0.0), size(112, -0.1)]},
        ],
        "gallery_encoder": {"name": "large", "sha256": LARGE, "state_id": ""},
        "probes": faces,
        "gallery": faces,
        "note": "",
        "independent_pairs": 1000,
        "independent_searches": 1000,
        "same": 0.55,
        "left_out": 0,
        "degradation": "area",
        "seed": 0,
        "rates": RATES,
    }


def made() -> Calibration:
    return Calibration.model_validate(data())


def beside_others(*shifts: float) -> Calibration:
    """The same with other populations, one of each shift at all sizes."""
    values = data()
    faces = values["probes"]
    values["populations"] = [
        {"probes": {**faces, "name": f"others {n}"}, "gallery": faces, "left_out": 0}
        for n in range(len(shifts))
    ]
    for encoder in values["encoders"]:
        for each in encoder["sizes"]:
            each["shifts"] = shifts
    return Calibration.model_validate(values)
