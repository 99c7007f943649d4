"""Where the shipped aligner lies, and where in such an ONNX file its card is."""

from __future__ import annotations

from pathlib import Path

ALIGNER = Path(__file__).parent.parent / "weights" / "aligner.onnx"

KEY = "fewpix_aligner"
"""Of the card in the file's metadata."""
