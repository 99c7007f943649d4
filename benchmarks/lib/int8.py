"""Shipped students in int8, for benchmarks, and which of the processor's instructions matter to them."""

from __future__ import annotations

from pathlib import Path

from fewpix.data.faces import FaceSet
from fewpix.export.int8 import Int8Report, export_int8
from fewpix.models.shipped import shipped

INSTRUCTIONS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
"""As Linux calls them. Without one for dot products of bytes (VNNI, AMX, ASIMDDP), int8 has little to win,
and on x86 onnxruntime adds in 16 bits, which may overflow."""


def in_int8(name: str, faces: FaceSet, folder: Path, *, count: int, seed: int) -> Int8Report:
    """A shipped student in int8, as `fewpix export --int8` writes it, in a folder."""
    weights = shipped(f"{name}.safetensors")
    return export_int8(weights, folder / f"{name}-int8.onnx", faces, count=count, seed=seed)


def instructions() -> list[str]:
    """Those of `INSTRUCTIONS` that this processor has; none where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    said = next((line for line in lines if line.startswith(("flags", "Features"))), "").split()
    return [each for each in INSTRUCTIONS if each in said]
