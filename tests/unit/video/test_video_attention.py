"""What is searched when: everything within the wait, what is followed in every frame, motion first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewpix.data.orl import load_orl
from fewpix.detect import Search, default_detector
from fewpix.detect.tiles import MARGIN, Part
from fewpix.errors import ConfigError
from fewpix.video.attention import EXTRA, WAIT, Attention, Completely, Looker, looking
from fewpix.video.follow import follow
from fewpix.video.frame import Frame
from fewpix.video.tracker import Expected, Tracker

HIGH, WIDE = 720, 1280
SCALES = [0.25, 0.5, 1.0, 3.0]


@dataclass
class Eyes:
    """Remembers where it was told to look, and sees nothing."""

    budgeted: bool = False
    looks: list[list[Part]] = field(default_factory=list)
    searches: int = 0

    def levels(self, width: int, height: int) -> list[float]:
        return SCALES

    def detect(self, image: np.ndarray) -> Sequence[object]:
        raise AssertionError("not by itself")

    def search(self, image: np.ndarray) -> Search:
        self.searches += 1
        self.looks.append([Part(0, 0, image.shape[1], image.shape[0], scale) for scale in SCALES])
        return Search((), tuple(SCALES), None)

    def look(self, image: np.ndarray, places: Sequence[Part]) -> Sequence[object]:
        self.looks.append(list(places))
        return []


def backdrop() -> np.ndarray:
    ramp = np.linspace(40, 200, WIDE)[None, :, None] + np.linspace(0, 40, HIGH)[:, None, None]
    return np.repeat(ramp, 3, axis=2).astype(np.uint8)


BACK = backdrop()


def searched_at(looks: Sequence[Sequence[Part]], x: int, y: int, scale: float) -> list[int]:
    """The frames in which a place was searched at a scale, away from the cuts."""
    return [
        n
        for n, parts in enumerate(looks)
        if any(
            part.scale == scale
            and (part.left == 0 or part.left + MARGIN / scale <= x)
            and (part.top == 0 or part.top + MARGIN / scale <= y)
            and (part.right == WIDE or x <= part.right - MARGIN / scale)
            and (part.bottom == HIGH or y <= part.bottom - MARGIN / scale)
            for part in parts
        )
    ]


def watch(times: Sequence[float], wait: float = WAIT, images: Sequence[np.ndarray] = ()) -> Eyes:
    eyes = Eyes()
    attention = Attention(eyes, wait)  # type: ignore[arg-type]
    for n, time in enumerate(times):
        attention.faces(images[n] if len(images) else BACK, time, [])
    return eyes


@settings(max_examples=15)
@given(
    st.sampled_from([10, 25, 50]), st.floats(0.15, 1.0), st.integers(0, WIDE - 1), st.integers(0, HIGH - 1)
)
def test_no_place_waits_longer_than_stated_at_any_rate(rate: int, wait: float, x: int, y: int) -> None:
    times = [n / rate for n in range(round(3 * wait * rate) + 3)]
    looks = watch(times, wait).looks
    for scale in SCALES:
        frames = searched_at(looks, x, y, scale)
        assert frames[0] == 0
        gaps = np.diff([times[n] for n in frames] + [times[-1]])
        assert gaps.max(initial=0) <= max(wait, 1 / rate) + 1e-6


def test_where_frames_are_rarer_than_the_wait_all_is_searched_in_each() -> None:
    looks = watch([0.0, 0.5, 1.0, 1.5]).looks
    assert searched_at(looks, 640, 360, 3.0) == [0, 1, 2, 3]


def test_the_work_is_spread_over_the_frames_and_far_less_than_all_of_it() -> None:
    def area(parts: Sequence[Part]) -> float:
        return float(sum(part.size[0] * part.size[1] for part in parts))

    eyes = watch([n / 25 for n in range(40)])
    assert eyes.searches == 1
    spent = np.array([area(parts) for parts in eyes.looks[1:]])
    assert spent.mean() < 0.2 * area(eyes.looks[0])
    assert spent.max() < 2.5 * spent.mean()


def moving(rate: int, seconds: float) -> list[np.ndarray]:
    images = []
    for n in range(round(rate * seconds)):
        image = BACK.copy()
        x = 300 + round(100 * n / rate)
        image[400:420, x : x + 20] = 0
        images.append(image)
    return images


@pytest.mark.parametrize("rate", [10, 25])
def test_what_moves_is_searched_earlier(rate: int) -> None:
    images = moving(rate, 4.0)
    times = [n / rate for n in range(len(images))]
    looks = watch(times, 0.8, images).looks
    there = sum(n in searched_at(looks, 310 + round(100 * time), 410, 3.0) for n, time in enumerate(times))
    elsewhere = len(searched_at(looks, 1100, 100, 3.0))
    assert there > 1.5 * elsewhere
    total = sum(len(parts) for parts in looks[1:])
    assert total <= (1 + EXTRA) * sum(len(parts) for parts in watch(times, 0.8).looks[1:]) + 2


def test_motion_of_what_is_followed_is_nothing_new() -> None:
    images = moving(25, 2.0)
    eyes = Eyes()
    attention = Attention(eyes)  # type: ignore[arg-type]
    for n, image in enumerate(images):
        place = Expected(np.array([310.0 + 4 * n, 410.0]), 20.0, 4.0)
        attention.faces(image, n / 25, [place])
    plain = watch([n / 25 for n in range(len(images))]).looks
    assert sum(map(len, eyes.looks[1:])) == sum(map(len, plain[1:])) + len(images) - 1


@pytest.mark.parametrize("at", [(640.0, 360.0), (2.0, 3.0), (1279.0, 719.0)])
@pytest.mark.parametrize("side", [8.0, 20.0, 60.0, 500.0])
def test_a_followed_face_is_looked_for_in_every_frame_with_room_around_it(
    at: tuple[float, float], side: float
) -> None:
    eyes = Eyes()
    attention = Attention(eyes)  # type: ignore[arg-type]
    for n in range(4):
        attention.faces(BACK, n / 25, [Expected(np.array(at), side, 0.3 * side)])
    for parts in eyes.looks[1:]:
        window = parts[2]  # after the two coarse scales
        assert window.scale == min(36 / side, 3.0)
        assert 0 <= window.left < window.right <= WIDE
        assert 0 <= window.top < window.bottom <= HIGH
        assert window.left <= max(0, at[0] - 1.6 * side)
        assert window.right >= min(WIDE, at[0] + 1.6 * side)
        assert max(window.size) <= 320


def test_a_cut_and_another_size_are_searched_completely() -> None:
    other = np.ascontiguousarray(BACK[:, ::-1])
    eyes = watch(
        [0.04 * n for n in range(6)], images=[BACK, BACK, other, other, BACK[::2, ::2], BACK[::2, ::2]]
    )
    assert eyes.searches == 3


@dataclass
class Still:
    """A film of one picture."""

    count: int
    closed: bool = False

    def frames(self) -> Iterator[Frame]:
        for n in range(self.count):
            yield Frame(BACK, n / 25)

    def close(self) -> None:
        self.closed = True


def test_who_learns_from_a_film_looks_at_it_as_who_names_people_in_it() -> None:
    eyes, film = Eyes(), Still(5)
    times = [seen.frame.time for seen in follow(film, eyes, Tracker())]  # type: ignore[arg-type]
    assert times == [n / 25 for n in range(5)]
    assert film.closed
    assert (eyes.searches, len(eyes.looks)) == (1, 5)
    assert [len(look) for look in eyes.looks] == [len(look) for look in watch(times).looks]


def test_a_detector_with_a_budget_searches_completely() -> None:
    assert isinstance(looking(Eyes(budgeted=True), WAIT), Completely)  # type: ignore[arg-type]
    assert isinstance(looking(Eyes(), None), Completely)  # type: ignore[arg-type]
    assert isinstance(looking(Eyes(), WAIT), Attention)  # type: ignore[arg-type]


def test_the_wait_is_above_nothing() -> None:
    for wait in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="--wait must be above 0"):
            Attention(Eyes(), wait)  # type: ignore[arg-type]


@pytest.mark.needs("samples")
def test_a_real_face_is_followed_between_searches_of_all() -> None:
    """A face of 14 px that walks is found in each frame, once, though few pixels are searched; one that
    appears is found within the wait."""
    import cv2

    faces = [cv2.resize(load_orl().images[n], (14, 17), interpolation=cv2.INTER_AREA) for n in (3, 83)]
    detector = default_detector(0.45, runtime="onnxruntime", threads=1)
    assert isinstance(detector, Looker)
    attention, tracker = Attention(detector, 0.4), Tracker()
    found = []
    for n in range(14):
        image = BACK[:360, :640].copy()
        image[100:117, 100 + 5 * n : 114 + 5 * n] = faces[0]
        if n >= 3:
            image[300:317, 500:514] = faces[1]
        time = n / 15
        seen = attention.faces(image, time, tracker.expected(time))
        tracker.follow(seen, time)
        found.append([round(face.box[0] + face.box[2] / 2) for face in seen])
    assert all(sum(abs(x - 107 - 5 * n) < 5 for x in each) == 1 for n, each in enumerate(found))
    new = [any(abs(x - 507) < 5 for x in each) for each in found]
    assert new.index(True) <= 3 + round(0.4 * 15)
    assert all(new[new.index(True) :])
