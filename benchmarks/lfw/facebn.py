"""FaceBN in the LFW study: a state per family and size, from pictures of one fold, as `facebn_shifts.py lfw`.

Statistics come from the small pictures of one fold, without their names; scores come from the pairs of all
other folds, whose people are others. The guard is asked and its verdict is recorded; its refusals are scored
all the same, so that the table shows what they would have prevented.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.facebn.arms import ARMS, of_other_people, state_of
from benchmarks.lfw.cells import Faces
from benchmarks.lib.lfw import LfwPairs
from fewpix import __version__
from fewpix.adapt.estimate.judge import judge
from fewpix.adapt.reference import reference_of
from fewpix.adapt.stats import NormState, load_state, save_state
from fewpix.degrade import family
from fewpix.degrade.degradation import Degradation
from fewpix.embed.adaptation import student_weights
from fewpix.errors import FewpixError, InputError
from fewpix.files import write_text
from fewpix.models.zoo import load_student

ARM = "excess"


@dataclass(frozen=True, eq=False)
class Parts:
    """Who is adapted to, and who is scored.

    Args:
        fold: whose pictures statistics come from; the last one.
        scored: (P,) bool, the pairs of all other folds.
        used: numbers of their pictures.
        source: numbers of the pictures that statistics come from, of other people.
    """

    fold: int
    scored: NDArray[np.bool_]
    used: NDArray[np.int64]
    source: NDArray[np.int64]

    @classmethod
    def of(cls, data: LfwPairs) -> Parts:
        """The last fold against the others.

        Raises:
            InputError: the last fold shows nobody but people of the others, or there are no three folds.
        """
        fold = int(data.folds.max())
        scored = data.folds != fold
        used, source = of_other_people(data, fold, scored)
        if not len(source) or len(np.unique(data.folds[scored])) < 2:
            raise InputError(
                f"FaceBN needs people of the last fold who are in no other, and two other folds; this list "
                f"leaves {len(source)} pictures and {len(np.unique(data.folds[scored]))} folds",
                fix="leave FaceBN out with --models",
            )
        return cls(fold, scored, used, source)


class States:
    """Estimates states of a student, and keeps them.

    Args:
        faces: LFW.
        parts: see `Parts`.
        folder: where they are kept.
        model: the student.
        seed: of the families and of the faces' order.
    """

    def __init__(self, faces: Faces, parts: Parts, folder: Path, model: str, seed: int) -> None:
        self.faces, self.parts, self.folder, self.seed = faces, parts, folder, seed
        weights = student_weights(model)
        self.model, self.card = load_student(weights)
        reference = reference_of(weights, self.card.sha256)
        if reference is None:
            raise InputError(f"{model} has no reference", fix="make one with `fewpix reference`")
        self.reference = reference

    def find(self, where: str, size: int) -> tuple[NormState, Mapping[str, Any]] | None:
        """The state of a family at a size with the guard's verdict, if it was made."""
        path = self._path(where, size)
        try:
            verdict = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            state = load_state(path)
        except (OSError, ValueError, FewpixError):
            return None
        return state, verdict

    def make(self, where: str, size: int) -> tuple[NormState, Mapping[str, Any]]:
        """The same, made if it has to be."""
        found = self.find(where, size)
        if found is not None:
            return found
        order = np.random.default_rng(self.seed).permutation(self.parts.source)
        degradation = Degradation(where, self.seed)
        crops = [degradation.apply(self.faces.crops[n], self.faces.names[n], size) for n in order]
        faces = torch.from_numpy(self.card.preprocess.apply(crops))

        def state_from(part: torch.Tensor) -> NormState:
            source = f"{where}@{size}"
            return state_of(ARMS[ARM], self.model, self.card, part, source, self.reference, size)

        verdict, state = judge(self.model, faces, state_from), state_from(faces)
        path = self._path(where, size)
        write_text(path.with_suffix(".json"), json.dumps(verdict.to_json() | {"reasons": verdict.reasons}))
        save_state(path, state)
        made = self.find(where, size)
        assert made is not None
        return made

    def _path(self, where: str, size: int) -> Path:
        key = {
            "fewpix": __version__,
            "data_sha256": self.faces.sha256,
            "fold": self.parts.fold,
            "model_sha256": self.card.sha256,
            "arm": vars(ARMS[ARM]),
            "reference": self.reference.id,
            "degradation": family(where, size).to_json(),
            "seed": self.seed,
        }
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self.folder / f"state-{digest[:16]}.safetensors"
