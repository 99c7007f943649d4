"""The embedding space: what makes two embeddings comparable, and the fingerprint of a gallery."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fewpix.errors import ConfigError

MOST_DIMENSIONS = 65536


@dataclass(frozen=True)
class Space:
    """An embedding space, named by the teacher that spans it and not by the encoder that writes into it.

    A new student of the same teacher embeds into the same space, so it can search older galleries.

    Args:
        teacher_sha256: SHA-256 of the teacher's weights, 64 hexadecimal digits.
        dim: length of an embedding.
        normalised: whether embeddings have unit L2 norm.
    """

    teacher_sha256: str
    dim: int
    normalised: bool = True

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever two spaces do."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """The three fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """Read what `to_json` wrote.

        Raises:
            ConfigError: a field is missing, unknown or of the wrong type.
        """
        expected = {"teacher_sha256": str, "dim": int, "normalised": bool}
        for key in data:
            if key not in expected:
                raise ConfigError(f"space: unknown key '{key}'", fix=f"known keys: {', '.join(expected)}")
        for key, kind in expected.items():
            if type(data.get(key)) is not kind:
                raise ConfigError(f"space: '{key}' must be {kind.__name__}, not {data.get(key)!r}")
        return cls(data["teacher_sha256"], data["dim"], data["normalised"])

    def __str__(self) -> str:
        """The fingerprint with the teacher's first digits."""
        return f"space {self.fingerprint} (teacher {self.teacher_sha256[:12]}, {self.dim} dimensions)"
