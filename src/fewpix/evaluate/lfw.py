"""LFW's pair protocol at few pixels: how well a model verifies faces of a given size.

`lr-lr`: both pictures of a pair are made small and go to the model. `hr-lr`: the second picture is made
small and goes to the model, the first stays sharp and goes to the teacher, as when a sharp gallery is
searched with small faces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.pair_protocol import Teachers, score_pairs
from fewpix.evaluate.readers.lfw_folder import LfwFolder
from fewpix.evaluate.statistics.bootstrap import REPLICATES
from fewpix.evaluate.verification import Verification, verify
from fewpix.progress import Advance

PROTOCOLS = ("hr-lr", "lr-lr")


@dataclass(frozen=True, eq=False)
class Cell:
    """One model at one size under one protocol.

    Args:
        model: its name.
        size: side of the small faces in pixels.
        protocol: of `PROTOCOLS`.
        verification: the figures.
        scores: (P,) float64, of all pairs.
    """

    model: str
    size: int
    protocol: str
    verification: Verification
    scores: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LfwScores:
    """What `measure` found.

    Args:
        cells: in the order of protocols, sizes, models.
        data_sha256: over the list of pairs and the pictures used.
    """

    cells: tuple[Cell, ...]
    data_sha256: str


def measure(
    data: LfwFolder,
    models: Mapping[str, Encoder],
    teacher: Teachers | None,
    *,
    sizes: Sequence[int],
    protocols: Sequence[str] = PROTOCOLS,
    degradation: Degradation | None = None,
    flip: bool = False,
    replicates: int = REPLICATES,
    seed: int = 0,
    advance: Advance | None = None,
) -> LfwScores:
    """Evaluate every model at every size under every protocol; each picture is embedded once per view.

    Args:
        data: the pairs.
        models: by name; the small faces go to them.
        teacher: the sharp faces of `hr-lr` go to it, see `pair_protocol.Teachers`; may be None without that
            protocol.
        sizes: sides in pixels, 8 to 112.
        protocols: of `PROTOCOLS`.
        degradation: how faces get small; by area averaging when None.
        flip: add the mirrored picture's embedding, for every model and for the teacher.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
        advance: told after every batch of pictures.

    Raises:
        ConfigError: unknown protocol, or a size out of range.
        SpaceError: `hr-lr` would compare embeddings of two spaces.
    """
    for protocol in protocols:
        if protocol not in PROTOCOLS:
            raise ConfigError(f"unknown protocol {protocol!r}", fix=f"use {' or '.join(PROTOCOLS)}")
    found = score_pairs(
        data.pictures,
        data.pairs,
        models,
        teacher,
        sizes=sizes,
        protocols=protocols,
        degradation=degradation,
        flip=flip,
        advance=advance,
    )
    cells = tuple(
        Cell(
            setting.model,
            size,
            setting.protocol,
            verify(scores, data.pairs, replicates=replicates, seed=seed),
            scores,
        )
        for setting, scores in found.cosines.items()
        if (size := setting.size) is not None
    )
    sha256 = hashlib.sha256(f"{data.list_sha256}\n{found.views.sha256}\n".encode()).hexdigest()
    return LfwScores(cells, sha256)
