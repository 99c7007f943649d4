"""The card that travels with an encoder: what it is, what it expects, which space it writes into.

Inside a student's safetensors and ONNX files it is one JSON text under the metadata key `fewpix`; for a
foreign ONNX encoder it is a file `MODEL.onnx.json` beside it, so that its colour order and scaling are stated
and never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fewpix.errors import ConfigError
from fewpix.foreign import json_of
from fewpix.image.preprocess import Preprocess
from fewpix.models.space import MOST_DIMENSIONS, Space

METADATA_KEY = "fewpix"


@dataclass(frozen=True)
class Card:
    """What a weights file says of itself.

    Args:
        name: the model's name, `fewpix-s` or `sface`.
        arch: the zoo's name of a student's architecture; "onnx" for a foreign encoder.
        sha256: for a student the digest of its float32 tensors, the same in every file format and runtime;
            for a foreign encoder the SHA-256 of its original file.
        space: the embedding space.
        preprocess: what happens to a crop before the first layer.
        terms: the licence under which the weights may be used, in words.
        provenance: recipe, data digest, seed, commit and figures, as JSON values.
    """

    name: str
    arch: str
    sha256: str
    space: Space
    preprocess: Preprocess
    terms: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def int8(self) -> bool:
        """Whether the weights are another student's in int8, as `fewpix export --int8` makes them.

        They write into the same space and are other weights: with a digest of their own, and without
        BatchNorm statistics that a NormState could replace.
        """
        return "int8" in self.provenance

    def to_text(self) -> str:
        """Canonical JSON: the same card gives the same bytes."""
        data = {
            "name": self.name,
            "arch": self.arch,
            "sha256": self.sha256,
            "space": self.space.to_json(),
            "preprocess": self.preprocess.to_json(),
            "terms": self.terms,
            "provenance": dict(self.provenance),
        }
        return json.dumps(data, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str, origin: str) -> Card:
        """Read what `to_text` wrote.

        Args:
            text: the JSON text.
            origin: the file it came from, for messages.

        Raises:
            ConfigError: not JSON, or a key is missing, unknown or of the wrong type.
        """
        try:
            data = json_of(text)
        except ValueError as error:
            raise ConfigError(f"{origin}: the card is not JSON: {error}") from error
        known = {"name", "arch", "sha256", "space", "preprocess", "terms", "provenance"}
        if not isinstance(data, dict):
            raise ConfigError(f"{origin}: the card is not a JSON object")
        for key in sorted(set(data) - known):
            raise ConfigError(
                f"{origin}: the card has an unknown key '{key}'", fix=f"known: {', '.join(sorted(known))}"
            )
        data = {"terms": "", "provenance": {}, **data}
        for key in ("name", "arch", "sha256", "terms"):
            if not isinstance(data.get(key), str):
                raise ConfigError(f"{origin}: the card's '{key}' must be a text, not {data.get(key)!r}")
        for key in ("space", "preprocess", "provenance"):
            if not isinstance(data.get(key), dict):
                raise ConfigError(f"{origin}: the card's '{key}' must be an object, not {data.get(key)!r}")
        try:
            space, preprocess = Space.from_json(data["space"]), Preprocess.from_json(data["preprocess"])
        except ConfigError as error:
            raise ConfigError(f"{origin}: the card's {error.what}", fix=error.fix) from error
        if not 1 <= space.dim <= MOST_DIMENSIONS:
            raise ConfigError(f"{origin}: the card's space has {space.dim} dimensions")
        return cls(
            data["name"],
            data["arch"],
            data["sha256"],
            space,
            preprocess,
            terms=data["terms"],
            provenance=data["provenance"],
        )
