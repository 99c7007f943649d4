"""FaceBN on the unlabelled pictures of the people tested: one state per student and size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.adapt.stats import NormState, save_state
from fewpix.degrade.degradation import Degradation
from fewpix.embed.adaptation import adapt_to
from fewpix.quickstart.faces import Advance, SampleFaces

SOURCE = "ORL, unlabelled pictures of the people tested, none of them enrolled or searched for"


def states(
    students: dict[str, Path],
    faces: SampleFaces,
    members: NDArray[np.int64],
    sizes: tuple[int, ...],
    out: Path,
    advance: Advance,
) -> dict[tuple[str, int], NormState]:
    """Estimate a state per student and size, as a camera that sees faces of that size would.

    Args:
        students: name to `.safetensors` file.
        faces: the aligned faces.
        members: those to adapt on.
        sizes: in pixels.
        out: the states are written below it.
        advance: told after every state.
    """
    found: dict[tuple[str, int], NormState] = {}
    degradation = Degradation()
    for name, weights in students.items():
        for size in sizes:
            crops = [degradation.apply(faces.crops[n], faces.names[n], size) for n in members]
            state = adapt_to(weights, crops, source=f"{SOURCE}; {size} px")
            save_state(out / f"{name}-{size}px.safetensors", state)
            found[name, size] = state
            advance(len(found), len(students) * len(sizes), "")
    return found
