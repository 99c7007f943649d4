"""What the student learns from: faces, their mirror images, faces mixed from two, and varied ones.

A view is a sharp picture that the teacher sees once; the student sees it degraded anew each time. Mixed faces
are the cheapest way to more targets when unlabelled faces are few: the teacher is a function, and a blend of
two aligned faces is one more place to copy it at. Tight chips, whose forehead and hair are smeared border
pixels, are best used inside the frame of a whole face. A varied face is bent and recoloured (`varied`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.data.varied import Variation
from fewpix.errors import ConfigError
from fewpix.image.resize import Crop, resize_square


@dataclass(frozen=True)
class View:
    """One sharp picture: face `first`, mirrored if `flip`; with `second` >= 0 mixed with that face.

    A mix has a seam, placed by `angle`, `offset` and `softness` (degrees, and shares of the side), or with
    `inner` the second face's features stand in the first one's frame. `varied` says how the picture is bent
    and recoloured in the end.
    """

    first: int
    flip: bool = False
    second: int = -1
    angle: float = 0.0
    offset: float = 0.0
    softness: float = 0.0
    inner: bool = False
    varied: Variation | None = None

    def render(self, faces: FaceSet) -> Crop:
        """The picture, (s, s, 3) uint8 BGR, of the first face's size."""
        crop = faces.crop(self.first)
        if self.second >= 0:
            side = crop.shape[0]
            share = (
                ellipse(side, self.softness)
                if self.inner
                else seam(side, self.angle, self.offset, self.softness)
            )
            other = resize_square(faces.crop(self.second), side)
            crop = np.asarray(cv2.blendLinear(crop, other, 1 - share, share), dtype=np.uint8)
        if self.varied is not None:
            crop = self.varied.apply(crop)
        return np.ascontiguousarray(crop[:, ::-1]) if self.flip else crop

    @property
    def nobody(self) -> bool:
        """Whether the picture shows nobody of the set."""
        return self.second >= 0 or self.varied is not None

    def key(self, faces: FaceSet) -> str:
        """Names the picture by the content it is made of, so that a cache survives renamed files."""
        parts = [plain_key(faces.digests[self.first], flip=self.flip)]
        if self.second >= 0:
            place = "inner" if self.inner else f"{self.angle:.4f},{self.offset:.4f}"
            parts += [faces.digests[self.second], f"{place},{self.softness:.4f}"]
        if self.varied is not None:
            parts.append(str(self.varied))
        return ":".join(parts)


def plain_key(digest: str, *, flip: bool) -> str:
    """Names a face as it is, or mirrored, by the hash of its encoded picture; see `View.key`."""
    return f"{digest}:{'flip' if flip else ''}"


def _axis(side: int) -> NDArray[np.float32]:
    """Centres of the pixels in shares of the side, 0 in the middle."""
    return ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)


def seam(side: int, angle: float, offset: float, softness: float) -> NDArray[np.float32]:
    """How much of the second face each pixel shows, in a mix along a straight, soft seam.

    Args:
        side: of the picture in pixels.
        angle: of the seam's normal in degrees; the second face lies where it points.
        offset: of the seam from the centre along the normal, in shares of the side.
        softness: width of the transition in shares of the side; at 1 and more it is close to a plain average.

    Returns:
        (side, side) float32 in 0..1.
    """
    axis, radians = _axis(side), np.deg2rad(angle)
    along = axis[None, :] * np.cos(radians) + axis[:, None] * np.sin(radians) - offset
    return np.asarray(np.clip(along / max(softness, 1e-3) + 0.5, 0, 1), dtype=np.float32)


def ellipse(side: int, softness: float) -> NDArray[np.float32]:
    """How much of the second face each pixel shows when only its features, brows to chin, are taken.

    The ellipse is that of the 112 template: centred a seventh of the side below the middle, with radii of
    0.37 and 0.36 of the side.

    Args:
        side: of the picture in pixels.
        softness: width of the transition in shares of the side.

    Returns:
        (side, side) float32 in 0..1.
    """
    axis = _axis(side)
    radius = np.sqrt((axis[None, :] / 0.37) ** 2 + ((axis[:, None] - 0.14) / 0.36) ** 2)
    return np.clip((1 - radius) * 0.37 / max(softness, 1e-3) + 0.5, 0, 1).astype(np.float32)


@dataclass(frozen=True)
class Views:
    """Views of a face set with the weight at which each is drawn.

    Args:
        faces: the set.
        items: the views.
        weights: (M,) float64, expected number of draws in an epoch.
    """

    faces: FaceSet
    items: tuple[View, ...]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.items)

    def render(self, index: int) -> Crop:
        """The sharp picture of one view."""
        return self.items[index].render(self.faces)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """One key per view; equal pictures have equal keys."""
        return tuple(view.key(self.faces) for view in self.items)


def make_views(
    faces: FaceSet,
    members: NDArray[np.int64],
    source_weights: Mapping[str, float],
    *,
    flip: bool = True,
    mixes: int = 0,
    mix_weight: float = 1.0,
    chips: Collection[str] = (),
    varied: int = 0,
    warp: float = 0.0,
    colour: float = 0.0,
    rng: np.random.Generator,
) -> Views:
    """Views of the faces `members`.

    Args:
        faces: the set.
        members: (n,) indices of the faces to learn from.
        source_weights: draws per epoch of a face by source; 1 where a source is not named.
        flip: whether mirror images take part; a face and its mirror share the weight.
        mixes: how many mixed faces to make, each of two different faces. The first is never a chip; where the
            second is one, its features stand in the first one's frame, otherwise the two meet at a seam.
        mix_weight: draws per epoch of a mixed face.
        chips: sources whose faces are cut so tight that they have no frame of their own.
        varied: how many varied faces to make, of faces and mixes alike; each is drawn as often as a mix.
        warp: see `Variation`.
        colour: see `Variation`.
        rng: for the mixes and the varied faces.

    Raises:
        ConfigError: a named source does not occur, nothing has a positive weight, or there is nothing to mix.
    """
    for source in [*source_weights, *chips]:
        if source not in faces.sources:
            raise ConfigError(
                f"no face has the source {source!r}", fix=f"sources: {', '.join(sorted(set(faces.sources)))}"
            )
    weight = np.array([source_weights.get(faces.sources[n], 1.0) for n in members], dtype=np.float64)
    drawn = members[weight > 0]
    weights = weight[weight > 0]
    items = [View(int(n)) for n in drawn]
    if flip:
        items += [View(int(n), flip=True) for n in drawn]
        weights = np.concatenate([weights, weights]) / 2
    if mixes:
        frames = np.array([n for n in members if faces.sources[n] not in chips], dtype=np.int64)
        if not len(frames) or len(members) < 2:
            raise ConfigError(
                "data.mixes: there are not two faces to mix, one of them whole", fix="set it to 0"
            )
        items += [_mix(faces, frames, members, chips, flip, rng) for _ in range(mixes)]
        weights = np.concatenate([weights, np.full(mixes, mix_weight)])
    if varied and items:
        bases = rng.integers(len(items), size=varied)
        seeds = rng.integers(2**31, size=varied)
        items += [
            replace(items[int(base)], varied=Variation(int(seed), warp, colour))
            for base, seed in zip(bases, seeds, strict=True)
        ]
        weights = np.concatenate([weights, np.full(varied, mix_weight)])
    if not weights.sum() > 0:
        raise ConfigError("data.weights: no face has a weight above 0")
    return Views(faces, tuple(items), weights)


def _mix(
    faces: FaceSet,
    frames: NDArray[np.int64],
    members: NDArray[np.int64],
    chips: Collection[str],
    flip: bool,
    rng: np.random.Generator,
) -> View:
    """One mixed face of two different members."""
    first = second = int(rng.choice(frames))
    while second == first:
        second = int(rng.choice(members))
    mirrored = flip and bool(rng.random() < 0.5)
    if faces.sources[second] in chips:
        return View(first, mirrored, second, softness=float(rng.uniform(0.1, 0.3)), inner=True)
    return View(
        first,
        mirrored,
        second,
        angle=float(rng.uniform(0, 360)),
        offset=float(rng.uniform(-0.15, 0.15)),
        softness=float(rng.choice([0.2, 0.5, 1.0])),
    )
