"""The tables of what protocols of IJB-C's and QMUL-SurvFace's size cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fewpix.evaluate.tabulate import markdown

_STEPS = {
    "read": "read the list of pairs",
    "fuse": "pictures to templates",
    "verify": "the listed pairs, TAR at FAR, EER",
    "cross": "every template with every other",
    "search": "probes in a gallery, CMC, TPIR at FPIR",
}
_OTHERS = {
    "loadtxt": "`numpy.loadtxt`",
    "loop": "a loop over templates",
    "public": "float64, then `roc_curve`",
    "matrix": "all scores as one matrix",
}


def scale(result: Mapping[str, Any]) -> str:
    """Time and memory of each step by fewpix, beside those of other ways.

    Args:
        result: of `benchmarks/scale.py`.
    """
    rows = []
    for step, title in _STEPS.items():
        ways = result["figures"].get(step)
        if ways is None:
            continue
        ours = ways["fewpix"]
        for way, found in ways.items():
            if way != "fewpix":
                rows.append([title, _cost(ours), _OTHERS[way], _cost(found), _ratio(found)])
    return markdown(["step", "fewpix", "beside", "it takes", "times the time / memory"], rows)


def _cost(found: Mapping[str, Any]) -> str:
    if "skipped" in found:
        return "does not fit"
    return f"{found['seconds']:.1f} s, {found['peak_mb']:,.0f} MB"


def _ratio(found: Mapping[str, Any]) -> str:
    return "–" if "skipped" in found else f"{found['times_seconds']:.1f} / {found['times_memory']:.1f}"
