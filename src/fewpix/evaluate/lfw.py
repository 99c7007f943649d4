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
from fewpix.errors import ConfigError, SpaceError
from fewpix.evaluate.bootstrap import REPLICATES
from fewpix.evaluate.degraded import Degradation, check_size
from fewpix.evaluate.lfw_folder import LfwFolder
from fewpix.evaluate.pairs import PairList
from fewpix.evaluate.verification import Verification, verify
from fewpix.evaluate.views import Advance, View, Views, embed_views

PROTOCOLS = ("hr-lr", "lr-lr")
_HR = " hr"  # the teacher's key among the encoders; no model can be called so
_SHARP = View(_HR, None)


@dataclass(frozen=True, eq=False)
class Cell:
    """One model at one size under one protocol."""

    model: str
    size: int
    protocol: str
    verification: Verification


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
    teacher: Encoder | None,
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
        teacher: the sharp faces of `hr-lr` go to it; may be None without that protocol.
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
    pairs = data.pairs
    first, small = (np.zeros(len(data.names), dtype=np.bool_) for _ in range(2))
    first[pairs.first] = True
    small[pairs.second] = True
    if "lr-lr" in protocols:
        small[pairs.first] = True
    wanted: dict[View, NDArray[np.bool_]] = {
        View(name, check_size(size)): small for name in models for size in sizes
    }
    encoders = dict(models)
    if "hr-lr" in protocols:
        if teacher is None:
            raise ConfigError("the protocol hr-lr needs a teacher for the sharp faces")
        for name, encoder in models.items():
            check_space(name, encoder, teacher)
        encoders[_HR] = teacher
        wanted[_SHARP] = first
    views = embed_views(
        data.pictures, encoders, wanted, degradation or Degradation(), flip=flip, advance=advance
    )
    cells = tuple(
        Cell(
            name,
            size,
            protocol,
            verify(_scores(views, pairs, name, size, protocol), pairs, replicates=replicates, seed=seed),
        )
        for protocol in protocols
        for size in sizes
        for name in models
    )
    sha256 = hashlib.sha256(f"{data.list_sha256}\n{views.sha256}\n".encode()).hexdigest()
    return LfwScores(cells, sha256)


def check_space(name: str, encoder: Encoder, teacher: Encoder) -> None:
    """Refuse to compare a model's embeddings with those of another space's teacher.

    Raises:
        SpaceError: the spaces differ.
    """
    if encoder.card.space != teacher.card.space:
        raise SpaceError(
            f"{name} writes into {encoder.card.space}, the teacher into {teacher.card.space}",
            fix="name the model's own teacher with --teacher, or use lr-lr",
        )


def _scores(views: Views, pairs: PairList, model: str, size: int, protocol: str) -> NDArray[np.float64]:
    """Cosine of every pair, (P,)."""
    low = views.embeddings[View(model, size)]
    other = views.embeddings[_SHARP] if protocol == "hr-lr" else low
    a, b = other[pairs.first].astype(np.float64), low[pairs.second].astype(np.float64)
    return np.asarray((a * b).sum(axis=1), dtype=np.float64)
