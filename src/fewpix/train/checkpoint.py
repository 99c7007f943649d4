"""Checkpoints: one safetensors file with everything that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from fewpix.errors import WeightsError
from fewpix.files import atomic
from fewpix.foreign import MALFORMED, json_of
from fewpix.train.optimise import moments_of, restore_moments
from fewpix.train.step import Distiller

FORMAT = "1"


@dataclass(frozen=True)
class Identity:
    """What a checkpoint belongs to; all must agree on resume, `torch` and `threads` for identical bits only.

    Args:
        recipe: the recipe's hash.
        arch: the student's architecture.
        faces: hash of the face set.
        teacher: hash of the teacher.
        torch: version.
        threads: of torch on the CPU.
    """

    recipe: str
    arch: str
    faces: str
    teacher: str
    torch: str
    threads: int


def save_checkpoint(path: Path, distiller: Distiller, identity: Identity) -> None:
    """Write the state of a run, atomically.

    Raises:
        StorageError: it cannot be written; the checkpoint before it is still there.
    """
    tensors: dict[str, Tensor] = {"random": torch.get_rng_state()}
    for part, module in _modules(distiller).items():
        tensors |= {f"{part}.{name}": value for name, value in module.state_dict().items()}
    tensors |= {f"optimiser.{name}": value for name, value in moments_of(distiller.optimiser).items()}
    tensors |= {"queue.vectors": distiller.queue.vectors, "queue.keys": distiller.queue.keys}
    facts = {
        "format": FORMAT,
        "step": str(distiller.step),
        "queue_added": str(distiller.queue.added),
        "identity": json.dumps(asdict(identity), sort_keys=True),
    }
    data = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, facts)
    with atomic(path) as part_path:
        part_path.write_bytes(data)


def read_identity(path: Path) -> Identity:
    """What a checkpoint belongs to.

    Raises:
        WeightsError: it is not a checkpoint, or of another version of the format.
    """
    try:
        with safe_open(str(path), framework="numpy") as file:
            facts = file.metadata() or {}
        if facts.get("format") != FORMAT:
            raise WeightsError(f"{path} is not a checkpoint of this version", fix="start in another folder")
        return Identity(**json_of(facts["identity"]))
    except (SafetensorError, OSError, *MALFORMED) as error:
        raise WeightsError(f"{path} is not a checkpoint: {error}", fix="delete it to start anew") from error


def checkpoint_weights(path: Path, part: str) -> dict[str, NDArray[np.float32]]:
    """The float tensors of one part of a checkpoint, by the names that they have in a weights file.

    Args:
        path: a checkpoint.
        part: "student", "average" or "start"; empty when the run keeps no start.
    """
    with safe_open(str(path), framework="numpy") as file:
        names = [name for name in file.keys() if name.startswith(f"{part}.")]  # noqa: SIM118
        tensors = {name.removeprefix(f"{part}."): file.get_tensor(name) for name in names}
    return {name: value for name, value in tensors.items() if value.dtype == np.float32}


def load_checkpoint(path: Path, distiller: Distiller) -> None:
    """Bring a freshly built distiller to the state of the checkpoint.

    Raises:
        WeightsError: a tensor is missing or of another shape.
    """
    with safe_open(str(path), framework="pt") as file:
        facts: Mapping[str, str] = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        for part, module in _modules(distiller).items():
            module.load_state_dict(below(tensors, f"{part}."))
        restore_moments(distiller.optimiser, below(tensors, "optimiser."))
        distiller.queue.vectors.copy_(tensors["queue.vectors"])
        distiller.queue.keys.copy_(tensors["queue.keys"])
        torch.set_rng_state(tensors["random"])
        distiller.step, distiller.queue.added = int(facts["step"]), int(facts["queue_added"])
    except (RuntimeError, *MALFORMED) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            f"{path} does not fit the recipe: {reason}", fix="start in another folder"
        ) from error


def _modules(distiller: Distiller) -> dict[str, torch.nn.Module]:
    start = {"start": distiller.start} if distiller.start is not None else {}
    return {
        "student": distiller.student,
        "average": distiller.average,
        "objective": distiller.objective,
        **start,
    }


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, called by what follows it."""
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
