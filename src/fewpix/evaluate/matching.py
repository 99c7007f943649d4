"""Detections matched to faces by the overlap of their boxes, and the UCCS watchlist's two curves.

Two boxes overlap by their intersection over union (IoU); boxes are x, y, width, height in pixels. In every
picture, the face and the detection with the greatest IoU are taken together first, then the greatest among
what is left, as long as it is at least 0.5: a face has at most one detection and a detection at most one
face. Among equal IoUs the face that comes first is served first, and by the detection that comes first. What
is left over is a misdetection.

Faces to be ignored (those that the gallery was cut from) are matched like all others, so that their detection
is no misdetection; then both are left out of every number.

These are the rules of the challenge (public repository AIML-IfI/uccs-facerec-challenge, evaluate.py; Kasım
et al., arXiv 2409.07220), with three differences. A tie between identities counts against the model, as
everywhere in fewpix; there, the order of a sort decides. Faces to be ignored are counted where they occur;
there, the length of their list is subtracted, whether or not they occur and are known. IoUs are float64;
there, float32. Pictures without a detection count in the denominators here and there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

IOU = 0.5
MAX_RANK = 10
"""The largest rank of the challenge."""


@dataclass(frozen=True, eq=False)
class Faces:
    """F faces that are there, in a number of pictures.

    Args:
        images: number of pictures, those without a face included.
        image: (F,) int64, the picture of each face, 0 to images - 1.
        boxes: (F, 4) float64, x, y, width, height.
        people: (F,) int64, 1 to the number of people in the gallery; 0 and below: not in the gallery.
        ignored: (F,) bool, faces that count neither way.
    """

    images: int
    image: NDArray[np.int64]
    boxes: NDArray[np.float64]
    people: NDArray[np.int64]
    ignored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, eq=False)
class Detections:
    """D boxes that a detector found.

    Args:
        image: (D,) int64, the picture of each.
        boxes: (D, 4) float64, x, y, width, height.
        scores: (D,) float64, how sure the detector was; greater is surer.
    """

    image: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.image)


Candidates = tuple[NDArray[np.int64], NDArray[np.float64]]
"""The most similar people of the gallery for each of D detections: (D, K) 1 to the number of people, most
similar first; and (D, K) their similarities, falling.
"""


def most_similar(similarities: NDArray[np.floating], keep: int = MAX_RANK + 1) -> Candidates:
    """The best `keep` of each row; one more than the largest rank decides every tie at that rank.

    Args:
        similarities: (D, people), finite; column k is person k + 1.
        keep: at least 1.

    Raises:
        InputError: there is no column, or a similarity is not finite.
    """
    values = np.asarray(similarities)
    if not np.isfinite(values).all():
        raise InputError("a similarity is not a finite number", fix="check the embeddings")
    keep = min(keep, values.shape[1])
    if not keep:
        raise InputError("there is nobody to be similar to")
    best = np.argpartition(values, values.shape[1] - keep, axis=1)[:, values.shape[1] - keep :]
    order = np.argsort(-np.take_along_axis(values, best, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(best, order, axis=1)
    return (best.astype(np.int64) + 1, np.take_along_axis(values, best, axis=1).astype(np.float64))


def overlaps(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of boxes (..., 4) with boxes (..., 4), broadcast; 0 where both are empty."""
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    common = np.prod(np.maximum(high - low, 0), axis=-1)
    union = np.prod(first[..., 2:], axis=-1) + np.prod(second[..., 2:], axis=-1) - common
    return np.asarray(np.where(union > 0, common / np.where(union > 0, union, 1), 0.0))


def match(faces: Faces, detections: Detections, *, iou: float = IOU) -> NDArray[np.int64]:
    """The face of every detection, by the rules above.

    Only boxes of one picture are compared, all at once; then one step per overlap of at least `iou`.

    Args:
        faces: of all pictures.
        detections: of all pictures, in any order.
        iou: above 0, to 1.

    Returns:
        (D,) int64, the number of the face; -1 for a misdetection.

    Raises:
        InputError: shapes do not match, a picture's number or `iou` is out of range, or a box has a
            negative side or is not finite.
    """
    _check(faces, detections, iou)
    found = np.full(len(detections), -1, dtype=np.int64)
    face, detection = _same_image(faces.image, detections.image, faces.images)
    overlap = overlaps(faces.boxes[face], detections.boxes[detection])
    near = np.flatnonzero(overlap >= iou)
    near = near[np.lexsort((detection[near], face[near], -overlap[near]))]
    taken = np.zeros(len(faces), dtype=np.bool_)
    for f, d in zip(face[near].tolist(), detection[near].tolist(), strict=True):
        if not taken[f] and found[d] < 0:
            taken[f], found[d] = True, f
    return found


def detected(
    faces: Faces, detections: Detections, face_of: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At what score each face that counts is detected, and the false detections (FROC).

    Args:
        faces: of all pictures.
        detections: of all pictures.
        face_of: (D,) of `match`.

    Returns:
        By face that is not ignored, minus infinity for one that is never found; and the scores of the
        misdetections, rising.
    """
    scores = np.full(len(faces), -np.inf)
    matched = face_of >= 0
    scores[face_of[matched]] = detections.scores[matched]
    return scores[~faces.ignored], np.sort(detections.scores[~matched])


def identified(
    faces: Faces, candidates: Candidates, face_of: NDArray[np.int64], *, rank: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At what similarity each known face that counts is identified, and the false identifications.

    A known face is found at the similarity of its own person, if fewer than `rank` others are at least as
    similar. Detections of unknown faces and misdetections are false alarms at their greatest similarity. A
    known face that is taken for another known person is not found, but is no false alarm.

    Args:
        faces: of all pictures.
        candidates: of all detections, more than `rank` of each, or everybody.
        face_of: (D,) of `match`.
        rank: 1 to 10.

    Returns:
        By known face that is not ignored, minus infinity for one that is never found; and the similarities of
        the false alarms, rising.

    Raises:
        InputError: `rank` is out of range, or shapes do not match.
    """
    if not 1 <= rank <= MAX_RANK:
        raise InputError(f"the rank is 1 to {MAX_RANK}, not {rank}")
    candidate, similarity = candidates
    if len(similarity) != len(face_of):
        raise InputError(f"{len(similarity)} rows of candidates for {len(face_of)} detections")
    scores = np.full(len(faces), -np.inf)
    matched = np.flatnonzero(face_of >= 0)
    people, counted = faces.people[face_of[matched]], ~faces.ignored[face_of[matched]]
    mine = candidate[matched] == people[:, None]
    known = (people > 0) & mine.any(axis=1) & counted
    values = similarity[matched[known]]
    own = values[mine[known]]
    near = (values >= own[:, None]).sum(axis=1) <= rank
    scores[face_of[matched[known][near]]] = own[near]
    strangers = np.concatenate((matched[counted & (people <= 0)], np.flatnonzero(face_of < 0)))
    return scores[~faces.ignored & (faces.people > 0)], np.sort(similarity[strangers, 0])


def _same_image(
    faces: NDArray[np.int64], detections: NDArray[np.int64], images: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every (face, detection) of one picture, as two lists of numbers."""
    order = np.argsort(detections, kind="stable")
    count = np.bincount(detections, minlength=images)
    start = np.cumsum(count) - count
    times = count[faces]
    face = np.repeat(np.arange(len(faces)), times)
    within = np.arange(len(face)) - np.repeat(np.cumsum(times) - times, times)
    return face, order[np.repeat(start[faces], times) + within]


def _check(faces: Faces, detections: Detections, iou: float) -> None:
    """See `match`."""
    if not 0 < iou <= 1:
        raise InputError(f"the overlap lies above 0, up to 1, not at {iou}")
    for what, image, boxes in (
        ("face", faces.image, faces.boxes),
        ("detection", detections.image, detections.boxes),
    ):
        if image.ndim != 1 or boxes.shape != (len(image), 4):
            raise InputError(f"{image.shape} {what}s have boxes {boxes.shape}, not ({len(image)}, 4)")
        if len(image) and not (image.min() >= 0 and image.max() < faces.images):
            raise InputError(f"a {what} lies in an image that is not among the {faces.images}")
        bad = np.flatnonzero(~np.isfinite(boxes).all(axis=1) | (boxes[:, 2:] < 0).any(axis=1))
        if len(bad):
            raise InputError(f"the box of {what} {bad[0]} is {boxes[bad[0]].tolist()}")
    if detections.scores.shape != detections.image.shape or not np.isfinite(detections.scores).all():
        raise InputError(f"{len(detections)} detections need as many finite scores")
