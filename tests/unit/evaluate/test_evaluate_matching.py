"""Matching detections to faces, and the UCCS curves, against slow references and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.matching import (
    Detections,
    Faces,
    detected,
    identified,
    match,
    most_similar,
    overlaps,
)
from fewpix.evaluate.tasks.detections import thresholds_at


def faces_of(
    rows: list[tuple[int, tuple[float, ...], int, bool]],
    images: int,
) -> Faces:
    """From (picture, box, person, ignored)."""
    return Faces(
        images,
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64).reshape(-1, 4),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.bool_),
    )


def detections_of(rows: list[tuple[int, tuple[float, ...], float]]) -> Detections:
    """From (picture, box, score)."""
    return Detections(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64).reshape(-1, 4),
        np.array([row[2] for row in rows], dtype=np.float64),
    )


def slow_iou(a: list[float], b: list[float]) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(wide, 0.0) * max(high, 0.0)
    union = a[2] * a[3] + b[2] * b[3] - common
    return common / union if union > 0 else 0.0


def slow_match(faces: Faces, detections: Detections) -> list[int]:
    """Picture by picture: again and again the greatest overlap of those left, the first of equals."""
    found = [-1] * len(detections)
    for image in range(faces.images):
        left = [f for f in range(len(faces)) if faces.image[f] == image]
        free = [d for d in range(len(detections)) if detections.image[d] == image]
        while left and free:
            best, pair = -1.0, (-1, -1)
            for f in left:
                for d in free:
                    value = slow_iou(faces.boxes[f].tolist(), detections.boxes[d].tolist())
                    if value > best:
                        best, pair = value, (f, d)
            if best < 0.5:
                break
            found[pair[1]] = pair[0]
            left.remove(pair[0])
            free.remove(pair[1])
    return found


def slow_identification(
    faces: Faces, similarities: np.ndarray[Any, Any], face_of: list[int], rank: int
) -> tuple[list[float], list[float], int]:
    """Hits, false alarms and the number of known faces."""
    hits, alarms = [], []
    for row, face in zip(similarities.tolist(), face_of, strict=True):
        if face < 0:
            alarms.append(max(row))
        elif not faces.ignored[face]:
            person = int(faces.people[face])
            if person <= 0:
                alarms.append(max(row))
            elif sum(value >= row[person - 1] for value in row) <= rank:
                hits.append(row[person - 1])
    wanted = sum(1 for f in range(len(faces)) if faces.people[f] > 0 and not faces.ignored[f])
    return sorted(hits), sorted(alarms), wanted


Found = tuple[NDArray[np.float64], NDArray[np.float64]]
"""At what score each face is found, and false alarms."""


def hits_of(found: Found) -> list[float]:
    """Where faces are found at all, rising."""
    return sorted(found[0][np.isfinite(found[0])].tolist())


def point_at(found: Found, images: int, target: float) -> tuple[float, float]:
    """Rate and false alarms per image at the threshold of a target."""
    at, alarms = found
    threshold = thresholds_at((target,), at, alarms, images)[target]
    return float((at >= threshold).mean()), float((alarms >= threshold).sum() / images)


def slow_point(found: Found, images: int, target: float) -> tuple[float, float]:
    """The same by trying every observed score as the threshold."""
    hits, alarms = hits_of(found), found[1].tolist()
    for threshold in [*sorted([*hits, *alarms]), float("inf")]:
        per_image = sum(a >= threshold for a in alarms) / images
        if per_image <= target:
            return sum(h >= threshold for h in hits) / len(found[0]), per_image
    raise AssertionError("infinity allows no false alarm")


# few positions and sides, so that equal overlaps and overlaps of exactly one half are frequent
BOX = st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, 4.0])] * 4)
SCENES = st.integers(1, 3).flatmap(
    lambda images: st.tuples(
        st.lists(st.tuples(st.integers(0, images - 1), BOX, st.integers(-1, 4), st.booleans()), max_size=7),
        st.lists(
            st.tuples(st.integers(0, images - 1), BOX, st.sampled_from([0.0, 0.3, 0.5, 0.9])), max_size=7
        ),
        st.just(images),
    )
)


@given(SCENES, st.integers(0, 1000), st.integers(1, 10))
def test_matching_and_both_curves_equal_the_slow_rules(scene: Any, seed: int, rank: int) -> None:
    faces, detections = faces_of(scene[0], scene[2]), detections_of(scene[1])
    face_of = match(faces, detections)
    assert face_of.tolist() == slow_match(faces, detections)

    curve = detected(faces, detections, face_of)
    counted = [f >= 0 and not faces.ignored[f] for f in face_of]
    assert hits_of(curve) == sorted(detections.scores[counted].tolist())
    assert curve[1].tolist() == sorted(detections.scores[face_of < 0].tolist())
    assert len(curve[0]) == int((~faces.ignored).sum())

    # four people with similarities on a coarse grid: ties everywhere
    rng = np.random.default_rng(seed)
    similarities = rng.integers(0, 4, (len(detections), 4)) / 4
    for keep in (11, 4):
        found = identified(faces, most_similar(similarities, keep), face_of, rank=rank)
        hits, alarms, wanted = slow_identification(faces, similarities, face_of.tolist(), rank)
        assert (hits_of(found), found[1].tolist(), len(found[0])) == (hits, alarms, wanted)

    for made in (curve, found):
        if len(made[0]):
            targets = [target for target in (0.3, 1 / 3, 0.5, 1, 2.5, 100) if target * faces.images >= 1]
            assert list(thresholds_at((0.3, *targets), *made, faces.images))[-len(targets) :] == targets
            for target in targets:
                assert point_at(made, faces.images, target) == slow_point(made, faces.images, target)


def test_overlap_by_hand() -> None:
    one = np.array([0.0, 0, 10, 10])
    others = np.array([[0.0, 0, 10, 10], [5, 0, 10, 10], [0, 0, 10, 5], [20, 20, 1, 1], [10, 0, 5, 5]])
    np.testing.assert_allclose(overlaps(one, others), [1, 50 / 150, 0.5, 0, 0])
    assert overlaps(np.zeros(4), np.zeros(4)) == 0  # two points cover nothing


def test_the_greatest_overlap_is_taken_first_and_one_half_is_enough() -> None:
    """The first detection would also do for the second face, but the first face wants it more."""
    faces = faces_of([(0, (0, 0, 10, 10), 1, False), (0, (0, 0, 10, 20), 2, False)], 1)
    detections = detections_of([(0, (0, 0, 10, 10), 0.2), (0, (0, 0, 10, 11), 0.9), (0, (0, 0, 10, 9), 0.5)])
    # IoU: face 0: 1, 10/11, 0.9; face 1: 0.5, 0.55, 0.45
    assert match(faces, detections).tolist() == [0, 1, -1]
    assert match(faces, detections, iou=0.6).tolist() == [0, -1, -1]
    one = detections_of([(0, (0, 0, 10, 10), 0.2)])
    assert match(faces_of([(0, (0, 0, 10, 20), 2, False)], 1), one).tolist() == [0]


def test_the_first_face_and_the_first_detection_win_a_tie() -> None:
    box = (0.0, 0.0, 4.0, 4.0)
    faces = faces_of([(0, box, 1, False), (0, box, 2, False)], 1)
    detections = detections_of([(0, box, 0.1), (0, box, 0.9), (0, box, 0.5)])
    assert match(faces, detections).tolist() == [0, 1, -1]


def test_pictures_do_not_mix() -> None:
    box = (0.0, 0.0, 4.0, 4.0)
    faces = faces_of([(2, box, 1, False), (0, box, 2, False)], 3)
    detections = detections_of([(0, box, 0.1), (1, box, 0.9), (2, box, 0.5)])
    assert match(faces, detections).tolist() == [1, -1, 0]


def test_a_watchlist_by_hand() -> None:
    """Four pictures: two known faces, an unknown one, an ignored one, a misdetection; one without a face."""
    box = (10.0, 10.0, 20.0, 20.0)
    faces = faces_of(
        [(0, box, 1, False), (1, box, 2, False), (2, box, -1, False), (0, (60, 60, 20, 20), 3, True)], 4
    )
    detections = detections_of(
        [(0, box, 0.9), (0, (60, 60, 20, 20), 0.8), (1, box, 0.7), (2, box, 0.6), (3, box, 0.95)]
    )
    similarities = np.array(
        [
            [0.8, 0.1, 0.1],  # person 1, found at 0.8
            [0.2, 0.3, 0.99],  # ignored
            [0.6, 0.5, 0.1],  # person 2, taken for 1; no false alarm
            [0.1, 0.7, 0.2],  # unknown: a false alarm at 0.7
            [0.4, 0.1, 0.2],  # a misdetection at 0.4
        ]
    )
    face_of = match(faces, detections)
    assert face_of.tolist() == [0, 3, 1, 2, -1]

    known = identified(faces, most_similar(similarities), face_of)
    assert (hits_of(known), known[1].tolist(), len(known[0])) == ([0.8], [0.4, 0.7], 2)
    assert thresholds_at((0.1, 0.25, 0.5), *known, 4) == {0.25: 0.7, 0.5: 0.4}
    assert point_at(known, 4, 0.25) == (0.5, 0.25)
    assert point_at(known, 4, 0.5) == (0.5, 0.5)
    second = identified(faces, most_similar(similarities), face_of, rank=2)
    assert hits_of(second) == [0.5, 0.8]
    assert thresholds_at((0.25,), *second, 4) == {0.25: 0.5}
    assert point_at(second, 4, 0.25) == (1.0, 0.25)

    found = detected(faces, detections, face_of)
    assert (hits_of(found), found[1].tolist(), len(found[0])) == ([0.6, 0.7, 0.9], [0.95], 3)
    assert point_at(found, 4, 0.25) == (1.0, 0.25)


def test_no_detection_no_face_and_only_misdetections() -> None:
    box = (0.0, 0.0, 4.0, 4.0)
    known, none = faces_of([(0, box, 1, False)], 2), faces_of([], 2)
    nothing, wrong = detections_of([]), detections_of([(0, (50, 50, 4, 4), 0.4), (1, box, 0.6)])
    assert match(known, nothing).tolist() == []
    assert point_at(detected(known, nothing, match(known, nothing)), 2, 1) == (0.0, 0.0)
    assert match(none, wrong).tolist() == [-1, -1]
    assert match(known, wrong).tolist() == [-1, -1]
    found = identified(known, most_similar(np.array([[0.3], [0.2]])), match(known, wrong))
    assert point_at(found, 2, 1) == (0.0, 1.0)
    assert thresholds_at((1,), *found, 2) == {1: 0.2}
    # even the highest score has too many: two alarms at one score, where one may pass
    alike = identified(known, most_similar(np.array([[0.3], [0.3]])), match(known, wrong))
    assert thresholds_at((0.5,), *alike, 2)[0.5] > 0.3
    assert point_at(alike, 2, 0.5) == (0.0, 0.0)
    with pytest.raises(InputError, match="nothing to be found"):
        thresholds_at((1,), *detected(none, wrong, match(none, wrong)), 2)


def test_eleven_candidates_decide_a_tie_at_rank_ten() -> None:
    """Ten others are exactly as similar as the own person: rank 11, whichever of them were kept."""
    faces = faces_of([(0, (0, 0, 4, 4), 1000, False)], 1)
    face_of = np.array([0])
    similarities = np.zeros((1, 1000))
    similarities[0, :10] = similarities[0, 999] = 0.5
    assert hits_of(identified(faces, most_similar(similarities), face_of, rank=10)) == []
    similarities[0, 0] = 0.4
    assert hits_of(identified(faces, most_similar(similarities), face_of, rank=10)) == [0.5]
    assert hits_of(identified(faces, most_similar(similarities), face_of, rank=9)) == []


def test_what_cannot_be_matched_is_refused() -> None:
    box = (0.0, 0.0, 4.0, 4.0)
    faces, detections = faces_of([(0, box, 1, False)], 1), detections_of([(0, box, 0.5)])
    with pytest.raises(InputError, match="overlap lies above 0"):
        match(faces, detections, iou=0)
    with pytest.raises(InputError, match="a detection lies in an image"):
        match(faces, detections_of([(1, box, 0.5)]))
    with pytest.raises(InputError, match="box of detection 0"):
        match(faces, detections_of([(0, (0, 0, -1, 4), 0.5)]))
    with pytest.raises(InputError, match="box of face 0"):
        match(faces_of([(0, (0, float("nan"), 1, 1), 1, False)], 1), detections)
    with pytest.raises(InputError, match="have boxes"):
        match(faces, Detections(np.array([0, 0]), detections.boxes, detections.scores))
    with pytest.raises(InputError, match="as many finite scores"):
        match(faces, detections_of([(0, box, float("nan"))]))
    with pytest.raises(InputError, match="similarity is not a finite"):
        most_similar(np.array([[0.1, float("nan")]]))
    with pytest.raises(InputError, match="rank is 1 to 10"):
        identified(faces, most_similar(np.ones((1, 3))), np.array([0]), rank=11)
    with pytest.raises(InputError, match="2 rows of candidates for 1 detections"):
        identified(faces, most_similar(np.ones((2, 3))), np.array([0]))
    with pytest.raises(InputError, match="nobody"):
        most_similar(np.ones((2, 0)))
