"""The weights inside the package, by name.

They are not checked here: every reader recomputes the digest of the tensors and compares it with the card.
"""

from __future__ import annotations

from pathlib import Path

from fewpix.errors import InputError
from fewpix.files import path_of

WEIGHTS = Path(__file__).parent.parent / "weights"

STUDENTS: tuple[str, ...] = ("fewpix-xs", "fewpix-s", "fewpix-l")
"""The fastest, the one for the smallest faces, and the accurate one. The router has the last two."""


def shipped(file: str) -> Path:
    """The path of a shipped file.

    Args:
        file: a student's name with `.safetensors` or `.onnx`.

    Raises:
        InputError: there is no such file in the package.
    """
    path = WEIGHTS / path_of(file)
    if path.stem not in STUDENTS or path.parent != WEIGHTS or not path.is_file():
        raise InputError(
            f"the package ships no '{file}'", fix=f"students: {', '.join(STUDENTS)}; or name a path"
        )
    return path
