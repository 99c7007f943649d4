"""One embedding of a whole track: the mean of its best sights, by their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder, normalised
from fewpix.errors import InputError
from fewpix.identify.faces import EmbeddedFace, embed_faces
from fewpix.quality.assess import Quality
from fewpix.video.sample import Sample


def template(samples: Sequence[Sample], encoder: Encoder) -> EmbeddedFace:
    """Embed sights of one face and average them.

    Args:
        samples: at least one, the best first.
        encoder: the one to embed with, or a router; it may have another NormState than when they were cut.

    Returns:
        The best sight's box and pose; the weighted mean of sizes, qualities and embeddings, these made unit
        length again; digest and state of the encoder of the best sight.

    Raises:
        InputError: no sights.
    """
    if not samples:
        raise InputError("a template needs at least one face")
    faces = [replace(item.face, encoder=item.face.encoder_of(encoder)) for item in samples]
    embedded = embed_faces(faces)
    weights = np.array([item.weight for item in samples], dtype=np.float64)
    weights /= weights.sum()
    mean = weights @ np.stack([face.embedding for face in embedded]).astype(np.float64)
    return EmbeddedFace(
        box=embedded[0].box,
        pixels=float(weights @ [face.pixels for face in embedded]),
        quality=_mean([face.quality for face in embedded], weights),
        embedding=normalised(mean[None].astype(np.float32))[0],
        encoder_sha256=embedded[0].encoder_sha256,
        state_id=embedded[0].state_id,
    )


def _mean(qualities: Sequence[Quality], weights: NDArray[np.float64]) -> Quality:
    """The weighted mean of qualities; which way a head looks has none, so that the first pose stands."""
    scores = [1.0 if item.detector_score is None else item.detector_score for item in qualities]
    return Quality(
        effective_pixels=float(weights @ [item.effective_pixels for item in qualities]),
        sharpness=float(weights @ [item.sharpness for item in qualities]),
        pose=qualities[0].pose,
        detector_score=float(weights @ scores),
    )
