"""Films with a truth: faces are where they are said to be, and ways to decide are judged as they should."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.photos.people import Photos, split
from benchmarks.video.decide import ARMS, BEST, FRAME, MEAN, PEER, TRACK, Judged, judged
from benchmarks.video.film import HEIGHT, WIDTH, Film, films, frames
from benchmarks.video.seen import KEPT, Seen, whose
from fewpix.image.align import TEMPLATE, pixels

SIDE = 112
DIM = 32


@pytest.fixture(scope="module")
def photos() -> Photos:
    """Eight people with two photographs each: a face is a white square with black points in their places."""
    names, images, faces = [], [], []
    for person in range(8):
        for n in range(2):
            image = np.full((3 * SIDE, 3 * SIDE, 3), 60, np.uint8)
            image[SIDE : 2 * SIDE, SIDE : 2 * SIDE] = 240
            points = TEMPLATE + SIDE
            for x, y in points:
                image[round(y) - 5 : round(y) + 6, round(x) - 5 : round(x) + 6] = 0
            names.append(f"p{person}/{n}.jpg")
            images.append(image)
            faces.append([SIDE, SIDE, SIDE, SIDE, *points.ravel(), 1.0])
    people = np.array([name.split("/")[0] for name in names])
    rows = np.array(faces, np.float32)
    return Photos(
        tuple(names),
        people,
        images,
        np.zeros((16, 32), np.uint8),
        rows,
        np.array([pixels(row[4:14].reshape(5, 2)) for row in rows]),
        (),
        "a" * 64,
    )


def test_everybody_is_in_one_film_and_their_enrolled_photograph_in_none(photos: Photos) -> None:
    enrolled = np.arange(0, 16, 2)
    made = films(photos, enrolled, "24", 0)
    assert [len(film.cast) for film in made] == [4, 4]
    assert sorted(each.person for film in made for each in film.cast) == sorted(set(photos.people.tolist()))
    assert all(n not in enrolled for film in made for each in film.cast for n in each.photos)
    assert films(photos, enrolled, "24", 0) == made
    assert films(photos, enrolled, "24", 1) != made


def test_the_true_points_are_where_the_picture_has_them(photos: Photos) -> None:
    """Dark points on a white square: darker than what lies between them, in every frame."""
    film = films(photos, np.arange(0, 16, 2), "24", 0)[0]
    shown = list(frames(film, photos, 0))
    assert len(shown) == len(film.times) == 30
    assert shown[0].shape == (HEIGHT, WIDTH, 3)
    for number in (0, 29):
        for each in film.cast:
            points = each.points(film.times[number])
            assert pixels(points) == pytest.approx(each.size(film.times[number]), rel=1e-4)
            eye, other = points[0], points[1]
            bridge = (eye + other) / 2 - (points[2] - (eye + other) / 2) * 0.6
            dark = shown[number][round(eye[1]), round(eye[0])].mean()
            light = shown[number][round(bridge[1]), round(bridge[0])].mean()
            assert dark < light - 40
    closer = films(photos, np.arange(0, 16, 2), "walk", 0)[0].cast[0]
    assert (closer.size(0), closer.size(3)) == (8.0, pytest.approx(40))


def test_a_box_is_of_the_face_that_it_lies_on(photos: Photos) -> None:
    film = films(photos, np.arange(0, 16, 2), "16", 0)[0]
    boxes = []
    for each in reversed(film.cast):
        x, y = each.points(0.0).mean(axis=0)
        boxes.append((x - 6, y - 8, 12, 16))
    boxes.append((5, 5, 12, 16))
    assert whose(film, 0, np.array(boxes)) == {0: 3, 1: 2, 2: 1, 3: 0}
    assert whose(film, 0, np.zeros((0, 4))) == {}


def seen(film: Film, gallery: np.ndarray, names: list[str], rng: np.random.Generator, missed: str) -> Seen:
    """Sights that are their person's photograph and much noise; of one person there are none."""
    count = len(film.cast)
    people = [names.index(each.person) for each in film.cast]
    found = np.array([each.person != missed for each in film.cast])
    rows = gallery[people][:, None] + 0.4 * rng.normal(size=(count, KEPT, DIM))
    rows = (rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32)
    there = found[:, None].astype(np.float64)
    return Seen(
        found=found,
        frames=there[:, 0],
        switches=np.zeros(count, np.int64),
        others=np.array(0),
        rows=rows,
        weights=there * np.ones((count, KEPT)),
        errors=np.ones((count, KEPT)),
        qualities=np.ones((count, KEPT)),
        times=np.tile(np.arange(KEPT) / 10, (count, 1)),
        sights=KEPT * there[:, 0],
        pixels=np.full(count, 16.0),
        makers=np.array(["e" * 64] * count),
        peer=rows * there[:, :, None].astype(np.float32),
    )


def test_ways_to_decide_are_judged_alike(photos: Photos) -> None:
    rng = np.random.default_rng(0)
    names = sorted(set(photos.people.tolist()))
    gallery = rng.normal(size=(8, DIM)).astype(np.float32)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    pairs = [
        (film, seen(film, gallery, names, rng, "p3")) for film in films(photos, np.arange(0, 16, 2), "16", 0)
    ]
    side = Judged.of(pairs, np.array(names))
    assert side.facts()["found"] == 7 / 8
    splits = [split(photos.people, n) for n in range(4)]
    rows = {
        row["arm"]: row for row in judged(side, gallery, np.array(names), splits, ARMS, replicates=20, seed=0)
    }
    assert list(rows) == [FRAME, BEST, MEAN, TRACK, PEER]
    # Somebody who was not found is an error in every way, and twelve of them for single frames.
    mated = [np.isin(names, each).sum() for each in splits]
    most = np.mean([1 - ("p3" in each) / count for each, count in zip(splits, mated, strict=True)])
    assert rows[TRACK]["rank1"] == pytest.approx(most)
    assert rows[MEAN]["rank1"] == pytest.approx(most)
    assert rows[FRAME]["rank1"] < most
    assert rows[TRACK]["rank1_times"]["value"] == pytest.approx(most / rows[FRAME]["rank1"])
    assert rows[FRAME]["rank1_times"]["value"] == 1
    assert rows[PEER]["sees"] == 7 / 8
