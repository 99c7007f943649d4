"""Which runtime "auto" takes for an ONNX model: OpenVINO where it gives what onnxruntime gives."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from fewpix.config import cache_dir
from fewpix.errors import FewpixError, StorageError
from fewpix.files import write_text
from fewpix.foreign import json_file
from fewpix.image.resize import Crop
from fewpix.models.teacher import OnnxModel

TOLERANCE = 1e-4
"""The most that a number of a unit embedding may differ by between the two; 1e-6 is usual."""

MACHINES = ("x86_64", "amd64")
"""Processors on which OpenVINO was measured to be faster (results/speed/embed.json)."""

_SIDES = (8, 12, 16, 24, 32, 48, 80, 112)

log = logging.getLogger("fewpix")


@dataclass(frozen=True)
class Choice:
    """The runtime that "auto" takes.

    Args:
        runtime: "onnxruntime" or "openvino".
        why: in words.
        difference: the most that a number of an embedding differs by between the two; None where they were
            not compared.
    """

    runtime: str
    why: str
    difference: float | None = None


def fastest(model: OnnxModel, device: str = "auto") -> Choice:
    """Choose the runtime for a model.

    Both embed a few fixed pictures when a model is opened for the first time; the outcome is kept in the
    user cache, by the model's digest and the versions of both.

    Args:
        model: the ONNX file and its card.
        device: as in `open_encoder`.
    """
    if device not in ("auto", "cpu"):
        return Choice("onnxruntime", f"OpenVINO is used on the CPU only, not on {device}")
    if platform.machine().lower() not in MACHINES:
        return Choice("onnxruntime", f"OpenVINO was not measured on {platform.machine()}")
    try:
        versions = version("openvino"), _onnxruntime()
    except PackageNotFoundError:
        return Choice("onnxruntime", "OpenVINO is not installed")
    note = _note(model, versions)
    known = _read(note)
    if known is None:
        known = _compare(model)
        try:
            write_text(note, json.dumps(known))
        except StorageError as error:
            log.info("%s; runtimes are compared again the next time", error)
    return _decide(known)


def _decide(known: dict[str, object]) -> Choice:
    """The choice that a comparison comes to."""
    difference = known.get("difference")
    if not isinstance(difference, float):
        return Choice("onnxruntime", f"OpenVINO cannot run it: {known.get('fault', '')}")
    if not difference <= TOLERANCE:  # also for NaN
        return Choice("onnxruntime", f"OpenVINO differs from it by {difference:.0e}", difference)
    return Choice("openvino", f"differs from onnxruntime by {difference:.0e} at most", difference)


def _compare(model: OnnxModel) -> dict[str, object]:
    """Embed pictures by both; onnxruntime first, so that a model that it cannot run goes no further."""
    from fewpix.embed.onnxruntime import OnnxRuntimeEncoder
    from fewpix.embed.openvino import OpenVinoEncoder

    try:
        crops = _pictures()
        rows = OnnxRuntimeEncoder(model).embed(crops)
        found = OpenVinoEncoder(model).embed(crops)
    except (FewpixError, ImportError, RuntimeError, MemoryError) as error:
        return {"fault": " ".join(str(error).split())[:200]}
    return {"difference": float(np.abs(rows - found).max())}


def _pictures() -> list[Crop]:
    """A few fixed pictures of several sizes."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in _SIDES]


def _onnxruntime() -> str:
    try:
        return version("onnxruntime")
    except PackageNotFoundError:
        return version("onnxruntime-gpu")


def _note(model: OnnxModel, versions: tuple[str, str]) -> Path:
    """Where the outcome for this model, these versions and this processor is kept."""
    key = "\n".join((model.card.sha256, *versions, platform.processor(), platform.machine()))
    return cache_dir() / "runtimes" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _read(note: Path) -> dict[str, object] | None:
    """What is kept; None where nothing is, or nothing that can be understood."""
    try:
        known = json_file(note)
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and {"difference", "fault"} & set(known) else None
