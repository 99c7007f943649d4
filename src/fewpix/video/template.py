"""One embedding of a whole track: the mean of its best sights of one encoder, by their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.fusion import fuse, heaviest, independent
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.identify.faces import EmbeddedFace, embed_faces
from fewpix.quality.assess import Quality
from fewpix.video.sample import Sample


def of_one_encoder(samples: Sequence[Sample], encoder: Encoder) -> tuple[Sample, ...]:
    """The sights that one encoder takes: of a router's, the one whose sights weigh the most together.

    Somebody who comes closer is seen by several encoders, one after the other. Scores are rated by encoder
    and size, and a mean over several is of none of them.

    Args:
        samples: of one track, the best first.
        encoder: the one to embed with, or a router.
    """
    if not samples:
        return ()
    takers = [id(item.face.encoder_of(encoder)) for item in samples]
    chosen = heaviest(takers, [item.weight for item in samples])  # of equals the best sight's
    return tuple(item for item, taker in zip(samples, takers, strict=True) if taker == chosen)


def template(samples: Sequence[Sample], encoder: Encoder) -> EmbeddedFace:
    """Embed sights of one face and average them; see `of_one_encoder` for which.

    Args:
        samples: at least one, the best first.
        encoder: the one to embed with, or a router; it may have another NormState than when they were cut.

    Returns:
        The best of these sights' box, points and pose; the weighted mean of their sizes, qualities and
        embeddings, these made unit length again; digest and state of the encoder that made all of them; how
        many independent sights they are.

    Raises:
        InputError: no sights.
    """
    if not samples:
        raise InputError("a template needs at least one face")
    used = of_one_encoder(samples, encoder)
    embedded = embed_faces([replace(item.face, encoder=item.face.encoder_of(encoder)) for item in used])
    weights = np.array([item.weight for item in used], dtype=np.float64)
    weights /= weights.sum()
    fused = fuse(np.stack([face.embedding for face in embedded]), np.zeros(1, dtype=np.int64), weights)
    return EmbeddedFace(
        box=embedded[0].box,
        pixels=float(weights @ [face.pixels for face in embedded]),
        quality=_mean([face.quality for face in embedded], weights),
        embedding=fused.embeddings[0],
        encoder_sha256=embedded[0].encoder_sha256,
        state_id=embedded[0].state_id,
        # Not that of the mean size and detail, which may lie in another encoder's band.
        routed_pixels=float(weights @ [face.routed_pixels for face in embedded]),
        points=embedded[0].points,
        sights=independent(weights),
    )


def _mean(qualities: Sequence[Quality], weights: NDArray[np.float64]) -> Quality:
    """The weighted mean of qualities; which way a head looks has none, so that the first pose stands."""
    scores = [1.0 if item.detector_score is None else item.detector_score for item in qualities]
    errors = [item.alignment_error for item in qualities]
    return Quality(
        effective_pixels=float(weights @ [item.effective_pixels for item in qualities]),
        sharpness=float(weights @ [item.sharpness for item in qualities]),
        pose=qualities[0].pose,
        detector_score=float(weights @ scores),
        alignment_error=None if None in errors else float(weights @ np.array(errors, dtype=np.float64)),
    )
