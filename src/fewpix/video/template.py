"""One embedding of a whole track: the mean of its best sights, by their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fewpix.embed.protocol import Encoder, normalised
from fewpix.embed.router import encoder_for
from fewpix.errors import InputError
from fewpix.identify.faces import EmbeddedFace, embed_faces
from fewpix.video.sample import Sample


def template(samples: Sequence[Sample], encoder: Encoder) -> EmbeddedFace:
    """Embed sights of one face and average them.

    Args:
        samples: at least one, the best first.
        encoder: the one to embed with, or a router; it may have another NormState than when they were cut.

    Returns:
        The best sight's box; the weighted mean of sizes, scores and embeddings, these made unit length again;
        digest and state of the encoder of the best sight.

    Raises:
        InputError: no sights.
    """
    if not samples:
        raise InputError("a template needs at least one face")
    faces = [replace(item.face, encoder=encoder_for(encoder, item.face.pixels)) for item in samples]
    embedded = embed_faces(faces)
    weights = np.array([item.weight for item in samples], dtype=np.float64)
    weights /= weights.sum()
    mean = weights @ np.stack([face.embedding for face in embedded]).astype(np.float64)
    scores = [1.0 if face.quality is None else face.quality for face in embedded]
    return EmbeddedFace(
        box=embedded[0].box,
        pixels=float(weights @ [face.pixels for face in embedded]),
        quality=float(weights @ scores),
        embedding=normalised(mean[None].astype(np.float32))[0],
        encoder_sha256=embedded[0].encoder_sha256,
        state_id=embedded[0].state_id,
    )
