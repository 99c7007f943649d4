"""What onnxruntime and OpenVINO make of one model here: compared once, and kept in the user cache."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fewpix.config import cache_dir
from fewpix.errors import StorageError
from fewpix.files import write_text
from fewpix.foreign import json_file

MACHINES = ("x86_64", "amd64")
"""Processors on which OpenVINO was measured to be faster (results/speed/embed.json)."""

Outcome = dict[str, object]
"""What is kept: `difference`, or the `fault` that there was, and what else the comparison found."""

log = logging.getLogger("fewpix")


def obstacle(device: str = "auto") -> str:
    """Why OpenVINO is not to be tried here, in words; empty where it is.

    Args:
        device: as in `open_encoder`.
    """
    if device not in ("auto", "cpu"):
        return f"OpenVINO is used on the CPU only, not on {device}"
    if platform.machine().lower() not in MACHINES:
        return f"OpenVINO was not measured on {platform.machine()}"
    try:
        version("openvino")
    except PackageNotFoundError:
        return "OpenVINO is not installed"
    return ""


def compared(sha256: str, compare: Callable[[], Outcome]) -> Outcome:
    """The outcome for a model, these versions of both runtimes and this processor.

    Args:
        sha256: of the model.
        compare: finds it out, where it is not kept.
    """
    note = _note(sha256, (version("openvino"), _onnxruntime()))
    known = _read(note)
    if known is None:
        known = compare()
        try:
            write_text(note, json.dumps(known))
        except StorageError as error:
            log.info("%s; runtimes are compared again the next time", error)
    return known


def _onnxruntime() -> str:
    try:
        return version("onnxruntime")
    except PackageNotFoundError:
        return version("onnxruntime-gpu")


def _note(sha256: str, versions: tuple[str, str]) -> Path:
    key = "\n".join((sha256, *versions, platform.processor(), platform.machine()))
    return cache_dir() / "runtimes" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _read(note: Path) -> Outcome | None:
    """What is kept; None where nothing is, or nothing that can be understood."""
    try:
        known = json_file(note)
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and {"difference", "fault"} & set(known) else None
