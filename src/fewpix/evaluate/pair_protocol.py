"""Scores of pairs of pictures: what happens to either side before the two are compared.

`native`: both go to the model as they are. `lr-lr`: both are made small and go to the model. `hr-lr`: one is
made small and goes to the model, the other one stays as it is and goes to the teacher, as when a sharp
gallery is searched with small faces; without a size both stay as they are, for pairs that are of two
resolutions by nature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, SpaceError
from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.degraded import Degradation, check_size
from fewpix.evaluate.pictures import PictureSource
from fewpix.evaluate.square import Square, aligned
from fewpix.evaluate.views import View, Views, embed_views
from fewpix.progress import Advance

PROTOCOLS = ("native", "hr-lr", "lr-lr")
SIDES = ("first", "second")
"""Of a pair, one of which is small under `hr-lr`."""

Teachers = Encoder | Mapping[str, Encoder]
"""One teacher for all models, or each model's own by the model's name."""

_HR = " hr {}"  # a teacher's key among the encoders; no model can be called so
_CHUNK = 65_536  # pairs compared at once


@dataclass(frozen=True)
class Setting:
    """One model at one size under one protocol; a size of None leaves pictures as they are."""

    model: str
    size: int | None
    protocol: str


@dataclass(frozen=True, eq=False)
class PairScores:
    """What `score_pairs` found.

    Args:
        cosines: (P,) float64 for each setting, in the order of protocols, sizes, models.
        views: what the pictures were.
    """

    cosines: dict[Setting, NDArray[np.float64]]
    views: Views


def score_pairs(
    pictures: PictureSource,
    pairs: PairList,
    models: Mapping[str, Encoder],
    teacher: Teachers | None,
    *,
    sizes: Sequence[int | None],
    protocols: Sequence[str],
    small: str = "second",
    degradation: Degradation | None = None,
    square: Square = aligned,
    flip: bool = False,
    advance: Advance | None = None,
) -> PairScores:
    """Score every pair by every model at every size under every protocol; each picture is read once.

    Args:
        pictures: those of `pairs`, in the order of `pairs.pictures`.
        pairs: which are compared.
        models: by name.
        teacher: takes the other side of `hr-lr`, see `Teachers`; may be None without that protocol.
        sizes: sides in pixels, 8 to 112; None for pictures as they are.
        protocols: of `PROTOCOLS`.
        small: of `SIDES`, the side of a pair that is small under `hr-lr`.
        degradation: how pictures get small; by area averaging when None.
        square: how a picture becomes a square before that.
        flip: add the mirrored picture's embedding, for every model and for the teacher.
        advance: told after every batch of pictures.

    Raises:
        ConfigError: an unknown protocol or side, a size out of range, or one that does not fit the protocol.
        SpaceError: `hr-lr` would compare embeddings of two spaces.
        InputError: see `embed_views`.
    """
    check_protocols(protocols, sizes, small)
    taken = np.zeros(len(pictures.names), dtype=np.bool_)
    for protocol in protocols:
        taken |= by_model(pairs, protocol, small)
    wanted: dict[View, NDArray[np.bool_]] = {View(name, size): taken for name in models for size in sizes}
    encoders, sharp = dict(models), dict[str, View]()
    if "hr-lr" in protocols:
        if teacher is None:
            raise ConfigError("the protocol hr-lr needs a teacher for the sharp faces")
        other = np.zeros(len(pictures.names), dtype=np.bool_)
        other[pairs.first if small == "second" else pairs.second] = True
        for name, own in teachers_of(models, teacher).items():
            check_space(name, models[name], own)
            key = next((key for key, known in encoders.items() if known is own and key not in models), None)
            key = key or _HR.format(len(encoders))
            encoders[key], sharp[name] = own, View(key, None)
            wanted[sharp[name]] = other
    views = embed_views(
        pictures, encoders, wanted, degradation or Degradation(), square=square, flip=flip, advance=advance
    )
    settings = [Setting(name, size, p) for p in protocols for size in sizes for name in models]
    found = {
        one: _cosines(views, pairs, one, small, sharp[one.model] if one.protocol == "hr-lr" else None)
        for one in settings
    }
    return PairScores(found, views)


def teachers_of(models: Mapping[str, Encoder], teacher: Teachers) -> dict[str, Encoder]:
    """The teacher of each model."""
    return {name: teacher[name] if isinstance(teacher, Mapping) else teacher for name in models}


def by_model(pairs: PairList, protocol: str, small: str = "second") -> NDArray[np.bool_]:
    """Which of the pairs' pictures go to the model under a protocol, (S,); those are made small."""
    taken = np.zeros(len(pairs.pictures), dtype=np.bool_)
    if protocol != "hr-lr" or small == "first":
        taken[pairs.first] = True
    if protocol != "hr-lr" or small == "second":
        taken[pairs.second] = True
    return taken


def check_space(name: str, encoder: Encoder, teacher: Encoder) -> None:
    """Refuse to compare a model's embeddings with those of another space's teacher.

    Raises:
        SpaceError: the spaces differ.
    """
    if encoder.card.space != teacher.card.space:
        raise SpaceError(
            f"{name} writes into {encoder.card.space}, the teacher into {teacher.card.space}",
            fix="name the model's own teacher with --teacher, same for the model itself, or use lr-lr",
        )


def check_protocols(protocols: Sequence[str], sizes: Sequence[int | None], small: str) -> None:
    """Refuse protocols, sizes and a small side that `score_pairs` could not do.

    Raises:
        ConfigError: see `score_pairs`.
    """
    if small not in SIDES:
        raise ConfigError(f"small: a pair has no side {small!r}", fix=f"use {' or '.join(SIDES)}")
    for protocol in protocols:
        if protocol not in PROTOCOLS:
            raise ConfigError(f"unknown protocol {protocol!r}", fix=f"use {', '.join(PROTOCOLS)}")
    for size in sizes:
        if size is not None:
            check_size(size)
    if "native" in protocols and any(size is not None for size in sizes):
        raise ConfigError(
            "the protocol native compares pictures as they are, at no other size",
            fix="make them small with --protocol lr-lr or hr-lr, or leave --size out",
        )
    if "lr-lr" in protocols and None in sizes:
        raise ConfigError(
            "the protocol lr-lr needs a size to make pictures small to",
            fix="give one with --size, or compare them as they are with --protocol native",
        )


def cosines(left: NDArray[np.float32], right: NDArray[np.float32], pairs: PairList) -> NDArray[np.float64]:
    """Cosine of every pair, (P,), in float64.

    Args:
        left: (S, D) unit rows, in the order of `pairs.pictures`, of the pairs' first pictures.
        right: (S, D), of their second pictures; rows of other pictures are not looked at, in neither.
        pairs: which are compared.
    """
    found = np.empty(len(pairs), dtype=np.float64)
    for start in range(0, len(pairs), _CHUNK):
        part = slice(start, start + _CHUNK)
        a, b = left[pairs.first[part]].astype(np.float64), right[pairs.second[part]].astype(np.float64)
        found[part] = (a * b).sum(axis=1)
    return found


def _cosines(
    views: Views, pairs: PairList, setting: Setting, small: str, sharp: View | None
) -> NDArray[np.float64]:
    """Cosine of every pair under a setting, (P,); `sharp` is the teacher's view where the setting has one."""
    low = views.embeddings[View(setting.model, setting.size)]
    high = low if sharp is None else views.embeddings[sharp]
    return cosines(low, high, pairs) if small == "first" else cosines(high, low, pairs)
